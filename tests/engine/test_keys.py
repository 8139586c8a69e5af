"""What each x-api-key is answered with."""

import pytest

from mock_p1.base.messages import Reply
from mock_p1.contract.errors import DOCUMENTED_ERRORS
from mock_p1.contract.operations import API_KEY_LIMIT, RETRAIN_STATUS_CHECK

INVALID = "invalid_api_key."
INACTIVE = "Inactive_credential."
UNKNOWN = "Not_found_credential."

KEYED = """
    api_keys:
      ci-*: active
      ci-old-*: inactive_credential
      ci-old-1: active
      ci-7: inactive_credential
      "*-x": invalid_api_key
      demo-key: active
      expired-key: inactive_credential
      odd-key: not_found_credential
    jobs:
      a: {timeline: [{status: job_finished}]}
"""
JOB = "jobs: {a: {timeline: [{status: job_finished}]}}"


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("demo-key", "job_finished"),
        ("expired-key", INACTIVE),
        ("odd-key", UNKNOWN),
        ("other", UNKNOWN),
        ("demo-key2", UNKNOWN),
        ("DEMO-KEY", UNKNOWN),
        ("ci-1", "job_finished"),
        ("ci-", "job_finished"),
        ("ci-7", INACTIVE),
        ("ci-old-1", "job_finished"),
        ("ci-old-2", "job_finished"),
        ("ci-x", "job_finished"),
        ("a-x", INVALID),
        ("xci-1", UNKNOWN),
    ],
)
def test_exact_names_win_then_the_first_pattern_that_fits(mock, key, expected):
    """An exact name beats every pattern.

    Of the patterns the order of the file decides, however narrow they are.
    """
    assert mock(KEYED).sees(key=key) == expected


@pytest.mark.parametrize(("key", "expected"), [("ci-1", INACTIVE), ("any", "job_finished")])
def test_a_bare_star_comes_last(mock, key, expected):
    """Wherever it stands in the file."""
    text = f"api_keys: {{'*': active, ci-*: inactive_credential}}\n{JOB}"
    assert mock(text).sees(key=key) == expected


@pytest.mark.parametrize("keys", [(), ("",), ("  ",), ("\t",)])
@pytest.mark.parametrize("text", [KEYED, JOB])
def test_a_missing_key(mock, text, keys):
    """So is one that is empty, or blank."""
    reply = mock(text).ask("/v1/external/retrain_jobs/a", *keys)
    assert reply.status == 400
    assert INVALID.encode() in reply.body


def test_blanks_around_a_key_are_not_part_of_it(mock):
    """As in any HTTP header."""
    assert mock(KEYED).sees(key="  demo-key ") == "job_finished"


@pytest.mark.parametrize("key", ["anything", "k", "鍵", "a b", "*", "x" * API_KEY_LIMIT])
def test_without_api_keys_every_key_is_active(mock, key):
    """So that a scenario need not name any."""
    assert mock(JOB).sees(key=key) == "job_finished"


@pytest.mark.parametrize("text", [KEYED, JOB, f"api_keys: {{'*': active}}\n{JOB}"])
@pytest.mark.parametrize("size", [API_KEY_LIMIT + 1, 1_000_000])
def test_a_key_that_is_too_long_is_unknown(mock, text, size):
    """Whatever the patterns; and nothing of it is kept."""
    asked = mock(text)
    assert asked.sees(key="k" * size) == UNKNOWN
    assert asked.entries[0].api_key == "kkkk…"


@pytest.mark.parametrize("text", [KEYED, JOB, f"api_keys: {{'*': active}}\n{JOB}"])
@pytest.mark.parametrize(
    "keys", [("demo-key", "demo-key"), ("demo-key", "other"), ("", ""), ("demo-key,demo-key",)]
)
def test_two_headers_are_no_key(mock, text, keys):
    """In two headers, or joined by a comma as some servers do; and the journal says why."""
    asked = mock(text)
    reply = asked.ask("/v1/external/retrain_jobs/a", *keys)
    assert UNKNOWN.encode() in reply.body
    assert asked.entries[0].notes == ("has more than one x-api-key",)


def test_a_key_with_a_comma_may_be_named(mock):
    """Then it is one key after all."""
    assert mock(f"api_keys: {{'a,b': active}}\n{JOB}").sees(key="a,b") == "job_finished"


def test_a_key_that_is_not_ascii(mock):
    """Is a key like any other."""
    asked = mock(f"api_keys: {{鍵-001: active}}\n{JOB}")
    assert asked.sees(key="鍵-001") == "job_finished"
    assert asked.sees(key="鍵-002") == UNKNOWN


def test_the_same_key_is_told_apart_from_a_pattern_s_text(mock):
    """A client that sends the pattern itself fits it."""
    assert mock(KEYED).sees(key="ci-*") == "job_finished"


@pytest.mark.parametrize(
    ("api_keys", "expected"),
    [
        ("{a: inactive_credential, b: active, c: active}", "b"),
        ("{ci-*: active}", "ci-1"),
        ("{ci-*: active, ci-1: inactive_credential}", "ci-2"),
        ("{a-*: inactive_credential, 'a-1*': active, z: active}", "z"),
        ("{a: inactive_credential}", "a"),
        ("{a-*: inactive_credential, b: not_found_credential}", "a-1"),
    ],
)
def test_a_key_that_works_can_be_named(mock, api_keys, expected):
    """The first that is active, with something for a pattern's star; without one the first."""
    assert mock(f"api_keys: {api_keys}\n{JOB}").engine.state.keyring.first_active() == expected


def test_a_secret_key_likewise(mock):
    """The first active one; where none is, the first, so that a client meets what it is."""
    for states, expected in (
        ("{a: inactive_credential, b: active}", "b"),
        ("{a: inactive_credential}", "a"),
    ):
        keyring = mock(f"secret_keys: {states}\n{JOB}").engine.state.keyring
        assert keyring.first_active_secret() == expected


def test_without_api_keys_any_key_is_named(mock):
    """It works, as every key does."""
    asked = mock(JOB)
    assert asked.sees(key=asked.engine.state.keyring.first_active()) == "job_finished"


@pytest.mark.parametrize("name", RETRAIN_STATUS_CHECK.errors)
def test_the_errors_of_a_poll_differ_in_their_message_alone(mock, name):
    """As the manual has it: one code, one error name, and the message to the letter."""
    reply = mock(f"jobs: {{a: {{error: {name}}}}}").poll()
    assert isinstance(reply, Reply)
    assert reply.status == 400
    message = DOCUMENTED_ERRORS[name].message
    assert reply.body.decode() == (
        f'{{"code": 4001000204, "error": "PREDA_EXTERNAL_BAD_REQUEST", "message": "{message}"}}'
    )


def test_the_messages_are_those_of_the_manual():
    """To the letter, final dot and odd capitals included."""
    assert {name: error.message for name, error in DOCUMENTED_ERRORS.items()} == {
        "invalid_api_key": "invalid_api_key.",
        "inactive_credential": "Inactive_credential.",
        "not_found_credential": "Not_found_credential.",
        "user_may_be_deleted": "This user may be deleted.",
        "model_may_be_deleted": "This model may be deleted.",
        "job_may_be_deleted": "This job may be deleted.",
        "model_id_is_required": "Model id is required.",
        "not_found_retrain_job": "Not found retrain job.",
        "not_found_classifier": "Not found classifier.",
        "retrain_job_is_not_finished": "Retrain job is not finished.",
        "not_found_configuration_file": "Not found configuration_file.",
    }


PATTERNS = "secret_keys: {secret-*: active}\napi_keys: {team-*: active}\n"
OPEN = "jobs: {a: {timeline: [{status: job_running}]}}\n"


@pytest.mark.parametrize("scenario", [PATTERNS + OPEN, "secret_keys: {secret-1: active}\n" + OPEN])
def test_a_secret_key_is_known_by_its_name_or_pattern(mock, scenario):
    """Where an API key belongs it is refused, before it was ever used; the note says why."""
    asked = mock(scenario)
    assert asked.sees(key="secret-1") == "Not_found_credential."
    assert "a secret key was sent" in asked.entries[-1].notes[0]


@pytest.mark.parametrize("scenario", [PATTERNS + OPEN, "api_keys: {team-1: active}\n" + OPEN])
def test_an_api_key_is_known_by_its_name_or_pattern(mock, scenario):
    """It buys no key, and goes on to work as an API key."""
    asked = mock(scenario)
    assert asked.get_key("team-1").status == 400
    assert "an API key was sent" in asked.entries[-1].notes[0]
    assert asked.sees(key="team-1") == "job_running"


def test_where_every_word_works_the_first_use_says_what_it_is(mock):
    """One wrong call kills no key that worked."""
    asked = mock(OPEN)
    asked.poll(key="word")
    assert asked.get_key("word").status == 400
    assert asked.sees(key="word") == "job_running"
    asked.get_key("other")
    assert asked.sees(key="other") == "Not_found_credential."


@pytest.mark.parametrize("model", ["7", "07", "%207", "7%20"])
def test_one_model_is_one_caller_however_it_is_written(mock, model):
    """A job that one key created is seen with the other."""
    asked = mock(OPEN + "new_jobs: {timeline: [{status: job_waiting}]}")
    job, _ = asked.create(asked.key(model=7))
    assert asked.sees(job, asked.key(model=model)) == "job_waiting"


def test_a_megabyte_of_model_id_is_not_kept(mock):
    """Its caller's name stays short."""
    asked = mock(OPEN)
    asked.key(model="x" * 1_000_000)
    assert all(len(each.caller.name) < 200 for each in asked.engine.state.issued)


def test_a_megabyte_of_key_is_not_kept(mock):
    """It can be no key: neither the caller's name nor the journal has all of it."""
    asked = mock(OPEN)
    asked.poll(key="x" * 1_000_000)
    assert len(asked.engine.state.issued.caller("x" * 1_000_000).name) < 200
    assert len(asked.entries[-1].api_key) < 200


@pytest.mark.parametrize("times", [0, -1, 1.5, "2", True])
def test_a_number_of_failures_is_a_whole_number(mock, times):
    """What is none is refused in a sentence of ours."""
    asked = mock(OPEN)
    with pytest.raises(ValueError, match="times must be a whole number"):
        asked.driver.fail_next("timeout", times)
