"""One call after another, to a mock that is caught in-process or served, good or bad."""

from __future__ import annotations

import threading
from contextlib import suppress

import pytest
import requests

from mock_p1 import mocked, serving

SCENARIO = """
secret_keys: {secret-1: active, secret-2: active}
api_keys: {file-key: active, other-key: active}
jobs:
  old-001: {timeline: [{status: job_finished, result: {rows: 3}}]}
new_jobs:
  timeline:
    - {status: job_waiting, for: upload}
    - {status: job_running, for: 90s}
    - {status: job_finished, result: {rows: 3}}
"""

TABLE = b"x,y\n" + b"1,2\n" * 150
API = "/v1/external"


class Caller:
    """Makes calls as they are asked for, and looks at no answer."""

    patience_seconds = 10

    def __init__(self, mock, key=None):
        self.mock, self.key = mock, key or "file-key"

    def send(self, method, url, key=None, **more):
        """Send a request; None where the network fails."""
        headers = {} if key is None else {"x-api-key": key}
        with suppress(requests.RequestException):
            return requests.request(
                method, url, headers=headers, timeout=self.patience_seconds, **more
            )

    def call(self, method, path, key=None, **more):
        """Make a call with the key."""
        return self.send(method, f"{self.mock.url}{API}{path}", key or self.key, **more)

    def fetch_key(self, secret=None):
        """Fetch a key, and use it from now on."""
        query = {"credential_type": "retrain", "model_id": self.mock.model_id}
        answer = self.call("GET", "/api-key", secret or self.mock.secret_key, params=query)
        if answer is not None and answer.ok:
            self.key = answer.json()["api_key"]
        return self.key

    def create(self, name="train.csv"):
        """Ask for an upload; return the job and the URL."""
        body = self.call("GET", "/retrain_jobs/upload_url", params={"filename": name}).json()
        return body["retrain_job_id"], body["upload_url"]

    def put(self, url, data=TABLE, key=None):
        """Send a file."""
        return self.send("PUT", url, key, data=data)

    def break_off(self, url, come=500):
        """Send a part of a file, and hang up; return when the mock has noticed."""
        noticed = threading.Event()
        self.mock._engine.journal.listen(lambda _: noticed.set())  # noqa: SLF001 -- a server notices in its own thread

        def pieces():
            yield b"x" * come
            raise requests.ConnectionError("hung up")

        self.put(url, pieces())
        assert noticed.wait(10)

    def poll(self, job, key=None):
        """Poll; return the answer as JSON where it is."""
        answer = self.call("GET", f"/retrain_jobs/{job}", key)
        with suppress(ValueError, AttributeError):
            return answer.json()

    def download(self, url, key=None):
        """Fetch a result."""
        return self.send("GET", url, key)

    def switch(self, job):
        """Switch the model."""
        return self.call("PUT", f"/retrain_jobs/{job}/update_model")

    def upload(self, name="train.csv"):
        """Create a job and send its file; return the job."""
        job, url = self.create(name)
        self.put(url)
        return job

    def finish(self, job):
        """Let the job finish; return its link."""
        self.mock.advance("2h")
        return self.poll(job)["download_url"]


STARTS = {"mocked": mocked, "served": serving}


@pytest.fixture(params=STARTS)
def start(request):
    """Start a mock of a scenario's text, in either way."""
    return STARTS[request.param]


@pytest.fixture
def sequence(start):
    """A mock of the whole sequence, in either way."""
    with start(SCENARIO, check=False) as mock:
        yield mock


@pytest.fixture
def caller(sequence):
    """A caller with a key of the file."""
    return Caller(sequence)
