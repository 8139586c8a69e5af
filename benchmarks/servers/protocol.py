"""The limit of Python: one constant reply, written where httptools has read a request.

The arguments are the body and the port.
"""

from __future__ import annotations

import asyncio
import sys

from httptools import HttpRequestParser

try:
    from uvloop import run
except ImportError:  # Windows
    from asyncio import run

BODY = sys.argv[1].encode()
REPLY = b"".join(
    (
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n" % len(BODY),
        b"date: Thu, 01 Jan 2026 00:00:00 GMT\r\n\r\n",
        BODY,
    )
)


class Constant(asyncio.Protocol):
    """Answers whatever is asked."""

    def connection_made(self, transport):
        """Begin."""
        self.transport, self.parser = transport, HttpRequestParser(self)

    def data_received(self, data):
        """Read on."""
        self.parser.feed_data(data)

    def on_message_complete(self):
        """Answer."""
        self.transport.write(REPLY)


async def serve():
    """Listen until the process is ended."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Constant, "127.0.0.1", int(sys.argv[2]), backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    run(serve())
