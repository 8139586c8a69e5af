"""A drift as machines read it: JSON for programs, JUnit XML for CI."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

from mock_p1._version import __version__
from mock_p1.verify.verify_report import VERDICTS, as_xml, junit_text

if TYPE_CHECKING:
    from mock_p1.recording.drift import Drift

KINDS: Final = {"differs": "failure", "not checked": "skipped", "not reached": "error"}


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
