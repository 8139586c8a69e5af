"""Every block for a shell, of the README and of docs, follows the rules of the shell it is for."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(sh|console|bat|powershell)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = [
    pytest.param(language, text, id=f"{page.name}:{language}-{number}")
    for page in PAGES
    for number, (language, text) in enumerate(BLOCK.findall(page.read_text(encoding="utf-8")))
]
BASH = shutil.which("bash")
WINDOWS_ROW = re.compile(r"^\| cmd, PowerShell 5\.1 and 7 \| (.*) \|$", re.MULTILINE)


def lines_of(language, text):
    """Return the commands of a block."""
    if language == "console":
        return [line[2:] for line in text.splitlines() if line.startswith("$ ")]
    return [line for line in text.splitlines() if line.strip()]


def as_bash(line):
    """Bash reads it, and quotes are closed."""
    shlex.split(line, comments=True)
    if BASH:
        read = subprocess.run([BASH, "-n", "-c", line], capture_output=True, text=True, check=False)
        assert (read.returncode, read.stderr) == (0, "")
    assert not re.search(r"curl\.exe|\$env:|%\w+%", line)


def as_cmd(line):
    """Quotes are double ones, those within them are escaped, and no other shell is spoken."""
    outside = re.sub(r'"(?:[^"\\]|\\.)*"', "", line)
    assert '"' not in outside
    assert not re.search(r"[&|<>^%']|\$|`|\bexport\b|^\w+=|^\s*#", outside)
    assert "%" not in line
    assert not re.search(r"\bcurl\b(?!\.exe)", line)


def as_powershell(line):
    """Of 5.1 as of 7: no && and no curl, quotes are closed, and none is escaped for a program."""
    assert "&&" not in line
    assert "||" not in line
    assert not re.search(r"\bcurl\b", line)
    assert '\\"' not in line
    rest = re.sub(r"'[^']*'|\"[^\"]*\"", "", line)
    assert not re.search(r"['\"]", rest)
    assert not re.search(r"%\w+%|\bexport\b|^set\b|^\w+=", rest)
    assert rest.count("(") == rest.count(")")
    assert rest.count("{") == rest.count("}")


RULES = {
    "sh": (as_bash,),
    "console": (as_bash,),
    "bat": (as_cmd,),
    "powershell": (as_powershell,),
}


@pytest.mark.parametrize(("language", "text"), BLOCKS)
def test_every_block_is_as_its_shell_reads_it(language, text):
    """Line by line, one command each."""
    lines = lines_of(language, text)
    assert lines
    for line in lines:
        for follows in RULES[language]:
            follows(line)


def test_there_is_no_block_for_a_shell_under_another_name():
    """Which this test would pass over."""
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    names = set(re.findall(r"^```(\w+)$", text, re.MULTILINE))
    assert names <= {*RULES, "python", "js", "yaml", "text", "json", "nginx"}


def test_the_first_commands_on_windows_are_as_all_its_shells_read_them():
    """What the README names beside the lines for bash; the same commands, one a line."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (row,) = WINDOWS_ROW.findall(readme)
    commands = re.findall(r"`([^`]+)`", row)
    for command in commands:
        as_cmd(command)
        as_powershell(command)
    for_bash = re.findall(r"^(pip install .*) && (.*)$", readme, re.MULTILINE)
    assert [shlex.split(each) for each in commands] == [
        shlex.split(command) for line in for_bash for command in line
    ]


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        (as_bash, "echo 'open"),
        (as_bash, "pip install '.[test]' &&"),
        (as_bash, '$env:A = "b"'),
        (as_cmd, "pip install '.[test]'"),
        (as_cmd, "pip install . && mock-p1 demo"),
        (as_cmd, "curl http://127.0.0.1/"),
        (as_cmd, 'curl.exe "a'),
        (as_cmd, "export A=b"),
        (as_powershell, "pip install . && mock-p1 demo"),
        (as_powershell, "curl http://127.0.0.1/"),
        (as_powershell, 'curl.exe -d "{\\"a\\": 1}"'),
        (as_powershell, "set A=b"),
        (as_powershell, 'Invoke-RestMethod "a'),
    ],
)
def test_what_another_shell_reads_is_refused(rule, line):
    """So that the rules are some."""
    with pytest.raises((AssertionError, ValueError)):
        rule(line)
