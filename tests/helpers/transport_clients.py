"""A client for each of the three transports to a mock, whose clock only the test moves."""

import http.client
import socket
import sys
from contextlib import ExitStack, contextmanager, suppress
from io import BytesIO
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

import pytest
import requests
import urllib3
from requests.adapters import HTTPAdapter
from werkzeug.test import create_environ

from mock_p1.base.clock import VirtualClock
from mock_p1.base.messages import origin_form
from mock_p1.engine.driver import Driver
from mock_p1.engine.engine import Engine
from mock_p1.server.app import create_app_for
from mock_p1.server.server import Server, ServerThread
from mock_p1.transports.responses_patch import Mock

IS_OLD = urllib3.__version__ < "2"
"""Then what was cut short is taken for the whole."""

CUT_SHORT = requests.JSONDecodeError if IS_OLD else requests.exceptions.ChunkedEncodingError
"""What requests raises of JSON that was cut short."""

HOST = "mock.example:8080"
KEY = ("x-api-key", "demo-key")
JOBS = "/v1/external/retrain_jobs/"
KNOWS_WHO_HAS_GONE = pytest.mark.skipif(
    sys.platform != "linux", reason="elsewhere a write says later, or never, that nobody reads it"
)
"""Of a server that answers a client which has closed its side."""

MATTER = (
    "content-type",
    "content-length",
    "allow",
    "retry-after",
    "content-disposition",
    "location",
    "etag",
    "last-modified",
    "accept-ranges",
    "content-range",
)


class Answer(NamedTuple):
    """What a client sees that matters."""

    status: int
    headers: dict[str, str]
    body: bytes


def answer(status, headers, body):
    """Keep of the headers only those that matter, by lower-case name."""
    return Answer(
        status, {name.lower(): value for name, value in headers if name.lower() in MATTER}, body
    )


class FlaskTransport:
    """The Flask app in its test client, handed what a WSGI server would hand it."""

    def __init__(self, engine):
        self.client = create_app_for(engine).test_client(use_cookies=False)

    def wire(self, target):
        """The target as it arrives."""
        return target

    def send(self, method, target, headers=(KEY,), body=b"", host=HOST):
        """Send one request."""
        return answer(*self.whole(method, target, headers, body, host))

    def whole(self, method, target, headers=(), body=b"", host=HOST, *, chunked=False):  # noqa: PLR0913 -- the parts of a request
        """Send one request; the status, every header, and the body."""
        path, _, query = target.encode().decode("latin-1").partition("?")
        environ = create_environ(method=method, input_stream=BytesIO(body))
        environ.update(REQUEST_URI=path, RAW_URI=path, QUERY_STRING=query)
        environ["PATH_INFO"] = unquote_to_bytes(origin_form(path).encode("latin-1")).decode(
            "latin-1"
        )
        environ.pop("HTTP_HOST")
        if chunked:
            environ["HTTP_TRANSFER_ENCODING"] = "chunked"
            environ["wsgi.input_terminated"] = True
        elif body:
            environ["CONTENT_LENGTH"] = str(len(body))
        for name, value in (*headers, *((("Host", host),) if host is not None else ())):
            name = name.upper().replace("-", "_")  # noqa: PLW2901 -- as WSGI calls it
            name = name if name == "CONTENT_TYPE" else f"HTTP_{name}"  # noqa: PLW2901 -- likewise
            value = value.encode().decode("latin-1")  # noqa: PLW2901 -- as WSGI writes it
            environ[name] = f"{environ[name]},{value}" if name in environ else value
        pieces, status, sent = self.client.run_wsgi_app(environ)
        return int(status.split()[0]), list(sent), b"".join(pieces)


class LiveTransport:
    """The server, over a raw socket."""

    def __init__(self, server):
        self.server = server

    def wire(self, target):
        """The target as it arrives."""
        return target

    def send(self, method, target, headers=(KEY,), body=b"", host=HOST):
        """Send one request."""
        headers = (*headers, ("Connection", "close"))
        return self.exchange(self.written(method, target, headers, body, host), method)

    @staticmethod
    def written(method, target, headers=(), body=b"", host=HOST, trailers=None):  # noqa: PLR0913, PLR0917 -- the parts of a request
        """One request as it goes over the wire; in chunks of 1000 bytes if there are trailers."""
        lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
        lines += [f"Host: {host}"] if host is not None else []
        if trailers is None:
            lines += [f"Content-Length: {len(body)}"] if body else []
            return "\r\n".join([*lines, "\r\n"]).encode() + body
        lines += ["Transfer-Encoding: chunked"]
        pieces = [body[start : start + 1000] for start in range(0, len(body), 1000)]
        chunks = b"".join(b"%X;a=b\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
        last = "".join(f"{name}: {value}\r\n" for name, value in trailers)
        return "\r\n".join([*lines, "\r\n"]).encode() + chunks + f"0\r\n{last}\r\n".encode()

    def connect(self):
        """Open a connection."""
        return socket.create_connection(("127.0.0.1", self.server.port), timeout=10)

    def exchange(self, data, method="GET"):
        """Send bytes, and read one answer.

        As HTTP libraries do, also where it came before all was sent.
        """
        with self.connect() as connection:
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(data)
            return self.read(connection, method)

    @staticmethod
    def read(connection, method="GET"):
        """Read one answer from a connection."""
        response = http.client.HTTPResponse(connection, method=method)
        response.begin()
        return answer(response.status, response.getheaders(), response.read())

    def everything(self, data):
        """Send bytes, and return all that comes until the server hangs up."""
        with self.connect() as connection:
            connection.sendall(data)
            return b"".join(iter(lambda: connection.recv(65536), b""))


class ResponsesTransport:
    """The in-process transport, through `requests`."""

    def __init__(self):
        self.session = requests.Session()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.session.close()

    def wire(self, target):
        """The target as `requests` would write it onto the wire."""
        return HTTPAdapter().request_url(self._prepared("GET", target), {})

    def send(self, method, target, headers=(KEY,), body=b"", host=HOST):
        """Send one request."""
        response = self.session.send(
            self.request(method, target, headers, body, host), allow_redirects=False
        )
        return answer(response.status_code, response.raw.headers.items(), response.content)

    def request(self, method, target, headers=(), body=b"", host=HOST, *, chunked=False):  # noqa: PLR0913 -- the parts of a request
        """One request, prepared to be sent."""
        request = self._prepared(method, target, iter([body]) if chunked else body, host)
        for name, value in headers:
            value = value.encode()  # noqa: PLW2901 -- requests encodes text to Latin-1
            request.headers[name] = (
                request.headers[name] + b", " + value if name in request.headers else value
            )
        return request

    @staticmethod
    def _prepared(method, target, body=b"", host=HOST):
        url = target if target.startswith("http") else f"http://{HOST}{target}"
        headers = {} if host in {None, HOST} else {"Host": host.encode()}
        return requests.Request(method, url, headers, data=body or None).prepare()


@contextmanager
def open_transport(kind, scenario, **server_options):
    """Start one transport to an engine of its own, whose clock only the test moves."""
    engine = Engine(scenario, VirtualClock())
    with ExitStack() as stack:
        if kind == "flask":
            transport = FlaskTransport(engine)
        elif kind == "live":
            transport = LiveTransport(
                stack.enter_context(ServerThread(Server(engine, **server_options))).server
            )
        else:
            mock = Mock(engine, [f"http://{HOST}"])
            mock.start()
            stack.callback(mock.stop)
            transport = stack.enter_context(ResponsesTransport())
        transport.engine, transport.driver = engine, Driver(engine)
        yield transport
