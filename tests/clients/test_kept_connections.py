"""Clients that keep their connection: which of them repeat a request, and that none breaks."""

import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mock_p1 import serving

HERE = Path(__file__).parent
PAGE = (HERE.parents[1] / "docs" / "faults.md").read_text(encoding="utf-8")
BY_REQUESTS = """
import sys, time, requests
session, (url, count, pause, method) = requests.Session(), sys.argv[1:]
for left in range(int(count), 0, -1):
    try:
        print(session.request(method, url, headers={"x-api-key": "k"}, timeout=20).text)
    except requests.ConnectionError:
        print("error")
    time.sleep(int(pause) / 1000 if left > 1 else 0)
"""
BY_HTTPX = """
import sys, time, httpx
client, (url, count, pause, method) = httpx.Client(timeout=20), sys.argv[1:]
for left in range(int(count), 0, -1):
    try:
        print(client.request(method, url, headers={"x-api-key": "k"}).text)
    except httpx.TransportError:
        print("error")
    time.sleep(int(pause) / 1000 if left > 1 else 0)
"""
BY_AIOHTTP = """
import asyncio, sys, aiohttp
async def main(url, count, pause, method):
    async with aiohttp.ClientSession(headers={"x-api-key": "k"}) as session:
        for left in range(int(count), 0, -1):
            try:
                async with session.request(method, url) as reply:
                    print(await reply.text())
            except aiohttp.ClientError:
                print("error")
            await asyncio.sleep(int(pause) / 1000 if left > 1 else 0)
asyncio.run(main(*sys.argv[1:]))
"""
CLIENTS = {
    "Java, `HttpClient`": ["java", HERE / "Poll.java"],
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
REPEATED = ["job_waiting", "job_finished"]
ERROR = ["job_waiting", "error"]


@pytest.fixture
def poll(environment, tmp_path):
    """A function that asks with a client, over one connection; the statuses that it saw."""

    def poll(client, url, count, pause_ms=0, method="GET"):
        command = [*CLIENTS[client]]
        needs = "javac" if command[0] == "java" else command[0]
        if shutil.which(needs) is None:
            pytest.skip(f"needs {needs}, which is not installed here")
        if client == "aiohttp":
            pytest.importorskip("aiohttp")
        if command == ["curl"]:
            arguments = ["-sS", "-w", "\\n", "-X", method, "-H", "x-api-key: k", *[url] * count]
        else:
            arguments = [url, str(count), str(pause_ms), method]
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
        seen = poll(client, url, 2, method="PUT")
        notes = [note for each in mock.requests() for note in each.notes if "asked" in note]
    check(seen, notes, fault, TABLE[client]["PUT"])


def check(seen, notes, fault, kind):
    """Check what a client saw, and what the journal notes, against the page's table."""
    assert seen == (REPEATED if kind == "repeated" else ERROR)
    said = [re.sub(r"\d+ ms", "N ms", note) for note in notes]
    expected = f"asked again N ms later on {fault}: the client, or its library, repeated it"
    assert said == [expected] * (kind == "repeated")


@pytest.mark.slow
def test_kept_connections_never_break_by_themselves(poll):
    """Polled every five seconds for two minutes, by all of them at once."""
    named = [client for client in CLIENTS if shutil.which(str(CLIENTS[client][0]))]
    named = [client for client in named if client not in {"aiohttp", "curl, several URLs"}]
    with serving("stuck") as mock, ThreadPoolExecutor(len(named)) as pool:
        url = f"{mock.url}/v1/external/retrain_jobs/retrain-001"
        seen = [*pool.map(lambda client: poll(client, url, 24, 5000), named)]
    assert [len(statuses) for statuses in seen] == [24] * len(named)
    assert not any("error" in statuses for statuses in seen)
