"""Says in words why a server could not be asked, however deep the reason is wrapped."""

from __future__ import annotations

import socket
from http.client import BadStatusLine, RemoteDisconnected
from typing import TYPE_CHECKING, Final

import requests
from requests.exceptions import (
    ChunkedEncodingError,
    ContentDecodingError,
    InvalidProxyURL,
    InvalidURL,
    ProxyError,
    SSLError,
)
from urllib3.exceptions import (
    ConnectTimeoutError,
    DecodeError,
    LocationValueError,
    ProtocolError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mock_p1.verify.exceptions import FailureKind


_SEE_PROXIES: Final = "see HTTPS_PROXY, HTTP_PROXY and NO_PROXY"

KINDS: Final = (
    (
        InvalidProxyURL,
        f"the environment names no proxy that could be asked; {_SEE_PROXIES}",
    ),
    ((InvalidURL, LocationValueError), "{host} is no name that a host can have; is the URL right?"),
    (
        ProxyError,
        f"the proxy on the way to {{host}} did not let us through; {_SEE_PROXIES}",
    ),
    (SSLError, "TLS with {host} failed: {tls}"),
    (socket.gaierror, "there is no host of the name {host}; is the URL right, is there a network?"),
    (
        (requests.Timeout, TimeoutError),
        "{host} gave no whole answer within {seconds:g} s (time-out)",
    ),
    (
        ConnectionRefusedError,
        "{host} refused the connection; is the server running, is the port right?",
    ),
    (RemoteDisconnected, "{host} closed the connection before it answered"),
    (BadStatusLine, "{host} answered with something that is not HTTP"),
    ((ContentDecodingError, DecodeError), "{host} answered with a body that cannot be decoded"),
    (
        (ProtocolError, ChunkedEncodingError),
        "{host} closed the connection before its answer was whole",
    ),
)
"""What is said of each kind of error.

The first that fits is said: the more telling stand before the more general.
"""


_FAILURES: Final[tuple[tuple[tuple[type[BaseException], ...], FailureKind], ...]] = (
    ((ProxyError, SSLError, socket.gaierror, ConnectionRefusedError, InvalidURL), "unreachable"),
    ((requests.ConnectTimeout, ConnectTimeoutError, LocationValueError), "unreachable"),
    ((requests.Timeout, TimeoutError), "timeout"),
    ((BadStatusLine,), "closed"),  # RemoteDisconnected is one
    ((ConnectionResetError, ConnectionAbortedError, BrokenPipeError), "reset"),
    ((ProtocolError, ChunkedEncodingError, ContentDecodingError, DecodeError), "cut"),
)
"""What a client met at each kind of error; the first that fits counts, as above."""


def explain_network_error(error: BaseException, host: str, seconds: float) -> str:
    """Say what went wrong with ``host`` and what to look at.

    ``seconds`` is how long an answer was waited for.

    An exception's own text is used only where it holds neither URL nor header.
    """
    chain = list(_causes(error))
    for kinds, words in KINDS:
        if any(isinstance(cause, kinds) for cause in chain):
            return words.format(host=host, seconds=seconds, tls=_tls(chain))
    reason = next(
        (cause.strerror for cause in chain if isinstance(cause, OSError) and cause.strerror), None
    )
    return f"{host} could not be reached: {(reason or type(error).__name__).lower()}"


def failure_kind(error: BaseException) -> FailureKind:
    """Say how the network failed: what a client met, beside the words for it."""
    chain = list(_causes(error))

    met = (kind for types, kind in _FAILURES if any(isinstance(cause, types) for cause in chain))
    return next(met, "unreachable")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and all that it stems from, each once."""
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting:
        cause = waiting.pop(0)
        if not isinstance(cause, BaseException) or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        waiting += [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]


def _tls(chain: list[BaseException]) -> str:
    """Return what the TLS library says, and what to do about it."""
    if message := next(
        (text for cause in chain if (text := getattr(cause, "verify_message", ""))), ""
    ):
        return (
            f"{message}; if you trust the server, "
            "give the certificate of its authority by --ca-file"
        )
    reason = next(
        (text for cause in chain if isinstance(text := getattr(cause, "reason", None), str)),
        "no agreement",
    )
    return f"{reason.lower().replace('_', ' ')}; does the server speak https there?"
