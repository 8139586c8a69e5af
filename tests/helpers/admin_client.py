"""What the tests of the control API hold.

A mock in Flask's test client, and the time in their hands.
"""

import json

from mock_p1.admin.access import AccessPolicy
from mock_p1.admin.context import AdminContext
from mock_p1.base.clock import SECOND, RealClock
from mock_p1.engine.engine import Engine
from mock_p1.server.app import create_app_for

JOBS = "/v1/external/retrain_jobs/"


class Controls:
    """Calls to ``/__admin`` as a local tool makes them.

    ``pass_time`` is what real time would do.
    """

    def __init__(self, scenario, *, token=None, hosts=(), admin=True, clock=None, **engine):
        self._now = 0
        self.engine = Engine(scenario, clock or RealClock(source=lambda: self._now), **engine)
        self.context = AdminContext(self.engine, AccessPolicy(token, hosts))
        self.app = create_app_for(self.engine, self.context, admin=admin)
        self.client = self.app.test_client()

    def pass_time(self, seconds):
        """Let real time pass."""
        self._now += round(seconds * SECOND)

    def poll(self, job, key="demo-key"):
        """Poll a job, as a client would."""
        return self.client.get(JOBS + job, headers={"x-api-key": key})

    def call(self, method, path, body=None, **options):
        """Call ``/__admin``; the body, if any, is sent as JSON."""
        if body is not None:
            options.setdefault("json", body)
        return self.client.open(f"/__admin{path}", method=method, **options)

    def get(self, path, **options):
        """Return the JSON that a GET is answered with."""
        return answered(self.call("GET", path, **options))

    def do(self, method, path, body=None, **options):
        """Return the JSON that a change is answered with."""
        return answered(self.call(method, path, body, **options))

    def refused(self, status, method, path, body=None, **options):
        """Return a refusal, which must be in the one shape there is for them."""
        reply = self.call(method, path, body, **options)
        assert reply.mimetype != "text/event-stream", "this answer has no end"
        found = json.loads(reply.get_data())
        assert reply.status_code == status, found
        assert reply.content_type == "application/json"
        assert set(found) - {"problems"} == {"error", "message", "remedy"}
        assert found["error"].startswith("MOCK_P1_")
        assert found["message"]
        assert found["remedy"]
        return found


def answered(reply):
    """Return the JSON of an answer that must be a good one."""
    assert reply.status_code == 200, reply.get_data(as_text=True)
    assert reply.content_type == "application/json"
    return json.loads(reply.get_data())


def events(text):
    """Return the events of a stream's text, as (event, data, id); comments left out."""
    found = []
    for block in text.decode().split("\n\n"):
        fields = dict(
            line.split(": ", 1) for line in block.splitlines() if line and not line.startswith(":")
        )
        if "event" in fields:
            found.append((fields["event"], json.loads(fields["data"]), fields["id"]))
    return found
