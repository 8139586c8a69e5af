"""The lines of the request log: as text for a person, or as JSON for a program.

A poll waits while its line is made. So what the lines of one step have in common is written once,
and the time once for all requests of a millisecond.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable  # noqa: TC003 -- NamedTuple keeps the annotations
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache, wraps
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from mock_p1.admin.watcher import Broken, Reloaded
from mock_p1.base.clock import SECOND, Clock
from mock_p1.base.durations import format_duration
from mock_p1.base.text import plural, printable
from mock_p1.cli.command_error import Failure
from mock_p1.cli.language import said
from mock_p1.contract.operations import OPERATIONS
from mock_p1.engine.journal import Entry, alike, as_entry
from mock_p1.engine.limits import LIMITS
from mock_p1.engine.timeline import Plan, lead
from mock_p1.scenario.problems import ScenarioError

if TYPE_CHECKING:
    from mock_p1.engine.journal import Kept, PollRow
    from mock_p1.engine.program import ProgramStep

MAX_FORMS: Final = 2048
"""Of so many kinds of requests it is kept what their lines have in common: about 1 KB each."""

SHOWN_SECONDS: Final = 0.001
SHOWN_NS: Final = SECOND // 1000
"""The smallest time that a line shows."""

DIFFERS: Final = timedelta(seconds=1)
"""Where the mock's time is further from the wall's, both are shown."""

STORE_OK: Final = "ok"
"""How a store that answers is, in ``/__admin/health`` too."""

MAX_SHOWN: Final = 2000
LAST_DAY: Final = datetime.max.replace(tzinfo=UTC) - timedelta(days=1)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
SECOND_US: Final = 1_000_000
THOUSAND: Final = 1000
_NOWHERE: Final[tuple[Plan | None, tuple[int, int, int]]] = None, (0, 0, 0)


@dataclass(slots=True)
class Form:
    """What the lines of requests that are alike have in common.

    A line is ``start``, the time, ``before``, what is said of the job's place, and ``after``. While
    the job is at ``position`` of ``plan`` that is ``rest``; or, where it says what is left of
    ``polls``, or of ``lasts_ns`` in milliseconds: ``rest``, which is the same for the thousand from
    ``lowest`` on, one of ``digits``, and ``end``.
    """

    start: bytes
    before: str
    after: str
    plan: Plan | None = None
    position: int = -1
    polls: int = 0
    lasts_ns: int = 0
    lowest: int = -THOUSAND
    head: str = ""
    rest: bytes = b""
    digits: list[bytes] = field(default_factory=list)
    end: bytes = b""

    def stand_at(self, plan: Plan | None, position: int, place: str, waits: str | None) -> None:
        """Take over a place: what is said of it, and in that, what the job waits for."""
        self.plan, self.position, self.lowest = plan, position, -THOUSAND
        self.polls = self.lasts_ns = 0
        if plan is not None and waits:
            self.polls = plan.stages[position].polls or 0
            self.lasts_ns = plan.stages[position].lasts_ns or 0
        before, _, behind = place.rpartition(waits or "\n")
        self.head = f"{self.before}{before}"
        unit = " more polls" if self.polls else "ms"
        self.end = f"{unit}{behind}{self.after}".encode()
        self.rest = f"{self.before}{place}{self.after}".encode()

    def come_to(self, left: int) -> int:
        """Take over how many thousands are left; return what is above them."""
        thousands, digits = divmod(left, THOUSAND)
        self.lowest = left - digits
        if self.polls:
            shown = f"{thousands:,}," if thousands else ""
        else:
            shown = format_duration(thousands * SECOND) if thousands else ""
        self.rest = f"{self.head}{shown}".encode()
        self.digits = _numbers("03d" if self.polls and thousands else "d")
        return digits


@cache
def _numbers(form: str) -> list[bytes]:
    """Return the numbers below a thousand: to write one takes three times as long."""
    return [format(number, form).encode() for number in range(THOUSAND)]


class Format(NamedTuple):
    """How a log is written.

    ``form`` is of requests that are like an entry; ``time`` shows the wall's and the mock's, with
    ``%03d`` for the milliseconds of the first, or of both; ``place`` says where an entry's job
    stands, and what it waits for. ``start`` puts what stands before the time around it, with the
    request's number and moment; None where nothing does.
    """

    form: Callable[[Entry], Form]
    time: Callable[[datetime, datetime], str]
    place: Callable[[Entry, str | None], str]
    start: Callable[[bytes, bytes, int, int], bytes] | None
    left_out: Callable[[int], str]
    limit_reached: Callable[[str], str]
    stopped: Callable[[str, str | None], str]
    store: Callable[[str], str]
    not_saved: Callable[[str], str]
    replaced: Callable[[int], str]
    reload: Callable[[Reloaded | Broken], str]


class Lines:
    """Makes the lines of requests, in one thread at a time."""

    def __init__(self, log_format: Format, clock: Clock) -> None:
        """``clock`` is the mock's."""
        self._format, self._clock = log_format, clock
        self._forms: dict[tuple[object, ...], Form] = {}
        self._polled: dict[tuple[str, str], tuple[ProgramStep, tuple[str, ...], Form]] = {}
        self._pattern = b""
        self._mock_us = 0  # since 1970, when the mock's clock began
        self._seconds = 0, 0
        self._moment_ns = 0

    def of(self, noted: Iterable[tuple[Kept, float]]) -> bytes:  # noqa: C901 -- a call costs as much as a line
        """Return the lines of requests, each with the wall's time at which it was answered."""
        parts: list[bytes] = []
        forms, polled, begins = self._forms, self._polled, self._format.start
        since = until = 0.0
        since_ns = until_ns = 0
        time = b""
        for kept, seconds in noted:
            number, moment_ns = kept[0], kept[1]
            if not (since <= seconds < until and since_ns <= moment_ns < until_ns):
                time, since, since_ns = self._come_to(seconds, moment_ns)
                until, until_ns = since + SHOWN_SECONDS, since_ns + SHOWN_NS
            if isinstance(kept, Entry):
                form = forms.get(alike(kept)) or self._new_form(kept)
                plan, (position, began_ns, seen) = kept[2] or _NOWHERE
            else:
                _, _, _, step, plan, position, began_ns, seen, path, key, notes, _ = kept
                known = polled.get((path, key))
                if known is None or known[0] is not step or known[1] != notes:
                    known = polled[path, key] = step, notes, self._form_of_poll(kept)
                form = known[2]
            if plan is not form.plan or position != form.position:
                entry = as_entry(kept)
                waits = entry.waits_for
                form.stand_at(plan, position, self._format.place(entry, waits), waits)
            start = time if begins is None else begins(form.start, time, number, moment_ns)
            if form.polls:
                left = form.polls - seen
            elif form.lasts_ns:
                left = (began_ns + form.lasts_ns - moment_ns + SHOWN_NS - 1) // SHOWN_NS
            else:
                parts += start, form.rest
                continue
            if left > 1:
                digits = left - form.lowest
                if not 0 <= digits < THOUSAND:
                    digits = form.come_to(left)
                if digits or form.polls:
                    parts += start, form.rest, form.digits[digits], form.end
                    continue
            entry = as_entry(kept)
            place = self._format.place(entry, entry.waits_for)  # said in other words
            parts += start, f"{form.before}{place}{form.after}".encode()
        return b"".join(parts)

    def _come_to(self, seconds: float, moment_ns: int) -> tuple[bytes, float, int]:
        """Write the time anew; return it, and when its milliseconds began, by each clock."""
        second, wall_us = divmod(round(seconds * SECOND_US), SECOND_US)
        mock_second, mock_us = divmod(self._mock_us + moment_ns // 1000, SECOND_US)
        if (second, mock_second) != self._seconds or moment_ns < self._moment_ns:
            wall, mock = datetime.fromtimestamp(seconds, UTC), self._clock.date_at(moment_ns)
            self._mock_us = (mock - EPOCH) // timedelta(microseconds=1) - moment_ns // 1000
            mock_second, mock_us = divmod(self._mock_us + moment_ns // 1000, SECOND_US)
            self._seconds = second, mock_second
            self._pattern = self._format.time(wall, mock).encode()
        self._moment_ns = moment_ns
        shown = wall_us // 1000, mock_us // 1000
        return (
            self._pattern % shown[: self._pattern.count(b"%")],
            seconds - wall_us % 1000 / SECOND_US,
            moment_ns - mock_us % 1000 * 1000 - moment_ns % 1000,
        )

    def _form_of_poll(self, row: PollRow) -> Form:
        if len(self._polled) >= MAX_FORMS:
            self._polled.clear()
        entry = as_entry(row)
        return self._forms.get(alike(entry)) or self._new_form(entry)

    def _new_form(self, entry: Entry) -> Form:
        if len(self._forms) >= MAX_FORMS:
            self._forms.clear()
        form = self._forms[alike(entry)] = self._format.form(entry)
        return form


def text_form(entry: Entry) -> Form:
    """Return what a person reads of a request, but for the time and where its job stands."""
    outcome, status = entry.outcome, f"HTTP {entry.http_status}"
    if entry.http_status is not None and outcome != status:
        outcome = f"{outcome} ({status})"
    if _is_poll(entry.operation):
        what = [entry.job_id or "", outcome, entry.source, f"key {entry.api_key or 'none'}"]
    else:
        what = [f"{entry.method} {entry.path}", outcome, entry.source]
    if entry.api_key:
        what.append(f"caller {entry.caller_name}")
    return Form(b"", _apart(*what), f"{_apart(*entry.notes)}\n")


def text_time(wall: datetime, mock: datetime) -> str:
    """Return the wall's time with its zone; the mock's where it is another."""
    shown = _with_milliseconds(wall.astimezone())[len("2026-01-01T") :]
    if abs(mock - wall) < DIFFERS:
        return shown
    if mock < LAST_DAY:  # no other zone can show the calendar's last hours
        # Windows knows this machine's zone to the year 3000, and none knows one before the year 1
        with suppress(OSError, OverflowError):
            mock = mock.astimezone()
    return f"{shown} (mock {mock:%Y-%m-%d %H:%M:%S})"


def text_place(entry: Entry, waits: str | None) -> str:
    """Return where a job stands, and until when; nothing where it stays."""
    if entry.place is None or waits is None:
        return ""
    plan, state = entry.place
    return f"{_apart(f'then at {lead(plan, state.position)}')}{waits}"


def json_form(entry: Entry) -> Form:
    """Return the row of the journal, but for what changes from poll to poll."""
    event = "poll" if _is_poll(entry.operation) else "request"
    what = {
        "method": entry.method,
        "path": entry.path,
        "job_id": entry.job_id,
        "status": entry.status,
        "error": entry.error,
        "fault": entry.fault,
        "http_status": entry.http_status,
        "done": entry.done,
        "source": entry.source,
        "api_key": entry.api_key,
        "caller": entry.caller_name,
    }
    notes = json.dumps({"notes": entry.notes})[1:]
    return Form(f'{{"event": "{event}", '.encode(), f", {json.dumps(what)[1:-1]}, ", f", {notes}\n")


def json_start(start: bytes, time: bytes, number: int, moment_ns: int) -> bytes:
    """Return the number, the times, and the seconds since the mock began, by its clock."""
    seconds = repr(moment_ns / SECOND).encode()
    return b'%b"number": %d, %b, "seconds": %b' % (start, number, time, seconds)


def json_time(wall: datetime, mock: datetime) -> str:
    """Return the wall's time, and the mock's."""
    here, there = _with_milliseconds(wall.astimezone()), _with_milliseconds(mock)
    return f'"time": "{here}", "mock_time": "{there}"'


NOT_PLAYED: Final = "not played as it is now; the scenario before is still being served"


def text_reload(outcome: Reloaded | Broken) -> str:
    """Return what came of a change of the scenario file: its problems in the house form, or not."""
    if isinstance(outcome, Broken):
        last = f"{outcome.name}: {said(NOT_PLAYED)}"
        problems = (each._replace(text=said(each.text)) for each in outcome.problems)
        return "\n".join(printable(line, MAX_SHOWN) for line in (*map(str, problems), last))
    kept = f"{outcome.kept:,} of {outcome.kept + outcome.dropped:,}"
    return printable(
        f"{outcome.name}: changed, and swapped in; jobs under way that go on: {kept}; the others "
        "begin anew",
        MAX_SHOWN,
    )


def json_reload(outcome: Reloaded | Broken) -> str:
    """Return it for a program."""
    if isinstance(outcome, Broken):
        problems = [problem._asdict() for problem in outcome.problems]
        return json.dumps(
            {"event": "scenario_broken", "scenario": outcome.name, "problems": problems}
        )
    counts = {"kept": outcome.kept, "dropped": outcome.dropped}
    return json.dumps({"event": "reloaded", "scenario": outcome.name, **counts})


FORMATS: Final = {
    "text": Format(
        text_form,
        text_time,
        text_place,
        None,
        lambda lost: f"… {plural(lost, 'request')} left out here: the log was read too slowly",
        LIMITS.__getitem__,
        lambda by, state: f"stopped by {by}{f'; the state is in {state}' if state else ''}",
        lambda state: (
            "the store answers again"
            if state == STORE_OK
            else f"the store is {state}; clients are answered 503 meanwhile"
        ),
        str,
        lambda worker: f"worker {worker} has ended; another one begins",
        text_reload,
    ),
    "json": Format(
        json_form,
        json_time,
        lambda _, waits: json.dumps({"waits_for": waits})[1:-1],
        json_start,
        lambda lost: json.dumps({"event": "left_out", "requests": lost}),
        lambda name: json.dumps({"event": "limit_reached", "limit": name, "message": LIMITS[name]}),
        lambda by, state: json.dumps({"event": "stopped", "by": by, "state": state}),
        lambda state: json.dumps({"event": "store", "store": state}),
        lambda message: json.dumps({"event": "not_saved", "message": message}),
        lambda worker: json.dumps({"event": "worker_replaced", "worker": worker}),
        json_reload,
    ),
}
"""The formats of a log by name. In JSON, ``time`` is the wall's and ``mock_time`` the mock's."""


def failures_as_logged(function: Callable[..., None]) -> Callable[..., None]:
    """Have a command that is told ``log_format`` say in that form why it cannot start or go on."""

    @wraps(function)
    def run(*, log_format: str, **options: Any) -> None:  # noqa: ANN401 -- click's values
        try:
            function(log_format=log_format, **options)
        except (Failure, ScenarioError) as error:
            if log_format != "json":
                raise
            message = error.message if isinstance(error, Failure) else str(error)
            click.echo(json.dumps({"event": "failed", "message": message}), err=True)
            raise SystemExit(1) from None

    return run


def _apart(*parts: str) -> str:
    return "".join(f"  {printable(part)}" for part in parts)


@cache
def _is_poll(name: str | None) -> bool:
    operation = OPERATIONS.get(name or "")
    return operation is not None and operation.polled


def _with_milliseconds(moment: datetime) -> str:
    """Return a pattern for all moments of a second."""
    text = moment.replace(microsecond=0).isoformat()
    end = len("2026-01-01T00:00:00")
    return f"{text[:end]}.%03d{text[end:]}"
