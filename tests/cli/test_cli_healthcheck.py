"""``mock-p1 healthcheck`` asks a running server whether it is well."""

import socket
import threading

import pytest

from mock_p1 import serving
from mock_p1._version import __version__


@pytest.fixture
def listener():
    """A server that is none: ``listener(reply)`` answers with these bytes, and returns its port."""
    opened = []

    def listener(reply: bytes | None) -> int:
        listening = socket.create_server(("127.0.0.1", 0))
        opened.append(listening)

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(10_000)
                if reply is not None:
                    connection.sendall(reply)
                else:
                    connection.recv(1)  # says nothing until the client gives up

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        opened.append(thread)
        return listening.getsockname()[1]

    yield listener
    for thread in opened[1::2]:
        thread.join(5)
    for listening in opened[::2]:
        listening.close()


@pytest.fixture
def free_port():
    """A port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


def port_of(mock) -> str:
    """Return the port that a mock is served on."""
    return mock.url.rpartition(":")[2]


def test_well(run):
    """A server that answers: exit 0, and a line that says where, which version and scenario."""
    with serving("stuck") as mock:
        result = run("healthcheck", "--port", port_of(mock))
    assert result.exit_code == 0
    assert result.output == f"{mock.url} is well: Mock P1 {__version__}, serving stuck.yaml\n"


@pytest.mark.parametrize("host", ["0.0.0.0", "127.0.0.1", "localhost"])  # noqa: S104 -- asked, not bound
def test_every_address_is_asked_on_loopback(run, host):
    """The variables that `serve` listens by lead to it.

    0.0.0.0, which is no address to ask, means loopback.
    """
    with serving("stuck") as mock:
        result = run("healthcheck", env={"MOCK_P1_HOST": host, "MOCK_P1_PORT": port_of(mock)})
    assert result.exit_code == 0, result.output


def test_version_6(run):
    """:: means loopback too, in the way of IPv6."""
    result = run("healthcheck", "--host", "::", "--port", "1")
    assert "http://[::1]:1/" in result.output


def test_nothing_there(run, free_port):
    """Nothing listens: exit 1, and what to do, on one line."""
    result = run("healthcheck", "--port", str(free_port))
    assert result.exit_code == 1
    assert result.output.startswith(
        f"http://127.0.0.1:{free_port}/__admin/health: no answer of a Mock P1 server ("
    )
    assert result.output.endswith("is `mock-p1 serve` running?\n")


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
        b'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"ok"',
        b'HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n{"status": "bad"}',
        (
            b"HTTP/1.1 500 Oh\r\nContent-Length: 48\r\n\r\n"
            b'{"status": "ok", "version": "1", "scenario": ""}'
        ),
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{",
        b"220 mail.example.com ESMTP\r\n",
        b"",
    ],
    ids=["text", "json-text", "unwell", "error", "cut", "mail-server", "nothing"],
)
def test_something_else_there(run, listener, reply):
    """What answers, but not as a healthy mock: exit 1, never a traceback."""
    result = run("healthcheck", "--port", str(listener(reply)))
    assert (result.exit_code, result.output.count("\n")) == (1, 1)


def test_silence(run, listener):
    """A server that never answers is given up after --timeout."""
    result = run("healthcheck", "--port", str(listener(None)), "--timeout", "0.05")
    assert (result.exit_code, "no answer of a Mock P1 server" in result.output) == (1, True)


@pytest.mark.parametrize("host", ["no such host", "", "a\nb", "x" * 300, "ü" * 100])
def test_odd_hosts(run, host):
    """A host that is none: exit 1, never a traceback."""
    assert run("healthcheck", "--port", "1", "--timeout", "0.2", "--host", host).exit_code == 1


@pytest.mark.parametrize(
    "wrong", [["--port", "70000"], ["--port", "http"], ["--timeout", "0"], ["--timeout", "-1"]]
)
def test_usage(run, wrong):
    """A port or a time-out that can be none is a usage error."""
    assert run("healthcheck", *wrong).exit_code == 2


def test_port_0(run):
    """Port 0 cannot be followed: the message says which port to give."""
    result = run("healthcheck", env={"MOCK_P1_PORT": "0"})
    assert (result.exit_code, "the one it printed" in result.output) == (1, True)


@pytest.mark.parametrize("timeout", ["1s", "1000ms", "1"])
def test_the_timeout_is_a_duration(run, listener, timeout):
    """MOCK_P1_TIMEOUT means the same here and in verify; a bare number is seconds."""
    port = str(listener(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno"))
    result = run("healthcheck", "--port", port, env={"MOCK_P1_TIMEOUT": timeout})
    assert result.exit_code == 1
