"""The plugin beside others: xdist, unittest, async tests, other users of `responses`."""

import pytest

ASYNC = '''
import asyncio
import inspect
import pytest

@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    """Run async tests, as the plugins for asyncio do."""
    if inspect.iscoroutinefunction(pyfuncitem.obj):
        names = inspect.signature(pyfuncitem.obj).parameters
        asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names}))
        return True
'''


@pytest.mark.slow
def test_xdist(project):
    """Under pytest -n 2 every worker has mocks of its own.

    Reports reach the terminal, and what all workers showed is counted together.
    """
    project.file(
        "test_many.py",
        """
import pytest

@pytest.mark.mock_p1("slow.yaml")
@pytest.mark.parametrize("turn", range(8))
def test_each(mock_p1, client, turn):
    if turn % 2:
        mock_p1.set_status("job_running")
    assert client.poll() == ("job_running" if turn % 2 else "job_waiting")
    mock_p1.assert_polled(times=1)

@pytest.mark.mock_p1("slow.yaml")
@pytest.mark.parametrize("turn", range(2))
def test_live(mock_p1_server, turn):
    mock_p1_server.advance("10m")

def test_fails(client):
    client.poll()
    assert 0

@pytest.mark.mock_p1("nothing")
def test_bad(mock_p1): pass

def test_unexpected(client):
    client.ask("retrain-001/")
""",
    )
    result = project.run("-p", "xdist", "-n", "2", "--mock-p1-coverage")
    result.assert_outcomes(passed=11, failed=1, errors=2)
    result.stdout.fnmatch_lines_random(
        [
            "Mock P1 did not start: nothing: no such file*",
            "*- Mock P1 -*",
            "  1  0s *retrain-001  job_waiting *",
            "the client asked for what Mock P1 does not imitate:",
            "retrain_status_check statuses * 2 of *",
        ]
    )


def test_unittest_class(project):
    """A TestCase uses the mock by usefixtures, or takes the handle through a fixture of its own."""
    result = project.run(
        tests="""
import unittest
import pytest
import requests
from conftest import Client

URL = "https://developer-api.predictionone.sony.biz"

@pytest.mark.mock_p1("slow.yaml")
@pytest.mark.usefixtures("mock_p1")
class TestUsing(unittest.TestCase):
    def test_it(self):
        self.assertEqual(Client(URL, "demo-key").poll(), "job_waiting")

    def test_unexpected(self):
        Client(URL, "demo-key").ask("x/")

    def test_fails(self):
        Client(URL, "demo-key").ask("x/")
        self.fail("on purpose")

@pytest.mark.mock_p1("slow.yaml")
class TestHolding(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def hold(self, mock_p1):
        self.mock = mock_p1

    def test_it(self):
        Client(self.mock.url, self.mock.api_key).poll()
        self.mock.assert_polled(times=1)
"""
    )
    result.assert_outcomes(passed=3, failed=1, errors=1)
    result.stdout.fnmatch_lines(["*AssertionError: on purpose", "*- Mock P1 -*"])


def test_subtests(project):
    """A failing subtest shows the mock as well."""
    result = project.run(
        tests="""
import unittest
import pytest
from conftest import Client

@pytest.mark.usefixtures("mock_p1")
class TestIt(unittest.TestCase):
    def test_it(self):
        Client("https://developer-api.predictionone.sony.biz", "demo-key").poll()
        with self.subTest("one"):
            self.fail("on purpose")
"""
    )
    result.stdout.fnmatch_lines(["*on purpose*", "*- Mock P1 -*"])


def test_async_test(project):
    """An async test may ask from threads and tasks; the mock is there until the coroutine ends."""
    project.file(
        "conftest.py",
        project.pytester.path.joinpath("conftest.py").read_text(encoding="utf-8") + ASYNC,
    )
    result = project.run(
        tests="""
import asyncio
import pytest

@pytest.mark.mock_p1("slow.yaml")
async def test_it(mock_p1, client):
    seen = await asyncio.gather(*(asyncio.to_thread(client.poll) for _ in range(2)))
    assert seen == ["job_waiting"] * 2
    mock_p1.advance("90s")
    await asyncio.sleep(0)
    assert client.poll() == "job_finished"

async def test_unexpected(client):
    await asyncio.to_thread(client.ask, "x/")
"""
    )
    result.assert_outcomes(passed=2, errors=1)


def test_stubs_of_the_module_responses(project):
    """A test under @responses.activate keeps its own stubs beside the mock."""
    result = project.run(
        tests="""
import requests
import responses

@responses.activate
def test_it(client):
    responses.get("https://api.example.com/", json={"mine": True})
    assert requests.get("https://api.example.com/", timeout=5).json() == {"mine": True}
    assert client.poll() == "job_waiting"
"""
    )
    result.assert_outcomes(passed=1)


def test_own_stubs_on_the_handle(project):
    """Stubs may be put on the handle's own `responses` mock."""
    result = project.run(
        tests="""
import requests

def test_it(mock_p1, client):
    mock_p1.responses.get("https://api.example.com/", json={"mine": True})
    assert requests.get("https://api.example.com/", timeout=5).json() == {"mine": True}
    assert client.poll() == "job_waiting"
"""
    )
    result.assert_outcomes(passed=1)


def test_another_plugin_that_starts_responses_for_every_test(project):
    """A plugin that starts `responses` for every test, as pytest-responses does, changes nothing.

    It stops before our fixture is torn down; afterwards `requests` must be as it was.
    """
    conftest = project.pytester.path / "conftest.py"
    conftest.write_text(
        conftest.read_text(encoding="utf-8")
        + """
import responses

@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    responses.start()

@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item):
    responses.stop()
    responses.reset()

@pytest.fixture(scope="session", autouse=True)
def unpatched():
    before = requests.adapters.HTTPAdapter.send
    responses.stop()
    real = requests.adapters.HTTPAdapter.send
    responses.start()
    yield
    assert requests.adapters.HTTPAdapter.send is real
""",
        encoding="utf-8",
    )
    result = project.run(
        tests="""
import requests
import responses

def test_mocked(mock_p1, client):
    responses.get("https://api.example.com/", json={"mine": True})
    assert client.poll() == "job_waiting"
    assert requests.get("https://api.example.com/", timeout=5).json() == {"mine": True}

def test_served(mock_p1_server):
    responses.get("https://api.example.com/", json={"mine": True})
    assert requests.get(f"{mock_p1_server.url}/v1/external/retrain_jobs/a", timeout=5).status_code
    assert requests.get("https://api.example.com/", timeout=5).json() == {"mine": True}

def test_not_mocked():
    responses.get("https://api.example.com/", json={"mine": 2})
    assert requests.get("https://api.example.com/", timeout=5).json() == {"mine": 2}
"""
    )
    result.assert_outcomes(passed=3)


def test_fixture_that_patches_responses_itself(project):
    """A fixture with a RequestsMock of its own, begun before or after ours, is left alone."""
    result = project.run(
        tests="""
import pytest
import requests
import responses
from requests.adapters import HTTPAdapter

real = HTTPAdapter.send

@pytest.fixture
def mine():
    with responses.RequestsMock() as mock:
        mock.get("https://api.example.com/", json={"mine": True})
        yield mock

def use(client):
    assert client.poll() == "job_waiting"
    assert requests.get("https://api.example.com/", timeout=5).json() == {"mine": True}

def test_before(mine, client): use(client)
def test_after(client, mine): use(client)
def test_as_it_was(): assert HTTPAdapter.send is real
"""
    )
    result.assert_outcomes(passed=3)


def test_mocks_stopped_in_the_order_they_were_started(project):
    """A mock started within ours and stopped after it puts ours back.

    That lets everything pass, time after time.
    """
    result = project.run(
        tests="""
import pytest
import responses
from requests.adapters import HTTPAdapter
from mock_p1 import mocked

@pytest.mark.parametrize("turn", range(3))
def test_it(client, turn):
    mock, other = mocked(), responses.RequestsMock(assert_all_requests_are_fired=False)
    mock.__enter__()
    other.start()
    mock.__exit__(None, None, None)
    other.stop()
    assert client.poll() == "job_waiting"
"""
    )
    result.assert_outcomes(passed=3)
