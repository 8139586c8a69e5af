"""A server as users start it, for clients that are not Python."""

import json
import os
import subprocess
import sys

import pytest


@pytest.fixture(scope="module")
def base_url():
    """The URL of `mock-p1 serve happy-path`, in a process of its own.

    It must end well when it is told to.
    """
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MOCK_P1_")}
    server = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "mock_p1",
            "serve",
            "happy-path",
            "--port",
            "0",
            "--log-format",
            "json",
            "--quiet",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=clean,
    )
    try:
        yield json.loads(server.stdout.readline())["url"]
    finally:
        server.terminate()
        _, said = server.communicate(timeout=10)
    assert said == ""


@pytest.fixture
def environment():
    """The environment of a client that no proxy of this machine comes before."""
    return {**os.environ, "NO_PROXY": "*", "no_proxy": "*"}
