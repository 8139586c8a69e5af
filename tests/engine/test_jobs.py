"""Which job an id leads to, and what becomes of ids that are none."""

import json

import pytest

from mock_p1.engine.engine import Engine

PATH = "/v1/external/retrain_jobs/"
JOBS_MAX = 50
NOT_FOUND = "Not found retrain job."
JOBS = """
    jobs:
      "*": {timeline: [{status: star}]}
      retrain-*: {timeline: [{status: pattern}]}
      "*-001": {timeline: [{status: second pattern}]}
      retrain-001: {timeline: [{status: exact}]}
      007: {timeline: [{status: seven}]}
      再学習 1: {timeline: [{status: text}]}
      "{odd}": {timeline: [{status: braces}]}
"""
ONE = "jobs: {a: {timeline: [{status: job_finished}]}}"


@pytest.mark.parametrize(
    ("job", "expected"),
    [
        ("retrain-001", "exact"),
        ("retrain-002", "pattern"),
        ("retrain-", "pattern"),
        ("x-001", "second pattern"),
        ("007", "seven"),
        ("7", "star"),
        ("RETRAIN-001", "second pattern"),
        ("x", "star"),
        ("%E5%86%8D%E5%AD%A6%E7%BF%92%201", "text"),
        ("retrain%2D001", "exact"),
        ("%72etrain-001", "exact"),
        ("%FF%FE", "star"),
        ("a%00b", "star"),
        ("*", "star"),
        ("i" * 200, "star"),
        ("%F0%9F%8E%89" * 200, "star"),
        ("i" * 201, NOT_FOUND),
        ("i" * 1_000_000, NOT_FOUND),
        ("a%2Fb", NOT_FOUND),
        ("%2F", NOT_FOUND),
        ("..%2F..", NOT_FOUND),
        ("{retrain_job_id}", NOT_FOUND),
        ("%7Bretrain_job_id%7D", NOT_FOUND),
        ("{", NOT_FOUND),
        ("YOUR_RETRAIN_JOB_ID", NOT_FOUND),
        ("{odd}", "braces"),
        ("%7Bodd%7D", "braces"),
    ],
)
def test_where_an_id_leads(mock, job, expected):
    """Exact beats pattern beats a bare star.

    What can be no id, or was never filled in, fits no pattern.
    """
    assert mock(JOBS).sees(job) == expected


@pytest.mark.parametrize("job", ["b", "A", "a%20", "%FF", "{x}", "a%2Fb", "aa", "*"])
def test_without_a_star_any_other_id_is_unknown(mock, job):
    """And answered with the documented error."""
    assert mock(ONE).sees(job) == NOT_FOUND


@pytest.mark.parametrize(
    "path", ["upload_url/update_model", ".", "..", "%2e", "%2E%2E", "", "a/", "a/b", "/a"]
)
def test_what_is_no_job_at_all(mock, path):
    """A path of the API, a step in a path, no id or too many.

    A JSON 404 that says what is imitated.
    """
    reply = mock("jobs: {'*': {timeline: [{status: star}]}}").ask(PATH + path, "k")
    assert reply.status == 404
    assert json.loads(reply.body)["error"] == "MOCK_P1_NOT_IMITATED"


def test_the_id_is_given_back_as_it_was_meant(mock):
    """Decoded once, in the reply's metadata."""
    body = json.loads(mock(JOBS).poll("%E5%86%8D%E5%AD%A6%E7%BF%92%201").body)
    assert body == {"status": "text", "metadata": {"retrain_job_id": "再学習 1"}}


def test_bytes_that_are_no_text_become_replacement_characters(mock):
    """The reply is JSON whatever was sent."""
    body = json.loads(mock(JOBS).poll("%FF%FE").body)
    assert body["metadata"]["retrain_job_id"] == "\ufffd\ufffd"


def test_an_absolute_target_is_the_same_path(mock):
    """As a proxy would send it."""
    assert mock(ONE).ask(f"http://elsewhere:80{PATH}a", "k").status == 200


@pytest.mark.parametrize(
    ("key", "expected"), [("mine", "job_finished"), ("theirs", NOT_FOUND), ("ci-1", NOT_FOUND)]
)
def test_a_job_of_another_key(mock, key, expected):
    """Does not exist, for all that other keys can tell."""
    text = """
        api_keys: {mine: active, theirs: active, ci-*: active}
        jobs: {a: {api_key: mine, timeline: [{status: job_finished}]}}
    """
    assert mock(text).sees(key=key) == expected


@pytest.mark.parametrize(("key", "expected"), [("ci-1", "job_finished"), ("mine", NOT_FOUND)])
def test_a_job_of_a_pattern_of_keys(mock, key, expected):
    """Is seen with each of them."""
    text = """
        api_keys: {mine: active, ci-*: active}
        jobs: {a: {api_key: ci-*, timeline: [{status: job_finished}]}}
    """
    assert mock(text).sees(key=key) == expected


def test_generated_jobs_may_belong_to_a_key(mock):
    """Like any other."""
    text = """
        api_keys: {mine: active, theirs: active}
        generated_jobs: [{count: 2, prefix: g-, api_key: mine, timeline: [{status: job_finished}]}]
    """
    assert [mock(text).sees("g-2", key) for key in ("mine", "theirs")] == [
        "job_finished",
        NOT_FOUND,
    ]


COUNTED = """
jobs:
  a: {timeline: [{status: one, for: 1 poll}, {status: two}]}
  "*": {timeline: [{status: o, for: 1 poll}, {status: t}]}
"""


def test_every_key_has_a_job_to_itself(mock):
    """Two clients with different keys never disturb each other."""
    asked = mock(COUNTED)
    assert [asked.sees(key=key) for key in ("k1", "k1", "k2", "k2")] == ["one", "two", "one", "two"]


def test_every_job_has_its_own_state(mock):
    """Also those that share a pattern."""
    asked = mock(COUNTED)
    assert [asked.sees(job) for job in ("x", "x", "y", "y", "x")] == ["o", "t", "o", "t", "t"]


def test_refused_polls_move_nothing(mock):
    """A poll that a key spoils is none that the job sees."""
    asked = mock(f"api_keys: {{k: active, old: inactive_credential}}\n{COUNTED}")
    assert [asked.sees(key=key) for key in ("old", "", "other", "k", "k")][3:] == ["one", "two"]


def test_guests_are_bounded(mock):
    """Ids that only a pattern knows are remembered up to a limit.

    The ones polled least recently begin anew.
    """
    text = "jobs: {'*': {timeline: [{status: one, for: 1 poll}, {status: two}]}}"
    asked = mock(text, jobs_max=JOBS_MAX)
    asked.sees("first")
    asked.sees("second")
    for number in range(JOBS_MAX - 2):
        asked.poll(f"job-{number}")
    assert asked.sees("first") == "two"
    asked.poll("one-more")
    assert asked.sees("first") == "two"
    assert asked.sees("second") == "one"
    assert asked.engine.job_states.evicted == 2


def test_keys_that_nobody_named_are_bounded(mock):
    """Also where they poll a job that the scenario names."""
    text = "jobs: {a: {timeline: [{status: one, for: 1 poll}, {status: two}]}}"
    asked = mock(text, jobs_max=JOBS_MAX)
    for number in range(JOBS_MAX + 2):
        asked.poll("a", f"key-{number}")
    assert asked.engine.job_states.evicted == 1
    assert [asked.sees("a", key) for key in ("key-1", "key-0")] == ["two", "one"]


def test_the_scenarios_own_jobs_are_never_forgotten(mock):
    """Not for a key that it names, whatever else is polled."""
    asked = mock(f"api_keys: {{k: active, '*': active}}\n{COUNTED}", jobs_max=JOBS_MAX)
    asked.sees("a", "k")
    for number in range(JOBS_MAX + 10):
        asked.poll(f"job-{number}", f"key-{number}")
    assert asked.sees("a", "k") == "two"


def test_a_guest_may_poll_each_of_the_scenarios_own_jobs(mock):
    """A key that no scenario names can keep up with as many jobs as there are."""
    count = JOBS_MAX + 500
    timeline = "[{status: one, for: 1 poll}, {status: two}]"
    text = f"generated_jobs: [{{count: {count}, prefix: g-, timeline: {timeline}}}]"
    asked = mock(text, journal_max=1, jobs_max=JOBS_MAX)
    for number in range(1, count + 1):
        asked.poll(f"g-{number}")
    assert asked.sees("g-1") == "two"
    assert asked.engine.job_states.evicted == 0


def test_a_scenario_without_jobs_knows_none(mock):
    """Keys can be tried against it all the same."""
    asked = mock("api_keys: {k: active}")
    assert [asked.sees("a", "k"), asked.sees("a", "x")] == [NOT_FOUND, "Not_found_credential."]


def test_a_path_that_no_transport_would_hand_over(mock):
    """The engine answers whatever it is given, also text that cannot be encoded."""
    asked = mock(
        "jobs: {'*': {timeline: [{status: star, result: generated, message: {fake: word}}]}}"
    )
    assert json.loads(asked.poll("\ud800").body)["status"] == "star"
    assert isinstance(asked.engine, Engine)


def test_a_fault_shows_no_job_of_another_key(mock):
    """A slow answer carries what a poll would be answered: an error."""
    asked = mock("jobs: {a: {api_key: own, timeline: [{status: job_running}]}}")
    asked.driver.fail_next("slow_body")
    spoilt = asked.poll(key="other")
    assert b"job_running" not in spoilt.reply.body
    assert spoilt.reply.status == 400


def test_where_the_job_is_checked_first_a_created_one_is_known(mock):
    """Its key is what is wrong."""
    asked = mock(
        "api_keys: {k: active}\n"
        "new_jobs: {timeline: [{status: job_waiting}]}\n"
        "assumptions: {checked_first: job}\n"
    )
    job, _ = asked.create()
    assert asked.sees(job, "nobody") == "Not_found_credential."
    assert asked.sees("unknown", "nobody") == "Not found retrain job."
