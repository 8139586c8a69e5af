"""What is at the other end of a socket: a server on the shared clock, this process, or neither."""

from __future__ import annotations

import gc
import socket
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

_own_class: Final = socket.SocketType
"""C's own, in whose place no library puts another, as those do that forbid sockets to tests."""


def port(connection: socket.SocketType) -> int:
    """Return the port of the other end, where that is on this machine; else 0."""
    try:
        there = connection.getpeername()
        return int(there[1]) if there[0] == connection.getsockname()[0] else 0
    except (OSError, IndexError, ValueError):  # not connected, or no address of the internet
        return 0


def is_elsewhere(files: Iterable[Any], ports: Container[int]) -> bool:
    """Tell whether the other end of any is another program, which takes real time.

    What is not connected, and has none, does not count. ``ports`` are those of our servers.
    """
    ends = {_far_end(file, ports) for file in files} - {None}
    return bool(ends) and not ends <= {_name(each) for each in _all_sockets()}


def _far_end(file: Any, ports: Container[int]) -> object:  # noqa: ANN401 -- whatever is waited for
    """Return the name of the other end; None where it is ours, or has none, as that of a pair."""
    if isinstance(file, _own_class):
        return _peer(file, ports)
    try:
        borrowed = _own_class(fileno=file if isinstance(file, int) else file.fileno())
    except (AttributeError, OSError, ValueError):  # no socket
        return None
    try:
        return _peer(borrowed, ports)
    finally:
        borrowed.detach()


def _peer(connection: socket.SocketType, ports: Container[int]) -> object:
    try:
        return None if port(connection) in ports else connection.getpeername() or None
    except OSError:  # not connected
        return None


def _all_sockets() -> list[socket.socket]:
    """Return the sockets of this process, among them those of servers that tests run in threads."""
    kinds = [_own_class]
    for kind in kinds:
        kinds += kind.__subclasses__()
    return [each for each in gc.get_referrers(*kinds) if type(each) in kinds]


def _name(connection: socket.socket) -> object:
    try:
        return connection.getsockname()
    except OSError:  # closed
        return None
