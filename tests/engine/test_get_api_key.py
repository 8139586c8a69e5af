"""Get API Key: what buys a key, and what the key opens."""

import json
from datetime import UTC, timedelta

import pytest

JOB = "jobs: {a: {timeline: [{status: job_running}]}}"
SECRETS = (
    "secret_keys: {s: active, old: inactive_credential, team-*: active}\napi_keys: {k: active}\n"
    + JOB
)
DAY = 86_400


def message(reply):
    """Return the message of an error."""
    return json.loads(reply.body)["message"]


def test_a_secret_key_buys_an_api_key(mock):
    """The fields in their documented order; the key is a UUID."""
    body = json.loads(mock(SECRETS).get_key().body)
    assert list(body) == ["api_key", "end_date"]
    assert len(body["api_key"]) == 36


def test_the_key_works_at_once(mock):
    """Though api_keys does not name it."""
    asked = mock(SECRETS)
    assert asked.sees(key=asked.key()) == "job_running"


@pytest.mark.parametrize(
    ("secret", "expected"),
    [
        ("s", None),
        ("team-7", None),
        ("old", "Inactive_credential."),
        ("nobody", "Not_found_credential."),
        ("", "invalid_api_key."),
        ("  ", "invalid_api_key."),
        ("s,s", "Not_found_credential."),
    ],
)
def test_secret_keys_are_judged_as_api_keys_are(mock, secret, expected):
    """Exact names, then patterns; missing and unknown ones as assumed."""
    reply = mock(SECRETS).get_key(secret)
    assert (None if reply.status == 200 else message(reply)) == expected


def test_without_secret_keys_every_secret_works(mock):
    """So that a scenario need not name any."""
    assert mock(JOB).get_key("whatever").status == 200


@pytest.mark.parametrize("text", [SECRETS, JOB])
def test_a_secret_key_is_no_api_key(mock, text):
    """Also where every word works: once it has bought a key it is a secret."""
    asked = mock(text)
    asked.key()
    assert asked.sees(key="s") == "Not_found_credential."
    assert asked.entries[-1].notes == ("a secret key was sent where an API key belongs",)


def test_an_api_key_is_no_secret_key(mock):
    """Neither one of the file nor one that was issued."""
    asked = mock(SECRETS)
    for key in ("k", asked.key()):
        assert message(asked.get_key(key)) == "Not_found_credential."
        assert asked.entries[-1].notes == ("an API key was sent where a secret key belongs",)


def test_the_key_ends_after_thirty_days(mock):
    """Of the mock's clock; a poll of the last second is answered."""
    asked = mock(SECRETS)
    key = asked.key()
    assert asked.sees(key=key) == "job_running"
    asked.wait(30 * DAY - 1)
    assert asked.sees(key=key) == "job_running"
    asked.wait(1)
    assert asked.sees(key=key) == "Inactive_credential."
    assert asked.entries[-1].notes == ("this API key has ended",)


def test_its_lifetime_can_be_assumed(mock):
    """As key_lifetime says."""
    asked = mock("assumptions: {key_lifetime: 90s}\n" + SECRETS)
    key = asked.key()
    asked.wait(90)
    assert asked.sees(key=key) == "Inactive_credential."


def test_end_date_is_the_end_of_the_key(mock):
    """In UTC, to the second."""
    asked = mock(SECRETS)
    end_date = json.loads(asked.get_key().body)["end_date"]
    expected = asked.clock.date_at(0) + timedelta(days=30)
    assert end_date == f"{expected.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def test_the_format_of_end_date_can_be_assumed(mock):
    """In strftime's words."""
    asked = mock("assumptions: {end_date_format: '%Y/%m/%d'}\n" + SECRETS)
    end = json.loads(asked.get_key().body)["end_date"]
    assert end == f"{asked.clock.date_at(0) + timedelta(days=30):%Y/%m/%d}"


def test_asking_again_brings_a_new_key(mock):
    """The old one lives on."""
    asked = mock(SECRETS)
    first, second = asked.key(), asked.key()
    assert first != second
    assert asked.sees(key=first) == asked.sees(key=second) == "job_running"


def test_asking_again_may_bring_the_same_key(mock):
    """Where a scenario assumes so, as long as it works."""
    asked = mock("assumptions: {same_key_again: same}\n" + SECRETS)
    first = asked.key()
    assert asked.key() == first
    asked.wait(30 * DAY)
    assert asked.key() != first


def test_retrain_needs_a_model_id(mock):
    """Missing or empty."""
    asked = mock(SECRETS)
    for query in ("credential_type=retrain", "credential_type=retrain&model_id="):
        assert message(asked.get_key(query=query)) == "Model id is required."
    assert asked.get_key(query="credential_type=train").status == 200


@pytest.mark.parametrize(
    ("query", "note"),
    [
        ("", "credential_type is missing or empty; the API documents train, retrain, deploy"),
        (
            "credential_type=",
            "credential_type is missing or empty; the API documents train, retrain, deploy",
        ),
        (
            "credential_type=Retrain&model_id=1",
            "credential_type is 'Retrain'; the API documents train, retrain, deploy",
        ),
        ("credential_type=train&model_id=x", "model_id is 'x'; the API documents a whole number"),
        ("credential_type=train&model_id=", "model_id is ''; the API documents a whole number"),
    ],
)
def test_what_is_odd_is_noted(mock, query, note):
    """A key comes all the same, unless a scenario assumes an error."""
    asked = mock(SECRETS)
    assert asked.get_key(query=query).status == 200
    assert asked.entries[-1].notes == (note,)
    strict = mock("assumptions: {odd_credential_type: model_may_be_deleted}\n" + SECRETS)
    assert message(strict.get_key(query=query)) == "This model may be deleted."


def test_the_same_seed_issues_the_same_keys(mock):
    """To every caller a sequence of its own, whoever asks in between."""
    first, second = mock(SECRETS), mock(SECRETS)
    second.key("team-1")
    assert [first.key(), first.key()] == [second.key(), second.key()]


def test_all_keys_of_a_secret_and_a_model_are_one_caller(mock):
    """They see one job in one state; another model's key sees its own."""
    asked = mock("jobs: {a: {timeline: [{status: one, for: 2 polls}, {status: two}]}}")
    first, renewed, other = asked.key(), asked.key(), asked.key(model=2)
    assert [asked.sees(key=key) for key in (first, renewed, renewed, first)] == [
        "one",
        "one",
        "two",
        "two",
    ]
    assert asked.sees(key=other) == "one"
    assert len({entry.caller for entry in asked.entries if entry.job_id}) == 2


def test_a_key_that_ends_is_told_from_the_next_poll_on(mock):
    """Also where its path leads straight to the job."""
    asked = mock(SECRETS)
    key = asked.key()
    for _ in range(3):
        asked.sees(key=key)
    asked.wait(31 * DAY)
    renewed = asked.key()
    assert asked.sees(key=key) == "Inactive_credential."
    assert asked.sees(key=renewed) == "job_running"
