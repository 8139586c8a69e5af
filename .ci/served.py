"""`mock-p1 serve` on a free port, for the scripts of this folder."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def served(scenario: Path, *options: str) -> Iterator[str]:
    """Serve a scenario; its URL. RuntimeError if the server has not ended well.

    It may say that it could not read a request: some of these clients send what is none.
    """
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "mock_p1", "serve", "--port", "0"),
            *("--log-format", "json", "--quiet", *options, scenario),
        ],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
    )  # fmt: skip
    try:
        yield json.loads(server.stdout.readline())["url"]
        ended = server.poll()
    finally:
        server.terminate()
        _, errors = server.communicate(timeout=10)
    said = [line for line in errors.splitlines() if '"limit": "unreadable"' not in line]
    if ended is not None or said:
        raise RuntimeError(f"the server ended ({ended}), or had something to say: {said}")
