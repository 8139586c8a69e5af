"""mocked() and serving(): context manager and decorator, alone and together."""

import asyncio
import gc
import inspect
import weakref
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatch

import pytest
import requests
from requests.adapters import HTTPAdapter

from mock_p1 import ScenarioError, create_app, create_asgi_app, mocked, record, serving
from mock_p1.testing import run_state
from mock_p1.transports.responses_patch import Mock

URL = "https://developer-api.predictionone.sony.biz/v1/external/retrain_jobs/retrain-001"
BOTH = pytest.mark.parametrize("start", [mocked, serving])


def status(url=URL):
    """Poll as the simplest client does."""
    return requests.get(url, headers={"x-api-key": "demo-key"}, timeout=5).json()["status"]


@BOTH
def test_each_entry_begins_anew(start, slow, poll):
    """One object can be entered again and again."""
    starting = start(slow)
    for _ in range(2):
        with starting as mock:
            assert poll(mock) == "job_waiting"
            mock.assert_polled(times=1)


def test_entered_within_itself(slow, poll):
    """Two entries at once are two servers."""
    starting = serving(slow)
    with starting as outer, starting as inner:
        assert outer.url != inner.url
        poll(outer)
        inner.assert_polled(times=0)


def test_decorator(slow):
    """A decorated function runs inside a mock; a new one at every call."""

    @mocked(slow)
    def run(times):
        """What it says."""
        return [status() for _ in range(times)]

    assert run(times=3) == ["job_waiting", "job_waiting", "job_running"]
    assert run(2) == ["job_waiting", "job_waiting"]
    assert run.__doc__ == "What it says."


def test_decorated_coroutine(slow):
    """An async function is inside the mock until it has ended, not only until it has begun."""

    @mocked(slow)
    async def run():
        await asyncio.sleep(0)
        return await asyncio.to_thread(status)

    assert inspect.iscoroutinefunction(run)
    assert asyncio.run(run()) == "job_waiting"


def test_decorated_generator(slow):
    """So is a generator, such as a fixture of one's own."""

    @mocked(slow)
    def run():
        yield status()
        yield status()

    assert list(run()) == ["job_waiting", "job_waiting"]


def test_what_cannot_be_decorated():
    """A class, or an async generator, is refused with what to do instead."""

    async def generator():
        yield

    with pytest.raises(TypeError, match="decorate the methods of dict, not the class"):
        mocked()(dict)
    with pytest.raises(TypeError, match="generator is an async generator; use `with` inside it"):
        mocked()(generator)


@pytest.mark.parametrize(
    ("start", "slip", "says"),
    [
        (mocked, "sed", "mocked: unknown argument 'sed'; known: *; did you mean seed?"),
        (serving, "instant_slep", "serving: unknown *; did you mean instant_sleep?"),
        (mocked, "speed", "mocked: speed= is for serving; known: as_argument, *"),
        (serving, "base_url", "serving: base_url= is for mocked; known: as_argument, *"),
        (create_app, "sed", "create_app: unknown argument 'sed'; *; did you mean seed?"),
        (create_asgi_app, "sed", "create_asgi_app: unknown *; did you mean seed?"),
        (record, "sed", "record: unknown argument 'sed'; known: *"),
    ],
)
def test_an_argument_that_there_is_not(start, slip, says):
    """It is told as the marker tells it: what was possible, and what was perhaps meant."""
    with pytest.raises(TypeError) as raised:
        start("demo", **{slip: 1})
    assert fnmatch(str(raised.value), says.replace("[", "[[]"))


@BOTH
def test_unexpected_request(start):
    """At the end, what is not imitated raises AssertionError with what came nearest."""
    with (
        pytest.raises(AssertionError, match=r"did you mean GET /v1/external/retrain_jobs/x\?"),
        start() as mock,
    ):
        requests.get(f"{mock.url}/v1/external/retrain_jobs/x/", timeout=5)


@BOTH
def test_unexpected_request_unchecked(start):
    """check=False lets it pass."""
    with start(check=False) as mock:
        assert requests.get(f"{mock.url}/v2", timeout=5).status_code == 404


@BOTH
def test_an_error_of_the_body_comes_first(start):
    """What went wrong inside is not hidden by the check."""
    with pytest.raises(ZeroDivisionError), start() as mock:  # noqa: PT012 -- the error must come from within
        requests.get(f"{mock.url}/v2", timeout=5)
        raise ZeroDivisionError


@BOTH
def test_bad_scenario_starts_nothing(start, tmp_path):
    """Every problem is in the error, and requests is left alone."""
    bad = tmp_path / "bad.yaml"
    bad.write_text("jobs: {a: {timeline: [{status: x, error: y}]}}", encoding="utf-8")
    before = HTTPAdapter.send
    with pytest.raises(ScenarioError, match=r"bad\.yaml:1:"):
        start(bad)
    assert HTTPAdapter.send is before


def test_base_url_that_is_none():
    """A base URL without scheme is refused before anything is patched."""
    before = HTTPAdapter.send
    with pytest.raises(ValueError, match="is no base URL"), mocked(base_url="example.com"):
        pass
    assert HTTPAdapter.send is before


def test_mock_lets_requests_to_servers_pass(slow, poll):
    """A server that starts later, or started before, can be asked while requests are caught."""
    with serving(slow) as before, mocked(slow) as mock, serving(slow) as later:
        assert [poll(one) for one in (before, mock, later)] == ["job_waiting"] * 3
        for one in (before, mock, later):
            one.assert_polled(times=1)


def test_mock_refuses_a_server_that_has_ended(slow):
    """When the server has ended, its port may be anybody's: requests to it are refused again."""
    with mocked(slow):
        with serving(slow) as server:
            url = server.url
        with pytest.raises(requests.ConnectionError, match="Mock P1 is active"):
            requests.get(f"{url}/", timeout=5)


def test_everything_is_as_before(slow):
    """After the mock, requests is not patched, and nothing keeps the mock alive."""
    before = HTTPAdapter.send
    with mocked(slow) as mock:
        assert isinstance(mock.responses, Mock)
    with serving(slow):
        pass
    assert HTTPAdapter.send is before


def test_decorated_functions_in_threads(slow, poll):
    """Calls in several threads at once each have a server of their own, and end only that."""

    @serving(slow)
    def run(_):
        return True

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(run, range(4))) == [True] * 4


@BOTH
def test_parallel_clients(start, slow, poll):
    """Sixteen clients in threads, each with a key of its own, see their own polls of waiting."""
    scenario = slow.with_name("keys.yaml")
    scenario.write_text(
        slow.read_text(encoding="utf-8").replace("other-key", "client-*"), encoding="utf-8"
    )
    with start(scenario) as mock, ThreadPoolExecutor(16) as pool:
        seen = list(
            pool.map(
                lambda n: [poll(mock, key=f"client-{n:02}-of-16") for _ in range(4)], range(16)
            )
        )
        assert seen == [["job_waiting", "job_waiting", "job_running", "job_running"]] * 16
        mock.assert_polled(times=64)


@pytest.mark.parametrize("start", [mocked, serving])
def test_what_is_uploaded_is_kept_until_the_mock_ends(start):
    """Whole, with what was found in it; afterwards its content is gone."""
    with start("demo") as mock:
        asked = requests.get(
            f"{mock.url}/v1/external/retrain_jobs/upload_url?filename=train.csv",
            headers={"x-api-key": mock.api_key},
            timeout=5,
        )
        assert requests.put(asked.json()["upload_url"], data=b"a,b\n1,2\n", timeout=5).ok
        (upload,) = mock._engine.state.uploads  # noqa: SLF001 -- handles show no store
        assert upload.kept.content() == b"a,b\n1,2\n"
        assert upload.kept.inspection().rows == 1
    assert upload.kept.content() is None


def test_a_mock_that_has_ended_is_gone_when_the_next_one_begins(poll, monkeypatch):
    """A run of many tests leaves nothing for Python's search for garbage, which takes time."""
    monkeypatch.setattr(run_state, "current", None)  # which keeps it for the report of this test
    engines = []
    gc.collect()
    gc.disable()
    try:
        for _ in range(2):
            with mocked("demo") as mock:
                poll(mock)
                engines.append(weakref.ref(mock._engine))  # noqa: SLF001 -- shown to no test
        del mock
        assert engines[0]() is None
    finally:
        gc.enable()
