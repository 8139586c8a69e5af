"""`serve --save` and `--load`: a mock that goes on where it was."""

import json
import signal
import sys

import pytest
import requests

from mock_p1 import mocked
from mock_p1.base.clock import RealClock
from mock_p1.engine.engine import Engine
from mock_p1.scenario.files import load_scenario
from mock_p1.server.state_file import read_state, write_state

PATH = "/v1/external/retrain_jobs/retrain-001"


@pytest.fixture
def state(tmp_path):
    """A file with the state of a mock of the demo."""
    write_state(Engine(load_scenario("demo"), RealClock()), tmp_path / "s.json")
    return tmp_path / "s.json"


@pytest.fixture
def never_serves(monkeypatch):
    """A server that would start after all fails the test."""
    monkeypatch.setattr("mock_p1.server.server.Server.run", lambda _: pytest.fail("it served"))


@pytest.fixture
def ends_at_once(monkeypatch):
    """A server that ends as soon as it has begun."""
    monkeypatch.setattr("mock_p1.server.server.Server.run", lambda self: self._close())


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to send")
def test_a_mock_goes_on_after_a_restart(serve, tmp_path):
    """Clock, jobs and journal: the same line starts it, whether or not there is a file yet."""
    file = str(tmp_path / "s.json")
    options = ("slow-training", "--log-format", "json", "--save", file, "--load", file)
    seen = []
    with requests.Session() as client:
        client.trust_env = False
        for _ in range(2):
            served = serve(*options)
            url = json.loads(served.announcement)["url"]
            answer = client.get(url + PATH, headers={"x-api-key": "any-key"}, timeout=10)
            seen.append(answer.json()["status"])
            client.post(f"{url}/__admin/clock", json={"advance": "20m"}, timeout=10)
            served.process.send_signal(signal.SIGTERM)
            logged = served.process.communicate(timeout=10)[1]
            assert json.loads(logged.splitlines()[-1]) == {
                "event": "stopped",
                "by": "SIGTERM",
                "state": file,
            }
            assert served.process.returncode == 0
    assert seen == ["job_waiting", "job_running"]
    with mocked("slow-training", load=file) as mock:
        assert [poll.status for poll in mock.polls()] == seen


def test_it_says_where_it_goes_on_from(run, state, ends_at_once):
    """The start message does."""
    result = run("serve", "--port", "0", "--load", str(state))
    assert result.exit_code == 0
    assert f"the mock goes on from {state}" in result.output


@pytest.mark.slow
def test_the_state_is_there_from_the_start(serve, tmp_path):
    """And again with every control call."""
    served = serve("demo", "--log-format", "json", "--save", str(tmp_path / "s.json"))
    url = json.loads(served.announcement)["url"]
    with requests.Session() as client:
        client.trust_env = False
        client.post(f"{url}/__admin/clock", json={"freeze": True}, timeout=10)
        answer = client.post(f"{url}/__admin/snapshot", timeout=10).json()
    assert answer["file"] == str((tmp_path / "s.json").resolve())
    assert read_state(tmp_path / "s.json")["clock"]["frozen"] is True


def test_a_disk_that_is_full_at_the_end(run, tmp_path, monkeypatch):
    """Exit status 1, and one line."""

    def full(_):
        raise OSError(28, "full")

    def run_and_fill(self):
        monkeypatch.setattr("os.fsync", full)
        self._close()

    monkeypatch.setattr("mock_p1.server.server.Server.run", run_and_fill)
    result = run("serve", "--port", "0", "--save", str(tmp_path / "s.json"))
    assert result.exit_code == 1
    assert f"--save {tmp_path / 's.json'}: full" in result.output


@pytest.mark.usefixtures("never_serves")
class TestRefused:
    """One line, exit status 1, and nothing is overwritten."""

    def test_another_scenario(self, run, state):
        """It says which was played."""
        result = run("serve", "slow-training", "--load", str(state))
        told = (
            f"--load {state}: it was saved while demo.yaml was played, not slow-training.yaml; "
            "to begin anew, leave out --load\n"
        )
        assert (result.exit_code, result.output) == (1, told)

    def test_a_broken_file_is_not_overwritten(self, run, state):
        """Though it is that of --save too."""
        state.write_text("{", encoding="utf-8")
        result = run("serve", "--load", str(state), "--save", str(state))
        told = (
            f"--load {state}: is no JSON, so no state of a mock; to begin anew, remove the file\n"
        )
        assert (result.exit_code, result.output, state.read_text("utf-8")) == (1, told, "{")

    def test_a_file_that_is_there_and_not_loaded(self, run, state):
        """It says what to type."""
        before = state.read_bytes()
        result = run("serve", "--save", str(state))
        assert result.exit_code == 1
        assert f"give --load {state} too" in result.output
        assert state.read_bytes() == before

    def test_a_file_that_is_loaded_by_another_of_its_names(self, run, state):
        """It is the same file: nothing in it would get lost."""
        other = state.parent / "folder" / ".." / state.name
        other.parent.parent.mkdir()
        state.write_text("", encoding="utf-8")
        result = run("serve", "--save", str(state), "--load", str(other))
        assert result.output.startswith(f"--load {other}: the file is empty; to begin anew, remove")

    def test_no_such_folder(self, run, tmp_path):
        """At the start, so that nobody learns it at the end."""
        file = tmp_path / "no" / "s.json"
        result = run("serve", "--save", str(file))
        told = f"--save {file}: the folder {file.parent} is not there\n"
        assert (result.exit_code, result.output) == (1, told)

    def test_no_such_file(self, run, tmp_path):
        """A file that is not that of --save must be there."""
        file = tmp_path / "s.json"
        result = run("serve", "--load", str(file))
        told = f"--load {file}: there is no such file; to begin anew, leave out --load\n"
        assert (result.exit_code, result.output) == (1, told)
