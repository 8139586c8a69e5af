"""``mock-p1 schema``: the JSON Schema of scenario files, for editors."""

from __future__ import annotations

import json
from typing import IO

import click

from mock_p1.cli.options import command, output_option


@command()
@output_option
def schema(*, output: IO[str]) -> None:
    """Print the JSON Schema (draft 2020-12) of scenario files.

    Save it beside your scenarios and name it in their first line: editors then complete keys and
    mark mistakes.

    \b
      mock-p1 schema --output scenario.schema.json
      # yaml-language-server: $schema=./scenario.schema.json
    """  # noqa: D301 -- \b is click's mark for lines to be kept
    from mock_p1.scenario.json_schema import scenario_schema  # noqa: PLC0415 -- loads pydantic

    # ASCII, so that any redirection keeps it whole
    click.echo(json.dumps(scenario_schema(), indent=2), file=output)
