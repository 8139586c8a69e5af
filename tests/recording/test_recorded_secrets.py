"""No secret stands in a recording, whatever a service writes into its answers."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from mock_p1 import load_scenario
from mock_p1.recording.job_recorder import JobRecorder, RecordedJobCall
from mock_p1.recording.pseudonyms import Pseudonyms
from mock_p1.recording.scenario_text import scenario_of, scenario_text
from mock_p1.verify.answer import Answer
from mock_p1.verify.exceptions import Unreachable
from mock_p1.verify.pace import Pace

KEY = "0b5f8d1e-77aa-4c1c-9d3e-1f2a3b4c5d6e"
SIGNATURE = "b1946ac92492d2347c6235b4d2611184a3f5"
TOKEN = "IQoJb3JpZ2luX2VjEJr%2F%2F%2F%2Fwx8Zq0=="
HOST = "tenant-42.s3.ap-northeast-1.amazonaws.com"
LINK = (
    f"https://{HOST}/customer-a/result.zip?X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F2026"
    f"&X-Amz-Signature={SIGNATURE}&X-Amz-Security-Token={TOKEN}"
)
PRIVATE = "Dr. Tanaka's file has too few rows"
SECRETS = (
    *(KEY, SIGNATURE, "AKIAIOSFODNN7EXAMPLE", "IQoJb3Jp", HOST, "tenant-42", "customer-a"),
    *("S3cr3tTok3n-1", "Zm9vYmFy", "ey1-abc", "LTAI4Fxyz", "acc-tok-7", "other-key-9"),
    *("cl-secret-8", "ey2-def", "hunter22", "SECRET-code", "bucket.corp", "private/p.zip"),
)


def answer(body, status=200, kind="application/json", **headers):
    """An answer with this body, a text or JSON."""
    text = body if isinstance(body, str) else json.dumps(body)
    return Answer(status, {"content-type": kind, **headers}, text.encode())


def reply(status, **fields):
    """The documented reply."""
    return {"status": status, **fields, "metadata": {"retrain_job_id": "j-1"}}


SAID = [
    answer(reply("job_waiting", message=f"queued for {KEY}")),
    answer(reply("job_running", message=f"reading {LINK}")),
    answer("", 302, location="/customer-a/result.zip?code=SECRET-code"),
    answer({"odd": {KEY: [LINK, {"x-api-key": KEY}]}}),
    answer(json.dumps(reply("job_running", download_url=LINK)).replace("/", "\\/")[:-30]),
    answer(
        f"<Error><Code>AccessDenied</Code><Host>{HOST}</Host><AWSAccessKeyId>AKIAIOSFODNN7EXAMPLE"
        f"</AWSAccessKeyId><SignatureProvided>{SIGNATURE}</SignatureProvided></Error>",
        403,
        "application/xml",
    ),
    answer("", 302, location=LINK, **{"set-cookie": f"session={KEY}", "x-amz-id-2": TOKEN}),
    answer({"code": 1, "error": "E", "message": f"{KEY.upper()} or x-api-key: {KEY}"}, 500),
    answer(reply("job_running")),  # too many odd ones in a row would be the end
    Unreachable(f"{HOST} closed the connection", kind="reset"),
    answer(
        {
            "token": "S3cr3tTok3n-1",
            "signature": "Zm9vYmFy",
            "headers": {"Authorization": "Bearer ey1-abc"},
        }
    ),
    answer(
        {
            "fields": {"AWSAccessKeyId": "LTAI4Fxyz"},
            "access_token": "acc-tok-7",
            "apiKey": "other-key-9",
        }
    ),
    answer(
        {"client_secret": "cl-secret-8", "note": "Authorization: Bearer ey2-def; password=hunter22"}
    ),
    answer(reply("job_running", model_id=4, message=PRIVATE)),
    answer("", 302, location="//bucket.corp.internal/private/p.zip?foo=bar"),
    answer(reply("job_finished", model_id=4, download_url=LINK)),
]


class Script:
    """A client whose server says one thing after the other."""

    def __init__(self, said):
        self.said = iter(said)

    def send(self, *_, **__):
        """Say what comes next."""
        said = next(self.said)
        if isinstance(said, Exception):
            raise said
        return said


def text_of(said, **options):
    """The recording of a service that says this."""
    time = [0.0]

    def sleep(seconds):
        time[0] += seconds

    pace = Pace(limit=3600, now=lambda: time[0], sleep=sleep)
    call = RecordedJobCall("https://gateway.corp.example:8443", KEY, "j-1")
    date = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
    job = JobRecorder(Script(said), call, pace, date=lambda: date).record()
    names = Pseudonyms(**options)
    names.key(KEY)
    names.learn_host("gateway.corp.example:8443")
    return scenario_text(scenario_of(job, call.base, 30.0), names)


@pytest.mark.parametrize("hide", [False, True])
def test_no_secret_is_written(hide):
    """Keys, hosts, paths and queries of links, signatures, cookies: in no form."""
    text = text_of(SAID, hide_messages=hide)

    assert [secret for secret in SECRETS if secret.lower() in text.lower()] == []
    assert load_scenario(text).jobs["j-1"]


def test_the_same_secret_is_the_same_word():
    """What belongs together still does."""
    text = text_of(SAID)

    assert text.count("recorded-key-1") >= 3
    assert "recorded-key-2" not in text
    assert text.count("https://recorded-host-2.invalid/link-1") >= 3


def test_messages_are_hidden_where_it_is_asked_for():
    """By a number: that a message changed is still seen."""
    assert PRIVATE in text_of(SAID)

    hidden = text_of(SAID, hide_messages=True)
    assert PRIVATE not in hidden
    messages = [getattr(step, "message", None) for step in load_scenario(hidden).jobs["j-1"].steps]
    assert [m for m in messages if m] == ["message 1", "message 2", "message 6"]


def test_what_is_no_secret_stays():
    """Statuses, messages, Japanese, ids."""
    said = [answer(reply("再学習中", message="43 % of 1,000 rows")), answer(reply("job_finished"))]
    steps = load_scenario(text_of(said)).jobs["j-1"].steps

    assert (steps[0].status, steps[0].message) == ("再学習中", "43 % of 1,000 rows")
