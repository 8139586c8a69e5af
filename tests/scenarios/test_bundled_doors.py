"""Every bundled scenario, through every door.

The same requests get the same answers, byte for byte.
"""

from contextlib import contextmanager
from itertools import islice

import pytest
import requests

from mock_p1 import load_scenario
from mock_p1.analysis.explanation import explanations
from mock_p1.base.clock import VirtualClock
from mock_p1.contract.operations import DOCUMENTED_HOSTS
from mock_p1.engine.engine import Engine
from mock_p1.scenario.files import bundled
from mock_p1.server.app import create_app_for
from mock_p1.server.server import Server, ServerThread
from mock_p1.testing.handle import Handle
from mock_p1.transports.responses_patch import Mock

ON_THE_WIRE = ("connection_reset", "empty_response", "truncated_body", "timeout")
MOST_POLLS = 40


@contextmanager
def flask_client(engine):
    """The Flask app, under Flask's own test client."""
    client = create_app_for(engine).test_client()

    def get(path, headers):
        response = client.get(path, headers=headers)
        return response.status_code, response.headers, response.data

    yield "http://localhost", get


@contextmanager
def live_server(engine):
    """The real server, over a real socket."""
    with ServerThread(Server(engine)) as thread, requests.Session() as session:
        yield thread.server.url, over_requests(session, thread.server.url)


@contextmanager
def in_process(engine):
    """The double over `responses`."""
    with Mock(engine, DOCUMENTED_HOSTS), requests.Session() as session:
        yield DOCUMENTED_HOSTS[0], over_requests(session, DOCUMENTED_HOSTS[0])


def over_requests(session, base):
    """Ask with `requests`, as a client does."""

    def get(path, headers):
        response = session.get(base + path, headers=headers, timeout=600)
        return response.status_code, response.headers, response.content

    return get


def told(name, door):
    """Live every job of a scenario to its end through a door.

    Return all that the client got, and the journal.
    """
    engine = Engine(load_scenario(name), VirtualClock())
    with door(engine) as (base, get):
        handle, got = Handle(engine, base), []
        for job in (*islice(engine.jobs.ids(), 8), "no-such-job"):
            for key in (handle.api_key, "", "no-such-key"):
                got += answers(handle, get, base, job, {"x-api-key": key} if key else {})
        outcomes = [
            (poll.job_id, poll.outcome, poll.source, poll.waits_for, poll.seconds)
            for poll in handle.polls()
        ]
        return got, outcomes


def answers(handle, get, base, job, headers):
    """Poll one job up to its last step.

    In a step of time at its beginning, and then at the moment of its end.
    """
    for _ in range(MOST_POLLS):
        yield poll_once(handle, get, base, job, headers)
        waits_for = handle.polls(job)[-1].waits_for
        if waits_for is not None and "poll" in waits_for:
            continue
        yield poll_once(handle, get, base, job, headers)
        if waits_for is None:
            return
        handle.advance(handle.polls(job)[-1].waits_for)
    pytest.fail(f"{job} does not come to an end")


def poll_once(handle, get, base, job, headers):
    """Poll once; return what can be compared: the answer without the door's own address, or the fault."""
    try:
        status, sent, body = get(f"/v1/external/retrain_jobs/{job}", headers)
    except requests.exceptions.RequestException:
        return "fault", handle.polls(job)[-1].fault
    fault = sent.get("X-Mock-P1-Fault")
    if fault in ON_THE_WIRE:
        return (
            "fault",
            fault,
        )  # a WSGI server owns its socket, so Flask's door can only name the fault
    kept = {name: sent.get(name) for name in ("Content-Type", "Retry-After", "Allow")}
    return status, kept, body.replace(base.encode(), b"BASE")


@pytest.mark.parametrize("name", bundled())
def test_every_door_tells_the_same_story(name):
    """Flask's test client, the live server and the double give equal answers, and keep equal journals."""
    first = told(name, flask_client)
    assert told(name, live_server) == first
    assert told(name, in_process) == first
    told_beforehand = {
        row.source for account in explanations(load_scenario(name)) for row in account.rows
    }
    assert told_beforehand <= {source for _, _, source, _, _ in first[1]}, "a step was never met"
