"""Every date that a client reads is in the client's time."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.request import Request, urlopen

import pytest

from mock_p1.base.clock import SECOND, RealClock, VirtualClock
from mock_p1.engine.engine import Engine
from mock_p1.scenario.parser import parse
from mock_p1.server.server import Server, ServerThread

SCENARIO = """
jobs:
  busy: {timeline: [{reply: {status_code: 299, retry_after: 10m}}]}
  busy-date: {timeline: [{reply: {status_code: 299, retry_after: {date: 10m}}}]}
  done: {timeline: [{status: job_finished, result: generated}]}
assumptions: {key_lifetime: 1h, end_date_format: "%Y-%m-%dT%H:%M:%S+00:00"}
"""
BEGIN = datetime(2030, 1, 1, tzinfo=UTC)


def _ask(server, path, key="k"):
    asked = Request(server.url + path, headers={"x-api-key": key})  # noqa: S310 -- our own server
    with urlopen(asked, timeout=10) as reply:  # noqa: S310 -- likewise
        return reply.headers, reply.read()


def _read(clock):
    """Return all dates that a client can meet, and the seconds it is asked to wait."""
    with ServerThread(Server(Engine(parse(SCENARIO, "s.yaml"), clock), admin=False)) as served:
        clock.advance(7200 * SECOND)
        jobs = "/v1/external/retrain_jobs/"
        headers, _ = _ask(served.server, jobs + "busy")
        wait = int(headers["Retry-After"])
        until, _ = _ask(served.server, jobs + "busy-date")
        _, key = _ask(
            served.server, "/v1/external/api-key?credential_type=retrain&model_id=1", "secret"
        )
        _, done = _ask(served.server, jobs + "done")
        link = json.loads(done)["download_url"].removeprefix(served.server.url)
        file, _ = _ask(served.server, link)
    return (
        parsedate_to_datetime(headers["Date"]),
        wait,
        parsedate_to_datetime(until["Retry-After"]),
        datetime.fromisoformat(json.loads(key)["end_date"]),
        parsedate_to_datetime(file["Last-Modified"]),
    )


@pytest.mark.parametrize("frozen", [False, True])
def test_where_time_is_real(frozen):
    """Now is now, however far the clock was advanced, and what is ahead comes by its speed."""
    clock = RealClock(60)
    clock.freeze(frozen=frozen)
    date, wait, until, end, modified = _read(clock)
    now, slack = datetime.now(UTC), timedelta(seconds=5)
    assert abs(date - now) < slack
    assert wait == 10
    assert abs(until - now - timedelta(seconds=10)) < slack
    assert abs(end - now - timedelta(minutes=1)) < slack
    assert abs(modified - now) < slack


def test_where_time_is_the_mocks():
    """All dates go with it, the server's own too."""
    now = BEGIN + timedelta(hours=2)
    date, wait, until, end, modified = _read(VirtualClock(BEGIN))
    assert (date, wait, until) == (now, 600, now + timedelta(minutes=10))
    assert (end, modified) == (now + timedelta(hours=1), BEGIN)
