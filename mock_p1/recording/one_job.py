"""The scenario of one job that was polled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from mock_p1._version import __version__
from mock_p1.base.durations import format_seconds
from mock_p1.base.text import plural
from mock_p1.contract.operations import DOCUMENTED_HOSTS, RESULT_DOWNLOAD
from mock_p1.recording.scenario_text import RecordedJob, RecordedScenario
from mock_p1.recording.seen_steps import steps_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from mock_p1.recording.job_recorder import SeenJob
    from mock_p1.recording.seen import Seen
    from mock_p1.recording.seen_result import SeenResult

TIMES: Final = (
    "Times are what polling can know: a step ended between the poll that saw it last and the next; "
    "a round time near the middle stands here."
)
REPLACED: Final = (
    "Keys, hosts, links and signatures are replaced; of headers, Content-Type, Location and "
    "Retry-After alone are kept."
)


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
        notes = ["Its result did not come, and is invented."] if attempts else []
        return "generated", notes
    if result_file:
        return {"file": result_file}, [f"Its result: {result.described()}; kept as it came."]
    return result.step(), [f"Its result: {result.described()}; an invented one is in its place."]
