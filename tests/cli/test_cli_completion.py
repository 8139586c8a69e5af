"""``mock-p1 completion``: commands, options and scenarios are completed, in four shells."""

import os
import shutil
import subprocess
import sys

import pytest

from mock_p1.cli import COMMANDS
from mock_p1.cli.completion import CLASSES
from mock_p1.scenario.files import bundled


def completed(shell, line, begun, **variables):
    """What the program answers a shell that asks how a line could go on."""
    words = line.split()
    asked = {
        "_MOCK_P1_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": f"{line} {begun}".strip() if shell != "fish" else line,
        "COMP_CWORD": begun if shell == "fish" else str(len(words)),
        "_MOCK_P1_WORDS": f"{line} {begun}".strip(),
        "_MOCK_P1_WORD": begun,
    }
    done = subprocess.run(
        [sys.executable, "-c", "from mock_p1.cli import main; main(prog_name='mock-p1')"],
        env={**os.environ, "PYTHONUTF8": "1", **asked, **variables},
        capture_output=True, encoding="utf-8", check=True,
    )  # fmt: skip
    return done.stdout.split("\n")


@pytest.mark.slow
@pytest.mark.parametrize("shell", CLASSES)
def test_a_scenario(shell):
    """Its name is completed as the argument of serve, in every shell."""
    text = "\n".join(completed(shell, "mock-p1 serve", "over"))
    assert "overloaded" in text
    assert "stuck" not in text


@pytest.mark.slow
@pytest.mark.parametrize(
    "line", ["mock-p1 explain", "mock-p1 init --from", "mock-p1 scenarios --show",
             "mock-p1 serve --scenario", "mock-p1 check"],
)  # fmt: skip
def test_wherever_one_is_named(line):
    """Also as an option's value."""
    assert "plain,stuck" in completed("bash", line, "stu")


def test_all_scenarios():
    """Where nothing is begun, every name."""
    said = completed("powershell", "mock-p1 serve", "")
    assert [line.strip() for line in said if line] == [*bundled()]


def test_a_file_where_no_name_begins_so():
    """The shell looks for one."""
    assert completed("bash", "mock-p1 serve", "./my") == ["file,./my", ""]


def test_commands_with_what_they_do():
    """Each with its line of the help page; none is imported for it."""
    said = [line.split("\t") for line in completed("powershell", "mock-p1", "s") if line]
    assert said == [[name, each.summary] for name, each in COMMANDS.items() if name.startswith("s")]


def test_options():
    """Of the command that the line has."""
    said = "\n".join(completed("powershell", "mock-p1 serve", "--sp"))
    assert said.startswith("--speed\t")


@pytest.mark.parametrize("shell", CLASSES)
def test_what_the_shell_reads(run, shell):
    """The lines name the program, and how it asks."""
    result = run("completion", shell)
    assert result.exit_code == 0
    assert "mock-p1" in result.output
    assert "_MOCK_P1_COMPLETE" in result.output
    assert f"{shell}_complete" in result.output


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_can_read_it(run, shell, tmp_path):
    """It is right syntax."""
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    (tmp_path / "script").write_text(run("completion", shell).output, encoding="utf-8")
    done = subprocess.run([program, "-n", tmp_path / "script"], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


BASH = """
source "$1"
COMP_WORDS=(mock-p1 serve over); COMP_CWORD=2
_mock_p1_completion mock-p1
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.skipif(
    sys.platform == "win32" or shutil.which("bash") is None, reason="needs bash, and its paths"
)
def test_bash_completes(run, tmp_path):
    """For real: what TAB would bring."""
    (tmp_path / "script").write_text(run("completion", "bash").output, encoding="utf-8")
    program = tmp_path / "mock-p1"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m mock_p1 "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    done = subprocess.run(
        ["bash", "--norc", "-c", BASH, "-", tmp_path / "script"],
        env={**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True, encoding="utf-8", check=True,
    )  # fmt: skip
    assert done.stdout == "overloaded\n"


def test_a_shell_that_there_is_not(run):
    """Is wrong usage, with those that there are."""
    result = run("completion", "tcsh")
    assert (result.exit_code, "powershell" in result.output) == (2, True)
