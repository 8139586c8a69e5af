"""The operation behind ``download_url``.

Which result a path leads to, and the links that fail at first.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Final, NamedTuple

from mock_p1.base.clock import SECOND
from mock_p1.base.messages import Reply, json_reply
from mock_p1.engine.not_imitated import no_result
from mock_p1.engine.rate_limit import RetryAfter
from mock_p1.scenario.steps import StatusStep

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mock_p1.base.clock import Clock
    from mock_p1.engine.program import Jobs, ProgramStep
    from mock_p1.engine.replies import ReplyWriter

MAX_LINKS: Final = 10_000
"""How many links are remembered to have failed; the least recently asked for go first."""

FAILURE: Final = {"message": "Service Unavailable"}


class Found(NamedTuple):
    """The answer to a download, and the ``file:line`` that says so.

    None where no step is behind the path.
    """

    reply: Reply
    source: str | None


class Downloads:
    """Answers downloads, and remembers for each job and step how often its link has failed."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._failures: OrderedDict[tuple[str, int], int] = OrderedDict()

    def find(
        self,
        path: str,
        parameters: Mapping[str, str],
        jobs: Jobs,
        written: ReplyWriter,
        clock: Clock,
    ) -> Found:
        """Answer a download: the file, 503 while its link still fails, or a 404 that explains."""
        job_id, name = parameters["retrain_job_id"], parameters["file_name"]
        at = _step_behind(job_id, parameters["step"], jobs)
        if at is None:
            return Found(no_result(path), None)
        result = written.result(job_id, at.position, name, at.step)
        if result is None:
            return Found(no_result(path), at.source)
        if self._fails(job_id, at):
            return Found(
                RetryAfter(SECOND).on(json_reply(503, FAILURE), clock, clock.now_ns()), at.source
            )
        return Found(result, at.source)

    def clear(self, job_id: str | None = None) -> None:
        """Let the links of one job, or of all, fail anew."""
        with self._lock:
            for link in [link for link in self._failures if job_id in (None, link[0])]:
                del self._failures[link]

    def keep(self, wanted: Callable[[str], bool]) -> None:
        """Let every link fail anew whose job is not ``wanted``."""
        with self._lock:
            for link in [link for link in self._failures if not wanted(link[0])]:
                del self._failures[link]

    def _fails(self, job_id: str, at: ProgramStep) -> bool:
        wanted = at.step.result.fails if isinstance(at.step, StatusStep) and at.step.result else 0
        link = (job_id, at.position)
        with self._lock:
            so_far = self._failures.get(link, 0)
            if so_far >= wanted:
                return False
            self._failures[link] = so_far + 1
            self._failures.move_to_end(link)
            if len(self._failures) > MAX_LINKS:
                self._failures.popitem(last=False)
        return True


def _step_behind(job_id: str, number: str, jobs: Jobs) -> ProgramStep | None:
    hit = jobs.find(job_id)
    if hit and len(number) < 10 and number.isascii() and number.isdigit():  # noqa: PLR2004 -- no timeline is that long
        position = int(number) - 1
        if 0 <= position < len(hit.value.steps):
            return hit.value.steps[position]
    return None
