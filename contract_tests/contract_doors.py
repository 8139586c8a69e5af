"""The ways in: the three doors of this mock, each with a service that gives every means; or any server by its URL."""

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
from mock_p1.verify.answer import Answer
from mock_p1.verify.client import MOST_BYTES, HttpClient
from mock_p1.verify.means import Credentials
from mock_p1.verify.session import Pace, VerifySession
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
)
"""What contract.yaml gives."""

DOORS = ("flask", "server", "in-process")
GIVEN_URL = "base-url"


class Got(Protocol):
    """As much of an HTTP client's response as the manual's example uses."""

    content: bytes

    def json(self) -> object:
        """The body, parsed."""
        ...


@dataclass
class Door:
    """A way in.

    ``get`` is what a Python program would call; ``socket`` says whether other programs can come in
    too.
    """

    name: str
    subject: VerifySession
    get: Callable[..., Got]
    job_that_ends: str | None
    socket: bool
    ca_file: str | None = None


def plain_get(
    url: str, headers: dict[str, str] | None = None, *, verify: str | bool = True
) -> requests.Response:
    """GET as the manual's Python example does, but never for ever, and to loopback without a proxy."""
    host = urlsplit(url).hostname or ""
    proxies = {"no_proxy": host} if is_loopback(host) else None
    return requests.get(url, headers=headers, timeout=30, verify=verify, proxies=proxies)


class FlaskDoor:
    """Flask's test client, as a client of the checks and as a stand-in for ``requests``."""

    def __init__(self, client: FlaskClient) -> None:
        self._client = client

    def get(
        self, url: str, headers: dict[str, str], *, seconds: float = 0, most: int = MOST_BYTES
    ) -> Answer:  # noqa: ARG002 -- nothing to wait for in-process
        """Answer as a Client of the checks does."""
        with self._client.get(url, headers=headers) as response:
            lower = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status_code, lower, response.get_data()[:most])

    def get_like_requests(self, url: str, headers: dict[str, str] | None = None) -> Got:
        """Answer as ``requests.get`` does."""
        return _LikeRequests(self.get(url, headers or {}).body)


class _LikeRequests:
    def __init__(self, content: bytes) -> None:
        self.content = content

    def json(self) -> object:
        return json.loads(self.content)


@contextmanager
def through(name: str) -> Iterator[Door]:
    """Open one of the three doors."""
    if name == "flask":
        flask = FlaskDoor(mock_p1.create_app(SCENARIO).test_client())
        subject = VerifySession("http://localhost", CREDENTIALS, flask)
        yield Door(name, subject, flask.get_like_requests, "job-that-ends", socket=False)
        return
    start = mock_p1.serving if name == "server" else mock_p1.mocked
    with start(SCENARIO) as mock:
        subject = VerifySession(mock.url, CREDENTIALS, HttpClient())
        yield Door(name, subject, plain_get, "job-that-ends", socket=name == "server")


def at(base: str, means: Credentials, pace: Pace, ca_file: str | None) -> Door:
    """Return the way to a server by its URL.

    ``ca_file`` holds the certificates to trust, or is None.
    """
    subject = VerifySession(base, means, HttpClient(ca_file=ca_file), pace)
    get = partial(plain_get, verify=ca_file or True)
    return Door(GIVEN_URL, subject, get, means.finished_job_id, socket=True, ca_file=ca_file)
