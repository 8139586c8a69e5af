"""The real server: engine, Flask app and uvicorn put together, in this thread or in one of its own."""

from __future__ import annotations

import importlib.util
import secrets
import socket
import threading
from typing import TYPE_CHECKING, Any, Self, cast

import uvicorn
from a2wsgi import WSGIMiddleware

from mock_p1.admin.access import AccessPolicy, is_loopback
from mock_p1.admin.context import AdminContext
from mock_p1.admin.gate import Gate
from mock_p1.server.app import create_app_for
from mock_p1.server.doorstep import Doorstep
from mock_p1.server.uvicorn_lifecycle import UvicornServer
from mock_p1.transports.asgi import AsgiApp, with_raw_path

if TYPE_CHECKING:
    from collections.abc import Callable
    from ssl import SSLContext
    from types import TracebackType

    from mock_p1.base.asgi_types import Application
    from mock_p1.engine.engine import Engine

DEFAULT_HOST = "127.0.0.1"
LAST_PORT = 65535
BACKLOG = 4096
DOORS = 8
"""uvloop lets one connection in for each socket and turn of its loop.

With one socket, a client that connects while three thousand others do waits for three thousand
turns.
"""

STOP_SECONDS = 10.0
FLASK_THREADS = 10
TOKEN_BYTES = 24


class CannotListen(OSError):  # noqa: N818 -- says what happened
    """The host and port cannot be listened on.

    Example:
        >>> from mock_p1 import serving
        >>> with serving("demo", port=65536) as mock:
        ...     pass
        Traceback (most recent call last):
        mock_p1.server.server.CannotListen: cannot listen on 127.0.0.1:65536: a port is ...
    """


class Server:
    """A server for one engine.

    The port is taken when the object is made, so that it is known before serving begins.
    """

    def __init__(  # noqa: PLR0913 -- each is a choice of its own
        self,
        engine: Engine,
        *,
        host: str = DEFAULT_HOST,
        port: int = 0,
        admin: bool = True,
        admin_token: str | None = None,
        tls: SSLContext | None = None,
    ) -> None:
        """``port`` 0 takes a free one.

        With ``tls`` it speaks HTTPS. Raises CannotListen where the port cannot be had.

        ``/__admin`` needs no token on loopback, unless one is given; anywhere else one is made up
        if none is given. ``admin=False`` leaves ``/__admin`` out. ValueError for a token that
        nobody can send.
        """
        self.engine, self.host = engine, host
        self._scheme = "http" if tls is None else "https"
        self._socket = _listen(host, port)
        self._address: str = self._socket.getsockname()[0]
        self.port: int = self._socket.getsockname()[1]
        if admin and admin_token is None and not is_loopback(self._address):
            admin_token = secrets.token_urlsafe(TOKEN_BYTES)
        self.admin_token = admin_token if admin else None
        try:
            self.panel = AdminContext(engine, AccessPolicy(self.admin_token))
            app = AsgiApp(engine, self._everything_else(admin=admin))
            self._uvicorn = UvicornServer(configuration(app, tls))
        except ValueError:
            self._socket.close()
            raise

    @property
    def url(self) -> str:
        """The base URL that a client on this machine uses."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._address, self.host)  # noqa: S104 -- compared, not bound
        return f"{self._scheme}://{f'[{host}]' if ':' in host else host}:{self.port}"

    def _everything_else(self, *, admin: bool) -> Application:
        """Return what answers where the imitated API does not.

        The Flask app, behind the gate of ``/__admin``.
        """
        flask = with_raw_path(create_app_for(self.engine, self.panel, admin=admin))
        # a2wsgi has its own types
        self._flask = WSGIMiddleware(flask, workers=FLASK_THREADS)  # type: ignore[arg-type]
        wrapped = cast("Application", self._flask)
        return Gate(self.panel, wrapped) if admin else wrapped

    def run(self, when_started: Callable[[], None] = lambda: None) -> None:
        """Serve in this thread until a signal or ``stop``.

        Then return within a second, whatever is under way.

        ``when_started`` is called once requests are answered.
        """
        self._uvicorn.when_started = when_started
        doors = [
            self._socket,
            *(self._socket.dup() for _ in range(DOORS - 1 if _loop() == "uvloop" else 0)),
        ]
        try:
            self._uvicorn.run(sockets=doors)
        finally:
            for door in doors:
                door.close()
            self._flask.executor.shutdown(wait=False, cancel_futures=True)

    def stop(self) -> None:
        """Ask the server to end; safe from any thread, and from a signal handler."""
        self._uvicorn.stop()

    @property
    def started(self) -> bool:
        """Whether requests are answered."""
        return self._uvicorn.started


def configuration(app: Any, tls: SSLContext | None = None) -> uvicorn.Config:  # noqa: ANN401 -- any ASGI application
    """Return how uvicorn is run here: the fast parser and loop, no log of its own, one listener."""
    config = uvicorn.Config(
        app, http=Doorstep, loop=_loop(), ws="none", lifespan="off", interface="asgi3", access_log=False,
        log_config=None, log_level="critical", server_header=False, backlog=BACKLOG,
    )  # fmt: skip
    if (
        tls is not None
    ):  # uvicorn would only take the names of files, and load() forgets what is not made of them
        config.load()
        config.ssl = tls
    return config


class ServerThread:
    """A server in a thread of its own, as a context manager."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._error: BaseException | None = None
        self._decided = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name=f"mock-p1:{server.port}", daemon=True
        )

    def __enter__(self) -> Self:
        """Start, and return when requests are answered.

        What keeps the server from starting is raised.
        """
        self._thread.start()
        self._decided.wait()
        if self._error is not None:
            raise self._error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop, and wait for the end."""
        self.server.stop()
        self._thread.join(STOP_SECONDS)
        if self._error is not None and error is None:
            raise self._error

    def _run(self) -> None:
        try:
            self.server.run(self._decided.set)
        except BaseException as error:  # noqa: BLE001 -- kept for the thread that waits
            self._error = error
        finally:
            self._decided.set()


def _listen(host: str, port: int) -> socket.socket:
    if not 0 <= port <= LAST_PORT:  # getaddrinfo would take the rest of a division instead
        raise CannotListen(
            f"cannot listen on {host}:{port}: a port is a number from 0 to {LAST_PORT}"
        )
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
    except (socket.gaierror, UnicodeError):
        raise CannotListen(
            f"cannot listen on {host}:{port}: no host of the name {host!r} is known here"
        ) from None
    except OSError as error:
        raise CannotListen(f"cannot listen on {host}:{port}: {error.strerror or error}") from None
    try:
        if hasattr(
            socket, "SO_EXCLUSIVEADDRUSE"
        ):  # Windows, where SO_REUSEADDR would let two servers share a port
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(BACKLOG)
        listening.set_inheritable(False)
    except OSError as error:
        listening.close()
        raise CannotListen(f"cannot listen on {host}:{port}: {error.strerror or error}") from None
    return listening


def _loop() -> str:
    return "uvloop" if importlib.util.find_spec("uvloop") else "asyncio"
