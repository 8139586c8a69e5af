"""urllib3's retries under one clock: its waits pass at once, and the mock sees them."""

import pytest
import requests
from helpers.real_time import real_seconds
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from mock_p1 import mocked
from mock_p1.scenario.parser import parse

SCENARIO = """
jobs:
  a:
    timeline:
      - {reply: {status_code: 503, headers: {Retry-After: "7"}}, for: 2 polls}
      - {reply: {status_code: 502}, for: 2 polls}
      - {fault: connection_reset, for: 1 polls}
      - {status: job_finished}
"""


def get(mock, **retries):
    """Ask with a session that retries."""
    session = requests.Session()
    session.mount("https://", HTTPAdapter(max_retries=Retry(**retries)))
    return session.get(
        f"{mock.url}/v1/external/retrain_jobs/a", headers={"x-api-key": "k"}, timeout=5
    )


def test_retry_after_and_backoff():
    """Retry-After is kept to the second, the backoff doubles, and faults are retried."""
    with mocked(parse(SCENARIO), instant_sleep=True) as mock:
        before = real_seconds()
        assert (
            get(mock, total=10, backoff_factor=1, status_forcelist=[502, 503]).json()["status"]
            == "job_finished"
        )
        assert real_seconds() - before < 40
        # two waits of Retry-After, then 2 ** (number of failures in a row - 1) seconds
        assert [row.seconds for row in mock.polls()] == [0, 7, 14, 18, 26, 42]


def test_without_one_clock_the_waits_move_the_mocks_time():
    """The waits between retries, that is: nothing is slept, and no other clock moves."""
    with mocked(parse(SCENARIO)) as mock:
        assert (
            get(mock, total=10, backoff_factor=1, status_forcelist=[502, 503]).json()["status"]
            == "job_finished"
        )
        assert [row.seconds for row in mock.polls()] == [0, 7, 14, 18, 26, 42]
        mock.assert_respects_retry_after()


def test_retries_that_run_out():
    """When none is left, the client gets what urllib3 makes of it."""
    with mocked(parse(SCENARIO), instant_sleep=True) as mock:
        with pytest.raises(requests.exceptions.RetryError):
            get(mock, total=1, status_forcelist=[503])
        mock.reset()
        assert get(mock, total=1, status_forcelist=[503], raise_on_status=False).status_code == 503


def test_no_retries():
    """A session that does not retry gets the first answer."""
    with mocked(parse(SCENARIO), instant_sleep=True) as mock:
        assert get(mock, total=0, respect_retry_after_header=False).status_code == 503
        mock.assert_polled(times=1)
