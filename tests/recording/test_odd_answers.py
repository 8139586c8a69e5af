"""Whatever a service answers, what is written is a scenario that answers the same."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mock_p1 import load_scenario, mocked
from mock_p1.recording.flow_yaml import can_be_written, flow
from mock_p1.recording.job_recorder import SeenJob
from mock_p1.recording.pseudonyms import Pseudonyms
from mock_p1.recording.scenario_text import scenario_of, scenario_text
from mock_p1.recording.seen import seen_at_poll
from mock_p1.recording.seen_steps import SeenPoll, steps_of
from mock_p1.verify.answer import Answer, asked_wait_seconds
from mock_p1.verify.client import Call, HttpClient

WHEN = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


def polls_of(*answers, every=30.0):
    """Polls that were answered so, one after the other."""
    return [
        SeenPoll(i * every, 0.1, WHEN + timedelta(seconds=i * every), seen_at_poll(answer, "j-1"))
        for i, answer in enumerate(answers)
    ]


def text_of(polls):
    """The recording of these polls."""
    job = SeenJob("j-1", polls, "it is finished", ended=True)
    return scenario_text(scenario_of(job, "http://h", 30.0), Pseudonyms())


def again(text):
    """What the first poll of a recording is answered."""
    with mocked(text) as mock:
        url = f"{mock.url}/v1/external/retrain_jobs/j-1"
        return HttpClient().send(Call("GET", url, {"x-api-key": "k"}), seconds=5)


def status(name, **fields):
    """The documented reply."""
    body = {"status": name, **fields, "metadata": {"retrain_job_id": "j-1"}}
    return Answer(200, {"content-type": "application/json"}, json.dumps(body).encode())


@given(JSON)
def test_a_value_is_read_as_it_was_written(value):
    """By any reader of YAML; what cannot stand in a scenario is told apart."""
    if can_be_written(value):
        assert yaml.safe_load(f"x: {flow(value)}\n")["x"] == value


@given(TEXT, TEXT, st.integers(-9, 10**12))
def test_any_text_is_played_as_it_was(name, message, model_id):
    """A status, a message and a model id."""
    first = status(name, model_id=model_id, message=message)
    seen, played = seen_at_poll(first, "j-1"), again(text_of(polls_of(first)))

    hidden = {**seen.says, "message": Pseudonyms().text(message)}
    if Pseudonyms().text(name) == name:
        assert dict(seen_at_poll(played, "j-1").says) == hidden


@given(
    st.integers(200, 599),
    st.sampled_from(["application/json", "text/html", "", "text/plain; charset=utf-8", "a/b\x80"]),
    JSON.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=40),
    st.sampled_from([{}, {"retry-after": "7"}, {"retry-after": "soon"}, {"location": "/x y"}]),
)
def test_any_answer_can_be_written(code, kind, body, headers):
    """It passes the check, and is played with the same HTTP status."""
    odd = Answer(code, {"content-type": kind, **headers}, body)
    text = text_of(polls_of(odd, status("job_finished")))

    assert load_scenario(text).jobs["j-1"]
    assert again(text).status == code


ODD_BODIES = [
    '{"a": 1, "a": 2}',
    '{"a": "\\ud83d"}',
    '{"\\ud83d": [{"b": "\\ud83d"}]}',
    '{"fake": "name"}',
    '{"x": {"fake": "email"}, "result": "generated"}',
    '{"<<": {"a": 1}, "=": 2, "~": null, "": "", "yes": "no", "1": 1, "null": "~"}',
    '{"status": "${HOME}", "other": "$${HOME}", "third": "{{x}}"}',
    "[1e400]",
    "[1e22, 1E-7, -0.0, 123456789012345678901234567890, 0.1]",
    "[NaN]",
    "null",
    "5",
    '"text"',
    "[]",
    "{}",
    "[" * 60 + "]" * 60,
    '["\\u0000\\u0085\\u2028\\ufeff\\u007f", "- a", "%YAML", "#x", " x ", "x: y", "\\t"]',
    '{"%s": 1}' % ("k" * 2000),
    "---\na: 1\n...\n",
    "\ufefftext",
    "{'a': 1}",
]


@pytest.mark.parametrize("body", ODD_BODIES, ids=lambda body: body[:20])
def test_an_odd_body_is_played_as_it_was(body):
    """As JSON of the same meaning, or to the letter."""
    odd = Answer(200, {"content-type": "application/json"}, body.encode())
    played = again(text_of(polls_of(odd, status("job_finished")))).body.decode()

    def pairs(text):
        return json.loads(text, object_pairs_hook=list)

    assert played == body or pairs(played) == pairs(body)


def test_a_date_counts_from_the_answers_own():
    """No clock but the server's matters."""
    headers = {
        "retry-after": "Thu, 26 Nov 2026 12:01:30 GMT",
        "date": "Thu, 26 Nov 2026 12:01:00 GMT",
    }
    answer = Answer(503, headers, b"")

    assert asked_wait_seconds(answer) == 30
    assert seen_at_poll(answer, "j-1").says["reply"]["retry_after"] == {"date": "30s"}


def test_errors_of_another_shape_are_assumed_so():
    """An HTTP status and a type of the code that are not what we assume are played as they were."""
    body = {
        "code": "4001000204",
        "error": "PREDA_EXTERNAL_BAD_REQUEST",
        "message": "This job may be deleted.",
    }
    error = Answer(403, {"content-type": "application/json"}, json.dumps(body).encode())
    text = text_of(polls_of(status("job_running"), error))

    scenario = load_scenario(text)
    assert scenario.assumptions.error_code_type == "string"
    assert scenario.jobs["j-1"].steps[1].error == "job_may_be_deleted"
    played = again(text_of(polls_of(error)))
    assert (played.status, json.loads(played.body)) == (403, body)


def lengths(*answers, every=30.0):
    """How long each step is taken to last."""
    return [step.for_ for step in steps_of(polls_of(*answers, every=every))]


UNAVAILABLE = Answer(503, {}, b"")


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([status("a"), status("a"), status("b")], ["45s", ""]),
        ([status("a"), UNAVAILABLE, status("a"), status("b")], ["15s", "1 poll", "45s", ""]),
        ([status("a"), *[UNAVAILABLE] * 4, status("b")], ["15s", "2m", ""]),
        ([status("a"), status("a", message="x"), status("b")], ["15s", "30s", ""]),
    ],
)
def test_how_long_a_step_is_taken_to_last(answers, expected):
    """Until a round time near the middle; what happened to a call, so many polls; unless long."""
    assert lengths(*answers) == expected


def test_a_slow_answer_is_held_back_again():
    """Where most answers of a step took a second or longer."""
    seen = seen_at_poll(status("a"), "j-1")
    polls = [SeenPoll(i * 30.0, took, WHEN, seen) for i, took in enumerate((1.2, 0.1, 2.5))]

    assert [step.delay for step in steps_of(polls)] == ["100ms..2s500ms"]
    assert [step.delay for step in steps_of(polls[1:2])] == [""]


def test_a_date_that_no_calendar_has_asks_for_nothing():
    """An odd Retry-After must not end a recording of hours."""
    headers = {"retry-after": "Mon, 01 Jan 99999999999 00:00:00 GMT"}
    assert asked_wait_seconds(Answer(503, headers, b"")) == 0
