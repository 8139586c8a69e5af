"""An upload that does not come to its end: nothing of it stays, and the journal says so."""

import asyncio
import json
import threading

import pytest
import requests
from werkzeug.test import create_environ

from mock_p1.base.clock import VirtualClock
from mock_p1.base.messages import Request
from mock_p1.engine.engine import Engine
from mock_p1.engine.file_store import CountedFile, CountingStore
from mock_p1.scenario.parser import parse
from mock_p1.server.app import create_app_for
from mock_p1.server.asgi_app import asgi_app_for
from mock_p1.transports.responses_patch import Mock
from mock_p1.transports.urllib3_connection import _Response

SCENARIO = parse(
    "new_jobs: {timeline: [{status: job_waiting, for: upload}, {status: job_running}]}"
)
API = "/v1/external/retrain_jobs"
HOST = "http://mock.example"


class Store(CountingStore):
    """Counts the files that are open; may raise, or wait, where one is written."""

    def __init__(self):
        super().__init__()
        self.open_files = 0
        self.on_write = lambda: None

    def open(self, file_name):
        """Count one more."""
        del file_name
        self.open_files += 1
        return File(self)


class File(CountedFile):
    """A file of the store."""

    def __init__(self, store):
        super().__init__()
        self._store = store

    def write(self, data):
        """Do what the test wants, then count."""
        self._store.on_write()
        super().write(data)

    def finish(self):
        """Count one less."""
        self._store.open_files -= 1
        return super().finish()

    def discard(self):
        """Count one less."""
        self._store.open_files -= 1


@pytest.fixture
def engine():
    """An engine on a clock that stands still, with a store that counts."""
    return Engine(SCENARIO, VirtualClock(), store=Store())


def upload_path(engine):
    """Create a job; return the path for its file."""
    asked = Request("GET", f"{API}/upload_url", "filename=a.csv", ("k",), HOST)
    return json.loads(engine.handle(asked).body)["upload_url"].removeprefix(HOST)


def has_broken_off(engine, size):
    """Check that nothing is open, and that exactly one entry says how much came."""
    entries = [entry for entry in engine.journal if entry.operation == "file_upload"]
    assert engine.state.store.open_files == 0
    assert [entry.fault for entry in entries] == ["broken_off"]
    assert f"{size:,} bytes came" in entries[0].notes


class BrokenInput:
    """A body that can be read once, and then raises."""

    was_read = False

    def read(self, size):
        """Return as much as is wanted, or raise."""
        if self.was_read:
            raise RuntimeError("the server has a fault")
        self.was_read = True
        return b"x" * size

    readline = read  # which Werkzeug before 2.3 wants to find


def scope_of(path):
    """Return the scope of a PUT in chunks."""
    return {
        "type": "http",
        "method": "PUT",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "scheme": "http",
        "headers": [(b"host", b"mock.example"), (b"transfer-encoding", b"chunked")],
    }


async def send_nothing(message):
    """Take an answer that nobody reads."""


def test_asgi_a_server_that_raises(engine):
    """The file ends where what the server hands over raises."""
    scope = scope_of(upload_path(engine))
    messages = [{"type": "http.request", "body": b"x" * 10, "more_body": True}]

    async def receive():
        if messages:
            return messages.pop()
        raise RuntimeError("the server has a fault")

    with pytest.raises(RuntimeError, match="the server has a fault"):
        asyncio.run(asgi_app_for(engine)(scope, receive, send_nothing))
    has_broken_off(engine, 10)


def test_asgi_a_task_that_is_cancelled_while_it_waits(engine):
    """As servers do with a client that has gone, and at their end."""
    scope = scope_of(upload_path(engine))

    async def cancel():
        waits = asyncio.Event()
        messages = [{"type": "http.request", "body": b"x" * 600_000, "more_body": True}]

        async def receive():
            if messages:
                return messages.pop()
            waits.set()
            return await asyncio.Event().wait()

        task = asyncio.create_task(asgi_app_for(engine)(scope, receive, send_nothing))
        await waits.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())
    has_broken_off(engine, 600_000)


def test_asgi_a_task_that_is_cancelled_while_a_thread_writes(engine):
    """The thread ends its piece first; the file ends after it, once."""
    scope = scope_of(upload_path(engine))
    writes, may_go_on = threading.Event(), threading.Event()

    def wait():
        writes.set()
        assert may_go_on.wait(10)

    engine.state.store.on_write = wait

    async def cancel():
        async def receive():
            return {"type": "http.request", "body": b"x" * 600_000, "more_body": True}

        task = asyncio.create_task(asgi_app_for(engine)(scope, receive, send_nothing))
        await asyncio.to_thread(writes.wait, 10)
        task.cancel()
        asyncio.get_running_loop().call_soon(task.cancel)
        asyncio.get_running_loop().call_later(0.01, may_go_on.set)
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())
    has_broken_off(engine, 600_000)


def test_wsgi_a_body_that_raises(engine):
    """Whatever the server's own stream raises."""
    environ = create_environ(upload_path(engine), HOST, method="PUT")
    environ["wsgi.input"], environ["CONTENT_LENGTH"] = BrokenInput(), "300000"
    app = create_app_for(engine)
    app.testing = True
    with pytest.raises(RuntimeError, match="the server has a fault"):
        app(environ, lambda *_: None)
    has_broken_off(engine, 262_144)


def test_wsgi_chunks_without_an_end_are_refused(engine):
    """A server that does not say where they end would let the mock wait for ever."""
    path = upload_path(engine)
    environ = create_environ(path, HOST, method="PUT")
    environ |= {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input": None}
    pieces, status, _ = create_app_for(engine).test_client().run_wsgi_app(environ)
    answer = json.loads(b"".join(pieces))
    assert (status, answer["error"]) == ("411 LENGTH REQUIRED", "MOCK_P1_LENGTH_REQUIRED")
    assert "Content-Length" in answer["message"]
    assert [(entry.path, entry.unexpected, entry.notes) for entry in engine.journal][1:] == [
        (path, True, (answer["message"],))
    ]
    assert engine.handle(Request("PUT", path)).status == 200


@pytest.fixture
def in_process(engine):
    """The engine, where requests of this process are answered."""
    mock = Mock(engine, [HOST])
    mock.start()
    yield engine
    mock.stop()


def broken_body():
    """Yield a piece, and raise."""
    yield b"x" * 10
    raise KeyError("the client has a fault")


async def broken_body_async():
    """Yield a piece, and raise."""
    for piece in broken_body():
        yield piece


def send_by_requests(url):
    """Send a body that breaks off."""
    requests.put(url, data=broken_body(), timeout=5)


def send_by_httpx(url):
    """Send a body that breaks off."""
    httpx = pytest.importorskip("httpx")
    httpx.put(url, content=broken_body())


def send_by_async_httpx(url):
    """Send a body that breaks off."""
    httpx = pytest.importorskip("httpx")

    async def send():
        async with httpx.AsyncClient() as client:
            await client.put(url, content=broken_body_async())

    asyncio.run(send())


@pytest.mark.parametrize("send", [send_by_requests, send_by_httpx, send_by_async_httpx])
def test_in_process_a_clients_body_that_raises(in_process, send):
    """The client sees its own exception."""
    url = HOST + upload_path(in_process)
    with pytest.raises(KeyError, match="the client has a fault"):
        send(url)
    has_broken_off(in_process, 10)


def test_in_process_a_store_that_raises(in_process):
    """As where the memory is full: the client sees it, and nothing stays."""
    url = HOST + upload_path(in_process)

    def fail():
        raise MemoryError("no more")

    in_process.state.store.on_write = fail
    with pytest.raises(MemoryError, match="no more"):
        requests.put(url, data=b"x" * 10, timeout=5)
    has_broken_off(in_process, 5)


LENGTHS = ["x", "-1", "+1", "1_0", "", "9" * 16, "1, 1"]


@pytest.mark.parametrize("length", LENGTHS)
def test_in_process_a_length_that_is_none(in_process, length):
    """The answer is the server's own, whichever the library; nothing is raised."""
    httpx = pytest.importorskip("httpx")
    url, headers = HOST + upload_path(in_process), {"Content-Length": length}
    by_httpx = httpx.put(url, content=b"abc", headers=headers)
    request = requests.Request("PUT", url, data=b"abc").prepare()
    request.headers["Content-Length"] = length
    with requests.Session() as session:
        by_requests = session.send(request)
    for answer in (by_httpx, by_requests):
        assert (answer.status_code, answer.json()["error"]) == (400, "MOCK_P1_BAD_REQUEST")
    assert list(in_process.state.uploads) == []


@pytest.mark.parametrize("length", LENGTHS)
def test_asgi_a_length_that_is_none(engine, length):
    """Where the server lets it through."""
    scope = scope_of(upload_path(engine))
    scope["headers"] = [(b"content-length", length.encode())]
    sent = []

    async def send(message):
        sent.append(message)

    asyncio.run(asgi_app_for(engine)(scope, send_nothing, send))
    assert sent[0]["status"] == 400


@pytest.mark.parametrize("length", [length for length in LENGTHS if length])
def test_wsgi_a_length_that_is_none(engine, length):
    """Where the server lets it through; an empty one says that there is none."""
    environ = create_environ(upload_path(engine), HOST, method="PUT")
    environ["CONTENT_LENGTH"] = length
    _, status, _ = create_app_for(engine).test_client().run_wsgi_app(environ)
    assert status == "400 BAD REQUEST"


def test_in_process_a_body_is_cut_at_its_length(in_process):
    """What follows would be another request on a wire."""
    url = HOST + upload_path(in_process)
    request = requests.Request("PUT", url, data=b"x" * 10).prepare()
    request.headers["Content-Length"] = "3"
    with requests.Session() as session:
        assert session.send(request).status_code == 200
    assert [upload.size for upload in in_process.state.uploads] == [3]


def test_a_response_that_never_began_can_be_closed():
    """Python closes it when it is collected; an error there would be told in some other test."""

    class Broken:
        """A socket that gives nothing to read."""

        ordinary = None

        def makefile(self, mode):
            """Fail as a fault does."""
            raise ConnectionResetError(mode)

    response = _Response.__new__(_Response)
    with pytest.raises(ConnectionResetError):
        response.__init__(Broken())
    response.close()
    assert response.isclosed()
