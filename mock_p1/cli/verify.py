"""``mock-p1 verify``: hold any server, the real one too, against the published contract."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import click

from mock_p1.base.durations import HOW_TO_WRITE, UNITS, format_duration, parse_duration
from mock_p1.cli.output import Results
from mock_p1.verify import verify_report as reports
from mock_p1.verify.client import HttpClient
from mock_p1.verify.means import Credentials, mask
from mock_p1.verify.preflight import doubt
from mock_p1.verify.published import PAGE
from mock_p1.verify.runner import run
from mock_p1.verify.session import Pace, VerifySession
from mock_p1.verify.url import MarkerError, base_url, is_loopback
from mock_p1.verify.verify_report import assumption_lines
from mock_p1.verify.watch import watch

if TYPE_CHECKING:
    from mock_p1.verify.runner import Report, Result
    from mock_p1.verify.watch import Sighting, Watched

DEFAULT_PAUSE: Final = 1.0
"""Seconds between calls to a server that is not on this machine."""

STOPPED: Final = 130
"""The exit status after Ctrl-C, as shells have it: 128 and the signal's number."""

_ORDER: Final = ("differ", "refuted", "not reached", "hold", "confirmed", "not checked")


def duration_or_zero(value: str | float) -> float:
    """Return the seconds of an option's value.

    A duration such as 90s, or a bare number of seconds.
    """
    text = str(value).strip()
    try:
        return parse_duration(text if text[-1:].isalpha() else f"{text}s") / UNITS["s"]
    except ValueError:
        raise click.BadParameter(f"{text!r} is not {HOW_TO_WRITE}.") from None


def duration(value: str | float) -> float:
    """Likewise, but longer than nothing."""
    if seconds := duration_or_zero(value):
        return seconds
    raise click.BadParameter("it must be longer than nothing.")


@click.command()
@click.argument("url", envvar="MOCK_P1_URL")
@click.option("--api-key", required=True, metavar="KEY", help="A key that works.")
@click.option(
    "--job-id",
    required=True,
    metavar="ID",
    help="A job that this key can see; best one still running.",
)
@click.option("--inactive-key", metavar="KEY", help="A key that expired or was revoked.")
@click.option("--other-key", metavar="KEY", help="A working key of another model.")
@click.option("--deleted-job-id", metavar="ID", help="A job that was deleted.")
@click.option("--finished-job-id", metavar="ID", help="A job that is finished.")
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
@click.option("--timeout", default="10s", type=duration, help="How long one answer may take.")
@click.option(
    "--pause", type=duration_or_zero, metavar="DURATION", show_default="1s; none on loopback",
    help="At least so long between calls.",
)  # fmt: skip
@click.option(
    "--ca-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Certificates to trust (PEM).",
)
@click.option("--strict", is_flag=True, help="A refuted assumption counts as a difference: exit 1.")
@click.option(
    "--json", "as_json", is_flag=True, envvar="MOCK_P1_JSON", help="Print the report as JSON."
)
@click.option(
    "--junit-xml",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write it as JUnit XML.",
)
@click.pass_context
def verify(
    ctx: click.Context, /, *, as_json: bool, junit_xml: Path | None, strict: bool, **options: Any
) -> None:  # noqa: ANN401 -- click's values
    """Hold the server at URL, the real one too, against the published contract.

    URL is a base URL, such as http://127.0.0.1:8191. What the manual documents must hold. What it leaves open, and the
    mock assumes, is reported as confirmed or refuted; a refuted assumption is no broken contract, and the lines that
    make the mock agree are printed. What you give no key or job for is reported as not checked.

    It only asks (GET), at a polite pace, follows no redirect, and never shows a whole key. Keys are best given by
    environment variable, where other users of the machine do not see them.

    \b
    Exit status:
      0  every documented point that was checked holds
      1  one differs (with --strict: or an assumption is refuted)
      2  usage; or the key or the job given is refused by the server
      3  the server could not be reached, or not within --limit; or the end of a watched job was not seen
    """  # noqa: D301 -- \b is click's mark for lines to be kept
    if junit_xml and not junit_xml.absolute().parent.is_dir():
        raise click.BadParameter(f"there is no folder {junit_xml.parent}", param_hint="--junit-xml")
    try:
        subject = _subject(**options)
        report = run(
            subject,
            before=lambda it: _watch(it, options["every"]) if options["watch_job"] else None,
        )
    except MarkerError as misuse:
        raise click.UsageError(str(misuse), ctx) from None
    except (
        KeyboardInterrupt
    ):  # click would exit with 1, which here says that the contract is broken
        click.echo("Stopped before there was a verdict.", err=True)
        ctx.exit(STOPPED)
    if junit_xml:
        _write(junit_xml, reports.as_junit(report, strict=strict))
    if as_json:
        click.echo(reports.as_json(report, subject, strict=strict))
    else:
        _print(report, subject, strict=strict)
    ctx.exit(report.exit_status(strict=strict))


def _subject(  # noqa: PLR0913 -- the command's options
    *, url: str, pause: float | None, timeout: float, limit: float, ca_file: Path | None,
    watch_job: bool, every: float, **means: Any,  # noqa: ARG001, ANN401 -- keys and ids; the two others are not ours
) -> VerifySession:  # fmt: skip
    base = base_url(url)
    if pause is None:
        pause = 0.0 if is_loopback(urlsplit(base).hostname or "") else DEFAULT_PAUSE
    pace = Pace(pause=pause, timeout=timeout, limit=limit)
    return VerifySession(
        base, Credentials(**means), HttpClient(ca_file=str(ca_file) if ca_file else None), pace
    )


def _watch(subject: VerifySession, every: float) -> Watched:
    def tell(sighting: Sighting) -> None:
        click.echo(f"{_span(sighting.at):>10}  {sighting.status}", err=True)

    click.echo(f"watching {subject.means.job_id}, a poll every {_span(every)}", err=True)
    return watch(subject, every, tell)


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise click.BadParameter(
            f"{file} cannot be written: {reason}", param_hint="--junit-xml"
        ) from None


def _print(report: Report, subject: VerifySession, *, strict: bool) -> None:
    results = Results()
    results.line(f"{subject.base}, key {mask(subject.means.api_key)}, job {subject.means.job_id}")
    if report.watched:
        _print_watched(results, report.watched)
    if not report.trouble or report.watched:
        for standing in ("documented", "assumed"):
            _print_points(
                results, standing, [r for r in report.results if r.check.standing == standing]
            )
    results.line()
    if not report.trouble and (doubted := doubt(subject)):
        results.line(doubted)
    for line in _conclusion(report, strict=strict):
        results.line(line)
    beyond = report.beyond_assumptions
    if lines := assumption_lines(report):
        but = ", but for the last" if beyond else ""
        results.line(
            f"\nWith these lines in a scenario file the mock agrees with this server in what was refuted{but}:\n"
        )
        results.line(lines.rstrip())
    if beyond:
        results.line(
            "\nNo line of `assumptions:` says this; what a scenario can say of it, its steps and api_keys say:\n"
        )
        for result in beyond:
            results.line(f"  {result.check.sentence}")


def _print_points(results: Any, standing: str, points: list[Result]) -> None:  # noqa: ANN401 -- Results, imported when used
    rows = [
        (p.outcome, p.check.sentence, p.expected, p.actual or p.reason, p.check.source)
        for p in sorted(points, key=lambda point: _ORDER.index(point.outcome))
    ]
    where = f"by {PAGE}" if standing == "documented" else "where the manual is silent"
    results.line(f"\n{standing.capitalize()} points, {where}\n", style="bold")
    results.table(
        rows,
        header=("", "point", "expected", "actual", "source"),
        styles=("bold", "", "", "", "dim"),
    )


def _print_watched(results: Any, watched: Watched) -> None:  # noqa: ANN401 -- Results, imported when used
    polls = f"{watched.polls} poll{'s' * (watched.polls != 1)}"
    results.line(f"\nWatched {watched.job_id}: {polls}; {watched.why}\n", style="bold")
    if watched.sightings:
        rows = [(f"{_span(s.at)} to {_span(s.last_seen)}", s.status) for s in watched.sightings]
        results.table(rows, header=("seen", "status"))
    if watched.transitions:
        results.line()
        rows = [
            (f"{a.status} → {b.status}", f"{_span(a.last_seen)} to {_span(b.at)}")
            for a, b in watched.transitions
        ]
        results.table(rows, header=("transition", "between"))


def _conclusion(report: Report, *, strict: bool) -> list[str]:
    """Say what it all comes to, the exit status last."""
    said = []
    if report.trouble:
        said.append(f"Could not reach: {report.trouble}")
    unreached = len(report.having("not reached"))
    differing, refuted = len(report.having("differ")), len(report.having("refuted"))
    if unreached and not report.trouble:
        said.append(
            f"{_points(unreached)} could not be judged, since no answer came: the reason stands beside each."
        )
    if differing:
        differ = "differs" if differing == 1 else "differ"
        said.append(
            f"{_points(differing)} that the manual documents {differ}: the published contract is broken."
        )
    elif not report.trouble and not unreached:
        held = len(report.having("hold"))
        were = "was" if held == 1 else "were"
        said.append(f"The published contract holds, in the {_points(held)} that {were} checked.")
    if refuted:
        verdict = (
            "which counts as a difference (--strict)" if strict else "which breaks no contract"
        )
        said.append(
            f"{_points(refuted)} that this mock assumes {'is' if refuted == 1 else 'are'} refuted, {verdict}."
        )
    if unchecked := len(report.having("not checked")):
        said.append(f"{_points(unchecked)} not checked: the reason stands beside each.")
    return [*said, f"Exit status {report.exit_status(strict=strict)}."]


def _points(count: int) -> str:
    return f"{count} point{'s' * (count != 1)}"


def _span(seconds: float) -> str:
    return format_duration(round(seconds * 10) * UNITS["s"] // 10)
