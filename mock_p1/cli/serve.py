"""``mock-p1 serve``: the mock as a server, until it is stopped."""

from __future__ import annotations

import signal
import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import click

from mock_p1.cli.failure import Failure
from mock_p1.cli.options import host_option, port_option, scenario_argument, speed_option
from mock_p1.core.journal import DEFAULT_MAX

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mock_p1.core.engine import Engine
    from mock_p1.testing.server import Server

MAX_JOURNAL = 1_000_000


@click.command()
@scenario_argument
@host_option("The address to listen on; 0.0.0.0 is every address of this machine.")
@port_option("The port to listen on; 0 takes a free one, and prints it.")
@speed_option("How many seconds of the mock's clock pass in a real one.")
@click.option("--seed", type=int, metavar="N", help="Draw the invented values by this seed, not the scenario's own.")
@click.option(
    "--log-format", type=click.Choice(["text", "json"]), default="text", help="How requests are logged, on stderr."
)
@click.option("-q", "--quiet", is_flag=True, help="Log no requests.")
@click.option(
    "--journal-max", type=click.IntRange(0, MAX_JOURNAL), default=DEFAULT_MAX, metavar="N",
    help="How many requests are remembered.",
)  # fmt: skip
def serve(  # noqa: PLR0913 -- an option each
    *,
    scenario: str,
    host: str,
    port: int,
    speed: float,
    seed: int | None,
    log_format: str,
    quiet: bool,
    journal_max: int,
) -> None:
    """Serve a scenario on this machine until stopped (Ctrl-C).

    SCENARIO is a bundled name (see mock-p1 scenarios) or a file; without it (and without MOCK_P1_SCENARIO), demo.
    """
    from mock_p1.cli import announcement, poll_log  # noqa: PLC0415 -- what serving needs is not needed for --help
    from mock_p1.core.clock import RealClock  # noqa: PLC0415 -- likewise
    from mock_p1.core.engine import Engine  # noqa: PLC0415 -- likewise
    from mock_p1.loading import load_scenario  # noqa: PLC0415 -- likewise

    engine = Engine(load_scenario(scenario), RealClock(speed), seed=seed, journal_max=journal_max)
    server = _server(engine, host, port)
    with ExitStack() as stack:
        stack.enter_context(_stopped_by_signals(server.stop))
        click.echo(announcement.FORMATS[log_format](engine, server.url, _notes(server, speed)))
        if not quiet:
            stack.enter_context(poll_log.PollLog(engine, poll_log.FORMATS[log_format], sys.stderr))
        server.run()


def _server(engine: Engine, host: str, port: int) -> Server:
    from mock_p1.testing.server import CannotListen, Server  # noqa: PLC0415 -- uvicorn is not needed for --help

    try:
        return Server(engine, host=host, port=port)
    except CannotListen as error:
        raise Failure(f"{error}; choose another with --host and --port, or --port 0 for any free port") from None


def _notes(server: Server, speed: float) -> list[str]:
    """Say what is out of the ordinary."""
    notes = [f"listening on {server.host}, port {server.port}"] if server.host not in server.url else []
    if speed != 1:
        notes.append(f"the clock runs at {speed:g} times real time")
    if server.admin_token:
        notes.append(f"/__admin needs the header Authorization: Bearer {server.admin_token}")
    return notes


@contextmanager
def _stopped_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Let SIGINT, SIGTERM and Windows' SIGBREAK call ``stop``, also before the server listens to them itself."""
    names = ("SIGINT", "SIGTERM", "SIGBREAK")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.signal(number, lambda *_: stop()) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
