"""The calls that change something: made only where allowed, named before, and judged."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from helpers.right_server import ACTIVE, FINISHED, JOBS, MODEL, RUNNING, SECRET, Right, served
from helpers.sequence_mutants import SEQUENCE_MUTANTS, FailedJob, FailedJobIsGone
from helpers.verify_sessions import session_of_all_calls
from test_watching import Clock

from mock_p1.cli import main
from mock_p1.verify.pace import Pace
from mock_p1.verify.runner import CHECKS, run

CSV = b"id,label\n1,a\n"
KEY = ("--secret-key", SECRET, "--model-id", str(MODEL))


@pytest.fixture
def file(tmp_path):
    """Training data."""
    file = tmp_path / "train.csv"
    file.write_bytes(CSV)
    return file


def report_of(service, file, **given):
    """Run every check, with every call allowed."""
    with served(service) as url:
        return run(session_of_all_calls(url, file, **given))


def ids(report, *outcomes):
    """The checks with one of these outcomes."""
    return {result.check.id for result in report.having(*outcomes)}


def changing(service):
    """The calls that a server had which are no GET of a job."""
    return [
        f"{call.method} {call.path}"
        for call in service.calls
        if call.method != "GET"
        or call.path.endswith("/upload_url")
        or not call.path.startswith((JOBS, "/result.zip"))
    ]


def test_the_right_server_holds(file):
    """Every point of every call holds, and none is left unchecked."""
    service = Right()
    report = report_of(service, file)

    assert {result.outcome for result in report.results} == {"hold", "confirmed"}
    assert len(report.results) == len(CHECKS)
    assert CSV in service.files.values()


def test_a_failed_job_is_not_switched_to(file):
    """Where the uploaded job fails, what needs a finished one is not checked."""
    service = FailedJob()
    report = report_of(service, file, failed_job_id=None)

    assert ids(report, "differ", "refuted", "not reached") == set()
    assert "switch-reply" in ids(report, "not checked")
    assert "switch-of-failed-job" in ids(report, "confirmed")
    assert service.switched == []


QUICK_TO_TRY = [*SEQUENCE_MUTANTS][::3]
"""Each is asked everything; so many are enough to see that mutants are caught."""


@pytest.mark.slow
@pytest.mark.parametrize(
    "mutant",
    [
        *(
            pytest.param(mutant, id=name, marks=() if name in QUICK_TO_TRY else pytest.mark.slow)
            for name, mutant in SEQUENCE_MUTANTS.items()
        ),
        pytest.param(FailedJobIsGone, id="FailedJobIsGone"),
    ],
)
def test_a_mutant_is_caught_by_name(mutant, file):
    """What a mutant does wrong is what differs or is refuted, and nothing else."""
    given = {"failed_job_id": None} if mutant is FailedJobIsGone else {}
    report = report_of(mutant(), file, **given)

    assert (ids(report, "differ"), ids(report, "refuted")) == (mutant.differs, mutant.refuted)
    assert report.assumptions == mutant.assumes
    assert ids(report, "not reached") == set()


def test_without_allow_nothing_is_changed(verify):
    """By default only jobs are asked for, and a result, by GET."""
    service = Right()
    with served(service) as url:
        result = verify(url, given_all=True)

    assert result.exit_code == 0
    assert changing(service) == []


def test_with_a_secret_key_alone_the_whole_sequence_is_played(file):
    """Key and job come from the calls themselves; each is named before it is made."""
    service = Right()
    allowed = ("issue-key", "upload", "switch")
    options = [part for name in allowed for part in ("--allow", name)]
    with served(service) as url:
        result = CliRunner().invoke(
            main, ["verify", url, *options, *KEY, "--file", str(file), "--yes"]
        )

    assert result.exit_code == 0, result.output
    assert "no finished job was seen" not in result.output  # the job was followed to its end
    for permission in allowed:
        assert f"--allow {permission}: " in result.stderr
    for call in changing(service):
        assert call.partition(" ")[2] in result.stderr
    issued = service.keys - {ACTIVE}
    assert not [key for key in (SECRET, *issued) if key in result.output]


def test_the_key_is_never_sent_to_the_upload_url(file):
    """Neither the key nor a media type goes with the file."""
    service = Right()
    report_of(service, file)

    sent = [(c.key, c.content_type) for c in service.calls if c.path.startswith("/files/")]
    assert set(sent) == {(None, None)}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--allow", "issue-key"), "--allow issue-key needs --secret-key and --model-id"),
        (("--allow", "upload"), "--allow upload needs the training data: give --file"),
        (("--allow", "upload", "--file", "none.csv"), "--file none.csv: there is no such file"),
        (("--allow", "switch"), "--allow switch was not confirmed, and nothing was asked"),
    ],
)
def test_what_a_call_needs_is_said_first(options, said, verify):
    """A usage error, exit 2, before anything is asked."""
    service = Right()
    with served(service) as url:
        result = verify(url, *options)

    assert (result.exit_code, said in result.output) == (2, True), result.output
    assert service.calls == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--job-id", RUNNING), "give --api-key, or --allow issue-key"),
        (("--api-key", ACTIVE), "give --job-id, or --allow upload with --file"),
    ],
)
def test_a_key_and_a_job_are_needed(options, said):
    """Given, or made by a call that is allowed."""
    result = CliRunner().invoke(main, ["verify", "http://127.0.0.1:1", *options])

    assert (result.exit_code, said in result.output) == (2, True)


@pytest.mark.parametrize(("answer", "switched"), [("y\n", [FINISHED] * 2), ("n\n", [])])
def test_a_switch_is_confirmed_first(answer, switched):
    """It says that a real model is replaced, and asks."""
    service = Right()
    with served(service) as url:
        result = CliRunner().invoke(
            main,
            ["verify", url, "--api-key", ACTIVE, "--job-id", FINISHED, "--allow", "switch"],
            input=answer,
        )

    assert "a real model is replaced" in result.stderr
    assert (service.switched, bool(service.calls)) == (switched, bool(switched))


def test_a_job_that_is_not_finished_is_not_switched_to(verify):
    """Nor asked to be: without an upload to follow the points are not checked, with the reason."""
    service = Right()
    with served(service) as url:
        result = verify(url, "--allow", "switch", "--yes", "--json")
    points = {point["id"]: point for point in json.loads(result.stdout)["points"]}

    assert points["switch-reply"]["outcome"] == "not checked"
    assert points["switch-reply"]["reason"] == f"the job {RUNNING} is not finished, but job_running"
    assert points["early-switch-is-refused"]["outcome"] == "not checked"
    asked = [call.path for call in service.calls if call.method == "PUT"]
    assert not any(RUNNING in path for path in asked)  # it may end meanwhile


def test_an_upload_whose_end_does_not_come_is_not_switched_to(file):
    """The job is followed within the limit, soon at first; what needs its end is not checked."""
    clock, service = Clock(), Right()
    service.end = lambda: "job_running"
    pace = Pace(limit=300.0, now=clock.now, sleep=clock.sleep)
    with served(service) as url:
        report = run(session_of_all_calls(url, file, pace=pace))

    (switch,) = [result for result in report.results if result.check.id == "switch-reply"]
    assert "the end of the uploaded job was not seen: the limit of 300 s" in switch.reason
    assert service.switched == []


def test_the_report_says_which_calls_were_made(file, verify):
    """In JSON, in their order."""
    service = Right()
    with served(service) as url:
        result = verify(url, "--allow", "upload", "--file", str(file), "--json")
    made = json.loads(result.stdout)["calls_made"]

    assert made[0] == f"GET {url}{JOBS}upload_url"
    assert [call for call in made if call.startswith("PUT")] == [
        f"PUT {url}/files/{next(iter(service.files))}"
    ] * 2


def test_a_server_without_the_calls_is_told_apart(file):
    """Where they lead to a 404, the documented points differ, and nothing breaks."""

    class StatusOnly(Right):
        def answer(self, call):
            known = call.path.startswith((JOBS, "/result")) and call.method == "GET"
            known = known and not call.path.endswith("upload_url")
            return super().answer(call) if known else self.send(404, {"error": "no such page"})

    report = report_of(StatusOnly(), file)

    assert {"issued-key-reply", "upload-url-reply"} <= ids(report, "differ")
    assert "switch-reply" in ids(report, "not checked")
