"""Polls at a steady rate, on one connection or several, in a process of its own.

Standard input is a JSON object: ``address`` [host, port], ``path``, ``headers``, ``rate`` (polls a
second), ``seconds``, and ``connections`` if not one. Standard output is the 99th percentile of
their latency in milliseconds. Anything but a 200 ends it with a message and exit code 1.
"""

from __future__ import annotations

import json
import selectors
import sys
import time
from functools import partial
from itertools import repeat
from typing import TYPE_CHECKING

from benchmarks.load import Connection, connect, request

if TYPE_CHECKING:
    from collections.abc import Sequence


def waits(connection: Connection, rate: float, seconds: float) -> list[float]:
    """Poll for so long; return how long each answer took, in seconds.

    A poll that is late goes out at once, so that a pause of the server meets all polls in it.
    """
    found = []
    began = time.perf_counter()
    for number in range(max(1, round(rate * seconds))):
        due = began + number / rate
        time.sleep(max(0.0, due - time.perf_counter()))
        connection.send()
        while connection.receive() is None:
            pass
        found.append(time.perf_counter() - due)
    return found


def waits_of_many(connections: Sequence[Connection], rate: float, seconds: float) -> list[float]:
    """Poll for so long, each time on a connection that is free; return what ``waits`` does."""
    found: list[float] = []
    free, sent, selector = list(connections), {}, selectors.SelectSelector()
    for connection in connections:
        selector.register(connection.socket, selectors.EVENT_READ, connection)
    began, number, count = time.perf_counter(), 0, max(1, round(rate * seconds))
    while len(found) < count:
        while free and number < count and began + number / rate <= time.perf_counter():
            connection = free.pop()
            sent[connection] = began + number / rate
            connection.send()
            number += 1
        rest = began + number / rate - time.perf_counter() if free and number < count else 1.0
        for key, _ in selector.select(max(0.0, rest)):
            if key.data.receive() is not None:
                found.append(time.perf_counter() - sent.pop(key.data))
                free.append(key.data)
    return found


def main() -> None:
    """Do what standard input asks for."""
    order = json.load(sys.stdin)
    host, port = order["address"]
    sent = request(order["path"], f"{host}:{port}", order["headers"])
    connections = [
        Connection(partial(connect, (host, port)), repeat(sent))
        for _ in range(order.get("connections", 1))
    ]
    span = order["rate"], order["seconds"]
    if len(connections) == 1:
        found = sorted(waits(connections[0], *span))
    else:
        found = sorted(waits_of_many(connections, *span))
    sys.stdout.write(json.dumps(found[int(len(found) * 0.99)] * 1000))
    for connection in connections:
        connection.socket.close()


if __name__ == "__main__":
    main()
