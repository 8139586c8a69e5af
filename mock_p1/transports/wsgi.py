"""WSGI: a Flask app whose routes are the imitated operations; every other answer is the engine's.

A WSGI server owns its socket, so a fault becomes the nearest thing WSGI allows: an answer that
promises more bytes than it sends, with the fault's name in ``X-Mock-P1-Fault``. And the headers
that WSGI forbids, those between two connections (``Upgrade``, ``Proxy-Authenticate``), are left
out.
"""

from __future__ import annotations

import re
from functools import partial
from string import punctuation
from threading import Event
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, unquote_to_bytes
from wsgiref.util import is_hop_by_hop

import flask
from flask import Flask, Response, request
from werkzeug.datastructures import EnvironHeaders, Headers
from werkzeug.exceptions import (
    BadHost,
    HTTPException,
    MethodNotAllowed,
    NotFound,
)
from werkzeug.routing import Map

from mock_p1.base.addresses import in_url
from mock_p1.base.framing import BadRequest, body_length
from mock_p1.base.messages import (
    Fault,
    Reply,
    Request,
    base_url,
    header_text,
    json_bytes,
    origin_form,
)
from mock_p1.contract import operations as contract
from mock_p1.engine.not_imitated import no_length
from mock_p1.engine.receiver import Receiver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from wsgiref.types import StartResponse, WSGIEnvironment

    from werkzeug.routing import MapAdapter

    from mock_p1.base.proxies import Proxies
    from mock_p1.engine.engine import Engine

PIECE_BYTES: Final = 256 * 1024
_PATH_SAFE = "/!$&'()*+,;=:@~"


class _ToTheLetter(Response):
    """An answer whose headers go out as they are.

    Flask would encode a Location, and drop some headers of a 304.
    """

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        """Return the headers as they were given."""
        del environ
        return self.headers


class _AsSent(flask.Request):
    """A request with the method as it was sent: Werkzeug would take ``get`` for ``GET``."""

    def __init__(self, environ: WSGIEnvironment, *given: Any, **options: Any) -> None:  # noqa: ANN401 -- Werkzeug's
        super().__init__(environ, *given, **options)
        self.method = environ["REQUEST_METHOD"]


class _AsAsked(Map):
    """Routes that send nobody who has asked for ``//`` to ``/``."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 -- Werkzeug's
        super().__init__(**options, merge_slashes=False)


class _App(Flask):
    """A Flask app that takes no offer to upgrade: Werkzeug would refuse who offers a websocket."""

    request_class = _AsSent
    url_map_class: type[Map] = _AsAsked

    def create_url_adapter(self, request: flask.Request | None) -> MapAdapter | None:
        """Return what finds the route of a request; there is none for ``get``."""
        adapter = super().create_url_adapter(request)
        if adapter is not None and request is not None and request.method.upper() != request.method:
            adapter.default_method = "-"
        return adapter

    def wsgi_app(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        environ.pop("HTTP_UPGRADE", None)
        return super().wsgi_app(environ, start_response)


def create_app(engine: Engine) -> Flask:
    """Return a Flask app that answers with ``engine``.

    Runs under any WSGI server, and in Flask's test client.
    """
    app = _App("mock_p1", static_folder=None)

    def answer(*_: object, **__: object) -> Response:
        return _respond(engine)

    for operation in contract.OPERATIONS.values():
        rule = re.sub(r"\{(\w+)\}", r"<\1>", operation.template)
        app.add_url_rule(
            rule,
            operation.name,
            answer,
            methods=[operation.method],
            provide_automatic_options=False,
        )
    for refusal in (NotFound, MethodNotAllowed, BadHost):
        app.register_error_handler(refusal, answer)
    app.register_error_handler(HTTPException, _plain_error)
    return app


def _respond(engine: Engine) -> Response:
    asked = _request(engine.proxies)
    reply = _take_file(engine, asked) if engine.takes_file(asked) else engine.handle(asked)
    _hold(engine, asked, reply.delay_ns, reply.due_ns)
    if isinstance(reply, Fault):
        return _act_out(reply, partial(_hold, engine, asked))
    return _response(reply, [reply.body])


def _hold(engine: Engine, asked: Request, span_ns: int, due_ns: int = 0) -> None:
    """Wait for nanoseconds of the mock's clock."""
    if span_ns and engine.clock.pass_time(span_ns):
        news, woken = Event(), True
        with engine.held.hold(asked, span_ns, news.set, due_ns) as hold:
            while (left := hold.left_seconds(woken=woken)) != 0:
                woken = news.wait(left)
                news.clear()


def _take_file(engine: Engine, asked: Request) -> Reply | Fault:
    """Hand a file over as it comes; raise what reading it raises."""
    chunked = "HTTP_TRANSFER_ENCODING" in request.environ
    if chunked and not request.environ.get("wsgi.input_terminated"):
        return engine.answer_unexpected(asked._replace(has_body=False), no_length())
    said = (request.environ.get("CONTENT_LENGTH") or "0").encode("latin-1")
    try:
        length = None if chunked else body_length({b"content-length": said})
    except BadRequest as refused:
        return refused.reply
    taken = engine.receive(asked, length)
    if not isinstance(taken, Receiver):
        return taken
    return taken.take(iter(partial(request.stream.read, PIECE_BYTES), b""))


def _request(proxies: Proxies | None) -> Request:
    environ = request.environ
    key = environ.get("HTTP_X_API_KEY")
    length = environ.get("CONTENT_LENGTH") or "0"
    return Request(
        request.method,
        _raw_path(),
        quote(environ.get("QUERY_STRING", "").encode("latin-1"), safe=punctuation),
        () if key is None else (header_text(key.encode("latin-1")),),
        _seen_url(proxies),
        length != "0" or "HTTP_TRANSFER_ENCODING" in environ,
        _Headers(environ),
    )


def _seen_url(proxies: Proxies | None) -> str:
    """Return how the client of the request in hand sees this app."""
    environ = request.environ
    name, port = environ.get("SERVER_NAME", "localhost"), environ.get("SERVER_PORT", "80")
    server = f"{request.scheme}://{in_url(name)}:{port}"
    base = base_url(request.scheme, environ.get("HTTP_HOST", ""), server) + _root(environ)
    if proxies is not None:
        base = proxies.base_url(base, environ.get("REMOTE_ADDR", ""), _Headers(environ))
    return base


class _Headers:
    """The headers in a WSGI environ, made only for the few requests whose headers are read."""

    __slots__ = ("_environ",)

    def __init__(self, environ: WSGIEnvironment) -> None:
        self._environ = environ

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        for name, value in EnvironHeaders(self._environ):
            yield name.lower().encode("latin-1"), value.encode("latin-1")


def _raw_path() -> str:
    """Return the path as it was sent where the server tells (%2F is no slash), else PATH_INFO."""
    environ = request.environ
    decoded: bytes = environ.get("PATH_INFO", "").encode("latin-1")
    raw = origin_form(
        (environ.get("RAW_URI") or environ.get("REQUEST_URI") or "").partition("?")[0]
    )
    root = _root(environ)
    inside = raw[len(root) :]
    return (
        inside
        if raw.startswith(root) and unquote_to_bytes(inside) == decoded
        else quote(decoded, safe=_PATH_SAFE)
    )


def _root(environ: WSGIEnvironment) -> str:
    """Return the path below which the app is mounted."""
    return quote(environ.get("SCRIPT_NAME", "").encode("latin-1"), safe=_PATH_SAFE)


def _response(reply: Reply, body: Iterable[bytes]) -> Response:
    """Make Flask's answer.

    The body comes in pieces, since Flask would correct the length of a whole one.
    """
    headers = [
        header for header in reply.wire_headers if not is_hop_by_hop(header[0])
    ]  # servers answer 500 to those
    response = _ToTheLetter(body, reply.status, headers)
    if not any(name.lower() == "content-type" for name, _ in reply.headers):
        del response.headers["Content-Type"]  # Flask's default; the reply has none
    return response


def _act_out(fault: Fault, hold: Callable[[int], None]) -> Response:
    head = fault.reply or Reply(200, (("Content-Length", "1"),), b"")

    def pieces() -> Iterator[bytes]:
        for pause, piece in fault.pieces:
            hold(pause)
            yield piece

    response = _response(head, pieces())
    response.headers["X-Mock-P1-Fault"] = fault.kind
    return response


def _plain_error(error: HTTPException) -> Response:
    """Answer what Flask itself refuses as JSON, never as a page."""
    headers = [
        (name, value) for name, value in error.get_headers() if name.lower() != "content-type"
    ]
    body = {
        "error": f"MOCK_P1_{error.name.upper().replace(' ', '_')}",
        "message": error.description,
    }
    return Response(json_bytes(body), error.code, headers, mimetype="application/json")
