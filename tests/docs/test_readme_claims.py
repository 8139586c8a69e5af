"""What the README says in words and tables is so.

Names, options, variables, errors, faults, assumptions, links.
"""

import re
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import click
import pytest

import mock_p1
from mock_p1 import DOCUMENTED_ERRORS, Handle, Poll, load_scenario
from mock_p1._version import __version__
from mock_p1.admin.admin_openapi import document
from mock_p1.base.durations import format_duration
from mock_p1.cli import COMMANDS, main
from mock_p1.cli.serve import serve
from mock_p1.contract.assumptions import Assumptions
from mock_p1.contract.errors import FAULTS
from mock_p1.contract.operations import DOCUMENTED_HOSTS, OPERATIONS, SIBLINGS
from mock_p1.scenario.files import bundled

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROSE = re.sub(r"^```.*?^```$", "", README, flags=re.MULTILINE | re.DOTALL)
ERRORS = "name here | message | the manual's reason | key | upload URL | status | switch"
OTHERS = {
    "--rm",
    "--build",
    "--list",
    "--help",
    "--pyargs",
}  # of docker, nox, pytest, of everything


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


def test_the_options_of_serve():
    """The table has each, once, and no other."""
    shown = [name for cell, _ in table("option of `serve` | does") for name in code(cell)]
    there = {each.opts[-1] for each in serve.params if isinstance(each, click.Option)}
    assert sorted(shown) == sorted(there - {"--lang"})  # every command has that


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
    """The documented errors stand there to the letter, and which call answers which."""
    calls = [operation for operation in OPERATIONS.values() if operation.errors]
    rows = [
        (code(name)[0], code(message)[0], reason, [calls[i].name for i in range(4) if answers[i]])
        for name, message, reason, *answers in table(ERRORS)
    ]
    assert len(calls) == 4
    assert rows == [
        (
            error.name,
            error.message,
            error.reason,
            [each.name for each in calls if error.name in each.errors],
        )
        for error in DOCUMENTED_ERRORS.values()
    ]
    usual, other = re.findall(r"`(\d{10})`\s`(PREDA_\w+)`", README)
    *most, last = [(str(error.code), error.error) for error in DOCUMENTED_ERRORS.values()]
    assert {*most} == {usual}
    assert last == other
    assert "The eleven documented errors." in README
    assert len(DOCUMENTED_ERRORS) == 11


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
    assert set(named) == set(Assumptions.field_names)
    assert set(named.values()) == {"assumed"}


def test_the_assumed_values_are_the_defaults():
    """What the table gives as assumed is what the code assumes."""
    assumed = Assumptions()
    values = {
        name: value
        for _, value, _, change in table("what | value | standing | to change it")
        for name in code(change)
    }
    by_status = {str(assumed.http_status(name)) for name in DOCUMENTED_ERRORS}
    assert {*re.findall(r"\d+", values["error_http_status"])} == by_status
    assert list(assumed.error_body) == re.findall(r'"(\w+)":', values["error_body"])
    assert assumed.error_code_type in values["error_code_type"]
    for name in ("missing_api_key", "unknown_api_key", "job_of_another_key"):
        assert values[name] == f"`{getattr(assumed, name)}`"
    assert assumed.checked_first == "api_key"
    assert values["checked_first"] == "the key, then the job"
    assert values["key_lifetime"] == format_duration(assumed.key_lifetime).replace("d", " days")
    end = datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert code(values["end_date_format"])[0] == end.strftime(assumed.end_date_format)
    assert values["upload_reply"].startswith(str(assumed.upload_reply))
    assert values["switch_of_failed_job"] == f"`{assumed.switch_of_failed_job}`"
    accepted = {name for name, value in values.items() if value.startswith("accepted")}
    assert accepted == {
        name for name in Assumptions.field_names if getattr(assumed, name) == "accept"
    }


def test_assumptions_on_the_page_of_the_sequence():
    """A key in brackets behind a rule is that of an assumption."""
    page = (ROOT / "docs" / "sequence.md").read_text("utf-8")
    named = re.findall(r"\(`(\w+)`\)", page)
    assert len(named) > 5
    assert set(named) - set(Assumptions.field_names) == set()


def test_the_calls():
    """The table has each call of the contract: its path, query, credential and reply."""
    rows = table("call | in `x-api-key` | reply")
    assert len(rows) == len(OPERATIONS)
    for (call, needs, reply), operation in zip(rows, OPERATIONS.values(), strict=True):
        path = f"{{{operation.link}}}" if operation.link else operation.template
        query = [parameter.name for parameter in operation.query]
        assert code(call) == [f"{operation.method} {path}", *query]
        assert needs == (operation.needs or "nothing")
        assert code(reply) == [field.name for field in operation.reply]


def test_the_hosts_and_what_is_not_imitated():
    """Both hosts stand there; so do the parts of the service that the mock only knows by name."""
    assert all(host in README for host in DOCUMENTED_HOSTS)
    bold = re.search(r"\*\*(It trains nothing.*?)\*\*", README, re.DOTALL)[1]
    parts = {sibling.name.partition(":")[0] for sibling in SIBLINGS}
    assert all(part in " ".join(bold.split()) for part in parts)


def test_the_control_api():
    """The table has each call of the control API, and no other."""
    calls = [
        f"{method.upper()} {path.removeprefix('/__admin/')}"
        for path, methods in document()["paths"].items()
        for method in methods
    ]
    shown = [call for cell, _ in table("path below `/__admin` | does") for call in code(cell)]
    assert sorted(call.replace("{id}", "{job_id}") for call in shown) == sorted(calls)


def headings(page):
    """The headings of a page, as links name them."""
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    return {
        re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-")
        for line in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    }


@pytest.mark.parametrize(
    "page", [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")], ids=lambda page: page.name
)
def test_links_lead_somewhere(page):
    """A link of a page leads to a file that is there, and to a heading that it has."""
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if target.startswith("https://"):
            continue
        file, _, anchor = target.partition("#")
        there = page.parent / file if file else page
        assert there.exists(), target
        assert not anchor or anchor in headings(there), target


def test_the_two_commands_stand_there():
    """The commands that a newcomer copies stand there to the letter, each on a line of its own."""
    for command in ("pip install . && mock-p1 demo", "pip install -e '.[test]' && pytest"):
        assert f"\n{command}\n" in README


def test_the_changelog_names_what_is_there_and_what_went():
    """The names on the handle and of the package are there; the removed ones are not."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    entries = re.findall(r"^- (.*?)(?=\n- |\n\n|\Z)", changelog, re.MULTILINE | re.DOTALL)

    def names(start):
        (entry,) = (entry for entry in entries if entry.startswith(start))
        return set(re.findall(r"`(\w[\w.]*)", entry))

    assert names("On the handle") <= set(dir(Handle))
    assert names("Typed for users") - {"mypy", "mock_p1"} <= set(mock_p1.__all__)
    gone = {name.partition(".")[2] for name in names("`Poll.at`")} - {"seconds"}
    assert gone == {"at", "moment", "series"}
    assert gone & {*dir(Poll), *Poll.__dataclass_fields__} == set()
    for package in names("The packages") - {"mock_p1"}:
        assert find_spec(package) is None


def test_the_changelog_knows_this_version():
    """The newest entry of the changelog is this version's."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## \[(\d\S*)\]", changelog, re.MULTILINE)[0] == __version__


def test_each_picture_is_there_for_light_and_for_dark():
    """As ``docs/pictures.py`` writes them; and none that no page shows."""
    shown = set(re.findall(r'="docs/pictures/([\w.-]+)"', README))
    assert shown == {path.name for path in (ROOT / "docs" / "pictures").iterdir()}
    assert {name.replace("-dark", "-light") for name in shown} <= shown
