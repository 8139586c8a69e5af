"""httpx in-process: sync and async, on asyncio and trio, as over a wire."""

import asyncio
import hashlib
import subprocess
import sys
import time
from zipfile import ZipFile

import pytest
from helpers.transport_clients import JOBS, KEY

from mock_p1 import mocked
from mock_p1.contract.operations import DOCUMENTED_HOSTS

httpx = pytest.importorskip("httpx")

HEADERS = dict([KEY])
JOB = f"{DOCUMENTED_HOSTS[0]}{JOBS}steady"
OTHER = "https://other.example/data"


@pytest.fixture
def mock(scenario):
    """The handle of an in-process mock that plays the scenario of all transports."""
    with mocked(scenario, check=False) as handle:
        yield handle


async def ask_async(method, url, **options):
    """Send one request with a client of its own."""
    async with httpx.AsyncClient() as client:
        return await client.request(method, url, headers=HEADERS, **options)


def on_asyncio(method, url, **options):
    """Ask on asyncio."""
    return asyncio.run(ask_async(method, url, **options))


def on_trio(method, url, **options):
    """Ask on trio."""
    trio = pytest.importorskip("trio")

    async def ask():
        return await ask_async(method, url, **options)

    return trio.run(ask)


def sync(method, url, **options):
    """Ask without a loop."""
    with httpx.Client() as client:
        return client.request(method, url, headers=HEADERS, **options)


CLIENTS = pytest.mark.parametrize("ask", [sync, on_asyncio, on_trio])


@CLIENTS
def test_a_poll_is_answered(mock, ask):
    """And stands in the journal."""
    answer = ask("GET", JOB)
    assert (answer.status_code, answer.json()["status"]) == (200, "job_running")
    assert answer.http_version == "HTTP/1.1"
    assert len(mock.polls()) == 1


@CLIENTS
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("connection_reset", "ReadError"),
        ("empty_response", "RemoteProtocolError"),
        ("timeout", "ReadTimeout"),
        ("truncated_body", "RemoteProtocolError"),
        ("slow_body", "ReadTimeout"),
    ],
)
def test_a_fault_is_the_exception_that_httpx_raises(mock, ask, fault, error):
    """The very type, with its request, so that a client's `except` is tested."""
    mock.fail_next(fault)
    with pytest.raises(getattr(httpx, error)) as caught:
        ask("GET", JOB, timeout=0.5)
    assert caught.type is getattr(httpx, error)
    assert str(caught.value.request.url) == JOB


@CLIENTS
@pytest.mark.parametrize(
    ("timeout", "in_time"),
    [(2, False), (3, True), (None, True), (httpx.Timeout(1, read=None), True)],
    ids=str,
)
def test_the_clients_patience_is_measured_against_a_delay(mock, ask, timeout, in_time):
    """Only that much of the mock's time passes."""
    url = f"{mock.url}{JOBS}late"
    if in_time:
        assert ask("GET", url, timeout=timeout).json()["status"] == "job_waiting"
    else:
        with pytest.raises(httpx.ReadTimeout):
            ask("GET", url, timeout=timeout)


@pytest.mark.parametrize(
    ("ask", "timeout", "error"),
    [
        (sync, 0, httpx.ConnectError),
        (sync, -1, ValueError),
        (sync, "5", TypeError),
        (on_asyncio, 0, httpx.ConnectTimeout),
        (on_asyncio, -1, httpx.ConnectTimeout),
        (on_asyncio, "5", TypeError),
        (on_trio, 0, httpx.ConnectTimeout),
    ],
)
def test_an_impossible_timeout_is_refused(mock, ask, timeout, error):
    """As over a wire, and nothing is asked."""
    with pytest.raises(error) as caught:
        ask("GET", JOB, timeout=timeout)
    assert caught.type is error
    assert mock.requests() == []


@pytest.mark.parametrize(("ask", "refused"), [(sync, True), (on_asyncio, False), (on_trio, False)])
def test_a_time_out_without_end(mock, ask, refused):
    """No socket takes it; an event loop does."""
    if refused:
        with pytest.raises(OverflowError):
            ask("GET", JOB, timeout=float("inf"))
    else:
        assert ask("GET", JOB, timeout=float("inf")).status_code == 200


def upload_url(mock):
    """Ask where a file is to go."""
    query = {"filename": "train.csv"}
    return sync("GET", f"{mock.url}{JOBS}upload_url", params=query).json()["upload_url"]


@pytest.mark.parametrize("content", [b"a,b", "a,b", lambda: iter([b"a", b",b"])])
def test_an_upload_is_read(mock, content):
    """Bytes, text and generators alike; the answer has the file's checksum."""
    content = content() if callable(content) else content
    answer = sync("PUT", upload_url(mock), content=content)
    assert answer.headers["etag"] == f'"{hashlib.sha256(b"a,b").hexdigest()[:32]}"'


@pytest.mark.parametrize("ask", [on_asyncio, on_trio])
def test_an_upload_by_an_async_generator_is_read(mock, ask):
    """As httpx takes them."""

    async def content():
        yield b"a"
        yield b",b"

    answer = ask("PUT", upload_url(mock), content=content())
    assert answer.headers["etag"] == f'"{hashlib.sha256(b"a,b").hexdigest()[:32]}"'


def test_a_download_may_be_streamed(mock):
    """Piece by piece, and closed half-way."""
    url = sync("GET", f"{mock.url}{JOBS}done").json()["download_url"]
    whole = sync("GET", url).content
    with httpx.stream("GET", url) as answer:
        assert b"".join(answer.iter_bytes(100)) == whole
    with httpx.stream("GET", url) as answer:
        assert next(answer.iter_raw())[:2] == b"PK"


def test_a_streamed_body_fails_while_it_is_read(mock):
    """Not when the head comes."""
    mock.fail_next("slow_body")
    with httpx.stream("GET", JOB, headers=HEADERS, timeout=0.5) as answer:
        assert answer.status_code == 200
        with pytest.raises(httpx.ReadTimeout):
            answer.read()


def test_retries_of_a_transport_and_a_proxy_do_not_matter(mock, monkeypatch):
    """The mock answers under an HTTPTransport with retries, and in spite of a proxy."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    with httpx.Client(transport=httpx.HTTPTransport(retries=2), headers=HEADERS) as client:
        assert client.get(JOB).status_code == 200
    assert httpx.get(JOB, headers=HEADERS, proxy="http://127.0.0.1:1").status_code == 200


def test_a_transport_that_asks_again_by_itself_is_the_clients_own(mock):
    """What a class of the client's makes of HTTPTransport is run."""

    class AsksTwice(httpx.HTTPTransport):
        def handle_request(self, request):
            try:
                return super().handle_request(request)
            except httpx.TransportError:
                return super().handle_request(request)

    mock.fail_next("connection_reset")
    with httpx.Client(transport=AsksTwice(), headers=HEADERS) as client:
        assert client.get(JOB).status_code == 200


def test_a_transport_of_the_users_own_answers_itself(mock):
    """Whoever stubs the URL in the client has stubbed it."""
    mine = httpx.MockTransport(lambda _: httpx.Response(200, text="mine"))
    with httpx.Client(transport=mine) as client:
        assert client.get(JOB).text == "mine"


@pytest.mark.parametrize("url", [JOB.replace("https", "http"), f"http://{JOB[8:]}?a=b"])
def test_what_no_mock_answers_is_refused(mock, url):
    """Before any name is looked up."""
    with pytest.raises(httpx.ConnectError, match="Mock P1 is active"):
        httpx.get(url)


def test_sleeps_of_the_client_move_the_mocks_time(scenario):
    """Two virtual hours of polling take no time."""
    with mocked(scenario, instant_sleep=True) as handle:

        async def poll():
            async with httpx.AsyncClient(headers=HEADERS) as client:
                statuses = []
                for _ in range(3):
                    statuses.append((await client.get(f"{handle.url}{JOBS}timed")).json()["status"])
                    await asyncio.sleep(10)
                return statuses

        assert asyncio.run(poll()) == ["job_waiting", "job_running", "job_failed"]
        httpx.get(f"{handle.url}{JOBS}timed", headers=HEADERS)
        time.sleep(7200)


@pytest.mark.parametrize("theirs_first", [True, False])
def test_beside_respx(scenario, theirs_first):
    """Each answers its own hosts."""
    respx = pytest.importorskip("respx")
    theirs, ours = respx.mock(assert_all_called=False), mocked(scenario)
    outer, inner = (theirs, ours) if theirs_first else (ours, theirs)
    with outer, inner:
        theirs.get(OTHER).respond(text="mine")
        assert httpx.get(OTHER).text == "mine"
        assert httpx.get(JOB, headers=HEADERS).json()["status"] == "job_running"


def test_beside_pytest_httpx(scenario, pytester):
    """In either order of the fixtures."""
    pytest.importorskip("pytest_httpx")
    pytester.makepyfile(
        f"""
        import httpx, pytest

        def ask(httpx_mock):
            httpx_mock.add_response(url="{OTHER}", text="mine")
            assert httpx.get("{OTHER}").text == "mine"
            poll = httpx.get("{DOCUMENTED_HOSTS[0]}{JOBS}retrain-001", headers={HEADERS!r})
            assert poll.json()["status"] == "job_waiting"

        def test_ours_first(mock_p1, httpx_mock):
            ask(httpx_mock)

        def test_theirs_first(httpx_mock, mock_p1):
            ask(httpx_mock)
        """
    )
    pytester.runpytest_inprocess("-p", "no:randomly", "-p", "no:xdist").assert_outcomes(passed=2)


@pytest.mark.slow
def test_httpx_is_imported_by_the_client_alone():
    """A mock costs its import to nobody; a client that imports it later is answered too."""
    code = f"""
import sys
from mock_p1 import mocked

with mocked("demo"):
    assert "httpx" not in sys.modules
    import httpx
    assert httpx.get("{DOCUMENTED_HOSTS[0]}{JOBS}retrain-001", headers={HEADERS!r}).is_success
handle = httpx.HTTPTransport.handle_request
with mocked("demo"):
    assert httpx.HTTPTransport.handle_request is not handle
assert httpx.HTTPTransport.handle_request is handle
assert handle.__module__.startswith("httpx")
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.slow
def test_what_loads_httpx_is_left_as_it_was(tmp_path):
    """Out of a ZIP one loader loads many libraries; what comes after a mock is no affair of it."""
    library = "class SyncByteStream: pass\nclass AsyncByteStream: pass\n"
    for kind, method in (("", "handle_request"), ("Async", "handle_async_request")):
        library += f"class {kind}HTTPTransport:\n  def {method}(self): pass\n"
        library += f"class {kind}Client:\n  def _transport_for_url(self): pass\n"
    with ZipFile(tmp_path / "libraries.zip", "w") as file:
        file.writestr("httpx.py", library)
        file.writestr("another.py", "")
    code = """
import sys
sys.path.insert(0, sys.argv[1])
from mock_p1 import mocked

with mocked("demo"):
    import httpx
    assert httpx.HTTPTransport.handle_request.__module__ != "httpx"
handle = httpx.HTTPTransport.handle_request
assert handle.__module__ == "httpx"
import another
assert httpx.HTTPTransport.handle_request is handle
"""
    command = [sys.executable, "-c", code, str(tmp_path / "libraries.zip")]
    subprocess.run(command, check=True, timeout=60)
