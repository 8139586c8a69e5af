"""``mock-p1 record``: what a service does, as a scenario that does the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mock_p1.cli.options import (
    ca_file_option,
    command,
    duration,
    host_option,
    port_option,
    timeout_option,
)


@command()
@click.argument("url", envvar="MOCK_P1_URL")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The scenario file to write.",
)
@click.option("--job-id", metavar="ID", help="The job to poll.")
@click.option("--api-key", metavar="KEY", help="A key that sees it; best given as the variable.")
@click.option(
    "--proxy",
    is_flag=True,
    help="Record what a client does: its base URL is to be --host and --port of this machine.",
)
@host_option("With --proxy: where to listen.")
@port_option("With --proxy: where to listen; 0 takes a free port.")
@click.option("--every", default="30s", type=duration, help="Time from one poll to the next.")
@click.option("--limit", default="6h", type=duration, help="Ask nothing more after so long.")
@timeout_option("30s")
@click.option(
    "--until",
    multiple=True,
    metavar="STATUS",
    show_default="job_finished, or one that reads like a failure",
    help="Stop when the job shows this status; may be given several times.",
)
@click.option("--with-result", is_flag=True, help="Keep the result's file beside the scenario.")
@click.option("--no-result", is_flag=True, help="Do not fetch the result, not even to describe it.")
@click.option("--hide-messages", is_flag=True, help="Put a number in the place of each message.")
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
@click.option(
    "--append",
    is_flag=True,
    help="Add to the file: another job, or as comments what differed from an earlier recording.",
)
@ca_file_option
@click.pass_context
def record(ctx: click.Context, /, **options: Any) -> None:  # noqa: ANN401 -- click's values
    """Record what the service at URL, the real one too, does, as a scenario that plays the same.

    URL is a base URL, such as https://developer-api.predictionone.sony.biz. The job of --job-id is
    polled, one request a poll, until it is finished, a status of --until, --limit or Ctrl-C; then
    its result is fetched once, to describe it, and the scenario is written: statuses, messages,
    errors, odd replies, Retry-After, failures of the network, and times, as far as polls can know
    them. A wrong key stops at the first poll.

    With --proxy it listens instead, passes on all that a client asks, and records the six calls of
    any jobs and keys, until Ctrl-C.

    Never written: keys, hosts, links, signatures, and the content of files unless --with-result.
    The key is best given as MOCK_P1_API_KEY, where other users of the machine do not see it.

    \b
    Exit status:
      0  written: the end was seen, or you stopped it
      1  the file cannot be written
      2  usage; or the key is refused by the server
      3  the server could not be reached, and nothing is written;
         or the end was not seen, and what was seen is written
    """  # noqa: D301 -- \b is click's mark for lines to be kept
    from mock_p1.cli.record_service import record_service  # noqa: PLC0415 -- no help page needs it

    record_service(ctx, **options)
