"""The limit: one constant reply, by the smallest ASGI app, under uvicorn at its fastest.

The arguments are the body and the port.
"""

from __future__ import annotations

import socket
import sys

import uvicorn

BODY = sys.argv[1].encode()
HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(BODY))]


async def app(_scope, _receive, send):
    """Answer whatever is asked."""
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})


if __name__ == "__main__":
    listening = socket.create_server(("127.0.0.1", int(sys.argv[2])), backlog=4096)
    settings = uvicorn.Config(
        app, http="httptools", loop="auto", ws="none", lifespan="off", interface="asgi3",
        access_log=False, log_config=None, log_level="critical", backlog=4096,
    )  # fmt: skip
    uvicorn.Server(settings).run(sockets=[listening])
