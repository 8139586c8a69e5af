"""The limit of uploads: an ASGI app that only counts the bytes of a body.

Under uvicorn at its fastest.
"""

from __future__ import annotations

import socket
import sys

import uvicorn


async def app(_scope, receive, send):
    """Answer with the number of bytes that came."""
    size, more = 0, True
    while more:
        message = await receive()
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    body = b"%d" % size
    headers = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    listening = socket.create_server(("127.0.0.1", 0), backlog=4096)
    sys.stdout.write(f"http://127.0.0.1:{listening.getsockname()[1]}\n")
    sys.stdout.flush()
    settings = uvicorn.Config(
        app, http="httptools", loop="auto", ws="none", lifespan="off", interface="asgi3",
        access_log=False, log_config=None, log_level="critical", backlog=4096,
    )  # fmt: skip
    uvicorn.Server(settings).run(sockets=[listening])
