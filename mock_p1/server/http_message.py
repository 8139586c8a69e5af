"""HTTP/1.1 requests as bytes, read into what they say. Pure: no socket, no waiting.

What a request means is in its head; trailers mean nothing and are dropped. An offer to upgrade is
not taken and changes nothing (RFC 9110, 7.8). Verbs may be any token, and a path any bytes. Where
two readers could disagree about where a request ends, it is refused.
"""

from __future__ import annotations

import re
from functools import lru_cache
from string import ascii_letters, digits, punctuation
from typing import Final, NamedTuple
from urllib.parse import quote

from mock_p1.base.asgi_types import joined
from mock_p1.base.framing import MAX_DIGITS, BadRequest, body_length
from mock_p1.base.messages import origin_form

HEAD_LIMIT: Final = 2 * 1024 * 1024
"""Bytes that request line and headers may have together."""

HEADERS_LIMIT: Final = 10_000
"""Headers that a request may have; each costs a hundred bytes of memory, however short it is."""

PATH_LIMIT: Final = 65_536
"""Bytes that a path may have."""

KNOWN: Final = 128
"""So many sets of headers are remembered, 7 MB at the most: a client sends the same each time."""

KNOWN_BYTES: Final = 2048
"""A set that has more is not."""

CHUNK_LINE_LIMIT: Final = 1024
"""Bytes of the line before a chunk: its size, and extensions, which mean nothing here."""

TRAILER_LIMIT: Final = 8 * 1024
"""Bytes that may follow the last chunk."""

_TOKEN: Final = f"!#$%&'*+-.^_`|~{digits}{ascii_letters}".encode()
_HEX: Final = b"0123456789abcdefABCDEF"
VISIBLE: Final = f"{punctuation}{digits}{ascii_letters}".encode()
_VERSIONS: Final = {b"HTTP/1.1": "1.1", b"HTTP/1.0": "1.0"}
_HTTP_2: Final = b"PRI * HTTP/2.0"
HTTP_VERSION_NOT_SUPPORTED: Final = 505
_NOT_IN_A_HEADER: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_FRAMING: Final = frozenset((b"connection", b"content-length", b"expect", b"transfer-encoding"))


class Head(NamedTuple):
    """Request line and headers.

    ``path`` and ``query`` are percent-encoded; names of headers are in lower case. ``length`` is
    how many bytes of body follow, None where they come in chunks.
    """

    method: str
    path: bytes
    query: bytes
    version: str
    headers: tuple[tuple[bytes, bytes], ...]
    length: int | None
    keep_alive: bool
    expects_continue: bool


def read_head(data: bytes) -> Head:
    """Read a head, without the empty line at its end. Raise BadRequest for what is none."""
    line, _, rest = data.partition(b"\r\n")
    method, target, version = read_request_line(line)
    fields = (_known_fields if len(rest) <= KNOWN_BYTES else _read_fields)(rest, version)
    path, _, query = target.partition(b"?")
    if len(path) > PATH_LIMIT:
        raise BadRequest(f"a path has at most {PATH_LIMIT:,} bytes", 414, "MOCK_P1_PATH_TOO_LONG")
    return Head(method, path, query, version, *fields)


def _read_fields(
    lines: bytes, version: str
) -> tuple[tuple[tuple[bytes, bytes], ...], int | None, bool, bool]:
    """Return the headers and what they say of the body and of the connection."""
    headers = []
    for header in lines.split(b"\r\n") if lines else ():
        name, colon, value = header.partition(b":")
        name, value = name.lower(), value.strip(b" \t")
        if not (name and colon) or name.translate(None, _TOKEN):
            raise BadRequest
        if _NOT_IN_A_HEADER.search(value):
            raise BadRequest(
                f"the header {name.decode()} has a control character in its value, such as the "
                "line end of a file that the value was read from"
            )
        headers.append((name, value))
    if len(headers) > HEADERS_LIMIT:
        raise too_long_head()
    framing = joined(header for header in headers if header[0] in _FRAMING)
    return (
        tuple(headers),
        body_length(framing, version),
        _keep_alive(framing.get(b"connection", b""), version),
        version == "1.1" and framing.get(b"expect", b"").lower() == b"100-continue",
    )


_known_fields = lru_cache(KNOWN)(_read_fields)


def read_request_line(line: bytes) -> tuple[str, bytes, str]:
    """Return verb, target and version of a request line."""
    if line == _HTTP_2:
        raise BadRequest(
            "this server does not speak HTTP/2; have the client use HTTP/1.1",
            HTTP_VERSION_NOT_SUPPORTED,
            "MOCK_P1_HTTP_2",
        )
    method, _, rest = line.partition(b" ")
    target, _, number = rest.rstrip(b" ").rpartition(b" ")
    version, target = _VERSIONS.get(number), target.strip(b" ")
    if not (method and target and version) or method.translate(None, _TOKEN):
        raise BadRequest
    if b"\r" in line or b"\n" in line:
        raise BadRequest
    if not target.startswith(b"/"):
        target = origin_form(target.decode("latin-1")).encode("latin-1")
    if target.translate(None, VISIBLE):
        target = quote(target, punctuation).encode()
    return method.decode(), target, version


def too_long_head() -> BadRequest:
    """Refuse a head that would cost too much memory."""
    return BadRequest(
        f"request line and headers have at most {HEAD_LIMIT:,} bytes and {HEADERS_LIMIT:,} headers",
        431,
        "MOCK_P1_HEADERS_TOO_LARGE",
    )


def _keep_alive(connection: bytes, version: str) -> bool:
    if not connection:
        return version == "1.1"
    tokens = {token.strip() for token in connection.lower().split(b",")}
    return b"close" not in tokens and (version == "1.1" or b"keep-alive" in tokens)


class BodyReader:
    """Takes one body out of what has come, whether it has a length or comes in chunks."""

    __slots__ = ("_in_trailers", "_left", "_trailers", "complete", "taken")

    def __init__(self, length: int | None) -> None:
        self._left = length  # bytes of the body or of the chunk that are still to come
        self._in_trailers = False
        self._trailers = 0 if length is None else -1  # bytes of trailers; -1 where none can come
        self.complete: bool = length == 0
        self.taken: int = 0
        """How many bytes of content have come."""

    def takes_whole(self, data: bytes) -> bool:
        """Take data of which all is content, and tell if it is: then nobody need copy it."""
        if not self._left or len(data) > self._left:
            return False
        self._count(len(data))
        return True

    def take(self, buffer: bytearray) -> bytes:
        """Remove what belongs to the body from the front of the buffer, and return its content.

        Raise BadRequest, with what came ``before``, where there is no telling what belongs to it.
        """
        if self._trailers < 0:
            return self._take_rest(buffer)
        content = bytearray()
        try:
            while not self.complete:
                if self._left:
                    content += self._take_rest(buffer)
                    if self._left:
                        break
                elif not self._take_line(buffer):
                    break
        except BadRequest as refused:
            refused.before = bytes(content)
            raise
        return bytes(content)

    def _take_rest(self, buffer: bytearray) -> bytes:
        piece = bytes(buffer[: self._left])
        del buffer[: self._left]
        self._count(len(piece))
        return piece

    def _count(self, size: int) -> None:
        self._left = (self._left or 0) - size
        self.taken += size
        self.complete = self._trailers < 0 and not self._left

    def _take_line(self, buffer: bytearray) -> bool:
        """Take the line before a chunk, the end of a chunk, or a trailer; tell if one is there."""
        limit = TRAILER_LIMIT - self._trailers if self._in_trailers else CHUNK_LINE_LIMIT
        end = buffer.find(b"\n", 0, limit)
        if end < 0:
            if len(buffer) >= limit:
                raise BadRequest("chunk extensions or trailers are too long", 431,
                                 "MOCK_P1_HEADERS_TOO_LARGE")  # fmt: skip
            return False
        line = bytes(buffer[: end + 1])
        del buffer[: end + 1]
        if not line.endswith(b"\r\n"):
            raise BadRequest
        if self._in_trailers:
            self._trailers += len(line)
            self.complete = line == b"\r\n"
        elif self._left == 0:  # behind a chunk
            if line != b"\r\n":
                raise BadRequest
            self._left = None
        else:
            self._left = self._size(line)
        return True

    def _size(self, line: bytes) -> int | None:
        size = line[:-2].partition(b";")[0].rstrip(b" \t")
        if not size or len(size) > MAX_DIGITS or size.translate(None, _HEX):
            raise BadRequest
        if not (length := int(size, 16)):
            self._in_trailers = True
            return None
        return length
