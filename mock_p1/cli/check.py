"""``mock-p1 check``: every problem of scenario files, in a form that editors can jump by."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from mock_p1.base.text import plural
from mock_p1.cli.options import command
from mock_p1.scenario.files import SUFFIXES, load_scenario
from mock_p1.scenario.parser import MAX_BYTES, parse
from mock_p1.scenario.problems import Problem, ScenarioError

if TYPE_CHECKING:
    from collections.abc import Iterator


STANDARD_INPUT: Final = "-"


@command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.pass_context
def check(ctx: click.Context, files: tuple[str, ...]) -> None:
    """Check scenario files: exit 0 if all can be used, 1 if not.

    FILE is a scenario file, a folder (all scenario files in it), a bundled name, or - for standard
    input. Every problem is a line `file:line:column: what is wrong`.
    """
    checked = wrong = found = 0
    for name in files:
        for problems in _problems(name):
            checked += 1
            wrong += bool(problems)
            found += len(problems)
            for problem in problems:
                click.echo(str(problem))
    if found:
        click.secho(
            f"{plural(found, 'problem')} in {wrong} of {plural(checked, 'file')}",
            fg="red",
            bold=True,
        )
        ctx.exit(1)
    click.secho(f"{plural(checked, 'file')} checked, no problem", fg="green")


def _problems(name: str) -> Iterator[tuple[Problem, ...]]:
    """Yield the problems of each file that ``name`` stands for."""
    sources = [name]
    if name and os.path.isdir(name):  # noqa: PTH112 -- unlike Path.is_dir it never raises, whatever the name
        try:
            sources = _scenario_files(Path(name), SUFFIXES)
        except OSError as error:
            yield (Problem(name, 0, 0, f"the folder cannot be read: {error.strerror or error}"),)
            return
        if not sources:
            yield (
                Problem(name, 0, 0, f"the folder holds no scenario file ({', '.join(SUFFIXES)})"),
            )
    for source in sources:
        try:
            _read_standard_input() if source == STANDARD_INPUT else load_scenario(source)
        except ScenarioError as error:
            yield error.problems
        else:
            yield ()


def _scenario_files(folder: Path, suffixes: tuple[str, ...]) -> list[str]:
    """Return the scenario files that stand in a folder, not those in folders below.

    A JSON Schema is none.
    """
    files = (
        file for file in sorted(folder.iterdir()) if file.suffix in suffixes and file.is_file()
    )
    return [str(file) for file in files if not file.name.endswith(".schema.json")]


def _read_standard_input() -> None:
    parse(sys.stdin.buffer.read(MAX_BYTES + 1), "<stdin>")
