"""What is at the other end of a socket: a server on the shared clock, this process, or neither."""

from __future__ import annotations

import gc
import socket
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable

_here: Final[set[object]] = set()
"""The names of this process's sockets, when they were looked for the last time."""

_own_class: Final = socket.SocketType
"""C's own, in whose place no library puts another, as those do that forbid sockets to tests."""


def port(connection: socket.SocketType) -> int:
    """Return the port of the other end, where that is on this machine; else 0."""
    try:
        there = connection.getpeername()
        return int(there[1]) if there[0] == connection.getsockname()[0] else 0
    except (OSError, IndexError, ValueError):  # not connected, or no address of the internet
        return 0


def is_server(files: Iterable[Any]) -> bool:
    """Tell whether any of what is waited for is a socket that listens."""
    return any(_of_socket(file, _listens) for file in files)


def is_elsewhere(files: Iterable[Any], ports: Container[int]) -> bool:
    """Tell whether the other end of any is another program, which takes real time.

    What is not connected, and has none, does not count. ``ports`` are those of our servers.
    """
    ends = {_of_socket(file, lambda socket: _peer(socket, ports)) for file in files} - {None}
    if not ends <= _here:  # the search takes 7 ms
        _here.clear()
        _here.update(_name(each) for each in _all_sockets())
    return not ends <= _here


def _of_socket(file: Any, ask: Callable[[socket.SocketType], object]) -> object:  # noqa: ANN401 -- whatever is waited for
    """Ask a socket for something; None where the file is none."""
    if isinstance(file, _own_class):
        return ask(file)
    try:
        borrowed = _own_class(fileno=file if isinstance(file, int) else file.fileno())
    except (AttributeError, OSError, ValueError):  # no socket
        return None
    try:
        return ask(borrowed)
    finally:
        borrowed.detach()


def _peer(connection: socket.SocketType, ports: Container[int]) -> object:
    """Return the name of the other end; None where it is ours, or has none, as that of a pair."""
    try:
        return None if port(connection) in ports else connection.getpeername() or None
    except OSError:  # not connected
        return None


def _listens(connection: socket.SocketType) -> bool:
    try:
        return bool(connection.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    except OSError:  # closed, or of a family without
        return False


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
