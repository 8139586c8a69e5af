"""A report as machines read it.

JSON for programs, JUnit XML for CI; and the lines that a scenario should assume.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, Final
from xml.etree import ElementTree as ET

import yaml

from mock_p1._version import __version__
from mock_p1.verify.credentials import mask
from mock_p1.verify.published import PAGE

if TYPE_CHECKING:
    from mock_p1.verify.runner import Report, Result
    from mock_p1.verify.session import VerifySession
    from mock_p1.verify.watch import WatchedJob

VERDICTS: Final = {0: "holds", 1: "differs", 3: "not reached"}

_COUNTED: Final = (
    ("failures", "failure"),
    ("errors", "error"),
    ("skipped", "skipped"),
    ("tests", "testcase"),
)
_NOT_XML: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_json(report: Report, session: VerifySession, *, strict: bool = False) -> str:
    """Return the whole report as JSON, in ASCII so that any redirection keeps it whole."""
    status = report.exit_status(strict=strict)
    whole = {
        "tool": f"mock-p1 {__version__}",
        "manual": PAGE,
        "base_url": session.base,
        "api_key": mask(session.in_use("api_key")),
        "job_id": session.in_use("job_id"),
        "calls_made": session.calls_made or None,
        "verdict": VERDICTS[status],
        "exit_status": status,
        "trouble": report.incomplete or None,
        "counts": counts(report),
        "points": [_point(result) for result in report.results],
        "assumptions": report.assumptions or None,
        "beyond_assumptions": [result.check.id for result in report.beyond_assumptions] or None,
        "watched": _watched(report.watched) if report.watched else None,
    }
    return json.dumps(whole, indent=2)


def counts(report: Report) -> dict[str, int]:
    """Return how many points had which outcome; only outcomes that there were."""
    return dict(Counter(result.outcome for result in report.results))


def as_junit(report: Report, *, strict: bool = False) -> str:
    """Return the report as JUnit XML: a suite of documented points and one of assumed ones.

    What differs is a failure; what was not reached, an error; what was not checked, skipped. A
    refuted assumption is skipped with what was found, or with ``strict`` a failure.
    """
    root = ET.Element("testsuites", name="mock-p1 verify")
    for standing in ("documented", "assumed"):
        suite = ET.SubElement(root, "testsuite", name=standing)
        for result in report.results:
            if result.check.standing == standing:
                _add_case(suite, result, strict=strict)
    if report.incomplete:
        case = ET.SubElement(root[0], "testcase", classname="verify", name="reached")
        ET.SubElement(case, "error", message=as_xml(report.incomplete))
    return junit_text(root)


def junit_text(root: ET.Element) -> str:
    """Return JUnit XML as text, in which each suite says how many cases it has of each kind."""
    for suite in root:
        for attribute, tag in _COUNTED:
            suite.set(attribute, str(sum(1 for _ in suite.iter(tag))))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode") + "\n"


def assumption_lines(report: Report) -> str:
    """Return the YAML that makes the mock agree with the server, for a scenario file.

    Empty if there is nothing.
    """
    if not report.assumptions:
        return ""
    text: str = yaml.safe_dump(
        {"assumptions": report.assumptions}, sort_keys=False, allow_unicode=True, width=1000
    )
    return text


def _point(result: Result) -> dict[str, Any]:
    check = result.check
    return {
        "id": check.id,
        "standing": check.standing,
        "point": check.sentence,
        "source": check.source,
        "outcome": result.outcome,
        "expected": result.expected or None,
        "actual": result.actual or None,
        "reason": result.reason or None,
    }


def _watched(watched: WatchedJob) -> dict[str, Any]:
    return {
        "job_id": watched.job_id,
        "polls": watched.polls,
        "ended": watched.ended,
        "why": watched.why,
        "statuses": [
            {
                "status": s.status,
                "first_seen_seconds": s.first_seen_seconds,
                "last_seen_seconds": s.last_seen_seconds,
            }
            for s in watched.sightings
        ],
        "transitions": [
            {
                "from": before.status,
                "to": after.status,
                "after_seconds": before.last_seen_seconds,
                "by_seconds": after.first_seen_seconds,
            }
            for before, after in watched.transitions
        ],
    }


def _add_case(suite: ET.Element, result: Result, *, strict: bool) -> None:
    """Add a test case, which says what it is if it has not passed."""
    check = result.check
    case = ET.SubElement(
        suite,
        "testcase",
        classname=f"verify.{check.standing}",
        name=f"{check.id}: {check.sentence}",
    )
    found = f"expected {result.expected}, was {result.actual}"
    beside = f"expected: {result.expected}\nactual: {result.actual}\nsource: {check.source}"
    kinds = {
        "differ": ("failure", found, beside),
        "refuted": ("failure" if strict else "skipped", f"assumption refuted: {found}", beside),
        "not checked": ("skipped", f"not checked: {result.reason}", ""),
        "not reached": ("error", result.reason, ""),
    }
    if result.outcome in kinds:
        kind, message, text = kinds[result.outcome]
        ET.SubElement(case, kind, message=as_xml(message)).text = as_xml(text) or None


def as_xml(text: str) -> str:
    """Return a text as XML can hold it."""
    return _NOT_XML.sub("�", text)
