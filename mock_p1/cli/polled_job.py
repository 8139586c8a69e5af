"""The job of a service that a command polls, and at which pace."""

from __future__ import annotations

import time

from mock_p1.recording.job_recorder import RecordedJobCall
from mock_p1.verify.credentials import check_job_id, check_key
from mock_p1.verify.exceptions import UsageError
from mock_p1.verify.pace import Pace
from mock_p1.verify.url import base_url


def call_of(url: str, api_key: str | None, job_id: str) -> RecordedJobCall:
    """Return what is to be polled. UsageError where it cannot be."""
    base = base_url(url)
    if not api_key:
        raise UsageError("give a key that sees the job, best as the variable MOCK_P1_API_KEY")
    check_key("--api-key", api_key)
    check_job_id("--job-id", job_id)
    return RecordedJobCall(base, api_key, job_id)


def pace_of(timeout: float, limit: float) -> Pace:
    """Return a pace of the clock as it is now: a test may have put its own in its place."""
    return Pace(timeout=timeout, limit=limit, now=time.monotonic, sleep=time.sleep)
