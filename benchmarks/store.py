"""A real Redis or Valkey for a while, where one is installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM: Final = shutil.which("valkey-server") or shutil.which("redis-server")


class Store(NamedTuple):
    """A store that runs: its process, and where it is."""

    process: subprocess.Popen[bytes]
    url: str

    def round_trips(self) -> int:
        """Return how many scripts it has run."""
        import redis  # noqa: PLC0415 -- an extra

        with redis.Redis.from_url(self.url) as client:
            stats = client.info("commandstats")
        return sum(stats.get(f"cmdstat_{name}", {}).get("calls", 0) for name in ("eval", "evalsha"))


@contextmanager
def running_store() -> Iterator[Store]:
    """Start a store that keeps nothing on disk; end the run where none is installed."""
    if PROGRAM is None:
        sys.exit("neither valkey-server nor redis-server is installed")
    with TemporaryDirectory(prefix="p1-store-") as folder:  # a socket's path is short
        socket = Path(folder, "s")
        quiet = ("--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", folder)
        with subprocess.Popen([PROGRAM, *quiet], stdout=subprocess.DEVNULL) as process:
            try:
                while not socket.exists():
                    time.sleep(0.01)
                yield Store(process, f"unix://{socket}")
            finally:
                process.terminate()
