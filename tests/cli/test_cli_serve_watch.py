"""``mock-p1 serve --watch``: what you save is played, or its problems are told."""

import json
import os
import signal
import sys

import pytest
import requests

from mock_p1.admin.watcher import Broken, Reloaded
from mock_p1.cli.log_lines import FORMATS
from mock_p1.cli.request_log import ReloadLog
from mock_p1.scenario.problems import Problem

POSIX = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no signals to send to another process"
)


def save(file, text):
    """Save as editors do, so that nobody reads half of it."""
    fresh = file.with_suffix(".new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(file)


@pytest.fixture
def file(tmp_path):
    """The file that is watched."""
    file = tmp_path / "mine.yaml"
    file.write_text("jobs: {a: {timeline: [{status: before}]}}", encoding="utf-8")
    return file


def status(url):
    """Poll the job."""
    with requests.Session() as session:
        session.trust_env = False
        reply = session.get(
            f"{url}/v1/external/retrain_jobs/a", headers={"x-api-key": "k"}, timeout=10
        )
    return reply.json()["status"]


@pytest.mark.slow
@POSIX
def test_what_is_saved_is_played_or_reported(serve, file):
    """From the disk to the next poll.

    A broken file is named with its line, and leaves the one before; then the end.
    """
    served = serve("--watch", "--log-format", "json", "--quiet", str(file))
    facts = json.loads(served.announcement)
    assert any("is watched" in note for note in facts["notes"])
    save(file, "jobs: {a: {timeline: [{statas: x}]}}")
    broken = json.loads(served.process.stderr.readline())
    assert (broken["event"], broken["problems"][0]["line"]) == ("scenario_broken", 1)
    assert status(facts["url"]) == "before"
    shown = requests.get(f"{facts['url']}/__admin/scenario", timeout=10).json()
    assert shown["problems"] == broken["problems"]
    save(file, "jobs: {a: {timeline: [{status: after}]}}")
    while status(facts["url"]) != "after":  # quiet, it says nothing of what went well
        pass
    served.process.send_signal(signal.SIGTERM)
    assert served.process.communicate(timeout=10)[1] == ""
    assert served.process.returncode == 0


@pytest.mark.slow
@POSIX
def test_what_is_swapped_in_is_logged(serve, file):
    """As text, and in the house form, unless it is to be quiet; MOCK_P1_WATCH does the same."""
    served = serve(str(file), MOCK_P1_WATCH="1")
    save(file, "jobs: {}\nsed: 1\n")
    assert served.process.stderr.readline().startswith(f"{file}:2:1: ")
    assert served.process.stderr.readline().endswith("the scenario before is still being served\n")
    save(file, "jobs: {}\n")
    assert served.process.stderr.readline().startswith(
        f"{file}: changed, and swapped in; jobs under way that go on: 0 of 0"
    )


@POSIX
def test_what_is_no_file_cannot_be_watched(run, tmp_path):
    """A pipe is read once; exit 1, and what to do."""
    pipe = tmp_path / "pipe.yaml"
    os.mkfifo(pipe)
    result = run("serve", "--port", "0", "--watch", str(pipe))
    assert result.exit_code == 1
    assert "--watch needs a file" in result.output


def test_problems_in_the_log_are_lines_of_their_own():
    """Whatever stands in them."""
    problems = (Problem("m.yaml", 1, 2, "odd \x1b[2J"), Problem("m.yaml", 3, 4, "two\nlines"))
    lines = FORMATS["text"].reload(Broken("m.yaml", problems)).split("\n")
    assert lines[:2] == ["m.yaml:1:2: odd \\x1b[2J", "m.yaml:3:4: two\\nlines"]
    assert len(lines) == 3


def test_a_swap_in_the_json_log():
    """With how many jobs kept their state."""
    row = json.loads(FORMATS["json"].reload(Reloaded("m.yaml", 2, 1)))
    assert row == {"event": "reloaded", "scenario": "m.yaml", "kept": 2, "dropped": 1}


def test_a_log_whose_reader_has_gone():
    """Nothing happens."""

    class Gone:
        def write(self, _):
            raise BrokenPipeError

        def flush(self):
            pass

    ReloadLog(FORMATS["text"], Gone(), quiet=False)(Reloaded("m.yaml", 0, 0))
