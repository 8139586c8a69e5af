"""``/__admin/events``: the stream of events to those who listen.

One task tells them all. A listener costs no task under our server, one under any other ASGI server,
and a thread under WSGI.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from flask import Blueprint, Response, request

from mock_p1.admin.admin_error import AdminError
from mock_p1.admin.bodies import query_in_hand, query_of
from mock_p1.admin.context import MAX_THREADS, admin_context
from mock_p1.admin.event_text import HEARTBEAT, Stream
from mock_p1.admin.line import Line, take_line
from mock_p1.admin.models import EventsQuery
from mock_p1.admin.wire import start, with_policy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mock_p1.admin.context import AdminContext
    from mock_p1.admin.event_text import Place
    from mock_p1.base.asgi_types import Receive, Scope, Send

MAX_LISTENERS: Final = 2000
TICK: Final = 0.1
TICK_PER_LISTENER: Final = 0.001
"""News is told ten times a second, and less often to many, so that telling them all never starves the polls."""

AT_ONCE: Final = 25
AT_ONCE_SECONDS: Final = 0.005
"""So many listeners are told, or for so long, before polls have their turn."""

BATCHES: Final = 20
"""So many batches are told in a tick."""

MOST_WRITTEN: Final = 40
"""So many batches are kept for a tick; listeners are nearly all at the same place."""

HEARTBEAT_SECONDS: Final = 15.0
LAST_EVENT_ID: Final = "Last-Event-ID"
EVENT_HEADERS: Final = (
    ("Content-Type", "text/event-stream; charset=utf-8"),
    ("X-Accel-Buffering", "no"),
)

routes = Blueprint("events", __name__)


class EventListeners:
    """Everybody who listens, on one event loop. An ASGI application for the one path."""

    def __init__(self, panel: AdminContext) -> None:
        self._stream = Stream(panel)
        self._count = 0
        self._behind = False
        self._lines: dict[Line, Place] = {}
        self._waiting: set[asyncio.Future[bool]] = set()
        self._pump: asyncio.Task[None] | None = None
        self._written: dict[Place, tuple[bytes, Place]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Talk to one listener until it goes; AdminError (503) where there are too many."""
        if self._count >= MAX_LISTENERS:
            raise _too_many(MAX_LISTENERS)
        last_event_id = _last_event_id(scope)
        self._count += 1
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._wake_them())
        if line := take_line(send, with_policy(EVENT_HEADERS), self._hung_up, self._count):
            text, self._lines[line] = self._stream.begin(last_event_id)
            line.write(text)
            self._tell(line, beating=False)
            return
        gone = asyncio.create_task(_disconnected(receive))
        try:
            await self._talk(last_event_id, gone, send)
        finally:
            self._count -= 1
            gone.cancel()

    def _hung_up(self, line: Line) -> None:
        self._count -= 1
        del self._lines[line]

    def _tell(self, line: Line, *, beating: bool) -> None:
        """Tell a line what is new, as far as its client takes it."""
        if line not in self._lines:
            return  # it has gone meanwhile
        place = self._lines[line]
        if beating and line.ready:
            line.write(HEARTBEAT)
        for _ in range(BATCHES):
            if not line.ready:
                self._behind = True
                break
            text, place = self._news(place)
            if not text:
                break
            self._behind = True  # there may be more than these
            line.write(text)
        self._lines[line] = place

    async def _talk(self, last_event_id: str | None, gone: asyncio.Task[None], send: Send) -> None:
        text, place = self._stream.begin(last_event_id)
        await send(start(200, EVENT_HEADERS))
        await send({"type": "http.response.body", "body": text, "more_body": True})
        while not gone.done():
            for _ in range(BATCHES):
                text, place = self._news(place)
                if not text:
                    break
                self._behind = True  # there may be more than these
                await send({"type": "http.response.body", "body": text, "more_body": True})
            if await self._wait(gone):
                await send({"type": "http.response.body", "body": HEARTBEAT, "more_body": True})

    def _news(self, place: Place) -> tuple[bytes, Place]:
        """Return the events after a place.

        Written once in a tick for all who are at the same one.
        """
        if place in self._written:
            return self._written[place]
        if place == self._stream.end:
            return b"", place
        news = self._stream.after(place)
        if len(self._written) < MOST_WRITTEN:
            self._written[place] = news
        return news

    async def _wait(self, gone: asyncio.Task[None]) -> bool:
        """Wait for news, or for the listener to go.

        Return whether it is time to show a sign of life.
        """
        waiting: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        def wake(_: object) -> None:
            _wake(waiting, beating=False)

        self._waiting.add(waiting)
        gone.add_done_callback(wake)
        try:
            return await waiting
        finally:
            self._waiting.discard(waiting)
            gone.remove_done_callback(wake)

    async def _wake_them(self) -> None:
        """Look for news on behalf of all, as long as there is anybody."""
        told: Place | None = None
        loop = asyncio.get_running_loop()
        beat = loop.time() + HEARTBEAT_SECONDS
        while self._count:
            await asyncio.sleep(TICK + TICK_PER_LISTENER * self._count)
            end, beating = self._stream.end, loop.time() >= beat
            if end == told and not self._behind and not beating:
                continue
            told, self._behind = end, False
            self._written.clear()
            beat = loop.time() + HEARTBEAT_SECONDS if beating else beat
            await self._wake(beating)

    async def _wake(self, beating: bool) -> None:  # noqa: FBT001 -- what the futures are to say
        everybody: list[Line | asyncio.Future[bool]] = [*self._lines, *self._waiting]
        until = time.perf_counter() + AT_ONCE_SECONDS
        for number, one in enumerate(everybody, 1):
            if isinstance(one, Line):
                self._tell(one, beating=beating)
            else:
                _wake(one, beating=beating)
            if number % AT_ONCE == 0 or time.perf_counter() > until:
                await asyncio.sleep(0)  # polls that came meanwhile go first
                until = time.perf_counter() + AT_ONCE_SECONDS


@routes.get("/events")
def events() -> Response:
    """Talk to one listener under a WSGI server; under ASGI the request never comes here."""
    asked = query_in_hand(EventsQuery)
    context = admin_context()
    if not context.threads.acquire(blocking=False):
        raise _too_many(MAX_THREADS)
    last = request.headers.get(LAST_EVENT_ID) or asked.last_event_id
    response = Response(_told(Stream(context), last), headers=list(EVENT_HEADERS))
    response.call_on_close(context.threads.release)
    return response


def _told(stream: Stream, last_event_id: str | None) -> Iterator[bytes]:
    text, place = stream.begin(last_event_id)
    yield text
    silent = 0.0
    while True:
        text, place = stream.after(place)
        silent = 0.0 if text else silent + TICK
        if text or silent >= HEARTBEAT_SECONDS:
            silent = 0.0
            yield text or HEARTBEAT
        time.sleep(TICK)


def _last_event_id(scope: Scope) -> str | None:
    asked = query_of(
        parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True), EventsQuery
    )
    for name, value in scope["headers"]:
        if name == b"last-event-id":
            return str(value.decode("latin-1"))
    return asked.last_event_id


def _wake(waiting: asyncio.Future[bool], *, beating: bool) -> None:
    if not waiting.done():
        waiting.set_result(beating)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _too_many(limit: int) -> AdminError:
    return AdminError(
        503,
        "MOCK_P1_TOO_MANY_LISTENERS",
        f"{limit:,} listen already, the most there can be",
        "ask GET /__admin/requests?since=N now and then instead, or try again later",
        headers={"Retry-After": "5"},
    )
