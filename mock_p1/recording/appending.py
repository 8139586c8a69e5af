"""Adds a recording to a scenario file: another job, or what differed when a job was recorded again.

Every line that stands in the file stays as it is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from mock_p1.base.durations import format_seconds
from mock_p1.base.text import plural
from mock_p1.recording.drift import Comparison, DriftPoint
from mock_p1.recording.flow_yaml import comment
from mock_p1.recording.scenario_text import ErrorShape, RecordedScenario, job_lines, learn
from mock_p1.scenario.parser import parse
from mock_p1.scenario.problems import ScenarioError
from mock_p1.verify.exceptions import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mock_p1.recording.job_recorder import SeenJob
    from mock_p1.recording.pseudonyms import Pseudonyms
    from mock_p1.scenario.document import Attach
    from mock_p1.scenario.model import Scenario

_JOBS: Final = re.compile(r"jobs:\s*(#.*)?")
_JOB: Final = re.compile(r"( +)[^\s#-].*:")


def check_appendable(scenario: Scenario, job_id: str) -> None:
    """See that a recording can be added, before hours are spent on it. UsageError where not."""
    if job_id not in scenario.jobs:
        _place(_lines(scenario))


def appended(  # noqa: PLR0913, PLR0917 -- two recordings, and how they are compared
    scenario: Scenario,
    recorded: RecordedScenario,
    seen: SeenJob,
    names: Pseudonyms,
    every_seconds: float,
    attach: Attach | None = None,
) -> str:
    """Return the text of a scenario with a recording added.

    UsageError where it cannot be added.
    """
    learn(recorded, names)
    lines = _lines(scenario)
    if seen.job_id in scenario.jobs:
        lines = _compared(lines, scenario, recorded, seen, names, every_seconds)
    else:
        place, indent = _place(lines)
        shape = ErrorShape.assumed(scenario.assumptions)
        recorded.jobs[0].notes = [*recorded.notes[:1], *recorded.jobs[0].notes]
        more = " " * (indent - 2)
        lines[place:place] = [more + line for line in job_lines(recorded.jobs[0], names, shape)]
    text = "\n".join(lines) + "\n"
    try:
        parse(text, scenario.name, attach)
    except ScenarioError as error:
        raise UsageError(f"the recording cannot be added to this file: {error}") from None
    return text


def _compared(  # noqa: PLR0913, PLR0917 -- as above
    lines: list[str],
    scenario: Scenario,
    recorded: RecordedScenario,
    seen: SeenJob,
    names: Pseudonyms,
    every_seconds: float,
) -> list[str]:
    """Return the lines with a comment at each step that was another when it was recorded again."""
    job = scenario.jobs[seen.job_id]
    drift = Comparison(
        scenario, job, names, every_seconds=every_seconds, same_job=True, strict=True
    ).judge(seen)
    other = [point for point in drift.points if point.outcome == "differs"]
    span = format_seconds(every_seconds, parts=1000)
    what = f"{plural(len(seen.polls), 'poll')}, {span} apart; {seen.why}"
    how = f"{plural(len(other), 'step')} differed, see below" if other else "as before"
    when = f"{recorded.began:%Y-%m-%d %H:%M} UTC"
    comments = {_line_of(job.source): [f"Recorded again on {when}: {what}; {how}."]}
    place = _line_of(job.steps[0].source)
    for point in drift.points:
        place = _line_of(point.source) if point.source else place
        if point in other:
            text = _in_words(point, f"{recorded.began:%Y-%m-%d}")
            comments.setdefault(place, []).append(text)
    found = []
    for number, line in enumerate(lines, 1):
        indent = " " * (len(line) - len(line.lstrip()))
        found += [f"{indent}# {comment(names.text(text))}" for text in comments.get(number, ())]
        found.append(line)
    return found


def _in_words(point: DriftPoint, day: str) -> str:
    if not point.source:
        return f"on {day} before this or after it: {point.actual}"
    return f"on {day}: {point.actual or point.reason} (not: {point.expected})"


def _line_of(source: str) -> int:
    line = source.rpartition(":")[2]
    return int(line) if line.isdigit() else 1


def _lines(scenario: Scenario) -> list[str]:
    return (scenario.text or "").splitlines()


def _place(lines: Sequence[str]) -> tuple[int, int]:
    """Return the index of the line behind the last job, and by how much jobs are indented."""
    start = next((i for i, line in enumerate(lines) if _JOBS.fullmatch(line.rstrip())), None)
    if start is None:
        raise UsageError(
            "to add a job to a file, it needs a line jobs: with each job below it, as record "
            "writes it"
        )
    rest = range(start + 1, len(lines))
    end = next((i for i in rest if lines[i] and lines[i][0] not in " #"), len(lines))
    indent = next((len(m[1]) for line in lines[start + 1 : end] if (m := _JOB.match(line))), 2)
    while end > start + 1 and not lines[end - 1].strip():
        end -= 1
    if indent < 2:  # noqa: PLR2004 -- what record writes
        raise UsageError("to add a job to a file, its jobs must be indented by two blanks or more")
    return end, indent
