"""While a mock is active, nothing reaches the real service, whatever library asks.

Names are looked up and connections made under the eyes of an audit hook, which no import and no
copy of a function goes round; where Python traces, under those of stand-ins alone. What is asked of
a proxy is seen in what is sent to it.
Children that multiprocessing starts are guarded to their end, however it starts them.
Libraries with sockets of their own in C (pycurl, gRPC) are not guarded, nor are other child
processes that start a new interpreter.
"""

from __future__ import annotations

import _socket
import errno
import re
import socket
import ssl
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cache, wraps
from ipaddress import ip_address
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from mock_p1.base.patching import Patch, Patches, WhenImported
from mock_p1.contract.operations import DOCUMENTED_HOSTS
from mock_p1.transports.in_process import inheritable, lock, outlived, set_inherited

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

HOSTS: Final = frozenset(str(urlsplit(url).hostname) for url in DOCUMENTED_HOSTS)
_NAMES: Final = b"|".join(re.escape(host.encode()) for host in sorted(HOSTS))
_TO_A_PROXY: Final = re.compile(
    rb"(?:CONNECT +|[A-Z]+ +https?://(?:[^/@ ]*@)?|\x05\x01\x00\x03.|\x04\x01.{6}[^\0]*\0)"
    rb"(?:%b)\.?[:/? \0]?" % _NAMES,
    re.IGNORECASE | re.DOTALL,
)
_TO_THE_SERVICE: Final = re.compile(
    rb"[A-Z]+ [^\r\n]*\r\n(?:[^\r\n]+\r\n)*Host: *(?:%b)[.:\r]|\x16\x03.*(?:%b)" % (_NAMES, _NAMES),
    re.IGNORECASE | re.DOTALL,
)
_IN_A_QUESTION: Final = re.compile(
    b"|".join(
        re.escape(b"".join(bytes([len(part)]) + part for part in host.encode().split(b".")))
        for host in sorted(HOSTS)
    ),
    re.IGNORECASE,
)
"""How the names stand in what a library asks of a name server by itself."""
_MAY_GO_ON: Final = re.compile(
    rb"[\0\1\4\5\x16]|[A-Z]{1,32}(?: [^\r\n]*(?:\r(?:\n.*)?)?)?\Z", re.IGNORECASE | re.DOTALL
)
"""What can be the beginning of any of these; a question by TCP begins with its length."""
_LOOKED_AT: Final = 2048
_unfinished: Final[WeakKeyDictionary[Any, bytes]] = WeakKeyDictionary()
"""What was sent on a connection as the beginning of something, of which more is to come."""
_LOOKS_UP: Final = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"})
_GOES_TO: Final = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
"""What looks names up in C, where it is asked of C's own class of sockets."""


class RealServiceRefused(ConnectionRefusedError):  # noqa: N818 -- says what happened
    """Something was about to reach the real service while a mock is active.

    An OSError, so that a client's library reports it as it reports any connection that fails.

    Examples:
        >>> import socket
        >>> socket.create_connection(("developer-api.predictionone.sony.biz", 443))
        Traceback (most recent call last):
        mock_p1.transports.network_guard.RealServiceRefused: ...
    """


def refusal(where: str, because: str = "") -> RealServiceRefused:
    """Return the error for something that is not to be reached; ``because`` is added to it."""
    thread = threading.current_thread()
    if outlived():
        why = f"thread {thread.name!r} has outlived the mock of its test"
        why += "; stop it before the test ends"
    elif _is_a_child and _guards == 1:
        why = (
            "this process was started under a mock, which answers in its own process alone; "
            "give this one the url of the fixture mock_p1_server (serving)"
        )
    else:
        why = (
            "in-process, the fixture mock_p1 (mocked) answers requests, urllib3 and httpx before "
            "1.0 at its base_url; any other client is served by the fixture mock_p1_server "
            "(serving), at its url"
        )
    return RealServiceRefused(
        errno.ECONNREFUSED, f"Mock P1 is active, and nothing reaches {where}: {why}{because}"
    )


_patches: Final = Patches()
_guards = 0
_is_a_child = False


def begin() -> None:
    """Guard from now on."""
    global _guards  # noqa: PLW0603 -- the network belongs to the process
    with lock:
        _hook()
        if not _guards:
            _remove()
            try:
                _patches.install(*PATCHES, *_loops_in_c(), *_kept())
                _children.install()
            except BaseException:  # such as a name that a new release no longer has
                _remove()
                raise
        _guards += 1


def begin_in_a_child() -> None:
    """Guard a process that was started under a mock, to its end."""
    global _is_a_child  # noqa: PLW0603 -- likewise
    _is_a_child = True
    begin()


def end(*, left_behind: bool = False) -> None:
    """Guard no longer, once all have said so; but still, where threads have outlived their test."""
    global _guards  # noqa: PLW0603 -- likewise
    with lock:
        _guards -= 1
        if not _guards and not left_behind:
            _remove()


def _remove() -> None:
    _children.remove()
    _patches.remove()


@contextmanager
def guarded() -> Iterator[None]:
    """Guard while a mock is active that answers over a socket."""
    begin()
    try:
        yield
    finally:
        end()


@cache
def _hook() -> None:
    """Add the audit hook, which stays to the end of the process, as all of them do.

    Not under coverage or a debugger: Python asks hooks in the midst of setting what traces a
    thread, and refuses to trace, and so to start, another one meanwhile.
    """
    if sys.gettrace() is None and threading.gettrace() is None:
        sys.addaudithook(_audit)


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if event in _LOOKS_UP:
        check(arguments[0])
    elif event in _GOES_TO and isinstance(arguments[1], tuple) and arguments[1]:
        check(arguments[1][0])


def _after(look: Callable[..., None]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return what makes a stand-in that first looks at what a function is given."""

    def make(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def guarded_function(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 -- of any form
            look(*args, **kwargs)
            return function(*args, **kwargs)

        return guarded_function

    return make


def check(host: object) -> None:
    """Raise RealServiceRefused for a documented host, while anything is to be guarded."""
    if isinstance(host, bytes | bytearray):
        host = host.decode("latin-1")
    if not isinstance(host, str) or host.rstrip(".").lower() not in HOSTS:
        return
    if _guards or outlived():
        raise refusal(host)


def _sending_pieces(send: Callable[..., Any]) -> Callable[..., Any]:
    """Return a ``sendmsg`` that looks at what is sent, also where that can be read once only."""

    @wraps(send)
    def send_guarded(self: Any, pieces: Iterable[object], *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 -- of three kinds
        pieces = list(pieces)
        _look_at(self, *pieces)
        return send(self, pieces, *args, **kwargs)

    return send_guarded


def _look_at(connection: Any, *pieces: object) -> None:  # noqa: ANN401 -- whatever is sent by
    """Raise RealServiceRefused where what is sent is for the service, or for a proxy to it."""
    if (_guards or outlived()) and any(
        _TO_A_PROXY.match(start)
        or _IN_A_QUESTION.search(start)
        or (_TO_THE_SERVICE.match(start) and not _is_on_this_machine(connection))
        for start in _starts(connection, pieces)
    ):
        with suppress(AttributeError, OSError):
            connection.shutdown(socket.SHUT_RDWR)  # some go on to read after such an error
        raise refusal(" or ".join(sorted(HOSTS)))


def _starts(connection: object, pieces: Iterable[object]) -> tuple[bytes, ...]:
    """Return how what is sent now begins, and how that does of which it may be a later part."""
    start = b"".join(
        memoryview(piece)[:_LOOKED_AT].tobytes()
        for piece in pieces
        if isinstance(piece, bytes | bytearray | memoryview)
    )[:_LOOKED_AT]
    before = _unfinished.pop(connection, b"") if _unfinished else b""
    whole = (before + start)[:_LOOKED_AT]
    if len(whole) < _LOOKED_AT and b"\r\n\r\n" not in whole and _MAY_GO_ON.match(whole):
        _unfinished[connection] = whole
    return (start, whole) if before else (start,)


def _look_where(_: object, *args: Any) -> None:  # noqa: ANN401 -- those of any of three methods
    """Look where a ``connect`` or ``sendto`` goes, before Python looks it up."""
    address = args[-1] if args else None
    if isinstance(address, tuple) and address:
        check(address[0])
    if len(args) > 1 and (_guards or outlived()) and _IN_A_QUESTION.search(args[0]):
        raise refusal(" or ".join(sorted(HOSTS)))


def _look_at_name(_: object, sock: object, *__: object, **named: object) -> None:
    """Raise RealServiceRefused where TLS is to be spoken with the service."""
    if not _is_on_this_machine(sock):
        check(named.get("server_hostname"))


def _is_on_this_machine(connection: Any) -> bool:  # noqa: ANN401 -- a socket, or what has none
    try:
        peer = connection.getpeername()
        return not isinstance(peer, tuple) or ip_address(peer[0]).is_loopback
    except (AttributeError, OSError, ValueError):
        return True  # of a TLS object nobody knows the other end; its socket is looked at


def _starting(start: Callable[..., None]) -> Callable[..., None]:
    """Return a ``Thread.start`` whose thread sees the mocks that its starter sees."""

    @wraps(start)
    def start_guarded(self: threading.Thread) -> None:
        set_inherited(self, inheritable())
        start(self)

    return start_guarded


_TAKEN_ALONG: Final = "_mock_p1_guard"


class _GuardInAChild:
    """Goes along with a process that is handed to a new interpreter, and guards that one."""

    def __reduce__(self) -> tuple[Callable[[], None], tuple[()]]:
        return begin_in_a_child, ()


def _starting_child(start: Callable[..., None]) -> Callable[..., None]:
    """Return a ``Process.start`` that takes the guard along; a forked child inherits it anyway."""

    @wraps(start)
    def start_guarded(self: Any) -> None:  # noqa: ANN401 -- a process of any context
        if _guards or outlived():
            setattr(self, _TAKEN_ALONG, _GuardInAChild())
        try:
            start(self)
        finally:
            vars(self).pop(_TAKEN_ALONG, None)  # also where two of ours are nested

    return start_guarded


def _guard_children() -> None:
    from multiprocessing.process import BaseProcess  # noqa: PLC0415 -- it is loaded

    _patches.install(Patch(BaseProcess, "start", _starting_child))


_children: Final = WhenImported("multiprocessing.process", _guard_children)


def _submitting(submit: Callable[..., Any]) -> Callable[..., Any]:
    """Return a ``submit`` whose worker sees the mocks that its caller sees, for this task alone."""

    @wraps(submit)
    def submit_guarded(self: Any, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 -- likewise
        mocks = inheritable()

        def work(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 -- likewise
            worker = threading.current_thread()
            set_inherited(worker, mocks)
            try:
                return fn(*args, **kwargs)
            finally:
                set_inherited(worker, ())

        return submit(self, work, *args, **kwargs)

    return submit_guarded


def _loops_in_c() -> Iterator[Patch]:
    """Yield what guards loops that ask for names, connect or send in C."""
    if (windows := sys.modules.get("asyncio.windows_events")) is not None:
        look = _after(lambda _, connection, data, *__: _look_at(connection, data))
        yield Patch(windows.IocpProactor, "send", look)
        yield Patch(windows.IocpProactor, "sendto", look)
    if (uvloop := sys.modules.get("uvloop")) is not None:
        yield Patch(uvloop.Loop, "getaddrinfo", _asking(0))
        yield Patch(uvloop.Loop, "create_connection", _asking(1))
        yield Patch(uvloop.Loop, "start_tls", _asking(1))  # as in a proxy's tunnel


def _kept() -> Iterator[Patch]:
    """Yield what guards the sockets of trio and gevent, which have kept Python's own methods."""
    trio, gevent = sys.modules.get("trio"), sys.modules.get("gevent.socket")
    kinds: list[Any] = trio.socket.SocketType.__subclasses__() if trio else []
    kinds += [gevent.socket] if gevent else []
    for kind in kinds:
        if all(kind is not patch.owner for patch in PATCHES):  # as Python's is, patched by gevent
            yield from _sends(kind, "send", "sendall", "sendto", "sendmsg")


def _sends(kind: Any, *names: str) -> Iterator[Patch]:  # noqa: ANN401 -- a class of sockets
    """Yield what guards methods that send; a ``sendall`` in Python sends all by ``send``."""
    for name in names:
        method = getattr(kind, name, None)
        if method is not None and not (name == "sendall" and isinstance(method, FunctionType)):
            yield Patch(kind, name, _sending_pieces if name == "sendmsg" else _sending)


def _asking(place: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def make(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        async def guarded_call(self: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 -- of two forms
            check(args[place] if len(args) > place else kwargs.get("host"))
            check(kwargs.get("server_hostname"))
            return await function(self, *args, **kwargs)

        return guarded_call

    return make


_sending: Final = _after(lambda connection, data, *_, **__: _look_at(connection, data))
_looking_up: Final = _after(lambda host, *_, **__: check(host))
PATCHES: Final = (
    *(
        Patch(socket.socket, name, _after(_look_where))
        for name in ("connect", "connect_ex", "sendto")
    ),
    *_sends(socket.socket, "send", "sendall", "sendmsg"),
    *_sends(ssl.SSLSocket, "send"),
    Patch(ssl.SSLObject, "write", _sending),
    Patch(ssl.SSLContext, "wrap_socket", _after(_look_at_name)),
    Patch(_socket, "getaddrinfo", _looking_up),  # which each copy of socket.getaddrinfo calls
    *(Patch(socket, f"gethostby{what}", _looking_up) for what in ("name", "name_ex", "addr")),
    Patch(threading.Thread, "start", _starting),
    Patch(ThreadPoolExecutor, "submit", _submitting),
)
