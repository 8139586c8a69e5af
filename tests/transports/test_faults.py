"""NetworkFailure on the wire is what it says, byte by byte and packet by packet.

And nobody waits in a thread for it.
"""

import asyncio
import errno
import json
import logging
import select
import threading
import time
from contextlib import contextmanager

import pytest
import requests
from helpers.transport_clients import HOST, JOBS, LiveTransport, open_transport

from mock_p1.base.clock import SECOND, RealClock
from mock_p1.contract.errors import FAULTS
from mock_p1.engine.driver import Driver
from mock_p1.engine.engine import Engine
from mock_p1.server.server import Server, ServerThread

POLL = f"GET {JOBS}steady HTTP/1.1\r\nHost: {HOST}\r\nx-api-key: demo-key\r\n\r\n".encode()


@contextmanager
def served(scenario, clock):
    """Start a server whose engine has this clock."""
    engine = Engine(scenario, clock)
    with ServerThread(Server(engine)) as thread:
        transport = LiveTransport(thread.server)
        transport.engine, transport.driver = engine, Driver(engine)
        yield transport


def failing(transport, fault):
    """Poll a job whose next poll fails; return the connection."""
    transport.driver.fail_next(fault)
    connection = transport.connect()
    connection.sendall(POLL)
    return connection


def received(connection):
    """Read until the server hangs up."""
    return b"".join(iter(lambda: connection.recv(65536), b""))


def test_a_reset_is_a_reset(live_transport):
    """The client's read fails with ECONNRESET; not one byte has come."""
    with (
        failing(live_transport, "connection_reset") as connection,
        pytest.raises(ConnectionResetError) as caught,
    ):
        connection.recv(1)
    assert caught.value.errno in {
        errno.ECONNRESET,
        getattr(errno, "WSAECONNRESET", errno.ECONNRESET),
    }


@pytest.mark.parametrize("fault", ["empty_response", "timeout"])
def test_an_empty_response_is_a_closed_connection(live_transport, fault):
    """The client reads an end and no byte before it.

    A request that is never answered ends so too, much later.
    """
    with failing(live_transport, fault) as connection:
        assert received(connection) == b""
    assert live_transport.engine.clock.now_ns() == (300 * SECOND if fault == "timeout" else 0)


def test_a_truncated_body_ends_before_its_length(live_transport):
    """A proper head, half of a proper body, and the end."""
    with failing(live_transport, "truncated_body") as connection:
        head, _, body = received(connection).partition(b"\r\n\r\n")
    promised = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert 0 < len(body) < promised
    assert body.startswith(b'{"status": ')


def test_malformed_json_is_a_whole_answer(live_transport):
    """Its length is true, and the connection lives on; but it is no JSON."""
    with failing(live_transport, "malformed_json") as connection:
        answer = live_transport.read(connection)
        assert answer.headers["content-length"] == str(len(answer.body))
        with pytest.raises(json.JSONDecodeError):
            json.loads(answer.body)
        connection.sendall(POLL)
        assert live_transport.read(connection).status == 200


def test_a_slow_body_is_whole_in_the_end(live_transport):
    """It comes in ten pieces a second apart by the mock's clock, and the connection lives on."""
    with failing(live_transport, "slow_body") as connection:
        answer = live_transport.read(connection)
        assert json.loads(answer.body)["status"] == "job_running"
        connection.sendall(POLL)
        assert live_transport.read(connection).status == 200
    assert live_transport.engine.clock.now_ns() == 10 * SECOND


def test_a_slow_body_really_is_slow(scenario):
    """On a clock that runs, the pieces come one by one, after their pauses."""
    with (
        served(scenario, RealClock(40)) as transport,
        failing(transport, "slow_body") as connection,
    ):
        started, pieces = time.perf_counter(), 0
        while not (piece := connection.recv(65536)).endswith(b"}}"):
            pieces += bool(piece)
        assert pieces >= 5
        assert 0.045 <= time.perf_counter() - started < 5


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_a_fault_is_the_same_exception_through_a_socket_and_in_process(scenario, fault):
    """`requests` raises the same over a socket as in process.

    This holds for its timeout too.
    """
    with served(scenario, RealClock(100)) as live:
        live.driver.fail_next(fault)
        over_the_wire = _outcome(live.server.url, 0.3)
    with open_transport("responses", scenario) as in_process:
        in_process.driver.fail_next(fault)
        assert _outcome(f"http://{HOST}", 30) == over_the_wire


def _outcome(base, timeout):
    try:
        with requests.Session() as session:
            return session.get(
                f"{base}{JOBS}steady", headers={"x-api-key": "demo-key"}, timeout=timeout
            ).json()
    except requests.RequestException as error:
        return type(error)


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_the_server_goes_on_after_a_fault(live_transport, fault):
    """Every fault in turn, and then an ordinary poll.

    Nothing is logged, and nothing is left open.
    """
    with failing(live_transport, fault) as connection:
        try:
            received(connection) if fault not in {
                "malformed_json",
                "slow_body",
            } else live_transport.read(connection)
        except ConnectionResetError:
            assert fault == "connection_reset"
    assert live_transport.send("GET", JOBS + "steady").status == 200


def test_faults_log_nothing(live_transport, caplog):
    """NetworkFailure that was asked for is no trouble of the server's."""
    caplog.set_level(logging.DEBUG)
    for fault in FAULTS:
        with failing(live_transport, fault) as connection:
            try:
                connection.recv(65536)
            except ConnectionResetError:
                assert fault == "connection_reset"
    live_transport.send("GET", JOBS + "steady")
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


@pytest.mark.parametrize("fault", ["timeout", "slow_body"])
def test_a_client_that_gives_up_is_forgotten(scenario, fault, monkeypatch):
    """Where the client hangs up first, nothing waits on; others are answered meanwhile."""
    monkeypatch.setattr("mock_p1.server.server.TICK_SECONDS", 0.02)
    with served(scenario, RealClock()) as transport:
        failing(transport, fault).close()
        under_way = transport.server._connections.tasks  # noqa: SLF001 -- nobody but the server knows
        for _ in range(1000):
            assert transport.send("GET", JOBS + "steady").status == 200
            if not under_way:
                break
        assert not under_way


def test_a_client_that_sends_a_body_is_held_back_too(scenario):
    """A body is no sign that the client has left."""
    with served(scenario, RealClock(20)) as transport:
        started = time.perf_counter()
        assert transport.send("GET", JOBS + "late", body=b"x" * 200_000).status == 200
        assert time.perf_counter() - started >= 0.15


@pytest.mark.slow
def test_no_answer_comes_early_where_the_systems_clock_goes_in_steps(scenario, monkeypatch):
    """Timers of asyncio do, by up to a step: 15.6 ms on Windows, 50 ms here."""
    monkeypatch.setattr("mock_p1.server.server._loop_factory", lambda: None)
    monkeypatch.setattr(time, "monotonic", lambda: time.perf_counter() // 0.05 * 0.05)
    late = POLL.replace(b"steady", b"late")
    for _ in range(3):
        with served(scenario, RealClock(20)) as transport, transport.connect() as connection:
            started = time.perf_counter()
            connection.sendall(late)
            while not select.select([connection], [], [], 0)[0]:
                transport.send("GET", JOBS + "steady")  # which has the loop look at its timers
            assert time.perf_counter() - started >= 0.15


@pytest.mark.parametrize(
    "fault", ["connection_reset", "empty_response", "truncated_body", "slow_body"]
)
def test_faults_are_the_same_on_the_standard_loop(scenario, monkeypatch, fault):
    """The faster loop is faster, not different."""
    monkeypatch.setattr("mock_p1.server.server._loop_factory", lambda: None)
    with served(scenario, RealClock(1000)) as transport, failing(transport, fault) as connection:
        try:
            seen = "an answer" if connection.recv(1) else "nothing"
        except ConnectionResetError:
            seen = "a reset"
    assert seen == {"connection_reset": "a reset", "empty_response": "nothing"}.get(
        fault, "an answer"
    )


def test_answers_held_back_hold_no_thread(scenario):
    """A hundred polls that wait at once are all answered in time, by the server's one thread.

    Not more: a hundred connections are two hundred files of this process, and some machines allow
    only 256.
    """
    with served(scenario, RealClock()) as transport:
        transport.driver.freeze()
        threads = threading.active_count()
        statuses = asyncio.run(_polls_at_once(transport, 100, threads))
        assert statuses == [200] * 100


async def _polls_at_once(transport, count, threads):
    async def poll(number):
        reader, writer = await asyncio.open_connection("127.0.0.1", transport.server.port)
        key = b"x-api-key: %d-key" % number
        writer.write(POLL.replace(b"steady", b"late").replace(b"x-api-key: demo-key", key))
        status = int((await reader.readline()).split()[1])
        writer.close()
        await writer.wait_closed()
        return status

    async with asyncio.timeout(30):
        waiting = [asyncio.ensure_future(poll(number)) for number in range(count)]
        held = transport.engine.held._holds  # noqa: SLF001 -- nobody else knows how many there are
        while len(held) < count:  # noqa: ASYNC110 -- the server has no event for it
            await asyncio.sleep(0)
        assert threading.active_count() <= threads
        assert not any(each.done() for each in waiting)
        transport.driver.advance(3 * SECOND)  # as long as each is held back
        return await asyncio.gather(*waiting)
