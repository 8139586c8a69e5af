"""Blocks of a page: what they show is run, and compared with what is printed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

BLOCK = re.compile(r"(?:^<!-- (\S+) -->\n)?^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HIDDEN_FILE = re.compile(r"^<!-- (\S+)\n(.*?)^-->$", re.MULTILINE | re.DOTALL)
SHOWN_ADDRESS = "127.0.0.1:8191"
LEFT_OUT = "…"


class Block(NamedTuple):
    """A fenced block: its language, its text, and its file, if a comment before it names one."""

    language: str
    text: str
    file: str


def blocks_of(text):
    """Return the blocks of a page, in their order."""
    return [Block(language, code, file) for file, language, code in BLOCK.findall(text)]


def environment():
    """What a new user's shell has: our commands on the path, no settings of ours."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MOCK_P1_", "PYTEST_", "COV_"))
    }
    path = os.pathsep.join((str(Path(sys.executable).parent), kept.get("PATH", "")))
    return {**kept, "PATH": path, "PYTHONUTF8": "1", "MOCK_P1_PORT": "0"}


def commands(text):
    """The commands of a console block, each with the lines that it should print."""
    found = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        else:
            found[-1][1].append(line)
    return found


def fits(printed, shown):
    """Tell whether lines were printed as shown.

    An ellipsis stands for any text in a line; alone in a line, for any number of lines.
    """
    pattern = "".join(
        r"(?:.*\n)*" if line == LEFT_OUT else f"{'.*'.join(map(re.escape, line.split(LEFT_OUT)))}\n"
        for line in shown
    )
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in printed)) is not None


class Session:
    """A shell session with at most one server in the background, on a free port."""

    def __init__(self, folder):
        self.folder, self.server, self.address = folder, None, SHOWN_ADDRESS
        self.variables = ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.server:
            self.server.terminate()
            self.server.communicate(timeout=10)

    def run(self, command):
        """Run a command; return what it prints, with the server's address as the README has it."""
        if command.endswith(" &"):
            return self.start(command.removesuffix(" &"))
        if re.match(r"\w+=", command):
            self.variables += f"{command}\n"
        done = subprocess.run(
            ["sh", "-c", f"{self.variables}{command}".replace(SHOWN_ADDRESS, self.address)],
            cwd=self.folder, env=environment(),
            capture_output=True, encoding="utf-8", timeout=60, check=False,
        )  # fmt: skip
        return done.stdout.replace(self.address, SHOWN_ADDRESS)

    def start(self, command):
        """Start a server, and return its announcement."""
        self.server = subprocess.Popen(
            ["sh", "-c", f"exec {command}"], cwd=self.folder, env=environment(), encoding="utf-8",
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        lines = list(
            takewhile(str.strip, self.server.stdout)
        )  # up to its first empty line; the server goes on
        self.address = re.search(r"http://(\S+)", lines[0])[1]
        return "".join(lines).replace(self.address, SHOWN_ADDRESS)
