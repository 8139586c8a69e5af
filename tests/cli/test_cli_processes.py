"""`serve` beside other processes: its port in a file, its parent's end, a container's signals."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import Mock

import pytest

from mock_p1.cli.command_error import Failure
from mock_p1.cli.process import forget_port, parent_watched, port_in_file

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="processes of POSIX")


def test_the_port_stands_in_a_file_while_it_is_served(tmp_path):
    """Whole when it is there, and gone at the end."""
    file = tmp_path / "port"
    file.write_text("of the run before", encoding="ascii")
    with port_in_file(file, 8191):
        assert file.read_text(encoding="ascii") == "8191\n"
        assert [*tmp_path.iterdir()] == [file]
    assert not file.exists()


def test_a_port_file_that_cannot_be_written_is_told(tmp_path):
    """Which, and why."""
    with (
        pytest.raises(Failure, match=r"--port-file .*none/port: No such file"),
        port_in_file(tmp_path / "none" / "port", 1),
    ):
        raise AssertionError("it began")


def test_a_port_of_before_is_gone_before_anything_is_read(run, tmp_path):
    """A script that waits for the file would take it for that of the new server."""
    file = tmp_path / "port"
    file.write_text("8191\n", encoding="ascii")
    assert run("serve", "no-such-scenario", "--port-file", str(file)).exit_code == 1
    assert not file.exists()


def test_a_port_of_before_behind_a_link_is_emptied(tmp_path):
    """The link stays."""
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_text("8191\n", encoding="ascii")
    link.symlink_to(file)
    forget_port(link)
    assert (link.is_symlink(), file.read_bytes()) == (True, b"")


def test_a_file_that_holds_no_port_is_left_alone(run, tmp_path):
    """Its name is a slip, as where the scenario's was given."""
    file = tmp_path / "scenario.yaml"
    file.write_text("jobs: {}\n", encoding="ascii")
    assert run("serve", "no-such-scenario", "--port-file", str(file)).exit_code == 1
    assert file.read_text(encoding="ascii") == "jobs: {}\n"


def test_a_port_of_before_that_cannot_be_looked_for_is_told(tmp_path, monkeypatch):
    """As in a folder of somebody else's."""
    monkeypatch.setattr(Path, "is_file", Mock(side_effect=PermissionError(13, "Permission denied")))
    with pytest.raises(Failure, match="cannot be removed: Permission denied"):
        forget_port(tmp_path / "port")


def test_a_port_of_before_that_cannot_be_removed_is_told(tmp_path, monkeypatch):
    """Nothing starts beside it."""
    file = tmp_path / "port"
    file.write_text("8191\n", encoding="ascii")
    monkeypatch.setattr(Path, "unlink", Mock(side_effect=PermissionError(13, "Permission denied")))
    with pytest.raises(Failure, match=r"--port-file .*port: what is in it now cannot be removed: "):
        forget_port(file)


def test_a_pipe_is_written_to_and_stays(tmp_path):
    """As a shell's `--port-file >(…)` makes one."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text(encoding="ascii")))
    reader.start()
    with port_in_file(pipe, 8191):
        reader.join(10)
    assert read == ["8191\n"]
    assert pipe.is_fifo()


def test_a_pipe_that_nobody_reads_yet_keeps_nothing_from_beginning(tmp_path):
    """So that a server which waits for its reader can be stopped."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with port_in_file(pipe, 8191):
        assert pipe.read_text(encoding="ascii") == "8191\n"


def test_a_symbolic_link_is_written_through_and_stays(tmp_path):
    """Standard output is one, in a system's folder of devices."""
    file, link = tmp_path / "file", tmp_path / "link"
    file.touch()
    link.symlink_to(file)
    with port_in_file(link, 8191):
        assert link.is_symlink()
    assert link.is_symlink()
    assert file.read_text(encoding="ascii") == "8191\n"


def test_the_port_file_of_the_next_server_stays(tmp_path):
    """Also with the same port, which is free before the file of the server before is gone."""
    file = tmp_path / "port"
    with ExitStack() as next_one:
        with port_in_file(file, 8191):
            next_one.enter_context(port_in_file(file, 8191))
        assert file.read_text(encoding="ascii") == "8191\n"
    assert not file.exists()


def test_the_end_of_the_parent_stops_it(monkeypatch):
    """Whoever takes it over is not the one that started it."""
    stopped, parents = threading.Event(), iter([7, 7])
    monkeypatch.setattr("mock_p1.cli.process.PARENT_SECONDS", 0.01)
    monkeypatch.setattr(os, "getppid", lambda: next(parents, 1))
    with parent_watched(stopped.set):
        assert stopped.wait(10)


def test_a_parent_that_lives_stops_nothing(monkeypatch):
    """For as long as it is served."""
    stopped = threading.Event()
    monkeypatch.setattr("mock_p1.cli.process.PARENT_SECONDS", 0.001)
    with parent_watched(stopped.set):
        assert not stopped.wait(0.05)


@pytest.mark.slow
def test_serve_ends_with_its_parent_and_takes_its_port_file_along(tmp_path):
    """A test run that is killed leaves no server behind."""
    file = tmp_path / "port"
    arguments = [*("serve", "--port", "0", "--port-file", str(file)), "--exit-with-parent", "-q"]
    command = [sys.executable, "-m", "mock_p1", *arguments]
    parent = subprocess.Popen(["sh", "-c", '"$@" & wait', "sh", *command], stdout=subprocess.PIPE)
    try:
        wait_until(file.exists)
    finally:
        parent.kill()
    assert parent.communicate(timeout=20)[0]  # its output ends when the server does
    wait_until(lambda: not file.exists())


def as_first_process() -> list[str] | None:
    """Return what runs a command as process 1 of a container, where that is allowed."""
    command = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child"]
    try:
        tried = subprocess.run([*command, "true"], capture_output=True, check=False, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return command if tried.returncode == 0 else None


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ["serve", "--port", "0"],
        ["demo"],
        ["healthcheck", "--port", "1", "--wait", "1m"],
        [*("verify", "http://127.0.0.1:1", "--api-key", "k", "--job-id", "j"), "--watch-job"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_container_s_first_process_ends_by_sigterm(arguments):
    """Which the system does for all other processes, and not for this one."""
    if (first := as_first_process()) is None:
        pytest.skip("no process may have a process space of its own here")
    process = subprocess.Popen(
        [*first, sys.executable, "-m", "mock_p1", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with ExitStack() as stack:
        stack.callback(process.wait)
        stack.callback(process.kill)
        child = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        deadline = time.monotonic() + 20
        while process.poll() is None and time.monotonic() < deadline:
            for number in child.read_text(encoding="ascii").split():
                os.kill(int(number), signal.SIGTERM)  # from its first moment on
            time.sleep(0.05)
        assert process.poll() is not None


def wait_until(holds) -> None:
    """Return once it holds; fail after long."""
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)
