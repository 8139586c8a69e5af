"""``/__admin/events``: the stream of events to those who listen.

A listener costs a task under ASGI, and a thread under WSGI.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

from flask import Blueprint, Response, request

from mock_p1.admin.admin_error import AdminError
from mock_p1.admin.bodies import query_in_hand, query_of
from mock_p1.admin.context import MAX_THREADS, POLICY, AdminContext
from mock_p1.admin.event_text import HEARTBEAT, Place, Stream
from mock_p1.admin.in_hand import admin_context
from mock_p1.admin.models import EventsQuery

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mock_p1.base.asgi_types import Receive, Scope, Send
    from mock_p1.base.messages import Headers

MAX_LISTENERS: Final = 50
TICK: Final = 0.1
"""Seconds from one look for news to the next. All look at the same moment, so that what is new is
written once for all of them."""

BATCHES: Final = 10
"""So many batches are told in a tick; who is further behind misses some, and is told so."""

HEARTBEAT_SECONDS: Final = 15.0
EVENT_HEADERS: Final = (
    ("Content-Type", "text/event-stream; charset=utf-8"),
    ("X-Accel-Buffering", "no"),
)

routes: Blueprint = Blueprint("events", __name__)


class EventListeners:
    """Everybody who listens, on one event loop. An ASGI application for the one path."""

    def __init__(self, context: AdminContext) -> None:
        self._stream, self._context = Stream(context), context
        self._count = 0
        self._news: dict[Place, tuple[bytes, Place]] = {}  # of this tick
        self._tick = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Talk to one listener until it goes; AdminError (503) where there are too many."""
        if self._count >= MAX_LISTENERS:
            raise _too_many(self._context, MAX_LISTENERS)
        text, place = self._stream.begin(_last_event_id(scope))
        self._count += 1
        gone = asyncio.create_task(_disconnected(receive))
        try:
            await send(start(200, EVENT_HEADERS))
            await _tell(send, text)
            await self._talk(place, gone, send)
            await send({"type": "http.response.body", "body": b""})  # for who is there still
        finally:
            self._count -= 1
            gone.cancel()

    async def _talk(self, place: Place, gone: asyncio.Task[None], send: Send) -> None:
        loop = asyncio.get_running_loop()
        spoke = loop.time()
        while not gone.done():
            for _ in range(BATCHES):
                text, place = self._after(place, int(loop.time() / TICK))
                if not text:
                    break
                await _tell(send, text)
                spoke = loop.time()
            if loop.time() - spoke >= HEARTBEAT_SECONDS:
                await _tell(send, HEARTBEAT)
                spoke = loop.time()
            await asyncio.wait((gone,), timeout=TICK - loop.time() % TICK)

    def _after(self, place: Place, tick: int) -> tuple[bytes, Place]:
        """Return the events after a place, written once in a tick for all who are at it."""
        if tick != self._tick:
            self._news, self._tick = {}, tick
        if place not in self._news:
            self._news[place] = self._stream.after(place)
        return self._news[place]


@routes.get("/events")
def events() -> Response:
    """Talk to one listener under a WSGI server; under ASGI the request never comes here."""
    asked = query_in_hand(EventsQuery)
    context = admin_context()
    if not context.threads.acquire(blocking=False):
        raise _too_many(context, MAX_THREADS)
    last = request.headers.get("Last-Event-ID") or asked.last_event_id
    response = Response(_texts(Stream(context), last), headers=list(EVENT_HEADERS))
    response.call_on_close(context.threads.release)
    return response


def _texts(stream: Stream, last_event_id: str | None) -> Iterator[bytes]:
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


def start(status: int, headers: Headers) -> dict[str, Any]:
    """Return the ASGI message that begins an answer below ``/__admin``."""
    encoded = [
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in {**POLICY, **dict(headers)}.items()
    ]
    return {"type": "http.response.start", "status": status, "headers": encoded}


async def _tell(send: Send, text: bytes) -> None:
    await send({"type": "http.response.body", "body": text, "more_body": True})


def _last_event_id(scope: Scope) -> str | None:
    asked = query_of(
        parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True), EventsQuery
    )
    sent = (value.decode("latin-1") for name, value in scope["headers"] if name == b"last-event-id")
    return next(sent, asked.last_event_id)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _too_many(context: AdminContext, limit: int) -> AdminError:
    context.engine.state.reached["listeners"] += 1
    return AdminError(
        503,
        "MOCK_P1_TOO_MANY_LISTENERS",
        f"{limit:,} listen already, the most there can be",
        "ask GET /__admin/requests?since=N now and then instead, or try again later",
        headers={"Retry-After": "5"},
    )
