"""What the server's door does under uvicorn's feet.

Answer in one piece, and hang up as a broken network does.

ASGI has no word for either. Where the server is not uvicorn as it is known here, ``answer_at_once``
says so, and the answer goes the way of ASGI.
"""

from __future__ import annotations

import socket
import struct
import sys
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from mock_p1.base.messages import with_length

if TYPE_CHECKING:
    from mock_p1.base.messages import Headers, Reply

_AT_ONCE_BYTES: Final = 64 * 1024
_CLOSE: Final = (b"connection", b"close")
_RESET_ON_CLOSE: Final = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


def answer_at_once(send: Any, reply: Reply) -> bool:  # noqa: ANN401 -- ASGI's send, bound to uvicorn's request cycle
    """Write a whole answer with one write, and end the cycle as uvicorn does.

    False if it has to go the long way.

    uvicorn checks and joins the same few headers anew for every answer, which is a sixth of the
    time of a poll.
    """
    cycle = getattr(send, "__self__", None)
    if (
        type(cycle) is not RequestResponseCycle
        or not cycle.keep_alive
        or _CLOSE
        in cycle.scope["headers"]  # before uvicorn 0.53 keep_alive does not know of it yet
        or cycle.disconnected
        or cycle.flow.write_paused
        or len(reply.body) > _AT_ONCE_BYTES
    ):
        return False
    status_line, head, dated = _head(reply.status, reply.headers, len(reply.body))
    if dated:
        return False
    default = [b"%b: %b\r\n" % header for header in cycle.default_headers]
    cycle.transport.write(b"".join((status_line, *default, head, reply.body)))
    cycle.response_started = cycle.response_complete = True
    cycle.waiting_for_100_continue = False
    cycle.message_event.set()
    cycle.on_response()
    return True


@lru_cache(maxsize=1024)
def _head(status: int, headers: Headers, length: int) -> tuple[bytes, bytes, bool]:
    """Return status line and headers, and whether a Date is among them.

    Few differ: of many jobs, most have the same headers and length.
    """
    lines = [f"{name.lower()}: {value}\r\n" for name, value in with_length(status, headers, length)]
    return STATUS_LINE[status], "".join((*lines, "\r\n")).encode("latin-1"), _is_dated(headers)


def leave_date_to(reply: Reply, send: Any) -> None:  # noqa: ANN401 -- likewise
    """Keep uvicorn from writing its own Date beside one that the scenario has written."""
    if (
        _is_dated(reply.headers)
        and type(cycle := getattr(send, "__self__", None)) is RequestResponseCycle
    ):
        cycle.default_headers = [header for header in cycle.default_headers if header[0] != b"date"]


def _is_dated(headers: Headers) -> bool:
    return any(name.lower() == "date" for name, _ in headers)


def hang_up(send: Any, *, reset: bool) -> None:  # noqa: ANN401 -- likewise
    """End the connection: at once with RST, or (FIN) after what was written has gone out."""
    transport = send.__self__.transport
    if not reset:
        transport.close()
        return
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    transport.abort()
