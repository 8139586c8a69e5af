"""Polls at a steady rate on one connection, in a process of its own.

Standard input is a JSON object: ``address`` [host, port], ``path``, ``headers``, ``rate`` (polls a
second) and ``seconds``. Standard output is the 99th percentile of their latency in milliseconds.
Anything but a 200 ends it with a message and exit code 1.
"""

from __future__ import annotations

import json
import sys
import time
from functools import partial
from itertools import repeat

from benchmarks.load import Connection, connect, request


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


def main() -> None:
    """Do what standard input asks for."""
    order = json.load(sys.stdin)
    host, port = order["address"]
    sent = request(order["path"], f"{host}:{port}", order["headers"])
    connection = Connection(partial(connect, (host, port)), repeat(sent))
    found = sorted(waits(connection, order["rate"], order["seconds"]))
    sys.stdout.write(json.dumps(found[int(len(found) * 0.99)] * 1000))
    connection.socket.close()


if __name__ == "__main__":
    main()
