"""``mock-p1 openapi``: the OpenAPI description of the imitated API."""

from __future__ import annotations

import json

import click
import yaml

from mock_p1.cli.options import command
from mock_p1.contract.openapi_document import openapi as description


@command()
@click.option(
    "--yaml", "as_yaml", is_flag=True, envvar="MOCK_P1_YAML", help="Print YAML instead of JSON."
)
def openapi(*, as_yaml: bool) -> None:
    """Print the OpenAPI 3.1 description of the imitated API.

    Each element says by x-standing how well it is known, documented or assumed, and by x-source
    where from.
    """
    # ASCII, so that any redirection keeps it whole; YAML likewise
    text = json.dumps(description(), indent=2)
    if as_yaml:
        text = yaml.safe_dump(json.loads(text), sort_keys=False, width=100).rstrip()
    click.echo(text)
