"""What the README says in words and tables is so.

Names, options, variables, errors, faults, assumptions, links.
"""

import re
from pathlib import Path

import click
import pytest

from mock_p1 import DOCUMENTED_ERRORS, Handle, load_scenario
from mock_p1._version import __version__
from mock_p1.cli import COMMANDS, main
from mock_p1.contract.assumptions import Assumptions
from mock_p1.contract.errors import FAULTS
from mock_p1.contract.operations import (
    DOCUMENTED_HOSTS,
    OPERATIONS,
    RETRAIN_STATUS_CHECK,
    SIBLINGS,
)
from mock_p1.scenario.files import bundled

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROSE = re.sub(r"^```.*?^```$", "", README, flags=re.MULTILINE | re.DOTALL)
OTHERS = {"--rm", "--build", "--list", "--help"}  # of docker, nox, and of everything


def table(header):
    """The rows of the table with this header line, each a list of cells."""
    rows = README.split(f"\n| {header} |\n")[1].split("\n\n")[0].splitlines()[1:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows]


def code(cell):
    """What stands in backticks in a cell."""
    return re.findall(r"`([^`]+)`", cell)


def test_the_bundled_scenarios():
    """The table names every bundled scenario, with the description that the file has."""
    described = {name: load_scenario(name).description for name in bundled()}
    assert {code(name)[0]: text for name, text in table("scenario | what it shows")} == described


def test_the_commands():
    """The table has a row for every command, in the order of --help."""
    rows = table("command | does | exit status")
    assert [code(cell)[0].split()[0] for cell, *_ in rows] == list(COMMANDS)


def options():
    """Every option of every command, and their parameters' names."""
    context = click.Context(main)
    commands = [main, *(main.get_command(context, name) for name in COMMANDS)]
    return {
        option: each.name for command in commands for each in command.params for option in each.opts
    }


def test_every_option_exists(pytestconfig):
    """An option that the text mentions is one of ours, of the pytest plugin, or of docker."""
    mentioned = {
        option for span in code(PROSE) for option in re.findall(r"--[a-z][a-z0-9-]+", span)
    }
    of_pytest = {
        "--mock-p1-scenario",
        "--mock-p1-coverage",
        "--mock-p1-coverage-fail-under",
        "--base-url",
    }
    assert pytestconfig.getoption("mock_p1_scenario", "missing") != "missing"
    assert mentioned - {*options(), *of_pytest, *OTHERS} == set()
    assert len(mentioned) > 5


@pytest.mark.parametrize("file", ["README.md", "Dockerfile", "compose.yaml"])
def test_every_variable_exists(file):
    """A MOCK_P1_ variable that a file mentions belongs to an option, or is the scenario's."""
    known = {f"MOCK_P1_{name.upper()}" for name in options().values()} | {"MOCK_P1_SCENARIO"}
    mentioned = set(re.findall(r"MOCK_P1_[A-Z_]+", (ROOT / file).read_text(encoding="utf-8")))
    assert mentioned
    assert mentioned - known == set()


def test_the_handle():
    """All that the table shows on the handle is there, and all that is public is in the table."""
    shown = {
        name
        for cell, _ in table("on the handle | what it does")
        for name in re.findall(r"`\.(\w+)", cell)
    }
    public = {name for name in dir(Handle) if not name.startswith("_")}
    assert shown - public == set()
    assert public - shown <= {"report"}


def test_the_marker_and_the_settings(pytestconfig):
    """Fixtures, ini settings and the marker's arguments are those of the plugin."""
    shown = {name for cell, _ in table("in pytest | what it is") for name in code(cell)}
    assert {
        "mock_p1",
        "mock_p1_server",
        "mock_p1_scenario",
        "mock_p1_scenario_dir",
        "--mock-p1-scenario",
    } <= shown
    assert pytestconfig.getini("mock_p1_scenario") is not None
    assert pytestconfig.getini("mock_p1_scenario_dir") is not None
    (marker,) = (line for line in pytestconfig.getini("markers") if line.startswith("mock_p1("))
    taken = set(re.findall(r"(\w+)=", marker.partition(")")[0]))
    assert taken == {name for cell in shown for name in re.findall(r"^(\w+)=", cell)}


def test_the_errors():
    """The five errors stand there to the letter."""
    rows = [
        (code(name)[0], code(message)[0], reason)
        for name, message, reason in table("name here | message | the manual's reason")
    ]
    assert rows == [
        (error.name, error.message, error.reason) for error in DOCUMENTED_ERRORS.values()
    ]
    assert {(str(error.code), error.error) for error in DOCUMENTED_ERRORS.values()} == {
        tuple(re.search(r"all `(\d+)` `(\w+)`", README).groups())
    }


def test_the_faults():
    """The table of faults is the code's own."""
    assert {code(name)[0]: text for name, text in table("fault | what the client meets")} == dict(
        FAULTS
    )


def test_the_assumptions():
    """Every assumption that can be overridden is in the table, as assumed, and no other."""
    rows = table("what | value | standing | to change it")
    named = {
        name: standing
        for *_, standing, change in rows
        for name in code(change)
        if name.isidentifier()
    }
    assert set(named) == set(Assumptions.model_fields)
    assert set(named.values()) == {"assumed"}


def test_the_assumed_values_are_the_defaults():
    """What the table gives as assumed is what the code assumes."""
    assumed = Assumptions()
    values = {
        name: value
        for _, value, _, change in table("what | value | standing | to change it")
        for name in code(change)
    }
    assert values["error_http_status"] == str(assumed.error_http_status)
    assert list(assumed.error_body) == re.findall(r'"(\w+)":', values["error_body"])
    assert assumed.error_code_type in values["error_code_type"]
    for name in ("missing_api_key", "unknown_api_key", "job_of_another_key"):
        assert values[name] == f"`{getattr(assumed, name)}`"
    assert assumed.checked_first == "api_key"
    assert values["checked_first"] == "the key, then the job"


def test_the_contract():
    """Path, hosts and reply fields are the contract's; siblings are named as not imitated."""
    assert str(OPERATIONS[0]) in README
    assert all(host in README for host in DOCUMENTED_HOSTS)
    (fields,) = (
        value
        for what, value, *_ in table("what | value | standing | to change it")
        if what == "reply"
    )
    assert [name.split(".")[0] for name in code(fields)] == [
        field.name for field in RETRAIN_STATUS_CHECK.reply
    ]
    assert all(sibling.name.removesuffix(" API") in README for sibling in SIBLINGS)


def test_links_lead_somewhere():
    """A link leads to a file that is there, a link inside the page to a heading."""
    headings = {
        re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-")
        for line in re.findall(r"^#+ (.*)$", PROSE, re.MULTILINE)
    }
    for target in re.findall(r"\]\(([^)]+)\)", PROSE):
        file, _, anchor = target.partition("#")
        assert not file or (ROOT / file).is_file(), target
        assert not anchor or anchor in headings, target


def test_the_two_commands_stand_there():
    """The commands that a newcomer copies stand there to the letter, each on a line of its own."""
    for command in ("pip install . && mock-p1 demo", "pip install -e '.[test]' && pytest"):
        assert f"\n{command}\n" in README


def test_the_changelog_knows_this_version():
    """The newest entry of the changelog is this version's."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## \[(\d\S*)\]", changelog, re.MULTILINE)[0] == __version__
