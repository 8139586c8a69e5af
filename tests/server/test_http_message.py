"""Requests as bytes: what is read of a head and of a body, and what is refused."""

import time
from contextlib import suppress

import pytest

from mock_p1.base.framing import BadRequest
from mock_p1.server.http_message import (
    CHUNK_LINE_LIMIT,
    HEADERS_LIMIT,
    TRAILER_LIMIT,
    BodyReader,
    read_head,
)
from mock_p1.transports import asgi


def head(text):
    """Read a head whose lines are written as text."""
    return read_head(text.replace("\n", "\r\n").encode())


def test_a_head_says_what_was_sent():
    """Names of headers in lower case, values without the blanks around them."""
    found = head("GET /a?b=c HTTP/1.1\nHost: h\nX-Api-Key: \t k e y \t")
    assert found[:4] == ("GET", b"/a", b"b=c", "1.1")
    assert found.headers == ((b"host", b"h"), (b"x-api-key", b"k e y"))
    assert (found.length, found.keep_alive, found.expects_continue) == (0, True, False)


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        ("/", b"/", b""),
        ("/a?", b"/a", b""),
        ("/a?b?c", b"/a", b"b?c"),
        ("*", b"/*", b""),
        ("http://h/a?b", b"/a", b"b"),
        ("HTTPS://user@h:1/a", b"/a", b""),
        ("http://h", b"/", b""),
        ("/ü", b"/%C3%BC", b""),
        ("/a b", b"/a%20b", b""),
        ("/%2F%zz", b"/%2F%zz", b""),
        ("/a#b", b"/a#b", b""),
    ],
)
def test_a_target_is_a_path_and_a_query(target, path, query):
    """Bytes that no URL has are percent-encoded; what is encoded already stays as it is."""
    found = head(f"GET {target} HTTP/1.1")
    assert (found.path, found.query) == (path, query)


@pytest.mark.parametrize("verb", ["GET", "get", "M-SEARCH", "FOO", "x!#$%&'*+.^_`|~", "V" * 5000])
def test_any_token_is_a_verb(verb):
    """As it was written."""
    assert head(f"{verb} / HTTP/1.1").method == verb


@pytest.mark.parametrize(
    ("version", "connection", "kept"),
    [
        ("1.1", None, True),
        ("1.1", "close", False),
        ("1.1", "Upgrade, CLOSE", False),
        ("1.1", "keep-alive", True),
        ("1.1", "Upgrade", True),
        ("1.0", None, False),
        ("1.0", "Keep-Alive", True),
        ("1.0", "keep-alive, close", False),
    ],
)
def test_who_wants_the_connection_kept(version, connection, kept):
    """HTTP/1.1 keeps it unless told otherwise, HTTP/1.0 the other way round."""
    lines = f"\nConnection: {connection}" if connection else ""
    assert head(f"GET / HTTP/{version}{lines}").keep_alive is kept


@pytest.mark.parametrize(
    "text",
    [
        "",
        "GET",
        "GET /",
        "GET / HTTP/2.0",
        "GET / HTTP/1.2",
        "GET / http/1.1",
        "GET  HTTP/1.1",
        " / HTTP/1.1",
        "G(T / HTTP/1.1",
        "GÉT / HTTP/1.1",
        "GET / HTTP/1.1\nno colon",
        "GET / HTTP/1.1\n: x",
        "GET / HTTP/1.1\nbad name: x",
        "GET / HTTP/1.1\nname : x",
        "GET / HTTP/1.1\na: b\n folded: x",
        "GET / HTTP/1.1\na: b\n\tfolded",
        "GET / HTTP/1.1\na: \x00",
        "GET / HTTP/1.1\na: \x7f",
        "GET / HTTP/1.1\na: b\rc: d",
        "GET / HTTP/1.1\nContent-Length: x",
        "GET / HTTP/1.1\nContent-Length: -1",
        "GET / HTTP/1.1\nContent-Length: +1",
        "GET / HTTP/1.1\nContent-Length: 1_0",
        "GET / HTTP/1.1\nContent-Length: 0x1",
        "GET / HTTP/1.1\nContent-Length: ",
        "GET / HTTP/1.1\nContent-Length: 1\nContent-Length: 2",
        "GET / HTTP/1.1\nContent-Length: 1, 1",
        "GET / HTTP/1.1\nContent-Length: 9999999999999999",
        "GET / HTTP/1.1\nContent-Length: 1\nTransfer-Encoding: chunked",
        "GET / HTTP/1.0\nTransfer-Encoding: chunked",
    ],
)
def test_what_is_no_head_is_refused(text):
    """Above all where two readers could disagree about where the request ends."""
    with pytest.raises(BadRequest) as refused:
        head(text)
    assert refused.value.status == 400


def test_bare_line_feeds_end_no_line():
    """They would hide a header from one reader and show it to another."""
    for text in (b"GET / HTTP/1.1\nHost: h", b"GET / HTTP/1.1\r\na: b\nx-api-key: k"):
        with pytest.raises(BadRequest):
            read_head(text)


@pytest.mark.parametrize("coding", ["gzip", "gzip, chunked", "chunked, chunked", "identity", ""])
def test_another_transfer_encoding_is_not_understood(coding):
    """501, as HTTP has it."""
    with pytest.raises(BadRequest) as refused:
        head(f"POST / HTTP/1.1\nTransfer-Encoding: {coding}")
    assert refused.value.status == 501


def test_headers_are_counted():
    """10,000 are read, one more is refused."""
    most = "GET / HTTP/1.1" + "\na:b" * HEADERS_LIMIT
    assert len(head(most).headers) == HEADERS_LIMIT
    with pytest.raises(BadRequest) as refused:
        head(most + "\na:b")
    assert refused.value.status == 431


def read_body(data, length, step):
    """Read a body that comes in steps of so many bytes; return it, and what is left over."""
    reader, buffer, body = BodyReader(length), bytearray(), b""
    for start in range(0, len(data), step):
        piece = data[start : start + step]
        if not (buffer or reader.complete) and reader.takes_whole(piece):
            body += piece
            continue
        buffer += piece
        if not reader.complete:
            body += reader.take(buffer)
    assert reader.complete
    assert reader.taken == len(body)
    return body, bytes(buffer)


CHUNKS = (
    b"3\r\nabc\r\n00A;x=y\r\n0123456789\r\n1 \r\n\r\r\n0;z\r\nTrailer: x\r\nx-api-key: k\r\n\r\nGET"
)


@pytest.mark.parametrize("step", [1, 2, 3, 5, 1000])
def test_a_body_ends_where_it_ends(step):
    """However it comes, in chunks or with a length; what follows is left for the next request."""
    assert read_body(CHUNKS, None, step) == (b"abc0123456789\r", b"GET")
    assert read_body(b"0\r\n\r\n", None, step) == (b"", b"")
    assert read_body(b"abcGET", 3, step) == (b"abc", b"GET")


def test_content_alone_need_not_be_copied():
    """What is all content is taken as it came; a line of chunks, or what follows, is not."""
    reader = BodyReader(5)
    assert reader.takes_whole(b"abc")
    assert not reader.takes_whole(b"deG")
    assert reader.takes_whole(b"de")
    assert reader.complete
    in_chunks = BodyReader(None)
    assert not in_chunks.takes_whole(b"3\r\n")
    assert in_chunks.take(bytearray(b"3\r\n")) == b""
    assert in_chunks.takes_whole(b"abc")
    assert not in_chunks.takes_whole(b"\r\n0\r\n\r\n")


@pytest.mark.parametrize(
    "data",
    [b"\r\n", b"x\r\n", b"-1\r\n", b"0x1\r\n", b"1_0\r\n", b"3\n", b"3\r\nabcd\r\n", b"3\r\nabc\n",
     b"1" * 16 + b"\r\n", b" 3\r\n", b"0\r\nx: y\n"],
)  # fmt: skip
def test_what_is_no_chunk_is_refused(data):
    """Nobody knows where it ends."""
    with pytest.raises(BadRequest) as refused:
        BodyReader(None).take(bytearray(data))
    assert refused.value.status == 400


@pytest.mark.parametrize(
    "data",
    [
        b"3;" + b"x" * CHUNK_LINE_LIMIT,
        b"1" * CHUNK_LINE_LIMIT,
        b"0\r\n" + b"x" * TRAILER_LIMIT,
        b"0\r\n" + b"a: b\r\n" * TRAILER_LIMIT,
    ],
    ids=["an extension", "a size", "a trailer", "trailers"],
)
def test_what_means_nothing_is_bounded(data):
    """Extensions of chunks, and trailers: 431."""
    with pytest.raises(BadRequest) as refused:
        BodyReader(None).take(bytearray(data))
    assert refused.value.status == 431


def seconds(work, data):
    """Measure the processor's time for a piece of work, the best of three."""
    best = 1e9
    for _ in range(3):
        copy = bytearray(data)
        began = time.process_time()
        with suppress(BadRequest):
            work(copy)
        best = min(best, time.process_time() - began)
    return best


def one_name(data):
    """Read a head in which one name, the beginning of the data, comes 5,000 times."""
    name, size = data.rstrip(b"x"), len(data) // 5000
    lines = b"".join(b"\r\n%b: %b" % (name, b"x" * size) for _ in range(5000))
    head = read_head(b"GET / HTTP/1.1" + lines)
    asgi._request(  # noqa: SLF001 -- what is made of it
        {"headers": head.headers, "method": "GET", "raw_path": b"/", "query_string": b"",
         "scheme": "http", "server": ("h", 1)},
        None,
    )  # fmt: skip


def in_bytes(data):
    """Read a body that comes byte by byte."""
    reader, buffer = BodyReader(None), bytearray()
    for byte in data:
        buffer.append(byte)
        reader.take(buffer)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("work", "first", "piece"),
    [
        (lambda data: read_head(bytes(data)), b"GET /", b" "),
        (lambda data: read_head(bytes(data)), b"", b" "),
        (lambda data: read_head(bytes(data)), b"GET ", b"\xc3\xa4 "),
        (lambda data: read_head(bytes(data)), b"GET / HTTP/1.1\r\na:", b" "),
        (lambda data: read_head(bytes(data)), b"GET / HTTP/1.1\r\nConnection: ", b"a,"),
        (lambda data: read_head(bytes(data)), b"GET http://", b"/"),
        (one_name, b"Connection", b"x"),
        (one_name, b"x-api-key", b"x"),
        (BodyReader(1 << 40).take, b"", b"x"),
        (lambda data: BodyReader(None).take(data), b"", b"1\r\nx\r\n"),
        (in_bytes, b"", b"1;aaaaa\r\nx\r\n"),
    ],
    ids=["blanks", "only blanks", "odd bytes", "a blank value", "tokens", "slashes",
         "one header", "one key", "a body",
         "tiny chunks", "tiny chunks byte by byte"],
)  # fmt: skip
def test_work_grows_as_the_bytes_do(work, first, piece):
    """Eight times as many bytes are about eight times the work, never sixty-four times.

    Else one client could hold up all others.
    """
    size = 20_000 // len(piece)
    while seconds(work, first + piece * size) < 0.001 and size < 2_000_000:
        size *= 2
    one = max(0.002, seconds(work, first + piece * size))
    eight = first + piece * size * 8
    assert any(seconds(work, eight) < 32 * one for _ in range(5))  # a busy machine is no fault


def test_a_path_that_would_cost_seconds_is_refused():
    """Every % in it would be looked at: 414 beyond 64 KiB; a query may be longer."""
    with pytest.raises(BadRequest) as refused:
        read_head(b"GET /" + b"%" * 70_000 + b" HTTP/1.1")
    assert refused.value.status == 414
    assert read_head(b"GET /?" + b"q" * 70_000 + b" HTTP/1.1").path == b"/"
