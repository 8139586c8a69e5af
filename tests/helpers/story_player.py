"""Plays an invented story through a way in, and tells what its client saw.

The ways in stay open from story to story. A client uses the keys, jobs and links that it was given.
"""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from http import HTTPStatus
from http.client import HTTPResponse, IncompleteRead, RemoteDisconnected
from secrets import token_hex
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, urlsplit

import httpx
import requests
import urllib3

from helpers.scenario_strategies import read
from helpers.story_strategies import GUESSES, Act, Ask, Drive, Story, Wait, filled
from helpers.transport_clients import (
    HOST,
    IS_OLD,
    FlaskTransport,
    LiveTransport,
    ResponsesTransport,
)
from mock_p1.base.clock import VirtualClock
from mock_p1.engine.acts import SharedEngine
from mock_p1.engine.driver import Driver
from mock_p1.engine.engine import Engine
from mock_p1.engine.snapshot import page
from mock_p1.server.asgi_app import asgi_app_for
from mock_p1.server.redis_store import RedisStore
from mock_p1.server.server import Server, ServerThread
from mock_p1.server.shared_state import FORM, SharedState, StoreClock
from mock_p1.transports.in_process import Endpoint, HttpRequest, Origin
from mock_p1.transports.responses_patch import Mock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from mock_p1.engine.journal import Entry
    from mock_p1.scenario.model import Scenario

START = datetime(2026, 1, 31, 23, 59, 30, 500_000, tzinfo=UTC)
THE_SERVERS_OWN = re.compile(r"connection: .*|date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT")
ENDINGS = {"connection_reset": "reset", "empty_response": "closed", "timeout": "closed"}
"""What a client sees of the faults that leave no answer."""


class Seen(NamedTuple):
    """What a client saw: an answer, part of one, or a connection reset or closed without one."""

    what: str
    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def __str__(self) -> str:
        if not self.status:
            return self.what
        return "\n      ".join(
            [f"{self.what} {self.status}", *map(": ".join, self.headers), repr(self.body[:500])]
        )


def seen(what: str, status: int, headers: Any, body: bytes) -> Seen:
    """Return what was seen, its headers in no order.

    Those that only a server on a wire writes are left out.
    """
    named = sorted((name.lower(), value) for name, value in headers)
    kept = (header for header in named if not THE_SERVERS_OWN.fullmatch(": ".join(header)))
    return Seen(what, status, tuple(kept), body)


class Stage:
    """An engine that can be exchanged while transports use it."""

    def __init__(self) -> None:
        self.play(read("{}"))

    def play(self, scenario: Scenario) -> None:
        """Begin with a scenario, at the first moment of every story."""
        self.engine = Engine(scenario, VirtualClock(START))

    def close(self) -> None:
        """Give up what there is besides the engine."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.engine, name)


class SharedVirtualClock(VirtualClock):
    """A clock that only the test moves, in a process that shares its state."""

    def __init__(self, begun_ns: int) -> None:
        super().__init__(START)
        self._store = StoreClock(1.0, begun_ns)
        self.set_moment, self.heard = self._store.set_moment, self._store.heard
        self.store_time, self.store_ns = self._store.store_time, self._store.store_ns


class SharedStage(Stage):
    """A stage whose engine has its state in a store."""

    def __init__(self, url: str) -> None:
        self._url, self._shared = url, None
        super().__init__()

    def play(self, scenario: Scenario) -> None:
        """Begin with a scenario, in a state of its own."""
        self.close()
        store = RedisStore(self._url, token_hex(8), timeout_seconds=60)
        begun = store.begin(FORM, "run", "{}")
        clock = SharedVirtualClock(begun.begun_ns)
        self._shared = SharedState(SharedEngine(scenario, clock), clock, store, begun)
        self._shared.start()
        self.engine = self._shared.engine

    def close(self) -> None:
        """Leave the state."""
        if self._shared is not None:
            self._shared.close()


class Flask:
    """The Flask transport.

    It cannot break a connection: it names the fault, and promises more bytes than it sends.
    """

    def __init__(self, stage: Stage) -> None:
        self._transport = FlaskTransport(stage)

    def ask(self, ask: Ask, target: str) -> Seen:
        """Send one request; what its client sees."""
        status, headers, body = self._transport.whole(
            ask.method, target, _headers(ask), ask.body, ask.host, chunked=ask.chunked
        )
        fault = next((value for name, value in headers if name == "X-Mock-P1-Fault"), None)
        headers = [header for header in headers if header[0] != "X-Mock-P1-Fault"]
        promised = int(dict(headers).get("Content-Length", 0))
        if fault in {None, "slow_body"} or (fault == "truncated_body" and promised == len(body)):
            return seen("answer", status, headers, body)
        assert promised > len(body)
        is_cut = fault not in ENDINGS
        return seen("cut", status, headers, body) if is_cut else Seen(ENDINGS[fault])


class Live:
    """The server, asked over connections that are kept as long as they can be."""

    def __init__(self, server: Server) -> None:
        self._transport, self._connection = LiveTransport(server), None

    def ask(self, ask: Ask, target: str) -> Seen:
        """Send one request; what its client sees."""
        connection = self._connection = self._connection or self._transport.connect()
        trailers = ask.trailers if ask.chunked else None
        sent = self._transport.written(
            ask.method, target, _headers(ask), ask.body, ask.host, trailers
        )
        with suppress(BrokenPipeError, ConnectionResetError):  # a fault may strike midway
            connection.sendall(sent)
        response = HTTPResponse(connection, method=ask.method)
        try:
            response.begin()
        except ConnectionResetError as error:  # of which RemoteDisconnected is one
            self.close()
            return Seen("closed" if isinstance(error, RemoteDisconnected) else "reset")
        try:
            what, body = "answer", response.read()
        except IncompleteRead as error:
            what, body = "cut", error.partial
        if response.will_close or what == "cut":
            self.close()
        return seen(what, response.status, response.getheaders(), body)

    def close(self) -> None:
        """Give up the connection that was kept."""
        if self._connection:
            self._connection.close()
            self._connection = None


class InProcess:
    """The in-process transport, with `requests` as the client."""

    def __init__(self, transport: ResponsesTransport) -> None:
        self._transport = transport
        self.wire = transport.wire

    def ask(self, ask: Ask, target: str) -> Seen:
        """Send one request; what its client sees."""
        request = self._transport.request(
            ask.method, target, _headers(ask), ask.body, ask.host, chunked=ask.chunked
        )
        adapter = self._transport.session.get_adapter(
            request.url
        )  # the session itself would look after redirects
        try:
            response = adapter.send(request, stream=True)
        except requests.ConnectionError as error:
            (cause,) = error.args
            if isinstance(cause, urllib3.exceptions.ProtocolError):
                cause = cause.args[1]  # requests 2.28 hands it on as it is, where it sent chunks
            return Seen("closed" if isinstance(cause, RemoteDisconnected) else "reset")
        what, body = "answer", b""
        try:
            while piece := response.raw.read(1 << 16, decode_content=False):
                body += piece
        except urllib3.exceptions.ProtocolError:  # too few bytes came
            what = "cut"
        promised = int(response.headers.get("content-length", 0))
        has_body = ask.method != "HEAD" and response.status_code != HTTPStatus.NOT_MODIFIED
        if IS_OLD and has_body and len(body) < promised:  # urllib3 1 does not notice
            what = "cut"
        return seen(what, response.status_code, response.raw.headers.items(), body)


class InProcessHttpx:
    """The in-process transport, with httpx as the client."""

    def __init__(self) -> None:
        self._transport = httpx.HTTPTransport(verify=False)

    def ask(self, ask: Ask, target: str) -> Seen:
        """Send one request; what its client sees."""
        content: Any = iter([ask.body]) if ask.chunked else ask.body
        request = _httpx_request(ask, target, content)
        try:
            response = self._transport.handle_request(request)
        except httpx.ReadError:
            return Seen("reset")
        except httpx.RemoteProtocolError:
            return Seen("closed")
        what, body = "answer", b""
        try:
            for piece in response.stream:
                body += piece
        except httpx.TransportError:  # too few bytes came
            what = "cut"
        headers = [(n.decode("latin-1"), v.decode("latin-1")) for n, v in response.headers.raw]
        return seen(what, response.status_code, headers, body)


class Asgi:
    """The ASGI application, below httpx.

    It has no words for how a connection ends: whatever leaves an answer unfinished is ``broken``.
    """

    def __init__(self, stage: Stage) -> None:
        self._runner = asyncio.Runner()
        self._transport = httpx.ASGITransport(asgi_app_for(stage))

    def ask(self, ask: Ask, target: str) -> Seen:
        """Send one request; what its client sees."""

        async def chunks() -> AsyncIterator[bytes]:
            yield ask.body

        async def exchange() -> Seen:
            content: Any = chunks() if ask.chunked else ask.body
            request = _httpx_request(ask, target, content)
            response = await self._transport.handle_async_request(request)
            headers = [(n.decode("latin-1"), v.decode("latin-1")) for n, v in response.headers.raw]
            return seen("answer", response.status_code, headers, await response.aread())

        try:
            return self._runner.run(exchange())
        except ConnectionResetError:
            return Seen("broken")

    def close(self) -> None:
        """End the event loop."""
        self._runner.close()


class Direct:
    """No way in at all: the engine itself, for who wants to see what a story leads to."""

    wire = staticmethod(lambda target: target)

    def __init__(self, stage: Stage) -> None:
        self._endpoint = Endpoint(stage, [f"http://{HOST}"])

    def ask(self, ask: Ask, target: str) -> Seen:
        """Send one request; what its client sees."""
        headers = [(name.lower().encode(), value.encode()) for name, value in _headers(ask)]
        origin = Origin.of(urlsplit(f"http://{HOST}"))
        answer = self._endpoint.answer(HttpRequest(origin, ask.method, target, headers, ask.body))
        body = b"".join(piece for _, piece in answer.pieces)
        if answer.reply is None:
            return Seen("closed")
        what = "answer" if answer.ending == "complete" else "cut"
        return seen(what, answer.reply.status, answer.reply.headers, body)


def _httpx_request(ask: Ask, target: str, content: Any) -> httpx.Request:
    url = target if target.startswith("http") else f"http://{HOST}{target}"
    headers = [(name, value.encode()) for name, value in _headers(ask)]
    headers += [("Host", ask.host.encode())] if ask.host is not None else []
    return httpx.Request(ask.method, url, headers=headers, content=content or None)


def _headers(ask: Ask) -> tuple[tuple[str, str], ...]:
    return (
        *(("x-api-key", key) for key in ask.keys),
        *ask.headers,
        *((("Connection", "Upgrade"),) if "Upgrade" in dict(ask.headers) else ()),
        *((("Connection", "close"),) if ask.close else ()),
    )


def _remember(answer: Seen, known: dict[str, list[str]]) -> None:
    """Keep the job id, the links and the API key that an answer gives."""
    fields: Any = {}
    with suppress(ValueError):
        fields = json.loads(answer.body)
    if answer.what != "answer" or not isinstance(fields, dict):
        return
    for name, kind in (("retrain_job_id", "job"), ("api_key", "key")):
        if isinstance(fields.get(name), str):
            known[kind].append(fields[name])
    for kind, path in (("upload", "/uploads/"), ("download", "/results/")):
        link = urlsplit(str(fields.get(f"{kind}_url"))).path
        if link.startswith(path) and link not in known[kind]:
            known[kind].append(link)


class Scene(NamedTuple):
    """What came of one act, and what the clock showed afterwards."""

    outcome: list[Seen] | str | None
    now: int

    def __str__(self) -> str:
        outcomes = self.outcome if isinstance(self.outcome, list) else [self.outcome]
        return f"{'; then '.join(map(str, outcomes))}\n      at {self.now / 1e9:.9f} s"


class Transports:
    """The ways in, each open to a stage."""

    def __init__(self, opened: dict[str, tuple[Stage, Any]]) -> None:
        self._opened = opened
        self._as_requests = opened["responses"][1].wire

    def wire(self, target: str) -> str:
        """Return a target as `requests` and httpx would write it, who tidy it first."""
        url = httpx.URL(f"http://{HOST}{self._as_requests(target)}")
        return url.raw_path.decode("ascii")

    def play(self, story: Story) -> dict[str, list[Any]]:
        """Play a story through every way in that can tell it.

        What was seen in each, and then the rows of the journal and all that is kept.
        """
        transports = [name for name in self._opened if story.tidy or name in {"flask", "live"}]
        return {name: play(story, *self._opened[name], self.wire) for name in transports}


def play_directly(story: Story, stage: Stage, *then: Any) -> list[Any]:
    """Play a story with no way in between; ``then`` is as in ``play``."""
    transport = Direct(stage)
    return play(story, stage, transport, transport.wire, *then)


def play(
    story: Story, stage: Stage, transport: Any, wire: Any, then: Any = lambda engine: engine
) -> list[Any]:
    """Play a story through one way in; ``wire`` tidies a target as libraries do.

    After each act the engine that ``then`` makes of it goes on.
    """
    stage.play(read(story.text))
    known: dict[str, list[str]] = {kind: [] for kind in GUESSES}

    def act_out(act: Act) -> Any:
        match filled(act, known):
            case Ask() as ask:
                target = wire(ask.target) if story.tidy else ask.target
                answers = [transport.ask(ask, target) for _ in range(ask.times)]
                for answer in answers:
                    _remember(answer, known)
                return answers
            case Wait(span):
                return stage.engine.clock.advance(span)
            case Drive(name, arguments, named):
                try:
                    return getattr(Driver(stage.engine), name)(*arguments, **dict(named))
                except (LookupError, ValueError) as error:
                    return f"{type(error).__name__}: {error}"

    scenes = []
    for act in story.acts:
        scenes.append(Scene(act_out(act), stage.engine.clock.now_ns()))
        stage.engine = then(stage.engine)
    if isinstance(transport, Live):
        transport.close()
    stage.engine.refresh()
    return [*scenes, *_rows(stage.engine, story), *_kept(stage.engine)]


def _rows(engine: Engine, story: Story) -> list[Entry]:
    """Return the journal.

    Without what a WSGI server writes differently: two keys, and a target that HTTP forbids.
    """
    two_keys = any(len(act.keys) > 1 for act in story.acts if isinstance(act, Ask))
    rows = [entry._replace(path=unquote(entry.path)) for entry in engine.journal]
    return [entry._replace(api_key="", caller=0) for entry in rows] if two_keys else rows


def _kept(engine: Engine) -> Iterator[Any]:
    """Yield all that a mock keeps of what befell it: where jobs are, files, failures that wait."""
    for job in page(engine, 0, 1000).jobs:
        for track in job.tracks:
            file = track.file and (track.file.file_name, track.file.complete, track.file.size)
            yield job.job_id, job.start, track._replace(file=file)
    for upload in engine.state.uploads:
        yield upload._replace(kept=upload.kept and upload.kept.sha256)
    yield Driver(engine).waiting(), len(engine.state.issued)


def difference(story: Story, played: dict[str, list[Any]]) -> str | None:
    """Say where the transports differ first; None if nowhere."""
    ((first, expected), *others) = played.items()
    for name, found in others:
        expected = _without_endings(expected) if name.endswith("asgi") else expected
        for number, (one, other) in enumerate(zip(expected, found, strict=False)):
            if one != other:
                act = story.acts[number] if number < len(story.acts) else "the journal"
                return f"{act}\n  {first}: {one}\n  {name}: {other}"
        if len(expected) != len(found):
            return f"{first} has {len(expected)} rows, {name} {len(found)}"
    return None


def _without_endings(scenes: list[Any]) -> list[Any]:
    """Return what was seen by somebody who is not told how a connection ended."""

    def told(one: Any) -> Any:
        return Seen("broken") if isinstance(one, Seen) and one.what != "answer" else one

    return [
        scene._replace(outcome=[told(one) for one in scene.outcome])
        if isinstance(scene, Scene) and isinstance(scene.outcome, list)
        else scene
        for scene in scenes
    ]


@contextmanager
def open_transports(stage: Callable[[], Stage] = Stage):
    """Start all transports, each to a stage of its own."""
    with ExitStack() as stack:
        stages = [stage() for _ in range(4)]
        for each in stages:
            stack.callback(each.close)
        thread = stack.enter_context(ServerThread(Server(stages[1])))
        live = Live(thread.server)
        stack.callback(live.close)
        mock = Mock(stages[2], [f"http://{HOST}"])
        mock.start()
        stack.callback(mock.stop)
        asgi = Asgi(stages[3])
        stack.callback(asgi.close)
        in_process = InProcess(stack.enter_context(ResponsesTransport()))
        yield Transports(
            {
                "flask": (stages[0], Flask(stages[0])),
                "live": (stages[1], live),
                "responses": (stages[2], in_process),
                "httpx": (stages[2], InProcessHttpx()),  # played after the other, on its stage
                "asgi": (stages[3], asgi),
            }
        )
