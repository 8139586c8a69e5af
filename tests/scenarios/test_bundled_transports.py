"""Every bundled scenario, through every transport.

The same requests get the same answers, byte for byte.
"""

import json
from contextlib import contextmanager
from itertools import islice

import pytest
import requests

from mock_p1 import load_scenario
from mock_p1.analysis.explanation import call_explanations, explanations
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
JOBS = "/v1/external/retrain_jobs"


@contextmanager
def flask_client(engine):
    """The Flask app, under Flask's own test client."""
    client = create_app_for(engine).test_client()

    def ask(method, path, headers):
        response = client.open(path, method=method, headers=headers)
        return response.status_code, response.headers, response.data

    yield "http://localhost", ask


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

    def ask(method, path, headers):
        response = session.request(method, base + path, headers=headers, timeout=600)
        if len(response.content) < int(response.headers.get("Content-Length", 0)):
            raise requests.exceptions.ChunkedEncodingError  # urllib3 before 2 says nothing of it
        return response.status_code, response.headers, response.content

    return ask


def told(name, transport):
    """Poll every job of a scenario to its end through a transport, then play the whole sequence.

    Return all that the client got, and the journal.
    """
    engine = Engine(load_scenario(name), VirtualClock())
    with transport(engine) as (base, ask):
        handle, got = Handle(engine, base), []
        for job in (*islice(engine.state.directory.ids(), 8), "no-such-job"):
            for key in (handle.api_key, "", "no-such-key"):
                got += answers(handle, ask, base, job, {"x-api-key": key} if key else {})
        got += sequence(handle, ask, base, {"x-api-key": handle.api_key})
        outcomes = [
            (entry.job_id, entry.outcome, entry.source, entry.waits_for, entry.moment_ns)
            for entry in engine.journal
        ]
        return got, outcomes


def sequence(handle, ask, base, headers):
    """Create a job and live it to its end; every call twice, so that each is met that fails once.

    Files are empty here: how they arrive is a matter of each way in.
    """
    for _ in range(2):
        fetched = once(handle, ask, base, "GET", f"{JOBS}/upload_url?filename=a.csv", headers)
    body = json.loads(fetched[2])
    job, path = body["retrain_job_id"], body["upload_url"].removeprefix("BASE")
    yield fetched
    yield once(handle, ask, base, "GET", f"{JOBS}/{job}", headers)
    for _ in range(2):
        yield once(handle, ask, base, "PUT", path, {})
    polls = list(answers(handle, ask, base, job, headers))
    yield from polls
    body = json.loads(polls[-1][2]) if polls[-1][0] == 200 else {}
    if url := body.get("download_url"):
        for _ in range(2):
            yield once(handle, ask, base, "GET", url.removeprefix("BASE"), {})
    for _ in range(2):
        yield once(handle, ask, base, "PUT", f"{JOBS}/{job}/update_model", headers)


def answers(handle, ask, base, job, headers):
    """Poll one job up to its last step.

    In a step of time at its beginning, and then at the moment of its end.
    """
    for _ in range(MOST_POLLS):
        yield once(handle, ask, base, "GET", f"{JOBS}/{job}", headers)
        waits_for = handle.polls(job)[-1].waits_for
        if waits_for is not None and "poll" in waits_for:
            continue
        yield once(handle, ask, base, "GET", f"{JOBS}/{job}", headers)
        if waits_for is None:
            return
        handle.advance(handle.polls(job)[-1].waits_for)
    pytest.fail(f"{job} does not come to an end")


def once(handle, ask, base, *request):
    """Ask once; return what can be compared: the answer without an address, or the fault."""
    try:
        status, sent, body = ask(*request)
    except requests.exceptions.RequestException:
        return "fault", handle.requests()[-1].fault
    fault = sent.get("X-Mock-P1-Fault")
    if fault in ON_THE_WIRE:
        return (
            "fault",
            fault,
        )  # a WSGI server owns its socket, so Flask's transport can only name the fault
    kept = {name: sent.get(name) for name in ("Content-Type", "Retry-After", "Allow")}
    return status, kept, body.replace(base.encode(), b"BASE")


@pytest.mark.slow
@pytest.mark.parametrize("name", bundled())
def test_every_transport_tells_the_same_story(name):
    """Flask's test client, the live server and the double answer alike, with equal journals."""
    first = told(name, flask_client)
    assert told(name, live_server) == first
    assert told(name, in_process) == first
    scenario = load_scenario(name)
    told_beforehand = {
        row.source
        for account in (*explanations(scenario), *call_explanations(scenario))
        for row in account.rows
        if row.outcome != "ok"  # which leaves the answer to the job's own step
    }
    assert told_beforehand <= {source for _, _, source, _, _ in first[1]}, "a step was never met"
