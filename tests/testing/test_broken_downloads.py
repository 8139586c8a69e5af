"""A download that the client breaks off is not complete, whichever way in it came by."""

import asyncio
import socket
from urllib.parse import urlsplit

import httpx
import pytest
import requests
from helpers.large_result import SIZE, read_result, small_client, write_into

from mock_p1 import mocked, serving
from mock_p1.engine.journal import NOT_TAKEN


@pytest.fixture(scope="module")
def big(tmp_path_factory):
    """A scenario whose result no connection holds."""
    return write_into(tmp_path_factory.mktemp("big"))


@pytest.fixture
def caught(big):
    """A mock of this process."""
    with mocked(big) as mock:
        yield mock


@pytest.fixture
def served(big):
    """A mock behind a socket."""
    with serving(big) as mock:
        yield mock


@pytest.fixture(params=["mocked", "served"])
def mock(request, big):
    """A mock, in either way."""
    with {"mocked": mocked, "served": serving}[request.param](big) as mock:
        yield mock


def link_of(mock):
    """Poll the job; return its link."""
    url = f"{mock.url}/v1/external/retrain_jobs/old"
    return requests.get(url, headers={"x-api-key": "key"}, timeout=10).json()["download_url"]


def fails(assertion):
    """Return the first line of a failure."""
    with pytest.raises(AssertionError) as caught:
        assertion()
    return str(caught.value).splitlines()[0]


def assert_broken(mock):
    """Assert that the newest download is none, and that everybody says so."""
    last = mock.downloads()[-1]
    assert (last.http_status, last.complete, last.notes) == (200, False, (NOT_TAKEN,))
    wanted = "should have been downloaded once"
    why = f"it never was; call {last.number} was not read to its end by the client"
    assert fails(mock.assert_downloaded) == f"the result of job 'old' {wanted}; {why}"


def by_requests(link):
    """Read nothing."""
    with requests.get(link, stream=True, timeout=10) as answer:
        answer.raise_for_status()


def by_requests_in_part(link):
    """Read the first pieces."""
    with requests.get(link, stream=True, timeout=10) as answer:
        pieces = answer.iter_content(1000)
        assert len(next(pieces) + next(pieces)) == 2000


def by_httpx(link):
    """Read nothing."""
    with httpx.stream("GET", link) as answer:
        answer.raise_for_status()


def by_httpx_in_part(link):
    """Read the first bytes."""
    with httpx.stream("GET", link) as answer:
        assert next(answer.iter_bytes(10)) == b"1,2,3,4\n1,"


def by_httpx_async(link):
    """Read nothing, in a task."""

    async def break_off():
        async with httpx.AsyncClient() as client, client.stream("GET", link) as answer:
            answer.raise_for_status()

    asyncio.run(break_off())


BROKEN = [by_requests, by_requests_in_part, by_httpx, by_httpx_in_part, by_httpx_async]


@pytest.mark.parametrize("break_off", BROKEN)
def test_a_client_that_does_not_read_it(mock, break_off):
    """It has not downloaded it, whatever the answer was."""
    break_off(link_of(mock))
    assert_broken(mock)


def whole_by_requests(link):
    """Read it at once."""
    return requests.get(link, timeout=60).content


def whole_by_pieces(link):
    """Read it piece by piece."""
    with requests.get(link, stream=True, timeout=60) as answer:
        return b"".join(answer.iter_content(1 << 20))


def whole_by_raw(link):
    """Read it as ``shutil.copyfileobj`` does."""
    pieces = []
    with requests.get(link, stream=True, timeout=60) as answer:
        while piece := answer.raw.read(1 << 20):
            pieces.append(piece)
    return b"".join(pieces)


def whole_by_httpx(link):
    """Read it at once."""
    return httpx.get(link, timeout=60).content


def whole_by_httpx_async(link):
    """Read it piece by piece, in a task."""

    async def read():
        async with httpx.AsyncClient(timeout=60) as client, client.stream("GET", link) as answer:
            return b"".join([piece async for piece in answer.aiter_bytes(1 << 20)])

    return asyncio.run(read())


WHOLE = [whole_by_requests, whole_by_pieces, whole_by_raw, whole_by_httpx, whole_by_httpx_async]


@pytest.mark.parametrize("download", WHOLE)
def test_a_client_that_reads_it(mock, download):
    """It has, as soon as it has the last byte; nothing is noted."""
    assert len(download(link_of(mock))) == SIZE
    (only,) = mock.downloads()
    assert (only.complete, only.notes) == (True, ())
    mock.assert_downloaded()


@pytest.mark.parametrize(
    "break_off", [BROKEN[0], *(pytest.param(how, marks=pytest.mark.slow) for how in BROKEN[1:])]
)
def test_a_fresh_link_after_a_broken_one(mock, break_off):
    """Whoever polls again and downloads again is right; once it has it, a poll is too many."""
    break_off(link_of(mock))
    mock.downloads()
    whole_by_requests(link_of(mock))
    mock.assert_downloaded()
    mock.assert_sequence()
    link_of(mock)
    assert "after its download (call 4) was complete" in fails(mock.assert_sequence)


def test_an_answer_that_is_kept_open(caught):
    """It is not read yet; what is read of it in the end counts."""
    answer = requests.get(link_of(caught), stream=True, timeout=10)
    assert_broken(caught)
    assert len(answer.content) == SIZE
    caught.assert_downloaded()


def raw(served, link, receive=300, *, head=b"connection: keep-alive"):
    """Ask on a socket of a small buffer; read so many bytes, and return it."""
    parts = urlsplit(link)
    client = small_client(parts.hostname, parts.port)
    client.sendall(b"GET %b HTTP/1.1\r\nhost: %b\r\n%b\r\n\r\n" % (
        parts.path.encode(), parts.netloc.encode(), head
    ))  # fmt: skip
    client.recv(receive, socket.MSG_WAITALL)
    return client


@pytest.mark.parametrize("head", [b"x: y", b"connection: close", b"expect: 100-continue"])
def test_a_socket_that_is_closed_early(served, head):
    """On a connection that is kept and on one that is not."""
    raw(served, link_of(served), head=head).close()
    assert_broken(served)


def test_a_socket_that_sends_no_more_and_reads_on(served):
    """A client may close its side: what counts is whether it takes the file."""
    with raw(served, link_of(served), head=b"connection: close") as client:
        client.shutdown(socket.SHUT_WR)
        while client.recv(1 << 20):
            pass
    served.assert_downloaded()


def test_the_control_api_says_it(served):
    """The list of downloads, the job's count and the journal."""
    link = link_of(served)
    raw(served, link).close()
    assert_broken(served)
    (shown,) = requests.get(f"{served.url}/__admin/downloads", timeout=10).json()["downloads"]
    assert (shown["complete"], shown["http_status"]) == (False, 200)
    assert shown["notes"] == [NOT_TAKEN]
    (job,) = requests.get(f"{served.url}/__admin/jobs", timeout=10).json()["jobs"]
    assert [track["downloads"] for track in job["tracks"]] == [0]
    entries = requests.get(f"{served.url}/__admin/requests", timeout=10).json()["requests"]
    assert entries[-1]["notes"] == [NOT_TAKEN]


def test_a_client_that_has_stopped_to_read(served):
    """Its download is not complete while it stalls, and is when it goes on."""
    link = link_of(served)
    with raw(served, link) as client:
        (shown,) = requests.get(f"{served.url}/__admin/downloads", timeout=10).json()["downloads"]
        assert shown["complete"] is False
        assert read_result(client, SIZE - 4096) == 0
        served.assert_downloaded()
        (shown,) = requests.get(f"{served.url}/__admin/downloads", timeout=10).json()["downloads"]
        assert shown["complete"] is True


def test_a_connection_goes_on_after_a_large_file(served):
    """What was changed for the file is put back: a session polls and downloads again."""
    with requests.Session() as session:
        for _ in range(2):
            assert len(session.get(link_of(served), timeout=60).content) == SIZE
    served.assert_downloaded(times=2)


def part(link, wanted, *, read=True):
    """Ask for a part; read it to its end or not."""
    headers = {"Range": f"bytes={wanted}"}
    with requests.get(link, headers=headers, stream=True, timeout=60) as answer:
        assert answer.status_code == 206
        return answer.content if read else b""


def test_a_part_that_is_not_read(mock):
    """The rest of a file is a download only where it is read."""
    part(link_of(mock), "0-", read=False)
    assert [each.complete for each in mock.downloads()] == [False]


def test_a_part_that_is_missing(mock):
    """Parts of which one was not read are no download, until it is fetched again."""
    link, half = link_of(mock), SIZE // 2
    part(link, f"0-{half - 1}", read=False)
    part(link, f"{half}-")
    assert fails(mock.assert_downloaded).startswith("the result of job 'old' should have been")
    part(link, f"0-{half - 1}")
    mock.assert_downloaded()
    assert [each.complete for each in mock.downloads()] == [False, False, True]


def test_what_was_no_download_is_said(mock):
    """HEAD, which has no body, and a part; the table names a method that is not documented."""
    link = link_of(mock)
    requests.head(link, timeout=10)
    part(link, "0-9")
    told = fails(mock.assert_downloaded)
    assert "call 2 asked for the headers alone, by HEAD; call 3 was sent a part of it" in told
    assert "result_download by HEAD: " in mock.report()


def test_a_client_that_resumes(mock):
    """It goes on where it broke off, and has all of it by then."""
    link = link_of(mock)
    by_requests_in_part(link)
    part(link, "2000-")
    mock.assert_downloaded()
    mock.assert_sequence()


@pytest.mark.slow
def test_a_slow_body_that_is_broken_off(mock):
    """A body that comes in pieces counts with its last one."""
    mock.fail_next("slow_body", on="result_download")
    link = link_of(mock)
    with requests.get(link, stream=True, timeout=60) as answer:
        answer.raise_for_status()
    assert mock.downloads()[-1].complete is False


def test_who_has_read_every_byte_has_it(mock):
    """Though it asks for no more, to hear that there is no more."""
    got = 0
    with httpx.stream("GET", link_of(mock), timeout=30) as answer:
        for piece in answer.iter_raw():
            got += len(piece)
            if got >= SIZE:
                break
    mock.assert_downloaded()


@pytest.mark.slow
@pytest.mark.parametrize("start", [mocked, serving])
def test_a_client_that_has_not_waited_for_it(start):
    """An answer that is held back for longer than its client waits is not taken."""
    job = {"timeline": [{"status": "job_finished", "result": "generated"}]}
    held = {"result_download": [{"ok": True, "delay": "1s"}]}
    with start({"jobs": {"old": job}, "calls": held}, check=False) as mock:
        url = f"{mock.url}/v1/external/retrain_jobs/old"
        link = requests.get(url, headers={"x-api-key": "k"}, timeout=10).json()["download_url"]
        with pytest.raises(requests.Timeout):
            requests.get(link, timeout=0.05)
        assert [each.complete for each in mock.downloads()] == [False]
