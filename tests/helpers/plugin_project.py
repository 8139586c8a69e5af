"""A client as users write it, and pytest runs of a user's own project."""

from __future__ import annotations

import pkgutil
from importlib import import_module

import httpx
import pytest
import requests

import mock_p1

# everything is imported here, once: pytester drops what a run inside it imports, and a second
# time-machine, or a second copy of the module that knows whether a clock is shared, would not know
# of the first; httpx loads httpcore with its first client, and tells its errors by their classes
httpx.Client().close()
for module in pkgutil.walk_packages(mock_p1.__path__, "mock_p1."):
    if module.name != "mock_p1.__main__":
        import_module(module.name)

PROJECT = '''
import time
import pytest
import requests


class Client:
    """Asks for the status of retrain jobs."""

    def __init__(self, url, key):
        self.url, self.key = url, key

    def ask(self, job="retrain-001"):
        url = f"{self.url}/v1/external/retrain_jobs/{job}"
        return requests.get(url, headers={"x-api-key": self.key}, timeout=5)

    def poll(self, job="retrain-001"):
        return self.ask(job).json()["status"]


@pytest.fixture
def client(mock_p1):
    return Client(mock_p1.url, mock_p1.api_key)
'''

SLOW = """
api_keys: {demo-key: active, other-key: active}
jobs:
  retrain-001:
    timeline:
      - {status: job_waiting, for: 2 polls}
      - {status: job_running, for: 90s}
      - {status: job_finished}
"""


class Project:
    """A user's project: tests to run with pytest, in this process unless told otherwise."""

    def __init__(self, pytester, monkeypatch):
        self.pytester = pytester
        monkeypatch.setenv(
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1"
        )  # the others take a second to load
        monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
        pytester.makeconftest(PROJECT)
        pytester.path.joinpath("slow.yaml").write_text(SLOW, encoding="utf-8")

    def file(self, name, text):
        """Write a file, and the folders it is in."""
        path = self.pytester.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def run(self, *arguments, tests=None, **ini):
        """Write the tests and the ini file, and run pytest."""
        if tests is not None:
            self.file("test_it.py", tests)
        if ini:
            lines = "".join(f"{name} = {value}\n" for name, value in ini.items())
            self.pytester.makeini(f"[pytest]\n{lines}")
        if "mock_p1_no_request" not in ini:
            arguments = ("-o", "mock_p1_no_request=ignore", *arguments)
        return self.pytester.runpytest_inprocess(
            *("-p", "mock_p1", "-p", "no:cacheprovider"),
            *("-p", "no:unraisableexception"),  # it searches all of our memory five times
            *arguments,
        )


@pytest.fixture
def project(pytester, monkeypatch):
    """A user's project with a client in its conftest, and slow.yaml.

    Two polls waiting, 90 s running.
    """
    return Project(pytester, monkeypatch)


@pytest.fixture
def ask():
    """Ask a mock for a job's status; return the whole response."""

    def ask(mock, job="retrain-001", key=None, path=None):
        url = mock.url + (path or f"/v1/external/retrain_jobs/{job}")
        return requests.get(url, headers={"x-api-key": key or mock.api_key}, timeout=5)

    return ask


@pytest.fixture
def poll(ask):
    """Ask a mock for a job's status; return the status, or the message of an error."""

    def poll(mock, job="retrain-001", key=None):
        body = ask(mock, job, key).json()
        return body.get("status") or body["message"]

    return poll


@pytest.fixture
def slow(tmp_path):
    """A scenario file of two polls waiting and 90 s running."""
    path = tmp_path / "slow.yaml"
    path.write_text(SLOW, encoding="utf-8")
    return path
