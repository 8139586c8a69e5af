"""Servers that misbehave on the wire.

Each connection is handed, with the request read, to a function.
"""

from __future__ import annotations

import socket
from contextlib import contextmanager, suppress
from threading import Event, Thread


@contextmanager
def odd(talk, context=None):
    """Listen on loopback, let ``talk(connection)`` answer each request; give ``host:port``.

    With ``context``, TLS.
    """
    ended = Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.02)

        def serve():
            while not ended.is_set():
                with suppress(OSError):  # nobody came yet, or the client went away
                    connection, _ = listening.accept()
                    with connection:
                        _talk(connection)

        def _talk(connection):
            connection.settimeout(5)
            if context is not None:
                connection = context.wrap_socket(connection, server_side=True)
            with connection:
                if connection.recv(65536):
                    talk(connection)

        thread = Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{listening.getsockname()[1]}"
        finally:
            ended.set()
            thread.join()


def saying(text):
    """Return a ``talk`` that sends these lines, each with its line end, and closes."""
    message = text.replace("\n", "\r\n").encode()
    return lambda connection: connection.sendall(message)


def whole(status, body, kind="text/html", **headers):
    """Return a ``talk`` that sends a whole answer."""
    lines = "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in headers.items())
    head = f"HTTP/1.1 {status}\nContent-Type: {kind}\nContent-Length: {len(body)}\n"
    return saying(f"{head}{lines}Connection: close\n\n{body}")


def hanging(connection):
    """Answer nothing until the client goes away."""
    with suppress(OSError):
        connection.recv(1)


def dripping(connection):
    """Promise much and send a byte now and then, until the client goes away."""
    connection.settimeout(0.02)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    with suppress(OSError):
        while True:
            connection.sendall(b"{")
            with suppress(TimeoutError):
                if not connection.recv(1):
                    return
