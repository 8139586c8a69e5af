"""What is held back follows the clock, and is let go by a reset or a swapped scenario."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import requests
from helpers.real_time import eventually
from helpers.wsgi_server import under_waitress

from mock_p1.base.clock import SECOND, RealClock
from mock_p1.engine.driver import Driver
from mock_p1.engine.engine import Engine
from mock_p1.scenario.parser import parse
from mock_p1.server.app import create_app_for
from mock_p1.server.server import Server, ServerThread

LATE = """
api_keys: {k: active, other: active}
jobs: {a: {timeline: [{status: job_running, delay: 1h}]}, b: {timeline: [{status: job_running}]}}
"""


@contextmanager
def _serving(kind, engine):
    if kind == "server":
        with ServerThread(Server(engine)) as served:
            yield served.server.port
    else:
        with under_waitress(create_app_for(engine)) as port:
            yield port


@pytest.fixture(params=["server", "wsgi"])
def held(request):
    """An engine, what drives it, and a poll of it that is held back for an hour."""
    engine = Engine(parse(LATE, "late.yaml"), RealClock())
    with _serving(request.param, engine) as port, ThreadPoolExecutor(1) as pool:
        url = f"http://127.0.0.1:{port}/v1/external/retrain_jobs/a"
        poll = pool.submit(requests.get, url, headers={"x-api-key": "k"}, timeout=20)
        eventually(lambda: engine.held._holds)  # noqa: SLF001 -- nobody else knows what waits
        yield engine, Driver(engine), poll
        engine.held.let_go()


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(lambda driver: driver.advance(3600 * SECOND), id="advance"),
        pytest.param(lambda driver: driver.set_speed(1_000_000), id="speed"),
        pytest.param(lambda driver: driver.restart(), id="restart"),
        pytest.param(lambda driver: driver.reset(), id="reset"),
        pytest.param(lambda driver: driver.reset("a"), id="reset of the job"),
        pytest.param(lambda driver: driver.reset(key="k"), id="reset of the key"),
        pytest.param(lambda driver: driver.load(parse(LATE, "new.yaml")), id="scenario"),
    ],
)
def test_it_is_answered_at_once(held, act):
    """Whatever brings its time, or takes away what it waited for."""
    _, driver, poll = held
    act(driver)
    assert poll.result(10).json()["status"] == "job_running"


def test_it_waits_on_for_what_concerns_others(held):
    """A reset of another job or key, and too short a time."""
    engine, driver, poll = held
    driver.reset("b")
    driver.reset(key="other")
    driver.advance(3000 * SECOND)
    assert not any(hold.let_go for hold in engine.held._holds)  # noqa: SLF001 -- likewise
    assert not poll.done()


def test_it_waits_while_time_is_frozen(held):
    """However fast the clock would run; it is moved on by hand, or let run."""
    engine, driver, poll = held
    driver.freeze()
    driver.set_speed(1_000_000)
    (hold,) = engine.held._holds  # noqa: SLF001 -- likewise
    assert hold.left_seconds() is None
    assert not poll.done()
    driver.freeze(frozen=False)
    assert poll.result(10).status_code == 200
