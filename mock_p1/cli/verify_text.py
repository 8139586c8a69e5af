"""What `verify` shows a person."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from mock_p1.base.durations import format_seconds
from mock_p1.base.text import plural
from mock_p1.cli.output import Results
from mock_p1.verify.credentials import mask
from mock_p1.verify.preflight import url_warning
from mock_p1.verify.published import PAGE
from mock_p1.verify.verify_report import assumption_lines

if TYPE_CHECKING:
    from mock_p1.verify.runner import Outcome, Report, Result
    from mock_p1.verify.session import VerifySession
    from mock_p1.verify.watch import WatchedJob

_ORDER: Final = ("differ", "refuted", "not reached", "hold", "confirmed", "not checked")


def show_report(report: Report, session: VerifySession, *, strict: bool) -> None:
    """Show a report as tables, the lines for a scenario, and what it all comes to."""
    results = Results()
    key, job = mask(session.in_use("api_key")), session.in_use("job_id")
    results.line(f"{session.base}, key {key}, job {job}")
    if report.watched:
        _show_watched(results, report.watched)
    if not report.incomplete or report.watched:
        for standing in ("documented", "assumed"):
            _show_points(
                results, standing, [r for r in report.results if r.check.standing == standing]
            )
    results.line()
    if not report.incomplete and (warning := url_warning(session)):
        results.line(warning)
    for line in _conclusion(report, strict=strict):
        results.line(line)
    _show_assumptions(results, report)


def _show_points(results: Results, standing: str, points: list[Result]) -> None:
    if os.environ.get("CI") and not results.live:
        _show_compactly(results, standing, points)
        return
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


def _show_compactly(results: Results, standing: str, points: list[Result]) -> None:
    """Show for a log what broke in full, and else a line a point."""
    results.line(f"\n{standing.capitalize()} points\n", style="bold")
    for point in sorted(points, key=lambda each: _ORDER.index(each.outcome)):
        results.line(f"  {point.outcome:<11}  {point.check.sentence}")
        if point.outcome in ("differ", "refuted", "not reached"):
            rows = [("expected", point.expected), ("actual", point.actual or point.reason)]
            for name, value in [*rows, ("source", point.check.source)]:
                results.line(f"      {name:<8}  {value}")


def _show_watched(results: Results, watched: WatchedJob) -> None:
    polls = plural(watched.polls, "poll")
    results.line(f"\nWatched {watched.job_id}: {polls}; {watched.why}\n", style="bold")
    span = format_seconds
    if watched.sightings:
        rows = [
            (f"{span(s.first_seen_seconds)} to {span(s.last_seen_seconds)}", s.status)
            for s in watched.sightings
        ]
        results.table(rows, header=("seen", "status"))
    if watched.transitions:
        results.line()
        rows = [
            (
                f"{before.status} → {after.status}",
                f"{span(before.last_seen_seconds)} to {span(after.first_seen_seconds)}",
            )
            for before, after in watched.transitions
        ]
        results.table(rows, header=("transition", "between"))


def _show_assumptions(results: Results, report: Report) -> None:
    beyond = report.beyond_assumptions
    if lines := assumption_lines(report):
        but = ", but for the last" if beyond else ""
        results.line(
            "\nWith these lines in a scenario file the mock agrees with this server "
            f"in what was refuted{but}:\n"
        )
        results.line(lines.rstrip())
    if beyond:
        results.line(
            "\nNo line of `assumptions:` says this; "
            "what a scenario can say of it, its steps and api_keys say:\n"
        )
        for result in beyond:
            results.line(f"  {result.check.sentence}")


def _conclusion(report: Report, *, strict: bool) -> list[str]:
    """Say what it all comes to, the exit status last."""
    said = [f"Could not reach: {report.incomplete}"] if report.incomplete else []
    unreached, differing, refuted, unchecked = (
        _points(report, outcome) for outcome in ("not reached", "differ", "refuted", "not checked")
    )
    if unreached and not report.incomplete:
        said.append(
            f"{unreached} could not be judged, since no answer came: the reason stands beside each."
        )
    if differing:
        verb = "differs" if len(report.having("differ")) == 1 else "differ"
        said.append(
            f"{differing} that the manual documents {verb}: the published contract is broken."
        )
    elif not report.incomplete and not unreached:
        held = _points(report, "hold") or plural(0, "point")
        were = "was" if len(report.having("hold")) == 1 else "were"
        said.append(f"The published contract holds, in the {held} that {were} checked.")
    if refuted:
        verb = "is" if len(report.having("refuted")) == 1 else "are"
        effect = "counts as a difference (--strict)" if strict else "breaks no contract"
        said.append(f"{refuted} that this mock assumes {verb} refuted, which {effect}.")
    if unchecked:
        said.append(f"{unchecked} not checked: the reason stands beside each.")
    return [*said, f"Exit status {report.exit_status(strict=strict)}."]


def _points(report: Report, outcome: Outcome) -> str:
    count = len(report.having(outcome))
    return plural(count, "point") if count else ""
