"""A mock to ask without any door.

An engine over a scenario's text, with a clock that stands still.
"""

import json
from textwrap import dedent

import pytest

from mock_p1.base.clock import SECOND, VirtualClock
from mock_p1.base.messages import Reply, Request
from mock_p1.engine.driver import Driver
from mock_p1.engine.engine import Engine
from mock_p1.scenario.parser import parse

PATH = "/v1/external/retrain_jobs/"


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
