"""A real Redis or Valkey for tests: started where its program is found, else they are skipped."""

import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

PROGRAM = (
    (shutil.which("valkey-server") or shutil.which("redis-server"))
    if hasattr(socket, "AF_UNIX")
    else None
)
NEEDED = pytest.mark.skipif(PROGRAM is None, reason="needs valkey-server or redis-server")


class RedisServer:
    """A server on a socket of its own, which can be stopped, frozen and started again."""

    def __init__(self, folder, *options, port=0):
        self.folder, self.options, self.port = folder, options, port
        self.socket = f"{folder}/s"
        self.url = f"unix://{self.socket}"
        self.process = None
        self.start()

    def start(self):
        """Start, and return when it answers."""
        self.process = subprocess.Popen(
            [
                *(PROGRAM, "--port", str(self.port), "--unixsocket", self.socket),
                *("--dir", self.folder),
                *("--save", "", *self.options),
            ],
            stdout=subprocess.DEVNULL,
        )
        while not self._answers():
            assert self.process.poll() is None
            time.sleep(0.005)

    def _answers(self):
        with suppress(OSError), socket.socket(socket.AF_UNIX) as asking:
            asking.connect(self.socket)
            asking.sendall(b"PING\r\n")
            answer = asking.recv(64)
            return bool(answer) and not answer.startswith(b"-LOADING")
        return False

    def wait_for_replica(self, replica):
        """Return when another server has all that is here."""
        replica.client().replicaof("127.0.0.1", self.port)
        while replica.client().info("replication").get("master_link_status") != "up":
            time.sleep(0.005)
        self.client().wait(1, 5000)

    def kill(self):
        """End it as a crash does."""
        self.process.kill()
        self.process.wait()
        Path(self.socket).unlink(missing_ok=True)

    def fail_over(self, other):
        """End it as a crash does; another one answers where it did."""
        self.kill()
        Path(other.socket).rename(self.socket)

    def freeze(self):
        """Let it do nothing."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        """Let it go on."""
        self.process.send_signal(signal.SIGCONT)

    def client(self):
        """Return a client of redis-py."""
        import redis  # noqa: PLC0415 -- an extra

        return redis.Redis(unix_socket_path=self.socket)


def free_port():
    """Return a port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


@contextmanager
def redis_server(*options, port=0):
    """Start a server for a while; on a socket, and on a port if there is one."""
    with tempfile.TemporaryDirectory(prefix="p1-redis-") as folder:  # a socket's path is short
        server = RedisServer(folder, *options, port=port)
        try:
            yield server
        finally:
            server.thaw()
            server.kill()
