"""Where a service no longer behaves as a scenario says: the steps of a job, beside what polls saw.

Steps are held against what was seen in their order. A step that is shorter than the interval
of the polls may be missed, and what happened to a call (the network, a gateway) need not come
again: neither is a difference.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import groupby, zip_longest
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, Literal

from mock_p1.base.durations import UNITS, format_seconds
from mock_p1.base.text import plural, shorten
from mock_p1.recording.flow_yaml import flow
from mock_p1.scenario.faker_fields import Fake
from mock_p1.scenario.steps import (
    ErrorStep,
    FaultStep,
    ReplyStep,
    StatusStep,
    Step,
)
from mock_p1.scenario.steps import (
    Literal as LiteralReply,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mock_p1.recording.job_recorder import SeenJob
    from mock_p1.recording.pseudonyms import Pseudonyms
    from mock_p1.recording.seen import Seen
    from mock_p1.recording.seen_steps import SeenPoll
    from mock_p1.scenario.model import Job, Scenario

Outcome = Literal["holds", "differs", "not checked", "not reached"]

_HIDDEN: Final = re.compile("message [0-9]+")


@dataclass(frozen=True, slots=True)
class DriftPoint:
    """A step held against what was seen. ``source`` is its ``file:line``; empty for one too many.

    ``reason`` says why it could not be judged.
    """

    outcome: Outcome
    step: str
    expected: str
    actual: str = ""
    reason: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Drift:
    """What came of a comparison; ``incomplete`` says why the recorded end was not seen."""

    job_id: str
    polls: int
    points: tuple[DriftPoint, ...]
    incomplete: str = ""

    def having(self, outcome: Outcome) -> list[DriftPoint]:
        """Return the points with this outcome."""
        return [point for point in self.points if point.outcome == outcome]

    @property
    def exit_status(self) -> int:
        """Return 0 if all holds that was checked, 1 if something differs, 3 if the end is open."""
        if self.having("differs"):
            return 1
        return 3 if self.incomplete or self.having("not reached") else 0


@dataclass(frozen=True, slots=True)
class _Expected:
    """Steps in a row that show the same."""

    label: str
    steps: tuple[Step, ...]

    def point(
        self, outcome: Outcome, *, expected: str = "", actual: str = "", reason: str = ""
    ) -> DriftPoint:
        """Return what came of it; as expected counts its label, if nothing else is said."""
        source = self.steps[0].source
        line = source.rpartition(":")[2]
        step = f"{self.label} (line {line})" if line.isdigit() else self.label
        return DriftPoint(outcome, step, expected or self.label, actual, reason, source)

    @property
    def seconds(self) -> float | None:
        """How long they last; None where they do not end by time."""
        spans = [step.for_.lasts_ns if step.for_ else None for step in self.steps]
        timed = [span for span in spans if span is not None]
        return sum(timed) / UNITS["s"] if len(timed) == len(spans) else None

    @property
    def calls(self) -> int | None:
        """By how many polls they are seen; None where they do not end by polls."""
        counts = [step.for_.polls if step.for_ else None for step in self.steps]
        known = [count for count in counts if count is not None]
        return sum(known) if len(known) == len(counts) else None


@dataclass(frozen=True, slots=True)
class _Group:
    """Polls in a row that saw the same; what was seen before and after, in seconds."""

    label: str
    polls: tuple[SeenPoll, ...]
    before: float
    after: float | None

    @property
    def span(self) -> tuple[float, float | None]:
        """At least so long it lasted, and at most; None where its end was not seen."""
        first, last = self.polls[0].seconds, self.polls[-1].seconds
        return last - first, None if self.after is None else self.after - self.before


def has_seen_all(job: Job, seen: SeenJob) -> str:
    """Say that the recorded end was seen; empty while it was not."""
    expected, groups = _lasting(job), _seen_lasting(seen)
    if not expected or len(groups) < len(expected) or groups[-1].label != expected[-1].label:
        return ""
    return f"the recorded end was seen: {expected[-1].label}"


class Comparison:
    """Holds one job of a scenario against what polls saw."""

    def __init__(  # noqa: PLR0913 -- what it is judged by
        self,
        scenario: Scenario,
        job: Job,
        names: Pseudonyms,
        *,
        every_seconds: float,
        same_job: bool,
        ignore_times: bool = False,
        strict: bool = False,
    ) -> None:
        """``same_job`` compares what differs from job to job too, such as model_id.

        With ``strict`` it is a difference that a fault or a gateway's answer did not come again.
        """
        self._scenario, self._job, self._names = scenario, job, names
        self._every, self._same, self._strict = every_seconds, same_job, strict
        self._ignore_times = ignore_times

    def judge(self, seen: SeenJob) -> Drift:
        """Return what holds and what differs, step by step."""
        accidents = [each for each in _expected(self._job.steps) if _is_passing(each.steps[0])]
        points = self._mended([*self._points(_lasting(self._job), _seen_lasting(seen))])
        points += self._accidents(accidents, [p.seen for p in seen.polls if p.seen.is_passing])
        points = self._in_order(points)
        incomplete = "" if has_seen_all(self._job, seen) or seen.ended else seen.why
        if not incomplete:
            points = [
                replace(point, outcome="differs", actual=f"it did not come; {seen.why}")
                if point.outcome == "not reached"
                else point
                for point in points
            ]
        return Drift(seen.job_id, len(seen.polls), tuple(points), incomplete)

    def _in_order(self, points: Sequence[DriftPoint]) -> list[DriftPoint]:
        """Return them in the order of the steps; what is new, behind what was before it."""
        order = {step.source: index for index, step in enumerate(self._job.steps)}
        places, place = [], -1
        for point in points:
            place = order.get(point.source, place)
            places.append(place)
        return [point for _, point in sorted(zip(places, points, strict=True), key=itemgetter(0))]

    def _mended(self, points: list[DriftPoint]) -> list[DriftPoint]:
        """Give those behind the last that was seen the outcome that the end is open."""
        last = max((i for i, point in enumerate(points) if point.actual), default=-1)
        return [
            replace(point, outcome="not reached", reason="it was not seen yet")
            if index > last and point.outcome == "differs"
            else point
            for index, point in enumerate(points)
        ]

    def _points(
        self, expected: Sequence[_Expected], groups: Sequence[_Group]
    ) -> Iterator[DriftPoint]:
        labels = [each.label for each in expected], [each.label for each in groups]
        for kind, a, b, c, d in SequenceMatcher(None, *labels, autojunk=False).get_opcodes():
            if kind == "equal":
                for wanted, group in zip(expected[a:b], groups[c:d], strict=True):
                    yield self._same_label(wanted, group, is_last=wanted is expected[-1])
                continue
            for one, other in zip_longest(expected[a:b], groups[c:d]):
                if one is None:
                    yield self._too_many(other)
                elif other is None or self._is_short(one):
                    yield self._missing(one)
                    if other is not None:
                        yield self._too_many(other)
                else:
                    yield one.point("differs", actual=self._names.text(other.label))

    def _is_short(self, wanted: _Expected) -> bool:
        return wanted.seconds is not None and wanted.seconds < self._every

    def _missing(self, wanted: _Expected) -> DriftPoint:
        if self._is_short(wanted):
            every = format_seconds(self._every, parts=1000)
            why = f"it is shorter than the {every} from poll to poll"
            return wanted.point("not checked", reason=why)
        return wanted.point("differs", reason="it was not seen")

    def _too_many(self, group: _Group) -> DriftPoint:
        since = format_seconds(group.polls[0].seconds)
        what = f"{group.label}, {plural(len(group.polls), 'poll')} from {since}"
        return DriftPoint(
            "differs", self._names.text(group.label), "nothing of the kind", self._names.text(what)
        )

    def _accidents(
        self, expected: Sequence[_Expected], seen: Sequence[Seen]
    ) -> Iterator[DriftPoint]:
        """Yield what is to be said of failures that happened to a call, then or now."""
        outcome: Outcome = "differs" if self._strict else "not checked"
        found = {each.label: each for each in seen}
        for wanted in expected:
            if wanted.label in found:
                yield wanted.point("holds", actual=wanted.label)
            else:
                why = "it did not come again, and need not: it happened to a call"
                yield wanted.point(outcome, reason=why)
        for label in [x for x in found if x not in {wanted.label for wanted in expected}]:
            why = "it happened to a call"
            yield DriftPoint(outcome, label, "nothing of the kind", label, why)

    def _same_label(self, wanted: _Expected, group: _Group, *, is_last: bool) -> DriftPoint:
        found = [
            *self._fields(wanted, group),
            *([] if is_last or self._ignore_times else self._times(wanted, group)),
        ]
        if not found:
            return wanted.point("holds", actual=wanted.label)
        expected, actual = ("; ".join(each) for each in zip(*found, strict=True))
        return wanted.point("differs", expected=expected, actual=actual)

    def _times(self, wanted: _Expected, group: _Group) -> Iterator[tuple[str, str]]:
        low, high = group.span
        if wanted.seconds is not None:
            too_short = high is not None and wanted.seconds > high + self._every
            if too_short or wanted.seconds < low - self._every:
                ends = "and longer" if high is None else f"to {format_seconds(high)}"
                yield (
                    f"for {format_seconds(wanted.seconds, parts=1000)}",
                    f"for {format_seconds(low)} {ends}",
                )
        elif wanted.calls not in (None, len(group.polls)):
            yield f"for {plural(wanted.calls, 'poll')}", f"for {len(group.polls)}"

    def _fields(self, wanted: _Expected, group: _Group) -> Iterator[tuple[str, str]]:
        first = wanted.steps[0]
        says = [poll.seen.says for poll in group.polls]
        odd = [each["reply"].get("body", "") for each in says if "reply" in each]
        if isinstance(first, StatusStep) and odd:
            yield "the documented reply", _shown(self._names.value(odd[0]))
        elif isinstance(first, ReplyStep) and not odd:
            yield f"the body {_shown(first.reply.body)}", "the documented reply"
        elif isinstance(first, ErrorStep):
            status, seen = self._scenario.assumptions.http_status(first.error), group.polls[0].seen
            if seen.http_status != status:
                yield f"HTTP {status}", f"HTTP {seen.http_status}"
        elif isinstance(first, ReplyStep):
            bodies = [step.reply.body for step in wanted.steps if isinstance(step, ReplyStep)]
            for found in says:
                body = self._names.value(found["reply"].get("body", ""))
                if body not in bodies:
                    yield f"the body {_shown(bodies[0])}", _shown(body)
                    return
        steps = [step for step in wanted.steps if isinstance(step, StatusStep)]
        if steps and not odd:
            yield from self._values(steps, says)

    def _values(
        self, steps: Sequence[StatusStep], says: Sequence[Any]
    ) -> Iterator[tuple[str, str]]:
        """Yield what differs in the fields of a reply."""
        rows: list[tuple[str, list[Any], list[Any]]] = [
            ("model_id", [step.model_id for step in steps], [x.get("model_id") for x in says]),
            ("message", [step.message for step in steps], [x.get("message") for x in says]),
            (
                "download_url",
                [True if step.result or step.download_url is not None else None for step in steps],
                [True if x.keys() & {"result", "download_url"} else None for x in says],
            ),
        ]
        for name, wanted, found in rows:
            given = [self._names.text(x) if isinstance(x, str) else x for x in found]
            odd = [x for x in given if not any(self._fits(name, x, value) for value in wanted)]
            if odd:
                yield _with(name, wanted[0]), _with(name, odd[0])

    def _fits(self, name: str, found: Any, value: Any) -> bool:  # noqa: ANN401 -- JSON
        if found is None or value is None:
            return found is value
        is_free = isinstance(value, Fake) or (name == "model_id" and not self._same)
        is_hidden = isinstance(value, str) and _HIDDEN.fullmatch(value) is not None
        return is_free or is_hidden or bool(found == value)


def _with(name: str, value: Any) -> str:  # noqa: ANN401 -- JSON
    if value is None:
        return f"no {name}"
    return name if value is True else f"{name} {_shown(value)}"


def _shown(value: Any) -> str:  # noqa: ANN401 -- JSON
    return shorten(f"{value}" if isinstance(value, Fake) else flow(value), 160)


def _expected(steps: Iterable[Step]) -> list[_Expected]:
    return [_Expected(label, tuple(group)) for label, group in groupby(steps, key=_label)]


def _is_passing(step: Step) -> bool:
    """Tell whether a step shows what happens to a call: the network, a gateway."""
    return isinstance(step, FaultStep) or (
        isinstance(step, ReplyStep) and step.reply.status_code >= 400  # noqa: PLR2004 -- HTTP's failures
    )


def _label(step: Step) -> str:
    match step:
        case StatusStep():
            return step.status
        case ErrorStep():
            return step.error
        case FaultStep():
            return step.fault
        case ReplyStep():
            return _status_in(step.reply) or f"HTTP {step.reply.status_code}"
    raise TypeError(f"no such step: {step!r}")


def _status_in(reply: LiteralReply) -> str:
    """Return the status that a literal reply shows, if it is not a failure."""
    body = reply.body if reply.status_code < 400 else ""  # noqa: PLR2004 -- HTTP's failures
    if not isinstance(body, dict) or body.get("code") or body.get("error"):
        return ""
    status = body.get("status")
    return status if isinstance(status, str) else ""


def _lasting(job: Job) -> list[_Expected]:
    """Return what a job shows but for what happens to calls; what these part is one again."""
    return _expected(step for step in job.steps if not _is_passing(step))


def _seen_lasting(seen: SeenJob) -> list[_Group]:
    """Likewise of what was seen."""
    lasting = (poll for poll in seen.polls if not poll.seen.is_passing)
    found = [tuple(group) for _, group in groupby(lasting, key=lambda poll: poll.seen.label)]
    before = (0.0, *(polls[-1].seconds for polls in found))
    after = (*(polls[0].seconds for polls in found[1:]), None)
    return [
        _Group(polls[0].seen.label, polls, seen_before, seen_after)
        for polls, seen_before, seen_after in zip(found, before, after, strict=False)
    ]
