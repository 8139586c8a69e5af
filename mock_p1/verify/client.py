"""Asks a server over HTTP: it follows no redirect, and waits no longer than it may."""

from __future__ import annotations

import ssl
import time
from contextlib import ExitStack
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from mock_p1._version import __version__
from mock_p1.verify.answer import MOST_BYTES, Answer, Call
from mock_p1.verify.exceptions import Unreachable, UsageError
from mock_p1.verify.network_errors import explain_network_error, failure_kind
from mock_p1.verify.url import is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class PlainSession(requests.Session):
    """A session that takes a redirect for an answer like any other.

    Even where none is to be followed, requests reads the whole body of a redirect, however long.
    """

    def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002 -- of the base class
        """Return that there is none."""
        return


class HttpClient:
    """Asks over HTTP.

    The environment's proxies and certificates apply, except that loopback needs no proxy.
    """

    def __init__(
        self,
        *,
        ca_file: str | PathLike[str] | None = None,
        now: Callable[[], float] | None = None,
        agent: str = "mock-p1-verify",
    ) -> None:
        """``ca_file`` is a PEM file of certificates to trust instead of the usual ones.

        ``agent`` is what the client calls itself. UsageError if the file holds no certificate.
        """
        if ca_file:
            _check_certificates(fspath(ca_file))
        self._session = PlainSession()
        # else requests would send what ~/.netrc has for the host
        self._session.auth = lambda request: request
        self._session.headers.update(
            {
                "User-Agent": f"{agent}/{__version__}",
                "Accept-Encoding": "identity",
                "Connection": "close",
            }
        )
        self._verify: bool | str = fspath(ca_file) if ca_file else True
        self._now = now or time.monotonic  # as it is by now: a test may have put its own there

    def send(self, call: Call, *, seconds: float, most: int = MOST_BYTES) -> Answer:
        """Make one call. Raises Unreachable, with the host and what went wrong in words."""
        host = urlsplit(call.url)
        deadline = self._now() + seconds
        with ExitStack() as opened:
            # a server may close without a word, as it was asked to: no connection is used again
            opened.callback(self._session.close)
            try:
                response = opened.enter_context(
                    self._session.request(
                        call.method,
                        call.url,
                        headers=dict(call.headers),
                        data=opened.enter_context(call.file.open("rb")) if call.file else None,
                        timeout=seconds,
                        allow_redirects=False,
                        stream=True,
                        verify=self._verify,
                        proxies=no_proxies(host.hostname),
                    )
                )
                body = self._read(response, most, deadline)
            except (requests.RequestException, HTTPError, OSError, ValueError) as error:
                # ValueError: a host that is none
                raise Unreachable(
                    explain_network_error(error, host.netloc, seconds), kind=failure_kind(error)
                ) from None
        lower = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, lower, body)

    def _read(self, response: requests.Response, most: int, deadline: float) -> bytes:
        """Read piece by piece as it comes, so that a server that drips is left at the deadline."""
        if response.is_redirect:  # of which requests has read the body, to see where it leads
            return response.content[:most]
        body = b""
        for piece in _pieces(response.raw):
            body += piece
            if len(body) >= most:
                break
            if self._now() > deadline:
                raise requests.ReadTimeout
        promised = response.headers.get("Content-Length", "")
        if (
            promised.isdigit()
            and len(body) < min(int(promised), most)
            and "Content-Encoding" not in response.headers
        ):
            raise requests.exceptions.ChunkedEncodingError  # urllib3 before 2 says nothing of it
        return body[:most]


def _pieces(raw: Any) -> Iterator[bytes]:  # noqa: ANN401 -- urllib3's response, or a stand-in
    """Yield what has arrived.

    With urllib3 before 2, which can only wait for a whole piece, byte by byte.
    """
    if not hasattr(raw, "read1"):
        yield from raw.stream(1, decode_content=True)
        return
    while piece := raw.read1(65536, decode_content=True):
        yield piece


def no_proxies(host: str | None) -> dict[str, str] | None:
    """Return what keeps requests from asking loopback through a proxy; None for other hosts."""
    return {"no_proxy": host} if host and is_loopback(host) else None


def _check_certificates(file: str) -> None:
    try:
        ssl.create_default_context(cafile=file)
    except OSError as error:  # ssl's own errors are of this kind too
        raise UsageError(
            f"--ca-file {file} cannot be used: {(error.strerror or str(error)).lower()}"
        ) from None
