"""calls:, how the operations beside the status check answer."""

import json

import pytest

from mock_p1.base.messages import Fault

DONE = "{status: job_finished, result: {rows: 3}}"
JOBS = f"jobs: {{a: {{timeline: [{DONE}]}}, b: {{timeline: [{DONE}]}}}}\n"
SWITCH = "calls: {{retrain_model_switch: [{}]}}\n"


def outcome(reply):
    """Return the message of an error, the kind of a fault, or the HTTP status."""
    if isinstance(reply, Fault):
        return reply.kind
    if reply.status in (400, 500):
        return json.loads(reply.body)["message"]
    return reply.status


def test_so_many_calls_then_the_next(mock):
    """The last element stays."""
    asked = mock(JOBS + SWITCH.format("{error: not_found_classifier, for: 2 calls}, ok"))
    assert [outcome(asked.switch()) for _ in range(4)] == ["Not found classifier."] * 2 + [200] * 2


def test_counted_per_caller_and_job(mock):
    """Where the operation has a job."""
    asked = mock(JOBS + SWITCH.format("{fault: timeout, for: 1 call}, ok"))
    seen = [outcome(asked.switch(job, key)) for job in "ab" for key in ("k-1", "k-2", "k-1")]
    assert seen == ["timeout", "timeout", 200] * 2


def test_counted_per_caller_where_there_is_no_job(mock):
    """An upload asked for has none yet."""
    asked = mock(
        JOBS + "calls: {retrain_data_upload: [{error: model_may_be_deleted, for: 1 call}, ok]}"
    )
    seen = [outcome(asked.get_upload(key)) for key in ("k-1", "k-2", "k-1", "k-2")]
    assert seen == ["This model may be deleted."] * 2 + [200] * 2


def test_durations_begin_at_the_first_call(mock):
    """Of the mock's time."""
    asked = mock(JOBS + SWITCH.format("{reply: {status_code: 503, retry_after: 5s}, for: 30s}, ok"))
    asked.wait(1000)
    reply = asked.switch()
    assert (reply.status, dict(reply.headers)["Retry-After"]) == (503, "5")
    asked.wait(29)
    assert asked.switch().status == 503
    asked.wait(1)
    assert asked.switch().status == 200


def test_moved_on_by_hand(mock):
    """An element that is manual stays until it is moved on."""
    asked = mock(JOBS + SWITCH.format("{error: not_found_classifier, for: manual}, ok"))
    assert [outcome(asked.switch()) for _ in range(2)] == ["Not found classifier."] * 2
    asked.driver.step_calls("retrain_model_switch", "a")
    assert outcome(asked.switch()) == 200


def test_success_for_a_while(mock):
    """The element ok may have a length like any other."""
    asked = mock(JOBS + SWITCH.format("{ok: true, for: 1 call}, {error: not_found_classifier}"))
    assert [outcome(asked.switch()) for _ in range(2)] == [200, "Not found classifier."]


def test_ok_is_success_as_far_as_the_state_lets_it(mock):
    """A job that runs is not finished."""
    asked = mock("jobs: {a: {timeline: [{status: job_running}]}}\n" + SWITCH.format("ok"))
    assert outcome(asked.switch()) == "Retrain job is not finished."


def test_a_jobs_own_list_goes_before_the_global_one(mock):
    """It replaces the whole list of that operation."""
    asked = mock(
        f"jobs: {{a: {{timeline: [{DONE}], "
        "calls: {retrain_model_switch: [{error: not_found_classifier}]}}, "
        f"b: {{timeline: [{DONE}]}}}}\n" + SWITCH.format("{error: not_found_retrain_job}")
    )
    assert [outcome(asked.switch(job)) for job in "ab"] == [
        "Not found classifier.",
        "Not found retrain job.",
    ]


def test_created_jobs_have_a_list_of_their_own(mock):
    """Under new_jobs."""
    asked = mock(
        f"new_jobs: {{timeline: [{DONE}], "
        "calls: {file_upload: [{fault: timeout, for: 1 call}, ok]}}"
    )
    _, path = asked.create()
    assert [outcome(asked.put(path)) for _ in range(2)] == ["timeout", 200]


def test_the_key_goes_before_the_list(mock):
    """Only a call that reaches the list counts."""
    asked = mock(
        "api_keys: {k: active}\n" + JOBS + SWITCH.format("{fault: timeout, for: 1 call}, ok")
    )
    assert [outcome(asked.switch(key=key)) for key in ("x", "x", "k", "k")] == [
        "Not_found_credential.",
        "Not_found_credential.",
        "timeout",
        200,
    ]


def test_an_injected_failure_goes_before_the_list(mock):
    """And uses up none of it."""
    asked = mock(JOBS + SWITCH.format("{fault: timeout, for: 1 call}, ok"))
    asked.driver.fail_next("not_found_classifier", on="retrain_model_switch")
    assert [outcome(asked.switch()) for _ in range(3)] == ["Not found classifier.", "timeout", 200]


def test_fails_goes_before_the_list(mock):
    """The short form for links that fail at first."""
    asked = mock(
        "jobs: {a: {timeline: [{status: job_finished, result: {rows: 3, fails: 1}}]}}\n"
        "calls: {result_download: [{fault: truncated_body, for: 1 call}, ok]}"
    )
    path = asked.result_path()
    assert [outcome(asked.ask(path)) for _ in range(3)] == [503, "truncated_body", 200]


def test_before_the_act_nothing_is_issued(mock):
    """The next call gets the first id; after the act it is gone."""
    plain = mock("new_jobs: {ids: [one, two], timeline: [{status: s}]}")
    assert plain.create()[0] == "one"
    calls = "calls: {retrain_data_upload: [{fault: empty_response, for: 1 call}, ok]}\n"
    before = mock(calls + "new_jobs: {ids: [one, two], timeline: [{status: s}]}")
    before.get_upload()
    assert before.create()[0] == "one"
    after = mock(
        calls.replace("for:", "done: true, for:")
        + "new_jobs: {ids: [one, two], timeline: [{status: s}]}"
    )
    after.get_upload()
    assert after.create()[0] == "two"
    assert before.entries[0].notes == ("struck before the act: nothing was done",)
    assert after.entries[0].notes == ("struck after the act: it counts, only its answer was lost",)


def test_a_switch_whose_answer_was_lost_counts(mock):
    """With done: true."""
    asked = mock(
        JOBS
        + "assumptions: {second_switch: not_found_classifier}\n"
        + SWITCH.format("{fault: connection_reset, done: true, for: 1 call}, ok")
    )
    assert [outcome(asked.switch()) for _ in range(2)] == [
        "connection_reset",
        "Not found classifier.",
    ]


@pytest.mark.parametrize("fault", ["truncated_body", "slow_body", "malformed_json"])
def test_a_download_is_spoilt_itself(mock, fault):
    """Its own bytes come, fewer, slower or not all."""
    asked = mock(JOBS + f"calls: {{result_download: [{{fault: {fault}, for: 1 call}}, ok]}}")
    path = asked.result_path()
    spoilt, whole = asked.ask(path), asked.ask(path)
    body = (
        b"".join(piece for _, piece in spoilt.pieces) if isinstance(spoilt, Fault) else spoilt.body
    )
    assert body
    assert whole.body.startswith(body)


def test_an_expired_link(mock):
    """Storage answers 403; a scenario writes it as a reply."""
    asked = mock(
        JOBS + "calls: {result_download: [{reply: {status_code: 403, body: Request has expired}}]}"
    )
    assert outcome(asked.ask(asked.result_path())) == 403


def test_answers_are_held_back(mock):
    """By the delay of the element."""
    asked = mock(JOBS + SWITCH.format("{ok: true, delay: 3s}"))
    assert asked.switch().delay_ns == 3_000_000_000


def test_a_limit_counts_what_it_is_told_to(mock):
    """The status check alone, where it says nothing else."""
    limit = "rate_limit: {polls: 1, per: 1m, on: [retrain_model_switch]}\n"
    asked = mock(limit + JOBS)
    assert [outcome(asked.switch()) for _ in range(2)] == [200, 429]
    assert [outcome(asked.poll()) for _ in range(2)] == [200, 200]
    plain = mock("rate_limit: {polls: 1, per: 1m}\n" + JOBS)
    assert [outcome(plain.switch()) for _ in range(2)] == [200, 200]
    assert [outcome(plain.poll()) for _ in range(2)] == [200, 429]


FORBIDDEN = "{reply: {status_code: 403}, for: 1 poll}"


@pytest.mark.parametrize("name", ["result_download", "retrain_model_switch"])
def test_until_the_job_is_polled_again(mock, name):
    """However often the client asks without; that it was polled before does not count."""
    asked = mock(JOBS + f"calls: {{{name}: [{FORBIDDEN}, {FORBIDDEN}, ok]}}")
    path = asked.result_path()
    ask = asked.switch if name == "retrain_model_switch" else lambda: asked.ask(path)
    seen = [[ask().status for _ in range(3)]]
    for _ in range(2):
        asked.poll()
        seen.append([ask().status for _ in range(2)])
    assert seen == [[403] * 3, [403] * 2, [200] * 2]


@pytest.mark.parametrize("calls_between", [0, 1])
def test_each_poll_counts_whether_a_call_comes_between_or_not(mock, calls_between):
    """Who looks on changes nothing: time goes on from each poll by itself."""
    elements = f"{FORBIDDEN}, {{ok: true, for: 10s}}, {FORBIDDEN}, {FORBIDDEN}, ok"
    asked = mock(JOBS + f"calls: {{retrain_model_switch: [{elements}]}}")
    asked.switch()
    seen = []
    for seconds in (1, 9, 1, 1):
        asked.wait(seconds)
        asked.poll()
        seen.extend(asked.switch().status for _ in range(calls_between))
    assert asked.switch().status == 200
    assert seen == [200, 200, 403, 200][: 4 * calls_between]


@pytest.mark.parametrize(
    "step", ["{error: job_may_be_deleted, for: 1 poll}", "{fault: timeout, for: 1 poll}"]
)
def test_a_poll_that_shows_no_status_brings_no_fresh_link(mock, step):
    """An error, or no answer."""
    first = "{status: job_finished, result: {rows: 3}, for: 1 poll}"
    asked = mock(
        f"jobs: {{a: {{timeline: [{first}, {step}, {DONE}]}}}}\n"
        f"calls: {{result_download: [{FORBIDDEN}, ok]}}"
    )
    path = asked.result_path()
    seen = [asked.ask(path).status]
    for _ in range(2):
        asked.poll()
        seen.append(asked.ask(path).status)
    assert seen == [403, 403, 200]


def test_a_status_that_comes_slowly_is_one(mock):
    """All of it is there in the end."""
    first = "{status: job_finished, result: {rows: 3}, for: 1 poll}"
    asked = mock(
        f"jobs: {{a: {{timeline: [{first}, {{fault: slow_body}}]}}}}\n"
        f"calls: {{result_download: [{FORBIDDEN}, ok]}}"
    )
    path = asked.result_path()
    seen = [asked.ask(path).status]
    asked.poll()
    assert [*seen, asked.ask(path).status] == [403, 200]


def test_a_status_before_the_file_has_come_is_one(mock):
    """Where it is assumed that there is one."""
    asked = mock(
        "assumptions: {before_upload: first_step}\n"
        "new_jobs: {timeline: [{status: job_waiting, for: upload}, {status: job_finished}]}\n"
        f"calls: {{retrain_model_switch: [{FORBIDDEN}, {{reply: {{status_code: 410}}}}]}}"
    )
    job, _ = asked.create()
    seen = [asked.switch(job).status]
    assert asked.poll(job).status == 200
    assert [*seen, asked.switch(job).status] == [403, 410]


def test_what_follows_a_poll_begins_with_its_answer(mock):
    """As a job's own steps do, where the answer is held back."""
    late = "{status: job_finished, result: {rows: 3}, delay: 30s}"
    asked = mock(
        f"jobs: {{a: {{timeline: [{late}]}}}}\ncalls: {{retrain_model_switch: "
        f"[{FORBIDDEN}, {{ok: true, for: 10s}}, {{reply: {{status_code: 410}}}}]}}"
    )
    asked.poll()
    seen = [asked.switch().status]
    asked.poll()
    for seconds in (39, 1):
        asked.wait(seconds)
        seen.append(asked.switch().status)
    assert seen == [403, 200, 410]


def test_what_waits_for_a_poll_says_so(mock):
    """In the journal, of each call that meets it; its end needs no poll."""
    asked = mock(JOBS + f"calls: {{result_download: [{FORBIDDEN}, ok]}}")
    path = asked.result_path()
    for _ in range(2):
        asked.ask(path)
        asked.poll()
    notes = [each.notes for each in asked.entries if each.operation == "result_download"]
    assert notes == [("it is answered so until the job is polled again",), ()]


def test_a_poll_of_another_job_or_key_is_none_of_this_one(mock):
    """Each caller's job has its own."""
    asked = mock(JOBS + f"calls: {{result_download: [{FORBIDDEN}, ok]}}")
    path = asked.result_path()
    seen = [asked.ask(path).status]
    for job, key in [("b", "k"), ("a", "other"), ("a", "k")]:
        asked.poll(job, key)
        seen.append(asked.ask(path).status)
    assert seen == [403, 403, 403, 200]


def test_a_link_that_lives_for_a_while_after_each_poll(mock):
    """One that ended works again after a poll, for as long as is written."""
    elements = f"{{ok: true, for: 10s}}, {FORBIDDEN}, {{ok: true, for: 10s}}, {FORBIDDEN}, ok"
    asked = mock(JOBS + f"calls: {{result_download: [{elements}]}}")
    path = asked.result_path()
    seen = []
    for polls, seconds in [(0, 0), (1, 5), (0, 5), (1, 9), (0, 1), (1, 0)]:
        for _ in range(polls):
            asked.poll()
        asked.wait(seconds)
        seen.append(asked.ask(path).status)
    assert seen == [200, 200, 403, 200, 403, 200]


@pytest.mark.parametrize(("polled_after", "status"), [(9, 403), (10, 200), (11, 200)])
def test_a_poll_beside_the_end_of_a_links_time(mock, polled_after, status):
    """Whoever polls once it is over has a fresh link, without seeing that the old one had ended."""
    elements = f"{{ok: true, for: 10s}}, {FORBIDDEN}, ok"
    asked = mock(JOBS + f"calls: {{result_download: [{elements}]}}")
    path = asked.result_path()
    assert asked.ask(path).status == 200
    asked.wait(polled_after)
    asked.poll()
    asked.wait(12 - polled_after)
    assert asked.ask(path).status == status


def test_moved_on_from_what_waits_for_a_poll(mock):
    """By hand, as from any other."""
    asked = mock(JOBS + f"calls: {{retrain_model_switch: [{FORBIDDEN}, ok]}}")
    seen = [asked.switch().status]
    asked.driver.step_calls("retrain_model_switch", "a")
    assert [*seen, asked.switch().status] == [403, 200]


def test_a_job_that_begins_anew_waits_for_a_poll_again(mock):
    """Its polls are counted anew, too."""
    asked = mock(JOBS + f"calls: {{retrain_model_switch: [{FORBIDDEN}, ok]}}")
    asked.poll()
    seen = [asked.switch().status]
    asked.driver.reset("a")
    seen.append(asked.switch().status)
    asked.poll()
    assert [*seen, asked.switch().status] == [403, 403, 200]


@pytest.mark.parametrize(
    ("operation", "ask"),
    [
        ("get_api_key", lambda asked: asked.get_key(query="credential_type=retrain")),
        ("retrain_data_upload", lambda asked: asked.get_upload(query="")),
    ],
)
def test_lists_come_before_what_the_state_says(mock, operation, ask):
    """A missing model_id, a missing filename: judged where the list lets the call on."""
    element = "{reply: {status_code: 503}, for: 1 call}"
    assumed = "assumptions: {odd_filename: not_found_configuration_file}\n"
    asked = mock(JOBS + assumed + f"calls: {{{operation}: [{element}, ok]}}")
    assert ask(asked).status == 503
    assert ask(asked).status in (400, 500)


def test_a_list_comes_before_a_second_file_is_refused(mock):
    """403 is what the state says."""
    asked = mock(
        "new_jobs: {timeline: [{status: job_waiting, for: upload}, {status: job_running}]}\n"
        "calls: {file_upload: [{reply: {status_code: 200}, for: 1 call, done: true},"
        " {reply: {status_code: 503}, for: 1 call}, ok]}\n"
        "assumptions: {second_upload: refuse}\n"
    )
    _, path = asked.create()
    assert [asked.put(path).status for _ in range(3)] == [200, 503, 403]
