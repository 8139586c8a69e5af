"""docs/ci.md: what it shows are the files of examples/ci, and its commands are ours."""

import re
import shlex
from pathlib import Path

import click
import pytest
from helpers.strict_yaml import read_yaml

from mock_p1.cli import main

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
SHOWN = dict(re.findall(r"^<!-- (\S+) -->\n```\w+\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
EXAMPLES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "examples/ci").iterdir())
COMMANDS = re.findall(r"^mock-p1 .*$", PAGE, re.MULTILINE)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_shown_as_it_stands(name):
    """Every file of the folder, to the letter."""
    assert SHOWN[name] == (ROOT / name).read_text(encoding="utf-8")


def test_the_hook_that_is_named_is_there():
    """By its id."""
    (repo,) = read_yaml(SHOWN[".pre-commit-config.yaml"])["repos"]
    hooks = read_yaml((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert {hook["id"] for hook in repo["hooks"]} <= {hook["id"] for hook in hooks}


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_s_options_are_there(line):
    """Each is one of the command that the line calls."""
    _, name, *words = shlex.split(line)
    command = main.get_command(click.Context(main), name)
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("-")} <= known


def test_every_block_is_looked_at():
    """None stands without a test."""
    assert PAGE.count("\n```") == 2 * (len(SHOWN) + PAGE.count("```sh"))
    assert len(COMMANDS) == 3
