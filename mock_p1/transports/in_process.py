"""A mock without a socket: which URLs it answers, and which mock answers whom.

Mocks may overlap, in any order, in threads and in tasks. A mock that was started outside of tasks
and other threads is everybody's. One that was started in a task or a thread belongs to it, and to
what that starts in turn. Of those, the one that was started last answers.
"""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
import time
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import SplitResult, urlsplit
from weakref import WeakSet

from mock_p1.base.clock import SECOND
from mock_p1.base.frames import current_frames
from mock_p1.base.framing import BadRequest, length_of
from mock_p1.base.messages import Fault, Headers, Reply, Request, base_url, header_text, http_date

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import FrameType

    from mock_p1.engine.engine import Engine

_PORTS: Final = {"http": 80, "https": 443}


class Origin(NamedTuple):
    """Scheme, host and port of a URL."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, parts: SplitResult) -> Origin:
        """Read a URL's; ValueError for a port that is none."""
        host = (parts.hostname or "").rstrip(".")
        return cls(parts.scheme, host, parts.port or _PORTS.get(parts.scheme, 0))

    def __str__(self) -> str:
        """The origin as it stands in a URL and in the header ``Host``."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return (
            f"{self.scheme}://{host}{'' if self.port == _PORTS[self.scheme] else f':{self.port}'}"
        )


class HttpRequest(NamedTuple):
    """One HTTP request, as a client's library hands it over; names of headers are in lower case."""

    origin: Origin
    method: str
    target: str
    headers: list[tuple[bytes, bytes]]
    body: bytes | bytearray

    def header(self, name: bytes) -> bytes | None:
        """Return the first value of a header; None if there is none."""
        return next((value for known, value in self.headers if known == name), None)

    @property
    def length(self) -> int | None:
        """How long the body is; None where it comes in chunks. BadRequest for no length."""
        return length_of(self.headers)


class Endpoint:
    """An engine, and the base URLs that it answers in this process."""

    def __init__(
        self, engine: Engine, base_urls: Iterable[str], *, client_sleeps: bool = False
    ) -> None:
        """``client_sleeps`` says that a library's waits between tries are slept by the client.

        Otherwise they move the mock's clock. ValueError if a base URL is none.
        """
        self.engine: Engine = engine
        self.client_sleeps: bool = client_sleeps
        self.base_urls: tuple[str, ...] = tuple(base_urls)
        self.bases: list[tuple[Origin, str]] = [_base(url) for url in self.base_urls]
        self.everybodys = True
        self._askers: WeakSet[threading.Thread] = WeakSet()

    def has(self, origin: Origin) -> bool:
        """Tell whether any path of a host and port is answered."""
        return any(origin == base for base, _ in self.bases)

    def prefix(self, origin: Origin, path: str) -> str | None:
        """Return the path of the base URL that holds a URL; None if none does."""
        for base, prefix in self.bases:
            if origin == base and f"{path}/".startswith(f"{prefix}/"):
                return prefix
        return None

    def answer(self, sent: HttpRequest) -> Fault:
        """Ask the engine. A whole answer comes in the form of a fault that breaks nothing."""
        thread = threading.current_thread()
        if hasattr(thread, _INHERITED):
            self._askers.add(thread)
        try:
            answer = self._handle(sent, sent.length)
        except BadRequest as refused:
            answer = refused.reply
        if isinstance(answer, Fault):
            self._begin(answer.reply)
            return answer
        if answer.download:
            self._begin(answer)
        body = answer.to(sent.method).body
        return Fault("", "complete", answer, ((0, body),), answer.delay_ns)

    def _begin(self, reply: Reply | None) -> None:
        """Let the engine know that a download is not read yet."""
        if reply is not None and reply.download and reply.body:
            self.engine.note_taken(reply.download, False)  # noqa: FBT003 -- as an act has it

    def was_read(self, answer: Fault) -> None:
        """Let the engine know that the client has read an answer to its end."""
        if answer.reply is not None and answer.reply.download:
            self.engine.note_taken(answer.reply.download, True)  # noqa: FBT003 -- likewise

    def headers_of(self, reply: Reply) -> Headers:
        """Return what a client reads: the Date too, as every server sends it, by the mock's clock.

        Ask when the answer comes, not when it is decided.
        """
        headers, clock = reply.wire_headers, self.engine.clock
        if any(name.lower() == "date" for name, _ in headers):
            return headers
        return (*headers, ("Date", http_date(clock.client_date(clock.now_ns()))))

    def break_off(self, sent: HttpRequest) -> None:
        """Let the engine know of a file that the client has stopped to send."""
        try:
            length = sent.length
        except BadRequest:
            return  # its answer would not have waited for the body
        request = self._request(sent, length)
        if sent.method == "GET" or not self.engine.takes_file(request):
            return
        received = self.engine.receive(request, length)
        if not isinstance(received, Reply | Fault):
            received.abort(bytes(sent.body))

    def _request(self, sent: HttpRequest, length: int | None) -> Request:
        path, _, query = sent.target.partition("?")
        prefix = self.prefix(sent.origin, path) or ""
        host = header_text(sent.header(b"host") or b"")
        url = base_url(sent.origin.scheme, host, str(sent.origin)) + prefix
        keys = tuple(header_text(value) for name, value in sent.headers if name == b"x-api-key")
        return Request(
            sent.method, path[len(prefix) :], query, keys, url, length != 0, sent.headers
        )

    def _handle(self, sent: HttpRequest, length: int | None) -> Reply | Fault:
        request = self._request(sent, length)
        body = sent.body if length is None else sent.body[:length]
        is_whole = length is None or len(body) == length
        if sent.method == "GET" or not self.engine.takes_file(request):
            return self.engine.handle(request) if is_whole else Fault("", "close")
        received = self.engine.receive(request, length)
        if isinstance(received, Reply | Fault):
            return received
        middle = len(body) // 2  # where a fault strikes that comes before the act
        return received.take((bytes(body[:middle]), bytes(body[middle:])), is_whole=is_whole)

    def left_behind(self) -> list[str]:
        """Return the names of the threads that have asked, and are still at work for their test.

        Those that wait idly in a pool are free for the next test.
        """
        frames = current_frames()
        names = []
        for thread in threading.enumerate():
            if self not in getattr(thread, _INHERITED, ()):
                continue
            if not _runs_code_of_a_client(frames.get(thread.ident or 0)):
                set_inherited(thread, ())
            elif thread in self._askers and thread is not threading.current_thread():
                names.append(thread.name)
        frames.clear()  # our own is among them, and refers to them
        return names

    def hold(self, span_ns: int, patience: float | None) -> float:
        """Let nanoseconds pass, as far as the client's patience goes, in seconds.

        Return the real seconds to wait for them, before ``give_up``.
        """
        if patience is not None and patience * SECOND < span_ns:
            span_ns = round(patience * SECOND)
        return self.engine.clock.pass_time(span_ns) if span_ns else 0.0

    def give_up(self, span_ns: int, patience: float | None) -> None:
        """Raise TimeoutError where nanoseconds are more than the client's patience, in seconds."""
        if patience is not None and span_ns > patience * SECOND:
            raise TimeoutError("timed out")

    @contextmanager
    def awaited(self, answer: Fault) -> Iterator[None]:
        """Let the engine know where the client leaves before an answer that breaks nothing."""
        try:
            yield
        except BaseException:
            if not answer.kind:
                self.engine.not_awaited(answer.reply)
            raise

    def wait(self, span_ns: int, patience: float | None) -> None:
        """Let nanoseconds pass, and wait for them."""
        if seconds := self.hold(span_ns, patience):
            time.sleep(seconds)
        self.give_up(span_ns, patience)


def refuse_no_span(seconds: float | None) -> None:
    """Raise what a socket of Python raises for a time-out that it cannot take, such as inf."""
    if seconds is not None and not 0 <= seconds <= _LONGEST_PATIENCE:
        with socket.socket() as anyone:
            anyone.settimeout(seconds)


_LONGEST_PATIENCE: Final = 86_400.0
"""Seconds of which no socket needs to be asked."""

_KEEP_POOLS: Final = frozenset({"outcome", "anyio", "sniffio", "mock_p1"})
"""Packages in whose code a thread of a pool waits for its next task, or hands over its last."""


def _runs_code_of_a_client(frame: FrameType | None) -> bool:
    """Tell whether a thread is at work for its test; what trio runs in a thread, a task awaits."""
    modules = set()
    while frame is not None:
        modules.add(str(frame.f_globals.get("__name__")).partition(".")[0])
        frame = frame.f_back
    return "trio" not in modules and not modules <= sys.stdlib_module_names | _KEEP_POOLS


@lru_cache(maxsize=64)
def _base(url: str) -> tuple[Origin, str]:
    with suppress(ValueError):  # of a port or an address that can be none
        parts = urlsplit(url)
        if parts.scheme in _PORTS and parts.hostname and not (parts.query or parts.fragment):
            return Origin.of(parts), parts.path.rstrip("/")
    raise ValueError(
        f"{url!r} is no base URL; it must look like https://host or http://host:port/path"
    )


lock: Final = threading.RLock()
"""Held by whoever starts or stops a mock, or patches a library for it."""

served: Final[list[str]] = []
"""What the URLs of servers in this process begin with: no mock keeps a request from them."""

_active: tuple[Endpoint, ...] = ()
_innermost_first: tuple[Endpoint, ...] = ()
_are_everybodys = True
_own: Final[ContextVar[tuple[Endpoint, ...]]] = ContextVar("mock_p1_own", default=())
_INHERITED: Final = "_mock_p1_inherited"


def active() -> tuple[Endpoint, ...]:
    """Return every mock that is active in this process, the last one started at the end."""
    return _active


def activate(endpoint: Endpoint) -> None:
    """Begin to answer, for this task or thread and what it starts, or for everybody."""
    endpoint.everybodys = threading.current_thread() is threading.main_thread() and not _in_task()
    _set_active((*_active, endpoint))
    _own.set((*(each for each in _own.get() if each in _active), endpoint))


def deactivate(endpoint: Endpoint) -> None:
    """Answer no longer."""
    _set_active(tuple(each for each in _active if each is not endpoint))


def _set_active(endpoints: tuple[Endpoint, ...]) -> None:
    global _active, _innermost_first, _are_everybodys  # noqa: PLW0603 -- they belong to the process
    _active, _innermost_first = endpoints, endpoints[::-1]
    _are_everybodys = all(each.everybodys for each in endpoints)


def _in_task() -> bool:
    with suppress(RuntimeError):  # no loop runs here
        return asyncio.current_task() is not None
    with suppress(KeyError, RuntimeError):
        return bool(sys.modules["trio"].lowlevel.current_task())
    return False


def visible() -> tuple[Endpoint, ...]:
    """Return the mocks that answer the code that asks, the innermost first.

    None at all for a thread that has outlived every mock it was started under.
    """
    inherited: tuple[Endpoint, ...] = getattr(threading.current_thread(), _INHERITED, ())
    if inherited and outlived():
        return ()
    if _are_everybodys:
        return _innermost_first
    everybodys = [each for each in _active if each.everybodys]
    own = dict.fromkeys((*inherited, *_own.get()))
    mine = [each for each in own if each in _active and not each.everybodys]
    return tuple(reversed([*everybodys, *mine] or _active))


def find(origin: Origin, path: str) -> Endpoint | None:
    """Return the mock that answers a URL for the code that asks; None if none does."""
    return next((each for each in visible() if each.prefix(origin, path) is not None), None)


def departure(url: str, endpoints: Iterable[Endpoint]) -> str:
    """Say what of a URL that mocks do not answer is other than in their nearest base URL."""
    with suppress(ValueError):  # no base is near, or only a custom adapter understands the URL
        origin = Origin.of(urlsplit(url))
        bases = [base for each in endpoints for base, _ in each.bases if base.host == origin.host]
        near = min(bases, key=lambda base: (base.scheme != origin.scheme, base.port != origin.port))
        if near.scheme != origin.scheme:
            return f"it begins with {origin.scheme}:// instead of {near.scheme}://"
        if near.port != origin.port:
            return f"it is for port {origin.port} instead of {near.port}"
        return "its path is not below that of the base URL"
    return "it is for another host"


def because(url: str) -> str:
    """Say in brackets why no mock answers a URL; nothing to code that sees no mock."""
    mocks = visible()
    return f" (refused, because {departure(url, mocks)})" if mocks else ""


def inheritable() -> tuple[Endpoint, ...]:
    """Return what a thread sees that the code which asks starts now."""
    return tuple(reversed(visible())) or outlived()


def outlived() -> tuple[Endpoint, ...]:
    """Return the mocks under which the thread that asks was started, if all of them have ended."""
    inherited: tuple[Endpoint, ...] = getattr(threading.current_thread(), _INHERITED, ())
    return () if any(each in _active for each in (*inherited, *_own.get())) else inherited


def set_inherited(thread: threading.Thread, endpoints: tuple[Endpoint, ...]) -> None:
    """Let a thread see what another one sees."""
    setattr(thread, _INHERITED, endpoints)
