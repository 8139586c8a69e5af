"""The client against the mock in-process: days pass in no time."""

import pytest
from client import RetrainingFailedError, retrain

FILE = b"age,left\n" + b"31,no\n" * 100


def play(mock):
    """Run the client as the program would."""
    return retrain(mock.url, mock.secret_key, mock.model_id, "train.csv", FILE)


@pytest.mark.mock_p1("slow-training", instant_sleep=True)
def test_two_hours_of_training(mock_p1):
    """The client waits, at its own pace, fetches the result and switches."""
    assert play(mock_p1).startswith(b"PK")
    mock_p1.assert_uploaded(filename="train.csv", rows=100)
    mock_p1.assert_interval(min="30s", max="30s")
    mock_p1.assert_switched()
    mock_p1.assert_sequence()


@pytest.mark.mock_p1("overloaded", instant_sleep=True)
def test_an_overloaded_service(mock_p1):
    """The client comes back when it was told to."""
    play(mock_p1)
    mock_p1.assert_respects_retry_after()


@pytest.mark.mock_p1("stuck", instant_sleep=True)
def test_a_job_that_never_ends(mock_p1):
    """The client gives up by itself."""
    with pytest.raises(TimeoutError):
        play(mock_p1)


@pytest.mark.mock_p1("overloaded", instant_sleep=True)
def test_a_date_in_retry_after(mock_p1):
    """The client understands that too, here of a switch."""
    busy = {"status_code": 503, "retry_after": {"date": "5m"}}
    mock_p1.fail_next(busy, on="retrain_model_switch")
    play(mock_p1)
    mock_p1.assert_respects_retry_after()
    mock_p1.assert_switched()


CALLS = ["get_api_key", "retrain_data_upload", "file_upload", "retrain_status_check",
         "result_download", "retrain_model_switch"]  # fmt: skip


@pytest.mark.mock_p1("whole-sequence", instant_sleep=True)
@pytest.mark.mock_p1_trouble(
    errors=[], on=CALLS, phases=["first", "done"],
    faults=["connection_reset", "truncated_body", "malformed_json",
            {"status_code": 503, "retry_after": "2m"}],
)  # fmt: skip
def test_a_call_without_an_answer(mock_p1, mock_p1_trouble):
    """The client asks again, whatever fails at whichever moment; it has the result whole first."""
    play(mock_p1)
    mock_p1.assert_switched()
    mock_p1.assert_sequence()


@pytest.mark.mock_p1("finished-without-result", instant_sleep=True)
def test_a_job_without_a_result(mock_p1):
    """The client gives up by itself, and switches to nothing."""
    with pytest.raises(TimeoutError, match="job_finished"):
        play(mock_p1)
    assert not mock_p1.switches()


@pytest.mark.mock_p1("training-failed", instant_sleep=True)
def test_a_job_that_fails(mock_p1):
    """The client ends, and says why."""
    with pytest.raises(RetrainingFailedError):
        play(mock_p1)
    assert not mock_p1.switches()


@pytest.mark.mock_p1("deleted-mid-run", instant_sleep=True)
def test_a_job_that_was_deleted(mock_p1):
    """Asking again is of no use."""
    with pytest.raises(RetrainingFailedError, match=r"This job may be deleted\."):
        play(mock_p1)
