"""The real server: engine, Flask app and HTTP put together, in this thread or in one of its own."""

from __future__ import annotations

import asyncio
import errno
import logging
import math
import os
import secrets
import signal
import socket
import sys
import threading
import time
from collections import deque
from concurrent.futures import Future, wait
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, Self

from mock_p1.admin.access import AccessPolicy
from mock_p1.admin.context import AdminContext
from mock_p1.base.addresses import EVERY_ADDRESS, in_url, is_loopback
from mock_p1.base.clock import Clock, RealClock
from mock_p1.base.messages import http_date
from mock_p1.server.everything_else import ELSEWHERE, EverythingElse
from mock_p1.server.http_protocol import KEEP_ALIVE_SECONDS, Connections, HttpProtocol
from mock_p1.server.loop_thread import LoopThread
from mock_p1.server.upload_folder import remove_left_behind
from mock_p1.transports.asgi import IN_THREADS, AsgiApp

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterable, Iterator
    from ssl import SSLContext
    from types import TracebackType

    from mock_p1.engine.engine import Engine

DEFAULT_HOST: Final = "127.0.0.1"
LAST_PORT: Final = 65535
BACKLOG: Final = 4096
LISTENERS: Final = 8
"""uvloop lets one connection in for each socket and turn of its loop.

With one socket, a client that connects while three thousand others do waits for three thousand
turns.
"""

TICK_SECONDS: Final = 0.5
"""How often the server looks for clients that are too slow, and at the date."""

LOOKED_AT_ONCE: Final = 200
"""So many clients are looked at before others have their turn: ten thousand take milliseconds."""

FINISH_SECONDS: Final = 0.2
"""How long answers under way may take to go out once the server has been told to end."""

ROUNDS_TO_LET_IN: Final = 3
"""Rounds of asyncio's loop after which whoever is being let in is known, and can be hung up on."""

CANCEL_SECONDS: Final = 0.3
"""How long what is under way then may take to stop."""

STOP_SECONDS: Final = 10.0
PORT_ATTEMPTS: Final = 10
NO_SUCH_ADDRESS: Final = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
"""What a machine without IPv6 says, whose list of hosts has it nevertheless."""

RESTART_ATTEMPTS: Final = 10
RESTART_PAUSE_SECONDS: Final = 0.1
"""How often, and after what pause, a port is asked for again that Windows does not give yet.

There it is its server's alone, until the last connections of that are gone.
"""

NOT_GIVEN: Final = 10013
"""Windows' number for a port that is somebody else's alone, or kept back."""

NO_FILE_LEFT: Final = (errno.EMFILE, errno.ENFILE)
TOKEN_BYTES: Final = 24

_log = logging.getLogger("mock_p1.server")
_last_given: Final[deque[int]] = deque(maxlen=256)
"""Ports that the system has chosen last: who asks one of them late is to meet no later server."""


class CannotListen(OSError):  # noqa: N818 -- says what happened
    """The host and port cannot be listened on.

    Examples:
        >>> from mock_p1 import serving
        >>> with serving("demo", port=65536) as mock:
        ...     pass
        Traceback (most recent call last):
        mock_p1.server.server.CannotListen: cannot listen on 127.0.0.1:65536: a port is ...
    """


class Listening(socket.socket):
    """What a server listens on: it stays open until that ends.

    Windows' loop closes it where one client was gone before it was let in. Neither a copy nor a new
    one would do: it takes what is open once, and the port is given when no connection is left.
    """

    is_kept: bool = False
    was_given_up: bool = False

    def close(self) -> None:
        """Close it, or keep it for who looks whether a loop has given it up."""
        if self.is_kept and self.fileno() != -1:
            self.was_given_up = True
        else:
            super().close()


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
        keep_alive_seconds: float = KEEP_ALIVE_SECONDS,
        cors: Iterable[str] = (),
        sockets: list[Listening] | None = None,
    ) -> None:
        """``port`` 0 takes a free one. Pages of the origins ``cors`` may call the imitated API.

        With ``tls`` it speaks HTTPS. A connection may be idle for ``keep_alive_seconds``. Raises
        CannotListen where the port cannot be had.

        ``/__admin`` needs no token on loopback, unless one is given; anywhere else one is made up
        if none is given. ``admin=False`` leaves ``/__admin`` out. ``sockets`` listen already.
        ValueError for a token that nobody can send, and for what is no origin.
        """
        self.engine: Engine = engine
        self.host: str = host.removeprefix("[").removesuffix("]")  # as URLs have it
        self._tls = tls
        if tls is not None:
            _count_handshakes_that_fail(tls, engine.state.reached)
        self._scheme = "http" if tls is None else "https"
        self._sockets = listen(self.host, port) if sockets is None else sockets
        self._address: str = self._sockets[0].getsockname()[0]
        self.port: int = self._sockets[0].getsockname()[1]
        if admin and admin_token is None and not is_loopback(self._address):
            admin_token = secrets.token_urlsafe(TOKEN_BYTES)
        self.admin_token: str | None = admin_token if admin else None
        try:
            self.context: AdminContext = AdminContext(engine, AccessPolicy(self.admin_token))
            self._everything_else = EverythingElse(engine, self.context, admin=admin)
            app = AsgiApp(engine, self._everything_else, cors, ELSEWHERE)
        except ValueError:
            self._close()
            raise
        self._connections = Connections(
            app, keep_alive_seconds, engine.state.reached, at_once=app, deliveries=engine.deliveries
        )
        self._open_files_reached = 0  # how often it was, when there was a file to be had last
        self._stopped, self._end = False, asyncio.Event()
        self.loop: asyncio.AbstractEventLoop | None = None
        self.stopped_by: str = ""
        """What has stopped it first: a signal's name, or what whoever stopped it said."""

    @property
    def url(self) -> str:
        """The base URL that a client on this machine uses."""
        host = in_url(EVERY_ADDRESS.get(self._address, self.host))
        return f"{self._scheme}://{host}:{self.port}"

    @staticmethod
    def has_work_in_threads() -> bool:
        """Tell whether a server of this process has threads do something for a request."""
        return bool(IN_THREADS)

    def run(self, when_started: Callable[[], None] = lambda: None) -> None:
        """Serve in this thread until a signal or ``stop``.

        Then return within a second, whatever is under way.

        ``when_started`` is called once requests are answered.
        """
        remove_left_behind()
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(self.serve(when_started))

    async def serve(self, when_started: Callable[[], None] = lambda: None) -> None:
        """Do what ``run`` does, in a loop that runs already, beside other servers."""
        _serving.add(self)
        try:
            await self._serve(when_started)
        finally:
            _serving.discard(self)
            self._everything_else.close()
            self._close()

    def _close(self) -> None:
        for listening in self._sockets:
            listening.is_kept = False
            listening.close()

    def stop(self, why: str = "") -> None:
        """Ask the server to end; safe from any thread, and from a signal handler."""
        self._stopped = True
        self.stopped_by = self.stopped_by or why
        if self.loop is not None:
            with suppress(RuntimeError):  # the loop has ended already
                self.loop.call_soon_threadsafe(self._end.set)

    async def _serve(self, when_started: Callable[[], None]) -> None:
        self.loop, shared = asyncio.get_running_loop(), self._connections
        shared.files_max = _files_max()
        self.loop.set_exception_handler(_on_loop_error)
        spare = LISTENERS - 1 if _loop_factory() else 0
        self._sockets += [self._sockets[0].dup() for _ in range(spare)]
        listeners = await self._listeners()
        with stopped_by_signals(self.stop):
            date = _date(self.engine.clock)
            runs = isinstance(self.engine.clock, RealClock)  # else its second may end at any time
            shared.date = lambda: date if runs else _date(self.engine.clock)
            when_started()
            while not self._stopped:
                with suppress(TimeoutError):
                    async with asyncio.timeout(TICK_SECONDS):
                        await self._end.wait()
                if not self._stopped:
                    self._end.clear()
                for index, listening in enumerate(self._sockets):
                    if listening.was_given_up:
                        listening.was_given_up = False
                        listeners[index] = await self._listener(listening)
                if _has_file_left():
                    self._open_files_reached = shared.reached["open_files"]
                else:
                    self.count_open_files()
                date, now = _date(self.engine.clock), self.loop.time()
                for number, connection in enumerate(list(shared.open), 1):
                    connection.give_up(now)
                    if not number % LOOKED_AT_ONCE:
                        await asyncio.sleep(0)
            await self._stop_listening(listeners)
            await _finish(shared, self.engine.cut_off)

    async def _stop_listening(self, listeners: list[asyncio.Server]) -> None:
        for listening in self._sockets:
            with suppress(NotImplementedError):  # on Windows nobody is half let in
                asyncio.get_running_loop().remove_reader(listening)
        for _ in range(ROUNDS_TO_LET_IN):
            await asyncio.sleep(0)
        for listening, listener in zip(self._sockets, listeners, strict=True):
            listening.is_kept = False
            listener.close()

    async def _listeners(self) -> list[asyncio.Server]:
        """Begin to listen; on all sockets or on none, since the loop may go on for others."""
        listeners: list[asyncio.Server] = []
        try:
            for listening in self._sockets:
                listening.is_kept = True
                listeners.append(await self._listener(listening))
        except BaseException:
            for listener in listeners:
                listener.close()
            raise
        return listeners

    async def _listener(self, listening: Listening) -> asyncio.Server:
        return await asyncio.get_running_loop().create_server(
            lambda: HttpProtocol(self._connections), sock=listening, ssl=self._tls, backlog=BACKLOG
        )

    def count_open_files(self) -> None:
        """Count that there is no file left, once until there is one again.

        A connection that took the last one has counted it already.
        """
        reached = self._connections.reached
        if reached["open_files"] == self._open_files_reached:
            reached["open_files"] += 1

    def look_around(self) -> None:
        """Look at once at what else is looked at now and then; of the loop's thread alone."""
        self._end.set()


def _count_handshakes_that_fail(tls: SSLContext, reached: Counter[str]) -> None:
    """Count as unreadable who speaks plain HTTP, or does not trust the certificate.

    Such a connection ends before there is a protocol that could.
    """
    import ssl  # noqa: PLC0415 -- only TLS needs it

    class Counting(ssl.SSLObject):
        def do_handshake(self) -> None:
            try:
                super().do_handshake()
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                raise
            except ssl.SSLError:
                reached["unreadable"] += 1
                raise

    tls.sslobject_class = Counting


_serving: Final[set[Server]] = set()
"""The servers of this process that run now, in whatever loop."""


def _on_loop_error(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Take what Windows' loop makes an error of, and count one connection too many.

    Asyncio would say that at each try. The rest is logged as ever.

    It shuts down what a client has reset, which fails and leaves the socket open. And it would
    close what it listens on for good where one client was gone before it was let in.
    """
    servers = [server for server in tuple(_serving) if server.loop is loop]
    error = context.get("exception")
    callback = getattr(context.get("handle"), "_callback", None)
    if (
        isinstance(error, ConnectionResetError)
        and getattr(callback, "__name__", "") == "_call_connection_lost"
    ):
        transport: Any = getattr(callback, "__self__", None)
        transport._sock.close()  # noqa: SLF001 -- there is no public way
        transport._sock = None  # noqa: SLF001 -- likewise
    elif context["message"] == "Accept failed on a socket" and isinstance(error, OSError):
        _log.warning("a client went before it was let in (%s)", error.strerror or error)
        for server in servers:
            loop.call_soon(server.look_around)  # once the loop has given it up
    elif (
        context["message"] == "socket.accept() out of system resource"
        and isinstance(error, OSError)
        and error.errno in NO_FILE_LEFT
    ):
        for server in servers:
            server.count_open_files()
    else:
        loop.default_exception_handler(context)


async def _finish(shared: Connections, cut_off: Callable[[], None]) -> None:
    """Let what is being written go out, then hang up.

    Whatever the mock holds back, or asks a store for, will never be sent.
    """
    for connection in list(shared.open):
        connection.shut_down()
    with suppress(TimeoutError):
        async with asyncio.timeout(FINISH_SECONDS):
            # a client may hang up with all of its answer before the Flask app's thread is done
            while shared.open or shared.tasks:  # noqa: ASYNC110 -- sets tell nobody
                await asyncio.sleep(0.001)
    for connection in list(shared.open):
        connection.transport.abort()
    cut_off()
    await asyncio.sleep(0)  # the connections are lost now: nothing is answered that is cancelled
    if tasks := list(shared.tasks):
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=CANCEL_SECONDS)


@contextmanager
def stopped_by_signals(stop: Callable[[str], None]) -> Iterator[None]:
    """Let signals end the server, where this is the thread that gets them.

    ``stop`` is told the signal's name. A SIGHUP that is ignored, as under nohup, stays so.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")  # the last is Windows', which has no HUP
    there = [getattr(signal, name) for name in names if hasattr(signal, name)]
    ignored = signal.getsignal(getattr(signal, "SIGHUP", signal.SIGINT)) is signal.SIG_IGN
    numbers = [each for each in there if each.name != "SIGHUP" or not ignored]

    def end(number: int, _: object) -> None:
        stop(signal.Signals(number).name)

    before = {number: signal.signal(number, end) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


def _files_max() -> float:
    """Return how many files this process may have open at once; Windows sets no limit."""
    if sys.platform == "win32":
        return math.inf
    import resource  # noqa: PLC0415 -- there is none on Windows

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return math.inf if soft == resource.RLIM_INFINITY else soft


def _has_file_left() -> bool:
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        return error.errno not in NO_FILE_LEFT
    return True


def _date(clock: Clock) -> bytes:
    return f"date: {http_date(clock.client_date(clock.now_ns()))}\r\n".encode()


class ServerThread:
    """A server in a thread, as a context manager.

    In one of its own, or beside others in one that goes on after it.
    """

    def __init__(self, server: Server, beside: LoopThread | None = None) -> None:
        self.server = server
        self._beside = beside
        self._runs_in: LoopThread | None = None
        self._served: Future[None] = Future()
        self._decided = threading.Event()

    @property
    def thread(self) -> threading.Thread | None:
        """The thread, once it is known."""
        return None if self._runs_in is None else self._runs_in.thread

    def __enter__(self) -> Self:
        """Start, and return when requests are answered.

        What keeps the server from starting is raised.
        """
        self._runs_in = self._beside or new_thread()
        self._served = self._runs_in.begin(self.server.serve(self._decided.set))
        self._served.add_done_callback(lambda _: self._decided.set())
        try:
            self._decided.wait()
            if self._served.done():
                self._served.result()
        except BaseException as error:  # also a time-out of the test, or Ctrl-C
            self.__exit__(type(error), error, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop, and wait for the end."""
        self.server.stop()
        if self._runs_in is not None and self._runs_in.is_alive:
            wait([self._served], STOP_SECONDS)
            if self._runs_in is not self._beside:
                self._runs_in.close()
        if error is None and self._served.done() and not self._served.cancelled():
            self._served.result()


def new_thread() -> LoopThread:
    """Start a thread for servers."""
    remove_left_behind()
    return LoopThread(_loop_factory())


def listen(host: str, port: int) -> list[Listening]:
    """Return what listens on a host; for localhost on its address of IPv4 and on that of IPv6."""
    if not 0 <= port <= LAST_PORT:  # getaddrinfo would take the rest of a division instead
        raise CannotListen(
            f"cannot listen on {host}:{port}: a port is a number from 0 to {LAST_PORT}"
        )
    if not host:  # which is every address of this machine on one system, and none on another
        raise CannotListen("cannot listen on no host: 0.0.0.0 is every address of this machine")
    try:
        is_localhost = host.lower().removesuffix(".") == "localhost"
        return _bound_to_both(port) if is_localhost else [_bound_soon(host, port)]
    except (socket.gaierror, UnicodeError):
        raise CannotListen(
            f"cannot listen on {host}:{port}: no host of the name {host!r} is known here"
        ) from None
    except OSError as error:
        why = error.strerror or str(error)
        if getattr(error, "winerror", None) == NOT_GIVEN:
            why = (
                "another program has the port, or Windows keeps it back "
                "(netsh interface ipv4 show excludedportrange protocol=tcp)"
            )
        raise CannotListen(f"cannot listen on {host}:{port}: {why}") from None


def _bound_to_both(port: int) -> list[Listening]:
    for attempts_left in reversed(range(1 if port else PORT_ATTEMPTS)):
        first = _bound_soon("127.0.0.1", port)
        try:
            return [first, _bound("::1", first.getsockname()[1])]
        except OSError as error:
            if isinstance(error, socket.gaierror) or error.errno in NO_SUCH_ADDRESS:
                return [first]
            first.close()
            if not attempts_left:
                raise
    raise AssertionError("the last attempt returns or raises")


def _bound_soon(host: str, port: int) -> Listening:
    """Return what listens on a host; Windows gives its port a moment after the last server."""
    again = RESTART_ATTEMPTS if port and hasattr(socket, "SO_EXCLUSIVEADDRUSE") else 0
    for _ in range(again):
        try:
            return _bound(host, port)
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
            time.sleep(RESTART_PAUSE_SECONDS)
    return _bound(host, port)


def _bound(host: str, port: int) -> Listening:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listening = Listening(family, kind, protocol)
    try:
        if hasattr(
            socket, "SO_EXCLUSIVEADDRUSE"
        ):  # Windows, where SO_REUSEADDR would let two servers share a port
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if address[0] == "::":  # every address, of IPv4 too; on Windows only where it is said
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listening.bind(address)
        listening.listen(BACKLOG)
        listening.set_inheritable(False)
    except OSError:
        listening.close()
        raise
    if not port and listening.getsockname()[1] in _last_given:
        with suppress(OSError):  # there is no other
            another = _bound(host, port)  # while this one is taken
            listening.close()
            return another
    _last_given.append(listening.getsockname()[1])
    return listening


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return what makes the faster event loop, None where there is none that can be loaded."""
    try:
        import uvloop  # noqa: PLC0415 -- where it exists
    except (ImportError, OSError):
        return None
    made: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return made
