"""``mock-p1 explain``: what each call, and each moment, would see, without running anything."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import click

from mock_p1.base.durations import format_duration
from mock_p1.base.text import in_one_line, plural, printable
from mock_p1.cli.command_error import Failure
from mock_p1.cli.language import said, said_exactly
from mock_p1.cli.options import command, scenario_argument
from mock_p1.cli.output import Results
from mock_p1.contract.operations import RETRAIN_STATUS_CHECK

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mock_p1.analysis.explanation import CreatedJobs, Explanation
    from mock_p1.scenario.model import Scenario

MAX_IDS: Final = 3
MAX_ROWS: Final = 5000
"""So many rows are shown in all, and so many warnings."""


@command()
@scenario_argument(required=True)
@click.option("--job", metavar="ID", help="Tell of the job that this id leads to, and of no other.")
@click.option(
    "--format",
    "output_format",
    envvar="MOCK_P1_FORMAT",
    type=click.Choice(["text", "json"]),
    default="text",
    help="How it is told; json is one document, with every row.",
)
def explain(scenario: tuple[str, ...], job: str | None, output_format: str) -> None:
    """Tell what SCENARIO answers, call by call or moment by moment, without running it.

    SCENARIO is a bundled name, a file or a folder; several are read as one. Also tells
    what was probably not meant: jobs that never finish, steps and patterns that are never reached.
    Exits 1 if the scenario cannot be used or has no such job.
    """
    from mock_p1.analysis.explanation import (  # noqa: PLC0415 -- no help page needs it
        call_explanations,
        created_jobs,
        explanation_document,
        explanations,
        explanations_of,
        warnings_about,
    )
    from mock_p1.scenario.files import load_scenarios  # noqa: PLC0415 -- likewise

    loaded = load_scenarios(scenario)
    one = None if job is None else explanations_of(loaded, job)
    if job is not None and not one:
        raise _no_such(job, loaded)
    if output_format == "json":
        click.echo(json.dumps(explanation_document(loaded, one), indent=2))
        return
    results = _Rows()
    about = said_exactly(" ".join(loaded.description.split()))
    results.line(f"{loaded.name}: {about}" if about else loaded.name)
    _show_keys(results, loaded)
    for number, explanation in enumerate(explanations(loaded) if one is None else one):
        if not results.left:
            more = len(loaded.jobs) + len(loaded.generated_jobs) - number
            which = plural(more, "more timeline") if more > 0 else "what created jobs do"
            results.line(f"\n… and {which}; --job ID tells of one")
            break
        _show(results, explanation, loaded.assumptions.job_of_another_key)
    for calls in call_explanations(loaded):
        _show_calls(results, calls, "Calls of")
    if job is None:
        _show_other_jobs(results, loaded, created_jobs(loaded))
    found = warnings_about(loaded, one)
    for number, warning in enumerate(found[:MAX_ROWS]):
        blank = "" if number else "\n"
        text = in_one_line(said(warning.text))
        results.line(f"{blank}{warning.source}: warning: {text}", style="yellow")
    if len(found) > MAX_ROWS:
        left_out = plural(len(found) - MAX_ROWS, "more warning")
        results.line(f"… and {left_out}; mock-p1 check names them all", style="yellow")


class _Rows(Results):
    """Writes tables with so many rows in all, and of more says how many."""

    def __init__(self) -> None:
        super().__init__()
        self.left: int = MAX_ROWS

    def table(
        self, rows: Iterable[Sequence[str]], header: Sequence[str] = (), styles: Sequence[str] = ()
    ) -> None:
        rows = list(rows)
        shown = rows[: self.left]
        self.left -= len(shown)
        if shown:
            one_line = [[cell.replace("\n", "\\n") for cell in row] for row in shown]
            super().table(one_line, header, styles)
        if len(shown) < len(rows):
            self.line(f"  … and {plural(len(rows) - len(shown), 'more row')}")


def _no_such(job_id: str, scenario: Scenario) -> Failure:
    from mock_p1.engine.directory import Directory  # noqa: PLC0415 -- likewise

    known = Directory(scenario, scenario.seed).no_job(job_id)
    return Failure(f"{scenario.name}: {known}; polls of it see not_found_retrain_job")


def _show_keys(results: Results, scenario: Scenario) -> None:
    assumed, keys = scenario.assumptions, scenario.api_keys
    rows = [("no x-api-key", assumed.missing_api_key), *(keys or {}).items()]
    if keys is None or "*" not in keys:
        rows.append(("any other key", "active" if keys is None else assumed.unknown_api_key))
    results.line("\nAPI keys")
    results.table(rows)
    life = f"an API key from it works for {format_duration(assumed.key_lifetime)}"
    if scenario.secret_keys is None:
        results.line(f"\nSecret keys: every one is active; {life}")
    else:
        results.line(f"\nSecret keys; {life}")
        others = {} if "*" in scenario.secret_keys else {"any other": assumed.unknown_api_key}
        results.table([*scenario.secret_keys.items(), *others.items()])
    if (limit := scenario.rate_limit) is not None:
        is_polls = limit.on == [RETRAIN_STATUS_CHECK.name]
        what = plural(limit.polls, "poll" if is_polls else "call")
        of = "" if is_polls else f" ({', '.join(limit.on)})"
        results.line(
            f"\nRate limit: {what}{of} by one key in {format_duration(limit.per)}; "
            "more see HTTP 429"
        )


def _show_other_jobs(results: Results, scenario: Scenario, created: CreatedJobs) -> None:
    like, error, new_ids = created
    if "*" not in scenario.jobs:
        results.line("\nAny other job: not_found_retrain_job")
    if like is None:
        results.line(f"\nJobs created by upload: none; {error}")
    elif not scenario.new_jobs.is_written:
        model = "any other job" if like == "*" else printable(like)
        results.line(f"\nJobs created by upload: like {model}, once the file has come")
    elif new_ids:
        ids = ", ".join(map(printable, new_ids[:MAX_IDS]))
        more = ", …" * (len(new_ids) > MAX_IDS)
        results.line(f"\nIds of jobs created by upload: {ids}{more}, then UUIDs")


def _show(results: Results, explanation: Explanation, to_others: str) -> None:
    seen_by = (
        ""
        if explanation.api_key is None
        else f", for the key {explanation.api_key} (others see {to_others})"
    )
    title = explanation.title.replace("\n", "\\n")
    results.line(f"\n{title[0].upper()}{title[1:]}{seen_by}: {explanation.length}")
    _show_rows(results, explanation)
    for calls in explanation.calls:
        _show_calls(results, calls, "Its")


def _show_calls(results: Results, calls: Explanation, whose: str) -> None:
    results.line(f"\n{whose} {calls.title}: {calls.length}")
    _show_rows(results, calls)


def _show_rows(results: Results, explanation: Explanation) -> None:
    rows = [
        (
            row.when,
            row.outcome,
            str(row.http_status or "-"),
            row.source.rpartition(":")[2],
            row.details,
        )
        for row in explanation.rows
    ]
    results.table(rows, header=("when", "answer", "HTTP", "line", "with"))
