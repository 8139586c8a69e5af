"""What was asked, what was answered, and why. Bounded: the oldest rows go first."""

from __future__ import annotations

import json
import re
from collections import Counter, OrderedDict, deque
from functools import lru_cache
from itertools import count, product, takewhile
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mock_p1.base.messages import Fault, Reply, Request, header_text
from mock_p1.base.text import mask, shorten
from mock_p1.contract.operations import (
    API_KEY_HEADER,
    API_KEY_LIMIT,
    JOB_ID_LIMIT,
    RETRAIN_STATUS_CHECK,
    Operation,
    is_placeholder,
    query_of,
)
from mock_p1.engine.callers import Caller, caller_name, stand_ins
from mock_p1.engine.limits import DEFAULT_MAX
from mock_p1.engine.not_imitated import Unexpected, shown
from mock_p1.engine.timeline import Plan, State, place_in_words, waits_for
from mock_p1.engine.totals import Count, Kind, Totals, outcome_of
from mock_p1.scenario.step_length import Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mock_p1.engine.call import Call, Outcome
    from mock_p1.engine.job_states import JobState
    from mock_p1.engine.program import ProgramStep

MAX_RESTARTS: Final = 10_000
MAX_ANSWERS: Final = 200
"""Of so many polls, the newest, the answers are kept."""

LONGEST_ANSWER: Final = 16 * 1024
NOT_AWAITED: Final = "the client did not wait for this answer"
HAD_CLOSED: Final = "the client had closed its side before this answer, and may have gone"
"""Notes on a poll whose answer was held back for long."""

NOT_TAKEN: Final = "the client has not taken this answer to its end"
"""A note on a download, which is not complete."""

BY_HAND: Final = "asked by the dashboard or the control API, not by a client"
"""A note on a poll that says nothing of any client."""

_POLL: Final = RETRAIN_STATUS_CHECK.name


class Entry(NamedTuple):
    """One request and its outcome.

    ``moment_ns`` is in nanoseconds of the mock's clock; the key is masked.

    ``caller`` tells keys apart that look the same when masked; it says nothing about them.
    ``retry_after_ns`` is how long the answer asked the client to wait, ``delay_ns`` how long it was
    held back, in nanoseconds. ``done`` is what a call other than the status check has done, such as
    ``model_switched``, also where its answer was lost. ``shown_status`` is the status that a client
    reads in the answer to a poll, also where that was literal or came slowly.
    """

    number: int
    moment_ns: int
    place: tuple[Plan, State] | None
    method: str
    path: str
    api_key: str
    operation: str | None
    job_id: str | None
    http_status: int | None
    status: str | None
    error: str | None
    fault: str | None
    source: str
    notes: tuple[str, ...]
    caller: int
    done: str | None = None
    shown_status: str | None = None
    retry_after_ns: int | None = None
    delay_ns: int = 0

    @property
    def waits_for(self) -> str | None:
        """What the job waited for after this poll.

        None where it stays for ever, or nothing was found.
        """
        return waits_for(*self.place, self.moment_ns) if self.place else None

    @property
    def then(self) -> str | None:
        """At which step the job was after this poll, and until when; None of other calls."""
        return place_in_words(*self.place, self.moment_ns) if self.place else None

    @property
    def outcome(self) -> str:
        """The status, error or fault that was shown; else what was done, or the HTTP status."""
        return outcome_of(self.status or self.error or self.fault, self.done, self.http_status)

    @property
    def caller_name(self) -> str:
        """What a log calls the caller: the same for all its requests, and nothing of its key."""
        return caller_name(self.caller)

    @property
    def was_awaited(self) -> bool:
        """Whether the client was still there for the answer, as far as is known."""
        return NOT_AWAITED not in self.notes

    @property
    def may_have_gone(self) -> bool:
        """Whether nobody knows if the client was still there for the answer."""
        return HAD_CLOSED in self.notes

    @property
    def unexpected(self) -> bool:
        """Whether this mock does not imitate what was asked."""
        return self.operation is None


PollRow = tuple[
    int, int, "JobState", "ProgramStep", Plan, int, int, int, str, str, tuple[str, ...], int
]
Kept = Entry | PollRow
"""What is kept of a request: an entry, or what ``poll_entry`` makes it of when it is read."""

alike: Callable[[Entry], tuple[object, ...]] = itemgetter(
    slice(Entry._fields.index("method"), Entry._fields.index("shown_status"))
)
"""Return what of an entry stays from poll to poll of a step, if the requests do."""

_PLACE: Final = Entry._fields.index("place")
_NOTES: Final = Entry._fields.index("notes")
_KIND_OF: Final = itemgetter(*(Entry._fields.index(name) for name in Kind._fields))
"""What of an entry is counted."""


class Journal:
    """The newest ``maximum`` entries."""

    def __init__(self, maximum: int = DEFAULT_MAX) -> None:
        self.maximum: int = maximum
        self._entries: deque[Kept] = deque(maxlen=maximum)
        self._answers: deque[tuple[int, Reply | Fault]] = deque(maxlen=min(maximum, MAX_ANSWERS))
        self.number: Callable[[], int] = count(1).__next__
        self.keep_answer: Callable[[tuple[int, Reply | Fault]], None] = self._answers.append
        """Takes the number of a poll's entry, and what it was answered with, to be looked at."""
        self.totals: Totals = Totals()
        self.keep: Callable[[Kept], None] = self._entries.append
        """Takes an entry that is counted by ``tally``, or its row; ``add`` does both."""
        self._restarts: OrderedDict[tuple[str | None, int | None], int] = OrderedDict()
        """Which jobs, callers, and jobs of callers were reset, each last after which entry."""
        self._before_restart: dict[tuple[str | None, int], int] = {}
        """How many calls a caller had made about a job by then."""
        self._lost: tuple[int, Counter[tuple[str | None, int]]] = (-1, Counter())
        """What was forgotten up to an entry."""
        self._cleared = 0

    def write_out(self) -> None:
        """Make entries of all rows, which keep nothing of their scenario; the lock is held."""
        entries = [*map(as_entry, self._entries)]
        self._entries.clear()
        self._entries.extend(entries)

    def add(self, entry: Entry) -> Count:
        """Keep an entry, and count it; return that count."""
        self.keep(entry)
        tally = self.tally(entry)
        tally.requests += 1
        return tally

    def tally(self, entry: Entry) -> Count:
        """Return the count of such entries, until the journal is cleared."""
        return self.totals.tally(_KIND_OF(entry))

    def answer(self, number: int) -> Reply | Fault | None:
        """Return what a poll was answered with; None where that is not kept, or is very long."""
        kept = next((answer for each, answer in self._answers.copy() if each == number), None)
        reply = kept.reply if isinstance(kept, Fault) else kept
        return None if reply is not None and len(reply.body) > LONGEST_ANSWER else kept

    def number_of(self, answer: Reply | Fault | None) -> int | None:
        """Return the number of the newest poll that was answered with this very object."""
        answers = reversed(self._answers.copy())
        return next((number for number, kept in answers if kept is answer), None)

    def add_note(self, number: int, note: str) -> None:
        """Note something on an entry, if it is kept still; the lock is held."""
        self.change(number, lambda entry: entry._replace(notes=(*entry.notes, note)))

    def change(
        self, number: int, changed: Callable[[Entry], Entry]
    ) -> tuple[Entry, Entry] | tuple[None, None]:
        """Put what ``changed`` returns in the place of an entry; the lock is held.

        Return the entry as it was and as it is; nothing where it is not kept any more.
        """
        entries = self._entries
        for place in range(len(entries) - 1, -1, -1):
            if entries[place][0] == number:
                entry = as_entry(entries[place])
                entries[place] = new = changed(entry)
                return entry, new
        return None, None

    def listen(self, listener: Callable[[Entry], None]) -> None:
        """Hand every further entry to ``listener`` too, before the request is answered.

        It must not wait.
        """
        keep = self.keep

        def keep_and_tell(kept: Kept) -> None:
            keep(kept)
            listener(as_entry(kept))

        self.keep = keep_and_tell

    @property
    def last(self) -> int:
        """The number of the newest entry, also where it was cleared since; 0 before the first."""
        try:
            return self._entries[-1][0]
        except IndexError:
            return self._cleared

    @property
    def dropped(self) -> int:
        """How many entries have gone for newer ones, since they were cleared last."""
        is_full = len(self._entries) == self._entries.maxlen
        return self.last - self._cleared - len(self._entries) if is_full else 0

    def after(self, number: int) -> tuple[list[Entry], int]:
        """Return the entries above ``number``, oldest first, and how many of them are gone.

        Entries that somebody cleared do not count as gone.
        """
        newest_first = reversed(self._entries.copy())
        newer = [*map(as_entry, takewhile(lambda kept: kept[0] > number, newest_first))][::-1]
        known = max(number, self._cleared)
        return newer, max(0, newer[0].number - 1 - known) if newer else 0

    def note_restart(self, job_id: str | None, whose: int | None) -> None:
        """Note that a job begins anew, what stands for a caller does, or a job of that caller's."""
        self._restarts[job_id, whose] = self.last
        self._restarts.move_to_end((job_id, whose))  # it is read without the lock
        if len(self._restarts) > MAX_RESTARTS:
            self._restarts.popitem(last=False)
        for (job, caller), calls in self.totals.by_caller().items():
            if job_id in (None, job) and whose in (None, *stand_ins(caller)):
                self._before_restart[job, caller] = calls
        self._lost = -1, Counter()

    def begun_after(self, job_id: str | None, whose: int) -> int:
        """Return after which entry a caller's job has begun anew; so the caller, without a job."""
        if not self._restarts:
            return 0
        pairs = product((None, job_id), (None, *stand_ins(whose)))
        return max(self._restarts.get(pair, 0) for pair in pairs)

    def is_judged(self, entry: Entry) -> bool:
        """Tell whether a client is judged by a call: it made it, and nothing began anew since."""
        return BY_HAND not in entry.notes and entry.number > self.begun_after(
            entry.job_id, entry.caller
        )

    def forgotten(self) -> Counter[tuple[str | None, int]]:
        """Return how many calls to be judged are not kept, by job and caller; the lock is held.

        No job and no caller (0) have those that are counted without.
        """
        if self.maximum and self.last - self._cleared <= len(self._entries):
            return Counter()
        if self._lost[0] != self.last or not self.maximum:
            lost = self.totals.by_caller()
            lost.subtract(self._before_restart)
            pairs = ((entry.number, (entry.job_id, entry.caller)) for entry in self)
            lost.subtract(pair for number, pair in pairs if number > self.begun_after(*pair))
            self._lost = self.last, +lost
        return self._lost[1]

    def __iter__(self) -> Iterator[Entry]:
        """Iterate over a copy, oldest first; safe while others write."""
        return map(as_entry, self._entries.copy())

    def __len__(self) -> int:
        return len(self._entries)

    def saved(self, aside: dict[str, bytes] | None = None) -> dict[str, Any]:
        """Return everything as plain data, but for the answers; plans stand there once each.

        What is large goes ``aside``, packed, where there is such a place.
        """
        plans: dict[int, tuple[int, Plan]] = {}
        rows: list[list[Any]] = [[*entry] for entry in self]
        for row in rows:
            if (place := row[_PLACE]) is not None:
                plan, state = place
                index, _ = plans.setdefault(id(plan), (len(plans), plan))
                row[_PLACE] = index, state
        number = self.number()
        self._count_from(number)
        return {
            "columns": Entry._fields,
            "rows": rows,
            "plans": [plan for _, plan in plans.values()],
            "next": number,
            "cleared": self._cleared,
            "restarts": [[number, *pair] for pair, number in self._restarts.items()],
            "before_restart": [[calls, *pair] for pair, calls in self._before_restart.items()],
            "totals": self.totals.saved() if aside is None else self.totals.saved_aside(aside),
        }

    def restore(self, saved: dict[str, Any], aside: Mapping[str, bytes] | None = None) -> None:
        """Take over what was saved, where nothing is kept yet. Nobody is told of the entries."""
        plans = [
            Plan(tuple(Stage(*stage) for stage in stages), loops, lap_ns, tuple(shows))
            for stages, loops, lap_ns, shows in saved["plans"]
        ]
        columns, rows = saved["columns"], saved["rows"]
        if [*columns] != [*Entry._fields]:  # it was saved by another version
            rows = [[*Entry(**dict(zip(columns, row, strict=True)))] for row in rows]
        for row in ([*row] for row in rows):
            if (place := row[_PLACE]) is not None:
                row[_PLACE] = plans[place[0]], State(*place[1])
            row[_NOTES] = tuple(row[_NOTES])
            self._entries.append(Entry._make(row))
        self._count_from(saved["next"])
        self._cleared = saved["cleared"]
        for number, job_id, *whose in saved["restarts"]:  # another version knew jobs alone
            self._restarts[job_id, whose[0] if whose else None] = number
        for calls, job_id, caller in saved.get("before_restart", ()):
            self._before_restart[job_id, caller] = calls
        if aside is None:
            self.totals.restore(saved["totals"])
        else:
            self.totals.restore_later(saved["totals"], aside["totals"])

    def _count_from(self, number: int) -> None:
        self.number = count(number).__next__

    def clear(self) -> None:
        """Forget every entry, and count anew; numbers go on."""
        self.totals.reset()
        self._cleared = self.last
        self._entries.clear()
        self._answers.clear()
        self._restarts.clear()
        self._before_restart.clear()


OK: Final = 200
MOST_NAMED: Final = 5
"""So many unknown query parameters are named; of more, their number is said."""

_LIKE_A_KEY: Final = re.compile(b"key|token|auth|credential")


def poll_row(
    number: int, request: Request, job: JobState, step: ProgramStep, delay_ns: int
) -> PollRow:
    """Return what the entry of a poll is made of whose path and key led straight to its job.

    Nearly every poll passes here, and few are looked at: nothing is made, and nothing touched that
    the poll did not need.
    """
    plain = not (request.query or request.has_body or request.note)
    return (
        number, job.last_ns, job, step, job.program.plan, job.position, job.since_ns, job.seen,
        request.path, request.api_keys[0],
        () if plain else request_notes(request, RETRAIN_STATUS_CHECK, job.job_id), delay_ns,
    )  # fmt: skip


def poll_entry(row: PollRow, reply: Reply | Fault | None = None) -> Entry:
    """Return the entry of a poll; what was answered says something where the step does not."""
    number, now_ns, job, step, plan, position, since_ns, seen, path, key, notes, delay_ns = row
    return Entry._make((  # two thirds of the time of calling Entry
        number, now_ns, (plan, State(position, since_ns, seen)), RETRAIN_STATUS_CHECK.method,
        path, _masked(key), _POLL, job.job_id,
        step.http_status or (reply.status if isinstance(reply, Reply) else None), step.status,
        step.error, step.fault, step.source, notes, job.caller.number, None,
        step.status or (None if step.error or reply is None else _status_in(reply)),
        step.asked_wait_ns, delay_ns,
    ))  # fmt: skip


_masked: Final = lru_cache(maxsize=64)(mask)  # one key polls again and again


def as_entry(kept: Kept) -> Entry:
    """Return the entry that is kept, or made of what is kept."""
    return kept if isinstance(kept, Entry) else poll_entry(kept)


def call_entry(number: int, call: Call, outcome: Outcome) -> Entry:
    """Return the row of any call of an imitated operation."""
    request, reply, job_id = call.request, outcome.reply, call.job_id
    if job_id is None and call.job is not None:
        job_id = call.job.job_id
    notes = (*call.notes, *request_notes(request, call.operation, job_id))
    by_link = call.operation.needs is None
    shown_status = outcome.status
    if call.operation == RETRAIN_STATUS_CHECK and not outcome.status and not outcome.error:
        shown_status = _status_in(reply)
    return Entry(
        number, call.now_ns, outcome.place, shown(request.method),
        shown(request.path),
        call.caller.masked if by_link else mask(call.api_key), call.operation.name,
        None if job_id is None else shown(job_id),
        reply.status if isinstance(reply, Reply) else None, outcome.status, outcome.error,
        outcome.fault, outcome.source, notes, call.caller.number, outcome.done, shown_status,
        outcome.retry_after_ns, reply.delay_ns,
    )  # fmt: skip


def _status_in(reply: Reply | Fault) -> str | None:
    """Return the status that stands in an answer which arrives whole."""
    if isinstance(reply, Reply):
        whole: Reply | None = reply
    else:
        whole = reply.reply if reply.ending == "complete" else None
    return None if whole is None or whole.status != OK else _status_of(whole.body)


@lru_cache(maxsize=64)  # a literal reply is polled again and again
def _status_of(body: bytes) -> str | None:
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        return None
    status = read.get("status") if isinstance(read, dict) else None
    return status if isinstance(status, str) else None


def unexpected_entry(
    number: int, now_ns: int, request: Request, caller: Caller, answer: Unexpected
) -> Entry:
    """Return the row of a request that this mock does not imitate."""
    return Entry(
        number, now_ns, None, shown(request.method),
        shown(request.path), mask(request.api_key), None, None,
        answer.reply.status, None, None, None, "",
        (answer.why, *request_notes(request, None, None)),
        caller.number if request.api_keys else 0,
    )  # fmt: skip


def request_notes(
    request: Request, operation: Operation | None, job_id: str | None
) -> tuple[str, ...]:
    """Say where a request departs from the documented one; there may be none of its kind."""
    notes = [request.note] if request.note else []
    notes += _query_notes(request, operation)
    if request.has_body and (operation is None or operation.body == "none"):
        notes.append("has a body; the API documents none")
    if operation is not None and operation.needs is not None and not request.api_key:
        notes.append(_no_key(request))
    return *notes, *standing_notes(request.api_keys, job_id)


def standing_notes(api_keys: tuple[str, ...], job_id: str | None) -> Iterator[str]:
    """Say where keys and a job's id are none that a client can mean: at each of its requests."""
    if len(api_keys) > 1 or any("," in key for key in api_keys):
        yield f"has more than one {API_KEY_HEADER}"
    if any(len(key) > API_KEY_LIMIT for key in api_keys):
        yield f"its {API_KEY_HEADER} has more than {API_KEY_LIMIT:,} characters: never a key"
    if job_id is not None and is_placeholder(job_id):
        yield "its retrain_job_id looks like a placeholder that was not filled in"
    elif job_id is not None and (len(job_id) > JOB_ID_LIMIT or "/" in job_id):
        why = "a slash" if "/" in job_id else f"more than {JOB_ID_LIMIT} characters"
        yield f"its retrain_job_id has {why}: never a job"


def _no_key(request: Request) -> str:
    """Say which headers a client may have taken for that of the key: their names, never values."""
    if request.api_keys:
        return f"its {API_KEY_HEADER} is empty"
    swapped = API_KEY_HEADER.encode()  # with its value: then the name is the key
    names = sorted(
        {
            header_text(name)
            for name, value in request.headers
            if _LIKE_A_KEY.search(name) and value.strip().lower() != swapped
        }
    )
    named = ", ".join(shorten(name) for name in names[:MOST_NAMED])
    return f"no {API_KEY_HEADER}{f'; the request has {named}' if named else ''}"


def _query_notes(request: Request, operation: Operation | None) -> Iterator[str]:
    if not request.query or operation is None:  # of what is not imitated nothing is known
        return
    if not operation.query:
        yield "has a query string; the API documents none"
        return
    counts = Counter(name for name, _ in query_of(request.query))
    known = [parameter.name for parameter in operation.query]
    unknown = [name for name in counts if name not in known]
    if unknown:
        named = ", ".join(repr(shorten(name)) for name in unknown[:MOST_NAMED])
        more = len(unknown) - MOST_NAMED
        yield (
            f"has the query parameter{'s' * (len(unknown) > 1)} {named}"
            f"{f' and {more:,} more' * (more > 0)}; the API documents {', '.join(known)}"
        )
    for name in known:
        if counts[name] > 1:
            yield f"has the query parameter {name} more than once; the first one counts"
