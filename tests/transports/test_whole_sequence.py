"""The whole sequence, through every way in, by a client that knows nothing of the mock."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import requests
from helpers.sequence_client import SequenceClient
from helpers.wsgi_server import under_waitress

from mock_p1 import mocked, serving
from mock_p1.base.clock import RealClock
from mock_p1.engine.engine import Engine
from mock_p1.scenario.parser import parse
from mock_p1.transports.wsgi import create_app

SEQUENCE = parse(
    """
secret_keys: {demo-secret: active, team-*: active}
new_jobs:
  timeline:
    - {status: job_waiting, for: upload}
    - {status: job_running, for: 60s}
    - {status: job_finished, model_id: 4822, result: generated}
""",
    "sequence.yaml",
)
SMALL = b"a,b\n" + b"1,2\n" * 200
LARGE = b"a,b\n" + b"1,2\n" * 700_000


@contextmanager
def by_wsgi():
    """The Flask app under an ordinary WSGI server, on a clock that runs fast."""
    with under_waitress(create_app(Engine(SEQUENCE, RealClock(3600)))) as port:
        yield f"http://127.0.0.1:{port}"


@contextmanager
def in_process():
    """Caught in-process, on one clock."""
    with mocked(SEQUENCE, instant_sleep=True) as mock:
        yield mock.url


@contextmanager
def served():
    """By the real server, an hour a second."""
    with serving(SEQUENCE, speed=3600) as mock:
        yield mock.url


WAYS = {
    "in-process": (in_process, 30.0),
    "served": (served, 0.01),
    "waitress": (by_wsgi, 0.01),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("data", [SMALL, LARGE, b""], ids=["small", "large", "empty"])
def test_from_the_key_to_the_switched_model(way, data):
    """The client ends with its result, whatever it has sent."""
    opened, pause = WAYS[way]
    with opened() as url:
        client = SequenceClient(url, "demo-secret", pause=pause)
        _, result = client.retrain(data)
    assert result[:2] == b"PK"
    assert client.statuses[-1] == "job_finished"
    assert set(client.statuses) <= {"job_running", "job_finished"}


@pytest.mark.slow
@pytest.mark.parametrize("way", ["served", "waitress"])
def test_clients_side_by_side_see_their_own(way):
    """Thirty-two at once, each with a secret key of its own, against one server."""
    opened, pause = WAYS[way]

    def run(number):
        client = SequenceClient(url, f"team-{number}", pause=pause)
        return [client.retrain(SMALL)[0] for _ in range(2)], client.statuses

    with opened() as url, ThreadPoolExecutor(32) as pool:
        found = list(pool.map(run, range(32)))
    ids = [job for jobs, _ in found for job in jobs]
    assert len(set(ids)) == 64
    assert all(statuses.count("job_finished") == 2 for _, statuses in found)


CALLS = parse(
    """
new_jobs:
  timeline: [{status: job_waiting, for: upload}, {status: job_finished, result: generated}]
calls:
  retrain_data_upload: [{error: user_may_be_deleted, for: 2 calls}, ok]
  file_upload: [{reply: {status_code: 503}, for: 1 call}, ok]
  retrain_model_switch: [{reply: {status_code: 503}, for: 3 calls}, ok]
""",
    "calls.yaml",
)


def tries(method, url, key=None):
    """Ask until it succeeds; return how often, and the last answer."""
    for count in range(1, 10):
        headers = {"x-api-key": key} if key else {}
        answer = requests.request(method, url, headers=headers, timeout=10)
        if answer.ok:
            return count, answer
    raise AssertionError(f"{method} {url} never succeeds")


@pytest.mark.slow
def test_callers_side_by_side_meet_each_their_own_calls():
    """Thirty-two keys at once: each meets the lists from their beginning, exactly."""

    def run(number):
        key = f"team-{number}"
        asked, answer = tries("GET", f"{url}/upload_url?filename=a.csv", key)
        job, link = answer.json().values()
        put, _ = tries("PUT", link)
        switched, _ = tries("PUT", f"{url}/{job}/update_model", key)
        return asked, put, switched

    with serving(CALLS) as mock, ThreadPoolExecutor(32) as pool:
        url = f"{mock.url}/v1/external/retrain_jobs"
        assert set(pool.map(run, range(32))) == {(3, 2, 4)}
