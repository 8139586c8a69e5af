"""``mock-p1 check``: problems and lint warnings of scenario files, for people and editors."""

from __future__ import annotations

import os
import sys
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from mock_p1.analysis.lint import NO_JOB, lint_warnings
from mock_p1.base.text import plural, visible
from mock_p1.cli.options import command, complete_scenario
from mock_p1.scenario.files import SUFFIXES, load_scenario, load_scenarios, scenario_files
from mock_p1.scenario.parser import MAX_BYTES, parse
from mock_p1.scenario.problems import ScenarioError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mock_p1.analysis.lint import LintWarning
    from mock_p1.scenario.model import Scenario

STANDARD_INPUT: Final = "-"


@command()
@click.argument(
    "files", nargs=-1, required=True, metavar="FILE...", shell_complete=complete_scenario
)
@click.option("--strict", is_flag=True, help="Exit 1 for a warning too.")
@click.option(
    "--format",
    "output_format",
    envvar="MOCK_P1_FORMAT",
    type=click.Choice(["text", "github"]),
    default="text",
    help="How findings are written; github marks the lines of a pull request.",
)
@click.option(
    "--together",
    is_flag=True,
    help="Check all files as the one scenario that serve makes of them, or of a folder.",
)
@click.pass_context
def check(
    ctx: click.Context,
    files: tuple[str, ...],
    *,
    strict: bool,
    output_format: str,
    together: bool,
) -> None:
    """Check scenario files: exit 0 if all can be used, 1 if not.

    FILE is a scenario file, a folder (all scenario files in it), a bundled name, or - for standard
    input. Each is checked alone, those of a folder too, unless --together is given. Every problem
    is a line `file:line:column: what is wrong`. A usable file is linted too: what was probably not
    meant is a line `file:line: warning: what`, and no reason to exit 1.
    """
    if together and STANDARD_INPUT in files:
        raise click.UsageError("--together is for files and folders, not for standard input")
    checked = wrong = found = warned = 0
    judged = [_together(files)] if together else chain.from_iterable(map(_findings, files))
    for findings in judged:
        problems = [each for each in findings if not each.is_warning]
        checked += 1
        wrong += bool(problems)
        found += len(problems)
        warned += len(findings) - len(problems)
        for finding in findings:
            click.echo(finding.for_github() if output_format == "github" else str(finding))
    warnings = f", {plural(warned, 'warning')}" * bool(warned)
    noun = "scenario" if together else "file"
    if found:
        summary = f"{plural(found, 'problem')} in {wrong} of {plural(checked, noun)}"
        click.secho(f"{summary}{warnings}", fg="red", bold=True)
    else:
        colour = "yellow" if warned else "green"
        click.secho(f"{plural(checked, noun)} checked, no problem{warnings}", fg=colour)
    if found or (strict and warned):
        ctx.exit(1)


class Finding(NamedTuple):
    """A problem or a lint warning, and where it is; line and column 0 are 'nowhere'."""

    file: str
    line: int
    column: int
    text: str
    is_warning: bool = False

    def __str__(self) -> str:
        place = ":".join([self.file, *map(str, self._numbers().values())])
        return visible(f"{place}: {'warning: ' * self.is_warning}{self.text}").replace("\n", "\\n")

    def for_github(self) -> str:
        """Return it as a workflow command, which GitHub shows beside the line."""
        kind = "warning" if self.is_warning else "error"
        where = [f"file={_escaped(self.file).replace(':', '%3A').replace(',', '%2C')}"]
        where += [f"{name}={number}" for name, number in self._numbers().items()]
        return f"::{kind} {','.join(where)}::{_escaped(self.text)}"

    def _numbers(self) -> dict[str, int]:
        numbers = {"line": self.line, "col": self.column}
        return {name: number for name, number in numbers.items() if number}


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _findings(name: str) -> Iterator[list[Finding]]:
    """Yield what is found in each file that ``name`` stands for."""
    sources = [name]
    if name and os.path.isdir(name):  # noqa: PTH112 -- unlike Path.is_dir it never raises, whatever the name
        try:
            sources = [str(file) for file in scenario_files(Path(name))]
        except OSError as error:
            yield [Finding(name, 0, 0, f"the folder cannot be read: {error.strerror or error}")]
            return
        if not sources:
            text = f"the folder holds no scenario file ({', '.join(SUFFIXES)})"
            yield [Finding(name, 0, 0, text)]
    for source in sources:
        try:
            is_input = source == STANDARD_INPUT
            scenario = _read_standard_input() if is_input else load_scenario(source)
        except ScenarioError as error:
            yield [Finding(*problem) for problem in error.problems]
        else:
            yield [_warning(_of_one_file(warning)) for warning in lint_warnings(scenario)]


def _together(names: tuple[str, ...]) -> list[Finding]:
    """Return what is found in the scenario that several files, or a folder, make together."""
    try:
        scenario = load_scenarios(names)
    except ScenarioError as error:
        return [Finding(*problem) for problem in error.problems]
    return [_warning(warning) for warning in lint_warnings(scenario)]


def _of_one_file(warning: LintWarning) -> LintWarning:
    if warning.text != NO_JOB:
        return warning
    how = "if another file has the jobs, check both with --together"
    return warning._replace(text=f"{warning.text}; {how}")


def _warning(warning: LintWarning) -> Finding:
    file, _, line = warning.source.rpartition(":")
    if not (file and line.isdigit()):
        return Finding(warning.source, 0, 0, warning.text, is_warning=True)
    return Finding(file, int(line), 0, warning.text, is_warning=True)


def _read_standard_input() -> Scenario:
    return parse(sys.stdin.buffer.read(MAX_BYTES + 1), "<stdin>", variables=os.environ)
