"""``pytest contract_tests --base-url URL``.

Green against a right server, red by name against a mutant.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.mutant_servers import MUTANTS
from helpers.right_server import GIVEN, MODEL, SECRET, Right, served

import mock_p1
from mock_p1.verify.credentials import option_name
from mock_p1.verify.questions import PERMISSIONS

ROOT = Path(__file__).parents[2]
OPTIONS = [part for name, value in GIVEN.items() for part in (option_name(name), value)]


class Outcomes:
    """A pytest plugin that records the outcome of each test, and what the skipped ones said."""

    def __init__(self):
        self.by_test, self.reasons = {}, []

    def pytest_runtest_logreport(self, report):
        """Take down a test's call, or what kept it from one."""
        if report.when == "call" or report.outcome != "passed":
            self.by_test[report.nodeid.rpartition("::")[2]] = report.outcome
        if report.skipped:
            self.reasons.append(report.longrepr[2])

    def having(self, outcome):
        """The names of the tests with this outcome."""
        return {name for name, found in self.by_test.items() if found == outcome}


def _run(url, *arguments):
    """Run contract_tests against a server in this process.

    Give pytest's exit status and the outcomes.
    """
    outcomes = Outcomes()
    quiet = [
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:randomly",
        "-c",
        str(ROOT / "pyproject.toml"),
    ]
    status = pytest.main(
        [str(ROOT / "contract_tests"), "--base-url", url, *arguments, *quiet], plugins=[outcomes]
    )
    return status, outcomes


@pytest.mark.slow
def test_a_right_server_is_green(tmp_path):
    """With everything given and allowed, nothing fails and nothing is left unchecked."""
    with served(Right()) as url:
        file = tmp_path / "train.csv"
        file.write_bytes(b"id,label\n1,a\n")
        allowed = [part for name in PERMISSIONS for part in ("--allow", name)]
        made_with = ["--secret-key", SECRET, "--model-id", str(MODEL), "--file", str(file), "--yes"]
        status, outcomes = _run(url, *OPTIONS, *allowed, *made_with)

    assert status == 0
    assert all(reason.endswith("curl is not installed") for reason in outcomes.reasons)


@pytest.mark.slow
def test_calls_that_change_something_are_made_only_where_allowed():
    """Without --allow their points are skipped, and nothing of the kind is asked."""
    service = Right()
    with served(service) as url:
        status, outcomes = _run(url, *OPTIONS, "-k", "test_points")

    assert status == 0
    assert "Skipped: not checked: --allow switch was not given" in outcomes.reasons
    assert {call.method for call in service.calls} == {"GET"}
    assert not any(call.path.endswith(("upload_url", "api-key")) for call in service.calls)


@pytest.mark.slow
def test_only_the_calls_of_the_chosen_points_are_made():
    """A point that is left out by -k costs the server nothing."""
    service = Right()
    with served(service) as url:
        allowed = ("--allow", "issue-key", "--secret-key", SECRET, "--model-id", str(MODEL))
        status, _ = _run(url, *OPTIONS, *allowed, "-k", "issue-needs-model-id")

    assert status == 0
    assert [call.query for call in service.calls if call.path.endswith("api-key")] == [
        {"credential_type": "retrain"}
    ]


SAMPLE = ("FinalDotLost",)
"""What every run of the suite tries of them; the others are tried in CI."""


@pytest.mark.parametrize(
    "mutant",
    [
        pytest.param(mutant, id=name, marks=() if name in SAMPLE else pytest.mark.slow)
        for name, mutant in MUTANTS.items()
    ],
)
def test_a_mutant_is_red_by_name(mutant):
    """The points that fail are the mutant's own, and no others."""
    with served(mutant()) as url:
        status, outcomes = _run(url, *OPTIONS, "-k", "test_points")

    points = {f"test_documented[base-url-{point}]" for point in mutant.differs}
    points |= {f"test_assumed[base-url-{point}]" for point in mutant.refuted}
    assert status == 1
    assert outcomes.having("failed") == points


@pytest.mark.slow
def test_without_the_means_a_point_is_skipped_with_the_reason():
    """What the caller gave nothing to provoke with is not checked: skipped, never passed."""
    with served(Right()) as url:
        status, outcomes = _run(url, *OPTIONS[:4])

    skipped = outcomes.having("skipped")
    assert status == 0
    assert "test_documented[base-url-deleted-job-says-so]" in skipped
    assert "test_python_example[base-url]" in skipped
    assert "Skipped: not checked: no --deleted-job-id was given" in outcomes.reasons
    assert all("not checked: " in reason for reason in outcomes.reasons)


@pytest.mark.slow
def test_assumed_points_can_be_left_out():
    """`-m "not assumed"` leaves what the manual says: a refuted assumption is no failure."""
    with served(MUTANTS["CodeAsText"]()) as url:
        status, outcomes = _run(url, *OPTIONS, "-m", "not assumed")

    assert status == 0
    assert not any(name.startswith("test_assumed") for name in outcomes.by_test)


def test_a_server_that_cannot_be_used_fails_in_words(capsys):
    """A refused key is said in one sentence, and not shown."""
    with served(Right()) as url:
        status, _ = _run(url, "--api-key", "a-key-nobody-knows", "--job-id", "j", "-x")
    shown = "".join(capsys.readouterr())

    assert status == 1
    assert 'the server answered "Not_found_credential."; the checks need a key that works' in shown
    assert "a-key-nobody-knows" not in shown


@pytest.mark.slow
def test_run_from_the_root_against_serve():
    """It is green against this mock's own server, with the key given by the environment."""
    variables = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MOCK_P1_", "PYTEST_"))
    }
    with mock_p1.serving(ROOT / "contract_tests" / "contract.yaml", check=False) as mock:
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "contract_tests",
                "-p",
                "no:cacheprovider",
                "--base-url",
                mock.url,
                "--job-id",
                mock.job_id,
                "--finished-job-id",
                "job-that-is-finished",
            ],
            cwd=ROOT,
            env={**variables, "MOCK_P1_API_KEY": mock.api_key},
            capture_output=True,
            encoding="utf-8",
            timeout=300,
            check=False,
        )

    assert done.returncode == 0, done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("url", "arguments", "said"),
    [
        ("http://127.0.0.1:1", (), "--base-url needs --api-key (a key that works) and --job-id"),
        ("127.0.0.1:1", ("--api-key", "k", "--job-id", "j"), "did you mean http://127.0.0.1:1?"),
        ("http://h", ("--api-key", "k\nk", "--job-id", "j"), "--api-key holds a line break"),
        (
            "http://h",
            ("--api-key", "k", "--job-id", "j", "--allow", "upload"),
            "--allow upload needs the training data: give --file",
        ),
        (
            "http://h",
            ("--api-key", "k", "--job-id", "j", "--allow", "switch"),
            "a real model is replaced",
        ),
        (
            "http://h",
            ("--api-key", "k", "--job-id", "j", "--model-id", "one"),
            "--model-id 'one' is no whole number",
        ),
    ],
)
def test_wrong_options_are_a_usage_error(url, arguments, said, capsys):
    """They are said before any test is run, with pytest's exit status 4."""
    status, _ = _run(url, *arguments)
    shown = "".join(capsys.readouterr())

    assert status == 4
    assert said in shown
    assert "Traceback" not in shown
