"""``python docs/pictures.py``: the pictures of the pages, each recorded from a real run.

Writes ``docs/pictures/NAME-light.svg`` and ``-dark.svg`` of what commands print: lines come up as
they were printed, long pauses made shorter; for who wants no motion they stand there at once. And
``dashboard-light.png`` and ``-dark.png``. Needs a POSIX terminal, Chromium and the group `browser`.
"""

from __future__ import annotations

import io
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import requests
from rich.console import Console
from rich.terminal_theme import DEFAULT_TERMINAL_THEME, DIMMED_MONOKAI
from rich.text import Text

import mock_p1

DOCS = Path(__file__).parent
FOLDER = DOCS / "pictures"
THEMES = {"light": DEFAULT_TERMINAL_THEME, "dark": DIMMED_MONOKAI}
LONGEST_PAUSE_SECONDS = 0.5
ERASED, ONE_UP, CURSOR = "\x1b[2K", b"\x1b[1A", re.compile(r"\x1b\[\?25[lh]")
FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
BLOCK = re.compile(r"^<!-- (\S+) -->\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)

Line = tuple[float, str]
"""When a line was complete, in seconds since the command began; and what it says."""


def record(command: list[str], folder: Path, columns: int) -> list[Line]:
    """Run a command in a terminal of so many columns; return its lines."""
    reading, writing = pty.openpty()
    keep = {"PATH", "HOME", "LANG"}
    settings = {"COLUMNS": str(columns), "TERM": "xterm-256color", "PYTHONUTF8": "1"}
    environment = {name: value for name, value in os.environ.items() if name in keep} | settings
    began, lines, rest = time.monotonic(), [], b""
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=writing, stderr=writing
    ) as process:
        os.close(writing)
        while chunk := _read(reading):
            *whole, rest = (rest + chunk).split(b"\n")
            for line in whole:
                if ONE_UP in line:  # a progress bar is taken away when it has ended
                    lines.pop()
                lines.append((time.monotonic() - began, _shown(line)))
    os.close(reading)
    if process.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return lines


def _read(reading: int) -> bytes:
    try:
        return os.read(reading, 65536)
    except OSError:  # Linux's way to say that it has ended
        return b""


def _shown(line: bytes) -> str:
    """Return what is left of a line: what a progress bar has drawn over is gone."""
    return CURSOR.sub("", line.decode().rstrip("\r").rpartition(ERASED)[2])


def draw(name: str, command: str, lines: list[Line], columns: int) -> None:
    """Write the pictures of a recording, below the command as it is typed."""
    for theme, colours in THEMES.items():
        console = Console(width=columns, record=True, file=io.StringIO(), force_terminal=True)
        console.print(Text(f"$ {command}", style="bold"))
        for _, line in lines:
            console.print(Text.from_ansi(line), no_wrap=True, overflow="ellipsis")
        svg = console.export_svg(title="", theme=colours, unique_id=name)
        svg = FONT.sub("", svg).replace("Fira Code", "ui-monospace, Menlo, Consolas")
        svg = svg.replace("</style>", f"{_motion(name, lines)}</style>", 1)
        path = FOLDER / f"{name}-{theme}.svg"
        path.write_text(svg, encoding="utf-8", newline="\n")


def _motion(name: str, lines: list[Line]) -> str:
    """Return the style by which each line comes up at its time."""
    rules, moment = ["@keyframes appear { from { opacity: 0 } }"], LONGEST_PAUSE_SECONDS
    for number, ((before, _), (after, _)) in enumerate(pairwise([(0.0, ""), *lines]), 1):
        moment += min(after - before, LONGEST_PAUSE_SECONDS)
        which = f'[clip-path="url(#{name}-line-{number})"]'
        rules.append(f"{which} {{ animation: appear 1ms {moment:.2f}s both }}")
    return "@media (prefers-reduced-motion: no-preference) {\n" + "\n".join(rules) + "\n}\n"


def photograph() -> None:
    """Write the pictures of the dashboard, in the midst of a few jobs."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 -- only for these

    with mock_p1.serving("whole-sequence") as mock, sync_playwright() as playwright:
        api, client = f"{mock.url}/v1/external", requests.Session()
        client.headers["x-api-key"] = mock.api_key
        for name, polls in (("train.csv", 4), ("second.csv", 2)):
            answer = client.get(f"{api}/retrain_jobs/upload_url", params={"filename": name}).json()
            requests.put(answer["upload_url"], data=b"age,left\n31,no\n", timeout=10)
            for _ in range(polls):
                client.get(f"{api}/retrain_jobs/{answer['retrain_job_id']}")
        client.get(f"{api}/retrain_jobs/no-such-job")
        mock.fail_next("timeout")
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        for theme in THEMES:
            page = browser.new_page(
                viewport={"width": 1280, "height": 800}, color_scheme=theme, device_scale_factor=1
            )
            page.goto(f"{mock.url}/__admin/")
            page.get_by_text("second.csv").first.wait_for()
            page.locator(".poll").first.wait_for()
            page.screenshot(path=FOLDER / f"dashboard-{theme}.png")
        browser.close()


def main() -> None:
    """Record everything."""
    python = Path(sys.executable).parent
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = [str(python / "mock-p1"), "demo"]
        draw("demo", "mock-p1 demo", record(command, folder, 120), 120)
        for file, text in reversed(BLOCK.findall((DOCS / "tutorial.md").read_text("utf-8"))):
            (folder / file).write_text(text, encoding="utf-8")  # of a file with two, the first
        options = ["-q", "--color=yes", "-p", "no:cacheprovider", "-p", "no:randomly"]
        command = [str(python / "pytest"), *options, "test_order.py"]
        draw("failing-test", "pytest -q test_order.py", record(command, folder, 150), 150)
    photograph()


if __name__ == "__main__":
    main()
