"""Sockets of the client's threads, where the other end is a server on the shared clock.

How long the client waits for an answer is counted by that clock.
"""

from __future__ import annotations

import select
import socket
import sys
from functools import wraps
from typing import TYPE_CHECKING, Any, Final

from mock_p1.base.clock import SECOND
from mock_p1.oneclock.shared import current

if TYPE_CHECKING:
    from collections.abc import Callable

_RECEIVES: Final = ("recv", "recv_into")
_before: Final[dict[str, Any]] = {}
"""What somebody else had put in the place of the builtins, which a socket inherits."""


def install() -> None:
    """Let the client's threads wait for served answers by the shared clock."""
    _before.update({name: own for name, own in vars(socket.socket).items() if name in _RECEIVES})
    for name in _RECEIVES:
        setattr(socket.socket, name, _waiting(getattr(socket.socket, name)))


def remove() -> None:
    """Let all sockets wait by themselves again."""
    for name in _RECEIVES:
        delattr(socket.socket, name)
    for name, own in _before.items():
        setattr(socket.socket, name, own)
    _before.clear()


def _waiting(receive: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(receive)
    def receive_by_the_clock(connection: socket.socket, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 -- as the builtin has them
        shared, seconds = current(), connection.gettimeout()
        if (
            shared is not None
            and shared.has_joined()
            and seconds != 0
            and _port(connection) in shared.ports
        ):
            span = None if seconds is None else round(seconds * SECOND)
            shared.sleep(span, lambda: _has_data(connection), everybody=True)
            if not _has_data(connection):
                raise TimeoutError("timed out")
        return receive(connection, *arguments, **options)

    return receive_by_the_clock


def _port(connection: socket.socket) -> int:
    """Return the port of the other end, where that is on this machine; else 0."""
    try:
        there = connection.getpeername()
        return int(there[1]) if there[0] == connection.getsockname()[0] else 0
    except (OSError, IndexError, ValueError):  # not connected, or no address of the internet
        return 0


def _has_data(connection: socket.socket) -> bool:
    """Tell whether there is something to read, or the end."""
    if sys.platform == "win32":  # which has no poll
        return bool(select.select([connection], [], [], 0)[0])
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))
