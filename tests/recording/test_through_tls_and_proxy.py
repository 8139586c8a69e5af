"""The loop of record and play through TLS and a proxy, for every bundled scenario."""

from __future__ import annotations

import ssl
from contextlib import contextmanager
from itertools import groupby
from operator import itemgetter
from threading import Thread

import pytest
import trustme
from test_recorded_scenarios import CANNOT_BE_KNOWN, PACES

from mock_p1 import load_scenario, mocked
from mock_p1.base.clock import SECOND, VirtualClock
from mock_p1.engine.driver import Driver
from mock_p1.engine.engine import Engine
from mock_p1.recording.job_recorder import JobRecorder, RecordedJobCall
from mock_p1.recording.proxied_calls import ProxiedCalls
from mock_p1.recording.pseudonyms import Pseudonyms
from mock_p1.recording.recording_proxy import RecordingProxy
from mock_p1.recording.scenario_text import scenario_text
from mock_p1.scenario.files import bundled
from mock_p1.server.server import Server, ServerThread
from mock_p1.verify.client import HttpClient
from mock_p1.verify.pace import Pace

TIMEOUT = 0.5
"""Real seconds that a poll waits for an answer that never comes."""


MOVED = {
    "flaky-network": "a slow body moves a clock that stands still by all that it would take; the "
    "proxy has given up before, and records a timeout, which moves none",
}
"""Where times differ here, and why; in-process, where time is one, they are compared."""


class Service:
    """The mock as a service: over TLS, by a clock that stands still until it is moved."""

    def __init__(self, server, trusted):
        self.url, self.trusted = server.url, trusted
        self.engine = server.engine
        self.driver = Driver(self.engine)
        self.key = self.engine.state.keyring.first_active() or "some-key"

    def now(self):
        """Seconds of its clock."""
        return self.engine.clock.now_ns() / SECOND

    def date(self):
        """The date of its clock."""
        return self.engine.clock.date_at(self.engine.clock.now_ns())

    def advance(self, seconds):
        """Let its time pass."""
        self.driver.advance(round(seconds * SECOND))


@pytest.fixture(scope="module")
def authority():
    """An authority that the proxy trusts."""
    return trustme.CA()


@pytest.fixture
def service(authority, tmp_path):
    """Serve a scenario over TLS."""
    trusted = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(trusted))

    @contextmanager
    def service(source):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        engine = Engine(load_scenario(source), VirtualClock())
        with ServerThread(Server(engine, tls=context)) as running:
            yield Service(running.server, trusted)

    return service


@contextmanager
def proxied(service):
    """A recording proxy in front of it."""
    proxy = RecordingProxy(
        service.url,
        timeout=TIMEOUT,
        ca_file=service.trusted,
        now=service.now,
        date=service.date,
    )
    thread = Thread(target=proxy.run)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.stop()
        thread.join()
        proxy.close()


def polled(service, job, recorder, url, ca_file=None):
    """What polls of a job see."""
    every, limit = recorder.every, recorder.limit
    pace = Pace(limit=limit, timeout=5, now=service.now, sleep=service.advance)
    call = RecordedJobCall(url, service.key, job)
    client = HttpClient(ca_file=ca_file)
    return JobRecorder(client, call, pace, every_seconds=every, date=service.date).record()


def shown(job):
    """What polls saw, and when first and last; of whatever failure a proxy makes a reset."""
    kinds = [(poll, "failure" if poll.seen.kind == "fault" else poll.seen) for poll in job.polls]
    groups = [[poll for poll, _ in group] for _, group in groupby(kinds, itemgetter(1))]
    return [
        (
            "failure" if group[0].seen.kind == "fault" else group[0].seen.label,
            (group[0].seconds, group[-1].seconds),
        )
        for group in groups
    ]


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(bundled().keys() - CANNOT_BE_KNOWN.keys()))
def test_a_recording_plays_the_same(service, recorder, name):
    """What passed the proxy from TLS, played over TLS: the same states, times within a poll.

    ``CANNOT_BE_KNOWN`` and ``IN_PART``, beside the test in-process, list the rest with reasons.
    """
    with mocked(name, check=False) as mock:
        job = mock.job_id
    every = recorder.every = PACES.get(name, recorder.every)
    with service(name) as original, proxied(original) as proxy:
        first = polled(original, job, recorder, proxy.url)
        names = Pseudonyms()
        calls = ProxiedCalls(proxy.exchanges, names)
        text = scenario_text(calls.scenario(proxy.exchanges, original.url, {}), names)
        polls = [each for each in proxy.exchanges if each.operation == "retrain_status_check"]
    with service(text) as copy:
        second = polled(copy, job, recorder, copy.url, copy.trusted)

    assert len(polls) == len(first.polls)
    before, after = shown(first), shown(second)
    assert [label for label, _ in after] == [label for label, _ in before]
    for (_, times), (_, again) in zip(before, after, strict=True):
        if name not in MOVED:
            assert again == pytest.approx(times, abs=every)
