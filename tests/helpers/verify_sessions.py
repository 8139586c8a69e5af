"""Sessions of the checks with a server of a test."""

from __future__ import annotations

from helpers.right_server import GIVEN, MODEL, SECRET
from mock_p1.verify.client import HttpClient
from mock_p1.verify.credentials import Credentials
from mock_p1.verify.pace import Pace
from mock_p1.verify.questions import PERMISSIONS
from mock_p1.verify.session import VerifySession

CREDENTIALS = Credentials(**GIVEN)


def session_of(url):
    """Return a session with every key and job, which only reads."""
    return VerifySession(url, CREDENTIALS, HttpClient())


def session_of_all_calls(url, file, pace=None, **given):
    """Return a session that may make every call; ``file`` is what it uploads."""
    credentials = Credentials(
        **{**GIVEN, "secret_key": SECRET, "model_id": MODEL, "file": file, **given}
    )
    session = VerifySession(
        url, credentials, HttpClient(), pace or Pace(limit=20), allowed=PERMISSIONS
    )
    session.every_seconds = 0.02 if pace is None else 30.0
    return session
