"""The ways in: three transports of this mock, each with a service that gives all there is to ask.

Or any server by its URL.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

import requests

import mock_p1
from mock_p1.verify.answer import MOST_BYTES, Answer, Call, Client
from mock_p1.verify.client import HttpClient
from mock_p1.verify.credentials import Credentials
from mock_p1.verify.questions import PERMISSIONS
from mock_p1.verify.session import VerifySession
from mock_p1.verify.url import is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask.testing import FlaskClient

SCENARIO = Path(__file__).parent / "contract.yaml"

CREDENTIALS = Credentials(
    api_key="3c0f6d52-working-key",
    job_id="job-that-runs",
    inactive_key="8a41be07-inactive-key",
    other_key="f2d9735c-other-models-key",
    deleted_job_id="job-that-is-gone",
    finished_job_id="job-that-is-finished",
    failed_job_id="job-that-failed",
    secret_key="91ab64c8-secret-key",
    model_id=4821,
    file=Path(__file__).parent / "train.csv",
)
"""What contract.yaml gives, and the data to upload."""

TRANSPORTS = ("flask", "server", "in-process")
GIVEN_URL = "base-url"


class Got(Protocol):
    """As much of an HTTP client's response as the manual's example uses."""

    content: bytes

    def json(self) -> object:
        """The body, parsed."""
        ...


@dataclass
class Transport:
    """A way in.

    ``get`` is what a Python program would call; ``socket`` says whether other programs can come in
    too.
    """

    name: str
    session: VerifySession
    get: Callable[..., Got]
    job_that_ends: str | None
    socket: bool
    ca_file: str | None = None


def plain_get(
    url: str, headers: dict[str, str] | None = None, *, verify: str | bool = True
) -> requests.Response:
    """GET as the manual's Python example does, with a time-out, to loopback without a proxy."""
    host = urlsplit(url).hostname or ""
    proxies = {"no_proxy": host} if is_loopback(host) else None
    return requests.get(url, headers=headers, timeout=30, verify=verify, proxies=proxies)


class InProcessFlask:
    """Flask's test client, as a client of the checks and as a stand-in for ``requests``."""

    def __init__(self, client: FlaskClient) -> None:
        self._client = client

    def send(
        self,
        call: Call,
        *,
        seconds: float = 0,  # noqa: ARG002 -- nothing to wait for in-process
        most: int = MOST_BYTES,
    ) -> Answer:
        """Answer as a Client of the checks does."""
        body = call.file.read_bytes() if call.file else None
        with self._client.open(
            call.url, method=call.method, headers=dict(call.headers), data=body
        ) as response:
            lower = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status_code, lower, response.get_data()[:most])

    def get(self, url: str, headers: dict[str, str] | None = None) -> Got:
        """Answer as ``requests.get`` does."""
        return _LikeRequests(self.send(Call("GET", url, headers or {})).body)


class _LikeRequests:
    def __init__(self, content: bytes) -> None:
        self.content = content

    def json(self) -> object:
        return json.loads(self.content)


@contextmanager
def through(name: str) -> Iterator[Transport]:
    """Open one of the three transports."""
    if name == "flask":
        flask = InProcessFlask(mock_p1.create_app(SCENARIO).test_client())
        session = _session("http://localhost", flask)
        yield Transport(name, session, flask.get, "job-that-ends", socket=False)
        return
    start = mock_p1.serving if name == "server" else mock_p1.mocked
    with start(SCENARIO) as mock:
        session = _session(mock.url, HttpClient())
        yield Transport(name, session, plain_get, "job-that-ends", socket=name == "server")


def _session(url: str, client: Client) -> VerifySession:
    session = VerifySession(url, CREDENTIALS, client, allowed=PERMISSIONS)
    session.every_seconds = 0.01
    return session


def given_transport(session: VerifySession, ca_file: str | None) -> Transport:
    """Return the way to a server by its URL.

    ``ca_file`` holds the certificates to trust, or is None.
    """
    get = partial(plain_get, verify=ca_file or True)
    finished = session.credentials.finished_job_id
    return Transport(GIVEN_URL, session, get, finished, socket=True, ca_file=ca_file)
