"""`explain` tells beforehand what the engine then does.

When each step is seen, and what is answered.
"""

import json
import re
from functools import partial

import pytest
from helpers.engine_mock import Mock

from mock_p1 import Handle, load_scenario
from mock_p1.analysis.explanation import call_explanations, explanations, explanations_of
from mock_p1.base.clock import VirtualClock
from mock_p1.base.messages import Request
from mock_p1.contract.errors import FAULTS
from mock_p1.engine.engine import Engine
from mock_p1.engine.failures import NOT_LOST
from mock_p1.scenario.files import bundled
from mock_p1.scenario.parser import parse

JOBS = "/v1/external/retrain_jobs"
WAITING, RUNNING, FINISHED = "status: job_waiting", "status: job_running", "status: job_finished"


def when(*steps, at_end="stay"):
    """The moments that explain names for a timeline of these steps, and its length."""
    timeline = ", ".join(f"{{{step}}}" for step in steps)
    (account,) = explanations(
        parse(f"jobs: {{mine: {{at_end: {at_end}, timeline: [{timeline}]}}}}")
    )
    return [row.when for row in account.rows], account.length


def rows_of(text):
    """The rows of the only job in a scenario's text."""
    (account,) = explanations(parse(text, "mine.yaml"))
    return account.rows


def poll(job, key="any-key"):
    """A client's poll, as a transport hands it to the engine."""
    return Request("GET", f"{JOBS}/{job}", "", (key,), "http://here")


def test_a_spoilt_answer_leaves_a_job_finished():
    """A row says so, since the job can be switched to there."""
    spoilt = "{fault: timeout, for: 1 poll}, {reply: {status_code: 503}, for: 1 poll}"
    timeline = f"[{spoilt}, {{{FINISHED}, for: 1 poll}}, {spoilt}, {{status: s}}]"
    rows = rows_of(f"jobs: {{a: {{timeline: {timeline}}}}}")
    stays = [row.details.endswith("the job stays job_finished") for row in rows]
    assert stays == [False, False, False, True, True, False]


def test_polls_are_numbered():
    """Steps of polls are told by the numbers of their polls."""
    told = when(f"{WAITING}, for: 2 polls", f"{RUNNING}, for: 1 poll", FINISHED)
    assert told == (["polls 1-2", "poll 3", "poll 4 and later"], "at its last step after 3 polls")


def test_times_add_up():
    """Steps of time are told from the first poll on, and their spans add up."""
    told = when(f"{WAITING}, for: 10m", f"{RUNNING}, for: 1h50m", FINISHED)
    first, second = "from 0s to 10m after poll 1", "from 10m to 2h after poll 1"
    assert told == ([first, second, "from 2h after poll 1 on"], "at its last step after 2h")


def test_time_after_polls_is_counted_from_the_last_of_them():
    """A step of time after N polls begins with the answer to poll N."""
    told, length = when(f"{WAITING}, for: 2 polls", f"{RUNNING}, for: 90s", FINISHED)
    assert told == ["polls 1-2", "from 0s to 1m30s after poll 2", "from 1m30s after poll 2 on"]
    assert length == "at its last step after 2 polls and 1m30s"


def test_polls_after_time_have_no_numbers():
    """How often a client polls meanwhile is its own choice: later polls count from a moment."""
    steps = [
        f"{WAITING}, for: 10m",
        f"{RUNNING}, for: 1 poll",
        f"{RUNNING}, for: 3 polls",
        f"{WAITING}, for: 5s",
    ]
    assert when(*steps, FINISHED)[0] == [
        "from 0s to 10m after poll 1",
        "the next poll from 10m after poll 1 on",
        "the next 3 polls",
        "from 0s to 5s after the last of them",
        "from 5s after the last of them on",
    ]


def test_a_manual_step_waits_for_a_move():
    """A manual step lasts until the job is moved on; what follows is counted from there."""
    told, length = when(
        f"{WAITING}, for: manual", f"{RUNNING}, for: 90s", f"{RUNNING}, for: manual", FINISHED
    )
    assert told[:2] == ["every poll, until moved by hand", "from 0s to 1m30s after that move"]
    assert told[2:] == ["from 1m30s after that move on, until moved by hand", "from then on"]
    assert length == "at its last step after 1m30s and 2 moves by hand"


def test_a_job_waits_for_its_file():
    """What follows is counted from the moment at which the file has come."""
    first = f"{WAITING}, for: upload"
    told, length = when(first, f"{RUNNING}, for: 90s", FINISHED)
    assert told == [
        "until its file has come",
        "from 0s to 1m30s after its file",
        "from 1m30s after its file on",
    ]
    assert length == "at its last step after its file and 1m30s"
    assert when(first, f"{RUNNING}, for: 2 polls", FINISHED)[0] == [
        "until its file has come",
        "the next 2 polls",
        "from then on",
    ]


def test_the_time_of_a_created_job_begins_with_its_file():
    """Also where no step waits for it."""
    text = f"new_jobs: {{timeline: [{{{RUNNING}, for: 90s}}, {{{FINISHED}}}]}}"
    (account,) = explanations(parse(text))
    assert account.rows[0].when == "from 0s to 1m30s after its file"


def test_a_single_step_is_always_the_same():
    """A job of one step has nothing to come to."""
    assert when(FINISHED) == (["every poll"], "always the same")


def test_a_loop_begins_anew():
    """A job that loops has no last step; its length is that of one round."""
    told = when(f"{WAITING}, for: 2 polls", f"{RUNNING}, for: 90s", at_end="loop")
    assert told == (
        ["polls 1-2", "from 0s to 1m30s after poll 2"],
        "begins anew after 2 polls and 1m30s",
    )


def test_an_answer_is_the_engine_s_own():
    """Values come from the same place as the real answers, invented ones too.

    Only the address and the part that cannot be guessed are left open.
    """
    values = "model_id: 4, message: {fake: sentence}, result: generated"
    text = f"jobs: {{mine: {{timeline: [{{status: job_finished, {values}}}]}}}}"
    real = json.loads(Engine(parse(text)).handle(poll("mine")).body)
    url = re.sub("http://here/results/[0-9a-f]+/", "…/results/…/", real["download_url"])
    assert (
        rows_of(text)[0].details
        == f'model_id: 4; message: "{real["message"]}"; download_url: "{url}"'
    )


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ("error: job_may_be_deleted", (400, "job_may_be_deleted", "This job may be deleted.")),
        ("fault: timeout", (None, "timeout", "the request is taken and never answered")),
        (
            "reply: {status_code: 503, headers: {Retry-After: 5}, body: Busy}",
            (503, "reply", "Retry-After: 5; Busy"),
        ),
        ("reply: {status_code: 429, retry_after: 30s}", (429, "reply", "Retry-After: 30s")),
        (
            "reply: {status_code: 429, retry_after: {date: 1m}}",
            (429, "reply", "Retry-After: 1m as a date"),
        ),
        ("status: job_running, delay: 300ms", (200, "job_running", "held back 300ms")),
        ("status: job_running, delay: 100ms..2s", (200, "job_running", "held back 100ms..2s")),
    ],
)
def test_every_kind_of_step_is_told(step, told):
    """Errors, faults, literal replies and delays: what the client gets, and the line."""
    (row,) = rows_of(f"jobs:\n  mine:\n    timeline:\n      - {{{step}}}\n")
    assert row[1:] == (*told, "mine.yaml:4")


@pytest.mark.parametrize("name", bundled())
def test_what_is_told_is_what_happens(name):
    """Each bundled job, lived to its end, shows just the rows that were told.

    In their order, and to the poll.
    """
    scenario = load_scenario(name)
    for account in explanations(scenario):
        created = account.entry == "new_jobs"
        polls = lived(scenario, account.entry.replace("*", "any"), account.api_key, created=created)
        seen = {}  # a row's line -> the numbers of the polls that saw it
        for number, each in enumerate(polls, 1):
            seen.setdefault(each.source, []).append(number)
        assert [row.source for row in account.rows] == list(seen)
        outcomes = {each.source: each.outcome for each in polls}
        for row in account.rows:
            assert row.outcome in (outcomes[row.source], "reply")
            first, last = seen[row.source][0], seen[row.source][-1]
            numbered = [
                f"poll {first}",
                f"polls {first}-{last}",
                f"poll {first} and later",
                "every poll",
            ]
            assert row.when in numbered or not row.when.startswith(("poll", "every"))


def lived(scenario, job, key, *, created=False):
    """The polls of a job up to its last step.

    In a step of time one poll at its beginning, the next at its end.
    """
    engine = Engine(scenario, VirtualClock())
    handle = Handle(engine, "http://here")
    path = None
    if created:
        asked = Request("GET", f"{JOBS}/upload_url", "filename=a.csv", (handle.api_key,))
        answer = json.loads(engine.handle(asked).body)
        job, path = answer["retrain_job_id"], answer["upload_url"]
    waits_for = ""
    while waits_for is not None:
        engine.handle(poll(job, key or handle.api_key))
        waits_for = handle.polls()[-1].waits_for
        if path is not None:
            engine.handle(Request("PUT", path))
            path = None
            continue
        if waits_for is None or "poll" not in waits_for:
            engine.handle(poll(job, key or handle.api_key))
            handle.advance(handle.polls()[-1].waits_for or 0)
    return handle.polls()


@pytest.mark.parametrize(
    ("job_id", "title"),
    [
        ("named", "job named"),
        ("load-7", "job load-7"),
        ("ci-7", "job ci-7 (by the pattern ci-*)"),
        ("else", "job else (by the pattern *)"),
    ],
)
def test_one_job_is_found_as_the_engine_finds_it(job_id, title):
    """An id leads to the job of its name, a generated one, or the first pattern.

    The title says which.
    """
    done = "{timeline: [{status: job_finished}]}"
    generated = "[{count: 9, prefix: load-, timeline: [{status: job_finished}]}]"
    text = f"jobs: {{named: {done}, ci-*: {done}, '*': {done}}}\ngenerated_jobs: {generated}"
    (account,) = explanations_of(parse(text), job_id)
    assert account.title == title


def test_there_is_nothing_to_tell_of_a_job_that_is_not_there():
    """An id that leads nowhere has no account."""
    assert explanations_of(load_scenario("demo"), "no-such-job") == []


@pytest.mark.parametrize(("fails", "told"), [(1, "which fails once"), (3, "which fails 3 times")])
def test_a_result_that_fails_at_first_is_told(fails, told):
    """The link of a result may fail before it gives the file; how often stands beside it."""
    result = f"{{rows: 9, fails: {fails}}}"
    (row,) = rows_of(f"jobs: {{mine: {{timeline: [{{status: job_finished, result: {result}}}]}}}}")
    assert row.details.endswith(f"; {told} before it gives the file")


def test_generated_jobs_are_told_once():
    """A million jobs with one timeline are one account, named after the first of them."""
    text = "generated_jobs: [{count: 1000000, prefix: load-, timeline: [{status: job_finished}]}]"
    (account,) = explanations(parse(text))
    assert account.title == "job load-1 and 999,999 more like it"


@pytest.mark.parametrize("name", [name for name in bundled() if load_scenario(name).calls])
def test_what_is_told_of_calls_is_what_happens(name):
    """The calls of every bundled scenario, made after a poll each, meet what was told of them."""
    scenario = load_scenario(name)
    for account in call_explanations(scenario):
        asked = Mock(scenario.text)
        while asked.sees("retrain-001", "demo-key") != "job_finished":
            pass
        result = asked.result_path("retrain-001", "demo-key")
        calls = {
            "retrain_data_upload": partial(asked.get_upload, "demo-key"),
            "result_download": partial(asked.ask, result),
            "retrain_model_switch": partial(asked.switch, "retrain-001", "demo-key"),
        }
        if account.title == "file_upload":
            path = asked.create("demo-key")[1]
            calls["file_upload"] = partial(asked.put, path)
        for _ in range(4):
            asked.poll("retrain-001", "demo-key")
            calls[account.title]()
        entries = [entry for entry in asked.entries if entry.operation == account.title][-4:]
        plain = {200: "ok", 403: "reply"}
        outcomes = [e.error or e.fault or plain[e.http_status] for e in entries]
        told = [row.outcome for row in account.rows]
        expected = [*told, *[told[-1]] * 4][:4]
        assert outcomes == expected


@pytest.mark.parametrize(
    ("element", "told"),
    [
        ("ok", (None, "ok", "as far as the job's state lets it")),
        ("{ok: true, delay: 2s}", (None, "ok", "as far as the job's state lets it; held back 2s")),
        ("{error: not_found_classifier}", (400, "not_found_classifier", "Not found classifier.")),
        (
            "{fault: timeout, done: true}",
            (
                None,
                "timeout",
                f"{FAULTS['timeout']}; but the act is done: only its answer is lost",
            ),
        ),
        (
            "{reply: {status_code: 503, retry_after: 5s, body: Busy}}",
            (503, "reply", "Retry-After: 5s; Busy"),
        ),
    ],
)
def test_every_kind_of_call_is_told(element, told):
    """Success, errors, faults and literal replies, with what they do and the line that says so."""
    text = (
        f"jobs:\n  a: {{error: job_may_be_deleted}}\ncalls: {{retrain_model_switch: [{element}]}}"
    )
    (account,) = call_explanations(parse(text, "mine.yaml"))
    assert account.rows == (("every call", *told, "mine.yaml:3"),)


SLOWLY = FAULTS["slow_body"]


@pytest.mark.parametrize(
    ("operation", "element", "told"),
    [
        ("result_download", "{fault: truncated_body, done: true}", FAULTS["truncated_body"]),
        ("result_download", "{fault: slow_body}", SLOWLY),
        ("retrain_model_switch", "{fault: truncated_body}", FAULTS["truncated_body"]),
        ("retrain_model_switch", "{fault: slow_body}", f"{SLOWLY}; {NOT_LOST}"),
        ("retrain_model_switch", "{fault: slow_body, done: true}", f"{SLOWLY}; {NOT_LOST}"),
        ("file_upload", "{fault: truncated_body}", NOT_LOST),
        ("file_upload", "{fault: malformed_json, done: true}", NOT_LOST),
    ],
)
def test_what_a_call_has_done_is_told_as_the_engine_has_it(operation, element, told):
    """A download does nothing; what the client reads as success is done, and no answer is lost.

    The answer to a file has no body: nothing is told of one that is spoilt.
    """
    (account,) = call_explanations(parse(f"calls: {{{operation}: [{element}]}}"))
    (row,) = account.rows
    assert row.details == told


def test_calls_are_counted_and_timed_as_polls_are():
    """By call, by time, by hand."""
    first = "{error: not_found_classifier, for: 2 calls}, {fault: timeout, for: 30s}"
    text = f"calls: {{retrain_model_switch: [{first}, {{fault: timeout, for: manual}}, ok]}}"
    (account,) = call_explanations(parse(text))
    assert [row.when for row in account.rows] == [
        "calls 1-2",
        "from 0s to 30s after call 2",
        "from 30s after call 2 on, until moved by hand",
        "from then on",
    ]
    assert account.length == "at its last step after 2 calls and 30s and 1 move by hand"


def test_what_lasts_until_a_poll_says_so():
    """How many calls it meets is the client's to say."""
    first = "{ok: true, for: 1 call}, {reply: {status_code: 403}, for: 1 poll}"
    text = f"calls: {{result_download: [{first}, {{ok: true, for: 10s}}, ok]}}"
    (account,) = call_explanations(parse(text))
    assert [row.when for row in account.rows] == [
        "call 1",
        "call 2 and later, until the job is polled again",
        "from 0s to 10s after that poll",
        "from 10s after that poll on",
    ]
    assert account.length == "at its last step after 1 call and 10s and 1 poll of the job"


@pytest.mark.parametrize("first", ["for: upload", "for: 1 poll"])
def test_a_refusal_before_the_file_has_come_is_told(first):
    """As the assumption has it, and as the engine then answers."""
    text = f"""
assumptions: {{before_upload: not_found_retrain_job}}
new_jobs: {{ids: [mine], timeline: [{{status: job_waiting, {first}}}, {{status: job_finished}}]}}
"""
    *_, account = explanations(parse(text, "mine.yaml"))
    row = account.rows[0]
    assert (row.when, row.outcome) == ("until its file has come", "not_found_retrain_job")
    assert account.rows[-1].outcome == "job_finished"
    asked = Mock(text)
    asked.create()
    answered = asked.poll("mine")
    assert answered.status == row.http_status
    assert json.loads(answered.body)["message"] == row.details
    assert asked.entries[-1].notes == ("the file of this job has not come",)
