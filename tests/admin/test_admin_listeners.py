"""Listeners under ASGI: a task each, and fifty at most."""

import asyncio
import json

import pytest
from helpers.admin_client import events

from mock_p1.admin import events as module
from mock_p1.admin.body_limit import BodyLimit

HEADERS = [(b"host", b"localhost")]


class Listener:
    """One connection to the events, without a socket."""

    def __init__(self, gate, **scope):
        self.gone, self.reads, self.news = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.reads.set()
        self.status, self.text = None, b""
        self.scope = {
            "type": "http",
            "method": "GET",
            "path": "/__admin/events",
            "raw_path": b"/__admin/events",
            "query_string": b"",
            "headers": HEADERS,
            "client": ("127.0.0.1", 1),
            **scope,
        }
        self.task = asyncio.create_task(gate(self.scope, self.receive, self.send))

    async def receive(self):
        """Say nothing until the listener goes."""
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message):
        """Take what is written, once the listener reads."""
        await self.reads.wait()
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], dict(message["headers"])
        self.text += message.get("body", b"")
        self.news.set()

    async def until(self, *kinds):
        """Wait until these events have come, and no others."""
        while (told := [kind for kind, _, _ in events(self.text)]) != list(kinds):
            assert told == list(kinds)[: len(told)]
            await self.more()

    async def more(self):
        """Wait until something is written."""
        async with asyncio.timeout(10):
            await self.news.wait()
        self.news.clear()

    async def end(self):
        """Wait until the mock is done with the request."""
        async with asyncio.timeout(10):
            await self.task

    async def go(self):
        """Hang up, and wait until the mock has noticed."""
        self.gone.set()
        await self.end()


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """No tick lasts long."""
    monkeypatch.setattr(module, "TICK", 0.001)


@pytest.fixture
def gate(controls):
    """What stands in front of the Flask app."""

    async def flask_app(scope, receive, send):
        await send({"type": "http.response.start", "status": 299, "headers": []})
        await send({"type": "http.response.body", "body": scope["path"].encode()})

    return BodyLimit(controls.context, flask_app)


def test_a_listener_is_told_what_happens(controls, gate):
    """The greeting at once, the rest as it comes."""

    async def play():
        listener = Listener(gate)
        await listener.until("hello")
        controls.poll("slow")
        await listener.until("hello", "poll")
        controls.do("POST", "/jobs/slow/step")
        await listener.until("hello", "poll", "job")
        await listener.go()

    asyncio.run(play())


def test_fifty_listeners_are_told_the_same(controls, gate):
    """Each of them everything, once and in order; while polls are answered as ever."""

    async def play():
        listeners = [Listener(gate) for _ in range(module.MAX_LISTENERS)]
        await asyncio.gather(*(listener.until("hello") for listener in listeners))
        for count in range(1, 4):
            assert controls.poll("load-1").status_code == 200
            await asyncio.gather(
                *(listener.until("hello", *["poll"] * count) for listener in listeners)
            )
        await asyncio.gather(*(listener.go() for listener in listeners))

    asyncio.run(play())


def test_the_fifty_first_is_refused_and_one_that_goes_makes_room(gate):
    """In JSON, with when to come again."""

    async def play():
        first, *others = [Listener(gate) for _ in range(50)]
        await others[-1].until("hello")
        refused = Listener(gate)
        await refused.end()
        assert (refused.status, refused.headers[b"retry-after"]) == (503, b"5")
        assert json.loads(refused.text)["error"] == "MOCK_P1_TOO_MANY_LISTENERS"
        await first.go()
        late = Listener(gate)
        await late.until("hello")
        for listener in (*others, late):
            await listener.go()

    asyncio.run(play())


def test_a_slow_listener_holds_up_nobody_and_misses_nothing(controls, gate):
    """It is written to when it can take more; nothing is kept for it meanwhile."""

    async def play():
        slow, quick = Listener(gate), Listener(gate)
        await asyncio.gather(slow.until("hello"), quick.until("hello"))
        slow.reads.clear()
        for count in (1, 2, 3):
            controls.poll("load-1")
            await quick.until("hello", *["poll"] * count)
        slow.reads.set()
        await slow.until("hello", "poll", "poll", "poll")
        await asyncio.gather(slow.go(), quick.go())

    asyncio.run(play())


def test_a_quiet_stream_shows_signs_of_life(controls, gate, monkeypatch):
    """To every listener."""
    monkeypatch.setattr(module, "HEARTBEAT_SECONDS", 0.0)

    async def play():
        listener = Listener(gate)
        while module.HEARTBEAT not in listener.text:
            await listener.more()
        await listener.go()

    asyncio.run(play())


def test_a_listener_goes_on_where_it_was(controls, gate):
    """By header or by query."""
    controls.poll("slow")
    last = f"{controls.context.run}.0.0".encode()

    async def play():
        for scope in (
            {"headers": [*HEADERS, (b"last-event-id", last)]},
            {"query_string": b"last_event_id=" + last},
        ):
            listener = Listener(gate, **scope)
            await listener.until("hello", "poll")
            await listener.go()

    asyncio.run(play())


def test_who_listens_is_guarded(gate):
    """As everything else is."""

    async def play():
        for headers in (
            [(b"host", b"evil.example")],
            [*HEADERS, (b"host", b"evil.example")],
            [*HEADERS, (b"origin", b"null")],
        ):
            listener = Listener(gate, headers=headers)
            await listener.end()
            assert listener.status == 403

    asyncio.run(play())


def test_an_unknown_parameter_of_the_stream_is_refused(gate):
    """As everywhere."""

    async def play():
        listener = Listener(gate, query_string=b"since=5")
        await listener.end()
        assert listener.status == 400

    asyncio.run(play())


def test_head_of_the_stream_ends_at_once(gate):
    """There is nothing to wait for."""

    async def play():
        listener = Listener(gate, method="HEAD")
        await listener.end()
        assert (listener.status, listener.text) == (200, b"")

    asyncio.run(play())


def test_a_body_that_does_not_come_is_given_up(gate, monkeypatch):
    """A sender of a byte a second holds no thread, and not for ever."""
    monkeypatch.setattr("mock_p1.admin.body_limit.BODY_SECONDS", 0.01)

    async def play():
        listener = Listener(gate, method="POST", path="/__admin/reset")
        await listener.end()
        assert listener.status == 408

    asyncio.run(play())


def test_what_is_not_below_admin_goes_to_the_flask_app(gate):
    """Untouched."""

    async def play():
        listener = Listener(gate, path="/__administrator", method="POST")
        await listener.end()
        assert (listener.status, listener.text) == (299, b"/__administrator")

    asyncio.run(play())


def test_a_client_that_goes_while_it_sends_is_forgotten(gate):
    """The Flask app never hears of it."""

    async def play():
        listener = Listener(gate, method="POST", path="/__admin/reset")
        await listener.go()
        assert listener.status is None

    asyncio.run(play())
