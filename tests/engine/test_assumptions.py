"""What the manual does not say, and a scenario may say otherwise."""

import json

import pytest

from mock_p1.contract.errors import DOCUMENTED_ERRORS


def answer(mock, assumed, job="a", key="k"):
    """Return status and body of a poll under these assumptions."""
    text = f"""
        api_keys: {{k: active, theirs: active, old: inactive_credential}}
        jobs:
          a: {{error: job_may_be_deleted}}
          b: {{api_key: theirs, timeline: [{{status: s}}]}}
        assumptions: {assumed}
    """
    reply = mock(text).poll(job, key)
    return reply.status, json.loads(reply.body)


def message(mock, assumed, job="a", key="k"):
    """Return the message of a poll under these assumptions."""
    return answer(mock, assumed, job, key)[1]["message"]


@pytest.mark.parametrize(
    ("job", "key", "expected"),
    [
        ("a", "", "invalid_api_key."),
        ("a", "other", "Not_found_credential."),
        ("a", "old", "Inactive_credential."),
        ("x", "k", "Not found retrain job."),
        ("b", "k", "Not found retrain job."),
        ("a", "k", "This job may be deleted."),
        ("x", "other", "Not_found_credential."),
    ],
)
def test_what_is_assumed_by_default(mock, job, key, expected):
    """The plainest reading of the manual's reasons; and the key is checked first."""
    assert answer(mock, "{}", job, key) == (
        400,
        {"code": 4001000204, "error": "PREDA_EXTERNAL_BAD_REQUEST", "message": expected},
    )


def test_one_http_status_for_all_errors(mock):
    """A number."""
    assumed = "{error_http_status: 404}"
    assert [answer(mock, assumed, "a", key)[0] for key in ("k", "", "other", "old")] == [404] * 4


def test_an_http_status_for_each_error(mock):
    """A mapping; 400 for those it leaves out."""
    assumed = "{error_http_status: {invalid_api_key: 401, job_may_be_deleted: 410}}"
    assert [answer(mock, assumed, "a", key)[0] for key in ("k", "", "other")] == [410, 401, 400]


def test_an_http_status_of_success_is_none_of_our_business(mock):
    """Some services answer errors with 200."""
    assert answer(mock, "{error_http_status: 200}")[0] == 200


def test_the_code_as_text(mock):
    """Ten digits in quotes."""
    assert answer(mock, "{error_code_type: string}")[1]["code"] == "4001000204"


def test_a_body_of_another_shape(mock):
    """Templates are filled in at any depth.

    A code that stands alone keeps its type, within a text it is text.
    """
    errors = '[{code: "{code}", text: "{error}: {message} ({code})"}]'
    assumed = f"{{error_body: {{errors: {errors}, ok: false, other: '{{unknown}} {{}}'}}}}"
    assert answer(mock, assumed)[1] == {
        "errors": [
            {
                "code": 4001000204,
                "text": "PREDA_EXTERNAL_BAD_REQUEST: This job may be deleted. (4001000204)",
            }
        ],
        "ok": False,
        "other": "{unknown} {}",
    }


@pytest.mark.parametrize("error", ["inactive_credential", "not_found_credential"])
def test_another_error_for_a_missing_key(mock, error):
    """One of the three about keys."""
    assert (
        message(mock, f"{{missing_api_key: {error}}}", key="") == DOCUMENTED_ERRORS[error].message
    )


@pytest.mark.parametrize("error", ["inactive_credential", "invalid_api_key"])
def test_another_error_for_an_unknown_key(mock, error):
    """Likewise."""
    assert (
        message(mock, f"{{unknown_api_key: {error}}}", key="other")
        == DOCUMENTED_ERRORS[error].message
    )


@pytest.mark.parametrize("error", ["not_found_credential", "job_may_be_deleted"])
def test_another_error_for_a_job_of_another_key(mock, error):
    """Any of the five."""
    assert (
        message(mock, f"{{job_of_another_key: {error}}}", "b") == DOCUMENTED_ERRORS[error].message
    )


@pytest.mark.parametrize(
    ("job", "key", "expected"),
    [
        ("x", "other", "Not found retrain job."),
        ("x", "", "Not found retrain job."),
        ("a", "old", "Inactive_credential."),
    ],
)
def test_the_job_may_be_checked_first(mock, job, key, expected):
    """Then a wrong key tells which jobs exist."""
    assert message(mock, "{checked_first: job}", job, key) == expected


def test_fail_next_follows_the_assumptions(mock):
    """An error is written in one way only."""
    asked = mock(
        "jobs: {a: {timeline: [{status: s}]}}\n"
        "assumptions: {error_http_status: 410, error_body: {m: '{message}'}}"
    )
    asked.driver.fail_next("invalid_api_key")
    reply = asked.poll()
    assert (reply.status, reply.body) == (410, b'{"m": "invalid_api_key."}')
