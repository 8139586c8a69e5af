"""How the server begins, and how it ends: at once, cleanly, and with everything of its own."""

import errno
import gc
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
from collections import deque
from contextlib import ExitStack
from importlib.abc import MetaPathFinder
from subprocess import PIPE
from types import SimpleNamespace

import pytest
import requests
from helpers.signals import ignored
from helpers.transport_clients import HOST, JOBS, LiveTransport

from mock_p1.base.clock import RealClock
from mock_p1.engine.engine import Engine
from mock_p1.scenario.parser import parse
from mock_p1.server import server as servers
from mock_p1.server.server import CannotListen, Server, ServerThread, stopped_by_signals

POLL = f"GET {JOBS}{{}} HTTP/1.1\r\nHost: {HOST}\r\nx-api-key: demo-key\r\n\r\n"
PROGRAM = """
import sys
from mock_p1.engine.engine import Engine
from mock_p1.scenario.parser import parse
from mock_p1.server import server
if sys.argv[1] == "asyncio":
    server._loop_factory = lambda: None
jobs = "{held: {timeline: [{status: s, delay: 1h}]}, steady: {timeline: [{status: s}]}}"
scenario = parse("jobs: " + jobs)
serving = server.Server(Engine(scenario))
print(serving.port, flush=True)
serving.run()
print("ran to its end")
"""


@pytest.fixture
def engine():
    """An engine with a job that is answered at once, and one that is held back for an hour."""
    scenario = parse(
        "jobs: {held: {timeline: [{status: s, delay: 1h}]}, steady: {timeline: [{status: s}]}}"
    )
    return Engine(scenario, RealClock())


@pytest.fixture
def unused_port():
    """A port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


def ipv6():
    """Tell whether this machine has an IPv6 loopback."""
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@pytest.mark.skipif(not ipv6(), reason="this machine has no IPv6")
@pytest.mark.parametrize("host", ["localhost", "LOCALHOST."])
def test_localhost_is_both_of_its_addresses(engine, host):
    """A client may take either; an unused port is free on both."""
    server = Server(engine, host=host)
    with ServerThread(server):
        for address in ("127.0.0.1", "[::1]"):
            url = f"http://{address}:{server.port}/__admin/health"
            assert requests.get(url, timeout=5).ok


@pytest.mark.skipif(not ipv6(), reason="this machine has no IPv6")
def test_localhost_needs_both_of_its_addresses(engine):
    """A port that another program has on one of them is not taken on the other alone."""
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotListen):
            Server(engine, host="localhost", port=port)
        with ServerThread(Server(engine, host="127.0.0.1", port=port)):
            pass


def test_localhost_without_ipv6_is_the_other_address(engine, monkeypatch):
    """As on machines whose list of hosts has no address of IPv6."""
    bound = servers._bound  # noqa: SLF001 -- no machine can be told to have no IPv6

    def without(host, port):
        if host == "::1":
            raise OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address")
        return bound(host, port)

    monkeypatch.setattr(servers, "_bound", without)
    with ServerThread(Server(engine, host="localhost")) as thread:
        assert requests.get(f"{thread.server.url}/__admin/health", timeout=5).ok


@pytest.mark.skipif(not ipv6(), reason="this machine has no IPv6")
def test_brackets_of_an_address_are_taken(engine):
    """As URLs have them."""
    with ServerThread(Server(engine, host="[::1]")) as thread:
        assert thread.server.url.startswith("http://[::1]:")
        assert requests.get(f"{thread.server.url}/__admin/health", timeout=5).ok


def test_requests_are_answered_as_soon_as_it_has_started(engine):
    """Entering returns when the server answers, not before."""
    with ServerThread(Server(engine)) as thread:
        assert LiveTransport(thread.server).send("GET", JOBS + "steady").status == 200


def test_it_ends_without_waiting_for_a_tick(engine, monkeypatch):
    """Stopping wakes the server up.

    Tests pay for every stop, and the server by itself looks around but now and then.
    """
    monkeypatch.setattr(servers, "TICK_SECONDS", 60)
    with ServerThread(Server(engine)) as thread:
        LiveTransport(thread.server).send("GET", JOBS + "steady")
        started = time.monotonic()
    assert time.monotonic() - started < 10


def test_it_ends_although_clients_hold_on(engine):
    """Kept-alive connections, half a request, polls that wait.

    All are hung up on, without a 500.
    """
    with ExitStack() as stack, ServerThread(Server(engine)) as thread:
        sent = [POLL.format("steady"), POLL.format("held"), "GET /half"] * 20
        connections = [stack.enter_context(LiveTransport(thread.server).connect()) for _ in sent]
        for connection, data in zip(connections, sent, strict=True):
            connection.sendall(data.encode())
        assert all(
            connection.recv(65536).startswith(b"HTTP/1.1 200") for connection in connections[::3]
        )
        started = time.monotonic()
        thread.__exit__(None, None, None)
        assert time.monotonic() - started < 5
        assert [_rest(connection) for connection in connections] == [b""] * 60


def _rest(connection):
    try:
        return connection.recv(65536)
    except ConnectionResetError:
        return b""


def test_an_answer_that_is_being_written_goes_out_before_the_end():
    """Being told to end does not cut what is on its way."""
    scenario = parse("jobs: {done: {timeline: [{status: s, result: {rows: 100000}}]}}")
    with ServerThread(Server(Engine(scenario))) as thread:
        transport = LiveTransport(thread.server)
        with transport.connect() as connection:
            connection.sendall(
                f"GET /results/done/1/result.zip HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
            )
            first = connection.recv(1)
            thread.server.stop()
            answer = first + b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert f"content-length: {len(body)}".encode() in head


def test_a_server_that_was_told_to_end_before_it_began_ends(engine):
    """No order of the two is a race."""
    server = Server(engine)
    server.stop()
    with ServerThread(server):
        pass
    with pytest.raises(ConnectionRefusedError):
        LiveTransport(server).connect()


def test_stopping_twice_is_harmless(engine):
    """Also after the end."""
    with ServerThread(Server(engine)) as thread:
        thread.server.stop()
    thread.server.stop()


def test_it_leaves_no_thread_behind(engine):
    """Neither its own nor those of the Flask app."""
    before = set(threading.enumerate())
    for _ in range(3):
        with ServerThread(Server(engine)) as thread:
            LiveTransport(thread.server).send("GET", "/nothing")
    left = [thread for thread in threading.enumerate() if thread not in before]
    for thread in left:
        thread.join(5)
    assert [thread for thread in left if thread.is_alive()] == []


def test_what_keeps_it_from_starting_is_raised_where_it_was_started(engine, monkeypatch):
    """And not only in a thread where nobody looks."""

    async def fail(*_, **__):
        raise OSError("no more sockets")

    monkeypatch.setattr(Server, "_serve", fail)
    with pytest.raises(OSError, match="no more sockets"), ServerThread(Server(engine)):
        pass


@pytest.mark.slow
@pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no signal that another process could send politely"
)
@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_within_a_second_and_without_an_error(number, loop):
    """`run` returns, with connections open and polls under way.

    The program goes on, and its exit code is its own.
    """
    command = [sys.executable, "-c", PROGRAM, loop]
    with ExitStack() as stack:
        process = stack.enter_context(
            subprocess.Popen(command, stdout=PIPE, stderr=PIPE, text=True)
        )
        stack.callback(process.kill)
        port = int(process.stdout.readline())
        for job in ("held", "steady") * 5:
            connection = stack.enter_context(
                socket.create_connection(("127.0.0.1", port), timeout=10)
            )
            connection.sendall(POLL.format(job).encode())
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        started = time.monotonic()
        process.send_signal(number)
        output, errors = process.communicate(timeout=10)
        assert (process.returncode, output, errors) == (0, "ran to its end\n", "")
        assert (
            time.monotonic() - started < 5
        )  # a second at most on a machine that has nothing else to do


def test_ctrl_break_ends_it(monkeypatch):
    """Windows' second signal of a console stops the server, and is given back at the end."""
    stops = []
    with ignored(monkeypatch, "SIGBREAK") as number:
        with stopped_by_signals(stops.append):
            signal.raise_signal(number)
        assert stops == [signal.Signals(number).name]
        assert signal.getsignal(number) == signal.SIG_IGN


def test_the_port_is_known_before_it_serves(engine):
    """A client may connect at once, and is answered when serving begins."""
    server = Server(engine)
    with LiveTransport(server).connect() as connection:
        connection.sendall(POLL.format("steady").encode())
        with ServerThread(server):
            assert LiveTransport.read(connection).status == 200


def test_a_port_that_is_taken_is_told(engine):
    """With the address and the reason."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotListen, match=f"cannot listen on 127.0.0.1:{port}: "):
            Server(engine, port=port)


@pytest.fixture
def refusals(monkeypatch):
    """Ports are refused by these errors first, as on Windows; waits for them take no time."""
    refusals, bind = [], socket.socket.bind

    def refuse(listening, address):
        if refusals:
            raise refusals.pop(0)
        bind(listening, address)

    monkeypatch.setattr(socket, "SO_EXCLUSIVEADDRUSE", socket.SO_REUSEADDR, raising=False)
    monkeypatch.setattr(socket.socket, "bind", refuse)
    monkeypatch.setattr(servers, "time", SimpleNamespace(sleep=lambda _: None))
    return refusals


def not_given(number):
    """Return what Windows says of a port that it does not give."""
    error = OSError(errno.EACCES, "An attempt was made to access a socket in a way forbidden")
    error.winerror = number
    return error


def test_a_port_that_is_given_a_moment_later_is_waited_for(engine, refusals, unused_port):
    """Windows gives a port again once the last connections of its server are gone."""
    refusals += [not_given(10013)] * 3
    with ServerThread(Server(engine, port=unused_port)) as thread:
        assert thread.server.port == unused_port


def test_a_port_that_windows_does_not_give_is_told_in_words(engine, refusals, unused_port):
    """Its own text says nothing of another program, nor of ports that it keeps back."""
    refusals += [not_given(10013)] * 100
    with pytest.raises(CannotListen, match="another program has the port, or Windows keeps it"):
        Server(engine, port=unused_port)


@pytest.mark.skipif(not ipv6(), reason="this machine has no IPv6")
def test_every_address_is_of_ipv4_too(engine, monkeypatch):
    """Also where a socket of IPv6 takes nothing of IPv4 unless it is told to, as on Windows."""
    own = socket.socket.__init__

    def as_on_windows(made, family=-1, *arguments, **options):
        own(made, family, *arguments, **options)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)

    with monkeypatch.context() as windows:
        windows.setattr(socket.socket, "__init__", as_on_windows)
        server = Server(engine, host="::")
    with ServerThread(server) as thread:
        url = f"http://127.0.0.1:{thread.server.port}/__admin/health"
        assert requests.get(url, timeout=5).ok


def test_no_host_is_refused_alike_on_every_system(engine):
    """Windows would take it for every address."""
    with pytest.raises(CannotListen, match="cannot listen on no host: 0"):
        Server(engine, host="")


@pytest.mark.parametrize(
    ("host", "port"),
    [
        ("no.such.host.invalid", 0),
        ("127.0.0.1", 70_000),
        ("127.0.0.1", -1),
        ("", 0),
        ("x" * 300, 0),
    ],
)
def test_an_address_that_cannot_be_listened_on_is_told(engine, host, port):
    """Never another error than CannotListen, and in words, without a number of the system's own."""
    with pytest.raises(CannotListen, match="cannot listen on") as told:
        Server(engine, host=host, port=port)
    assert "Errno" not in str(told.value)
    assert "codec" not in str(told.value)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:{}"),
        ("0.0.0.0", "http://127.0.0.1:{}"),  # noqa: S104 -- that it can be asked for is the point
        ("localhost", "http://localhost:{}"),
        pytest.param(
            "::1", "http://[::1]:{}", marks=pytest.mark.skipif(not ipv6(), reason="no IPv6 here")
        ),
        pytest.param(
            "::", "http://[::1]:{}", marks=pytest.mark.skipif(not ipv6(), reason="no IPv6 here")
        ),
        pytest.param(
            "0::0", "http://[::1]:{}", marks=pytest.mark.skipif(not ipv6(), reason="no IPv6 here")
        ),
    ],
)
def test_its_url_can_be_asked_from_this_machine(engine, host, url):
    """Also where it listens on every address, or speaks IPv6."""
    with ServerThread(Server(engine, host=host)) as thread:
        assert thread.server.url == url.format(thread.server.port)
        answer = requests.get(
            f"{thread.server.url}{JOBS}steady", headers={"x-api-key": "demo-key"}, timeout=5
        )
        assert answer.status_code == 200


@pytest.mark.skipif(not ipv6(), reason="no IPv6 here")
def test_over_ipv6_a_url_without_host_has_its_brackets():
    """download_url of a poll without a Host header begins with the server's own address."""
    scenario = parse("jobs: {done: {timeline: [{status: s, result: generated}]}}")
    server = Server(Engine(scenario), host="::1")
    with (
        ServerThread(server),
        socket.create_connection(("::1", server.port), timeout=10) as connection,
    ):
        connection.sendall(f"GET {JOBS}done HTTP/1.0\r\nx-api-key: k\r\n\r\n".encode())
        assert (
            f'"http://[::1]:{server.port}/results/'.encode() in LiveTransport.read(connection).body
        )


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_who_is_just_being_let_in_is_hung_up_on_too(engine, monkeypatch, loop):
    """No connection is left open that the server has taken, and not looked at yet, when it ends."""
    if loop == "asyncio":
        monkeypatch.setattr(servers, "_loop_factory", lambda: None)
    with warnings.catch_warnings(record=True) as told, ExitStack() as stack:
        warnings.simplefilter("always", ResourceWarning)
        for _ in range(10):
            with ServerThread(Server(engine)) as thread:
                for _ in range(3):
                    stack.enter_context(LiveTransport(thread.server).connect())
        gc.collect()
    assert [each.message for each in told] == []


def test_it_runs_where_there_is_no_uvloop(engine, monkeypatch):
    """The standard library's own loop serves too, as it must on Windows."""
    monkeypatch.setattr(servers, "_loop_factory", lambda: None)
    with ServerThread(Server(engine)) as thread:
        transport = LiveTransport(thread.server)
        assert transport.send("GET", JOBS + "steady").status == 200
        assert transport.send("FOO", JOBS + "steady").status == 405
        assert transport.send("POST", "/nothing", body=b"x" * 100_000).status == 404


@pytest.mark.parametrize("error", [ImportError("built for another Python"), OSError("no DLL")])
def test_it_runs_where_uvloop_cannot_be_loaded(engine, monkeypatch, error):
    """As one that was built for another Python."""

    class Broken(MetaPathFinder):
        def find_spec(self, fullname, *_):
            if fullname == "uvloop":
                raise error

    monkeypatch.delitem(sys.modules, "uvloop", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    with ServerThread(Server(engine)) as thread:
        assert LiveTransport(thread.server).send("GET", JOBS + "steady").status == 200


@pytest.mark.parametrize("is_last", [False, True])
def test_a_port_that_was_given_is_given_to_no_later_server(engine, monkeypatch, is_last):
    """Who asks a server late that has ended meets no other one; unless there is no other port."""
    asked, bind = [], socket.socket.bind

    class Given(deque):
        def __contains__(self, port):
            asked.append(port)
            return len(asked) == 1

    def bind_once(listening, address):
        if is_last and asked:
            raise OSError(errno.EADDRINUSE, "there is no other")
        bind(listening, address)

    monkeypatch.setattr(servers, "_last_given", Given())
    monkeypatch.setattr(servers.Listening, "bind", bind_once)
    with ServerThread(Server(engine)) as thread:
        assert (thread.server.port == asked[0]) == is_last


def test_a_token_that_nobody_can_send_is_refused_and_nothing_stays_open(engine):
    """A socket left open would be a warning, and so an error, of this test's."""
    with pytest.raises(ValueError, match="token"):
        Server(engine, admin_token="not sendable\n")
    gc.collect()


def test_the_limit_of_open_files_is_counted_where_it_is_reached(engine, monkeypatch):
    """By the connection that takes the last file, whose number is the highest there can be."""
    monkeypatch.setattr(servers, "_files_max", lambda: 1)
    with ServerThread(Server(engine)) as running:
        url = f"{running.server.url}/__admin/health"
        assert requests.get(url, timeout=10).json()["limits_reached"] == {"open_files": 1}
    monkeypatch.setattr(servers, "_files_max", lambda: 1_000_000)
    with ServerThread(Server(engine)) as running:
        requests.get(f"{running.server.url}/", timeout=10)
    assert engine.limits_reached() == {"open_files": 1}


def test_the_last_file_may_be_something_else(engine, monkeypatch):
    """No connection has the highest number: it is counted all the same, once for each time."""
    monkeypatch.setattr(servers, "_files_max", lambda: 1_000_000)
    monkeypatch.setattr(servers, "TICK_SECONDS", 0.001)
    is_left, looked, own = [False], threading.Event(), os.open

    def open_one(*arguments):
        looked.set()
        if not is_left[0]:
            raise OSError(errno.EMFILE, "Too many open files")
        return own(*arguments)

    def look_again():
        for _ in range(3):  # one that was under way, a whole one, and the next
            looked.clear()
            assert looked.wait(10)

    monkeypatch.setattr(servers, "os", SimpleNamespace(**{**vars(os), "open": open_one}))
    with ServerThread(Server(engine)):
        for times in (1, 2):
            is_left[0] = False
            look_again()
            assert engine.limits_reached() == {"open_files": times}
            is_left[0] = True
            look_again()


FULL = "socket.accept() out of system resource"


@pytest.mark.parametrize(
    ("message", "number", "times"),
    [(FULL, errno.EMFILE, 1), (FULL, errno.EIO, 0), ("another", errno.EMFILE, 0)],
)
def test_the_loop_says_nothing_of_each_try_to_open_one_file_too_many(
    engine, caplog, message, number, times
):
    """Asyncio's own would, thousands of times a second; it is counted. Other errors are said."""
    with ServerThread(Server(engine)) as running:
        loop, done = running.server.loop, threading.Event()
        context = {"message": message, "exception": OSError(number, "no")}
        for _ in range(3):
            loop.call_soon_threadsafe(loop.call_exception_handler, context)
        loop.call_soon_threadsafe(done.set)
        assert done.wait(10)
    assert engine.limits_reached().get("open_files", 0) == times
    assert len(caplog.records) == (0 if times else 3)


@pytest.fixture
def hangup():
    """A way to say what SIGHUP does, which is undone at the end."""
    before = signal.getsignal(signal.SIGHUP)
    yield lambda handler: signal.signal(signal.SIGHUP, handler)
    signal.signal(signal.SIGHUP, before)


@pytest.mark.posix
def test_a_terminal_that_closes_is_a_signal_like_others(hangup):
    """Whoever is to stop is told its name."""
    told = []
    hangup(lambda *_: told.append("nobody took it"))
    with stopped_by_signals(told.append):
        signal.raise_signal(signal.SIGHUP)
    assert told == ["SIGHUP"]


@pytest.mark.posix
def test_a_hangup_that_is_ignored_stays_so(hangup):
    """As under nohup, which is to let the server live."""
    told = []
    hangup(signal.SIG_IGN)
    with stopped_by_signals(told.append):
        signal.raise_signal(signal.SIGHUP)
    assert (told, signal.getsignal(signal.SIGHUP)) == ([], signal.SIG_IGN)
