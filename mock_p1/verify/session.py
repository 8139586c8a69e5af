"""What is checked: a server, and every answer it gave, asked for once, at a polite pace, and remembered."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from mock_p1.verify.answer import Answer, carried, fields, shown
from mock_p1.verify.client import MOST_BYTES, Unreachable
from mock_p1.verify.means import ASKS, POLLS, Ask, Credentials, option
from mock_p1.verify.published import API_KEY_HEADER, FINISHED
from mock_p1.verify.url import job_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mock_p1.verify.client import Client

ENOUGH_FAILURES: Final = 3
"""After so many failures in a row no more is asked.

The server is gone, and each would cost a time-out.
"""

GATEWAY: Final = (429, 502, 503, 504)
"""HTTP statuses by which something between, or a limit, answers in place of the API."""


class NotChecked(Exception):  # noqa: N818 -- says what happened
    """A point cannot be checked; the message says why, and what the caller could give."""


class Pace:
    """Keeps calls apart and bounds them, in seconds.

    A pause between two, a time-out of each, a limit over all.
    """

    def __init__(
        self, *, pause: float = 0.0, timeout: float = 10.0, limit: float = 600.0,
        now: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep,
    ) -> None:  # fmt: skip
        self.now = now
        self._pause, self._timeout, self._limit, self._sleep = pause, timeout, limit, sleep
        self._ends, self._next = now() + limit, now()

    @property
    def remaining(self) -> float:
        """Seconds until the limit; never negative."""
        return max(0.0, self._ends - self.now())

    def wait(self, seconds: float) -> None:
        """Let time pass, but not beyond the limit."""
        if seconds > 0:
            self._sleep(min(seconds, self.remaining))

    def turn(self) -> float:
        """Wait for the next call's turn and return how many seconds it may take.

        Unreachable beyond the limit.
        """
        self.wait(self._next - self.now())
        self._next = self.now() + self._pause
        if not self.remaining:
            raise Unreachable(self.over)
        return min(self._timeout, self.remaining)

    @property
    def over(self) -> str:
        """What to say once nothing remains."""
        return f"the limit of {self._limit:g} s was reached; give a longer one by --limit"


class VerifySession:
    """A server under check. Every answer is asked for once and remembered, trouble included."""

    def __init__(
        self, base: str, means: Credentials, client: Client, pace: Pace | None = None
    ) -> None:
        """``base`` is a base URL as ``address.base_url`` returns it."""
        self.base, self.means = base, means
        self.pace = pace or Pace()
        self._client = client
        self._known: dict[str, Answer | Unreachable] = {}
        self._watched: dict[object, Answer] = {}
        self._failures = 0

    def answer(self, ask: str) -> Answer:
        """Return the answer to one of ASKS.

        NotChecked without the means; Unreachable if there is none.
        """
        key = self._key(ASKS[ask])
        headers = {} if key is None else {API_KEY_HEADER: key}
        return self._once(ask, job_url(self.base, self.asked_id(ask)), headers)

    def answers(self, *asks: str) -> Iterator[tuple[str, Answer]]:
        """Yield those of the answers that the caller has the means for."""
        for ask in asks:
            try:
                yield ask, self.answer(ask)
            except NotChecked:
                continue

    def poll(self) -> Answer:
        """Ask for the job anew, whatever failed before; from now on this is what is known of it.

        Or Unreachable.
        """
        self._known.pop("the job", None)
        self._failures = 0
        answer = self.answer("the job")
        self._watched[str((fields(answer) or {}).get("status"))] = answer
        return answer

    def replies(self, *asks: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the answers to polls (or to ``asks``) that are JSON objects and none of the five errors."""
        watched = (
            () if asks else (("the job, watched", answer) for answer in self._watched.values())
        )
        for ask, answer in (*watched, *self.answers(*(asks or POLLS))):
            found = fields(answer)
            if found is not None and carried(answer).name is None:
                yield ask, found

    def finished(self) -> dict[str, Any]:
        """Return the reply of a finished job: of --finished-job-id, or of the job itself if it is.

        Else NotChecked.
        """
        for _, reply in self.replies("the finished job", "the job"):
            if reply.get("status") == FINISHED:
                return reply
        raise NotChecked("no finished job was seen; give one by --finished-job-id")

    def download(self, url: str, most: int) -> Answer:
        """GET a result as the manual does, with no key; at most its first ``most`` bytes."""
        return self._once("the result", url, {}, most)

    def asked_id(self, ask: str) -> str:
        """Return the job id that a question names. NotChecked without the means."""
        how = ASKS[ask]
        return how.literal_job or self._given(how.job)

    def _key(self, how: Ask) -> str | None:
        if how.literal_key is not None or how.key is None:
            return how.literal_key
        return self._given(how.key)

    def _given(self, name: str) -> str:
        value: str | None = getattr(self.means, name)
        if value is None:
            raise NotChecked(f"no {option(name)} was given")
        return value

    def _once(self, name: str, url: str, headers: dict[str, str], most: int = MOST_BYTES) -> Answer:
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = self._get(url, headers, most)
        if isinstance(known, Unreachable):
            raise known
        return known

    def _get(self, url: str, headers: dict[str, str], most: int) -> Answer | Unreachable:
        if self._failures >= ENOUGH_FAILURES:
            return Unreachable(f"not asked: the {ENOUGH_FAILURES} calls before had failed")
        try:
            answer = self._client.get(url, headers, seconds=self.pace.turn(), most=most)
        except Unreachable as trouble:
            self._failures += 1
            return trouble if self.pace.remaining else Unreachable(self.pace.over)
        if answer.status in GATEWAY and carried(answer).name is None:
            self._failures += 1
            return Unreachable(
                f"{urlsplit(url).netloc} does not answer for now: {shown(answer)}",
                _retry_after(answer),
            )
        self._failures = 0
        return answer


def _retry_after(answer: Answer) -> float:
    text = answer.headers.get("retry-after", "")
    return float(text[:9]) if text.isascii() and text.isdigit() else 0.0
