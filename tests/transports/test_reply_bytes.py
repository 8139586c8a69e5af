"""What the documented endpoint answers, byte for byte, through every transport."""

import json

import pytest
from helpers.transport_clients import JOBS, KEY

from mock_p1.contract.errors import DOCUMENTED_ERRORS

JSON = {"content-type": "application/json"}


def as_json(payload):
    """The bytes of a reply, as the mock writes JSON."""
    return json.dumps(payload, ensure_ascii=False).encode()


def error(name):
    """The bytes of a documented error."""
    found = DOCUMENTED_ERRORS[name]
    return as_json({"code": found.code, "error": found.error, "message": found.message})


def test_a_status_comes_in_the_documented_field_order(transport):
    """Status, model_id, message, metadata in this order.

    UTF-8 as it is; absent optionals left out.
    """
    body = (
        '{"status": "job_running", "model_id": 4821, "message": "学習中 \\"50%\\"", '
        '"metadata": {"retrain_job_id": "steady"}}'
    ).encode()
    assert transport.send("GET", JOBS + "steady") == (
        200,
        {**JSON, "content-length": str(len(body))},
        body,
    )


@pytest.mark.parametrize(
    ("job", "headers", "name"),
    [
        ("steady", (), "invalid_api_key"),
        ("steady", (("x-api-key", ""),), "invalid_api_key"),
        ("steady", (("x-api-key", "   "),), "invalid_api_key"),
        ("steady", (("x-api-key", "expired-key"),), "inactive_credential"),
        ("steady", (("x-api-key", "nobody"),), "not_found_credential"),
        ("nothing", (KEY,), "not_found_retrain_job"),
        ("private", (KEY,), "not_found_retrain_job"),
        ("deleted", (KEY,), "job_may_be_deleted"),
    ],
)
def test_a_documented_error_comes_to_the_letter(transport, job, headers, name):
    """HTTP 400 and the error's three fields."""
    body = error(name)
    assert transport.send("GET", JOBS + job, headers) == (
        400,
        {**JSON, "content-length": str(len(body))},
        body,
    )


def test_a_literal_reply_comes_to_the_letter(transport):
    """Status, headers and body are what the scenario says."""
    body = b"try again"
    headers = {
        "content-type": "text/plain; charset=utf-8",
        "retry-after": "5",
        "content-length": "9",
    }
    assert transport.send("GET", JOBS + "busy") == (503, headers, body)


def test_a_literal_reply_keeps_its_own_content_type(transport):
    """A Content-Type of the scenario's is not added to; an unusual HTTP status is not corrected."""
    assert transport.send("GET", JOBS + "typed") == (
        299,
        {"content-type": "text/csv", "content-length": "3"},
        b"a,b",
    )


def test_a_reply_without_a_body_has_no_content_type(transport):
    """HTTP 204 comes with neither Content-Type nor Content-Length."""
    assert transport.send("GET", JOBS + "empty") == (204, {}, b"")


def test_a_redirect_of_the_scenarios_own_goes_out_as_written(transport):
    """Location is sent as the scenario has it, not made absolute."""
    assert transport.send("GET", JOBS + "moved") == (
        302,
        {"location": "/elsewhere", "content-length": "0"},
        b"",
    )


def test_a_download_url_of_the_scenarios_own_is_not_touched(transport):
    """A literal download_url is answered to the letter."""
    assert (
        json.loads(transport.send("GET", JOBS + "elsewhere").body)["download_url"]
        == "https://example.com/a.zip"
    )


@pytest.mark.parametrize("name", ["x-api-key", "X-API-KEY", "X-Api-Key"])
def test_the_header_is_found_in_any_case(transport, name):
    """Header names know no case."""
    assert transport.send("GET", JOBS + "steady", ((name, "demo-key"),)).status == 200


def test_a_key_in_utf_8_is_understood(transport):
    """A key beyond ASCII is read as UTF-8, which is what clients that send bytes send."""
    assert transport.send("GET", JOBS + "steady", (("x-api-key", "鍵-1"),)).status == 200


def test_blanks_around_the_key_do_not_count(transport):
    """Blanks around a header's value are not part of it."""
    assert transport.send("GET", JOBS + "steady", (("x-api-key", "  demo-key \t"),)).status == 200


@pytest.mark.parametrize("blank", ["\u3000", "\u00a0", "\u0085"])
@pytest.mark.parametrize("form", ["{}鍵-1", "鍵-1{}"])
def test_other_blanks_belong_to_the_key(transport, form, blank):
    """Only SP and TAB are none of a header's value."""
    key = form.format(blank)
    assert transport.send("GET", JOBS + "steady", (("x-api-key", key),)).body == error(
        "not_found_credential"
    )


@pytest.mark.parametrize(
    "job_id", ["%E3%82%B8%E3%83%A7%E3%83%96", "ジョブ", "a%20b+c", "a b%2Bc", "%73teady"]
)
def test_an_id_is_percent_decoded_once(transport, job_id):
    """Raw UTF-8 and percent-encoded ids are the same id; a plus is a plus."""
    assert transport.send("GET", JOBS + job_id).status == 200


@pytest.mark.parametrize("job_id", ["%2573teady", "stead%79%00", "steady%2F", "%FF", "a+b+c"])
def test_an_id_is_not_decoded_twice_or_trimmed(transport, job_id):
    """What is no job after one decoding is no job."""
    assert transport.send("GET", JOBS + job_id).body == error("not_found_retrain_job")


def test_two_clients_with_different_keys_do_not_disturb_each_other(transport):
    """State is kept for each key."""
    polls = [
        transport.send("GET", JOBS + "two-polls", (("x-api-key", key),))
        for key in ["demo-key", "other-key"] * 2
    ]
    assert [json.loads(poll.body)["status"] for poll in polls] == ["job_waiting"] * 4
