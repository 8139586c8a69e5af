"""``mock-p1 schema``: the JSON Schema of scenario files, with which editors complete and check them."""

from __future__ import annotations

import json

import click

from mock_p1.scenario.json_schema import scenario_schema


@click.command()
def schema() -> None:
    """Print the JSON Schema (draft 2020-12) of scenario files.

    Save it beside your scenarios and name it in their first line: editors then complete keys and mark mistakes.

    \b
      mock-p1 schema > scenario.schema.json
      # yaml-language-server: $schema=./scenario.schema.json
    """  # noqa: D301 -- \b is click's mark for lines to be kept
    click.echo(
        json.dumps(scenario_schema(), indent=2)
    )  # ASCII, so that any redirection keeps it whole
