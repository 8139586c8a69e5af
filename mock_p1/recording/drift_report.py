"""A drift as machines read it: JSON for programs, JUnit XML for CI."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

from mock_p1._version import __version__

if TYPE_CHECKING:
    from mock_p1.recording.drift import Drift

VERDICTS: Final = {0: "holds", 1: "differs", 3: "not reached"}
KINDS: Final = {"differs": "failure", "not checked": "skipped", "not reached": "error"}
_NOT_XML: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


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
    suite = ET.SubElement(root, "testsuite", name=_xml(against))
    counts = {"failure": 0, "error": 0, "skipped": 0}
    for number, point in enumerate(drift.points, 1):
        name = _xml(f"step {number}: {point.step}")
        case = ET.SubElement(suite, "testcase", classname="verify.against", name=name)
        if kind := KINDS.get(point.outcome):
            counts[kind] += 1
            message = point.reason or f"expected {point.expected}, was {point.actual}"
            ET.SubElement(case, kind, message=_xml(message)).text = _xml(point.source) or None
    for attribute, kind in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(counts[kind]))
    suite.set("tests", str(len(drift.points)))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode") + "\n"


def _xml(text: str) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
