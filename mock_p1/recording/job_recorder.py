"""Polls a job of a service until its end, at a polite pace, and keeps what each poll saw.

Each poll is one request. A server that asks for more patience (Retry-After) gets it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from mock_p1.base.durations import format_seconds
from mock_p1.recording.seen import failure, seen_at_poll
from mock_p1.recording.seen_steps import SeenPoll
from mock_p1.verify.answer import Answer, Call, Client, error_of, one_line
from mock_p1.verify.credentials import check_job_id, check_key, hide_keys
from mock_p1.verify.exceptions import Unreachable, UsageError
from mock_p1.verify.preflight import other_than_api
from mock_p1.verify.published import API_KEY_HEADER, CREDENTIAL_ERRORS, FINISHED, STATUS_PATH
from mock_p1.verify.session import GATEWAY
from mock_p1.verify.url import base_url
from mock_p1.verify.watch import is_failure

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from mock_p1.verify.pace import Pace

ENOUGH: Final = 10
"""After so many polls in a row that saw no status it is given up."""

CLOCK_SECONDS: Final = 2.0
"""By how much two clocks may disagree over one wait before it is told."""


@dataclass(frozen=True, slots=True)
class RecordedJobCall:
    """Whose job is polled, and where: a base URL, the key for the header, the id as it is."""

    base: str
    api_key: str
    job_id: str

    @property
    def url(self) -> str:
        """The URL that is polled."""
        return self.base + STATUS_PATH.format(retrain_job_id=quote(self.job_id, safe=""))


def call_of(url: str, api_key: str | None, job_id: str) -> RecordedJobCall:
    """Return what is to be polled. UsageError where it cannot be."""
    base = base_url(url)
    if not api_key:
        raise UsageError("give a key that sees the job, best as the variable MOCK_P1_API_KEY")
    check_key("--api-key", api_key)
    check_job_id("--job-id", job_id)
    return RecordedJobCall(base, api_key, job_id)


@dataclass(slots=True)
class SeenJob:
    """What was seen of a job; ``why`` says how it ended, ``ended`` whether the job did.

    ``was_stopped`` tells that somebody stopped it.
    """

    job_id: str
    polls: list[SeenPoll] = field(default_factory=list)
    why: str = ""
    ended: bool = False
    was_stopped: bool = False

    @property
    def link(self) -> str:
        """The last link to a result; empty where there was none."""
        return next((poll.seen.link for poll in reversed(self.polls) if poll.seen.link), "")


class JobRecorder:
    """Polls one job."""

    def __init__(  # noqa: PLR0913 -- what a recording needs, in one place
        self,
        client: Client,
        call: RecordedJobCall,
        pace: Pace,
        *,
        every_seconds: float = 30.0,
        until: Collection[str] = (),
        date: Callable[[], datetime] = lambda: datetime.now(UTC),
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        """``until`` are the statuses that end it.

        Without any, those are job_finished and one that reads like a failure. ``tell`` is told
        what is new, in words.
        """
        self._client, self._call, self._pace = client, call, pace
        self._every, self._until = every_seconds, until
        self._date, self._tell = date, tell

    def record(self, is_enough: Callable[[SeenJob], str] = lambda _: "") -> SeenJob:
        """Poll until the end, the limit of the pace, or KeyboardInterrupt.

        ``is_enough`` may say that it has seen enough, and why. UsageError if the key is refused at
        the first poll, Unreachable if something else than the API answers it, or nothing.
        """
        job = SeenJob(self._call.job_id)
        began, idle = self._pace.now(), 0
        try:
            while not job.why:
                poll = self._poll(job, began)
                if poll is None:
                    break
                job.polls.append(poll)
                idle = 0 if poll.seen.status else idle + 1
                self._say(job)
                job.why = self._why_ended(poll, idle) or is_enough(job)
                job.ended = bool(job.why) and idle < ENOUGH
                if not job.why:
                    self._pace.wait(max(self._every - poll.took_seconds, poll.seen.wait_seconds))
        except KeyboardInterrupt:
            job.why, job.was_stopped = "it was stopped", True
        job.why = job.why or self._pace.limit_reached
        return job

    def _poll(self, job: SeenJob, began: float) -> SeenPoll | None:
        """Ask once; None where the limit is reached."""
        if not self._pace.remaining:
            return None
        date, asked = self._date(), self._pace.now()
        note = ""
        if job.polls:
            last = job.polls[-1]
            moved = (date - last.moment).total_seconds() - (asked - began - last.seconds)
            if abs(moved) > CLOCK_SECONDS:
                way = "forward" if moved > 0 else "back"
                span = format_seconds(abs(moved), parts=1)
                note = (
                    f"before this the clock of the recording machine went {way} by {span}, "
                    "or it slept: times count on from where it was"
                )
        headers = {API_KEY_HEADER: self._call.api_key}
        try:
            answer = self._client.send(
                Call("GET", self._call.url, headers), seconds=self._pace.next_timeout()
            )
        except Unreachable as error:
            if not job.polls:
                raise
            if not self._pace.remaining:
                return None
            seen = failure(error)
        else:
            if not job.polls:
                self._check_first(answer)
            seen = seen_at_poll(answer, self._call.job_id)
        return SeenPoll(asked - began, self._pace.now() - asked, date, seen, note)

    def _check_first(self, answer: Answer) -> None:
        """Stop at the first poll where none can tell anything of the job."""
        error = error_of(answer)
        if error.name in CREDENTIAL_ERRORS:
            raise UsageError(
                f'the API key: the server answered "{error.message}"; nothing more was asked'
            )
        if answer.status not in GATEWAY and (found := other_than_api(answer)):
            hidden = hide_keys(f"{self._call.base} {found}", [self._call.api_key])
            raise Unreachable(f"{hidden}; nothing more was asked")

    def _say(self, job: SeenJob) -> None:
        poll = job.polls[-1]
        if len(job.polls) > 1 and job.polls[-2].seen == poll.seen:
            return
        after = format_seconds(poll.seconds)
        more = f" ({poll.seen.note})" if poll.seen.note else ""
        text = f"{after:>10}  {one_line(poll.seen.label)}{one_line(more)}"
        self._tell(hide_keys(text, [self._call.api_key]))
        if len(job.polls) == 1 and not poll.seen.status:
            self._tell(f"{'':12}that is no status; after {ENOUGH} such polls it is given up")

    def _why_ended(self, poll: SeenPoll, idle: int) -> str:
        """Say why no more is to be seen; empty where there may be."""
        status = poll.seen.status
        if self._until:
            if status in self._until:
                return f"{one_line(str(status))} was seen"
        elif status == FINISHED:
            return "it is finished"
        elif is_failure(status):
            return f"{one_line(status)} reads like an end"
        return f"the last {ENOUGH} polls saw no status" if idle >= ENOUGH else ""
