"""docs/ci.md: what it shows are the files of examples/ci, and its commands are ours."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import click
import pytest
from helpers.strict_yaml import read_yaml

from mock_p1.base.clock import RealClock
from mock_p1.cli import main
from mock_p1.engine.engine import Engine
from mock_p1.scenario.files import load_scenario
from mock_p1.server.server import Server, ServerThread

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


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_a_scenario_is_sent_as_shown(tmp_path):
    """To a mock in a container, which is to be steered from outside: by the token."""
    (line,) = re.findall(r"^curl .*$", PAGE, re.MULTILINE)
    file = tmp_path / "scenario.yaml"
    file.write_text("jobs: {of-mine: {timeline: [{status: done}]}}\n", encoding="utf-8")
    token = re.search(r"Bearer ([\w-]+)", line)[1]
    assert f"MOCK_P1_ADMIN_TOKEN: {token}" in SHOWN["examples/ci/gitlab-ci.yml"]
    engine = Engine(load_scenario("demo"), RealClock())
    with ServerThread(Server(engine, admin_token=token)) as served:
        mine = line.replace("tests/scenario.yaml", file.as_posix())
        words = shlex.split(mine.replace("http://127.0.0.1:8191", served.server.url))
        subprocess.run(words, check=True, capture_output=True, timeout=30)
    assert engine.scenario.text == file.read_text(encoding="utf-8")
