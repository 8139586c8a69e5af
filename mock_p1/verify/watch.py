"""Watches a job: polls it until it ends, and says which statuses it saw, and when."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import repeat
from typing import TYPE_CHECKING, Final, NamedTuple, TypeGuard

from mock_p1.verify.answer import Answer, error_of, json_object, one_line
from mock_p1.verify.exceptions import Unreachable
from mock_p1.verify.published import FINISHED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mock_p1.verify.session import VerifySession

FAILURE_WORDS: Final = ("fail", "error", "cancel", "abort")
"""A status with one of these in it is taken for an end.

That is assumed: the manual names only job_finished.
"""

ENOUGH_FAILURES: Final = 10
"""After so many polls in a row without an answer the watch is given up."""


class Sighting(NamedTuple):
    """A status or an error, and when it was first and last seen since the first poll."""

    first_seen_seconds: float
    status: str
    last_seen_seconds: float


@dataclass(slots=True)
class WatchedJob:
    """What was seen of a job.

    ``sightings`` has one row for each time the status changed; ``why`` says how it ended.
    """

    job_id: str
    polls: int = 0
    sightings: list[Sighting] = field(default_factory=list)
    ended: bool = False
    why: str = ""

    @property
    def transitions(self) -> list[tuple[Sighting, Sighting]]:
        """Every change, as what was seen before and after it."""
        return list(zip(self.sightings, self.sightings[1:], strict=False))

    def see(self, seconds: float, status: str) -> bool:
        """Take in what a poll saw; return whether it is something new."""
        self.polls += 1
        if self.sightings and self.sightings[-1].status == status:
            self.sightings[-1] = self.sightings[-1]._replace(last_seen_seconds=seconds)
            return False
        self.sightings.append(Sighting(seconds, status, seconds))
        return True


def watch(
    session: VerifySession,
    every: float,
    on_change: Callable[[Sighting], None] = lambda _: None,
) -> WatchedJob:
    """Poll the job every ``every`` seconds until it ends or the session's limit is reached.

    A poll without an answer is no end; ten in a row are. A server that asks for more patience
    (Retry-After) gets it. KeyboardInterrupt ends the watch too, and what was seen until then is
    returned.
    """
    watched = WatchedJob(session.value("job_id"))
    try:
        _poll_until_end(watched, session, "the job", repeat(every), on_change)
    except KeyboardInterrupt:
        watched.why = "it was stopped"
    return watched


def follow(session: VerifySession, question: str) -> WatchedJob:
    """Poll a job that was just created until it ends: soon at first, then at a watch's pace."""
    watched = WatchedJob(session.asked_id(question))
    _poll_until_end(watched, session, question, _growing(session.every_seconds), lambda _: None)
    return watched


def _growing(most: float) -> Iterator[float]:
    seconds = min(1.0, most)
    while True:
        yield seconds
        seconds = min(2 * seconds, most)


def _poll_until_end(
    watched: WatchedJob,
    session: VerifySession,
    question: str,
    pauses: Iterator[float],
    on_change: Callable[[Sighting], None],
) -> None:
    started, failures = session.pace.now(), 0
    while not watched.ended and failures < ENOUGH_FAILURES and session.pace.remaining:
        pause = next(pauses)
        try:
            answer = session.poll(question)
        except Unreachable as error:
            failures += 1
            pause = max(pause, error.wait_seconds)
            watched.why = session.hide(str(error))
        else:
            failures = 0
            if watched.see(session.pace.now() - started, session.hide(_status_or_error(answer))):
                on_change(watched.sightings[-1])
            end = why_ended(answer)
            watched.ended, watched.why = end is not None, end or session.pace.limit_reached
        if not watched.ended:
            session.pace.wait(pause)


def _status_or_error(answer: Answer) -> str:
    error = error_of(answer)
    if error.name is not None:
        return f'"{error.message}"'
    return one_line(str((json_object(answer) or {}).get("status", f"HTTP {answer.status}")))


def why_ended(answer: Answer) -> str | None:
    """Say why this is the job's end; None if it is not."""
    if error_of(answer).name is not None:
        return "an error answers"
    status = (json_object(answer) or {}).get("status")
    if status == FINISHED:
        return "it is finished"
    if is_failure(status):
        return f"{one_line(status)} reads like an end (assumed; the manual names only {FINISHED})"
    return None


def is_failure(status: object) -> TypeGuard[str]:
    """Tell whether a status reads like a failed job's."""
    return isinstance(status, str) and any(word in status.lower() for word in FAILURE_WORDS)
