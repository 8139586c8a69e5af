"""Sockets of the client's threads, where the other end is a server on the shared clock.

How long the client waits for an answer is counted by that clock; so is how long it waits for any
socket by one of Python's selectors, unless its other end is another program.
"""

from __future__ import annotations

import select
import selectors
import socket
import sys
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, Final

from mock_p1.base.clock import SECOND
from mock_p1.base.patching import Patch
from mock_p1.oneclock.far_ends import port
from mock_p1.oneclock.patches import is_span, wait_for_files
from mock_p1.oneclock.shared import asking, current

if TYPE_CHECKING:
    from collections.abc import Callable


def _waiting(receive: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(receive)
    def receive_by_the_clock(connection: socket.socket, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 -- as the builtin has them
        shared, seconds = current(), connection.gettimeout()
        if (
            shared is not None
            and shared.has_joined()
            and seconds != 0
            and port(connection) in shared.ports
        ):
            span = None if seconds is None else round(seconds * SECOND)
            shared.sleep(span, lambda: _has_data(connection), everybody=True)
            if not _has_data(connection):
                raise TimeoutError("timed out")
        return receive(connection, *arguments, **options)

    return receive_by_the_clock


def _selecting(own_select: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(own_select)
    def select_by_the_clock(selector: Any, timeout: float | None = None) -> Any:  # noqa: ANN401 -- of any kind
        files = [key.fileobj for key in selector.get_map().values()]
        if (clock := current()) is not None:
            clock.leave(files)  # as a thread of socketserver's does, which sees real time anyway
        shared = asking() if timeout and is_span(timeout) else None
        caller = str(sys._getframe(1).f_globals.get("__name__"))  # noqa: SLF001 -- who calls decides
        if shared is None or timeout is None or caller.startswith("asyncio."):
            return own_select(selector, timeout)  # a loop of asyncio's has waited by the clock
        return wait_for_files(shared, timeout, partial(own_select, selector), files)

    return select_by_the_clock


def _has_data(connection: socket.socket) -> bool:
    """Tell whether there is something to read, or the end, or nothing any more: it is closed."""
    if connection.fileno() < 0:
        return True
    if sys.platform == "win32":  # which has no poll
        return bool(select.select([connection], [], [], 0)[0])
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))


PATCHES: Final = (
    *(Patch(socket.socket, name, _waiting) for name in ("recv", "recv_into")),
    *(
        Patch(getattr(selectors, f"{kind}Selector"), "select", _selecting)
        for kind in ("Select", "Poll", "Epoll", "Devpoll", "Kqueue")
        if hasattr(selectors, f"{kind}Selector")
    ),
)
