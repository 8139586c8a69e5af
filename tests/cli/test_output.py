"""Tables and lines on a terminal, and what consoles that read no escape codes get of them."""

import io
import os
import subprocess
import sys

import pytest
from rich.console import Console

from mock_p1.cli.output import Results


def test_a_table_leaves_its_colours_to_the_library():
    """No escape code stands in its text: an old console of Windows would show it as it is."""
    results = Results()
    results.console = Console(
        force_terminal=True, color_system="standard", file=io.StringIO(), record=True, width=80
    )
    results.table([("a", "b"), ("c", "")], header=("one", "two"), styles=("bold", "yellow"))
    text = results.console.export_text(styles=False, clear=False)
    assert text == "  one  two\n  a    b\n  c\n"
    assert "\x1b[1m" in results.console.file.getvalue()


@pytest.mark.slow
@pytest.mark.parametrize(("encoding", "shown"), [("cp932", "学習中です ?"), ("cp1252", "????? é")])
def test_a_pipe_of_windows_takes_japanese(tmp_path, encoding, shown):
    """What its code page lacks becomes question marks; nothing fails, and the exit is as ever."""
    text = "jobs: {a: {timeline: [{status: job_running, message: 学習中です é}]}}"
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    left = {name: value for name, value in os.environ.items() if name != "PYTHONUTF8"}
    run = subprocess.run(
        [sys.executable, "-m", "mock_p1", "explain", "a.yaml"],
        env={**left, "PYTHONIOENCODING": encoding},
        cwd=tmp_path, capture_output=True, check=False,
    )  # fmt: skip
    assert (run.returncode, run.stderr) == (0, b"")
    assert shown in run.stdout.decode(encoding)
