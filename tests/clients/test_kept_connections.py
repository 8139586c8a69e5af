"""Clients that keep their connection: which of them repeat a request, and that none breaks."""

import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import pytest

from mock_p1 import serving
from mock_p1.server.http_protocol import HttpProtocol

HERE = Path(__file__).parent
PAGE = (HERE.parents[1] / "docs" / "faults.md").read_text(encoding="utf-8")
BY_REQUESTS = """
import sys, time, requests
session, (url, count, pause, method, content) = requests.Session(), sys.argv[1:]
session.headers.update({"x-api-key": "k", "content-type": "application/json"})
for left in range(int(count), 0, -1):
    try:
        print(session.request(method, url, data=content, timeout=20).text)
    except requests.ConnectionError:
        print("error")
    time.sleep(int(pause) / 1000 if left > 1 else 0)
"""
BY_HTTPX = """
import sys, time, httpx
url, count, pause, method, content = sys.argv[1:]
client = httpx.Client(timeout=20, limits=httpx.Limits(keepalive_expiry=None))
client.headers.update({"x-api-key": "k", "content-type": "application/json"})
for left in range(int(count), 0, -1):
    try:
        print(client.request(method, url, content=content or None).text)
    except httpx.TransportError:
        print("error")
    time.sleep(int(pause) / 1000 if left > 1 else 0)
"""
BY_AIOHTTP = """
import asyncio, sys, aiohttp
async def main(url, count, pause, method, content):
    headers = {"x-api-key": "k", "content-type": "application/json"}
    kept = aiohttp.TCPConnector(keepalive_timeout=3600)
    async with aiohttp.ClientSession(headers=headers, connector=kept) as session:
        for left in range(int(count), 0, -1):
            try:
                async with session.request(method, url, data=content or None) as reply:
                    print(await reply.text())
            except aiohttp.ClientError:
                print("error")
            await asyncio.sleep(int(pause) / 1000 if left > 1 else 0)
asyncio.run(main(*sys.argv[1:]))
"""
CLIENTS = {
    "Java, `HttpClient`": ["java", "-Djdk.httpclient.keepalive.timeout=3600", HERE / "Poll.java"],
    "Go, `net/http`": ["go", "run", HERE / "poll.go"],
    "Node, `http.Agent`": ["node", HERE / "poll_often.mjs"],
    "curl, several URLs": ["curl"],
    "`requests.Session`": [sys.executable, "-c", BY_REQUESTS],
    "`httpx.Client`": [sys.executable, "-c", BY_HTTPX],
    "aiohttp": [sys.executable, "-c", BY_AIOHTTP],
}
BY_EACH = [
    pytest.param(
        client, marks=pytest.mark.slow if client.startswith(("Java", "Go", "Node")) else ()
    )
    for client in CLIENTS
]
"""Those of other languages take seconds to compile or to start."""

KINDS = "(repeated|an error)"
TABLE = {
    client: {"GET": poll, "PUT": switch}
    for client, poll, switch in re.findall(
        rf"^\| (.+?) \| {KINDS} \| {KINDS} \|$", PAGE, re.MULTILINE
    )
}
POLLS = {1000: 24, 5000: 24, 30_000: 4, 60_000: 2}
"""How often is asked, by the pause between in milliseconds: two minutes at the most, in all."""

REPEATED = ["job_waiting", "job_finished"]
ERROR = ["job_waiting", "error"]


def said_by(*command):
    """Return what a program prints; nothing where there is none."""
    if shutil.which(command[0]) is None:
        return ""
    return subprocess.run(command, stdout=subprocess.PIPE, encoding="utf-8", check=True).stdout


@pytest.fixture
def poll(environment, tmp_path):
    """A function that asks with a client, over one connection; the statuses that it saw."""

    def poll(client, url, count, pause_ms=0, sending=("GET", "")):
        command, (method, content) = [*CLIENTS[client]], sending
        needs = "javac" if command[0] == "java" else command[0]
        if shutil.which(needs) is None:
            pytest.skip(f"needs {needs}, which is not installed here")
        if client == "aiohttp":
            pytest.importorskip("aiohttp")
        if command == ["curl"]:
            paced = ["--rate", f"{60_000 // pause_ms}/m"] if pause_ms else []
            sent = ["-H", "content-type: application/json", "-d", content] if content else []
            common = ["-sS", "-w", "\\n", "-X", method, "-H", "x-api-key: k", *sent]
            arguments = [*common, *paced, *[url] * count]
        else:
            arguments = [url, str(count), str(pause_ms), method, content]
        done = subprocess.run(
            [*command, *arguments],
            env={"GOCACHE": str(tmp_path), **environment},
            stdout=subprocess.PIPE,
            encoding="utf-8",
            check=False,
            timeout=300,
        )
        return re.findall(r"\bjob_(?!id)\w+|\berror", done.stdout)

    return poll


@pytest.fixture
def connections(monkeypatch):
    """The connections that servers of this process have been asked for."""
    made, connection_made = [], HttpProtocol.connection_made

    def noted(protocol, transport):
        made.append(protocol)
        connection_made(protocol, transport)

    monkeypatch.setattr(HttpProtocol, "connection_made", noted)
    return made


def test_every_client_has_a_row():
    """The page and this file know the same."""
    assert TABLE.keys() == CLIENTS.keys()


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["connection_reset", "empty_response"])
@pytest.mark.parametrize("client", BY_EACH)
def test_what_a_client_makes_of_a_kept_connection_that_breaks(poll, client, fault):
    """As the page's table says; where it repeats the poll, the journal says so."""
    steps = f"[{{status: job_waiting, for: 1 poll}}, {{fault: {fault}, for: 1 poll}}, "
    scenario = f"jobs: {{a: {{timeline: {steps}{{status: job_finished}}]}}}}"
    with serving(scenario) as mock:
        seen = poll(client, f"{mock.url}/v1/external/retrain_jobs/a", 2)
        notes = [note for each in mock.polls() for note in each.notes]
    check(seen, notes, fault, TABLE[client]["GET"])


@pytest.mark.slow
@pytest.mark.parametrize("client", BY_EACH)
def test_what_a_client_makes_of_a_switch_that_breaks(poll, client):
    """Likewise: a PUT without a body, which some clients repeat and some do not."""
    answer = "{{reply: {{status_code: 200, body: {}}}, for: {}}}".format
    fault = "connection_reset"
    calls = [answer("job_waiting", "1 call"), f"{{fault: {fault}, for: 1 call}}"]
    calls.append(answer("job_finished", "manual"))
    job = "{a: {timeline: [{status: job_finished}]}}"
    with serving(f"jobs: {job}\ncalls: {{retrain_model_switch: [{', '.join(calls)}]}}") as mock:
        url = f"{mock.url}/v1/external/retrain_jobs/a/update_model"
        seen = poll(client, url, 2, sending=("PUT", ""))
        notes = [note for each in mock.requests() for note in each.notes if "asked" in note]
    check(seen, notes, fault, TABLE[client]["PUT"])


def check(seen, notes, fault, kind):
    """Check what a client saw, and what the journal notes, against the page's table."""
    assert seen == (REPEATED if kind == "repeated" else ERROR)
    said = [re.sub(r"\d+ ms", "N ms", note) for note in notes]
    expected = f"asked again N ms later on {fault}: the client, or its library, repeated it"
    assert said == [expected] * (kind == "repeated")


@pytest.mark.slow
@pytest.mark.parametrize("client", BY_EACH)
def test_a_client_steers_the_mock(poll, client):
    """In any language: a clock that is advanced by a POST moves the job on."""
    job = "{timeline: [{status: job_waiting, for: 90s}, {status: job_finished}]}"
    with serving(f"jobs: {{a: {job}}}") as mock:
        url = f"{mock.url}/v1/external/retrain_jobs/a"
        assert poll(client, url, 1) == ["job_waiting"]
        advance = "POST", '{"advance": "90s"}'
        poll(client, f"{mock.url}/__admin/clock", 1, sending=advance)
        assert poll(client, url, 1) == ["job_finished"]


@pytest.mark.slow
def test_kept_connections_never_break_by_themselves(poll, connections):
    """Polled every five seconds for two minutes by all of them at once, and with other pauses.

    Each of them has one connection for all of its polls.
    """
    has = {
        "aiohttp": find_spec("aiohttp") is not None,
        "curl, several URLs": "--rate" in said_by("curl", "--help", "all"),
    }
    there = [name for name, (program, *_) in CLIENTS.items() if shutil.which(str(program))]
    named = [name for name in there if has.get(name, True)]
    asked = [(name, pause_ms) for name in named for pause_ms in POLLS]
    with serving("stuck") as mock, ThreadPoolExecutor(len(asked)) as pool:
        url = f"{mock.url}/v1/external/retrain_jobs/retrain-001"
        for name in named:  # what must be compiled, once
            poll(name, url, 1)
        connections.clear()
        seen = [*pool.map(lambda each: poll(each[0], url, POLLS[each[1]], each[1]), asked)]
    assert [len(statuses) for statuses in seen] == [POLLS[pause_ms] for _, pause_ms in asked]
    assert not any("error" in statuses for statuses in seen)
    assert len(connections) == len(asked)
