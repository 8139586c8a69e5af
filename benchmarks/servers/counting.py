"""The limit of uploads: an ASGI app that only counts the bytes of a body.

Under uvicorn with the mock's own settings.
"""

from __future__ import annotations

import socket
import sys

import uvicorn

from mock_p1.server.server import configuration


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
    settings = configuration(app)
    settings.http = "httptools"
    uvicorn.Server(settings).run(sockets=[listening])
