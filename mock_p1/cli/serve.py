"""``mock-p1 serve``: the mock as a server, until it is stopped."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click

from mock_p1.cli.options import (
    Several,
    cache_option,
    command,
    complete_scenario,
    host_option,
    port_option,
    scenario_argument,
    size,
    span,
    speed_option,
    tls_cert_option,
    tls_option,
)
from mock_p1.engine.limits import DEFAULT_JOBS_MAX, DEFAULT_MAX

MAX_JOURNAL: Final = 1_000_000
MAX_WORKERS: Final = 64
MAX_JOBS: Final = 100_000_000


@command()
@scenario_argument()
@click.option(
    "--scenario", "named", multiple=True, type=Several(), envvar="MOCK_P1_SCENARIO",
    metavar="SCENARIO", shell_complete=complete_scenario,
    help="The same as SCENARIO. Repeatable.",
)  # fmt: skip
@host_option("The address to listen on; 0.0.0.0 is every address of this machine.")
@port_option("The port to listen on; 0 takes a free one, and prints it.")
@speed_option("How many seconds of the mock's clock pass in a real one.")
@click.option(
    "--seed",
    type=int,
    metavar="N",
    help="Draw the invented values by this seed, not the scenario's own.",
)
@click.option(
    "--watch",
    is_flag=True,
    help="Play the scenario file anew when it changes; a broken one changes nothing.",
)
@tls_option(
    "Speak HTTPS as loopback and both documented hosts, "
    "with a certificate by an authority of this machine."
)
@tls_cert_option("Speak HTTPS with this certificate chain (PEM).")
@click.option(
    "--tls-key",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The key of --tls-cert (PEM).",
)
@click.option(
    "--tls-dir",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Where --tls keeps its authority, instead of your folder for settings.",
)
@click.option(
    "--tls-host",
    multiple=True,
    metavar="NAME",
    help="A further name that --tls answers to, as clients have it; may be given several times.",
)
@click.option(
    "--admin-token", metavar="TOKEN",
    help="What /__admin asks for; on other addresses than loopback one is made up "
    "if none is given.",
)  # fmt: skip
@click.option(
    "--no-admin", is_flag=True, help="Leave out /__admin: control API, dashboard and metrics."
)
@click.option(
    "--keep-alive", callback=span, default="10m", metavar="DURATION", show_default=True,
    help="How long a connection may be idle before it is closed.",
)  # fmt: skip
@click.option(
    "--cors", multiple=True, metavar="ORIGIN",
    help="Let web pages of this origin call the imitated API; * is every origin. Repeatable.",
)  # fmt: skip
@click.option(
    "--public-url", metavar="URL",
    help="What URLs in replies begin with, where a proxy stands in front.",
)  # fmt: skip
@click.option(
    "--trusted-proxies", multiple=True, metavar="CIDR",
    help="Obey Forwarded and X-Forwarded-* of these addresses. Repeatable.",
)  # fmt: skip
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    help="How requests are logged, on stderr.",
)
@click.option(
    "-q",
    "--quiet",
    is_flag=True,
    help="Log no requests, only limits that are reached, and a store that is down.",
)
@click.option(
    "--journal-max", type=click.IntRange(0, MAX_JOURNAL), default=DEFAULT_MAX, metavar="N",
    help="How many requests are remembered.",
)  # fmt: skip
@click.option(
    "--jobs-max", type=click.IntRange(1, MAX_JOBS), default=DEFAULT_JOBS_MAX, metavar="N",
    help="How many pairs of key and job are remembered of jobs that only a pattern knows, at "
    "about 1 KB each; beyond, the one polled the longest ago begins anew.",
)  # fmt: skip
@click.option(
    "--upload-max", callback=size, default="100MB", metavar="SIZE", show_default=True,
    help="The largest file that is taken; KB, MB, GB (10^3, 10^6, 10^9) or bytes.",
)  # fmt: skip
@click.option(
    "--state", metavar="URL",
    help="Share the state with other processes in Redis or Valkey: redis://HOST:PORT, "
    "rediss://, unix://, valkey://.",
)  # fmt: skip
@click.option(
    "--state-name", default="mock-p1", metavar="NAME", show_default=True,
    help="What the keys in the store begin with: a state for each name.",
)  # fmt: skip
@click.option(
    "--state-scenario", type=click.Choice(["same", "shared"]), default="same", show_default=True,
    help="What to do where another scenario is played in the store: refuse, or play that.",
)  # fmt: skip
@click.option(
    "--workers", type=click.IntRange(1, MAX_WORKERS), metavar="N",
    help="Serve with so many processes of this machine, which share a --state (not on Windows).",
)  # fmt: skip
@click.option(
    "--save", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="Write the whole state here: at the end, every --save-every, and on POST "
    "/__admin/snapshot.",
)  # fmt: skip
@click.option(
    "--save-every", callback=span, default="1m", metavar="DURATION", show_default=True,
    help="How often --save writes, if anything has happened.",
)  # fmt: skip
@click.option(
    "--load", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="Go on from a state that was saved while the same scenario was played; may be the file "
    "of --save, which need not be there yet.",
)  # fmt: skip
@click.option(
    "--port-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the port here once it is open; the file is removed at the end.",
)
@click.option(
    "--exit-with-parent",
    is_flag=True,
    help="Stop when the process that started this one has ended (not on Windows).",
)
@cache_option
def serve(**options: Any) -> None:  # noqa: ANN401 -- click's values
    """Serve a scenario on this machine until stopped (Ctrl-C).

    SCENARIO is a bundled name (see mock-p1 scenarios), a file or a folder; several are played as
    one. Without it (and without MOCK_P1_SCENARIO), demo.
    """
    from mock_p1.cli.serve_scenario import serve_scenario  # noqa: PLC0415 -- no help page needs it

    serve_scenario(**options)
