"""What floods a server: each goes on until it is done or cancelled, and counts what it did."""

from __future__ import annotations

import asyncio
import random
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from benchmarks.clients import API_KEY
from benchmarks.scenarios import path_of

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import AsyncIterator

HOST = "127.0.0.1"
WRONG = "went wrong"
"""How the names of those counts begin that a flood should not have."""

AT_ONCE = 50
"""Connections that are opened before the server gets time to take them."""

SLOW = (
    f"GET {path_of('slow')} HTTP/1.1\r\nHost: {HOST}\r\nx-api-key: ",
    f"POST /__admin/reset HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 1000\r\n\r\n",
    f"POST /v2/models HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 1000\r\n\r\n",
    f"PUT {path_of('slow')} HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\n",
)
"""How requests begin that never end: in a header, or in a body, before each of the transports."""


EXPECTED = (b"200", b"400", b"404")
"""HTTP status of what the attackers ask for: a job, an unknown key, a path that leads nowhere."""


async def say_nothing(port: int, count: int, sent: Counter[str]) -> None:
    """Open so many connections, and say nothing on them."""
    held = []
    try:
        for number in range(count):
            held.append(await asyncio.open_connection(HOST, port))
            sent["silent connections"] += 1
            if number % AT_ONCE == 0:
                await asyncio.sleep(0.01)
        await asyncio.Event().wait()
    finally:
        for _, writer in held:
            writer.transport.abort()


async def listen(port: int, number: int, sent: Counter[str]) -> None:
    """Listen to events; every fourth listener never reads what it is told."""
    async with _connected(port) as (reader, writer):
        writer.write(f"GET /__admin/events HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        if (await reader.readline()).startswith(b"HTTP/1.1 200"):
            sent["listeners"] += 1
        if number % 4 == 0:
            await asyncio.Event().wait()
        while piece := await reader.read(65536):
            sent["bytes of events"] += len(piece)


async def send_slowly(port: int, number: int, sent: Counter[str]) -> None:
    """Begin a request, and go on with a byte a second.

    Begin another one where the server hangs up.
    """
    while True:
        async with _connected(port) as (_, writer):
            writer.write(SLOW[number % len(SLOW)].encode())
            sent["slow requests"] += 1
            while not writer.is_closing():
                await asyncio.sleep(1)
                writer.write(b"1")


async def attack(port: int, number: int, count: int, sent: Counter[str]) -> None:
    """Ask so many times, as fast as there are answers.

    For ids, with keys and for paths that nobody has heard of.
    """
    chance = random.Random(number)  # noqa: S311 -- no secret; every run floods alike
    while count > 0:
        async with _connected(port) as (reader, writer):
            while count > 0 and not writer.is_closing():
                what, path, key = _request(chance)
                writer.write(
                    f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nx-api-key: {key}\r\n\r\n".encode()
                )
                head = await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(
                    int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
                )
                sent[
                    what if head[9:12] in EXPECTED else f"{WRONG}: {head[:12].decode('latin-1')}"
                ] += 1
                count -= 1
        if count > 0:
            sent[f"{WRONG}: hung up on"] += 1


def _request(chance: random.Random) -> tuple[str, str, str]:
    """Return what kind of request this is, its path and its key."""
    made_up = f"{chance.getrandbits(64):016x}"
    match chance.randrange(20):
        case 0:
            return "paths of nothing", f"/v2/{made_up}", API_KEY
        case 1 | 2:
            return "unknown keys", path_of("well-behaved"), made_up
        case number if number < 11:
            return "random keys", path_of("well-behaved"), f"transient-{made_up}"
        case _:
            return "random ids", path_of(made_up), API_KEY


@asynccontextmanager
async def _connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Connect; a server that hangs up ends the connection, and nothing else."""
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        yield reader, writer
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.transport.abort()
