"""``mock-p1 verify --against``: whether a service still behaves as a scenario says."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

import click

from mock_p1._version import __version__
from mock_p1.base.text import plural
from mock_p1.cli.output import Results
from mock_p1.recording.drift import Comparison, Drift, has_seen_all
from mock_p1.recording.job_recorder import JobRecorder, call_of
from mock_p1.recording.pseudonyms import Pseudonyms
from mock_p1.scenario.files import load_scenario
from mock_p1.scenario.problems import ScenarioError
from mock_p1.verify.client import HttpClient
from mock_p1.verify.exceptions import UsageError
from mock_p1.verify.pace import Pace
from mock_p1.verify.verify_report import VERDICTS, as_xml, junit_text

if TYPE_CHECKING:
    from pathlib import Path

    from mock_p1.scenario.model import Job, Scenario


KINDS: Final = {"differs": "failure", "not checked": "skipped", "not reached": "error"}
"""What an outcome is in JUnit XML; what holds is none of these."""


def compared(  # noqa: PLR0913 -- the command's options
    *,
    against: str,
    url: str,
    api_key: str | None,
    job_id: str | None,
    every: float,
    limit: float,
    timeout: float,
    ca_file: Path | None,
    ignore_times: bool,
    strict: bool,
    **_: object,
) -> Drift:
    """Poll the job, and hold it against the scenario; spans are in seconds.

    UsageError where a key or a job is missing or refused, Unreachable where nothing answers.
    """
    try:
        scenario = load_scenario(against)
    except ScenarioError as error:
        raise UsageError(f"--against: {error}") from None
    recorded_id, job = _recorded_job(scenario, against, job_id)
    job_id = job_id or recorded_id
    call = call_of(url, api_key, job_id)
    names = Pseudonyms()
    names.key(call.api_key)
    recorder = JobRecorder(
        HttpClient(ca_file=ca_file),
        call,
        Pace(timeout=timeout, limit=limit),
        every_seconds=every,
        tell=lambda text: click.echo(text, err=True),
    )
    comparison = Comparison(
        scenario,
        job,
        names,
        every_seconds=every,
        same_job=job_id == recorded_id,
        ignore_times=ignore_times,
        strict=strict,
    )
    return comparison.judge(recorder.record(lambda seen: has_seen_all(job, seen)))


def show_drift(drift: Drift, against: str) -> None:
    """Show what holds and what does not, and what it comes to."""
    results = Results()
    polls = plural(drift.polls, "poll")
    results.line(f"{drift.job_id} against {against}, by {polls}\n")
    rows = [
        (point.outcome, point.step, point.expected, point.actual or point.reason, point.source)
        for point in drift.points
    ]
    if rows:
        header = ("", "step", "recorded", "now", "source")
        results.table(rows, header=header, styles=("bold", "", "", "", "dim"))
        results.line()
    if drift.incomplete:
        results.line(f"The recorded end was not seen: {drift.incomplete}")
    differing = len(drift.having("differs"))
    if differing:
        results.line(f"{plural(differing, 'step')} no longer as recorded.")
    elif not drift.incomplete:
        results.line("The service behaves as recorded, in what was checked.")
    results.line(f"Exit status {drift.exit_status}.")


def drift_as_json(drift: Drift, against: str) -> str:
    """Return the whole as JSON, in ASCII so that any redirection keeps it whole."""
    whole = {
        "tool": f"mock-p1 {__version__}",
        "against": against,
        "job_id": drift.job_id,
        "polls": drift.polls,
        "verdict": VERDICTS[drift.exit_status],
        "exit_status": drift.exit_status,
        "trouble": drift.incomplete or None,
        "steps": [
            {name: value or None for name, value in asdict(point).items()} for point in drift.points
        ],
    }
    return json.dumps(whole, indent=2)


def drift_as_junit(drift: Drift, against: str) -> str:
    """Return the whole as JUnit XML, a test case for each step.

    What differs is a failure, what was not reached an error, what was not checked skipped.
    """
    root = ET.Element("testsuites", name="mock-p1 verify --against")
    suite = ET.SubElement(root, "testsuite", name=as_xml(against))
    for number, point in enumerate(drift.points, 1):
        name = as_xml(f"step {number}: {point.step}")
        case = ET.SubElement(suite, "testcase", classname="verify.against", name=name)
        if kind := KINDS.get(point.outcome):
            message = point.reason or f"expected {point.expected}, was {point.actual}"
            ET.SubElement(case, kind, message=as_xml(message)).text = as_xml(point.source) or None
    return junit_text(root)


def _recorded_job(scenario: Scenario, against: str, job_id: str | None) -> tuple[str, Job]:
    """Return the job that is meant, and its id in the scenario."""
    if job_id in scenario.jobs:
        return job_id, scenario.jobs[job_id]
    if len(scenario.jobs) != 1:
        known = ", ".join(scenario.jobs) or "none"
        raise UsageError(f"--against {against} has these jobs: {known}; name one by --job-id")
    name, job = next(iter(scenario.jobs.items()))
    if "*" in name and not job_id:
        raise UsageError(f"--against {against} has a pattern, {name}; give the job by --job-id")
    return name, job
