"""The log of `serve`: one line for each request, written behind the server's back.

The server only notes a request in a bounded queue; a thread of its own writes the lines. So a
terminal that scrolls slowly, or a parent process that never reads our pipe, does not hold up a
single answer: the lines that do not fit are left out, and the log says how many. Where there is no
log, the server does nothing for it.
"""

from __future__ import annotations

import io
import json
import time
from collections import deque
from collections.abc import Callable  # noqa: TC003 -- NamedTuple keeps the annotations
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from threading import Event, Thread
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from mock_p1.base.clock import SECOND
from mock_p1.base.text import printable
from mock_p1.contract.operations import OPERATIONS
from mock_p1.engine.journal import DEFAULT_MAX
from mock_p1.engine.limits import LIMITS

if TYPE_CHECKING:
    from types import TracebackType
    from typing import TextIO

    from mock_p1.base.clock import Clock
    from mock_p1.engine.engine import Engine
    from mock_p1.engine.journal import Entry

MAX_WAITING: Final = 10_000
"""Requests that wait to be written; beyond it, the oldest are left out."""
MANY_WAITING: Final = 5_000
"""Where more wait, polls are slowed down rather than lines left out."""

AT_ONCE: Final = 300
"""So many lines are made in one go: meanwhile no poll is answered."""

PAUSE_SECONDS: Final = 0.0005
"""So long polls are answered before the next lines are made."""

FLUSH_SECONDS: Final = 0.05
QUIET_SECONDS: Final = 0.5
DIFFERS: Final = timedelta(seconds=1)
"""Where the mock's time is further from the wall's, both are shown."""
LAST_DAY: Final = datetime.max.replace(tzinfo=UTC) - timedelta(days=1)
END_SECONDS: Final = 0.2
"""Seconds that the end waits for the last lines to be written."""


class Format(NamedTuple):
    """How a log is written: a request, that so many were left out, and that a limit is reached."""

    request: Callable[[Entry, datetime, Clock], str]
    left_out: Callable[[int], str]
    limit_reached: Callable[[str], str]


class RequestLog:
    """Writes a line for every request of an engine, as a context manager.

    ``logging.handlers.QueueListener`` would not do: its ``stop`` waits for ever for a stream that
    is stuck, it writes line by line, and of lines that do not fit it keeps the oldest.
    """

    def __init__(
        self, engine: Engine, form: Format, stream: TextIO, *, quiet: bool = False
    ) -> None:
        """A quiet one says only which limits are reached.

        A journal of the usual size is full in any longer run, which is nothing to say.
        """
        self._engine, self._form, self._quiet = engine, form, quiet
        self._write = writer(stream)
        self._queue: deque[tuple[float, Entry]] = deque(maxlen=MAX_WAITING)
        self._newest = 0
        self._told = {"journal"} if engine.journal.maximum == DEFAULT_MAX else set()
        self._done = Event()
        self._thread = Thread(target=self._run, name="mock-p1:log", daemon=True)

    def __enter__(self) -> Self:
        """Begin with the next request."""
        if not self._quiet:
            self._engine.journal.listen(lambda entry: self._queue.append((time.time(), entry)))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Write what is left, and end; without it, if nobody takes the lines."""
        self._done.set()
        self._thread.join(END_SECONDS)

    def _run(self) -> None:
        try:
            while not self._done.wait(QUIET_SECONDS if self._quiet else FLUSH_SECONDS):
                self._flush()
            self._flush()
        except (OSError, ValueError):
            return  # nobody reads the log any more: its pipe is closed

    def _flush(self) -> None:
        for _ in range(0, max(1, len(self._queue)), AT_ONCE):
            self._write_some()
            if len(self._queue) < MANY_WAITING:
                time.sleep(PAUSE_SECONDS)

    def _write_some(self) -> None:
        """Write few lines: while they are made, no poll is answered."""
        full = len(self._queue) == MAX_WAITING
        entries = [self._queue.popleft() for _ in range(min(len(self._queue), AT_ONCE))]
        newest = max((entry.number for _, entry in entries), default=self._newest)
        lines = [
            self._form.request(entry, datetime.fromtimestamp(seconds, UTC), self._engine.clock)
            for seconds, entry in entries
        ]
        if full and (lost := newest - self._newest - len(entries)) > 0:
            lines.insert(0, self._form.left_out(lost))
        self._newest = newest
        for name in sorted(self._engine.limits_reached().keys() - self._told):
            lines.append(self._form.limit_reached(name))
            self._told.add(name)
        if lines:
            self._write("".join(f"{line}\n" for line in lines))


def as_text(entry: Entry, wall: datetime, clock: Clock) -> str:
    """Return a request as a line for a person.

    When, which job, what it saw, where the scenario says so, whose key and caller.
    """
    poll = _is_poll(entry.operation)
    what = _what(
        (entry.job_id or "") if poll else f"{entry.method} {entry.path}",
        entry.outcome,
        entry.http_status,
        entry.source,
        f"key {entry.api_key or 'none'}" if poll else "",
        f"caller {entry.caller_name}" if entry.api_key else "",
    )
    line = f"{_when(wall, clock.date_at(entry.moment_ns))}  {what}"
    more = [f"then at {entry.then}"] if entry.waits_for else []
    return "  ".join((line, *map(printable, (*more, *entry.notes))))


@lru_cache(maxsize=1024)
def _what(subject: str, outcome: str, http_status: int | None, *rest: str) -> str:
    """Return what does not change from one poll of a step to the next."""
    status = f"HTTP {http_status}"
    if http_status is not None and outcome != status:
        outcome = f"{outcome} ({status})"
    source, *whose = rest
    return "  ".join(map(printable, (subject, outcome, source, *filter(None, whose))))


def _when(wall: datetime, mock: datetime) -> str:
    """Return the wall's time with its zone, and the mock's where it is another."""
    time_of_day, zone_shown = _of_the_day(wall.replace(microsecond=0))
    shown = f"{time_of_day}.{wall.microsecond // 1000:03}{zone_shown}"
    if abs(mock - wall) < DIFFERS:
        return shown
    zone = None if mock < LAST_DAY else UTC  # no other zone can show the calendar's last hours
    return f"{shown} (mock {mock.astimezone(zone):%Y-%m-%d %H:%M:%S})"


@lru_cache(maxsize=4)
def _of_the_day(second: datetime) -> tuple[str, str]:
    """Return the time and the zone of this machine, for a whole second."""
    here = second.astimezone()
    return f"{here:%H:%M:%S}", here.isoformat()[len("2026-01-01T00:00:00") :]


def as_json(entry: Entry, wall: datetime, clock: Clock) -> str:
    """Return a request as a JSON object on one line.

    ``time`` is the wall's and ``mock_time`` the mock's; ``at`` is seconds since the mock began, by
    its clock.
    """
    row = {
        "event": "poll" if _is_poll(entry.operation) else "request",
        "number": entry.number,
        "time": wall.astimezone().isoformat(timespec="milliseconds"),
        "mock_time": clock.date_at(entry.moment_ns).isoformat(timespec="milliseconds"),
        "at": entry.moment_ns / SECOND,
        "method": entry.method,
        "path": entry.path,
        "job": entry.job_id,
        "status": entry.status,
        "error": entry.error,
        "fault": entry.fault,
        "http_status": entry.http_status,
        "done": entry.done,
        "step": entry.source,
        "api_key": entry.api_key,
        "caller": entry.caller_name,
        "waits_for": entry.waits_for,
        "notes": entry.notes,
    }
    return json.dumps(row)


FORMATS: Final = {
    "text": Format(
        as_text,
        lambda lost: f"… {lost:,} requests left out here: they came faster than the log was read",
        LIMITS.__getitem__,
    ),
    "json": Format(
        as_json,
        lambda lost: json.dumps({"event": "left_out", "requests": lost}),
        lambda name: json.dumps({"event": "limit_reached", "limit": name, "message": LIMITS[name]}),
    ),
}
"""The formats of a log by name."""


@cache
def _is_poll(name: str | None) -> bool:
    operation = OPERATIONS.get(name or "")
    return operation is not None and operation.polled


def writer(stream: TextIO) -> Callable[[str], None]:
    """Return what writes text to a stream, around its buffer where there is one.

    A thread that waits inside a buffer's lock would keep the interpreter from ending.
    """
    buffer = getattr(stream, "buffer", None)
    raw = buffer if isinstance(buffer, io.RawIOBase) else getattr(buffer, "raw", None)
    if raw is None:

        def write_through_buffer(text: str) -> None:
            stream.write(text)
            stream.flush()

        return write_through_buffer

    def write_around_buffer(text: str) -> None:
        rest = memoryview(text.encode(stream.encoding, "replace"))
        while rest:
            written = raw.write(rest)
            rest = rest[written or 0 :]
            if written is None:  # a pipe that was made non-blocking, and is full
                time.sleep(FLUSH_SECONDS)

    return write_around_buffer
