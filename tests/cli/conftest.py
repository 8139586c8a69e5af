"""A command line without this machine's own variables, and servers as processes of their own."""

import gc
import os
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from mock_p1.cli import main


@pytest.fixture(autouse=True)
def _no_variables_of_our_own(monkeypatch, tmp_path):
    # a server that runs on this machine keeps its address in the usual folder
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg-cache"))
    # they are counted one by one, and the suite's own are a million
    monkeypatch.setattr(gc, "get_freeze_count", lambda: 1)
    for name in [
        name
        for name in os.environ
        if name.startswith("MOCK_P1_") or name in ("NO_COLOR", "FORCE_COLOR")
    ]:
        monkeypatch.delenv(name)


@pytest.fixture
def run():
    """Run a command in this process.

    ``run("check", "demo")`` gives click's result; what it read may be ``input``.
    """

    def run(*arguments, charset="utf-8", **options):
        return CliRunner(charset=charset).invoke(main, arguments, catch_exceptions=False, **options)

    return run


@pytest.fixture
def serve():
    """Start ``mock-p1 serve --port 0`` as a process.

    Its announcement, its URL and the process; killed at the end.
    """
    started = []

    def serve(*arguments, **variables):
        process = subprocess.Popen(
            [sys.executable, "-m", "mock_p1", "serve", "--port", "0", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env={**os.environ, "PYTHONUTF8": "1", **variables},
        )
        started.append(process)
        alarm = threading.Timer(60, process.kill)  # then the announcement ends
        alarm.start()
        lines = [process.stdout.readline()]
        while not lines[-1].startswith(("{", "  stop")) and lines[-1]:
            lines.append(process.stdout.readline())
        alarm.cancel()
        return SimpleNamespace(process=process, announcement="".join(lines))

    yield serve
    for process in started:
        process.kill()
        process.communicate()
