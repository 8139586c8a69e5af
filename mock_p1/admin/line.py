"""A connection whose answer has no end, taken off uvicorn's hands.

It costs a quarter of one that a task waits for.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

if TYPE_CHECKING:
    from collections.abc import Callable

    from mock_p1.base.messages import Headers

LEAST_KEPT: Final = 8 * 1024
MOST_KEPT: Final = 64 * 1024
KEPT_TOGETHER: Final = 1024 * 1024
"""Bytes that are kept for a client that does not read.

The more lines there are, the fewer for each.
"""


class Line(asyncio.Protocol):
    """Writes to one client for as long as it is there. What it says meanwhile is not heard."""

    __slots__ = ("_connections", "_when_gone", "ready", "transport")

    def __init__(
        self, transport: Any, connections: set[Any], when_gone: Callable[[Line], None]
    ) -> None:  # noqa: ANN401 -- a loop's own
        self.transport, self._connections, self._when_gone = transport, connections, when_gone
        self.ready = True
        """Whether the client takes what it is told.

        Where it does not, nothing more should be written.
        """

    def write(self, piece: bytes) -> None:
        """Write a piece of the answer."""
        self.transport.write(b"%x\r\n%b\r\n" % (len(piece), piece))

    def pause_writing(self) -> None:
        """The client has not taken what was written."""
        self.ready = False

    def resume_writing(self) -> None:
        """It has."""
        self.ready = True

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone."""
        del exc
        self._connections.discard(self)
        self._when_gone(self)

    def shutdown(self) -> None:
        """The server ends."""
        self.transport.close()


def take_line(
    send: Any, headers: Headers, when_gone: Callable[[Line], None], lines: int
) -> Line | None:  # noqa: ANN401 -- ASGI's send, bound to uvicorn's request cycle
    """Begin an answer of status 200 that has no end, and return what writes it.

    The caller of ``send`` may then return.

    ``lines`` is how many there are. None where the server is not uvicorn as it is known here, or
    the client has gone.
    """
    cycle = getattr(send, "__self__", None)
    if type(cycle) is not RequestResponseCycle or cycle.disconnected or cycle.response_started:
        return None
    transport: Any = cycle.transport
    before = transport.get_protocol()
    cycle.response_started = cycle.response_complete = True  # as far as uvicorn is concerned
    line = Line(transport, before.connections, when_gone)
    transport.set_protocol(line)
    cycle.flow.resume_reading()  # else nobody would notice that the client has gone
    before.connections.discard(before)
    before.connections.add(line)
    transport.set_write_buffer_limits(
        high=min(MOST_KEPT, max(LEAST_KEPT, KEPT_TOGETHER // max(1, lines)))
    )
    named = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    wire = (*cycle.default_headers, *named, (b"transfer-encoding", b"chunked"))
    transport.write(
        b"".join((STATUS_LINE[200], *(b"%b: %b\r\n" % header for header in wire), b"\r\n"))
    )
    return line
