"""The servers that are measured: ours, the yardsticks, and the peers that are installed here.

Each answers one poll with the same body. ``python -m benchmarks.install_peers`` installs the peers
into the folder ``.peers``; docs/performance.md says what else there is to install.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from benchmarks.processes import ROOT
from benchmarks.scenarios import ONE, ONE_ID, path_of

if TYPE_CHECKING:
    from collections.abc import Callable

PATH: Final = path_of(ONE_ID)
BODY: Final = f'{{"status": "job_running", "metadata": {{"retrain_job_id": "{ONE_ID}"}}}}'
PEERS: Final = ROOT / ".peers"
PEERS_PYTHON: Final = PEERS / "venv" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
OURS, LOGGED = "mock-p1 serve", "mock-p1 serve, with its log"
NGINX, UVICORN, CONSTANT = "nginx", "uvicorn", "asyncio + httptools"
WIREMOCK, WIREMOCK_JOURNAL = "WireMock, no journal", "WireMock, journal of 1,000"
_INSTALL = "python -m benchmarks.install_peers"


class Place(NamedTuple):
    """Where a contender runs: a folder of its own, its port, and another if it needs one."""

    folder: Path
    port: int
    spare: int

    def with_ports(self, text: str) -> str:
        """Return a text with the ports in place of PORT and SPARE."""
        return text.replace("PORT", str(self.port)).replace("SPARE", str(self.spare))


class Contender(NamedTuple):
    """A server: what it is and does, how it starts, and what stands in its folder.

    ``command`` raises LookupError where it is not installed, with what to do about it. ``files``
    are texts by name, in which PORT and SPARE stand for its ports. ``warm_up`` are the seconds of
    load after which it is at its fastest. It is right when it answers ``path`` with ``body``, None
    for any.
    """

    name: str
    does: str
    command: Callable[[Place], list[str]]
    files: dict[str, str] = {}
    warm_up: float = 1
    path: str = PATH
    body: str | None = BODY


def _mock(*options: str) -> Callable[[Place], list[str]]:
    def command(place: Place) -> list[str]:
        serve = [sys.executable, "-m", "mock_p1", "serve", "--port", str(place.port)]
        return [*serve, *options, str(place.folder / "scenario.yaml")]

    return command


def _beside(module: str) -> Callable[[Place], list[str]]:
    """One of our own modules, in this Python."""
    return lambda place: [
        sys.executable, "-m", f"benchmarks.servers.{module}", BODY, str(place.port),
    ]  # fmt: skip


def _nginx(place: Place) -> list[str]:
    command = [_found("nginx", "apt install nginx-light"), "-c", "nginx.conf"]
    return [*command, "-p", str(place.folder)]


def _of_python(*arguments: str) -> Callable[[Place], list[str]]:
    """A program of the peers' own Python."""

    def command(place: Place) -> list[str]:
        if not PEERS_PYTHON.exists():
            raise LookupError(f"not installed: {_INSTALL}")
        given = (place.with_ports(each) for each in arguments)
        return [str(PEERS_PYTHON), *given]

    return command


def _of_node(program: str, *arguments: str) -> Callable[[Place], list[str]]:
    def command(place: Place) -> list[str]:
        script = PEERS / "node_modules" / program
        if not script.exists():
            raise LookupError(f"not installed: {_INSTALL}")
        given = (place.with_ports(each) for each in arguments)
        return [_found("node", "apt install nodejs npm"), str(script.resolve()), *given]

    return command


def _wiremock(*options: str) -> Callable[[Place], list[str]]:
    def command(place: Place) -> list[str]:
        jars = sorted((PEERS / "node_modules" / "wiremock" / "build").glob("*.jar"))
        if not jars:
            raise LookupError(f"not installed: {_INSTALL}")
        java = _found("java", "apt install default-jre-headless")
        return [
            java, "-jar", str(jars[-1]), "--port", str(place.port), "--bind-address", "127.0.0.1",
            "--root-dir", str(place.folder), "--disable-banner", *options,
        ]  # fmt: skip

    return command


def _found(program: str, how: str) -> str:
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")
    if path is None:
        raise LookupError(f"{program} is not installed: {how}")
    return path


_NGINX_CONF: Final = f"""
worker_processes 1;
daemon off;
pid nginx.pid;
error_log stderr crit;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp;
  uwsgi_temp_path tmp; scgi_temp_path tmp;
  default_type application/json;
  server {{ listen 127.0.0.1:PORT; return 200 '{BODY}'; }}
}}
"""
_RSGI: Final = f"""
async def app(_scope, protocol):
    protocol.response_bytes(200, [("content-type", "application/json")], {BODY.encode()!r})
"""
_WIREMOCK_STUB: Final = json.dumps(
    {
        "request": {"method": "GET", "urlPath": PATH},
        "response": {
            "status": 200,
            "headers": {"Content-Type": "application/json"},
            "body": BODY,
        },
    }
)
_IMPOSTER: Final = json.dumps(
    {
        "port": 0, "protocol": "http",
        "stubs": [{
            "predicates": [{"equals": {"method": "GET", "path": PATH}}],
            "responses": [{"is": {
                "headers": {"Content-Type": "application/json", "Connection": "keep-alive"},
                "body": BODY,
            }}],
        }],
    }
)  # fmt: skip
_OPENAPI: Final = f"""
openapi: 3.0.3
info: {{title: poll, version: "1"}}
paths:
  /v1/external/retrain_jobs/{{id}}:
    get:
      parameters: [{{name: id, in: path, required: true, schema: {{type: string}}}}]
      responses:
        "200": {{description: A status., content: {{application/json: {{example: {BODY}}}}}}}
"""
_MOCKOON: Final = json.dumps(
    {
        "uuid": "e", "lastMigration": 33, "name": "poll", "port": 0, "hostname": "127.0.0.1",
        "routes": [{
            "uuid": "r", "type": "http", "method": "get", "endpoint": PATH[1:],
            "responses": [{
                "uuid": "a", "statusCode": 200, "bodyType": "INLINE", "body": BODY,
                "headers": [{"key": "Content-Type", "value": "application/json"}],
            }],
        }],
    }
)  # fmt: skip

_SCENARIO = {"scenario.yaml": ONE}


def without(trick: str) -> Contender:
    """Return the mock with one of its tricks switched off."""

    def command(place: Place) -> list[str]:
        _, _, _, *serve = _mock("--quiet")(place)
        return [sys.executable, "-m", "benchmarks.servers.without", trick, *serve]

    return Contender(trick, "the mock without it", command, _SCENARIO)


FIRST_START: Final = Contender(
    "mock-p1 serve, the first time", "a scenario that is not kept yet",
    _mock("--quiet", "--no-cache"), _SCENARIO,
)  # fmt: skip
OUR_SEQUENCE: Final = Contender(
    OURS, "its engine", _mock("--quiet"),
    {"scenario.yaml": """
secret_keys: {bench-secret: active}
new_jobs:
  timeline:
    - {status: job_waiting, for: upload}
    - {status: job_running, for: 1 poll}
    - {status: job_finished, model_id: 2, result: generated}
"""},
    path="/__admin/health", body=None,
)  # fmt: skip
MOTO: Final = Contender(
    "moto", "objects of S3", _of_python("-m", "moto.server", "--port", "PORT"),
    path="/moto-api/data.json", body=None,
)  # fmt: skip
"""What takes a file by PUT and gives one by GET, beside us."""

_STUB = {"mappings/poll.json": _WIREMOCK_STUB}

CONTENDERS: Final = (
    Contender(OURS, "its engine: key, timeline, journal", _mock("--quiet"), _SCENARIO),
    Contender(LOGGED, "a line for each request, too", _mock(), _SCENARIO),
    Contender(NGINX, "`return 200`, one worker", _nginx, {"nginx.conf": _NGINX_CONF}),
    Contender(CONSTANT, "a constant, with uvloop", _beside("protocol")),
    Contender(UVICORN, "a constant, by ASGI", _beside("constant")),
    Contender(
        "granian", "a constant, by RSGI",
        _of_python(
            "-m", "granian", "--interface", "rsgi", "--port", "PORT", "--loop",
            "asyncio" if sys.platform == "win32" else "uvloop",
            "--no-ws", "--log-level", "error", "constant_app:app",
        ),
        {"constant_app.py": _RSGI},
    ),
    Contender("Flask, waitress", "a route that returns a dict", _beside("flask_route")),
    Contender(
        "pytest-httpserver", "one expected request",
        _of_python(str(Path(__file__).parent / "servers" / "httpserver.py"), BODY, "PORT"),
    ),
    Contender(WIREMOCK, "one stub", _wiremock("--no-request-journal"), _STUB, 8),
    Contender(
        WIREMOCK_JOURNAL, "one stub",
        _wiremock("--max-request-journal-entries", "1000"), _STUB, 8,
    ),
    Contender(
        "mountebank", "one stub",
        _of_node(
            "@mbtest/mountebank/bin/mb", "start", "--configfile", "mb.json", "--nologfile",
            "--loglevel", "error", "--port", "SPARE", "--host", "127.0.0.1",
        ),
        {"mb.json": f'{{"imposters": [{_IMPOSTER.replace(": 0,", ": PORT,", 1)}]}}'}, 2,
    ),
    Contender(
        "Prism", "the example of an OpenAPI file",
        _of_node(
            "@stoplight/prism-cli/dist/index.js", "mock", "--port", "PORT",
            "--verboseLevel", "silent", "openapi.yaml",
        ),
        {"openapi.yaml": _OPENAPI}, 2,
    ),
    Contender(
        "Mockoon", "one route",
        _of_node(
            "@mockoon/cli/bin/run.js", "start", "--data", "mockoon.json", "--disable-log-to-file",
            "--disable-admin-api",
        ),
        {"mockoon.json": _MOCKOON.replace(": 0,", ": PORT,", 1)}, 2,
    ),
)  # fmt: skip
"""In the order in which they are shown."""

BY_NAME: Final = {contender.name: contender for contender in CONTENDERS}
