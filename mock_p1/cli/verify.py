"""``mock-p1 verify``: hold any server, the real one too, against the published contract."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn
from urllib.parse import urlsplit

import click

from mock_p1.base.durations import format_seconds
from mock_p1.cli.language import said
from mock_p1.cli.options import (
    STOPPED,
    ca_file_option,
    command,
    duration,
    duration_or_zero,
    timeout_option,
)
from mock_p1.verify.credentials import Credentials
from mock_p1.verify.exceptions import Unreachable, UsageError
from mock_p1.verify.pace import Pace
from mock_p1.verify.questions import PERMISSIONS
from mock_p1.verify.sequence import check_options
from mock_p1.verify.session import VerifySession
from mock_p1.verify.url import base_url, is_loopback
from mock_p1.verify.watch import Sighting, WatchedJob, watch

if TYPE_CHECKING:
    from collections.abc import Callable


def _file_option(name: str, text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option(
        name, type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help=text
    )


@command()
@click.argument("url", envvar="MOCK_P1_URL")
@click.option("--api-key", metavar="KEY", help="A key that works.")
@click.option("--job-id", metavar="ID", help="A job that this key can see; best one still running.")
@click.option("--inactive-key", metavar="KEY", help="A key that expired or was revoked.")
@click.option("--other-key", metavar="KEY", help="A working key of another model.")
@click.option("--deleted-job-id", metavar="ID", help="A job that was deleted.")
@click.option("--finished-job-id", metavar="ID", help="A job that is finished.")
@click.option("--failed-job-id", metavar="ID", help="With --allow switch: a job that failed.")
@click.option(
    "--allow",
    type=click.Choice([*PERMISSIONS]),
    multiple=True,
    help="Also make calls that change something; may be given several times.",
)
@click.option("--secret-key", metavar="KEY", help="With --allow issue-key: the secret key.")
@click.option("--model-id", type=int, metavar="N", help="With --allow issue-key: the model.")
@_file_option("--file", "With --allow upload: the training data to send.")
@click.option("--yes", is_flag=True, help="With --allow switch: do not ask before it.")
@click.option(
    "--watch-job",
    is_flag=True,
    help="First poll --job-id until it ends; report each status and transition.",
)
@click.option(
    "--every",
    default="30s",
    type=duration,
    help="With --watch-job: time from one poll to the next.",
)
@click.option(
    "--limit",
    default="10m",
    type=duration,
    help="Ask nothing more after so long, watching included.",
)
@timeout_option("10s")
@click.option(
    "--pause",
    type=duration_or_zero,
    metavar="DURATION",
    show_default="1s; none on loopback",
    help="At least so long between calls.",
)
@ca_file_option
@click.option(
    "--against",
    metavar="SCENARIO",
    help="Poll the job, and say where it is no longer as in this scenario; nothing else.",
)
@click.option(
    "--ignore-times", is_flag=True, help="With --against: how long a step lasts does not matter."
)
@click.option("--strict", is_flag=True, help="A refuted assumption counts as a difference: exit 1.")
@click.option(
    "--json", "as_json", is_flag=True, envvar="MOCK_P1_JSON", help="Print the report as JSON."
)
@_file_option("--junit-xml", "Also write it as JUnit XML.")
@click.pass_context
def verify(
    ctx: click.Context,
    /,
    *,
    as_json: bool,
    junit_xml: Path | None,
    strict: bool,
    **options: Any,  # noqa: ANN401 -- click's values
) -> None:
    """Hold the server at URL, the real one too, against the published contract.

    URL is a base URL, such as http://127.0.0.1:8191. What the manual documents must hold. What it
    leaves open, and the mock assumes, is reported as confirmed or refuted; a refuted assumption is
    no broken contract, and the lines that make the mock agree are printed. What you give no key or
    job for is reported as not checked.

    Unless you --allow more, it only asks (GET) and changes nothing; at a polite pace. It follows no
    redirect, and never shows a whole key. Keys are best given by environment variable, where other
    users of the machine do not see them.

    With --against, a recording or another scenario, the job is polled to its recorded end instead,
    and each step that the service no longer shows as it stands there is named.

    \b
    What --allow may cost, named again before each call:
      issue-key  a new key may end the old one (--secret-key, --model-id)
      upload     a retraining begins (--file); its job is polled, and needs no --job-id
      switch     a real model is replaced, by that of a finished --job-id or of the upload,
                 which is followed to its end within --limit; asks before, unless --yes

    \b
    Exit status:
      0  every documented point that was checked holds
      1  one differs (with --strict: or an assumption is refuted);
         with --against: a step is no longer as recorded
      2  usage; or the key or the job given is refused by the server
      3  the server could not be reached, or not within --limit;
         or the end of a watched job was not seen
    """  # noqa: D301 -- \b is click's mark for lines to be kept
    from mock_p1.cli.verify_text import show_report  # noqa: PLC0415 -- no help page needs it
    from mock_p1.verify import verify_report as reports  # noqa: PLC0415 -- likewise
    from mock_p1.verify.runner import run  # noqa: PLC0415 -- likewise

    if junit_xml and not junit_xml.absolute().parent.is_dir():
        raise click.BadParameter(f"there is no folder {junit_xml.parent}", param_hint="--junit-xml")
    if options["against"] is not None:
        _against(ctx, {**options, "strict": strict}, as_json, junit_xml)
    del options["against"], options["ignore_times"]
    watch_job, yes = options.pop("watch_job"), options.pop("yes")
    try:
        session = _session(**options)
        check_options(session)
        _confirm(session, yes=yes)
        report = run(session, before=_watch if watch_job else lambda _: None)
    except (KeyboardInterrupt, click.Abort):
        # click would exit with 1, which here says that the contract is broken
        click.echo(said("Stopped before there was a verdict."), err=True)
        ctx.exit(STOPPED)
    if junit_xml:
        _write(junit_xml, reports.as_junit(report, strict=strict))
    if as_json:
        click.echo(reports.as_json(report, session, strict=strict))
    else:
        show_report(report, session, strict=strict)
    ctx.exit(report.exit_status(strict=strict))


ONLY_WITHOUT_AGAINST: Final = (
    *("inactive_key", "other_key", "deleted_job_id", "finished_job_id", "failed_job_id"),
    *("allow", "secret_key", "model_id", "file", "yes", "watch_job", "pause"),
)


def _against(
    ctx: click.Context,
    options: dict[str, Any],
    as_json: bool,  # noqa: FBT001 -- an option
    junit_xml: Path | None,
) -> NoReturn:
    """Hold a job against a scenario, and exit; refuse what --against makes no use of."""
    from mock_p1.cli import verify_against  # noqa: PLC0415 -- likewise
    from mock_p1.verify.runner import NOT_REACHED  # noqa: PLC0415 -- likewise

    for name in ONLY_WITHOUT_AGAINST:
        if options[name]:
            raise click.UsageError(f"--against makes no use of --{name.replace('_', '-')}")
    against = options["against"]
    try:
        drift = verify_against.compared(**options)
    except Unreachable as error:
        click.echo(said(f"Could not reach: {error}"), err=True)
        ctx.exit(NOT_REACHED)
    if junit_xml:
        _write(junit_xml, verify_against.drift_as_junit(drift, against))
    if as_json:
        click.echo(verify_against.drift_as_json(drift, against))
    else:
        verify_against.show_drift(drift, against)
    ctx.exit(drift.exit_status)


def _session(  # noqa: PLR0913 -- the command's options
    *,
    url: str,
    pause: float | None,
    timeout: float,
    limit: float,
    every: float,
    ca_file: Path | None,
    allow: tuple[Any, ...],
    **given: Any,  # noqa: ANN401 -- keys, ids and the file
) -> VerifySession:
    from mock_p1.verify.client import HttpClient  # noqa: PLC0415 -- loads requests

    base = base_url(url)
    if pause is None:
        # between calls to a server that is not on this machine
        pause = 0.0 if is_loopback(urlsplit(base).hostname or "") else 1.0
    session = VerifySession(
        base,
        Credentials(**given),
        HttpClient(ca_file=ca_file),
        Pace(pause=pause, timeout=timeout, limit=limit),
        allowed=allow,
        announce=lambda text: click.echo(text, err=True),
    )
    session.every_seconds = every
    return session


def _confirm(session: VerifySession, *, yes: bool) -> None:
    """Say what the allowed calls may cost; have a switch confirmed, before anything is asked."""
    for permission, cost in PERMISSIONS.items():
        if permission in session.allowed:
            click.echo(said(f"--allow {permission}: {cost}"), err=True)
    if "switch" not in session.allowed or yes:
        return
    try:
        agreed = click.confirm(said(f"Replace a real model at {session.base}?"), err=True)
    except click.Abort:
        agreed = False
    if not agreed:
        raise UsageError("--allow switch was not confirmed, and nothing was asked; see --yes")


def _watch(session: VerifySession) -> WatchedJob:
    def show(sighting: Sighting) -> None:
        seen = format_seconds(sighting.first_seen_seconds)
        click.echo(f"{seen:>10}  {sighting.status}", err=True)

    every = session.every_seconds
    job_id = session.value("job_id")
    click.echo(f"watching {job_id}, a poll every {format_seconds(every, parts=1000)}", err=True)
    return watch(session, every, show)


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise click.BadParameter(
            f"{file} cannot be written: {reason}", param_hint="--junit-xml"
        ) from None
