"""``mock-p1 healthcheck``: ask a running server whether it is well. For containers: light, and quick to give up."""

from __future__ import annotations

import json
from http.client import HTTPConnection, HTTPException
from typing import Any, Final

import click

from mock_p1.cli.failure import Failure
from mock_p1.cli.options import host_option, port_option
from mock_p1.cli.text import printable

PATH: Final = "/__admin/health"
MAX_ANSWER: Final = 10_000
_LOOPBACK: Final = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 -- compared, not bound


@click.command()
@host_option("Where the server listens; 0.0.0.0 and :: are asked on loopback.")
@port_option("Where the server listens.")
@click.option(
    "--timeout", default=2.0, type=click.FloatRange(0, 60, min_open=True), metavar="SECONDS", help="When to give up."
)
def healthcheck(*, host: str, port: int, timeout: float) -> None:
    """Ask a running server whether it is well: exit 0 if it is, 1 if not.

    Without options it asks where `mock-p1 serve` listens with the same MOCK_P1_HOST and MOCK_P1_PORT.
    """
    if port == 0:
        raise Failure("port 0 let the server take any free port; give --port (or MOCK_P1_PORT) the one it printed")
    address = _LOOPBACK.get(host, host)
    shown = f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"
    try:
        health = _ask(address, port, timeout)
    except (OSError, HTTPException, ValueError) as error:
        reason = printable((getattr(error, "strerror", None) or str(error) or type(error).__name__).strip())
        raise Failure(f"{shown}{PATH}: no answer of a Mock P1 server ({reason}); is `mock-p1 serve` running?") from None
    click.echo(f"{shown} is well: Mock P1 {health['version']}, serving {health['scenario']}")


def _ask(host: str, port: int, timeout: float) -> dict[str, Any]:
    """Return what the server says of its health; OSError, HTTPException or ValueError if it does not."""
    connection = HTTPConnection(host, port, timeout=timeout)
    try:
        connection.request("GET", PATH)
        response = connection.getresponse()
        content = response.read(MAX_ANSWER)
    finally:
        connection.close()
    if response.status != 200:  # noqa: PLR2004 -- OK
        raise ValueError(f"HTTP {response.status}")
    health = json.loads(content)
    if not isinstance(health, dict) or health.get("status") != "ok" or not {"version", "scenario"} <= health.keys():
        raise ValueError("something else listens there")
    return health
