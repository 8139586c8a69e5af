"""What a server may do that is rare.

Results elsewhere, odd URLs, JSON beyond measure, files that cannot be written.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace

import pytest
from helpers.odd_servers import odd, whole
from helpers.right_server import FINISHED, Right, Sent, served
from helpers.verify_sessions import session_of

from mock_p1.verify.answer import Answer, describe, error_of, is_json, json_object
from mock_p1.verify.issue_key_checks import key_lifetime
from mock_p1.verify.runner import run

REPLY = '{"status": "job_running", "metadata": {"retrain_job_id": "job-running"}}'


class Elsewhere(Right):
    """The result lies on another server."""

    where = "http://127.0.0.1:1/result.zip"

    def reply(self, job):
        """Give the other server's URL."""
        return {k: self.where if k == "download_url" else v for k, v in super().reply(job).items()}


@pytest.mark.parametrize(
    ("lives", "shown", "assumed"),
    [
        (timedelta(days=2), "2.0 days", "2d"),
        (timedelta(hours=1), "60.0 minutes", "60m"),
        (timedelta(seconds=30), "0.5 minutes", "1m"),
    ],
)
def test_a_key_that_lives_for_less_than_a_day_is_not_said_to_live_for_none(lives, shown, assumed):
    """Nor is it assumed to."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    answer = SimpleNamespace(headers={"date": format_datetime(now, usegmt=True)})
    end_date = f"{now + lives:%Y-%m-%dT%H:%M:%SZ}"
    session = SimpleNamespace(answer=lambda _: answer, field=lambda *_: end_date)
    verdict = key_lifetime.judge(session)

    assert (verdict.actual, verdict.assumption) == (shown, {"key_lifetime": assumed})


def outcome(service, check_id):
    """Run all checks against a service; give the result of one."""
    with served(service) as url:
        report = run(session_of(url))
    return report, next(result for result in report.results if result.check.id == check_id)


def test_a_result_on_a_server_that_is_gone_is_not_reached():
    """Whether it could have been fetched is not known: neither held nor differing, exit 3."""
    report, result = outcome(Elsewhere(), "download-needs-no-key")

    assert list(report.having("differ")) == []
    assert (result.outcome, report.exit_status()) == ("not reached", 3)
    assert "127.0.0.1:1 refused the connection" in result.reason


@pytest.mark.parametrize(
    "url", ["http://[::1", "ftp://host/result.zip", "//host/result.zip", 7, "http://"]
)
def test_a_url_that_nobody_can_fetch_differs(url):
    """download_url is an http(s) URL, or the contract is broken."""
    service = Elsewhere()
    service.where = url

    assert outcome(service, "finished-brings-url")[1].outcome == "differ"


def test_a_signature_in_a_url_is_not_shown():
    """What follows the question mark of a download_url may be a secret, and is left out."""
    service = Elsewhere()
    service.where = "http://127.0.0.1:1/result.zip?signature=abc"
    report, _ = outcome(service, "finished-brings-url")

    assert "signature" not in str([(result.actual, result.reason) for result in report.results])


def test_a_result_is_not_read_to_its_end():
    """Its first bytes tell enough; a large one is left."""
    service = Right()
    service.download = lambda _: Sent(200, b"PK\x03\x04" + bytes(5_000_000), "application/zip")

    assert outcome(service, "result-is-zip")[1].outcome == "confirmed"


@pytest.mark.parametrize(
    ("body", "json_at_all", "found"),
    [
        (b"[" * 100_000, False, None),
        (b"9" * 10_000, False, None),
        (b"\xff\xfe", False, None),
        (b"", False, None),
        (b"[{}]", True, None),
        (b"null", True, None),
        (b'\xef\xbb\xbf{"a": 1}', True, {"a": 1}),
    ],
)
def test_what_is_json(body, json_at_all, found):
    """Nesting and numbers beyond measure are no JSON; a byte-order mark does no harm."""
    answer = Answer(200, {}, body)

    assert (is_json(answer), json_object(answer)) == (json_at_all, found)


def test_an_error_is_found_wherever_it_stands():
    """Code, error and message are told by their published values, in whatever shape they come."""
    body = {
        "errors": [
            {"id": "4001000204"},
            ["PREDA_EXTERNAL_BAD_REQUEST", {"text": "Inactive_credential."}],
        ]
    }

    assert error_of(Answer(400, {}, json.dumps(body).encode())).name == "inactive_credential"


def test_an_answer_is_shown_on_one_line_without_escapes():
    """Line ends and control characters of a server never reach the terminal as such."""
    text = describe(
        Answer(
            200, {"content-type": "text/html; charset=utf-8"}, b"<p>\r\n\x1b[31mred" + b"x" * 500
        )
    )

    assert text.startswith("HTTP 200 text/html <p> \\x1b[31mred")
    assert text.endswith("…")


def test_a_body_in_an_encoding_that_it_is_not_in(verify):
    """A body that cannot be unpacked is told as such."""
    with odd(whole("200 OK", REPLY, "application/json", Content_Encoding="gzip")) as host:
        result = verify(f"http://{host}")

    assert result.exit_code == 3
    assert "a body that cannot be decoded" in result.output


def test_junit_that_cannot_be_written_is_said(verify, tmp_path):
    """A folder where the file should be is a usage error, without a traceback."""
    with served(Right()) as url:
        result = verify(url, "--junit-xml", str(tmp_path))

    assert result.exit_code == 2
    assert "--junit-xml" in result.output


def test_a_finished_job_serves_as_one_without_being_named(verify):
    """Where --job-id is finished itself, its result is looked at."""
    with served(Right()) as url:
        result = verify(url, "--json", job_id=FINISHED)
    outcomes = {point["id"]: point["outcome"] for point in json.loads(result.output)["points"]}

    assert outcomes["download-needs-no-key"] == "hold"
    assert outcomes["other-statuses"] == "not checked"
