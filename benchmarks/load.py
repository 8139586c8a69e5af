"""A load generator in plain Python, for machines without ``wrk``.

A few connections, each always waiting for one reply.

Run in a process of its own. Standard input is a JSON object: ``address`` [host, port], ``paths``,
``headers``, ``connections``, and either ``seconds`` or ``count``. Standard output is a JSON object:
``rate`` (replies a second), ``p50`` and ``p99`` (milliseconds), and ``replies``. Anything but a 200
ends it with a message and exit code 1.
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
import time
from functools import partial
from itertools import cycle
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length: "
_CHUNKED = b"transfer-encoding: chunked"
_CLOSE = b"connection: close"
_LAST_CHUNK = b"\r\n0\r\n\r\n"


class Connection:
    """A connection, and another whenever the server closes it.

    A request on its way, and what has come back so far.
    """

    def __init__(self, connect: Callable[[], socket.socket], requests: Iterator[bytes]) -> None:
        self._connect, self._requests = connect, requests
        self.socket = connect()
        self._got = b""
        self._sent_at = 0.0

    def send(self) -> None:
        """Send the next request."""
        self._got = b""
        self._sent_at = time.perf_counter()
        self.socket.sendall(next(self._requests))

    def receive(self) -> float | None:
        """Take what has arrived; return the seconds since the request if the reply is complete."""
        data = self.socket.recv(65536)
        if not data:
            sys.exit("the server closed the connection")
        self._got += data
        if not _complete(self._got):
            return None
        if not self._got.startswith(b"HTTP/1.1 200"):
            sys.exit(f"not a 200: {self._got[:300]!r}")
        return time.perf_counter() - self._sent_at

    @property
    def is_over(self) -> bool:
        """Whether the server has said that this reply was the connection's last."""
        return _CLOSE in self._got.partition(_HEAD_END)[0].lower()

    def reopen(self) -> None:
        """Connect anew."""
        self.socket.close()
        self.socket = self._connect()


def connect(address: tuple[str, int]) -> socket.socket:
    """Connect; what is sent goes out at once."""
    connected = socket.create_connection(address, timeout=10)
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connected


def drive(
    connections: Sequence[Connection], seconds: float | None, count: int | None
) -> tuple[list[float], float]:
    """Keep every connection busy.

    Return the latency of each reply, and how long all took, in seconds.
    """
    selector = selectors.DefaultSelector()
    latencies: list[float] = []
    began = time.perf_counter()
    until = began + seconds if seconds is not None else float("inf")
    wanted = count if count is not None else float("inf")
    for connection in connections:
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        connection.send()
    while not latencies or (len(latencies) < wanted and time.perf_counter() < until):
        ready = selector.select(timeout=10)
        if not ready:
            sys.exit("no reply within ten seconds")
        for key, _ in ready:
            connection = key.data
            if (latency := connection.receive()) is None:
                continue
            latencies.append(latency)
            if connection.is_over:
                selector.unregister(key.fileobj)
                connection.reopen()
                selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.send()
    return latencies, time.perf_counter() - began


def request(path: str, host: str, headers: Mapping[str, str]) -> bytes:
    """Return the bytes of one GET."""
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {host}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _complete(got: bytes) -> bool:
    head = got.find(_HEAD_END)
    if head < 0:
        return False
    at = got.lower().find(_LENGTH, 0, head)
    if at < 0:
        if _CHUNKED not in got[:head].lower():
            sys.exit(f"a reply that does not say its length: {got[:head]!r}")
        return got.endswith(_LAST_CHUNK)
    length = int(got[at + len(_LENGTH) : got.index(b"\r", at)])
    return len(got) >= head + len(_HEAD_END) + length


def main() -> None:
    """Do what standard input asks for."""
    order: dict[str, Any] = json.load(sys.stdin)
    address: tuple[str, int] = (order["address"][0], order["address"][1])
    requests = cycle(
        [request(path, f"{address[0]}:{address[1]}", order["headers"]) for path in order["paths"]]
    )
    connections = [
        Connection(partial(connect, address), requests) for _ in range(order["connections"])
    ]
    latencies, took = drive(connections, order.get("seconds"), order.get("count"))
    latencies.sort()
    p50, p99 = (latencies[int(len(latencies) * share)] * 1000 for share in (0.5, 0.99))
    found = {"rate": len(latencies) / took, "p50": p50, "p99": p99, "replies": len(latencies)}
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
