"""ASGI: answers the imitated API at once on the event loop, and hands everything else on."""

from __future__ import annotations

import asyncio
import math
import re
from asyncio import FIRST_COMPLETED
from contextlib import suppress
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import quote, unquote_to_bytes

from mock_p1.base.addresses import in_url
from mock_p1.base.framing import BadRequest, length_of
from mock_p1.base.messages import Fault, Reply, Request, base_url, header_text
from mock_p1.contract.operations import FILE_UPLOAD, OPERATIONS
from mock_p1.engine.receiver import Receiver
from mock_p1.transports.cors import Cors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from mock_p1.base.asgi_types import Application, Message, Receive, Scope, Send
    from mock_p1.base.proxies import Proxies
    from mock_p1.engine.engine import Engine


_HOST_LIMIT: Final = 300  # what is longer is no host, cut or not, and need not be remembered


BATCH_BYTES: Final = 192 * 1024
"""So much of a file is written at once, or what one reading brings where it is more."""

AT_ONCE_BYTES: Final = 64 * 1024
"""So much is written without a thread: that would take longer."""

_USUAL: Final = re.compile(rb"/[\w.~-][\w./~-]*")
"""A path that says the same to whoever reads it: no escapes, and one slash in front."""

WIRE: Final = "mock_p1.wire"
"""Where a scope's extensions have the server's ``Wire``, if it has one."""


class Wire(Protocol):
    """What ASGI cannot say: an answer in one piece, and how a broken network hangs up."""

    answer_is_owed: bool
    """False where nothing will be sent: then a client that sends no more has gone."""

    decided: Reply | Fault | None
    """What ``AsgiApp.decide`` has said already, where the request was read; None where nothing."""

    @property
    def half_closed(self) -> bool:
        """Whether the client sends no more; it may have gone."""

    def answer(self, reply: Reply) -> None:
        """Write a whole answer at once."""

    def watch(self, download: int) -> None:
        """Let the engine know when all that was written of a download has gone out, or never."""

    def hang_up(self, *, reset: bool) -> None:
        """End the connection: at once with RST, or (FIN) after what was written has gone out."""


IN_THREADS: Final[set[object]] = set()
"""What the loops of this process have threads do now: a clock that is shared waits for it."""


class AsgiApp:
    """An ASGI application. ``everything_else`` is the Flask app, wrapped for ASGI."""

    def __init__(
        self,
        engine: Engine,
        everything_else: Application,
        cors: Iterable[str] = (),
        elsewhere: tuple[bytes, ...] = (b"/",),
    ) -> None:
        """``cors`` are the origins whose pages may call; ValueError for what is none.

        What is not imitated is asked of ``everything_else`` only if its path begins with one of
        ``elsewhere``, or is written in an unusual way; the rest the engine answers at once.
        """
        self._engine, self._everything_else = engine, everything_else
        self.waits: bool = engine.waits
        """Whether it is ``decide_later`` that answers what ``decide`` could."""
        self._cors = Cors(cors)
        self._imitated = tuple(
            operation.template.partition("{")[0].encode() for operation in OPERATIONS.values()
        )
        self._elsewhere = elsewhere if not self._cors else (b"/",)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request.

        Below the imitated paths the engine has an answer to everything, errors included.
        """
        if not self._is_for_engine(scope["raw_path"]):
            await self._everything_else(scope, receive, send)
            return
        wire: Wire | None = scope.get("extensions", {}).get(WIRE)
        request = _request(scope, self._engine.proxies)
        decided = wire.decided if wire is not None else None
        if decided is None:
            decided = await self._decide(request, scope, receive)
        if decided is None:
            return  # the client has gone before its file was complete
        reply = self._cors.shown(request, decided) if self._cors else decided
        if wire is not None and not isinstance(reply, Fault) and reply.download:
            self._engine.deliveries.sending(reply.download)
        if isinstance(reply, Fault):
            await self._act_out(reply, request, receive, send, wire)
        elif reply.delay_ns and await self._leaves_before(reply, request, receive):
            self._engine.not_awaited(decided)
            if reply.download:
                self._engine.deliveries.lost(reply.download)
        elif wire is not None:
            if reply.delay_ns and wire.half_closed:  # whether it had gone shows when this is sent
                number = self._engine.not_awaited(decided, certain=False)
                reply = reply._replace(download=reply.download or number)
            wire.answer(reply)
        else:
            await send(_start(reply))
            await send({"type": "http.response.body", "body": reply.body})

    def _is_for_engine(self, raw_path: bytes) -> bool:
        """Tell whether a path is imitated, or certainly none of everything else."""
        if raw_path.startswith(self._imitated):
            return True
        return not raw_path.startswith(self._elsewhere) and _USUAL.fullmatch(raw_path) is not None

    def plain_request(self, scope: Scope) -> Request | None:
        """Return what ``decide`` may answer where it was read, without a task; None for the rest.

        It is a GET that the engine answers, where no page of another origin and no proxy is to be
        thought of. Whether it brings a body, the server knows.
        """
        alone = not (self._cors or self._engine.proxies is not None)
        if scope["method"] != "GET" or not alone:
            return None
        if not self._is_for_engine(scope["raw_path"]):
            return None
        return _asked({**scope, "headers": tuple(map(tuple, scope["headers"]))})  # can be hashed

    def plain_request_like(self, request: Request, raw_path: bytes, query: bytes) -> Request | None:
        """Return one that differs from another but in its path and query; None likewise."""
        if not self._is_for_engine(raw_path):
            return None
        path, asked = raw_path.decode("latin-1"), query.decode("latin-1")
        return Request(request.method, path, asked, *request[3:])

    def decide(self, request: Request) -> Reply | Fault:
        """Answer a plain request. A fault, or what is held back, is for the application.

        It finds it in the ``Wire`` of the scope, and acts it out.
        """
        return self._engine.handle(request)

    def decide_later(
        self, asked: Iterable[tuple[Request, Callable[[Reply | Fault | BaseException], None]]]
    ) -> None:
        """Answer likewise where answers have to be waited for; each ``tell`` is handed one."""
        self._engine.handle_later(asked)

    async def _decide(
        self, request: Request, scope: Scope, receive: Receive
    ) -> Reply | Fault | None:
        """Return the answer; None where the client breaks off before its file was complete."""
        preflight = self._cors.preflight(request) if self._cors else None
        if preflight is not None:
            return preflight
        if request.method == FILE_UPLOAD.method and self._engine.takes_file(request):
            return await self._take_file(request, scope, receive)
        return await answered(self._engine, request)

    async def _take_file(
        self, request: Request, scope: Scope, receive: Receive
    ) -> Reply | Fault | None:
        """Hand a file over as it comes; None where the client breaks off.

        Large pieces are written by a thread, so that polls go on meanwhile.
        """
        waits = self._engine.waits
        try:
            begin = partial(self._engine.receive, request, length_of(scope["headers"]))
        except BadRequest as refused:
            return refused.reply
        taken = await asyncio.to_thread(begin) if waits else begin()
        if not isinstance(taken, Receiver):
            return taken
        batch, received, answer = bytearray(), 0, None

        def take(data: bytes, *, complete: bool) -> None:
            nonlocal answer
            answer = taken.write(data) or (taken.finish() if complete else None)

        try:
            while answer is None:
                message = await receive()
                if message["type"] == "http.disconnect":
                    self._abort(taken, bytes(batch))
                    return None
                data = message.get("body", b"")
                received += len(data)
                complete = not message.get("more_body", False)
                is_much = len(batch) + len(data) >= BATCH_BYTES
                if not (is_much or complete or received >= taken.decides_at):
                    batch += data
                    continue
                data = bytes(batch + data) if batch else data
                batch.clear()
                work = partial(take, data, complete=complete)
                if waits or len(data) > AT_ONCE_BYTES or (complete and received > AT_ONCE_BYTES):
                    await in_thread(work)
                else:
                    work()
        except BaseException:  # the server's task is cancelled, or what it calls raises
            if answer is None:
                self._abort(taken, bytes(batch))
            raise
        return answer

    def _abort(self, taken: Receiver, rest: bytes) -> None:
        """Say that the client broke off, in a thread where that takes a while."""
        if self._engine.waits:
            asyncio.get_running_loop().run_in_executor(None, taken.abort, rest)
        else:
            taken.abort(rest)

    async def _act_out(
        self, fault: Fault, request: Request, receive: Receive, send: Send, wire: Wire | None
    ) -> None:
        if wire is not None and fault.reply is None:
            wire.answer_is_owed = False
        download = fault.reply.download if fault.reply is not None else 0
        if download:
            self._engine.deliveries.sending(download)
        is_whole = False
        try:
            is_whole = await self._play(fault, request, receive, send)
        finally:
            if download and not is_whole:
                self._engine.deliveries.lost(download)
        if not is_whole:
            return
        if download and wire is not None:
            wire.watch(download)
        elif download:
            self._engine.deliveries.sent(download)
        if fault.ending == "complete":
            await send({"type": "http.response.body", "body": b""})
        elif wire is not None:
            wire.hang_up(reset=fault.ending == "reset")

    async def _play(self, fault: Fault, request: Request, receive: Receive, send: Send) -> bool:
        """Send what a fault sends; tell whether the client has stayed."""
        if fault.delay_ns and await self._leaves_before(fault, request, receive):
            return False
        if fault.reply is not None:
            await send(_start(fault.reply))
        for pause, piece in fault.pieces:
            if pause and await self._leaves_within(pause, request, receive):
                return False
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        return True

    async def _leaves_before(
        self, answer: Reply | Fault, request: Request, receive: Receive
    ) -> bool:
        """Wait until an answer may come, or the client hangs up; tell whether it did."""
        return await self._leaves_within(answer.delay_ns, request, receive, answer.due_ns)

    async def _leaves_within(
        self, span: int, request: Request, receive: Receive, due_ns: int = 0
    ) -> bool:
        """Wait for nanoseconds of the mock's clock, likewise."""
        leaves = asyncio.ensure_future(_client_leaves(receive))
        try:
            seconds = self._engine.clock.pass_time(span, leaves)
            if seconds:
                await self._hold_back(request, span, leaves, due_ns, seconds)
            return leaves.done() and not leaves.cancelled()
        finally:
            leaves.cancel()

    async def _hold_back(
        self,
        request: Request,
        span: int,
        leaves: asyncio.Future[None],
        due_ns: int,
        seconds: float,
    ) -> None:
        """Wait until the time has come, also if the clock is turned meanwhile; or until let go.

        Where ``seconds`` are infinite, it is the clock that cancels ``leaves`` then.
        """
        loop, turned, woken = asyncio.get_running_loop(), asyncio.Event(), True

        def wake() -> None:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(turned.set)

        with self._engine.held.hold(request, span, wake, due_ns, loop.call_soon) as hold:
            while not leaves.done():
                is_told = seconds == math.inf and not hold.let_go
                left = None if is_told else hold.left_seconds(woken=woken)
                if left == 0:
                    break
                looks = asyncio.ensure_future(turned.wait())
                both: list[asyncio.Future[Any]] = [leaves, looks]
                try:
                    await asyncio.wait(both, timeout=left, return_when=FIRST_COMPLETED)
                finally:  # the loop may go on for others when the server ends
                    looks.cancel()
                woken = turned.is_set()
                turned.clear()


async def answered(engine: Engine, request: Request) -> Reply | Fault:
    """Return the answer to a request; others are served while it is waited for."""
    if not engine.waits:
        return engine.handle(request)
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Reply | Fault] = loop.create_future()

    def tell(found: Reply | Fault | BaseException) -> None:
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(_answer, answer, found)

    headers = tuple((name, value) for name, value in request.headers)
    engine.handle_later([(request._replace(headers=headers), tell)])
    return await answer


def _answer(future: asyncio.Future[Reply | Fault], found: Reply | Fault | BaseException) -> None:
    if future.done():
        return
    if isinstance(found, BaseException):
        future.set_exception(found)
    else:
        future.set_result(found)


async def in_thread(work: Callable[[], None]) -> None:
    """Do work in a thread; a task that is cancelled meanwhile ends only after the work has."""
    done = asyncio.get_running_loop().run_in_executor(None, work)
    IN_THREADS.add(done)
    done.add_done_callback(IN_THREADS.discard)
    try:
        await asyncio.shield(done)
    except asyncio.CancelledError:
        while not done.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([done])
        raise


async def _client_leaves(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass  # a piece of a body that nobody reads


def with_raw_path(app: WSGIApplication) -> WSGIApplication:
    """Return a WSGI app, to be run under a2wsgi, that learns the path as it was sent.

    A2wsgi itself only decodes it.
    """

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        raw: bytes = environ["asgi.scope"]["raw_path"]
        environ["REQUEST_URI"] = raw.decode("latin-1")
        environ["PATH_INFO"] = unquote_to_bytes(raw).decode("latin-1")
        return app(environ, start_response)

    return application


def _request(scope: Scope, proxies: Proxies | None) -> Request:
    request = _asked(scope)
    base = request.base_url + quote(scope.get("root_path") or "")
    if proxies is not None:
        base = proxies.base_url(base, (scope.get("client") or ("",))[0], scope["headers"])
    return request if base == request.base_url else request._replace(base_url=base)


def _asked(scope: Scope) -> Request:
    keys, headers, query = [], scope["headers"], scope["query_string"]
    host, has_body = b"", False
    for name, value in headers:
        if name == b"host":
            host = value
        elif name == b"x-api-key":
            keys.append(header_text(value))
        elif name == b"content-length":
            has_body = has_body or value != b"0"
        elif name == b"transfer-encoding":
            has_body = True
    return Request(
        scope["method"],
        scope["raw_path"].decode("latin-1"),
        query.decode("latin-1") if query else "",
        tuple(keys),
        _base_url(scope["scheme"], host[:_HOST_LIMIT], scope["server"]),
        has_body,
        headers,
    )


@lru_cache(maxsize=256)
def _base_url(scheme: str, host: bytes, server: tuple[str, int | None]) -> str:
    name, port = server
    return base_url(scheme, host.decode("latin-1"), f"{scheme}://{in_url(name)}:{port}")


def _start(reply: Reply) -> Message:
    headers = [
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in reply.wire_headers
    ]
    return {"type": "http.response.start", "status": reply.status, "headers": headers}
