"""The command as a person calls it, without this machine's own variables and proxies."""

from __future__ import annotations

import os

import pytest
from click.testing import CliRunner
from helpers.right_server import GIVEN

from mock_p1.cli import main
from mock_p1.verify.credentials import option_name


@pytest.fixture(autouse=True)
def _nothing_from_the_environment(monkeypatch):
    for name in list(os.environ):
        if (
            name == "CI"
            or name.startswith("MOCK_P1_")
            or name.upper().endswith(("_PROXY", "CA_BUNDLE"))
        ):
            monkeypatch.delenv(name)


@pytest.fixture
def verify():
    """Run ``mock-p1 verify URL`` with the right server's key and job.

    Options given by name go before them.
    """

    def verify(url, *arguments, given_all=False, env=None, **credentials):
        for name in GIVEN if given_all else [*GIVEN][:2]:
            credentials.setdefault(name, GIVEN[name])
        given = [
            part
            for name, value in credentials.items()
            if value is not None
            for part in (option_name(name), value)
        ]
        return CliRunner().invoke(
            main, ["verify", url, *given, *arguments], catch_exceptions=False, env=env
        )

    return verify
