"""The three doors, each opened on the same scenario with a clock that only the test moves."""

import http.client
import socket
from contextlib import contextmanager
from io import BytesIO
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

import pytest
import requests
from werkzeug.test import create_environ

from mock_p1.control.app import create_app_for
from mock_p1.core.clock import VirtualClock
from mock_p1.core.driver import Driver
from mock_p1.core.engine import Engine
from mock_p1.core.messages import origin_form
from mock_p1.doors.responses_mock import Mock
from mock_p1.loading import load_scenario
from mock_p1.testing.server import Server, ServerThread

HOST = "mock.example:8080"
KEY = ("x-api-key", "demo-key")
JOBS = "/v1/external/retrain_jobs/"
MATTER = ("content-type", "content-length", "allow", "retry-after", "content-disposition", "location")

SCENARIO = """
seed: 5
api_keys: {demo-key: active, other-key: active, expired-key: inactive_credential, 鍵-1: active}
jobs:
  steady: {timeline: [{status: job_running, model_id: 4821, message: 学習中 "50%"}]}
  two-polls: {timeline: [{status: job_waiting, for: 2 polls}, {status: job_running}]}
  timed: {timeline: [{status: job_waiting, for: 10s}, {status: job_running, for: 10s}, {status: job_failed}]}
  late: {timeline: [{status: job_waiting, for: 1 poll, delay: 3s}, {status: job_running}]}
  many: {timeline: [{status: job_waiting, for: 500 polls}, {status: job_running}]}
  done: {timeline: [{status: job_finished, result: {rows: 20}}]}
  own-file: {timeline: [{status: job_finished, result: {file: モデル 1.zip}}]}
  elsewhere: {timeline: [{status: job_finished, download_url: "https://example.com/a.zip"}]}
  deleted: {error: job_may_be_deleted}
  private: {api_key: other-key, timeline: [{status: job_running}]}
  busy: {timeline: [{reply: {status_code: 503, headers: {Retry-After: "5"}, body: try again}}]}
  typed: {timeline: [{reply: {status_code: 299, headers: {Content-Type: text/csv}, body: "a,b"}}]}
  empty: {timeline: [{reply: {status_code: 204}}]}
  moved: {timeline: [{reply: {status_code: 302, headers: {Location: /elsewhere}}}]}
  ジョブ: {timeline: [{status: job_waiting}]}
  a b+c: {timeline: [{status: job_waiting}]}
"""
RESULT_FILE = bytes(range(256)) * 3


class Answer(NamedTuple):
    """What a client sees that matters."""

    status: int
    headers: dict[str, str]
    body: bytes


def answer(status, headers, body):
    """Keep of the headers only those that matter, by lower-case name."""
    return Answer(status, {name.lower(): value for name, value in headers if name.lower() in MATTER}, body)


class FlaskDoor:
    """The Flask app in its test client, handed what a WSGI server would hand it."""

    def __init__(self, engine):
        self.client = create_app_for(engine).test_client()

    def wire(self, target):
        """The target as it arrives."""
        return target

    def send(self, method, target, headers=(KEY,), body=b"", host=HOST):
        """Send one request."""
        path, _, query = target.encode().decode("latin-1").partition("?")
        environ = create_environ(method=method, input_stream=BytesIO(body))
        environ.update(REQUEST_URI=path, RAW_URI=path, QUERY_STRING=query)
        environ["PATH_INFO"] = unquote_to_bytes(origin_form(path).encode("latin-1")).decode("latin-1")
        environ.pop("HTTP_HOST")
        if body:
            environ["CONTENT_LENGTH"] = str(len(body))
        for name, value in (*headers, *((("Host", host),) if host is not None else ())):
            name = "HTTP_" + name.upper().replace("-", "_")  # noqa: PLW2901 -- as WSGI calls it
            value = value.encode().decode("latin-1")  # noqa: PLW2901 -- as WSGI writes it
            environ[name] = f"{environ[name]},{value}" if name in environ else value
        pieces, status, sent = self.client.run_wsgi_app(environ)
        return answer(int(status.split()[0]), sent, b"".join(pieces))


class LiveDoor:
    """The server, over a raw socket."""

    def __init__(self, server):
        self.server = server

    def wire(self, target):
        """The target as it arrives."""
        return target

    def send(self, method, target, headers=(KEY,), body=b"", host=HOST, version="HTTP/1.1"):
        """Send one request."""
        lines = [f"{method} {target} {version}", *(f"{name}: {value}" for name, value in headers)]
        lines += [f"Host: {host}"] if host is not None else []
        lines += [f"Content-Length: {len(body)}"] if body else []
        return self.exchange("\r\n".join([*lines, "Connection: close", "\r\n"]).encode() + body, method)

    def exchange(self, data, method="GET"):
        """Send bytes, and read one answer."""
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=10) as connection:
            connection.sendall(data)
            return self.read(connection, method)

    @staticmethod
    def read(connection, method="GET"):
        """Read one answer from a connection."""
        response = http.client.HTTPResponse(connection, method=method)
        response.begin()
        return answer(response.status, response.getheaders(), response.read())


class ResponsesDoor:
    """The in-process door, through `requests`."""

    def __init__(self):
        self.session = requests.Session()

    def wire(self, target):
        """The target as `requests` would write it onto the wire."""
        return self._prepared("GET", target).path_url

    def send(self, method, target, headers=(KEY,), body=b"", host=HOST):
        """Send one request."""
        request = self._prepared(method, target, body, host)
        for name, value in headers:
            value = value.encode()  # noqa: PLW2901 -- requests encodes text to Latin-1
            request.headers[name] = request.headers[name] + b", " + value if name in request.headers else value
        response = self.session.send(request, allow_redirects=False)
        return answer(response.status_code, response.raw.headers.items(), response.content)

    @staticmethod
    def _prepared(method, target, body=b"", host=HOST):
        url = target if target.startswith("http") else f"http://{HOST}{target}"
        headers = {} if host in {None, HOST} else {"Host": host}
        return requests.Request(method, url, headers, data=body or None).prepare()


@pytest.fixture(scope="session")
def scenario(tmp_path_factory):
    """The scenario that every door is opened on."""
    folder = tmp_path_factory.mktemp("doors")
    (folder / "モデル 1.zip").write_bytes(RESULT_FILE)
    (folder / "doors.yaml").write_text(SCENARIO, encoding="utf-8")
    return load_scenario(folder / "doors.yaml")


@contextmanager
def _open(kind, scenario):
    engine = Engine(scenario, VirtualClock())
    if kind == "flask":
        door = FlaskDoor(engine)
        yield _with(door, engine)
    elif kind == "live":
        with ServerThread(Server(engine)) as thread:
            yield _with(LiveDoor(thread.server), engine)
    else:
        mock = Mock(engine, [f"http://{HOST}"])
        mock.start()
        yield _with(ResponsesDoor(), engine)
        mock.stop()


def _with(door, engine):
    door.engine, door.driver = engine, Driver(engine)
    return door


@pytest.fixture(params=["flask", "live", "responses"])
def door(request, scenario):
    """One of the three doors."""
    with _open(request.param, scenario) as opened:
        yield opened


@pytest.fixture
def flask_door(scenario):
    """The Flask app in its test client."""
    with _open("flask", scenario) as opened:
        yield opened


@pytest.fixture
def live_door(scenario):
    """The server, over a raw socket."""
    with _open("live", scenario) as opened:
        yield opened


@pytest.fixture
def responses_door(scenario):
    """The in-process door."""
    with _open("responses", scenario) as opened:
        yield opened
