"""Many clients at once, in a process of their own, each on a connection that stays open.

Standard input is a JSON object: ``address`` [host, port], ``path``, ``headers``, ``connections``,
and either ``rate`` (polls a second, each by any client) and ``seconds``, or ``advance``: what the
mock's clock is moved by once every client waits for an answer that is held back. Standard output is
a number of milliseconds: the 99th percentile of the latency, or how long it took until all were
answered. Anything but a 200 ends it with a message and exit code 1.
"""

from __future__ import annotations

import json
import random
import sys
import time
from functools import partial
from http.client import HTTPConnection
from itertools import repeat
from typing import Any

from benchmarks.load import Connection, connect, request


def p99(crowd: list[Connection], rate: float, seconds: float) -> float:
    """Let any of them poll at a steady rate, each poll once the last is answered."""
    chance, found, began = random.Random(0), [], time.perf_counter()  # noqa: S311 -- no secret
    for number in range(max(1, round(rate * seconds))):
        due = began + number / rate
        time.sleep(max(0.0, due - time.perf_counter()))
        connection = chance.choice(crowd)
        connection.send()
        while connection.receive() is None:
            pass
        found.append(time.perf_counter() - due)
    return sorted(found)[int(len(found) * 0.99)] * 1000


def woken(crowd: list[Connection], address: tuple[str, int], span: str) -> float:
    """Move the clock once all polls have come; return how long it takes until all are answered."""
    admin = HTTPConnection(*address)
    while json.loads(_asked(admin, "GET", "/__admin/requests/totals"))["since_start"] < len(crowd):
        time.sleep(0.1)
    began = time.perf_counter()
    _asked(admin, "POST", "/__admin/clock", json.dumps({"advance": span}))
    for connection in crowd:
        while connection.receive() is None:
            pass
    admin.close()
    return (time.perf_counter() - began) * 1000


def _asked(admin: HTTPConnection, method: str, path: str, body: str | None = None) -> bytes:
    admin.request(method, path, body, {"content-type": "application/json"} if body else {})
    answer = admin.getresponse()
    text = answer.read()
    return text if answer.status == 200 else sys.exit(f"{path} answered {text!r}")


def main() -> None:
    """Do what standard input asks for."""
    order: dict[str, Any] = json.load(sys.stdin)
    host, port = order["address"]
    sent = request(order["path"], f"{host}:{port}", order["headers"])
    crowd = []
    for _ in range(order["connections"]):
        crowd.append(Connection(partial(connect, (host, port)), repeat(sent)))
        crowd[-1].send()
        while "rate" in order and crowd[-1].receive() is None:
            pass
    found = (
        p99(crowd, order["rate"], order["seconds"])
        if "rate" in order
        else woken(crowd, (host, port), order["advance"])
    )
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
