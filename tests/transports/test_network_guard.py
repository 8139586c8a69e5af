"""While a mock is active, nothing reaches the documented hosts.

Whatever library asks, and by whatever way.
"""

import asyncio
import http.client
import json
import multiprocessing
import pickle
import socket
import ssl
import subprocess
import sys
import threading
import urllib.request
from contextlib import closing, suppress
from multiprocessing.process import BaseProcess
from urllib.parse import urlsplit

import httpx
import pytest
import requests
import urllib3
from helpers.proactor_like import ProactorLikeLoop
from helpers.transport_clients import JOBS, KEY

from mock_p1 import mocked, serving
from mock_p1.contract.operations import DOCUMENTED_HOSTS
from mock_p1.transports import network_guard
from mock_p1.transports.network_guard import RealServiceRefused

HOST = urlsplit(DOCUMENTED_HOSTS[0]).hostname
OTHER_HOST = urlsplit(DOCUMENTED_HOSTS[1]).hostname
JOB = f"{DOCUMENTED_HOSTS[0]}{JOBS}steady"
HEADERS = dict([KEY])
SAYS = r"Mock P1 is active, and nothing reaches .*fixture mock_p1_server"


def connect_raw(host):
    """Connect a socket by name."""
    with socket.socket() as connection:
        connection.connect((host, 443))


def send_datagram(host):
    """Send to a name."""
    with socket.socket(type=socket.SOCK_DGRAM) as connection:
        connection.sendto(b"x", (host, 53))


def ask_a_name_server(host, *, connected):
    """Ask for a name as libraries with a resolver of their own do."""
    parts = host.rstrip(".").encode().split(b".")
    name = b"".join(bytes([len(part)]) + part for part in parts)
    question = b"\1\2\1\0\0\1\0\0\0\0\0\0" + name + b"\0\0\1\0\1"
    with (
        socket.socket(type=socket.SOCK_DGRAM) as server,
        socket.socket(type=socket.SOCK_DGRAM) as us,
    ):
        server.bind(("127.0.0.1", 0))
        if connected:
            us.connect(server.getsockname())
            us.send(question)
        else:
            us.sendto(question, server.getsockname())


WAYS = {
    "getaddrinfo": lambda host: socket.getaddrinfo(host, 443),
    "getaddrinfo of bytes": lambda host: socket.getaddrinfo(host.encode(), 443),
    "an old copy": lambda host, look_up=socket.getaddrinfo: look_up(host, 443),
    "gethostbyname": lambda host: socket.gethostbyname(host),  # noqa: PLW0108 -- what is there at the call
    "gethostbyname_ex": lambda host: socket.gethostbyname_ex(host),  # noqa: PLW0108 -- what is there at the call
    "gethostbyaddr": lambda host: socket.gethostbyaddr(host),  # noqa: PLW0108 -- what is there at the call
    "a name server": lambda host: ask_a_name_server(host, connected=False),
    "a name server, connected": lambda host: ask_a_name_server(host, connected=True),
    "create_connection": lambda host: socket.create_connection((host, 443)),
    "a raw socket": connect_raw,
    "a datagram": send_datagram,
    "http.client": lambda host: http.client.HTTPSConnection(host).request("GET", "/"),
    "urllib": lambda host: urllib.request.urlopen(f"https://{host}/"),
    "urllib over http": lambda host: urllib.request.urlopen(f"http://{host}/"),
    "asyncio": lambda host: asyncio.run(asyncio.open_connection(host, 443)),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("mock", [mocked, serving])
def test_every_way_fails_at_once_and_says_what_to_use(mock, way):
    """With an OSError, so that a client's library reports it as it reports others.

    However the host is written.
    """
    with mock("demo", check=False):
        for host in (HOST, OTHER_HOST, HOST.upper(), f"{HOST}."):
            with pytest.raises(OSError, match=SAYS):
                way(host)


def test_another_host_may_be_reached(scenario):
    """By libraries that are not the mock's business."""
    with mocked(scenario), socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()


def test_afterwards_nothing_is_refused():
    """What the system says of the name is its own."""
    with mocked("demo"):
        pass
    with suppress(socket.gaierror):
        socket.getaddrinfo(HOST, 443, flags=socket.AI_NUMERICHOST)


def test_where_python_traces_there_is_no_audit_hook(monkeypatch):
    """It would keep threads that begin at the same time from being traced, and so from starting."""
    added = []
    monkeypatch.setattr(sys, "addaudithook", added.append)
    monkeypatch.setattr(sys, "gettrace", lambda: print)
    network_guard._hook.__wrapped__()  # noqa: SLF001 -- once for each process
    assert added == []


def test_sockets_are_what_they_were():
    """Also after mocks of both kinds have overlapped."""
    owners = (socket.socket, ssl.SSLSocket, ssl.SSLObject, ssl.SSLContext)
    before = [dict(vars(owner)) for owner in owners]
    with mocked("demo"), serving("demo"):
        assert [dict(vars(owner)) for owner in owners] != before
    assert [dict(vars(owner)) for owner in owners] == before


@pytest.fixture
def proxy():
    """A proxy that keeps what it is sent, and forwards nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        received = []

        def serve():
            sent = b"something"
            while sent:
                connection, _ = server.accept()
                with connection, suppress(OSError):
                    connection.settimeout(5)
                    sent = connection.recv(4096)
                    received.append(sent)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", received
        socket.create_connection(server.getsockname()).close()
        thread.join(10)


def by_urllib(url, proxy):
    """Ask through a proxy."""
    handler = urllib.request.ProxyHandler({"http": proxy, "https": proxy})
    urllib.request.build_opener(handler).open(url, timeout=5)


def by_http_client(url, proxy):
    """Ask through a proxy, by hand."""
    with closing(http.client.HTTPConnection(urlsplit(proxy).netloc, timeout=5)) as connection:
        if url.startswith("https"):
            connection.set_tunnel(HOST, 443)
            url = "/"
        connection.request("GET", url)


def by_socket(url, proxy):
    """Ask through a proxy that speaks SOCKS5."""
    with socket.create_connection(("127.0.0.1", urlsplit(proxy).port)) as connection:
        connection.sendall(b"\5\1\0\3" + bytes([len(HOST)]) + HOST.encode() + b"\1\xbb")


def by_pieces(url, proxy):
    """Ask for a tunnel in two pieces at once, then in the smallest, one by one."""
    line = f"CONNECT {HOST}:443 HTTP/1.1\r\n\r\n".encode()
    with (
        socket.create_connection(("127.0.0.1", urlsplit(proxy).port)) as connection,
        pytest.raises(RealServiceRefused),
    ):
        connection.sendmsg([line[:3], line[3:]])
    with socket.create_connection(("127.0.0.1", urlsplit(proxy).port)) as connection:
        for place in range(len(line)):
            connection.send(line[place : place + 1])


async def ask_by_streams(proxy):
    """Ask through a proxy, by streams of asyncio."""
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(proxy).port)
    writer.write(f"CONNECT {HOST}:443 HTTP/1.1\r\n\r\n".encode())
    await reader.read()


def by_asyncio(url, proxy):
    """Ask through a proxy, by streams."""
    asyncio.run(ask_by_streams(proxy))


async def write_lines(proxy):
    """Ask through a proxy, by all lines at once, which Python 3.12 and later hand to sendmsg."""
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(proxy).port)
    writer.writelines([f"CONNECT {HOST}:443 HTTP/1.1\r\n".encode(), b"\r\n"])
    await reader.read()


def by_lines(url, proxy):
    """Ask through a proxy, by lines."""
    asyncio.run(write_lines(proxy))


def by_an_iterator(url, proxy):
    """Ask through a proxy, by what can be read once only."""
    lines = [f"GET {url.replace('https', 'http')} HTTP/1.1\r\n".encode(), b"\r\n"]
    with socket.create_connection(("127.0.0.1", urlsplit(proxy).port)) as connection:
        connection.sendmsg(iter(lines))


def by_windows_asyncio(url, proxy):
    """Likewise, as on Windows: C sends what its loop hands over."""
    with asyncio.Runner(loop_factory=ProactorLikeLoop) as runner:
        runner.run(ask_by_streams(proxy))


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    "ask",
    [
        *(by_urllib, by_http_client, by_socket, by_an_iterator),
        *(by_asyncio, by_lines, by_windows_asyncio),
    ],
)
def test_nothing_is_asked_of_a_proxy(scenario, proxy, ask, scheme):
    """Neither by a tunnel nor by an absolute URL: the proxy would look the name up."""
    address, received = proxy
    with mocked(scenario), pytest.raises(OSError, match=SAYS):
        ask(f"{scheme}://{HOST}/", address)
    assert not any(received)


def test_a_tunnel_is_refused_however_it_is_asked_for(scenario, proxy):
    """The proxy never has the whole name, in whatever pieces a library sends it."""
    address, received = proxy
    with mocked(scenario), pytest.raises(RealServiceRefused, match=SAYS):
        by_pieces(JOB, address)
    assert HOST.encode() not in b"".join(received)


@pytest.mark.parametrize(
    "before", [b'{"status": 1}', b"HTTP/1.1 200 OK\r\n", b"x" * 99, b"one\ntwo"]
)
def test_what_is_asked_in_pieces_is_seen_after_what_was_sent_before(scenario, before):
    """Such as the body of a request, which can be the beginning of nothing that matters."""
    line = f"CONNECT {HOST}:443 HTTP/1.1\r\n\r\n".encode()
    ours, theirs = socket.socketpair()
    with mocked(scenario), ours, theirs:
        ours.sendall(before)
        ours.sendall(line[:9])
        with pytest.raises(RealServiceRefused):
            ours.sendall(line[9:])


def test_trio_asks_nothing_of_a_proxy(scenario, proxy):
    """It has kept the methods that Python's sockets had when it was imported."""
    trio = pytest.importorskip("trio")
    address, received = proxy

    async def ask():
        async with await trio.open_tcp_stream("127.0.0.1", urlsplit(address).port) as stream:
            await stream.send_all(f"CONNECT {HOST}:443 HTTP/1.1\r\n\r\n".encode())

    with mocked(scenario), pytest.raises(trio.BrokenResourceError, match=SAYS):
        trio.run(ask)
    assert not any(received)


def test_gevent_asks_nothing_of_a_proxy(scenario, proxy):
    """Nor do its sockets, where it has patched nothing."""
    sockets = pytest.importorskip("gevent.socket", reason="is installed by `nox -s tests`")
    address, received = proxy
    with (
        mocked(scenario),
        closing(sockets.create_connection(("127.0.0.1", urlsplit(address).port))) as connection,
    ):
        connection.sendall(b"CONNECT ")
        with pytest.raises(RealServiceRefused, match=SAYS):
            connection.sendall(f"{HOST}:443 HTTP/1.1\r\n\r\n".encode())
    assert HOST.encode() not in b"".join(received)


def test_sockets_of_c_connect_to_no_name_of_the_service():
    """They look it up before Python is asked, but come no further."""
    for event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        with mocked("demo"), pytest.raises(RealServiceRefused):
            network_guard._audit(event, (None, (HOST, 443)))  # noqa: SLF001 -- no name server here


@pytest.mark.parametrize("ask", ["requests", "urllib3"])
def test_in_process_clients_are_answered_round_their_proxy(scenario, proxy, ask, monkeypatch):
    """By arguments as by the environment."""
    address, received = proxy
    monkeypatch.setenv("HTTPS_PROXY", address)
    with mocked(scenario):
        if ask == "requests":
            answers = [
                requests.get(JOB, headers=HEADERS, timeout=5),
                requests.get(JOB, headers=HEADERS, timeout=5, proxies={"https": address}),
            ]
            assert [answer.json()["status"] for answer in answers] == ["job_running"] * 2
        else:
            answer = urllib3.ProxyManager(address).request("GET", JOB, headers=HEADERS)
            assert json.loads(answer.data)["status"] == "job_running"
    assert received == []


async def ask_httpx(url):
    """Ask by the asynchronous client."""
    async with httpx.AsyncClient() as client:
        return await client.get(url)


CLIENTS = {
    "requests": lambda url: requests.get(url, timeout=5),
    "urllib3": lambda url: urllib3.PoolManager(retries=False).request("GET", url),
    "urllib3, with retries": lambda url: urllib3.PoolManager(retries=1).request("GET", url),
    "httpx": httpx.get,
    "httpx, async": lambda url: asyncio.run(ask_httpx(url)),
}
"""Those that are answered in-process."""


@pytest.mark.parametrize("ask", CLIENTS.values(), ids=CLIENTS)
@pytest.mark.parametrize(
    ("url", "why"),
    [
        (f"http://{HOST}/", "it begins with http:// instead of https://"),
        (f"http://{HOST}:443/", "it begins with http:// instead of https://"),
        (f"https://{HOST}:8443/", "it is for port 8443 instead of 443"),
    ],
)
def test_a_url_that_is_nearly_the_services_is_refused_with_the_difference(scenario, ask, url, why):
    """The scheme, or the port; it reaches nobody."""
    with mocked(scenario), pytest.raises(Exception, match="Mock P1 is active") as caught:
        ask(url)
    assert f"(refused, because {why})" in str(caught.value)


@pytest.mark.parametrize("ask", CLIENTS.values(), ids=CLIENTS)
def test_the_services_host_is_another_one_where_the_mock_has_its_own(scenario, ask):
    """By base_url=."""
    with (
        mocked(scenario, base_url="http://localhost:9000"),
        pytest.raises(Exception, match=r"refused, because it is for another host"),
    ):
        ask(JOB)


@pytest.mark.parametrize(
    ("client", "url", "why"),
    [
        ("requests", "http://localhost:9000/other", "its path is not below that of the base URL"),
        ("urllib3", "http://localhost:9000/other", "its path is not below that of the base URL"),
        ("requests", "http://localhost:9001/base/", "it is for port 9001 instead of 9000"),
        ("requests", "https://localhost:9000/base/", "it begins with https:// instead of http://"),
    ],
)
def test_a_url_that_is_nearly_the_mocks_own_is_refused_with_the_difference(
    scenario, client, url, why
):
    """Where it is refused: urllib3 may reach what is at another port of this machine."""
    with (
        mocked(scenario, base_url="http://localhost:9000/base"),
        pytest.raises(Exception, match="Mock P1 is active") as caught,
    ):
        CLIENTS[client](url)
    assert f"(refused, because {why})" in str(caught.value)


@pytest.mark.parametrize("trust_env", [True, False])
def test_aiohttp_is_refused_with_words_that_say_what_to_use(
    scenario, proxy, trust_env, monkeypatch
):
    """It has no way in of its own; the live fixture serves it. Directly and through a proxy."""
    aiohttp = pytest.importorskip("aiohttp")
    address, received = proxy
    monkeypatch.setenv("HTTPS_PROXY", address)

    async def ask():
        async with aiohttp.ClientSession(trust_env=trust_env) as session, session.get(JOB):
            pass

    with mocked(scenario), pytest.raises(aiohttp.ClientError, match="mock_p1_server"):
        asyncio.run(ask())
    assert not any(received)


def test_uvloop_is_refused_too(scenario):
    """It looks names up in C."""
    uvloop = pytest.importorskip("uvloop")

    async def ask():
        loop = asyncio.get_running_loop()
        with pytest.raises(RealServiceRefused):
            await loop.getaddrinfo(HOST, 443)
        with pytest.raises(RealServiceRefused):
            await asyncio.open_connection(HOST, 443)
        with pytest.raises(RealServiceRefused):  # in the tunnel of a proxy
            await loop.start_tls(None, None, None, server_hostname=HOST)

    with mocked(scenario), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(ask())


@pytest.mark.parametrize(
    "how",
    [
        pytest.param(how, marks=pytest.mark.posix if how == "fork" else pytest.mark.slow)
        for how in multiprocessing.get_all_start_methods()
    ],
)
def test_a_child_reaches_nothing_either(scenario, how):
    """However multiprocessing starts it: it inherits the guard, or takes it along."""
    context = multiprocessing.get_context(how)
    with mocked(scenario):
        child = context.Process(target=_look_up_refused)
        child.start()
        child.join(30)
    assert child.exitcode == 0


@pytest.mark.slow
def test_multiprocessing_is_imported_by_the_client_alone():
    """A mock costs its import to nobody; where a client imports it later, its children are seen."""
    code = """
import sys
from mock_p1 import mocked

with mocked("demo"):
    assert "multiprocessing" not in sys.modules
    from multiprocessing.process import BaseProcess
    guarded = BaseProcess.start
for _ in range(2):
    assert BaseProcess.start is not guarded
    with mocked("demo"):
        assert BaseProcess.start is guarded
assert guarded.__wrapped__ is BaseProcess.start
with mocked("demo"):
    pass
assert not [each for each in sys.meta_path if type(each).__module__.startswith("mock_p1")]
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def _look_up_refused():
    with pytest.raises(RealServiceRefused):
        socket.getaddrinfo(HOST, 443)


def test_a_child_with_an_interpreter_of_its_own_is_told_what_serves_it(monkeypatch):
    """No mock answers in it, so it is told of none that would."""
    monkeypatch.setattr(network_guard, "_is_a_child", False)
    pickle.loads(pickle.dumps(network_guard._GuardInAChild()))  # noqa: S301, SLF001 -- as in the child
    try:
        with pytest.raises(
            RealServiceRefused, match=r"started under a mock.*mock_p1_server"
        ) as raised:
            socket.getaddrinfo(HOST, 443)
        assert "requests" not in str(raised.value)
        with mocked("demo", check=False), pytest.raises(RealServiceRefused, match="requests"):
            socket.getaddrinfo(HOST, 443)
    finally:
        network_guard.end()


def test_what_has_wrapped_the_start_of_children_may_stay(monkeypatch):
    """It takes the guard along while a mock is active, once, and not afterwards."""
    taken = []
    monkeypatch.setattr(
        BaseProcess,
        "start",
        lambda child: taken.append(network_guard._TAKEN_ALONG in vars(child)),  # noqa: SLF001 -- no child here
    )
    with mocked("demo", check=False):
        ours = BaseProcess.start
        BaseProcess.start = lambda child: ours(child)  # noqa: PLW0108 -- another's, not ours
    multiprocessing.Process().start()
    with mocked("demo", check=False):
        multiprocessing.Process().start()
    assert taken == [False, True]
