"""``mock-p1`` itself: its help page, its version, what it says of commands it does not have."""

import os
import subprocess
import sys

import click
import pytest

from mock_p1._version import __version__
from mock_p1.cli import COMMANDS, main

HEAVY = (
    "faker",
    "flask",
    "pydantic",
    "pydantic_core",
    "requests",
    "responses",
    "rich",
    "uvicorn",
    "yaml",
)


def modules_after(*arguments: str) -> set[str]:
    """Run ``mock-p1`` in a process of its own and return which heavy libraries it has imported."""
    script = (
        "import sys\nfrom mock_p1.cli import main\n"
        "try:\n    main()\n"
        "finally:\n    print('loaded', *sorted(name.split('.')[0] for name in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return set(done.stdout.rpartition("loaded ")[2].split()) & set(HEAVY)


def test_version(run):
    """--version prints name and version on one line."""
    assert run("--version").output == f"mock-p1 {__version__}\n"


def test_python_m():
    """`python -m mock_p1` is the same program."""
    done = subprocess.run(
        [sys.executable, "-m", "mock_p1", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"mock-p1 {__version__}\n"


@pytest.mark.parametrize("asked", ["-h", "--help"])
def test_help_lists_every_command(run, asked):
    """-h and --help name every command in the order of the table, each with its line."""
    result = run(asked)
    assert result.exit_code == 0
    listed = [line.split()[0] for line in result.output.partition("Commands:\n")[2].splitlines()]
    assert listed == list(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_listed_command_exists(run, name):
    """The table names no command that cannot be imported, and each describes itself."""
    result = run(name, "--help")
    assert (result.exit_code, f" {name} " in result.output.splitlines()[0]) == (0, True)


@pytest.mark.parametrize(
    "arguments",
    [["--version"], ["--help"], ["healthcheck", "--port", "1"], ["nonsense"]],
    ids=" ".join,
)
def test_light(arguments):
    """What calls no command, and the health check of containers, import no library but click."""
    assert modules_after(*arguments) == set()


ASKED = """
import sys
before = set(sys.modules)  # what measures coverage loads some itself
import io
from contextlib import redirect_stdout
from click import Option
from click.shell_completion import BashComplete
from mock_p1.cli import COMMANDS, main

shell = BashComplete(main, {}, "mock-p1", "")
for name in COMMANDS:
    with redirect_stdout(io.StringIO()):
        main([name, "--help"], standalone_mode=False)
    command = main.get_command(None, name)
    options = [max(each.opts) for each in command.params if isinstance(each, Option)]
    for words in ([name], *([name, option] for option in options)):
        for begun in ("", "--", "st"):
            shell.get_completions(words, begun)
    print(name, *sorted(set(sys.modules) - before))
    before = set(sys.modules)
"""

LIGHT_ROOMS = {"base", "cli", "contract", "verify"}
LIGHT = {
    *("mock_p1.admin", "mock_p1.admin.curl_line", "mock_p1.engine", "mock_p1.engine.limits"),
    *("mock_p1.scenario", "mock_p1.scenario.bundled", "mock_p1.scenario.problems"),
    *("mock_p1.server", "mock_p1.server.user_folders"),
}
"""What may be loaded of other rooms."""


def is_heavy(module: str) -> bool:
    """Tell what only running a command needs: it takes longer than all of a help page."""
    top, _, rest = module.partition(".")
    if top == "mock_p1" and rest:
        return rest.partition(".")[0] not in LIGHT_ROOMS | {"_version"} and module not in LIGHT
    return top in {*HEAVY, "asyncio", "logging", "urllib3", "xml", "zipfile"}


def test_help_and_completion_of_every_command_are_light():
    """Of its name, its options, their values and its arguments: a shell asks at each press."""
    done = subprocess.run(
        [sys.executable, "-c", ASKED], capture_output=True, encoding="utf-8", check=True
    )
    loaded = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines()}
    assert [*loaded] == [*COMMANDS]
    heavy = {name: [*filter(is_heavy, modules)] for name, modules in loaded.items()}
    assert {name: modules for name, modules in heavy.items() if modules} == {}


@pytest.mark.slow
def test_the_light_test_can_fail():
    """A command that does work is seen to import what it needs."""
    assert "pydantic_core" in modules_after("check", "demo")


@pytest.mark.parametrize(
    ("begun", "number", "found"),
    [
        ("mock-p1 ", 1, [*COMMANDS]),
        ("mock-p1 sc", 1, ["scenarios", "schema"]),
        ("mock-p1 --v", 1, ["--version"]),
        ("mock-p1 serve --journal", 2, ["--journal-max"]),
    ],
)
def test_a_shell_completes(run, begun, number, found):
    """Commands by their table, and the options of a command that is there already."""
    asked = {"_MOCK_P1_COMPLETE": "bash_complete", "COMP_WORDS": begun, "COMP_CWORD": str(number)}
    output = run(env=asked, prog_name="mock-p1").output
    assert [line.partition(",")[2] for line in output.splitlines()] == found


def test_completing_a_command_loads_none(run, monkeypatch):
    """A shell asks at each press of a key."""

    def fails(name):
        raise AssertionError(name)

    monkeypatch.setattr("mock_p1.cli.group.import_module", fails)
    asked = {"_MOCK_P1_COMPLETE": "zsh_complete", "COMP_WORDS": "mock-p1 ser", "COMP_CWORD": "1"}
    lines = run(env=asked, prog_name="mock-p1").output.splitlines()
    assert lines == ["plain", "serve", COMMANDS["serve"].summary]


def test_unknown_command(run):
    """An unknown command is a usage error that names the commands and the nearest one."""
    result = run("serv")
    assert result.exit_code == 2
    assert "unknown command 'serv'; known: check, clean, completion, demo" in result.output
    assert result.output.endswith("did you mean serve?\n")


def test_no_command(run):
    """Without a command the help page says what there is."""
    assert "Commands:" in run().output


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_has_a_variable(run, command):
    """The help of every option names its environment variable.

    MOCK_P1_ and the option's name, whatever the command.
    """
    shown = "".join(run(command, "--help").output.split())
    options = main.get_command(click.Context(main), command).params
    names = [
        max(option.opts, key=len)
        for option in options
        if isinstance(option, click.Option) and not option.hidden
    ]
    variables = ["MOCK_P1_" + name.strip("-").replace("-", "_").upper() for name in names]
    assert [variable for variable in variables if variable not in shown] == []


def test_a_variable_counts(run):
    """A variable does what its option does, errors included."""
    result = run("serve", env={"MOCK_P1_SPEED": "0"})
    assert (result.exit_code, "--speed" in result.output) == (2, True)


def test_an_option_goes_before_its_variable(run):
    """Where both are given, the option counts."""
    result = run("healthcheck", "--port", "0", env={"MOCK_P1_PORT": "70000"})
    assert "port 0 let the server take any free port" in result.output


def test_an_empty_variable_is_none(run):
    """A variable that is set to nothing, as compose files do it, leaves the default."""
    assert (
        "127.0.0.1:8191"
        in run(
            "healthcheck", "--timeout", "0.01", env={"MOCK_P1_PORT": "", "MOCK_P1_HOST": ""}
        ).output
    )


def test_the_version_has_no_variable(run):
    """MOCK_P1_VERSION, a likely name in a Dockerfile, means nothing here."""
    assert run("scenarios", env={"MOCK_P1_VERSION": "1.2.3"}).exit_code == 0


def test_no_output_fails_over_its_encoding(run):
    """What a console's encoding lacks is shown as a question mark."""
    result = run("check", "✓", charset="cp932")
    assert (result.exit_code, result.output.startswith("?: no such file")) == (1, True)


def test_defaults_are_shown(run):
    """The help of an option says what holds without it."""
    assert "127.0.0.1" in run("serve", "--help").output


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no full disk to try")  # noqa: PTH110 -- a device
@pytest.mark.parametrize(
    "arguments",
    [["scenarios"], ["check", "demo"], ["explain", "demo"], ["schema"], ["--help"], ["--version"],
     ["demo"],
     ["serve", "--port", "0"], ["serve", "--port", "0", "--log-format", "json"]],
    ids=" ".join,
)  # fmt: skip
@pytest.mark.slow
def test_a_full_disk_is_one_line(arguments):
    """Exit 1, and no traceback, whatever part of the output was still to be written."""
    with open("/dev/full", "w", encoding="utf-8") as full:  # noqa: PTH123 -- a device
        done = subprocess.run(
            [sys.executable, "-m", "mock_p1", *arguments],
            stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert done.stderr == "the output cannot be written: No space left on device\n"
    assert done.returncode == 1


@pytest.mark.slow
def test_a_python_whose_garbage_cannot_be_frozen():
    """Such as PyPy: nothing is missing, but a moment at the end."""
    script = "import gc\ndel gc.freeze\nfrom mock_p1.cli import main\nmain(['--version'])"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, encoding="utf-8", check=True
    )
    assert __version__ in done.stdout
