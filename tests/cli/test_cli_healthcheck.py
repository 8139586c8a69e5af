"""``mock-p1 healthcheck`` asks a running server whether it is well."""

import os
import socket
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest

from mock_p1 import serving
from mock_p1._version import __version__
from mock_p1.base.clock import RealClock
from mock_p1.cli import healthcheck as module
from mock_p1.cli.serving_file import PREFIX, served_urls, serving_file
from mock_p1.engine.acts import SharedEngine, StoreDown
from mock_p1.engine.engine import Engine
from mock_p1.scenario.files import load_scenario
from mock_p1.server.server import Server, ServerThread

follows = pytest.mark.skipif(sys.platform == "win32", reason="no container of ours runs there")


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
        f"http://127.0.0.1:{free_port}/__admin/ready: no answer of a Mock P1 server ("
    )
    assert result.output.endswith("is `mock-p1 serve` running?\n")


@follows
def test_a_server_s_arguments_are_followed(run):
    """Without options of its own it asks where `serve` was told to be, by TLS or not."""
    with serving("stuck") as mock, serving_file(mock.url):
        result = run("healthcheck", env={"MOCK_P1_TIMEOUT": "5s"})
    assert (result.exit_code, result.output.split(" is well")[0]) == (0, mock.url)


@follows
@pytest.mark.slow
def test_a_process_is_followed(run, serve, tmp_path):
    """--port 0 too; and nothing is left behind at its end."""
    served = serve("--no-admin", TMPDIR=str(tmp_path))
    assert run("healthcheck").exit_code == 0
    served.process.terminate()
    served.process.wait(10)
    assert not [*tmp_path.glob(f"{PREFIX}*")]
    assert run("healthcheck").exit_code == 1


@follows
def test_options_and_other_variables_are_not_overruled(run, free_port):
    """Who says where to ask is obeyed; a server with other variables is another container's."""
    with serving_file("http://127.0.0.1:1"):
        assert f":{free_port}/" in run("healthcheck", "--port", str(free_port)).output
        other = run("healthcheck", env={"MOCK_P1_PORT": str(free_port)})
        assert f":{free_port}/" in other.output


@follows
def test_of_several_servers_none_is_followed():
    """It goes by the variables then."""
    with serving_file("http://127.0.0.1:1"), serving_file("http://127.0.0.1:2"):
        assert len(served_urls()) == 2
    assert served_urls() == []


@follows
def test_what_a_killed_server_left_is_removed(tmp_path):
    """Its lock has gone with it."""
    left = tmp_path / f"{PREFIX}left"
    left.write_text('{"url": "http://127.0.0.1:1", "variables": {}}', encoding="utf-8")
    assert served_urls() == []
    assert not left.exists()


@follows
def test_a_look_while_a_server_begins_removes_nothing(monkeypatch):
    """Its file has its name once it is locked, and no moment before."""
    import fcntl  # noqa: PLC0415 -- there is none on Windows

    lock, looks = fcntl.flock, []

    def look_and_lock(descriptor: int, how: int) -> None:
        if how == fcntl.LOCK_EX:
            looks.append(served_urls())
        lock(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", look_and_lock)
    with serving_file("http://127.0.0.1:1"):
        assert looks == [[]]
        assert served_urls() == ["http://127.0.0.1:1"]


@follows
def test_where_files_cannot_be_locked_none_is_left_behind(monkeypatch, tmp_path):
    """Some network drives have no locks."""
    import fcntl  # noqa: PLC0415 -- there is none on Windows

    def no_lock(*_: object) -> None:
        raise OSError

    monkeypatch.setattr("mock_p1.cli.serving_file._folders", lambda: [tmp_path])
    monkeypatch.setattr(fcntl, "flock", no_lock)
    with serving_file("http://127.0.0.1:1"):
        assert [*tmp_path.iterdir()] == []


@follows
def test_a_folder_of_two_spellings_is_looked_at_once(monkeypatch):
    """TMPDIR may end in a slash, and be the folder that is looked at anyway."""
    looked, shared = [], "/dev/shm"  # noqa: S108 -- its name alone
    monkeypatch.setenv("TMPDIR", f"{shared}/")
    monkeypatch.setattr(Path, "glob", lambda folder, _: looked.append(folder) or [])
    assert served_urls() == []
    assert looked == [Path(shared)]


@follows
def test_links_and_odd_files_are_not_followed(tmp_path):
    """Whatever stands in a folder that all may write to."""
    (tmp_path / "far").write_text("{}", encoding="utf-8")
    (tmp_path / f"{PREFIX}link").symlink_to(tmp_path / "far")
    (tmp_path / f"{PREFIX}folder").mkdir()
    os.mkfifo(tmp_path / f"{PREFIX}pipe")
    assert served_urls() == []
    assert (tmp_path / "far").exists()


@follows
def test_without_any_folder_it_serves_all_the_same(monkeypatch, tmp_path):
    """A container that is read-only, and has no shared memory."""
    monkeypatch.setattr("mock_p1.cli.serving_file._folders", lambda: [tmp_path / "none"])
    with serving_file("http://127.0.0.1:1"):
        assert served_urls() == []


def test_it_waits_for_a_server_that_comes(run, free_port, monkeypatch):
    """--wait asks again until the server is well."""
    with ExitStack() as stack:

        def pause(_: float) -> None:
            stack.enter_context(serving("stuck", port=free_port))

        clock = SimpleNamespace(sleep=pause, monotonic=time.monotonic)
        monkeypatch.setattr(module, "time", clock)
        result = run("healthcheck", "--port", str(free_port), "--wait", "30s")
    assert result.exit_code == 0, result.output


def test_it_waits_no_longer_than_told(run, free_port, monkeypatch):
    """Then it says what it says without."""
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.01)
    result = run("healthcheck", "--port", str(free_port), "--wait", "50ms")
    assert (result.exit_code, result.output.count("\n")) == (1, 1)


@pytest.mark.slow
def test_the_deadline_is_for_the_whole(run):
    """A server that sends a byte now and then is given up as one that is silent."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip() -> None:
            connection, _ = listening.accept()
            with connection:
                for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + b" " * 500:
                    try:
                        connection.sendall(bytes([byte]))
                    except OSError:
                        return
                    time.sleep(0.01)

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        port = str(listening.getsockname()[1])
        begin = time.monotonic()
        result = run("healthcheck", "--port", port, "--timeout", "200ms")
        took = time.monotonic() - begin
        thread.join(10)
    assert (result.exit_code, "not whole within 0.2 s" in result.output) == (1, True)
    assert took < 3


@pytest.mark.parametrize(
    ("options", "reply", "hint"),
    [
        ([], b"\x15\x03\x01\x00\x02\x02\x0a", "then give --tls"),
        ([], b"", "then give --tls"),
        (["--tls"], b"HTTP/1.1 400 Bad Request\r\n\r\n", "then leave out --tls"),
    ],
    ids=["alert", "closed", "http"],
)
def test_a_hint_at_tls(run, listener, options, reply, hint):
    """The other scheme is what went wrong most often."""
    result = run("healthcheck", "--port", str(listener(reply)), *options)
    assert (result.exit_code, hint in result.output) == (1, True), result.output


def test_an_authority_that_is_new_is_told(run):
    """Whoever has to trust it reads when it ends, too."""
    server = Server(Engine(load_scenario("stuck")))
    server.context.authority_state = "new, until 2028-11-25"
    with ServerThread(server):
        result = run("healthcheck", "--port", str(server.port))
    assert result.output.endswith("stuck.yaml; its authority: new, until 2028-11-25\n")


def test_without_controls_it_answers_and_no_request_is_noted(run):
    """The journal is for clients."""
    server = Server(Engine(load_scenario("stuck")), admin=False)
    with ServerThread(server):
        assert run("healthcheck", "--port", str(server.port)).exit_code == 0
    assert len(server.engine.journal) == 0


def test_a_store_that_is_down(run):
    """The mock answers clients nothing of use: exit 1, with its own words."""
    engine = SharedEngine(load_scenario("stuck"), RealClock())

    def down(_):
        raise StoreDown("Connection refused")

    engine.hand_over = down
    with ServerThread(Server(engine)) as served:
        result = run("healthcheck", "--port", str(served.server.port))
    assert result.exit_code == 1
    assert result.output == (
        f"{served.server.url} is not ready: the mock's store does not answer as it should: "
        "Connection refused\n"
    )


def test_brackets_of_an_address_are_taken(run):
    """As URLs have them."""
    assert "http://[::1]:1/" in run("healthcheck", "--host", "[::1]", "--port", "1").output


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
