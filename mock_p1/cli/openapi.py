"""``mock-p1 openapi``: the OpenAPI description of the imitated API."""

from __future__ import annotations

import json
from typing import IO

import click

from mock_p1.cli.options import command, output_option
from mock_p1.contract.openapi_document import VERSIONS, Version
from mock_p1.contract.openapi_document import openapi as description


@command()
@click.option(
    "--spec",
    type=click.Choice([*VERSIONS]),
    default="3.1",
    help="The version of OpenAPI; many tools read no 3.1.",
)
@click.option(
    "--yaml", "as_yaml", is_flag=True, envvar="MOCK_P1_YAML", help="Print YAML instead of JSON."
)
@output_option
def openapi(*, spec: Version, as_yaml: bool, output: IO[str]) -> None:
    """Print the OpenAPI description of the imitated API.

    Each element says by x-standing how well it is known, documented or assumed, and by x-source
    where from.
    """
    # ASCII, so that any redirection keeps it whole; YAML likewise
    text = json.dumps(description(version=spec), indent=2)
    if as_yaml:
        import yaml  # noqa: PLC0415 -- takes long, and is seldom asked for

        text = yaml.safe_dump(json.loads(text), sort_keys=False, width=100).rstrip()
    click.echo(text, file=output)
