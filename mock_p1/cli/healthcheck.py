"""``mock-p1 healthcheck``: ask a running server whether it is well.

For containers: light, and quick to give up.
"""

from __future__ import annotations

import json
import ssl
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING, Any, Final

import click

from mock_p1.base.addresses import EVERY_ADDRESS, in_url
from mock_p1.base.text import printable
from mock_p1.cli.command_error import Failure
from mock_p1.cli.options import (
    command,
    duration,
    host_option,
    port_option,
    tls_cert_option,
    tls_option,
)

if TYPE_CHECKING:
    from pathlib import Path

PATH: Final = "/__admin/health"
MAX_ANSWER: Final = 10_000
NOT_IMITATED: Final = "MOCK_P1_NOT_IMITATED"
"""What a mock without ``/__admin`` answers there, and nothing but a mock.

It notes the question as a request.
"""


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
    help="When to give up; a bare number is seconds.",
)
def healthcheck(*, host: str, port: int, tls: bool, tls_cert: Path | None, timeout: float) -> None:
    """Ask a running server whether it is well: exit 0 if it is, 1 if not.

    Without options it follows the variables of `mock-p1 serve`: MOCK_P1_HOST, MOCK_P1_PORT and
    those of TLS. It sends nothing secret, so it takes whatever certificate the server shows.
    """
    if port == 0:
        raise Failure(
            "port 0 let the server take any free port; "
            "give --port (or MOCK_P1_PORT) the one it printed"
        )
    address = EVERY_ADDRESS.get(host, host)
    secure = tls or tls_cert is not None
    shown = f"http{'s' if secure else ''}://{in_url(address)}:{port}"
    try:
        found = _well(*_ask(_connection(address, port, timeout, secure=secure)))
    except (OSError, HTTPException, ValueError) as error:
        reason = printable(
            (getattr(error, "strerror", None) or str(error) or type(error).__name__).strip()
        )
        raise Failure(
            f"{shown}{PATH}: no answer of a Mock P1 server ({reason}); is `mock-p1 serve` running?"
        ) from None
    click.echo(f"{shown} is well: {found}")


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
    """Return what the server says of itself; ValueError if that is not that it is well."""
    if (
        isinstance(answer, dict)
        and status == HTTPStatus.NOT_FOUND
        and answer.get("error") == NOT_IMITATED
    ):
        return "Mock P1, without /__admin"
    if status != HTTPStatus.OK:
        raise ValueError(f"HTTP {status}")
    if (
        not isinstance(answer, dict)
        or answer.get("status") != "ok"
        or not {"version", "scenario"} <= answer.keys()
    ):
        raise ValueError("something else listens there")
    return f"Mock P1 {answer['version']}, serving {answer['scenario']}"
