"""What an extra brings and is not installed: an option that needs it says what to type."""

import importlib.util
import subprocess
import sys

import pytest

from mock_p1.base import extras


@pytest.mark.parametrize(
    ("option", "library", "extra"),
    [("--tls", "cryptography", "tls"), ("--watch", "watchfiles", "watch")],
)
def test_an_option_without_its_library(run, monkeypatch, option, library, extra):
    """Nothing is served; the library, the extra and the line to type are named."""
    found = importlib.util.find_spec
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == library else found(name))
    result = run("serve", "demo", "--port", "0", option)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        f'{option} needs {library}, which is not installed; type: pip install "mock-p1[{extra}]"\n'
    )


def test_a_first_test_without_what_moves_its_dates(run, monkeypatch, tmp_path):
    """``init --pytest`` writes one that waits in no time: nothing is written before it can run."""
    found = importlib.util.find_spec
    lacks = {"time_machine"}
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name in lacks else found(name))
    monkeypatch.chdir(tmp_path)
    result = run("init", "--pytest")
    assert (result.exit_code, [*tmp_path.iterdir()]) == (1, [])
    assert result.stderr == (
        '--pytest needs time-machine, which is not installed; type: pip install "mock-p1[clock]"\n'
    )


BLOCKED = """
import sys
for name in ("cryptography", "watchfiles", "httpx", "prometheus_client", "redis", "time_machine"):
    sys.modules[name] = None
from mock_p1.cli import main
main(["demo", "--speed", "1000"])
"""


@pytest.mark.slow
def test_the_first_command_needs_no_extra():
    """Nor does the server, a client in-process, or the check of a scenario."""
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED], capture_output=True, encoding="utf-8", check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "Switch to the new model" in done.stdout
