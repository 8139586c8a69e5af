"""A connection on which nothing has come yet.

It costs a fifth of one that is read, and there may be thousands.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from mock_p1.server import uvicorn_protocol as http_protocol
from mock_p1.server.uvicorn_protocol import HttpProtocol

if TYPE_CHECKING:
    from uvicorn import Config
    from uvicorn.server import ServerState


class Doorstep(asyncio.Protocol):
    """Stands in for ``HttpProtocol`` until the first byte comes, then gives its place to one."""

    __slots__ = ("_app_state", "_config", "_loop", "_server_state", "_since", "transport")

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._config, self._server_state, self._app_state = config, server_state, app_state
        self._loop = _loop or asyncio.get_running_loop()
        self._since = self._loop.time()
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody has come."""
        self.transport = transport
        # uvicorn lists its own protocols there
        self._server_state.connections.add(self)  # type: ignore[arg-type]

    def connection_lost(self, exc: Exception | None) -> None:
        """Whoever it was has gone."""
        del exc
        self._server_state.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        """Let the protocol take over."""
        self._server_state.connections.discard(self)
        protocol = HttpProtocol(self._config, self._server_state, self._app_state, self._loop)
        self.transport.set_protocol(protocol)
        protocol.connection_made(self.transport)
        protocol.data_received(data)

    def give_up(self, now: float) -> None:
        """Hang up where nothing has come for too long; ``now`` is the event loop's time."""
        if now - self._since > http_protocol.HEAD_SECONDS:
            self.transport.close()

    def shutdown(self) -> None:
        """The server ends."""
        self.transport.close()
