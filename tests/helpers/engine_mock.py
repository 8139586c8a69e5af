"""A mock that tests call directly, without a transport; its clock stands still."""

import json
from textwrap import dedent

import pytest

from mock_p1.base.clock import SECOND, VirtualClock
from mock_p1.base.messages import Reply, Request
from mock_p1.engine.driver import Driver
from mock_p1.engine.engine import Engine
from mock_p1.engine.receiver import Receiver
from mock_p1.scenario.parser import parse

PATH = "/v1/external/retrain_jobs/"
SECRET = "s"


class Mock:
    """An engine, and short ways to ask it."""

    def __init__(self, text, **options):
        self.clock = VirtualClock()
        self.engine = Engine(parse(dedent(text), "f.yaml"), self.clock, **options)
        self.driver = Driver(self.engine)

    def ask(self, path, *keys, method="GET", **more):
        """Hand over a request; the path as it would stand on the wire."""
        return self.engine.handle(
            Request(method, path, api_keys=keys, base_url="http://mock", **more)
        )

    def poll(self, job="a", key="k", **more):
        """Poll a job as a client would."""
        return self.ask(PATH + job, key, **more)

    def result_path(self, job="a", key="k"):
        """Poll a job that shows a result, and return the path of its download_url."""
        return json.loads(self.poll(job, key).body)["download_url"].removeprefix("http://mock")

    def sees(self, job="a", key="k"):
        """Return the status that a poll sees, or the error's message, or the kind of fault."""
        reply = self.poll(job, key)
        if not isinstance(reply, Reply):
            return reply.kind
        body = json.loads(reply.body)
        return body["status"] if reply.status == 200 else body["message"]

    def get_key(self, secret=SECRET, query="credential_type=retrain&model_id=1"):
        """Ask for an API key; return the whole reply."""
        return self.ask("/v1/external/api-key", secret, query=query)

    def key(self, secret=SECRET, model=1):
        """Return an issued API key."""
        query = f"credential_type=retrain&model_id={model}"
        return json.loads(self.get_key(secret, query).body)["api_key"]

    def get_upload(self, key="k", query="filename=train.csv"):
        """Ask for an upload URL; return the whole reply."""
        return self.ask(f"{PATH}upload_url", key, query=query)

    def create(self, key="k", query="filename=train.csv"):
        """Create a job; return its id and the path of its upload URL."""
        body = json.loads(self.get_upload(key, query).body)
        return body["retrain_job_id"], body["upload_url"].removeprefix("http://mock")

    def begin_put(self, path, length=None, **more):
        """Begin to send a file; return what takes it, or the answer."""
        return self.engine.receive(Request("PUT", path, has_body=True, **more), length)

    def put(self, path, data=b"a,b\n1,2\n", **more):
        """Send a file, whole, with its length."""
        taken = self.begin_put(path, len(data), **more)
        if not isinstance(taken, Receiver):
            return taken
        half = len(data) // 2
        return taken.write(data[:half]) or taken.write(data[half:]) or taken.finish()

    def switch(self, job="a", key="k", **more):
        """Switch to the model of a job."""
        return self.ask(f"{PATH}{job}/update_model", key, method="PUT", **more)

    @property
    def uploads(self):
        """What was sent, oldest first."""
        return list(self.engine.state.uploads)

    def wait(self, seconds):
        """Let time pass."""
        self.clock.advance(round(seconds * SECOND))

    @property
    def entries(self):
        """The journal, oldest first."""
        return list(self.engine.journal)


@pytest.fixture
def mock():
    """Make a mock of a scenario's text."""
    return Mock
