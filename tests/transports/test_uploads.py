"""Files over the wire: how real clients send them, and how they break off."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
import requests

from mock_p1.base.clock import VirtualClock
from mock_p1.engine.driver import Driver
from mock_p1.engine.engine import Engine
from mock_p1.engine.file_store import CountingStore, StoreFullError
from mock_p1.scenario.parser import parse
from mock_p1.server.server import Server, ServerThread

SCENARIO = parse(
    """
new_jobs:
  timeline: [{status: job_waiting, for: upload}, {status: job_running}]
""",
    "uploads.yaml",
)
KEY = {"x-api-key": "k"}
API = "/v1/external/retrain_jobs"


class Served:
    """A server, and short ways to ask it."""

    def __init__(self, server):
        self.server, self.engine, self.url = server, server.engine, server.url

    def create(self):
        """Ask for a job; return its id and the URL for its file."""
        url = f"{self.url}{API}/upload_url?filename=a.csv"
        body = requests.get(url, headers=KEY, timeout=5).json()
        return body["retrain_job_id"], body["upload_url"]

    def status(self, job):
        """Poll a job."""
        return requests.get(f"{self.url}{API}/{job}", headers=KEY, timeout=5).json()["status"]

    def send(self, data):
        """Send bytes on a connection of their own; return the connection."""
        connection = socket.create_connection(("127.0.0.1", self.server.port), timeout=5)
        connection.sendall(data)
        return connection

    def wait_for_uploads(self, count):
        """Wait until so many uploads are noted; they end in a turn of the server's own."""
        for _ in range(500):
            uploads = list(self.engine.state.uploads)
            if len(uploads) >= count:
                return uploads
            time.sleep(0.01)
        raise AssertionError(f"{count} uploads were waited for; {len(uploads)} came")


@contextmanager
def serve(store=None):
    """Serve the scenario on a clock that stands still."""
    engine = Engine(SCENARIO, VirtualClock(), store=store)
    with ServerThread(Server(engine)) as running:
        yield Served(running.server)


@pytest.fixture
def served():
    """A server that counts what it is sent."""
    with serve() as opened:
        yield opened


def head(url, *lines):
    """Return the head of a PUT."""
    parts = urlsplit(url)
    written = [f"PUT {parts.path} HTTP/1.1", f"Host: {parts.netloc}", *lines, "", ""]
    return "\r\n".join(written).encode()


def read_all(connection):
    """Read until the server hangs up."""
    got = b""
    with connection:
        try:
            while piece := connection.recv(65536):
                got += piece
        except ConnectionResetError:
            pass
    return got


@pytest.mark.parametrize("size", [0, 1, 70_000, 3_000_000])
def test_a_file_of_any_size(served, size):
    """With the length that requests sends."""
    job, url = served.create()
    assert requests.put(url, data=b"x" * size, timeout=10).status_code == 200
    assert served.status(job) == "job_running"
    assert [upload.size for upload in served.engine.state.uploads] == [size]


def test_a_file_in_chunks(served):
    """Of a length that nobody says before."""
    job, url = served.create()
    pieces = (b"x" * 1000 for _ in range(200))
    assert requests.put(url, data=pieces, timeout=10).status_code == 200
    assert [upload.size for upload in served.engine.state.uploads] == [200_000]
    assert served.status(job) == "job_running"


def test_a_put_without_any_length_is_an_empty_file(served):
    """As curl -X PUT sends it."""
    _, url = served.create()
    answer = read_all(served.send(head(url, "Connection: close")))
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert [upload.size for upload in served.engine.state.uploads] == [0]


def test_expect_100_continue_is_answered_before_the_body(served):
    """A client that asks first sends nothing before."""
    job, url = served.create()
    connection = served.send(
        head(url, "Content-Length: 3", "Expect: 100-continue", "Connection: close")
    )
    assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert served.status(job) == "job_waiting"
    connection.sendall(b"a,b")
    assert read_all(connection).startswith(b"HTTP/1.1 200 ")


def test_a_type_of_content_is_no_matter(served):
    """With one, or without."""
    for headers in ({}, {"Content-Type": "text/csv"}, {"Content-Type": "application/zip"}):
        _, url = served.create()
        assert requests.put(url, data=b"a", headers=headers, timeout=5).status_code == 200


@pytest.mark.parametrize("sent", [0, 1, 50_000, 99_999])
def test_a_client_that_breaks_off(served, sent):
    """At any point: the job waits, and the journal says how much came."""
    job, url = served.create()
    connection = served.send(head(url, "Content-Length: 100000") + b"x" * sent)
    connection.close()
    (upload,) = served.wait_for_uploads(1)
    assert not upload.complete
    assert upload.size <= sent
    assert served.status(job) == "job_waiting"
    assert requests.put(url, data=b"whole", timeout=5).status_code == 200
    assert served.status(job) == "job_running"


def test_a_chunk_that_is_none_right_behind_the_head(served):
    """All in one piece: the client is refused, and what came before is noted."""
    job, url = served.create()
    wrong = b"5\r\nabcde\r\nZZ\r\n"
    with served.send(head(url, "Transfer-Encoding: chunked") + wrong) as connection:
        assert connection.recv(1000).startswith(b"HTTP/1.1 400 ")
    (upload,) = served.wait_for_uploads(1)
    assert (upload.complete, upload.size) == (False, 5)
    assert served.status(job) == "job_waiting"


def test_a_client_that_breaks_off_in_chunks(served):
    """Its last chunk never comes."""
    job, url = served.create()
    served.send(head(url, "Transfer-Encoding: chunked") + b"3\r\nabc\r\n").close()
    (upload,) = served.wait_for_uploads(1)
    assert (upload.complete, upload.size) == (False, 3)
    assert served.status(job) == "job_waiting"


def test_more_than_its_length_is_another_request(served):
    """What follows the body is no part of the file."""
    _, url = served.create()
    poll = f"GET {API}/x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".encode()
    answer = read_all(served.send(head(url, "Content-Length: 3") + b"abc" + poll))
    assert answer.count(b"HTTP/1.1 ") == 2
    assert [upload.size for upload in served.engine.state.uploads] == [3]


@pytest.mark.slow
def test_a_hundred_at_once(served):
    """Each job gets its own file."""
    created = [served.create() for _ in range(100)]

    def send(number):
        data = b"x" * (number * 1000)
        return requests.put(created[number][1], data=data, timeout=30).status_code

    with ThreadPoolExecutor(20) as pool:
        assert set(pool.map(send, range(100))) == {200}
    sizes = {upload.job_id: upload.size for upload in served.engine.state.uploads}
    assert sizes == {job: number * 1000 for number, (job, _) in enumerate(created)}


def test_two_puts_at_the_same_time(served):
    """One wins, exactly."""
    _, url = served.create()
    with ThreadPoolExecutor(16) as pool:
        answers = list(
            pool.map(lambda _: requests.put(url, data=b"x" * 9000, timeout=10), range(16))
        )
    assert sorted(answer.status_code for answer in answers) == [200] + [403] * 15
    assert sum(upload.complete for upload in served.engine.state.uploads) == 1


def test_a_file_that_is_too_large():
    """413 that explains, by its length or when it has come; the mock lives on."""
    with serve(CountingStore(100_000)) as served:
        job, url = served.create()
        told = requests.put(url, data=b"x" * 100_001, timeout=5)
        chunk = b"40000\r\n" + b"x" * 0x40000
        with served.send(head(url, "Transfer-Encoding: chunked") + chunk) as connection:
            in_chunks = connection.recv(1000)
        assert (told.status_code, told.json()["error"]) == (413, "MOCK_P1_FILE_TOO_LARGE")
        assert in_chunks.startswith(b"HTTP/1.1 413 ")
        assert served.status(job) == "job_waiting"
        assert requests.put(url, data=b"x" * 100_000, timeout=5).status_code == 200


class FullStore(CountingStore):
    """A disk without room."""

    def open(self, file_name):
        """Find no room."""
        raise StoreFullError(f"the disk is full: {file_name}")


def test_a_full_disk():
    """507 that says so; the job still waits, the mock lives on."""
    with serve(FullStore()) as served:
        job, url = served.create()
        answer = requests.put(url, data=b"x", timeout=5)
        assert (answer.status_code, answer.json()["error"]) == (507, "MOCK_P1_NO_ROOM")
        assert "the disk is full" in answer.json()["message"]
        assert answer.json()["message"] in [*served.engine.journal][-1].notes
        assert served.status(job) == "job_waiting"


@pytest.mark.parametrize("fault", ["connection_reset", "empty_response"])
def test_a_fault_midway(served, fault):
    """Half of the body has been read, and nothing is taken."""
    job, url = served.create()
    Driver(served.engine).fail_next(fault, on="file_upload")
    with pytest.raises(requests.ConnectionError):
        requests.put(url, data=b"x" * 200_000, timeout=5)
    (upload,) = served.wait_for_uploads(1)
    assert upload.size >= 100_000
    assert served.status(job) == "job_waiting"
    assert requests.put(url, data=b"x", timeout=5).status_code == 200


def test_other_methods_on_the_link_are_405(served):
    """With Allow: PUT."""
    _, url = served.create()
    for method in ("GET", "POST", "DELETE", "HEAD"):
        answer = requests.request(method, url, timeout=5)
        assert (answer.status_code, answer.headers["Allow"]) == (405, "PUT")


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not on this machine")
@pytest.mark.parametrize("size", [10, 2_000_000])
def test_curl_sends_a_file(served, size, tmp_path):
    """As the manual's example does it."""
    job, url = served.create()
    (tmp_path / "a.csv").write_bytes(b"x" * size)
    command = ["curl", "-sS", "-o", "-", "-w", "%{http_code}", "-X", "PUT"]
    command += ["--data-binary", f"@{tmp_path / 'a.csv'}", "-H", "Content-Type:", url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    assert done.stdout == "200"
    assert served.status(job) == "job_running"
    assert [upload.size for upload in served.engine.state.uploads] == [size]
