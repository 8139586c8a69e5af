"""What a poll is answered with, to the byte."""

import json
import re
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_p1.base.clock import VirtualClock
from mock_p1.base.messages import Request
from mock_p1.engine.engine import Engine
from mock_p1.scenario.parser import parse

JSON = ("Content-Type", "application/json")


def test_fields_stand_in_their_documented_order(mock):
    """However the scenario orders them."""
    text = (
        "jobs: {a: {timeline: [{download_url: u, message: m, model_id: 7, status: job_finished}]}}"
    )
    reply = mock(text).poll()
    assert reply.status == 200
    assert reply.headers == (JSON,)
    assert reply.body.decode() == (
        '{"status": "job_finished", "model_id": 7, "message": "m", "download_url": "u", '
        '"metadata": {"retrain_job_id": "a"}}'
    )


def test_absent_optionals_are_left_out(mock):
    """Not null, not empty."""
    body = mock("jobs: {a: {timeline: [{status: job_running}]}}").poll().body
    assert body == b'{"status": "job_running", "metadata": {"retrain_job_id": "a"}}'


def test_empty_text_and_zero_are_values(mock):
    """They are there, so they are sent."""
    body = mock('jobs: {a: {timeline: [{status: "", message: "", model_id: 0}]}}').poll().body
    assert (
        body == b'{"status": "", "model_id": 0, "message": "", "metadata": {"retrain_job_id": "a"}}'
    )


def test_utf_8_is_not_escaped(mock):
    """As it stands in the file."""
    body = mock("jobs: {a: {timeline: [{status: 待機中, message: 🎉}]}}").poll().body
    assert (
        body.decode()
        == '{"status": "待機中", "message": "🎉", "metadata": {"retrain_job_id": "a"}}'
    )


NO_IDS = ("upload_url", "YOUR_RETRAIN_JOB_ID", ".", "..")
IDS = st.text(min_size=1, max_size=20).filter(
    lambda text: not set(text) & set("/{}") and text not in NO_IDS
)


@given(st.text(max_size=20), st.text(max_size=20), st.integers(), IDS)
def test_every_reply_is_the_json_of_its_values(status, message, model_id, job_id):
    """Whatever they are: quotes, braces, line ends."""
    step = {"status": status, "message": message, "model_id": model_id}
    engine = Engine(parse(json.dumps({"jobs": {"*": {"timeline": [step]}}})), VirtualClock())
    path = "/v1/external/retrain_jobs/" + quote(job_id, safe="")
    body = json.loads(engine.handle(Request("GET", path, api_keys=("k",))).body)
    expected = {"status": status, "model_id": model_id, "message": message}
    assert list(body.items()) == [*expected.items(), ("metadata", {"retrain_job_id": job_id})]


def test_a_result_puts_its_url_into_download_url(mock):
    """The base URL is the one that the client used, the id is quoted, the step counts from 1."""
    steps = "{status: w, for: 1 poll}, {status: job_finished, result: generated}"
    asked = mock(f"jobs: {{a b: {{timeline: [{steps}]}}}}")
    asked.poll("a%20b")
    url = json.loads(asked.poll("a%20b").body)["download_url"]
    assert re.fullmatch("http://mock/results/[0-9a-f]{16}/a%20b/2/result.zip", url)


def test_another_base_url_gets_another_download_url(mock):
    """The same job may be polled under two names of the same server."""
    asked = mock("jobs: {a: {timeline: [{status: job_finished, result: generated}]}}")
    request = Request("GET", "/v1/external/retrain_jobs/a", api_keys=("k",))
    bases = ("http://one", "http://two", "http://one")
    urls = [
        json.loads(asked.engine.handle(request._replace(base_url=base)).body)["download_url"]
        for base in bases
    ]
    path = urls[0].removeprefix("http://one")
    assert urls == [f"{base}{path}" for base in bases]


def test_a_literal_reply_is_to_the_letter(mock):
    """Status, headers and body as written; text is text."""
    text = """
        jobs:
          a:
            timeline:
              - reply: {status_code: 503, headers: {Retry-After: 5, x-b: 007}, body: "süß\\n"}
    """
    reply = mock(text).poll()
    assert reply.status == 503
    assert reply.headers == (
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Retry-After", "5"),
        ("x-b", "007"),
    )
    assert reply.body == "süß\n".encode()


@pytest.mark.parametrize(
    ("body", "expected"),
    [("{b: [1, 2.5, null], a: é}", '{"b": [1, 2.5, null], "a": "é"}'), ("[]", "[]")],
)
def test_a_literal_body_that_is_no_text_is_json(mock, body, expected):
    """A mapping or a list, in its own order."""
    reply = mock(
        f"jobs: {{a: {{timeline: [{{reply: {{status_code: 200, body: {body}}}}}]}}}}"
    ).poll()
    assert (reply.headers, reply.body.decode()) == ((JSON,), expected)


def test_a_literal_content_type_is_the_scenarios_own(mock):
    """In whatever case its name is written."""
    reply = mock(
        "jobs: {a: {timeline: "
        "[{reply: {status_code: 200, headers: {content-type: a/b}, body: x}}]}}"
    ).poll()
    assert reply.headers == (("content-type", "a/b"),)


def test_a_literal_reply_without_a_body(mock):
    """Has no content type either."""
    reply = mock("jobs: {a: {timeline: [{reply: {status_code: 204}}]}}").poll()
    assert (reply.headers, reply.body) == ((), b"")


def test_what_changes_in_a_timeline_changes_in_the_reply(mock):
    """A reply is written once per step, and never kept for the next."""
    asked = mock("""
        jobs:
          a:
            timeline:
              - {status: job_waiting, for: 2 polls}
              - {status: job_running, for: 90s}
              - {error: job_may_be_deleted, for: 1 poll}
              - {fault: connection_reset, for: 1 poll}
              - {status: job_finished}
    """)
    seen = [asked.sees() for _ in range(4)]
    asked.wait(90)
    seen += [asked.sees() for _ in range(4)]
    assert seen == [
        "job_waiting", "job_waiting", "job_running", "job_running",
        "This job may be deleted.", "connection_reset", "job_finished", "job_finished",
    ]  # fmt: skip
