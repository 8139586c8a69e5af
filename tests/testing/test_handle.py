"""The handle: what a client needs, and driving the mock."""

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from mock_p1 import NoSuchJob, NoSuchStep, load_scenario, mocked, serving
from mock_p1.contract.errors import DOCUMENTED_ERRORS, FAULTS
from mock_p1.contract.names import ErrorName, FaultName, OperationName
from mock_p1.contract.operations import OPERATIONS
from mock_p1.scenario.parser import parse


@pytest.fixture
def mock(slow):
    """slow.yaml: two polls waiting, 90 s running, finished."""
    with mocked(slow) as mock:
        yield mock


def test_what_a_client_needs(mock):
    """Base URL of the documented host, the first active key, the first job."""
    assert mock.url == "https://developer-api.predictionone.sony.biz"
    assert (mock.api_key, mock.job_id) == ("demo-key", "retrain-001")


def test_job_id_where_only_patterns_are_named(poll):
    """A scenario of patterns gives an id that its first pattern takes."""
    with mocked(parse("jobs: {'job-*': {error: job_may_be_deleted}}")) as mock:
        assert mock.job_id == "job-1"
        assert poll(mock, mock.job_id) == "This job may be deleted."


def test_job_id_where_there_is_no_job():
    """A scenario without any job has no id to give."""
    with (
        mocked(parse("api_keys: {k: active}", "empty.yaml")) as mock,
        pytest.raises(NoSuchJob, match=r"empty\.yaml has no job$"),
    ):
        mock.job_id  # noqa: B018 -- reading it is the test


def test_job_id_where_only_a_client_makes_jobs():
    """It is told what a client has to do before."""
    text = "new_jobs: {timeline: [{status: job_finished}]}"
    with (
        mocked(parse(text, "new.yaml")) as mock,
        pytest.raises(NoSuchJob, match=r"new\.yaml has .*; a client has to ask for an upload URL"),
    ):
        mock.job_id  # noqa: B018 -- reading it is the test


def test_fail_next_by_a_bare_status(mock):
    """Many would write it so; the error says how it is written."""
    with pytest.raises(ValueError, match=r'written \{"status_code": 429\}'):
        mock.fail_next(429)


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ({"fault": "timeout"}, r"write fail_next\('timeout'\)"),
        ({"reply": {"status_code": 429}}, r"write fail_next\({'status_code': 429}\)"),
        ("not_found_classifier", "but of retrain_model_switch: on= says which call fails"),
    ],
)
def test_fail_next_says_how_it_is_written(mock, what, says):
    """In the form of the control API, and where on= was forgotten."""
    with pytest.raises(ValueError, match=says):
        mock.fail_next(what)


def test_a_state_that_cannot_be_saved(mock, tmp_path):
    """Where the folder is not there, or the file is none: an OSError that names it, and says so."""
    file = tmp_path / "no" / "s.json"
    says = f"the state is not saved: the folder {file.parent} is not there: {str(file)!r}"
    with pytest.raises(FileNotFoundError) as caught:
        mock.save(file)
    assert str(caught.value).endswith(says)
    with pytest.raises(OSError, match="the state is not saved: ") as caught:
        mock.save(tmp_path)
    assert caught.value.filename == str(tmp_path)


def test_advance(mock, poll):
    """Time stands still until it is moved; a span is text, seconds or a timedelta."""
    poll(mock), poll(mock)
    for span in ("30s", 30, timedelta(seconds=29.999)):
        mock.advance(span)
        assert poll(mock) == "job_running"
    mock.advance(0.001)
    assert poll(mock) == "job_finished"


@pytest.mark.parametrize("span", ["ninety seconds", -1, float("nan")])
def test_advance_by_nonsense(mock, span):
    """A span that is none is refused."""
    with pytest.raises(ValueError, match=r"duration|between"):
        mock.advance(span)


def test_step(mock, poll):
    """step() moves the first job on, or the one that is named."""
    mock.step()
    assert poll(mock) == "job_running"
    mock.step("retrain-001")
    assert poll(mock) == "job_finished"


def test_step_beyond_the_end(mock):
    """At the end of the timeline there is nowhere to step to."""
    mock.set_status("job_finished")
    with pytest.raises(NoSuchStep, match="has 3 steps"):
        mock.step()


def test_set_status(mock, poll):
    """set_status() puts a job at its first step of that status, before and after its first poll."""
    mock.set_status("job_finished")
    assert poll(mock) == "job_finished"
    mock.set_status("job_waiting", "retrain-001")
    assert poll(mock) == "job_waiting"


def test_set_status_of_earlier_releases(mock, poll):
    """The job first, the status second is understood too, also where every word is a job."""
    mock.set_status("retrain-001", "job_finished")
    assert poll(mock) == "job_finished"
    with mocked(parse("jobs: {'*': {timeline: [{status: x, for: manual}, {status: y}]}}")) as any_:
        any_.set_status("some-job", "y")
        assert poll(any_, "some-job") == "y"
        any_.set_status("x", "some-job")
        assert poll(any_, "some-job") == "x"


def test_the_mocks_time(mock):
    """It is an aware datetime in UTC, and goes with the mock's clock."""
    before = mock.now
    assert before.tzinfo is UTC
    assert abs(before - datetime.now(UTC)) < timedelta(minutes=1)
    mock.advance("90s")
    assert mock.now - before == timedelta(seconds=90)


def test_the_types_have_every_name():
    """What a type checker knows of errors, faults and calls is what the tables have."""
    assert list(get_args(OperationName)) == list(OPERATIONS)
    assert list(get_args(ErrorName)) == list(DOCUMENTED_ERRORS)
    assert list(get_args(FaultName)) == list(FAULTS)


def test_unknown_names_are_explained(mock):
    """A job, a status or an error that is none is named with what there is and the near match."""
    with pytest.raises(
        NoSuchJob, match=r"unknown job 'retrain-01'; known: retrain-001; did you mean retrain-001\?"
    ):
        mock.step("retrain-01")
    with pytest.raises(
        NoSuchStep, match=r"unknown status 'job_finshed'; known: .*; did you mean job_finished\?"
    ):
        mock.set_status("job_finshed")
    with pytest.raises(NoSuchStep, match="job 'retrain-001': unknown status 'job_finshed'"):
        mock.set_status("retrain-001", "job_finshed")
    with pytest.raises(NoSuchJob, match="unknown job 'retrain-01'"):
        mock.set_status("job_finished", "retrain-01")
    with pytest.raises(
        ValueError,
        match="unknown error or fault of retrain_status_check 'inactive'; known: connection_reset",
    ):
        mock.fail_next("inactive")


def test_fail_next(mock, poll):
    """The next polls get the error, and the job does not move."""
    mock.fail_next("inactive_credential", times=2)
    assert [poll(mock) for _ in range(5)] == [
        *["Inactive_credential."] * 2,
        *["job_waiting"] * 2,
        "job_running",
    ]


def test_fail_next_of_one_job():
    """A failure for one job leaves the others alone."""
    scenario = parse(
        "jobs: {a: {timeline: [{status: job_finished}]}, b: {timeline: [{status: job_finished}]}}"
    )
    with serving(scenario) as mock:
        mock.fail_next("job_may_be_deleted", job="b")
        import requests  # noqa: PLC0415 -- beside its only use

        def ask(job):
            return requests.get(
                f"{mock.url}/v1/external/retrain_jobs/{job}", headers={"x-api-key": "k"}, timeout=5
            )

        assert [ask(job).status_code for job in "abab"] == [200, 400, 200, 200]


def test_reset(mock, poll):
    """reset() begins anew: the job, the polls, and failures that are still to come."""
    poll(mock), poll(mock)
    mock.fail_next("job_may_be_deleted")
    mock.reset()
    assert mock.polls() == []
    assert poll(mock) == "job_waiting"


def test_reset_of_one_job(mock, poll):
    """reset(job) begins that job anew; what was polled stays known, and counts no more."""
    poll(mock), poll(mock)
    mock.reset("retrain-001")
    assert poll(mock) == "job_waiting"
    assert len(mock.polls()) == 3
    mock.assert_polled(times=1)


def test_live_server_has_no_stubs(slow):
    """Stubs of one's own go with the in-process mock only."""
    with serving(slow) as mock, pytest.raises(RuntimeError, match="live server"):
        mock.responses  # noqa: B018 -- reading it is the test


def test_handle_says_what_it_is(mock):
    """In a traceback the handle shows scenario and URL."""
    assert repr(mock) == f"<Mock P1: {mock._engine.scenario.name} at {mock.url}>"  # noqa: SLF001 -- its full path


def test_clients_with_keys_of_their_own_do_not_disturb_each_other(mock, poll):
    """State is kept per key and job: each client sees its own two polls of waiting."""
    assert [poll(mock, key="demo-key") for _ in range(3)] == [
        "job_waiting",
        "job_waiting",
        "job_running",
    ]
    assert [poll(mock, key="other-key") for _ in range(3)] == [
        "job_waiting",
        "job_waiting",
        "job_running",
    ]


def test_scenario_objects_can_be_used_again(poll):
    """One Scenario serves many mocks, one after the other, each from the beginning."""
    scenario = load_scenario("demo")
    for _ in range(2):
        with mocked(scenario) as mock:
            assert poll(mock) == "job_waiting"
