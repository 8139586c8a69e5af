"""What ``mock-p1 verify`` writes for machines: one JSON object, and JUnit XML for CI."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

from helpers.broken_servers import FinalDotLost
from helpers.mutant_servers import MUTANTS
from helpers.refuting_servers import ErrorsWithStatus200
from helpers.right_server import served

from mock_p1.verify.runner import CHECKS

READING = [check for check in CHECKS if check.needs is None]
DOCUMENTED = [check for check in READING if check.standing == "documented"]
ASSUMED = [check for check in READING if check.standing == "assumed"]


def test_json_holds_the_whole_report(verify):
    """--json prints one JSON object.

    Every point with its standing, source and outcome, and the verdict.
    """
    with served(FinalDotLost()) as url:
        result = verify(url, "--json", given_all=True)
        report = json.loads(result.output)

    by_id = {point["id"]: point for point in report["points"]}
    assert [point["id"] for point in report["points"]] == [check.id for check in READING]
    assert by_id["unknown-job-is-not-found"] == {
        "id": "unknown-job-is-not-found",
        "standing": "documented",
        "point": "To a wrong retrain_job_id the answer is: Not found retrain job.",
        "source": "manual: Response, error message",
        "outcome": "differ",
        "expected": '4001000204 PREDA_EXTERNAL_BAD_REQUEST "Not found retrain job."',
        "actual": '4001000204 PREDA_EXTERNAL_BAD_REQUEST "Not found retrain job"',
        "reason": None,
    }
    assert (report["verdict"], report["exit_status"], report["base_url"]) == ("differs", 1, url)
    assert report["counts"] == {"hold": 18, "differ": 2, "confirmed": 12, "not checked": 1}


def test_json_says_what_was_not_reached(verify):
    """Also where nothing could be reached the output is JSON, and says why."""
    result = verify("http://127.0.0.1:1", "--json")
    report = json.loads(result.output)

    assert (
        (report["verdict"], report["exit_status"])
        == ("not reached", result.exit_code)
        == ("not reached", 3)
    )
    assert "127.0.0.1:1" in report["trouble"]


def _suites(file):
    return {suite.get("name"): suite for suite in ET.parse(file).getroot()}  # noqa: S314 -- our own file


def test_junit_has_a_case_for_each_point(verify, tmp_path):
    """--junit-xml writes two suites.

    A difference is a failure, a refuted assumption or unchecked point is skipped.
    """
    with served(MUTANTS["UnknownKeyServed"]()) as url:
        verify(url, "--junit-xml", str(tmp_path / "report.xml"))

    suites = _suites(tmp_path / "report.xml")
    documented, assumed = suites["documented"], suites["assumed"]
    assert (len(documented), len(assumed)) == (len(DOCUMENTED), len(ASSUMED))
    failure = documented.find("testcase[failure]")
    assert failure.get("name").startswith("unknown-key-is-refused: ")
    assert "expected: 4001000204" in failure.find("failure").text
    assert documented.get("failures") == "1"
    assert any(
        skipped.get("message").startswith("assumption refuted")
        for skipped in assumed.iter("skipped")
    )
    assert int(documented.get("skipped")) == len(list(documented.iter("skipped"))) > 0


def test_junit_with_strict_fails_a_refuted_assumption(verify, tmp_path):
    """With --strict a refuted assumption is a failure there too."""
    with served(ErrorsWithStatus200()) as url:
        verify(url, "--strict", "--junit-xml", str(tmp_path / "report.xml"))

    assert _suites(tmp_path / "report.xml")["assumed"].get("failures") == "1"


def test_junit_says_what_was_not_reached(verify, tmp_path):
    """A server that cannot be reached is an error of every point, and of one that says why."""
    verify("http://127.0.0.1:1", "--junit-xml", str(tmp_path / "report.xml"))

    documented = _suites(tmp_path / "report.xml")["documented"]
    assert int(documented.get("errors")) == len(DOCUMENTED) + 1 == int(documented.get("tests"))
    assert "127.0.0.1:1" in documented.find("testcase[@name='reached']/error").get("message")


def test_junit_into_no_folder_is_refused_first(verify, tmp_path):
    """A file that cannot be written is a usage error before anything is asked."""
    result = verify("http://127.0.0.1:1", "--junit-xml", str(tmp_path / "none" / "report.xml"))

    assert result.exit_code == 2
    assert "there is no folder" in result.output
