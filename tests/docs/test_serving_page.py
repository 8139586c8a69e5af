"""docs/serving.md is true: keys of the first line, options, and what the cluster is told."""

import json
import re
from pathlib import Path

import pytest
from helpers.strict_yaml import read_yaml

from mock_p1.cli.healthcheck import healthcheck
from mock_p1.cli.serve import serve
from mock_p1.cli.startup_message import Address, as_json
from mock_p1.engine.engine import Engine
from mock_p1.scenario.files import load_scenario

PAGE = (Path(__file__).parents[2] / "docs" / "serving.md").read_text(encoding="utf-8")
OTHERS = {"--health-start-interval", "--overallRate", "--profile", "--start-interval"}
"""Options of other programs."""


def test_every_key_of_the_first_line_is_there():
    """Whoever reads it as a program looks here."""
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)?) \| ", PAGE, re.MULTILINE)
    shown = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    line = as_json(Engine(load_scenario("demo")), Address("http://127.0.0.1:1"), [])
    assert set(json.loads(line)) == set(shown) - {"ab", "autocannon", "hey", "wrk"}


def test_every_option_exists():
    """Of the server and of its health check."""
    known = {
        name for each in (serve, healthcheck) for option in each.params for name in option.opts
    }
    assert set(re.findall(r"`(--[a-z][a-zA-Z-]+)", PAGE)) - OTHERS <= known | {"--help"}


@pytest.mark.parametrize("block", re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
def test_what_a_cluster_is_told(block):
    """It is YAML, and its commands are ours."""
    (container,) = read_yaml(block)["containers"]
    assert container["args"][0] == "serve"
    assert container["readinessProbe"]["exec"]["command"] == ["mock-p1", "healthcheck"]
