"""The async client against the mock in-process."""

import asyncio

import pytest
from client import wait_for_all, wait_for_result

JOB = {"timeline": [{"status": "job_running", "for": "1h"},
                    {"status": "job_finished", "result": "generated"}]}  # fmt: skip


@pytest.mark.mock_p1("flaky-network", instant_sleep=True)
def test_a_flaky_network(mock_p1):
    """The client goes on, whatever the network does."""
    result = asyncio.run(wait_for_result(mock_p1.url, mock_p1.api_key, mock_p1.job_id))
    assert result.startswith(b"PK")
    mock_p1.assert_interval(min="30s")


def play(mock):
    """Run the client as the program would."""
    return asyncio.run(wait_for_result(mock.url, mock.api_key, mock.job_id))


@pytest.mark.mock_p1("overloaded", instant_sleep=True)
def test_an_overloaded_service(mock_p1):
    """The client comes back when it was told to."""
    play(mock_p1)
    mock_p1.assert_respects_retry_after()


@pytest.mark.parametrize("mock_p1", ["result-fails-once", "result-breaks-midway"], indirect=True)
@pytest.mark.mock_p1(instant_sleep=True)
def test_a_result_that_does_not_come_at_once(mock_p1):
    """What the link answers instead is no result."""
    assert play(mock_p1).startswith(b"PK")


@pytest.mark.parametrize("mock_p1", ["finished-without-result", "stuck"], indirect=True)
@pytest.mark.mock_p1(instant_sleep=True)
def test_a_result_that_never_comes(mock_p1):
    """The client gives up by itself."""
    with pytest.raises(TimeoutError):
        play(mock_p1)


@pytest.mark.mock_p1("training-failed", instant_sleep=True)
def test_a_job_that_fails(mock_p1):
    """The client ends, and says why."""
    with pytest.raises(RuntimeError):
        play(mock_p1)


@pytest.mark.mock_p1({"jobs": {"a": JOB, "b": JOB}}, instant_sleep=True)
def test_two_jobs_side_by_side(mock_p1):
    """Both are followed at the same time: the hour passes once."""
    results = asyncio.run(wait_for_all(mock_p1.url, mock_p1.api_key, ["a", "b"]))
    assert len(results) == 2
    for job in ("a", "b"):
        mock_p1.assert_polled(job, times=121)
