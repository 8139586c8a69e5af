"""How the server reads HTTP/1.1.

Uvicorn's protocol, which here refuses less, refuses in JSON, and has limits.

uvicorn answers an unknown verb, or raw UTF-8 in a path, in plain text before any app sees the
request. Here such a request line is mended and goes the way of any other, so that this door answers
it as the others do. And uvicorn takes headers without end, and waits for them for ever; here both
have an end.
"""

from __future__ import annotations

import re
from string import punctuation
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote
from weakref import WeakKeyDictionary

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from mock_p1.base.messages import json_reply, origin_form

if TYPE_CHECKING:
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
    from uvicorn.server import ServerState

HEAD_LIMIT: Final = 2 * 1024 * 1024
"""Bytes that request line and headers may have together."""

HEADERS_LIMIT: Final = 10_000
"""Headers that a request may have; each costs a hundred bytes of memory, however short it is."""

HEADS_LIMIT: Final = 32 * 1024 * 1024
"""Bytes that all heads which are not complete yet may have together, whoever sends them."""

HEAD_SECONDS: Final = 30.0
"""How long a client may take to send a head, or to begin at all."""

BODY_SECONDS: Final = 60.0
"""How long a request may take as a whole; what is answered already, and what is not."""

LINGER_SECONDS: Final = 1.0
"""How long a refused client may go on sending; closing at once would take the answer from it."""

_heads: Final[WeakKeyDictionary[ServerState, list[int]]] = WeakKeyDictionary()

_TOKEN: Final = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_REQUEST_LINE: Final = re.compile(rb"(%b) +([^\r\n]+?) +(HTTP/1\.[01])(?=\r?\n)" % _TOKEN)
_BEGINNING: Final = re.compile(rb"%b( [^\r\n]*\r?)?" % _TOKEN)
_STAND_IN: Final = b"POST"


class HttpProtocol(HttpToolsProtocol):
    """One connection."""

    # in slots, as uvicorn's own attributes nearly fill the one dictionary that Python shares
    # between instances
    __slots__ = (
        "_begun",
        "_between",
        "_head",
        "_heads",
        "_in_head",
        "_refused",
        "_since",
        "_unread",
        "_verb",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 -- uvicorn's own, handed through
        super().__init__(*args, **kwargs)
        self._between = True  # no request is under way
        self._in_head = False
        self._begun = 0  # requests begun since no request was under way
        self._head = bytearray()  # what has come of a head that is not complete yet
        self._verb: str | None = None  # the verb that was sent, where the parser was given another
        self._unread = False  # the parser has failed, and the rest of the request line is awaited
        self._refused = False
        self._since = (
            self.loop.time()
        )  # when what is awaited began to be; 0 where nothing is, or uvicorn sees to it
        self._heads = _heads.setdefault(
            self.server_state, [0]
        )  # bytes of unfinished heads, of all connections

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing comes any more."""
        self._forget_head()
        super().connection_lost(exc)

    def give_up(self, now: float) -> None:
        """Hang up where a request has been awaited for too long.

        ``now`` is the event loop's time.
        """
        limit = HEAD_SECONDS if self._between or self._in_head else BODY_SECONDS
        if not self._since or now - self._since <= limit or self._refused:
            return
        cycle: RequestResponseCycle | None = self.cycle
        if self._between and cycle is not None and not cycle.response_complete:
            return  # it is the client that waits
        if self._in_head:
            text = f"request line and headers did not come within {HEAD_SECONDS:g} s"
            self._refuse(408, "MOCK_P1_TOO_SLOW", text)
        else:
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        """Read on."""
        if self._refused:
            return
        self._unset_keepalive_if_required()
        if self._between:
            self._begun = 0
        self._read(data)
        if self._between and self._begun:
            self._since = 0.0
        elif not self._since:
            self._since = self.loop.time()

    def _read(self, data: bytes) -> None:
        if self._unread:
            self._mend(data)
            return
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self._mend(data)
        except httptools.HttpParserUpgrade:
            pass  # a client only offers it; the request is answered as any other
        else:
            if self._in_head:
                self._collect(data)

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._between, self._in_head = False, True
        self._begun += 1

    def on_headers_complete(self) -> None:
        """Hand the request to the app."""
        super().on_headers_complete()
        self._in_head = False
        if self._head:
            self._forget_head()
        if self._verb is not None:
            self.scope["method"], self._verb = self._verb, None

    def on_message_complete(self) -> None:
        """A request is complete."""
        super().on_message_complete()
        self._between = True

    def _collect(self, data: bytes) -> None:
        self._head += data
        self._heads[0] += len(data)
        if len(self._head) > HEAD_LIMIT or len(self.headers) > HEADERS_LIMIT:
            limits = f"{HEAD_LIMIT:,} bytes and {HEADERS_LIMIT:,} headers"
            self._refuse(
                431, "MOCK_P1_HEADERS_TOO_LARGE", f"request line and headers have at most {limits}"
            )
        elif self._heads[0] > HEADS_LIMIT:
            self._refuse(
                503,
                "MOCK_P1_TOO_MANY_HEADERS",
                "too many clients are sending very long headers; try again",
            )

    def _forget_head(self) -> None:
        self._heads[0] -= len(self._head)
        self._head.clear()

    def _mend(self, data: bytes) -> None:
        """Read once more what the parser could not read, with another verb and the target percent-encoded."""
        fresh = self._in_head and self._begun == 1 and self._verb is None
        self._collect(data)
        head = bytes(self._head)
        line = _REQUEST_LINE.match(head)
        if fresh and line:
            self._verb, target = (
                line[1].decode(),
                quote(origin_form(line[2].decode("latin-1")), punctuation, "latin-1"),
            )
            self._begun, self._unread = 0, False
            self.parser = httptools.HttpRequestParser(self)
            self._read(b"%b %b %b%b" % (_STAND_IN, target.encode(), line[3], head[line.end() :]))
        elif fresh and (self._unread or _BEGINNING.fullmatch(head)) and b"\n" not in data:
            self._unread = True
        elif not self._refused:
            self._refuse(400, "MOCK_P1_BAD_REQUEST", "this is no HTTP/1.1 request that can be read")

    def _refuse(self, status: int, error: str, message: str) -> None:
        """Answer what can be no request, and hang up.

        But a request that came before it is answered first, instead.
        """
        self._refused = True
        self._forget_head()
        waiting: RequestResponseCycle | None = self.cycle
        if waiting is not None and not waiting.response_complete:
            waiting.keep_alive = False
            if self._between or self._in_head:
                return
        reply = json_reply(status, {"error": error, "message": message})
        headers = [
            (name.encode(), value.encode())
            for name, value in (*reply.wire_headers, ("Connection", "close"))
        ]
        lines = [
            b"%b: %b\r\n" % header for header in (*self.server_state.default_headers, *headers)
        ]
        self.transport.write(b"".join((STATUS_LINE[status], *lines, b"\r\n", reply.body)))
        if self.transport.can_write_eof() and (waiting is None or waiting.response_complete):
            self.transport.write_eof()
            self.loop.call_later(LINGER_SECONDS, self.transport.close)
        else:
            self.transport.close()
