"""``record --proxy``: what a client does becomes a scenario that plays the same."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from threading import Event, Thread
from urllib.parse import urlsplit

import pytest
import requests
import trustme
from click.testing import CliRunner
from helpers.odd_servers import odd

from mock_p1 import load_scenario, mocked, serving
from mock_p1.base.clock import VirtualClock
from mock_p1.cli import main
from mock_p1.engine.engine import Engine
from mock_p1.recording.proxied_calls import ProxiedCalls
from mock_p1.recording.pseudonyms import Pseudonyms
from mock_p1.recording.recording_proxy import RecordingProxy
from mock_p1.recording.scenario_text import scenario_text
from mock_p1.scenario.files import bundled
from mock_p1.server.server import Server, ServerThread
from mock_p1.verify.pace import Pace

API = "/v1/external"
SECRET, KEY, FILE = "demo-secret", "demo-key", b"age,income,bought\n" + b"20,300,1\n" * 120
PAUSE = 30


class Client:
    """Plays the whole sequence, with a pause of the mock's clock between polls."""

    def __init__(self, url, advance, *, secret=SECRET):
        self.url, self.advance, self.secret = url, advance, secret
        self.session = requests.Session()
        self.session.trust_env = False
        self.told = []

    def call(self, method, url, key=None, **options):
        """Make a call; a failure of the network is told as its kind."""
        url = self.url + url if url.startswith("/") else url
        headers = {"x-api-key": key} if key else {}
        try:
            answer = self.session.request(method, url, headers=headers, timeout=5, **options)
        except requests.RequestException:
            self.told.append("failure")
            return None
        found = answer.json() if "json" in answer.headers.get("content-type", "") else {}
        self.told.append(found.get("status") or found.get("message") or answer.status_code)
        return found if answer.ok else None

    def until(self, made, tries=4):
        """Try a call until it succeeds."""
        return next(found for found in (made() for _ in range(tries)) if found is not None)

    def play(self, job_id=None):
        """Play it all; with an id, from the polls on."""
        key = KEY
        if job_id is None:
            query = "?credential_type=retrain&model_id=4821"
            asked = self.until(lambda: self.call("GET", f"{API}/api-key{query}", self.secret))
            key = asked["api_key"]
            path = f"{API}/retrain_jobs/upload_url?filename=train.csv"
            new = self.until(lambda: self.call("GET", path, key))
            job_id = new["retrain_job_id"]
            self.until(lambda: self.call("PUT", new["upload_url"], data=FILE))
        job = f"{API}/retrain_jobs/{job_id}"
        for _ in range(12):
            reply = self.call("GET", job, key) or {}
            if reply.get("status") == "job_finished":
                break
            self.advance(PAUSE)
        if link := reply.get("download_url"):
            self.call("GET", link)
            self.call("GET", link)
            for _ in range(2):
                self.call("PUT", f"{job}/update_model", key)
        return self.told


@contextmanager
def proxied(mock, **options):
    """A proxy in front of a mock, by the mock's clock."""
    began = mock.now

    def now():
        return (mock.now - began).total_seconds()

    proxy = RecordingProxy(
        mock.url,
        now=now,
        date=lambda: mock.now,
        **options,
    )
    thread = Thread(target=proxy.run)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.stop()
        thread.join()
        proxy.close()


def recorded(proxy, base):
    """The text of what passed through."""
    names = Pseudonyms()
    calls = ProxiedCalls(proxy.exchanges, names)
    return scenario_text(calls.scenario(proxy.exchanges, base, {}), names)


def played(text, job_id=None):
    """What a client is told by a recording."""
    with mocked(text, check=False) as mock:
        return Client(mock.url, mock.advance).play(job_id)


WHOLE = {
    "whole-sequence": None,
    "classifier-deleted": None,
    "no-configuration-once": None,
    "switch-too-early": None,
    "upload-breaks-off": None,
    "link-expires": None,
    "result-breaks-midway": None,
    "training-failed": "retrain-001",
    "happy-path": "retrain-001",
    "deleted-mid-run": "retrain-001",
    "status-goes-back": "retrain-001",
    "demo": "retrain-001",
}
"""Bundled scenarios by the proxy: from the key on (None), or from the polls of a job on."""


@pytest.mark.slow
@pytest.mark.parametrize(("name", "job_id"), WHOLE.items())
def test_what_a_client_does_plays_the_same(name, job_id):
    """All six calls, with their failures: a client is told the same by the recording."""
    with serving(name, check=False) as mock, proxied(mock) as proxy:
        told = Client(proxy.url, mock.advance).play(job_id)
        text = recorded(proxy, mock.url)

    assert played(text, job_id) == told
    assert name in bundled()


def test_no_secret_passes_into_the_file():
    """Neither key nor secret key, nor the host, nor a link's path, nor a line of the upload."""
    with serving("whole-sequence") as mock, proxied(mock) as proxy:
        Client(proxy.url, mock.advance).play()
        text = recorded(proxy, mock.url)
        issued = proxy.exchanges[0].answer.body.decode()

    key = issued.partition('"api_key": "')[2].partition('"')[0]
    assert key
    for secret in (key, SECRET, KEY, "127.0.0.1", "__recorded", "20,300", "train.csv", "uploads/"):
        assert secret not in text


def test_links_lead_through_the_proxy():
    """A client takes them as they are, and they keep their file name."""
    with serving("happy-path") as mock, proxied(mock) as proxy:
        mock.set_status("job_finished")
        job = f"{proxy.url}{API}/retrain_jobs/retrain-001"
        link = requests.get(job, headers={"x-api-key": KEY}, timeout=5).json()["download_url"]
        again = requests.get(job, headers={"x-api-key": KEY}, timeout=5).json()["download_url"]
        part = requests.get(link, headers={"Range": "bytes=0-3"}, timeout=5)

    assert link.startswith(f"{proxy.url}/__recorded/")
    assert link.endswith("/result.zip")
    assert again == link
    assert (part.status_code, part.content) == (206, b"PK\x03\x04")


def passed_on(body, path=f"{API}/models", **headers):
    """What a client gets of a service that answers so, through the proxy."""
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = f"HTTP/1.1 200 OK\r\n{lines}Content-Length: {len(body)}\r\n\r\n"
    with odd(lambda connection: connection.sendall(head.encode() + body)) as host:
        proxy = RecordingProxy(f"http://{host}")
        thread = Thread(target=proxy.run)
        thread.start()
        try:
            return requests.get(proxy.url + path, headers={"x-api-key": KEY}, timeout=5), proxy
        finally:
            proxy.stop()
            thread.join()
            proxy.close()


@pytest.mark.parametrize("path", [f"{API}/models", f"{API}/retrain_jobs/r-1"])
def test_a_large_answer_comes_whole(path):
    """Of any call; a part of it is kept."""
    body = json.dumps({"rows": ["x" * 100] * 20_000}).encode()
    answer, proxy = passed_on(body, path)

    assert answer.content == body
    assert 1_000_000 <= len(proxy.exchanges[0].answer.body) < len(body)


@pytest.mark.parametrize(
    "body",
    [
        b'{ "status":"a",\n "model_id": 1.0, "download_url" : "LINK", "x": "\\u5b66\\/"}\n',
        b'{"message": "see LINK", "status": "a", "download_url": "LINK"}',
        b'\xef\xbb\xbf{"status": "a", "download_url":\t"http:\\/\\/127.0.0.1\\/r.zip"}',
    ],
)
def test_but_for_the_link_an_answer_passes_to_the_letter(body):
    """Blanks, escapes, a link in another field: as the service wrote it."""
    body = body.replace(b"LINK", b"http://127.0.0.1/a/r.zip?sig=1")
    answer, proxy = passed_on(body, f"{API}/retrain_jobs/r-1")

    found = json.loads(answer.content.decode("utf-8-sig"))
    assert found["download_url"].startswith(f"{proxy.url}/__recorded/")
    field = re.compile(rb'("download_url"\s*:\s*)"[^"]*"')
    assert field.sub(b"", answer.content) == field.sub(b"", body)


@pytest.mark.parametrize(("host", "shown"), [("::1", "[::1]"), ("0.0.0.0", "127.0.0.1")])  # noqa: S104 -- of a test
def test_it_listens_on_the_address_given(host, shown):
    """IPv6 too; its URL can be used as it is."""
    if host == "::1" and not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    with serving("happy-path", check=False) as mock, proxied(mock, host=host) as proxy:
        assert proxy.url.startswith(f"http://{shown}:")
        assert Client(proxy.url, mock.advance).call("GET", f"{API}/retrain_jobs/a", KEY)


def test_a_job_whose_id_no_scenario_has_is_left_out():
    """Too long, or a path of the API; the file says how many calls there were."""
    long = "x" * 201
    with serving("happy-path", check=False) as mock, proxied(mock) as proxy:
        client = Client(proxy.url, mock.advance)
        for job in (long, "*", "retrain-001"):
            client.call("GET", f"{API}/retrain_jobs/{job}", KEY)
        text = recorded(proxy, mock.url)

    assert [*load_scenario(text).jobs] == ["retrain-001"]
    assert "2 calls about a job whose id no scenario can have not recorded" in text


def test_one_call_is_one_request():
    """Nothing is asked that the client did not ask, also where the network fails."""
    with serving("flaky-network", check=False) as mock, proxied(mock, timeout=0.5) as proxy:
        client = Client(proxy.url, mock.advance)
        for _ in range(5):
            client.call("GET", f"{API}/retrain_jobs/retrain-001", KEY)
        assert len(mock.polls()) == len(proxy.exchanges) == 5
        text = recorded(proxy, mock.url)

    steps = load_scenario(text).jobs["retrain-001"].steps
    assert [getattr(step, "fault", None) for step in steps] == [
        None,
        "connection_reset",
        "empty_response",
        None,
        "truncated_body",
    ]
    assert client.told == ["job_running", "failure", "failure", "job_running", "failure"]


def test_several_keys_and_jobs():
    """A key that is always refused stands as such; a job that one key alone sees is that key's."""
    with serving("all-errors", check=False) as mock, proxied(mock) as proxy:
        client = Client(proxy.url, mock.advance)
        jobs = f"{API}/retrain_jobs"
        for job, key in (
            ("of-another-model", "other-model-key"),
            ("of-another-model", KEY),
            ("job_may_be_deleted", KEY),
            ("of-another-model", "expired-key"),
        ):
            client.call("GET", f"{jobs}/{job}", key)
        text = recorded(proxy, mock.url)

    scenario = load_scenario(text)
    assert sorted(scenario.api_keys.values()) == ["active", "inactive_credential"]
    assert scenario.jobs["of-another-model"].api_key == "recorded-key-1"
    assert scenario.jobs["job_may_be_deleted"].steps[0].error == "job_may_be_deleted"


def test_a_chunked_upload_passes_through():
    """As a client sends what it makes while it sends."""
    with serving("whole-sequence") as mock, proxied(mock) as proxy:
        headers = {"x-api-key": KEY}
        path = f"{proxy.url}{API}/retrain_jobs/upload_url?filename=train.csv"
        url = requests.get(path, headers=headers, timeout=5).json()["upload_url"]
        pieces = (FILE[i : i + 100] for i in range(0, len(FILE), 100))
        assert requests.put(url, data=pieces, timeout=5).status_code == 200
        mock.assert_uploaded(rows=120)


def test_what_is_not_imitated_is_passed_on_and_counted():
    """The file says how many there were."""
    with serving("happy-path", check=False) as mock, proxied(mock) as proxy:
        client = Client(proxy.url, mock.advance)
        client.call("GET", f"{API}/models", KEY)
        client.call("GET", f"{API}/retrain_jobs/retrain-001", KEY)
        assert "1 call of no imitated operation not recorded" in recorded(proxy, mock.url)


def test_a_link_of_nobody_is_a_404():
    """It leads nowhere else."""
    with serving("happy-path") as mock, proxied(mock) as proxy:
        answer = requests.get(f"{proxy.url}/__recorded/0/x.zip", timeout=5)

    assert answer.status_code == 404


@pytest.mark.slow
@pytest.mark.posix
def test_the_command_until_ctrl_c(tmp_path):
    """It says where it listens, and writes what passed through; exit 0."""
    out = tmp_path / "client.yaml"
    with serving("happy-path") as mock:
        arguments = ["record", mock.url, "--proxy", "--port", "0", "-o", str(out), "--with-result"]
        with subprocess.Popen(
            [sys.executable, "-m", "mock_p1", *arguments],
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env={**os.environ, "PYTHONUTF8": "1"},
        ) as process:
            url = process.stderr.readline().split("base URL is ")[1].partition(";")[0]
            client = Client(url, mock.advance)
            told = client.play("retrain-001")
            process.send_signal(signal.SIGINT)
            rest = process.stderr.read()

    assert process.returncode == 0, rest
    assert f"{out} is written: 10 calls" in rest
    assert load_scenario(out).files.keys() == {"client-result-1.zip"}
    assert told[-5:] == ["job_finished", 200, 200, 200, 200]


def test_through_tls_and_through_the_proxy(tmp_path, monkeypatch):
    """A job is recorded by polls that pass through the proxy, which asks over TLS."""
    authority, trusted = trustme.CA(), tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(trusted))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    engine = Engine(load_scenario("happy-path"), VirtualClock())
    command = import_module("mock_p1.cli.record_service")
    monkeypatch.setattr(command, "Pace", partial(Pace, sleep=[].append))
    out = tmp_path / "polled.yaml"
    with ServerThread(Server(engine, tls=context)) as running:
        proxy = RecordingProxy(running.server.url, ca_file=str(trusted))
        thread = Thread(target=proxy.run)
        thread.start()
        try:
            arguments = ["-o", str(out), "--job-id", "retrain-001"]
            done = CliRunner().invoke(main, ["record", proxy.url, *arguments, "--api-key", KEY])
        finally:
            proxy.stop()
            thread.join()
            proxy.close()
        text = recorded(proxy, proxy.base)

    assert done.exit_code == 0, done.stderr
    for found in (load_scenario(out), load_scenario(text)):
        steps = found.jobs["retrain-001"].steps
        assert [step.status for step in steps] == ["job_waiting", "job_running", "job_finished"]
        assert steps[-1].result.rows == 100


def test_what_follows_by_itself_is_not_written():
    """A poll before the file has come, a switch before the end: the mock answers so anyway."""
    with serving("whole-sequence") as mock, proxied(mock) as proxy:
        client = Client(proxy.url, mock.advance)
        new = client.call("GET", f"{API}/retrain_jobs/upload_url?filename=train.csv", KEY)
        job = f"{API}/retrain_jobs/{new['retrain_job_id']}"
        for _ in range(3):
            client.call("GET", job, KEY)
            mock.advance(PAUSE)
        client.call("PUT", f"{job}/update_model", KEY)
        client.call("PUT", new["upload_url"], data=FILE)
        client.call("GET", job, KEY)
        text = recorded(proxy, mock.url)

    assert "calls:" not in text
    first, second = load_scenario(text).jobs["retrain-101"].steps
    assert (first.status, first.for_.until_upload) == ("job_waiting", True)
    assert second.status == "job_running"


def by_command(*arguments):
    """Run the command with a proxy that somebody stops at once."""
    given = ["record", "http://127.0.0.1:1", "--proxy", *arguments]
    return CliRunner().invoke(main, given, catch_exceptions=False)


@pytest.fixture
def stopped(monkeypatch):
    """Ctrl-C comes as soon as the proxy listens."""

    def run(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(RecordingProxy, "run", run)


@pytest.mark.usefixtures("stopped")
def test_nothing_asked_is_nothing_written(tmp_path):
    """Exit 3."""
    out = tmp_path / "client.yaml"
    done = by_command("-o", str(out), "--port", "0")

    assert (done.exit_code, out.exists()) == (3, False)
    assert "no client has asked anything; nothing is written" in done.stderr


@pytest.mark.usefixtures("stopped")
def test_a_port_that_is_taken_is_told(tmp_path):
    """Exit 1, with what would do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = by_command("-o", str(tmp_path / "x.yaml"), "--port", port)

    assert done.exit_code == 1
    assert "cannot be listened on" in done.stderr
    assert "try --port 0" in done.stderr


def test_what_a_proxy_makes_no_use_of_is_refused(tmp_path):
    """Exit 2."""
    done = by_command("-o", str(tmp_path / "x.yaml"), "--job-id", "a")

    assert (done.exit_code, "--proxy makes no use of --job-id" in done.stderr) == (2, True)


def test_what_a_client_sends_moves_no_cursor():
    """Each call is a line on the terminal of whoever records."""
    told = []
    with serving("whole-sequence") as mock, proxied(mock, tell=told.append) as proxy:
        Client(proxy.url, mock.advance).call("GET", f"{API}/retrain_jobs/a%0A%1B%5B2J", KEY)
    (line,) = told
    assert r"  a\n\x1b[2J  " in line


def test_a_client_that_goes_away_is_no_failure_of_the_service():
    """In the midst of its upload: nothing is written of it."""
    gone = Event()

    def tell(text):
        if "the client went away" in text:
            gone.set()

    with serving("whole-sequence") as mock, proxied(mock, tell=tell) as proxy:
        client = Client(proxy.url, mock.advance)
        new = client.call("GET", f"{API}/retrain_jobs/upload_url?filename=train.csv", KEY)
        address = urlsplit(proxy.url)
        with socket.create_connection((address.hostname, address.port)) as connection:
            path = urlsplit(new["upload_url"]).path
            head = f"PUT {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n"
            connection.sendall(head.encode() + b"age,income")
        assert gone.wait(30)
        assert [each.operation for each in proxy.exchanges] == ["retrain_data_upload"]
