"""``mock-p1 record``: what a person types, what is written, and how it ends."""

from __future__ import annotations

import errno
import os
import signal
import ssl
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from pathlib import Path

import pytest
import trustme
from click.testing import CliRunner
from helpers.odd_servers import dripping, odd, saying, whole
from helpers.signals import ignored

from mock_p1 import load_scenario, mocked
from mock_p1.base.clock import VirtualClock
from mock_p1.cli import main
from mock_p1.engine.engine import Engine
from mock_p1.recording.job_recorder import JobRecorder
from mock_p1.server.server import Server, ServerThread
from mock_p1.verify.pace import Pace

command = import_module("mock_p1.cli.record_service")

HAPPY = ["job_waiting", "job_running", "job_finished"]


@pytest.fixture
def out(tmp_path):
    """Where a recording is written."""
    return tmp_path / "scenario.yaml"


@pytest.fixture
def record(out):
    """Run ``mock-p1 record URL -o FILE`` with a job and a key; give click's result."""

    def record(url, *arguments, key="demo-key", job="retrain-001"):
        given = ["record", url, "-o", str(out), *(["--job-id", job] if job else []), *arguments]
        env = {"MOCK_P1_API_KEY": key} if key else {}
        return CliRunner().invoke(main, given, catch_exceptions=False, env=env)

    return record


@pytest.fixture
def playing(monkeypatch):
    """Play a scenario in-process, and let the command wait by its clock."""

    @contextmanager
    def playing(scenario):
        with mocked(scenario) as mock:
            began = mock.now

            def pace(timeout, limit):
                def now():
                    return (mock.now - began).total_seconds()

                return Pace(timeout=timeout, limit=limit, now=now, sleep=mock.advance)

            monkeypatch.setattr(command, "Pace", pace)
            monkeypatch.setattr(command, "JobRecorder", partial(JobRecorder, date=lambda: mock.now))
            yield mock

    return playing


def statuses(file):
    """The statuses of the first job of a scenario file."""
    job = next(iter(load_scenario(file).jobs.values()))
    return [getattr(step, "status", None) for step in job.steps]


def test_a_job_is_recorded_to_its_end(record, playing, out):
    """The file plays what was seen; progress and the end are told on stderr."""
    with playing("happy-path") as mock:
        done = record(mock.url)

    assert done.exit_code == 0, done.output
    assert statuses(out) == HAPPY
    assert "job_running" in done.stderr
    assert f"{out} is written: 6 polls; it is finished" in done.stderr
    assert done.stdout == ""


def test_the_pace_is_kept(record, playing):
    """From poll to poll passes what --every says, however long the answer took."""
    with playing("overloaded") as mock:
        record(mock.url, "--every", "60s")
        mock.assert_interval(min="59.9s", max="61s")


def test_patience_is_kept(record, playing):
    """Who is asked to wait (Retry-After) waits."""
    with playing("overloaded") as mock:
        record(mock.url, "--every", "5s")
        mock.assert_respects_retry_after()


def test_it_stops_at_a_status_of_choice(record, playing, out):
    """And says so in the file."""
    with playing("happy-path") as mock:
        done = record(mock.url, "--until", "job_running")

    assert done.exit_code == 0
    assert statuses(out) == HAPPY[:2]
    assert "job_running was seen" in out.read_text(encoding="utf-8")


def test_at_the_limit_what_was_seen_is_written(record, playing, out):
    """Exit 3: the end was not seen."""
    with playing("slow-training") as mock:
        done = record(mock.url, "--every", "1m", "--limit", "20m")

    assert done.exit_code == 3
    assert statuses(out) == HAPPY[:2]


def interrupt():
    """Do what Ctrl-C does."""
    raise KeyboardInterrupt


def stop_at(monkeypatch, polls, by=interrupt):
    """Let Ctrl-C come during the wait after so many polls."""
    waits = []

    def wait(self, seconds):
        waits.append(seconds)
        if seconds > 1 and sum(each > 1 for each in waits) >= polls:
            by()

    monkeypatch.setattr(Pace, "wait", wait)


def test_ctrl_c_writes_what_there_is(record, playing, out, monkeypatch):
    """It is a way to end a recording: exit 0."""
    stop_at(monkeypatch, 3)
    with playing("happy-path") as mock:
        done = record(mock.url)

    assert done.exit_code == 0
    assert statuses(out) == HAPPY[:2]
    assert "it was stopped" in out.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGBREAK"])
def test_other_ways_to_stop_it(record, playing, out, monkeypatch, name):
    """Signals that were ignored, as SIGINT is in a script's background; Windows' Ctrl-Break too."""
    with ignored(monkeypatch, name) as number, playing("happy-path") as mock:
        stop_at(monkeypatch, 3, by=lambda: signal.raise_signal(number))
        done = record(mock.url)
        assert signal.getsignal(number) == signal.SIG_IGN

    assert (done.exit_code, statuses(out)) == (0, HAPPY[:2])


def test_a_second_ctrl_c_leaves_no_half_of_a_file(record, playing, out, monkeypatch):
    """It comes while the file is written: nothing is left, also not beside it."""
    stop_at(monkeypatch, 3)

    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fsync", interrupted)
    with playing("happy-path") as mock:
        done = record(mock.url)

    assert done.exit_code == 130
    assert os.listdir(out.parent) == []  # noqa: PTH208 -- names alone


def test_a_file_that_is_there_is_left_alone(record, playing, out):
    """Before anything is asked; --force replaces it."""
    out.write_text("mine", encoding="utf-8")
    with playing("happy-path") as mock:
        refused = record(mock.url)
        assert not mock.was_asked
        replaced = record(mock.url, "--force")

    assert refused.exit_code == 1
    assert "is there already, and is left alone; see --force" in refused.stderr
    assert replaced.exit_code == 0
    assert statuses(out) == HAPPY


def test_a_folder_that_is_none_is_told_at_once(record, playing, out):
    """Not after hours."""
    with playing("happy-path") as mock:
        done = CliRunner().invoke(
            main,
            [
                "record",
                mock.url,
                "-o",
                str(out / "x.yaml"),
                "--job-id",
                "a",
                "--api-key",
                "demo-key",
            ],
        )
        assert not mock.was_asked
    assert done.exit_code == 1
    assert "cannot be written" in done.stderr


def test_what_cannot_be_written_is_printed(record, playing, out, monkeypatch):
    """A full disk loses nothing: the scenario is on stdout."""

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with playing("happy-path") as mock:
        monkeypatch.setattr("os.fsync", full)
        done = record(mock.url)

    assert done.exit_code == 1
    assert "no space left on device" in done.stderr
    assert [step.status for step in load_scenario(done.stdout).jobs["retrain-001"].steps] == HAPPY
    assert not out.exists()


def test_the_result_is_described_and_not_kept(record, playing, out):
    """Size, members and rows in a comment; as many rows are invented."""
    with playing("slow-training") as mock:
        record(mock.url, "--every", "10m")

    text = " ".join(out.read_text(encoding="utf-8").split())
    assert "a ZIP of metrics.csv (3 rows)," in text
    assert load_scenario(out).jobs["retrain-001"].steps[-1].result.rows == 500
    assert [file.name for file in out.parent.iterdir()] == ["scenario.yaml"]


def test_the_result_is_kept_where_it_is_asked_for(record, playing, out):
    """It lies beside the scenario, and is what the link of the recording brings."""
    with playing("happy-path") as mock:
        record(mock.url, "--with-result")
        (download,) = mock.downloads()

    kept = out.parent / "scenario-result.zip"
    scenario = load_scenario(out)
    assert scenario.files == {kept.name: kept.read_bytes()}
    assert download.complete


def test_no_result_asks_for_none(record, playing):
    """The service is asked for the job alone."""
    with playing("happy-path") as mock:
        record(mock.url, "--no-result")
        assert mock.downloads() == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"key": None}, "give a key that sees the job"),
        ({"job": None}, "give the job by --job-id"),
        ({"job": "a/b"}, "has a slash in it"),
        ({"job": "a*"}, "a * in an id of a scenario stands for any characters"),
        ({"job": "x" * 201}, "an id has 1 to 200"),
        ({"job": "upload_url"}, "is a path of the API, never an id"),
        ({"key": "two\nlines"}, "--api-key holds a line break"),
    ],
)
def test_what_is_missing_is_told(record, arguments, said):
    """Usage: exit 2, and what to give."""
    done = record("http://127.0.0.1:1", **arguments)

    assert done.exit_code == 2
    assert said in done.stderr


@pytest.mark.parametrize("key", ["expired-key", "wrong-key"])
def test_a_wrong_key_stops_at_the_first_poll(record, playing, out, key):
    """It does not poll for hours, writes nothing and does not show the key."""
    with playing("demo") as mock:
        done = record(mock.url, key=key)
        mock.assert_polled(times=1)

    assert done.exit_code == 2
    assert "nothing more was asked" in done.stderr
    assert key not in done.stderr
    assert not out.exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("talk", "said"),
    [
        (
            whole("302 Found", "<html>moved</html>", Location="https://login.example/?next=secret"),
            "redirects to https://login.example/ (HTTP 302); it is not followed",
        ),
        (whole("200 OK", "<html>Please log in</html>"), "not with JSON"),
        (whole("200 OK", "{" * 1_100_000), "not with JSON"),
        (saying("HTTP/1.1 200 OK\nContent-Type: text/html\n\n" + "endless " * 200_000), "not with"),
        (dripping, "gave no whole answer within 0.3 s"),
        (saying("SSH-2.0-OpenSSH_9.2\n"), "something that is not HTTP"),
    ],
    ids=["302", "HTML", "a million braces", "endless", "dripping", "no HTTP"],
)
def test_a_wall_stops_at_once(record, out, talk, said):
    """Something else than the API answers: exit 3, in words, and nothing is written."""
    with odd(talk) as host:
        done = record(f"http://{host}", "--timeout", "300ms" if talk is dripping else "60s")

    assert done.exit_code == 3
    assert said in done.stderr
    assert "secret" not in done.stderr
    assert not out.exists()


def test_no_route_is_told(record, out):
    """Nobody listens there."""
    done = record("http://127.0.0.1:1")

    assert done.exit_code == 3
    assert "Could not reach: 127.0.0.1:1 refused the connection" in done.stderr
    assert not out.exists()


@pytest.fixture(scope="module")
def authority():
    """An authority that no machine trusts."""
    return trustme.CA()


@pytest.fixture
def secure(authority):
    """The mock behind TLS, at a job that is finished."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    steps = [{"status": "job_finished", "model_id": 7, "result": {"rows": 3}}]
    scenario = load_scenario({"jobs": {"retrain-001": {"timeline": steps}}})
    with ServerThread(Server(Engine(scenario, VirtualClock()), tls=context)) as running:
        yield running.server


def test_tls_of_an_unknown_authority_is_told(record, secure):
    """With what to do about it."""
    done = record(secure.url)

    assert done.exit_code == 3
    assert "--ca-file" in done.stderr


def test_through_tls(record, out, secure, authority, tmp_path):
    """Answer and result come through; the file knows no host."""
    trusted = Path(tmp_path / "ca.pem")
    authority.cert_pem.write_to_path(str(trusted))
    done = record(secure.url, "--ca-file", str(trusted))

    assert done.exit_code == 0, done.stderr
    assert load_scenario(out).jobs["retrain-001"].steps[0].result.rows == 3
    assert "127.0.0.1" not in out.read_text(encoding="utf-8")


def test_append_adds_to_the_file(record, playing, out):
    """Another job, its result beside the first one's."""
    with playing("happy-path") as mock:
        record(mock.url, "--with-result", job="a")
    with playing("happy-path") as mock:
        done = record(mock.url, "--with-result", "--append", job="b")

    assert done.exit_code == 0, done.stderr
    assert [*load_scenario(out).jobs] == ["a", "b"]
    assert sorted(load_scenario(out).files) == ["scenario-result-2.zip", "scenario-result.zip"]


def test_append_to_a_file_with_problems_is_refused(record, playing, out):
    """All of them are named, and nothing is asked."""
    out.write_text("jobs: {r-1: {fault: x}}", encoding="utf-8")
    with playing("happy-path") as mock:
        done = record(mock.url, "--append")
        assert not mock.was_asked

    assert done.exit_code == 1
    assert "scenario.yaml:1:" in done.stderr
