"""The table of docs/faults.md is true for every fault, every transport and every client."""

from __future__ import annotations

import asyncio
import http.client
import json
import logging
import re
import threading
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import requests
import urllib3
from waitress.server import create_server

from mock_p1 import mocked, serving
from mock_p1.base.clock import RealClock, VirtualClock
from mock_p1.engine.engine import Engine
from mock_p1.scenario.parser import parse
from mock_p1.server.app import create_app_for

PAGE = (Path(__file__).parents[2] / "docs" / "faults.md").read_text(encoding="utf-8")
SPEED = 100
TAKES_HALF_A_BODY = urllib3.__version__ < "2"
PATIENCE = 30
"""How many seconds of the mock's clock the clients wait for bytes.

Longer than a slow body pauses.
"""

SCENARIO = """
jobs:
  delay:
    timeline: [{status: job_running, delay: 60s}]
""" + "".join(
    f"  {fault}: {{timeline: [{{fault: {fault}}}]}}\n"
    for fault in (
        "connection_reset", "empty_response", "truncated_body",
        "malformed_json", "slow_body", "timeout",
    )
)  # fmt: skip


def table():
    """Return row, column and cell of the page's tables for clients in Python."""
    cells = []
    for found in re.findall(r"^\| fault \| server: .*?(?=\n\n)", PAGE, re.MULTILINE | re.DOTALL):
        head, _, *body = [
            [cell.strip(" `") for cell in line.split("|")[1:-1]] for line in found.splitlines()
        ]
        cells += [
            (row[0], column, cell)
            for row in body
            for column, cell in zip(head[1:], row[1:], strict=True)
        ]
    return cells


def by_requests(url, timeout):
    """Poll with requests, and read JSON."""
    requests.get(url, headers={"x-api-key": "key"}, timeout=timeout).json()


def by_urllib3(url, timeout):
    """Poll with urllib3, without retries, and read JSON."""
    with urllib3.PoolManager(retries=False, timeout=timeout) as pool:
        json.loads(pool.request("GET", url, headers={"x-api-key": "key"}).data)


def by_http_client(url, timeout):
    """Poll with the standard library, and read JSON."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=timeout)
    try:
        connection.request("GET", parts.path, headers={"x-api-key": "key"})
        json.loads(connection.getresponse().read())
    finally:
        connection.close()


def by_httpx(url, timeout):
    """Poll with an asynchronous client of httpx, and read JSON."""

    async def poll():
        async with httpx.AsyncClient(timeout=timeout) as client:
            (await client.get(url, headers={"x-api-key": "key"})).json()

    asyncio.run(poll())


def by_aiohttp(url, timeout):
    """Poll with aiohttp, which waits so long for all of the answer, and read JSON."""
    aiohttp = pytest.importorskip("aiohttp", reason="nox -s tests installs it")

    async def poll():
        limit = aiohttp.ClientTimeout(sock_read=timeout)
        async with (
            aiohttp.ClientSession(timeout=limit) as session,
            session.get(url, headers={"x-api-key": "key"}) as answer,
        ):
            await answer.json()

    asyncio.run(poll())


PLAIN = {"requests": by_requests, "urllib3": by_urllib3, "http.client": by_http_client}
CLIENTS = PLAIN | {"httpx": by_httpx, "aiohttp": by_aiohttp}


def seen(poll, url, timeout):
    """Return the name of what the client raises, or that the answer was whole."""
    try:
        poll(url, timeout)
    except Exception as error:  # noqa: BLE001 -- whatever the client makes of it is what the table names
        return type(error).__name__
    return "whole answer"


@pytest.fixture(scope="module")
def transports():
    """The base URL behind each column's first word."""
    logging.getLogger("waitress").setLevel(
        logging.CRITICAL
    )  # it complains of the bodies that are cut short on purpose
    scenario = parse(SCENARIO)
    app = create_app_for(Engine(scenario, RealClock(speed=SPEED)), admin=False)
    wsgi = create_server(
        app, host="127.0.0.1", port=0, threads=8, clear_untrusted_proxy_headers=True
    )
    thread = threading.Thread(target=wsgi.run, daemon=True)
    thread.start()
    with serving(scenario, speed=SPEED, check=False) as served:
        yield {"server": served.url, "WSGI": f"http://127.0.0.1:{wsgi.effective_port}"}
    wsgi.close()
    wsgi.task_dispatcher.shutdown(timeout=0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "column", "cell"), table(), ids=lambda value: re.sub(r"\W+", "-", value)
)
def test_every_cell_of_the_table(transports, fault, column, cell):
    """The page says what a client sees; this is what it sees."""
    transport, client = column.split(": ")
    if client == "requests" and cell == "ChunkedEncodingError" and TAKES_HALF_A_BODY:
        cell = "JSONDecodeError"  # as the page says below the table
    if transport == "in-process":
        with mocked(parse(SCENARIO)) as mock:
            outcome = seen(
                CLIENTS[client], f"{mock.url}/v1/external/retrain_jobs/{fault}", PATIENCE
            )
    else:
        outcome = seen(
            CLIENTS[client],
            f"{transports[transport]}/v1/external/retrain_jobs/{fault}",
            PATIENCE / SPEED,
        )
    assert outcome == cell


def test_the_test_client_sees_the_faults_name():
    """Flask's test client has no wire.

    The answer is cut short, and a header says which fault it stands for.
    """
    client = create_app_for(Engine(parse(SCENARIO), VirtualClock())).test_client()
    reply = client.get("/v1/external/retrain_jobs/connection_reset", headers={"x-api-key": "key"})
    assert (reply.headers["X-Mock-P1-Fault"], reply.data) == ("connection_reset", b"")


def test_the_table_has_every_fault_and_transport():
    """Every fault has its row, and every transport with each client its column."""
    assert {row for row, _, _ in table()} == set(parse(SCENARIO).jobs)
    assert {column for _, column, _ in table()} == {
        *("in-process: requests", "in-process: httpx", "server: httpx", "server: aiohttp"),
        *(f"{transport}: {client}" for transport in ("server", "WSGI") for client in PLAIN),
    }
