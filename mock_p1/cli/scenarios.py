"""``mock-p1 scenarios``: what is bundled."""

from __future__ import annotations

from mock_p1.cli.options import command
from mock_p1.cli.output import Results
from mock_p1.scenario.files import bundled, read_scenario


@command()
def scenarios() -> None:
    """List the bundled scenarios: their names, and what each one shows."""
    rows = [
        (name, " ".join(read_scenario(file, name=file.name).description.split()))
        for name, file in bundled().items()
    ]
    Results().table(rows, styles=("bold", ""))
