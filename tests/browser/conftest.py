"""The dashboard in Chromium, on a mock whose time stands in the test's hands.

These tests need Playwright's Python package (the dependency group ``browser``) and a Chromium,
found by name on the path or named in ``MOCK_P1_CHROMIUM``; without them they are skipped, and say
so.
"""

import os
import shutil
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from helpers.dashboard_pages import Dashboard, Source

from mock_p1.base.clock import RealClock
from mock_p1.engine.engine import Engine
from mock_p1.scenario.parser import parse
from mock_p1.server.server import Server, ServerThread
from mock_p1.server.upload_store import UploadStore

NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "msedge",
)
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
)
SCENARIO = """
description: A morning with several trainings at once.
seed: 7
api_keys: {demo-key: active, expired-key: inactive_credential}
jobs:
  retrain-001:
    timeline:
      - {status: job_waiting, for: 2 polls}
      - {status: job_running, for: 90s, message: Training the model.}
      - {status: job_finished, model_id: 4821, result: generated}
  slow-42:
    timeline:
      [{status: job_waiting, for: 5 polls}, {status: job_running, for: 2h}, {status: job_finished}]
  flaky-7:
    timeline:
      - {status: job_running, for: 2 polls}
      - {fault: connection_reset, for: 2 polls}
      - {reply: {status_code: 503, headers: {Retry-After: "5"}}, for: 1 poll}
      - {status: job_finished}
  held-by-hand:
    timeline:
      [{status: job_waiting, for: manual}, {status: job_running, for: 1m}, {status: job_failed}]
  goes-round:
    at_end: loop
    timeline:
      - {status: job_waiting, for: 10s}
      - {status: job_running, for: 15s}
      - {status: job_paused, for: 5s}
  deleted-mid-run: {timeline: [{status: job_running, for: 40s}, {error: job_may_be_deleted}]}
  "any-*": {timeline: [{status: job_running}]}
"""


def pytest_collection_modifyitems(items):
    """Mark what needs a browser, so that it is left out unless it is asked for."""
    here = Path(__file__).parent
    for item in items:
        if item.path.parent == here:
            item.add_marker("browser")


@pytest.fixture(scope="session")
def chromium():
    """A browser, started once."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="needs Playwright: pip install playwright"
    )
    path = os.environ.get("MOCK_P1_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("needs a Chromium on the path, or MOCK_P1_CHROMIUM to say where it is")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium):
    """A function that plays a scenario and opens its dashboard, as many times as the test likes."""

    def open_one(scenario=SCENARIO, *, token=None, path="/__admin/", **context):
        source, store = Source(), UploadStore()
        closing.callback(store.close)
        engine = Engine(parse(scenario, "morning.yaml"), RealClock(source=source), store=store)
        server = Server(engine, admin_token=token)
        running = ExitStack()
        running.enter_context(ServerThread(server))
        closing.callback(running.close)
        made = Dashboard(chromium, server, source, stop=running.close, **context)
        closing.callback(made.close)
        made.page.goto(server.url + path)
        return made

    with ExitStack() as closing:
        yield open_one


@pytest.fixture
def again(opened):
    """A function that stops a page's mock and starts another in its place."""

    @contextmanager
    def start_again(dashboard, scenario):
        dashboard.stop()
        dashboard.shows("#connection[data-state=wait]")
        with ServerThread(Server(Engine(parse(scenario, "new.yaml")), port=dashboard.server.port)):
            yield
            dashboard.context.close()  # nobody listens any more when it ends

    return start_again


@pytest.fixture
def dashboard(opened):
    """The dashboard of the morning's scenario, drawn."""
    made = opened()
    made.shows("#jobs .job .state b")
    return made
