"""``mock-p1 scenarios``: what is bundled."""

from __future__ import annotations

import click

from mock_p1.base.text import unknown
from mock_p1.cli.language import said_exactly
from mock_p1.cli.options import command, complete_scenario
from mock_p1.cli.output import Results
from mock_p1.scenario.bundled import bundled


@command()
@click.option(
    "--show",
    metavar="NAME",
    shell_complete=complete_scenario,
    help="Print this one's file, as it stands.",
)
def scenarios(*, show: str | None) -> None:
    """List the bundled scenarios: their names, and what each one shows."""
    files = bundled()
    if show is not None:
        if show not in files:
            raise click.UsageError(unknown("bundled scenario", show, files))
        click.echo(files[show].read_text(encoding="utf-8"), nl=False)
        return
    from mock_p1.scenario.files import read_scenario  # noqa: PLC0415 -- no help page needs it

    rows = [
        (name, said_exactly(" ".join(read_scenario(file, name=file.name).description.split())))
        for name, file in files.items()
    ]
    Results().table(rows, styles=("bold", ""))
