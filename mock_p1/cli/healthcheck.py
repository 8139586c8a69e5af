"""``mock-p1 healthcheck``: ask a running server whether it is well.

For containers: light, and quick to give up.
"""

from __future__ import annotations

import json
import ssl
import time
from functools import partial
from http import HTTPStatus
from http.client import BadStatusLine, HTTPConnection, HTTPException, HTTPSConnection
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import click
from click.core import ParameterSource

from mock_p1.base.addresses import EVERY_ADDRESS, in_url
from mock_p1.base.text import printable
from mock_p1.cli.command_error import Failure
from mock_p1.cli.options import (
    command,
    duration,
    duration_or_zero,
    host_option,
    port_option,
    tls_cert_option,
    tls_option,
)
from mock_p1.cli.serving_file import served_urls

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PATH: Final = "/__admin/ready"
MAX_ANSWER: Final = 10_000
PAUSE_SECONDS: Final = 0.1
"""From one attempt to the next, under --wait."""


@command()
@host_option("Where the server listens; 0.0.0.0 and :: are asked on loopback.")
@port_option("Where the server listens.")
@tls_option("The server speaks HTTPS.")
@tls_cert_option("The server speaks HTTPS, with this certificate.")
@click.option(
    "--timeout",
    default="2s",
    type=duration,
    metavar="DURATION",
    show_default=True,
    help="When to give up an answer that is not whole; a bare number is seconds.",
)
@click.option(
    "--wait",
    default="0s",
    type=duration_or_zero,
    metavar="DURATION",
    show_default=True,
    help="Ask again for so long, until the server is well.",
)
@click.pass_context
def healthcheck(ctx: click.Context, /, *, timeout: float, wait: float, **options: Any) -> None:  # noqa: ANN401 -- click's values
    """Ask a running server whether it is well: exit 0 if it is, 1 if not.

    Without options it asks the server of `mock-p1 serve` that runs here with the same variables,
    whatever else that was told; if there are none or several, it goes by the variables alone:
    MOCK_P1_HOST, MOCK_P1_PORT and those of TLS. It sends nothing secret, so it takes whatever
    certificate the server shows. A server whose --state is in a store that does not answer is not
    well.
    """
    given = any(ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE for name in options)
    end = time.monotonic() + wait
    while True:
        try:
            click.echo(_check(timeout, follow=not given, **options))
        except Failure:
            if time.monotonic() >= end:
                raise
            time.sleep(PAUSE_SECONDS)
        else:
            return


def _check(  # noqa: PLR0913 -- the command's options
    timeout: float, *, follow: bool, host: str, port: int, tls: bool, tls_cert: Path | None
) -> str:
    """Return where a server is well, and what it says of itself; Failure if there is none."""
    address, secure = EVERY_ADDRESS.get(host, host), tls or tls_cert is not None
    if follow and len(urls := served_urls()) == 1:
        url = urlsplit(urls[0])
        address, port, secure = url.hostname or address, url.port or port, url.scheme == "https"
    if port == 0:
        raise Failure(
            "port 0 let the server take any free port; "
            "give --port (or MOCK_P1_PORT) the one it printed"
        )
    shown = f"http{'s' if secure else ''}://{in_url(address)}:{port}"
    try:
        ask = partial(_ask, _connection(address, port, timeout, secure=secure))
        return f"{shown} is well: {_well(*_within(timeout, ask))}"
    except _NotReady as error:
        raise Failure(f"{shown} is not ready: {printable(str(error), MAX_ANSWER)}") from None
    except (OSError, HTTPException, ValueError) as error:
        reason = printable(
            (getattr(error, "strerror", None) or str(error) or type(error).__name__).strip()
        )
        raise Failure(
            f"{shown}{PATH}: no answer of a Mock P1 server ({reason}); {_hint(error)}"
        ) from None


class _NotReady(Exception):  # noqa: N818 -- says what is so
    """It is a mock, and cannot answer clients now."""


def _hint(error: Exception) -> str:
    """Return what to look at first."""
    if isinstance(error, ssl.SSLError):
        return "does it speak HTTP? then leave out --tls (MOCK_P1_TLS, MOCK_P1_TLS_CERT)"
    if isinstance(error, BadStatusLine | ConnectionResetError):
        return "does it speak HTTPS? then give --tls (MOCK_P1_TLS=1)"
    return "is `mock-p1 serve` running?"


def _within(seconds: float, ask: Callable[[], tuple[int, Any]]) -> tuple[int, Any]:
    """Return what is answered in so many seconds; TimeoutError, or what the asking raises."""
    outcome: SimpleQueue[tuple[int, Any] | Exception] = SimpleQueue()

    def run() -> None:
        try:
            outcome.put(ask())
        except Exception as error:  # noqa: BLE001 -- raised by who waits
            outcome.put(error)

    Thread(target=run, daemon=True).start()
    try:
        answer = outcome.get(timeout=seconds)
    except Empty:
        raise TimeoutError(f"not whole within {seconds:g} s") from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def _connection(host: str, port: int, timeout: float, *, secure: bool) -> HTTPConnection:
    if not secure:
        return HTTPConnection(host, port, timeout=timeout)
    anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anybody.check_hostname = False  # it is asked as loopback, whatever name its certificate has
    anybody.verify_mode = ssl.CERT_NONE
    return HTTPSConnection(host, port, timeout=timeout, context=anybody)


def _ask(connection: HTTPConnection) -> tuple[int, Any]:
    """Return the HTTP status and the JSON of the answer.

    OSError, HTTPException or ValueError if there is none.
    """
    try:
        connection.request("GET", PATH)
        response = connection.getresponse()
        content = response.read(MAX_ANSWER)
    finally:
        connection.close()
    return response.status, json.loads(content)


def _well(status: int, answer: Any) -> str:  # noqa: ANN401 -- any JSON
    """Return what the server says of itself; ValueError if that is not that it is well.

    _NotReady if it is a mock that cannot answer clients now.
    """
    if (
        isinstance(answer, dict)
        and status == HTTPStatus.NOT_FOUND
        and answer.get("error") == "MOCK_P1_NOT_IMITATED"  # which nothing but a mock answers
    ):
        return "Mock P1, without /__admin"
    if isinstance(answer, dict) and answer.get("error") == "MOCK_P1_STORE":
        raise _NotReady(str(answer.get("message")))
    if status != HTTPStatus.OK:
        raise ValueError(f"HTTP {status}")
    if (
        not isinstance(answer, dict)
        or answer.get("status") != "ok"
        or not {"version", "scenario"} <= answer.keys()
    ):
        raise ValueError("something else listens there")
    authority = f"; its authority: {answer['authority']}" if "authority" in answer else ""
    return printable(
        f"Mock P1 {answer['version']}, serving {answer['scenario']}{authority}", MAX_ANSWER
    )
