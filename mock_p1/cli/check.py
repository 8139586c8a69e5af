"""``mock-p1 check``: problems and lint warnings of scenario files, for people and editors."""

from __future__ import annotations

import os
import sys
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from mock_p1.base.text import plural
from mock_p1.cli import check_formats
from mock_p1.cli.check_formats import Finding
from mock_p1.cli.language import said
from mock_p1.cli.options import cache_option, command, complete_scenario
from mock_p1.scenario.bundled import SUFFIXES
from mock_p1.scenario.problems import ScenarioError
from mock_p1.server.user_folders import cache_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mock_p1.analysis.lint import LintWarning
    from mock_p1.scenario.model import Scenario

STANDARD_INPUT: Final = "-"
ANOTHER_FILE: Final = "if another file has the jobs, check both with --together"


@command()
@click.argument(
    "files", nargs=-1, required=True, metavar="FILE...", shell_complete=complete_scenario
)
@click.option("--strict", is_flag=True, help="Exit 1 for a warning too.")
@click.option(
    "--format",
    "output_format",
    envvar="MOCK_P1_FORMAT",
    type=click.Choice(["text", "github", "json", "sarif"]),
    default="text",
    help="How findings are written; github marks the lines of a pull request.",
)
@click.option(
    "--together",
    is_flag=True,
    help="Check all files as the one scenario that serve makes of them, or of a folder.",
)
@cache_option
@click.pass_context
def check(  # noqa: PLR0913 -- an option each
    ctx: click.Context,
    files: tuple[str, ...],
    *,
    strict: bool,
    output_format: str,
    together: bool,
    no_cache: bool,
) -> None:
    """Check scenario files: exit 0 if all can be used, 1 if not.

    FILE is a scenario file, a folder (all scenario files in it), a bundled name, or - for standard
    input. Each is checked alone, those of a folder too, unless --together is given. Every problem
    is a line `file:line:column: what is wrong`. A usable file is linted too: what was probably not
    meant is a line `file:line: warning: what`, and no reason to exit 1. JSON and SARIF 2.1.0, which
    code scanning reads, are one document, of what was found in all files.
    """
    if together and STANDARD_INPUT in files:
        raise click.UsageError("--together is for files and folders, not for standard input")
    checked = wrong = 0
    is_github = output_format == "github"
    all_found: list[Finding] = []
    folder = None if no_cache else cache_folder()
    judged = (
        [_found(files, folder)]
        if together
        else chain.from_iterable(_findings(name, folder) for name in files)
    )
    for findings in judged:
        checked += 1
        wrong += any(not each.is_warning for each in findings)
        all_found += findings
        for finding in findings if output_format in ("text", "github") else ():
            click.echo(finding.for_github() if is_github else finding.for_people(said))
    warned = sum(each.is_warning for each in all_found)
    found = len(all_found) - warned
    if output_format == "json":
        click.echo(check_formats.as_json(all_found, checked))
    elif output_format == "sarif":
        click.echo(check_formats.as_sarif(all_found))
    else:
        count = plural(checked, "scenario" if together else "file")
        _summarise(found, warned, wrong, count, str if is_github else said)
    if found or (strict and warned):
        ctx.exit(1)


def _summarise(
    found: int, warned: int, wrong: int, checked: str, said: Callable[[str], str]
) -> None:
    warnings = [plural(warned, "warning")] * bool(warned)
    if found:
        summary, colour = f"{plural(found, 'problem')} in {wrong} of {checked}", "red"
    else:
        summary, colour = f"{checked} checked, no problem", "yellow" if warned else "green"
    text = said(", ").join(map(said, (summary, *warnings)))
    click.secho(text, fg=colour, bold=bool(found) or None)


def _findings(name: str, kept: Path | None) -> Iterator[list[Finding]]:
    """Yield what is found in each file that ``name`` stands for."""
    sources = [name]
    if name and os.path.isdir(name):  # noqa: PTH112 -- unlike Path.is_dir it never raises, whatever the name
        from mock_p1.scenario.files import scenario_files  # noqa: PLC0415 -- no help page needs it

        try:
            sources = [str(file) for file in scenario_files(Path(name))]
        except OSError as error:
            yield [Finding(name, 0, 0, f"the folder cannot be read: {error.strerror or error}")]
            return
        if not sources:
            text = f"the folder holds no scenario file ({', '.join(SUFFIXES)})"
            yield [Finding(name, 0, 0, text)]
    for source in sources:
        yield _found((source,), kept, hint=ANOTHER_FILE)


def _found(names: tuple[str, ...], kept: Path | None, *, hint: str = "") -> list[Finding]:
    """Return what is found in the scenario that files, or a folder, make together.

    ``hint`` is added where there is no job.
    """
    from mock_p1.engine.saved_state import no_garbage  # noqa: PLC0415 -- likewise

    return no_garbage()(_found_unwatched)(names, kept, hint)


def _found_unwatched(names: tuple[str, ...], kept: Path | None, hint: str) -> list[Finding]:
    from mock_p1.analysis.lint import NO_JOB, lint_warnings  # noqa: PLC0415 -- likewise
    from mock_p1.server.kept_scenarios import load_kept  # noqa: PLC0415 -- likewise

    try:
        is_input = names == (STANDARD_INPUT,)
        scenario = _read_standard_input() if is_input else load_kept(names, kept)
    except ScenarioError as error:
        return [Finding(*problem) for problem in error.problems]
    return [
        _warning(warning, hint if warning.text == NO_JOB else "")
        for warning in lint_warnings(scenario)
    ]


def _warning(warning: LintWarning, hint: str) -> Finding:
    file, _, line = warning.source.rpartition(":")
    text = f"{warning.text}; {hint}" if hint else warning.text
    if not (file and line.isdigit()):
        return Finding(warning.source, 0, 0, text, is_warning=True)
    return Finding(file, int(line), 0, text, is_warning=True)


def _read_standard_input() -> Scenario:
    from mock_p1.scenario.document import MAX_BYTES  # noqa: PLC0415 -- likewise
    from mock_p1.scenario.parser import parse  # noqa: PLC0415 -- likewise

    return parse(sys.stdin.buffer.read(MAX_BYTES + 1), "<stdin>", variables=os.environ)
