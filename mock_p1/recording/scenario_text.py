"""Writes what was seen as a scenario file: every step with a comment that says when it was seen."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import groupby
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from mock_p1._version import __version__
from mock_p1.base.durations import format_seconds
from mock_p1.base.text import plural, shorten
from mock_p1.contract.errors import DOCUMENTED_ERRORS
from mock_p1.contract.operations import DOCUMENTED_HOSTS, RESULT_DOWNLOAD
from mock_p1.recording.flow_yaml import comment, flow, scalar
from mock_p1.recording.seen_steps import SeenStep, steps_of
from mock_p1.verify.published import error_http_status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from mock_p1.contract.assumptions import Assumptions
    from mock_p1.recording.job_recorder import SeenJob
    from mock_p1.recording.pseudonyms import Pseudonyms
    from mock_p1.recording.seen import Seen
    from mock_p1.recording.seen_result import SeenResult

WIDTH: Final = 110
"""Columns of a line; a comment that would end beyond them stands above its step."""

TIMES: Final = (
    "Times are what polling can know: a step ended between the poll that saw it last and the next; "
    "a round time near the middle stands here."
)
REPLACED: Final = (
    "Keys, hosts, links and signatures are replaced; of headers, Content-Type, Location and "
    "Retry-After alone are kept."
)


@dataclass(slots=True)
class RecordedJob:
    """A job: its steps, how other calls were answered for it, and what is to be said above it.

    ``result`` is what ``result:`` says in place of ``generated``. ``waits`` is a step that showed
    before the file had come.
    """

    job_id: str
    steps: Sequence[SeenStep]
    calls: Mapping[str, Sequence[Seen]] = field(default_factory=dict)
    result: Any = "generated"
    api_key: str = ""
    waits: Seen | None = None
    notes: Sequence[str] = ()


@dataclass(slots=True)
class RecordedScenario:
    """All of a recording. ``notes`` are its first lines; keys and secret keys are pseudonyms."""

    began: datetime
    jobs: Sequence[RecordedJob]
    notes: Sequence[str] = ()
    api_keys: Mapping[str, str] = field(default_factory=dict)
    secret_keys: Mapping[str, str] = field(default_factory=dict)
    new_ids: Sequence[str] = ()
    calls: Mapping[str, Sequence[Seen]] = field(default_factory=dict)
    assumptions: Mapping[str, Any] = field(default_factory=dict)


def first_note(began: datetime, base: str, what: str) -> str:
    """Return the first line of a recording: with what, when and from where it was made."""
    host = f"from {urlsplit(base).hostname}" if base in DOCUMENTED_HOSTS else "from another host"
    return f"Recorded by mock-p1 {__version__} on {began:%Y-%m-%d %H:%M} UTC {host}: {what}"


def scenario_of(  # noqa: PLR0913, PLR0917 -- what was seen, in one place
    job: SeenJob,
    base: str,
    every_seconds: float,
    result: SeenResult | None = None,
    attempts: Sequence[Seen] = (),
    result_file: str = "",
) -> RecordedScenario:
    """Return what was seen of a job as a scenario.

    ``attempts`` are the answers to the download of its result, ``result_file`` the name of the file
    that its content is kept in.
    """
    span = format_seconds(every_seconds, parts=1000)
    began = job.polls[0].moment
    polls = f"{plural(len(job.polls), 'poll')} of a job, {span} apart; {job.why}."
    says, notes = result_of(result, attempts, result_file)
    calls = {RESULT_DOWNLOAD.name: attempts} if attempts else {}
    return RecordedScenario(
        began,
        [RecordedJob(job.job_id, steps_of(job.polls), calls, says, notes=notes)],
        notes=(first_note(began, base, polls), TIMES, REPLACED),
    )


def result_of(
    result: SeenResult | None, attempts: Sequence[Seen], result_file: str
) -> tuple[Any, list[str]]:
    """Return what a ``result:`` says, and what is to be said of it."""
    if result is None:
        return "generated", ["Its result did not come, and is invented."] * bool(attempts)
    if result_file:
        return {"file": result_file}, [f"Its result: {result.described()}; kept as it came."]
    return result.step(), [f"Its result: {result.described()}; an invented one is in its place."]


def scenario_text(recorded: RecordedScenario, names: Pseudonyms) -> str:
    """Return the text of a scenario file that plays what was recorded."""
    learn(recorded, names)
    shape = ErrorShape(seen for seen in _all_seen(recorded) if seen.kind == "error")
    lines = [*_comments(recorded.notes, names, "")]
    lines.append(f"description: {scalar(_description(recorded, names))}")
    keys = {"api_keys": recorded.api_keys, "secret_keys": recorded.secret_keys}
    lines += [f"{part}: {flow(dict(given))}" for part, given in keys.items() if given]
    if assumed := {**shape.assumptions, **recorded.assumptions}:
        lines.append(f"assumptions: {flow(assumed)}")
    if recorded.new_ids:
        lines.append(f"new_jobs: {{ids: {flow(list(recorded.new_ids))}}}")
    lines += _calls(recorded.calls, names, shape, "")
    lines += ["", "jobs:"]
    for job in recorded.jobs:
        lines += job_lines(job, names, shape)
    if not recorded.jobs:
        lines[-1] = "jobs: {}"
    return "\n".join(lines) + "\n"


def job_lines(job: RecordedJob, names: Pseudonyms, shape: ErrorShape) -> Iterator[str]:
    """Yield the lines of one job, as they stand below ``jobs:``."""
    yield f"  {scalar(job.job_id)}:"
    yield from _comments(job.notes, names, "    ")
    if job.api_key:
        yield f"    api_key: {scalar(job.api_key)}"
    yield "    timeline:"
    if job.waits is not None:
        yield f"      - {flow({**_said(job.waits, names, shape), 'for': 'upload'})}"
    for step in job.steps:
        yield from _step(step, job, names, shape)
    yield from _calls(job.calls, names, shape, "    ")


def _comments(notes: Iterable[str], names: Pseudonyms, indent: str) -> Iterator[str]:
    for note in notes:
        whole = comment(names.text(note))
        yield from wrap(whole, WIDTH, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# ")


class ErrorShape:
    """How this service writes its errors: what a scenario has to assume, so that it plays them."""

    def __init__(self, errors: Iterable[Seen]) -> None:
        seen = [*errors]
        kinds = Counter(each.code_is_text for each in seen)
        self._as_text = kinds[True] > kinds[False]
        self._status: dict[str, int] = {}
        for each in seen:
            self._status.setdefault(str(each.says["error"]), each.http_status)

    @classmethod
    def assumed(cls, assumptions: Assumptions) -> ErrorShape:
        """Return how a scenario writes its errors."""
        shape = cls(())
        shape._as_text = assumptions.error_code_type == "string"
        usual = [*assumptions.error_body] == ["code", "error", "message"]
        shape._status = {
            name: assumptions.http_status(name) if usual else 0 for name in DOCUMENTED_ERRORS
        }
        return shape

    @property
    def assumptions(self) -> dict[str, Any]:
        """What stands under ``assumptions:``."""
        others = {
            name: status
            for name, status in self._status.items()
            if status != error_http_status(name)
        }
        assumed: dict[str, Any] = {"error_http_status": others} if others else {}
        return {**assumed, "error_code_type": "string"} if self._as_text else assumed

    def fits(self, error: Seen) -> bool:
        """Tell whether an error is written so; another one is a ``reply:``."""
        name = str(error.says["error"])
        status = self._status.get(name, error_http_status(name))
        return error.http_status == status and error.code_is_text == self._as_text


def _step(step: SeenStep, job: RecordedJob, names: Pseudonyms, shape: ErrorShape) -> Iterator[str]:
    says = _said(step.seen, names, shape)
    if says.get("result") == "generated":
        says["result"] = job.result
    if step.for_:
        says["for"] = step.for_
    if step.delay:
        says["delay"] = step.delay
    line = f"      - {flow(says)}"
    remarks = [step.times, *(shorten(comment(names.text(note)), 200) for note in step.notes)]
    if len(remarks) == 1 and len(line) + len(remarks[0]) <= WIDTH:
        yield f"{line}   # {remarks[0]}"
        return
    for remark in remarks:
        yield f"      # {remark}"
    yield line


def _calls(
    calls: Mapping[str, Sequence[Seen]], names: Pseudonyms, shape: ErrorShape, indent: str
) -> Iterator[str]:
    """Yield the lines of ``calls:``, of those operations that did not always succeed."""
    failing = {name: seen for name, seen in calls.items() if any(x.kind != "ok" for x in seen)}
    if failing:
        yield f"{indent}calls:"
    for name, seen in failing.items():
        yield f"{indent}  {name}:"
        groups = [[*group] for _, group in groupby(seen)]
        for index, group in enumerate(groups):
            says = _said(group[0], names, shape)
            is_last = index == len(groups) - 1
            if is_last and not group[0].is_passing:
                yield f"{indent}    - {'ok' if group[0].kind == 'ok' else flow(says)}"
                continue
            yield f"{indent}    - {flow({**says, 'for': plural(len(group), 'call')})}"
            if is_last:  # who asks again tomorrow should not meet a bad moment for good
                yield f"{indent}    - ok"


def _said(seen: Seen, names: Pseudonyms, shape: ErrorShape) -> dict[str, Any]:
    """Return the keys of a step, without secrets."""
    is_odd = seen.kind == "error" and not shape.fits(seen)
    says = dict(seen.literal if is_odd else seen.says)
    if seen.kind != "status":
        return _reply(says, names) if "reply" in says else says
    return {
        name: names.message(value) if name == "message" else names.value(value)
        for name, value in says.items()
    }


def _reply(says: dict[str, Any], names: Pseudonyms) -> dict[str, Any]:
    reply: dict[str, Any] = names.value(says["reply"])
    if names.hide_messages and isinstance(reply.get("body"), str):
        reply["body"] = names.message(reply["body"])
    return {"reply": reply}


def learn(recorded: RecordedScenario, names: Pseudonyms) -> None:
    """Let ``names`` take in all hosts and signatures first, wherever they stand."""
    for seen in _all_seen(recorded):
        names.learn(seen.link, seen.note)
        names.learn_value({**seen.says, **seen.literal})


def _all_seen(recorded: RecordedScenario) -> Iterator[Seen]:
    for calls in (recorded.calls, *(job.calls for job in recorded.jobs)):
        for answers in calls.values():
            yield from answers
    for job in recorded.jobs:
        for step in job.steps:
            yield from (poll.seen for poll in step.polls)


def _description(recorded: RecordedScenario, names: Pseudonyms) -> str:
    labels = [names.text(step.seen.label) for job in recorded.jobs for step in job.steps]
    shown = ", ".join(label for label, _ in groupby(labels)) or "no poll"
    return shorten(f"Recorded on {recorded.began:%Y-%m-%d}: {comment(shown)}", 150)
