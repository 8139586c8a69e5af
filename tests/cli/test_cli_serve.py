"""``mock-p1 serve`` as a process: it starts, is polled, logs, and ends when told."""

import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from urllib.parse import urlsplit

import pytest
import requests

from mock_p1.engine.engine import Engine
from mock_p1.scenario.files import load_scenario
from mock_p1.server.server import Server

POSIX = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no signals to send to another process"
)


@pytest.fixture
def client():
    """A client that no proxy of this machine comes before."""
    with requests.Session() as session:
        session.trust_env = False
        yield session


def url_of(announcement: str) -> str:
    """Return the base URL that an announcement names."""
    return re.search(r"http://127\.0\.0\.1:\d+", announcement)[0]


def poll(client, served, job="retrain-001", key="demo-key"):
    """Poll a job once."""
    url = f"{url_of(served.announcement)}/v1/external/retrain_jobs/{job}"
    return client.get(url, headers={"x-api-key": key}, timeout=10)


def end(served, number=None) -> tuple[int, str]:
    """End the server by a signal; return its exit status and what it logged."""
    if number is None:
        served.process.kill()
    else:
        served.process.send_signal(number)
    _, logged = served.process.communicate(timeout=10)
    return served.process.returncode, logged


def test_port_0_is_printed_and_answers(serve, client):
    """With --port 0 the port that was taken is printed at once, and requests to it are answered."""
    assert poll(client, serve()).json()["status"] == "job_waiting"


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_the_curl_line_works(serve):
    """The line to try, pasted into this machine's shell, polls the first job."""
    line = re.search(r"^  try +(curl .*)$", serve().announcement, re.MULTILINE)[1]
    pasted = line.replace("curl ", 'curl --silent --noproxy "*" ', 1)
    done = subprocess.run(pasted, shell=True, capture_output=True, check=True)  # noqa: S602 -- what pasting does
    assert json.loads(done.stdout)["metadata"] == {"retrain_job_id": "retrain-001"}


@pytest.fixture
def hangups():
    """A terminal that closes is heard of by what a test starts, though tests may run by nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.slow
@POSIX
@pytest.mark.usefixtures("hangups")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_a_signal_ends_it_cleanly(serve, client, name):
    """The usual ones, and a terminal that closes: exit status 0, and not a word if quiet."""
    served = serve("-q")
    poll(client, served)
    assert end(served, getattr(signal, name)) == (0, "")


@pytest.mark.slow
@POSIX
def test_a_signal_right_after_the_announcement(serve):
    """A parent process that has read the announcement may end the server at once."""
    assert end(serve(), signal.SIGTERM) == (0, "stopped by SIGTERM\n")


@pytest.mark.slow
@POSIX
def test_a_signal_ends_what_is_held_back(serve, tmp_path):
    """An answer held back for a minute does not hold up the end."""
    slow = tmp_path / "slow.yaml"
    slow.write_text(
        "jobs: {a: {timeline: [{status: x, for: 1 poll}, {status: y, delay: 60s}]}}",
        encoding="utf-8",
    )
    served = serve("--log-format", "json", str(slow))
    url = f"{url_of(served.announcement)}/v1/external/retrain_jobs/a"
    waiting = [
        subprocess.Popen(
            [
                sys.executable,
                "-c",
                (
                    "from urllib.request import *; "
                    f"urlopen(Request('{url}', headers={{'x-api-key': 'k'}}))"
                ),
            ],
            stderr=subprocess.DEVNULL,
        )
        for _ in range(2)
    ]
    logged = [served.process.stderr.readline() for _ in range(2)]  # both have been taken
    assert [json.loads(line)["status"] for line in logged] == ["x", "y"]
    assert end(served, signal.SIGTERM)[0] == 0
    for process in waiting:
        process.wait(timeout=10)


@pytest.mark.slow
def test_what_other_machines_need(serve, client):
    """Bound to every address, it says so, names a URL for this machine, and prints the token."""
    served = serve("--host", "0.0.0.0")  # noqa: S104 -- the point
    assert re.search(r"^listening on 0\.0\.0\.0, port \d+$", served.announcement, re.MULTILINE)
    token = re.search(
        r"^/__admin needs the header Authorization: (Bearer \S+)$",
        served.announcement,
        re.MULTILINE,
    )[1]
    jobs = f"{url_of(served.announcement)}/__admin/jobs"
    assert client.get(jobs, timeout=10).status_code == 401
    assert client.get(jobs, headers={"Authorization": token}, timeout=10).status_code == 200


@POSIX
def test_log(serve, client):
    """One line a poll on stderr: the job, its status, the step's file and line, the key masked."""
    served = serve("happy-path")
    poll(client, served, key="my-secret-key")
    logged = served.process.stderr.readline()
    assert end(served, signal.SIGTERM) == (0, "stopped by SIGTERM\n")
    assert re.fullmatch(
        r"\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d  retrain-001  job_waiting \(HTTP 200\)  "
        r"happy-path\.yaml:\d+  key my-s…"
        r"  caller [0-9a-f]{8}  then at job_waiting for 1 more poll\n",
        logged,
    )


@pytest.mark.slow
@POSIX
def test_json_log(serve, client):
    """With --log-format json the announcement is a line of JSON, and so is every poll."""
    served = serve("--log-format", "json", "happy-path")
    poll(client, served, key="my-secret-key")
    logged = served.process.stderr.readline()
    status, last = end(served, signal.SIGTERM)
    assert json.loads(last) == {"event": "stopped", "by": "SIGTERM", "state": None}
    assert status == 0
    assert json.loads(served.announcement)["url"] == url_of(served.announcement)
    row = json.loads(logged)
    assert (row["event"], row["job_id"], row["status"], row["api_key"]) == (
        "poll",
        "retrain-001",
        "job_waiting",
        "my-s…",
    )
    assert re.fullmatch(r"happy-path\.yaml:\d+", row["source"])


@pytest.mark.slow
@POSIX
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_no_line_is_lost_at_the_end(serve, client, number):
    """What was answered has its line, also if the signal comes right behind the answer."""
    served = serve("--log-format", "json", "happy-path")
    polls = 100
    for _ in range(polls):
        poll(client, served)
    status, logged = end(served, number)
    numbers = [json.loads(line)["number"] for line in logged.splitlines()[:-1]]
    assert (status, numbers) == (0, list(range(1, polls + 1)))


@pytest.mark.slow
@POSIX
def test_a_log_that_nobody_reads(serve, client):
    """A parent process that never reads our stderr holds up neither the answers nor the end."""
    served = serve("--log-format", "json", "happy-path")
    lines_a_pipe_cannot_hold = 1000  # of some 300 bytes, where a pipe holds 64 KiB
    for _ in range(lines_a_pipe_cannot_hold):
        assert poll(client, served).status_code == 200
    served.process.send_signal(signal.SIGTERM)
    assert served.process.wait(timeout=10) == 0


@pytest.mark.slow
@POSIX
def test_a_log_whose_reader_has_gone(serve, client):
    """Where stderr is closed at the other end, the server answers on and ends cleanly."""
    served = serve()
    served.process.stderr.close()
    for _ in range(3):
        assert poll(client, served).status_code == 200
    served.process.send_signal(signal.SIGTERM)
    assert served.process.wait(timeout=10) == 0


@pytest.mark.slow
def test_seed(serve, tmp_path):
    """--seed goes before the scenario's own seed."""
    file = tmp_path / "uuids.yaml"
    file.write_text(
        "{seed: 1, generated_jobs: [{count: 1, timeline: [{status: x}]}]}", encoding="utf-8"
    )
    (job,) = Engine(load_scenario(file), seed=3).state.directory.ids()
    assert f"  jobs     {job}\n" in serve("--seed", "3", str(file)).announcement


@pytest.mark.slow
def test_journal_max(serve, client):
    """--journal-max is how many requests are remembered."""
    served = serve("--journal-max", "2")
    for _ in range(3):
        poll(client, served)
    remembered = client.get(f"{url_of(served.announcement)}/__admin/requests", timeout=10).json()[
        "requests"
    ]
    assert [row["number"] for row in remembered] == [2, 3]


@pytest.mark.slow
def test_keep_alive(serve):
    """--keep-alive is how long a connection may be idle, and no longer."""
    address = urlsplit(url_of(serve("--keep-alive", "1ms").announcement))
    with socket.create_connection((address.hostname, address.port), timeout=10) as idle:
        assert idle.recv(1) == b""


@pytest.fixture
def started(run, monkeypatch):
    """Return a function that starts no server, but says what it would announce, and with what."""
    servers = []

    def end_at_once(server):
        servers.append(server)
        server._close()  # noqa: SLF001 -- taken when the server was made

    monkeypatch.setattr(Server, "run", end_at_once)

    def start(*arguments):
        announced = run("serve", "--port", "0", *arguments).output
        return announced, servers[-1].engine.state.store, servers[-1].engine.job_states

    return start


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "limit"),
    [("3KB", 3000), ("5 mb", 5_000_000), ("2GB", 2_000_000_000), ("77", 77), ("77B", 77)],
)
def test_upload_max(started, text, limit):
    """--upload-max is a number of bytes, or of units of ten."""
    assert started("--upload-max", text)[1].limit_bytes == limit


@pytest.mark.slow
def test_a_file_that_is_too_large(serve, client):
    """A file of --upload-max is taken; one byte more is answered 413, which names the limit."""
    served = serve("--upload-max", "3KB")
    url = f"{url_of(served.announcement)}/v1/external/retrain_jobs/upload_url?filename=train.csv"
    answers = []
    for size in (3000, 3001):
        upload_url = client.get(url, headers={"x-api-key": "demo-key"}, timeout=10).json()
        answers.append(client.put(upload_url["upload_url"], data=b"x" * size, timeout=10))
    assert [answer.status_code for answer in answers] == [200, 413]
    assert "3,000" in answers[1].text


@pytest.mark.slow
def test_jobs_max(started, monkeypatch):
    """By option or variable; a million where nothing is said."""
    assert started()[2].maximum == 1_000_000
    assert started("--jobs-max", "7")[2].maximum == 7
    monkeypatch.setenv("MOCK_P1_JOBS_MAX", "8")
    assert started()[2].maximum == 8


def test_a_hundred_million_bytes_by_default(started):
    """As the README says."""
    assert started()[1].limit_bytes == 100_000_000


def test_a_server_without_a_folder_for_large_files(started, monkeypatch, tmp_path):
    """The start message says that larger uploads are not kept; usually there is nothing to say."""
    note = "of uploads above 1 MB size and SHA-256 are kept"
    assert note not in started()[0]
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "not-there"))
    assert note in started()[0]


@pytest.mark.slow
@POSIX
def test_speed_and_quiet(serve, client):
    """By variables as well: the clock runs as fast as said, and nothing is logged."""
    served = serve("slow-training", MOCK_P1_SPEED="1000000", MOCK_P1_QUIET="1")
    assert "the clock runs at 1,000,000 times real time" in served.announcement
    statuses = {poll(client, served).json()["status"] for _ in range(500)}  # two hours in 7.2 ms
    assert "job_finished" in statuses
    assert end(served, signal.SIGTERM) == (0, "")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "served"),
    [
        ((), "stuck.yaml"),
        (("--scenario", "overloaded"), "overloaded.yaml"),
        (("overloaded",), "overloaded.yaml"),
        (("stuck", "--scenario", "keys.yaml"), "stuck.yaml, keys.yaml"),
    ],
)
def test_the_scenario_by_an_option(started, monkeypatch, tmp_path, arguments, served):
    """As by the argument, and with it; a variable counts where neither is given, and once."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "keys.yaml").write_text("secret_keys: {s: active}", encoding="utf-8")
    monkeypatch.setenv("MOCK_P1_SCENARIO", "stuck")
    assert f" serves {served} at " in started(*arguments)[0]
