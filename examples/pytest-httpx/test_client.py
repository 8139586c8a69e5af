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


@pytest.mark.mock_p1({"jobs": {"a": JOB, "b": JOB}}, instant_sleep=True)
def test_two_jobs_side_by_side(mock_p1):
    """Both are followed at the same time: the hour passes once."""
    results = asyncio.run(wait_for_all(mock_p1.url, mock_p1.api_key, ["a", "b"]))
    assert len(results) == 2
    for job in ("a", "b"):
        mock_p1.assert_polled(job, times=121)
