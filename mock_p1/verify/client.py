"""A client that only reads: it GETs, follows no redirect, and waits no longer than told."""

from __future__ import annotations

import ssl
import time
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from mock_p1._version import __version__
from mock_p1.verify.answer import Answer
from mock_p1.verify.network_errors import in_words
from mock_p1.verify.url import MarkerError, is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

MOST_BYTES: Final = 1_000_000
"""An answer is read no further; no reply of the API comes near."""


class Unreachable(Exception):  # noqa: N818 -- says what happened
    """No answer that could be judged; the message says why in words.

    ``wait`` is how many seconds the server asked to be left alone (Retry-After), or 0.
    """

    def __init__(self, words: str, wait: float = 0.0) -> None:
        super().__init__(words)
        self.wait = wait


class Client(Protocol):
    """What a door or a server is asked through."""

    def get(
        self, url: str, headers: Mapping[str, str], *, seconds: float, most: int = MOST_BYTES
    ) -> Answer:
        """GET ``url``, reading at most ``most`` bytes within ``seconds``.

        Unreachable if there is no answer.
        """
        ...


class HttpClient:
    """Asks over HTTP.

    The environment's proxies and certificates apply, except that loopback needs no proxy.
    """

    def __init__(
        self, *, ca_file: str | None = None, now: Callable[[], float] = time.monotonic
    ) -> None:
        """``ca_file`` is a PEM file of certificates to trust instead of the usual ones.

        MarkerError if it holds none.
        """
        if ca_file:
            _check_certificates(ca_file)
        self._session = requests.Session()
        self._session.auth = _as_it_is  # else requests would send what ~/.netrc has for the host
        self._session.headers.update(
            {
                "User-Agent": f"mock-p1-verify/{__version__}",
                "Accept-Encoding": "identity",
                "Connection": "close",
            }
        )
        self._verify: bool | str = ca_file or True
        self._now = now

    def get(
        self, url: str, headers: Mapping[str, str], *, seconds: float, most: int = MOST_BYTES
    ) -> Answer:
        """GET ``url`` once. Raises Unreachable, with the host and the trouble in words."""
        parts = urlsplit(url)
        proxies = (
            {"no_proxy": parts.hostname} if parts.hostname and is_loopback(parts.hostname) else None
        )
        deadline = self._now() + seconds
        try:
            with self._session.get(
                url, headers=dict(headers), timeout=seconds, allow_redirects=False, stream=True, verify=self._verify,
                proxies=proxies,
            ) as response:  # fmt: skip
                body = self._read(response, most, deadline)
        except (
            requests.RequestException,
            HTTPError,
            OSError,
            ValueError,
        ) as error:  # ValueError: a host that is none
            raise Unreachable(in_words(error, parts.netloc, seconds)) from None
        return Answer(
            response.status_code,
            {name.lower(): value for name, value in response.headers.items()},
            body,
        )

    def _read(self, response: requests.Response, most: int, deadline: float) -> bytes:
        """Read piece by piece as it comes, so that a server that drips is left at the deadline."""
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


def _pieces(raw: Any) -> Iterator[bytes]:  # noqa: ANN401 -- urllib3's response, or what stands in for it
    """Yield what has arrived; with urllib3 before 2, which can only wait for a whole piece, byte by byte."""
    if not hasattr(raw, "read1"):
        yield from raw.stream(1, decode_content=True)
        return
    while piece := raw.read1(65536, decode_content=True):
        yield piece


def _check_certificates(file: str) -> None:
    try:
        ssl.create_default_context(cafile=file)
    except OSError as error:  # ssl's own errors are of this kind too
        raise MarkerError(
            f"--ca-file {file} cannot be used: {(error.strerror or str(error)).lower()}"
        ) from None


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
