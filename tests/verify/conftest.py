"""The command as a person calls it, without this machine's own variables and proxies."""

from __future__ import annotations

import os

import pytest
from click.testing import CliRunner
from helpers.right_server import CREDENTIALS

from mock_p1.cli import main
from mock_p1.verify.means import option


@pytest.fixture(autouse=True)
def _nothing_from_the_environment(monkeypatch):
    for name in list(os.environ):
        if name.startswith("MOCK_P1_") or name.upper().endswith(("_PROXY", "CA_BUNDLE")):
            monkeypatch.delenv(name)


@pytest.fixture
def verify():
    """Run ``mock-p1 verify URL`` with the zoo's key and job.

    Options given by name go before them.
    """

    def verify(url, *arguments, all_means=False, env=None, **means):
        names = (
            "api_key",
            "job_id",
            "inactive_key",
            "other_key",
            "deleted_job_id",
            "finished_job_id",
        )
        for name in names if all_means else names[:2]:
            means.setdefault(name, getattr(CREDENTIALS, name))
        given = [
            part
            for name, value in means.items()
            if value is not None
            for part in (option(name), value)
        ]
        return CliRunner().invoke(
            main, ["verify", url, *given, *arguments], catch_exceptions=False, env=env
        )

    return verify
