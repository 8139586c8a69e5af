"""`serve --state`: processes of their own that share a state in a real store."""

import errno
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests
from helpers.redis_server import NEEDED, redis_server

from mock_p1.cli import workers
from mock_p1.cli.log_lines import FORMATS
from mock_p1.contract.operations import OPERATIONS
from mock_p1.engine.job_states import DEFAULT_JOBS_MAX
from mock_p1.scenario.files import load_scenario
from mock_p1.server import shared_state
from mock_p1.server.shared_state import share
from mock_p1.server.upload_store import UploadStore

PATH = "/v1/external/retrain_jobs"


@pytest.fixture(scope="module")
def store():
    """A store."""
    with redis_server() as server:
        yield server


@pytest.fixture
def client():
    """A client that no proxy of this machine comes before."""
    with requests.Session() as session:
        session.trust_env = False
        yield session


def started(serve, *options):
    """Start a server; its URL and its process."""
    served = serve("--log-format", "json", "-q", *options)
    return json.loads(served.announcement)["url"], served.process


@pytest.mark.slow
@NEEDED
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals to send")
def test_a_process_that_is_killed_midway(serve, store, client):
    """The client goes on at another, and ends right; both journals had all of it."""
    options = ("whole-sequence", "--state", store.url, "--state-name", "killed")
    (one, process), (other, survivor) = started(serve, *options), started(serve, *options)
    query = {"credential_type": "retrain", "model_id": "1"}
    secret = {"x-api-key": "demo-secret"}
    key = client.get(f"{one}/v1/external/api-key", params=query, headers=secret, timeout=10)
    headers = {"x-api-key": key.json()["api_key"]}
    issued = client.get(
        f"{one}{PATH}/upload_url", params={"filename": "a.csv"}, headers=headers, timeout=10
    ).json()
    upload = issued["upload_url"].replace(one, other)
    process.kill()
    process.wait()
    assert client.put(upload, data=b"a,b\n1,2\n", timeout=10).status_code == 200
    job = f"{other}{PATH}/{issued['retrain_job_id']}"
    done = {}
    while "download_url" not in done:
        done = client.get(job, headers=headers, timeout=10).json()
        client.post(f"{other}/__admin/clock", json={"advance": "1h"}, timeout=10)
    assert client.get(done["download_url"], timeout=10).status_code == 200
    assert client.put(f"{job}/update_model", headers=headers, timeout=10).status_code == 200
    rows = client.get(f"{other}/__admin/requests", timeout=10).json()["requests"]
    assert {row["operation"] for row in rows} == {*OPERATIONS}
    again, _ = started(serve, *options)
    assert client.get(f"{again}/__admin/requests", timeout=10).json()["requests"] == rows
    survivor.send_signal(signal.SIGTERM)
    survivor.communicate(timeout=10)
    assert survivor.returncode == 0


@pytest.mark.slow
@NEEDED
def test_health_and_the_start_say_so(serve, store, client):
    """Where the state is, and how the store is."""
    served = serve("demo", "-q", "--state", store.url, "--state-name", "health")
    assert f"the state is shared at {store.url}" in served.announcement
    url = next(line for line in served.announcement.split() if line.startswith("http://127"))
    assert client.get(f"{url}/__admin/health", timeout=10).json()["store"] == "ok"


@pytest.mark.slow
@NEEDED
def test_the_start_says_what_was_left_aside(serve, store):
    """The scenario that was given, where another is shared; none was by who gives none."""
    options = ("--state", store.url, "--state-name", "aside", "--state-scenario", "shared")
    told = [serve(*given, "-q", *options).announcement for given in (["stuck"], ["demo"], [])]
    said = ["demo.yaml was left aside, since the state plays stuck.yaml" in each for each in told]
    assert said == [False, True, False]
    assert all("serves stuck.yaml at" in each for each in told)


@pytest.mark.slow
@NEEDED
def test_a_store_that_is_gone(serve, client):
    """The control API says so too; health goes on answering, and names it."""
    with redis_server() as server:
        url, _ = started(serve, "demo", "--state", server.url)
        server.kill()
        refused = client.get(f"{url}/__admin/jobs", timeout=10)
        assert (refused.status_code, refused.json()["error"]) == (503, "MOCK_P1_STORE")
        health = client.get(f"{url}/__admin/health", timeout=10).json()
        assert health["store"].startswith("down: ")
        server.start()


ALWAYS = ("--appendonly", "yes", "--appendfsync", "always")


class Load:
    """Twelve clients that poll a job at three processes in turn, all the time, till they are told.

    ``seen`` has what each poll got: the status, ``down`` for the mock's store, ``lost`` where the
    process was killed meanwhile.
    """

    def __init__(self, urls):
        self.urls, self.seen, self._done = urls, [], threading.Event()
        self._threads = [threading.Thread(target=self._poll, args=(n,)) for n in range(12)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._done.set()
        for thread in self._threads:
            thread.join()

    def _poll(self, number):
        headers, at = {"x-api-key": f"k{number}"}, number
        with requests.Session() as session:
            session.trust_env = False
            while not self._done.is_set():
                url = f"{self.urls[at % 3]}{PATH}/retrain-001"
                try:
                    answer = session.get(url, headers=headers, timeout=20)
                    self.seen.append(answer.headers.get("X-Mock-P1-Store", answer.status_code))
                except requests.ConnectionError:
                    self.seen.append("lost")
                    at += 1

    def goes_on(self):
        """Wait until a hundred more polls were answered."""
        before = self.seen.count(200)
        wait_for(lambda: self.seen.count(200) > before + 100)


@contextmanager
def joined(server):
    """Join the state of processes that play ``stuck``; an engine that knows all of it."""
    options = {"jobs_max": DEFAULT_JOBS_MAX, "journal_max": 100_000, "store": UploadStore()}
    shared = share(load_scenario("stuck"), server.url, "mock-p1", **options)
    yield shared.engine
    shared.close()


@pytest.mark.slow
@pytest.mark.posix
@NEEDED
def test_a_store_that_freezes_and_crashes_under_load(serve, client):
    """503 meanwhile, right afterwards; every answer is counted, and what was counted is known."""
    with redis_server(*ALWAYS) as server:
        options = ("stuck", "--journal-max", "100000", "--state", server.url)
        urls = [started(serve, *options)[0] for _ in range(3)]
        with Load(urls) as load:
            load.goes_on()
            server.freeze()
            at = len(load.seen)
            time.sleep(5)
            meanwhile = load.seen[at:]
            server.thaw()
            load.goes_on()
            server.kill()
            before = load.seen.count("down")
            wait_for(lambda: load.seen.count("down") > before)
            server.start()
            load.goes_on()
        assert set(meanwhile) <= {200, "down"}
        assert meanwhile.count(200) <= 12  # those that were on their way
        assert meanwhile.count("down") >= 12
        with joined(server) as engine:

            def right():  # each process notes what it finds; a moment later all have it
                engine.refresh()
                noted = sum(shared_state.COUNTED in entry.notes for entry in engine.journal)
                return engine.journal.last - noted == load.seen.count(200)

            wait_for(right)
            newest = [client.get(f"{url}/__admin/requests", timeout=20).json() for url in urls]
            assert newest[1:] == [newest[0]] * 2
            assert newest[0]["count"] == len([*engine.journal])


@pytest.mark.slow
@pytest.mark.posix
@NEEDED
def test_processes_and_store_that_are_killed_under_load(serve, client):
    """At any moment, one and then all: what was answered is there, and nothing is there twice."""
    with redis_server(*ALWAYS) as server:
        options = ("stuck", "--journal-max", "100000", "--state", server.url)
        urls, processes = zip(*(started(serve, *options) for _ in range(3)), strict=True)
        with Load(urls) as load:
            load.goes_on()
            processes[0].kill()
            load.goes_on()
            for process in processes[1:]:
                process.kill()
            server.kill()
            wait_for(lambda: load.seen.count("lost") > 12)
        server.start()
        with joined(server) as engine:
            numbers = [entry.number for entry in engine.journal]
        answered = load.seen.count(200)
        unsure = 12 + 12 + load.seen.count("down")  # on their way then, or came too late
        assert answered <= len(numbers) <= answered + unsure
        assert numbers == [*range(1, len(numbers) + 1)]


def wait_for(told):
    """Wait until something is so."""
    until = time.monotonic() + 120
    while not told():
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.mark.slow
@NEEDED
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_workers_share_a_port(serve, store):
    """All of them answer; one that is killed is replaced; SIGTERM ends all."""
    options = ("many-jobs", "--state", store.url, "--state-name", "workers", "--workers", "3")
    url, parent = started(serve, *options)
    path = f"{url}{PATH}/load-1"

    def children():
        listed = Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text("ascii")
        return {int(number) for number in listed.split()}

    def poll():
        with suppress(requests.ConnectionError):  # of a worker that was killed just now
            return requests.get(path, headers={"x-api-key": "demo-key"}, timeout=10).status_code

    ends = time.monotonic() + 60
    while len(before := children()) < 3:
        assert time.monotonic() < ends
    assert {poll() for _ in range(30)} == {200}
    os.kill(killed := min(before), signal.SIGKILL)
    while len(now := children() - {killed}) < 3:
        assert time.monotonic() < ends
        assert poll() in (200, None)
    parent.send_signal(signal.SIGTERM)
    parent.communicate(timeout=10)
    assert parent.returncode == 0
    assert not [number for number in now if Path(f"/proc/{number}").exists()]


@pytest.mark.slow
@pytest.mark.posix
@NEEDED
def test_workers_say_once_what_has_stopped_them(serve, store):
    """Not each of them."""
    options = ("--state", store.url, "--state-name", "stopped", "--workers", "2")
    parent = serve("demo", *options).process
    parent.send_signal(signal.SIGTERM)
    assert parent.communicate(timeout=10)[1] == "stopped by SIGTERM\n"


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("STATE_NAME", "team", "this mock shares no state without --state (MOCK_P1_STATE)"),
        ("STATE_SCENARIO", "shared", "this mock shares no state without --state (MOCK_P1_STATE)"),
        ("SAVE_EVERY", "5s", "nothing is saved without --save (MOCK_P1_SAVE)"),
    ],
)
def test_a_variable_that_does_nothing_alone(run, monkeypatch, name, value, told):
    """It may be set for every start: the mock serves, and its first message says so."""
    monkeypatch.setattr("mock_p1.server.server.Server.run", lambda self: self._close())
    result = run("serve", "--port", "0", env={f"MOCK_P1_{name}": value})
    assert result.exit_code == 0
    assert f"MOCK_P1_{name} does nothing here: {told}\n" in result.output
    assert "does nothing here" not in run("serve", "--port", "0").output


class Process:
    """A worker that is up, or ends before it is, as the test says."""

    says = b"up\n"
    returncode = None
    pid = 7

    def __init__(self, command, *, env, **_):
        self.stdout = io.BytesIO(self.says)
        self.begun.append((command, env))

    def poll(self):
        """Return how it has ended, if it has."""
        return self.returncode


@pytest.fixture
def begun(monkeypatch):
    """The workers that were started: their commands and environments."""
    monkeypatch.setattr(workers.subprocess, "Popen", Process)
    begun = []
    monkeypatch.setattr(Process, "begun", begun, raising=False)
    return begun


def run_workers(count=3):
    """Run workers, who are to end at once."""
    end = threading.Event()
    end.set()
    workers.Workers(count, [], None, FORMATS["text"]).run(end)


def test_one_worker_logs_for_all(monkeypatch, begun):
    """All hear of all requests, so the log would have each as often as there are workers."""
    monkeypatch.delenv("MOCK_P1_QUIET", raising=False)
    run_workers()
    assert [env.get("MOCK_P1_QUIET") for _, env in begun] == [None, "1", "1"]


def test_a_worker_is_started_as_its_parent_was(monkeypatch, begun):
    """By ``-m`` it would find the modules of the folder it is started in before all others."""
    monkeypatch.setattr(sys, "orig_argv", ["python", "/bin/mock-p1", "serve", "--workers", "2"])
    run_workers(1)
    assert begun[0][0] == [sys.executable, "/bin/mock-p1", "serve"]


def test_workers_that_are_to_end_before_the_first_is_up(monkeypatch, begun):
    """Nobody waits for its start, which may take long."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as silent, os.fdopen(writing, "wb"):
        monkeypatch.setattr(io, "BytesIO", lambda _: silent)
        run_workers()
    assert len(begun) == 1


def test_a_first_worker_that_cannot_start(monkeypatch, begun):
    """They end as it does."""
    monkeypatch.setattr(Process, "says", b"")
    monkeypatch.setattr(Process, "returncode", 3)
    with pytest.raises(SystemExit) as ended:
        workers.Workers(3, [], None, FORMATS["text"]).run(threading.Event())
    assert (ended.value.code, len(begun)) == (3, 1)


def test_output_that_cannot_be_written(monkeypatch, begun):
    """It ends them, as it ends a server that is alone."""

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(workers.click, "echo", full)
    late = threading.Event()
    timer = threading.Timer(20, late.set)
    timer.start()
    try:
        with pytest.raises(OSError, match="No space left"):
            workers.Workers(3, [], None, FORMATS["text"]).run(late)
    finally:
        timer.cancel()
    assert len(begun) == 3


@pytest.mark.slow
@pytest.mark.posix
@NEEDED
def test_workers_without_stdout(store, tmp_path):
    """No socket of theirs is in its place."""
    file = tmp_path / "port"
    options = ("--workers", "2", "--state", store.url, "--state-name", "closed", "-q")
    serve = (sys.executable, "-m", "mock_p1", "serve", "--port", "0", "--port-file", str(file))
    command = ("sh", "-c", 'exec "$@" >&-', "sh", *serve, *options)
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        wait_for(lambda: file.exists() or process.poll() is not None)
    finally:
        process.terminate()
        told = process.communicate(timeout=20)[1]
    assert (process.returncode, told) == (0, "")


def test_workers_that_do_not_end(monkeypatch, begun):
    """They are killed, all after the same few seconds: who has stopped them waits no longer."""
    now, killed = [0.0], []

    def wait(_, seconds):
        now[0] += seconds
        raise subprocess.TimeoutExpired("mock-p1", seconds)

    monkeypatch.setattr(Process, "wait", wait, raising=False)
    monkeypatch.setattr(Process, "terminate", lambda _: None, raising=False)
    monkeypatch.setattr(Process, "kill", lambda _: killed.append(now[0]), raising=False)
    monkeypatch.setattr(workers, "time", SimpleNamespace(monotonic=lambda: now[0]))
    end = threading.Event()
    end.set()
    all_of_them = workers.Workers(3, [], None, FORMATS["text"])
    all_of_them.run(end)
    all_of_them.end()
    assert killed == [workers.END_SECONDS] * 3


def test_a_worker_that_is_replaced(monkeypatch, begun, capsys):
    """The log says so in its form."""
    monkeypatch.setattr(Process, "returncode", -9)
    monkeypatch.setattr(workers, "PAUSE_SECONDS", -1)
    end = threading.Event()
    monkeypatch.setattr(end, "wait", lambda _: len(begun) > 2)
    workers.Workers(2, [], None, FORMATS["json"]).run(end)
    told = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert told == [{"event": "worker_replaced", "worker": 7}] * 2


@pytest.mark.usefixtures("never_serves")
class TestRefused:
    """One line and exit status 1, or 2 for wrong usage."""

    @pytest.fixture
    def never_serves(self, monkeypatch):
        """A server that would start after all fails the test."""
        monkeypatch.setattr("mock_p1.server.server.Server.run", lambda _: pytest.fail("it served"))

    def test_no_such_store(self, run):
        """It says which."""
        result = run("serve", "--state", "redis://127.0.0.1:1")
        assert result.exit_code == 1
        assert result.output.startswith("--state redis://127.0.0.1:1: ")
        assert result.output.count("\n") == 1

    def test_no_url(self, run):
        """It says how one begins, and shows nothing of it: it may be a password."""
        result = run("serve", "--state", "localhost:6379")
        assert result.exit_code == 1
        assert result.output.startswith("--state …: no URL of a store; one begins with redis://")

    @pytest.mark.parametrize("language", ["en", "ja"])
    @pytest.mark.parametrize("url", ["redis://topsecret@127.0.0.1:1", "redis://:topsecret#@h"])
    def test_a_password_in_the_wrong_place(self, run, url, language):
        """It is shown in no language, whether it comes as an option or by the variable."""
        result = run("--lang", language, "serve", "--state", url)
        assert (result.exit_code, "topsecret" in result.output) == (1, False)
        result = run("--lang", language, "serve", env={"MOCK_P1_STATE": url})
        assert (result.exit_code, "topsecret" in result.output) == (1, False)

    def test_the_extra_is_missing(self, run, monkeypatch):
        """It says what to install."""
        monkeypatch.setattr("mock_p1.base.extras.find_spec", lambda _: None)
        result = run("serve", "--state", "redis://127.0.0.1:1")
        why = "--state needs redis, which is not installed"
        told = f'{why}; type: pip install "mock-p1[redis]"\n'
        assert (result.exit_code, result.output) == (1, told)

    def test_what_is_for_one_mock_alone(self, run):
        """It says so."""
        result = run("serve", "--state", "redis://127.0.0.1:1", "--watch")
        assert result.exit_code == 2
        assert "--watch is for a mock that has its state alone" in result.output

    @pytest.mark.parametrize(
        ("option", "value", "told"),
        [
            ("--state-name", "team", "say where that is: --state redis://127.0.0.1:6379"),
            ("--state-scenario", "shared", "say where that is: --state redis://127.0.0.1:6379"),
            ("--save-every", "5s", "say in which file: --save state.json"),
        ],
    )
    def test_what_does_nothing_alone(self, run, option, value, told):
        """It says what to type: who gave it wants no state of its own that is gone at the end."""
        result = run("serve", option, value)
        assert result.exit_code == 2
        assert f"{option} is for a " in result.output
        assert told in " ".join(result.output.split())

    def test_workers_that_would_save(self, run, tmp_path):
        """They would all write the same file; a process that shares a state may save alone."""
        options = ("--workers", "2", "--state", "redis://127.0.0.1:1")
        result = run("serve", *options, "--save", str(tmp_path / "s.json"))
        assert result.exit_code == 2
        assert "without --workers" in " ".join(result.output.split())

    def test_workers_without_a_state(self, run):
        """It says what to type."""
        result = run("serve", "--workers", "2")
        assert result.exit_code == 2
        assert "--state redis://127.0.0.1:6379" in result.output

    def test_workers_on_windows(self, run, monkeypatch):
        """It says why not, and what to do instead."""
        monkeypatch.setattr("sys.platform", "win32")
        result = run("serve", "--workers", "2", "--state", "redis://127.0.0.1:1")
        assert result.exit_code == 2
        assert "--workers is not for Windows" in result.output

    @NEEDED
    def test_a_state_that_cannot_be_loaded(self, run, store, tmp_path):
        """It says why."""
        (tmp_path / "s.json").write_text("{}", encoding="utf-8")
        options = ("--state", store.url, "--state-name", "load")
        result = run("serve", *options, "--load", str(tmp_path / "s.json"))
        assert result.exit_code == 1
        assert "is JSON, but no state that a mock has saved" in result.output

    @NEEDED
    def test_another_scenario(self, run, store):
        """It says what to do."""
        share(load_scenario("demo"), store.url, "demo", store=UploadStore()).close()
        result = run("serve", "stuck", "--state", store.url, "--state-name", "demo")
        told = "its state was begun with demo.yaml, not with stuck.yaml as here"
        assert result.exit_code == 1
        assert told in result.output
        assert "--state-scenario shared" in result.output
