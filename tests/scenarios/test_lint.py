"""What `check` and `explain` warn of: each with its line, and nothing where nothing is wrong."""

import pytest
from helpers.engine_mock import Mock

from mock_p1 import load_scenario
from mock_p1.analysis import lint
from mock_p1.analysis.lint import lint_warnings
from mock_p1.scenario.files import bundled
from mock_p1.scenario.parser import parse

DONE = "{timeline: [{status: job_finished}]}"


def told(text):
    """The lint_warnings about a scenario, as lines."""
    return [str(doubt) for doubt in lint_warnings(parse(text, "mine.yaml"))]


def test_nothing_is_said_where_nothing_is_doubtful():
    """A job that waits, runs and finishes gives no reason to doubt, nor does a bare * beside it."""
    first = "{status: job_waiting, for: 2 polls}, {status: job_running, for: 90s}"
    steps = f"[{first}, {{status: job_finished}}]"
    gone = "gone: {error: job_may_be_deleted}"
    assert told(f"jobs: {{a: {{timeline: {steps}}}, 'b-*': {DONE}, '*': {DONE}, {gone}}}") == []


@pytest.mark.parametrize(
    ("steps", "ends"),
    [
        ("- status: job_running", "job_running"),
        ("- error: job_may_be_deleted", "job_may_be_deleted"),
        ("- fault: timeout", "timeout"),
        ("- reply: {status_code: 503}", "HTTP 503"),
    ],
)
def test_a_job_that_never_finishes(steps, ends):
    """A timeline without job_finished is told, with what it stays at."""
    text = (
        f"jobs:\n  a:\n    timeline:\n      - {{status: job_waiting, for: 1 poll}}\n      {steps}\n"
    )
    assert told(text) == [f"mine.yaml:5: the job never shows job_finished; it remains at {ends}"]


@pytest.mark.parametrize("given", ["result: generated", 'download_url: "https://a.example/r.zip"'])
@pytest.mark.parametrize("status", ["job_waiting", "job_running", "job_failed"])
def test_a_result_before_the_end(status, given):
    """A client that does not look at the status would pass; a real job has no link yet."""
    text = f"jobs:\n  a:\n    timeline:\n      - {{status: {status}, for: 1 poll, {given}}}\n"
    key = given.partition(":")[0]
    what = "a client that does not wait for job_finished would pass"
    assert told(f"{text}      - status: job_finished\n") == [
        f"mine.yaml:4: {key}: gives a link with {status}: {what}"
    ]


@pytest.mark.parametrize(
    "step",
    [
        "{status: job_finished, result: generated}",
        "{status: done, for: 1 poll, result: generated}, {status: job_finished}",
        '{status: job_running, for: 1 poll, download_url: ""}, {status: job_finished}',
    ],
)
def test_a_result_that_is_meant(step):
    """With job_finished, or a status of one's own; an empty link is none."""
    assert told(f"jobs: {{a: {{timeline: [{step}]}}}}") == []


def test_a_job_that_is_meant_to_fail():
    """A timeline that ends at job_failed has an end, as a finished one has; nothing is told."""
    steps = "[{status: job_running, for: 1 poll}, {status: job_failed}]"
    assert told(f"jobs: {{a: {{timeline: {steps}}}}}") == []


@pytest.mark.parametrize("part", ["api_keys", "secret_keys"])
def test_a_key_beyond_ascii(part):
    """Clients encode headers as ASCII or Latin-1, and raise; the key itself is not shown."""
    text = f"{part}:\n  k: active\n  夜間の鍵: active\njobs: {{a: {DONE}}}\n"
    what = "a key with characters beyond ASCII, which most clients cannot send in a header"
    assert told(text) == [f"mine.yaml:3: {what}"]


def test_a_loop():
    """A timeline that begins anew is told, at the line that says so."""
    steps = "[{status: job_running, for: 1 poll}, {status: job_finished, for: 1 poll}]"
    (line,) = told(f"jobs:\n  a:\n    at_end: loop\n    timeline: {steps}\n")
    assert (
        line
        == "mine.yaml:3: the timeline begins anew at its end: a client that polls on sees no end"
    )


def test_a_loop_that_never_finishes():
    """A loop without job_finished is told of twice.

    It has no end, and never shows the one status that matters.
    """
    lines = told("jobs: {a: {at_end: loop, timeline: [{status: job_running, for: 1 poll}]}}")
    assert [line.partition(": ")[2] for line in lines] == [
        "the timeline begins anew at its end: a client that polls on sees no end",
        "the job never shows job_finished",
    ]


def test_a_for_that_does_nothing():
    """The last step of a timeline that stays never ends, whatever its `for` says."""
    text = "jobs:\n  a:\n    timeline:\n      - {status: job_finished, for: 90s}\n"
    assert told(text) == ["mine.yaml:4: for: does nothing here; the last step never ends"]


def test_a_step_after_the_end():
    """What comes after job_finished is not reached by a client that stops there."""
    steps = "      - {status: job_finished, for: 2 polls}\n      - {error: job_may_be_deleted}\n"
    (line,) = told(f"jobs:\n  a:\n    timeline:\n{steps}")
    assert (
        line
        == "mine.yaml:5: a client that stops at job_finished, as it should, never reaches this step"
    )


def test_a_step_that_only_a_move_by_hand_ends():
    """Behind a manual step nothing is reached by polling or waiting."""
    steps = "      - {status: job_running, for: manual}\n      - {status: job_finished}\n"
    (line,) = told(f"jobs:\n  a:\n    timeline:\n{steps}")
    said = "what follows is reached only when a test or the control API moves the job on"
    assert line == f"mine.yaml:4: {said}"


@pytest.mark.parametrize(
    ("first", "second"),
    [("ci-*", "ci-a-*"), ("*-end", "my-*-end"), ("a*", "a*b*"), ("a**", "a*c"), ("*a*", "xa*")],
)
def test_a_pattern_that_is_never_tried(first, second):
    """A pattern whose ids all fit an earlier one is shadowed by it, of jobs and keys alike."""
    said = f"{second!r} is never tried: {first!r} comes first and fits all of it"
    assert told(f"jobs:\n  '{first}': {DONE}\n  '{second}': {DONE}\n") == [f"mine.yaml:3: {said}"]
    keys = f"api_keys:\n  '{first}': active\n  '{second}': active\njobs: {{a: {DONE}}}\n"
    assert told(keys) == [f"mine.yaml:3: {said}"]


def test_patterns_that_overlap():
    """Two patterns that some ids fit are ambiguous; the first of them is the one that answers."""
    (line,) = told(f"jobs:\n  'ci-*': {DONE}\n  '*-slow': {DONE}\n")
    assert (
        line == "mine.yaml:3: what fits both 'ci-*' and '*-slow' goes to 'ci-*', which comes first"
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [("ci-*", "dev-*"), ("*-slow", "*-fast"), ("ci-a-*", "ci-*"), ("*", "ci-*")],
)
def test_patterns_that_are_clear(first, second):
    """Patterns that share no id are clear, so is a narrow one before a wide one.

    A bare * is always tried last.
    """
    assert told(f"jobs: {{'{first}': {DONE}, '{second}': {DONE}}}") == []


def test_a_job_that_no_poll_sees():
    """A job whose key is not active can never be seen."""
    keys = "api_keys: {ok: active, old-*: inactive_credential}"
    text = f"{keys}\njobs:\n  a:\n    api_key: old-7\n    {DONE[1:-1]}\n"
    assert told(text) == [
        "mine.yaml:4: no poll sees this job: its api_key 'old-7' is inactive_credential"
    ]


def test_no_active_key():
    """Where every key is refused, no job can be seen at all."""
    keys = "api_keys: {old: inactive_credential}\n"
    (line,) = told(f"{keys}jobs: {{a: {DONE}}}")
    text = "mine.yaml:1: no key is active: every poll is answered with a credential error"
    assert line == f"{text}, but with a key from Get API Key"
    assert told(f"{keys}jobs: {{a: {DONE}}}\nsecret_keys: {{old-s: inactive_credential}}") == [
        "mine.yaml:3: no secret key is active: Get API Key always answers a credential error",
        text,
    ]


def test_no_job():
    """A scenario without jobs is usable, and answers one thing only."""
    assert told("description: nothing") == [
        "mine.yaml: there is no job: every poll is answered with not_found_retrain_job"
    ]


def test_a_job_that_is_named_and_generated():
    """Of a named job and a generated one with the same id the named one answers."""
    group = f"{{count: 9, prefix: load-, {DONE[1:]}"
    text = f"jobs:\n  load-7: {DONE}\ngenerated_jobs: [{group}]"
    assert told(text) == [
        "mine.yaml:2: 'load-7' is generated too; the named job is the one that answers"
    ]


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        (("load-", 1000), ("load-1", 10), True),  # load-11
        (("load-1", 10), ("load-", 1000), True),
        (("load-", 5), ("load-", 5), True),
        (("load-", 10), ("load-1", 10), False),
        (("load-", 1000), ("load-0", 10), False),  # no number begins with 0
        (("load-", 1000), ("load-x", 10), False),
        (("a-", 10), ("b-", 10), False),
    ],
)
def test_groups_that_make_the_same_ids(one, other, shared):
    """Two prefixes may make the same id; then the first group answers it."""
    groups = "".join(
        f"  - {{count: {count}, prefix: {prefix}, timeline: [{{status: job_finished}}]}}\n"
        for prefix, count in (one, other)
    )
    lines = told(f"generated_jobs:\n{groups}")
    text = f"prefix {other[0]!r} makes ids that {one[0]!r} makes too; the first group answers them"
    assert lines == ([f"mine.yaml:3: {text}"] if shared else [])


def test_bundled_scenarios_are_doubtful_only_by_design():
    """What is said of the bundled scenarios is what they are for."""
    said = {name: len(lint_warnings(load_scenario(name))) for name in bundled()}
    by_design = {
        "flaky-network": 2,
        "stuck": 2,
        "deleted-mid-run": 1,
        "key-expires-mid-run": 1,
        "unknown-status": 1,
    }
    assert {name: count for name, count in said.items() if count} == by_design


@pytest.mark.parametrize(
    ("status", "meant"),
    [
        ("job_runing", "job_running"),
        ("job_finshed", "job_finished"),
        ("job_waitting", "job_waiting"),
        ("jbo_running", "job_running"),
        ("jobfailed", "job_failed"),
        ("Job_Finished", "job_finished"),
        ("job_finished ", "job_finished"),
    ],
)
def test_a_status_that_looks_misspelt(status, meant):
    """A letter too few, too many, or in another place; another case; a blank at its end."""
    steps = f"      - {{status: '{status}', for: 1 poll}}\n      - {{status: job_finished}}\n"
    said = f"the status {status!r} looks misspelt; did you mean {meant}?"
    assert told(f"jobs:\n  a:\n    timeline:\n{steps}") == [f"mine.yaml:4: {said}"]


@pytest.mark.parametrize(
    "status", ["job_starting", "job_training", "job_queued", "再学習中", "done"]
)
def test_a_status_of_ones_own(status):
    """Any text is allowed; only what is very much like a known one is taken for a slip."""
    assert (
        told(
            f"jobs: {{a: {{timeline: [{{status: {status}, for: 1s}}, {{status: job_finished}}]}}}}"
        )
        == []
    )


UPLOAD = "{timeline: [{status: job_waiting, for: upload}, {status: job_finished}]}"


def test_a_file_that_nobody_can_send():
    """A job of the file that no client creates waits for ever."""
    said = "no file can come: new_jobs: issues no job that plays this timeline"
    text = f"jobs:\n  first: {DONE}\n  a: {UPLOAD}\n"
    assert told(text) == [f"mine.yaml:3: {said}"]
    assert told(text.replace(DONE, UPLOAD)) == [f"mine.yaml:3: {said}"]
    group = "generated_jobs:\n  - {count: 3, prefix: a-, " + UPLOAD[1:]
    assert told(f"jobs: {{first: {DONE}}}\n{group}") == [f"mine.yaml:3: {said}"]
    on_one_line = f"{{jobs: {{a: {UPLOAD}}}, new_jobs: {UPLOAD}}}"
    assert told(on_one_line) == [f"mine.yaml:1: {said}"]


@pytest.mark.parametrize(
    "text",
    [
        f"new_jobs: {UPLOAD}",
        f"jobs: {{a: {UPLOAD}}}",
        f"jobs: {{first: {DONE}, '*': {UPLOAD}}}",
        f"jobs: {{first: {DONE}, a: {UPLOAD}}}\nnew_jobs: {{ids: [a]}}",
    ],
)
def test_a_file_that_somebody_can_send(text):
    """Created jobs play what new_jobs says, or what "*" or the first job does.

    Or the id is issued.
    """
    assert told(text) == []


def test_a_file_for_an_id_that_is_not_issued():
    """Its timeline is played by the ids that are; a job of this id waits for ever."""
    said = "no file can come: new_jobs: issues other ids than this one"
    assert told(f"jobs: {{a: {UPLOAD}}}\nnew_jobs: {{ids: [b]}}") == [f"mine.yaml:1: {said}"]


@pytest.mark.parametrize("operation", ["retrain_data_upload", "file_upload"])
def test_a_file_that_never_comes(operation):
    """Where the call that brings it never succeeds."""
    text = f"new_jobs: {UPLOAD}\ncalls:\n  {operation}: [{{fault: timeout}}]"
    assert told(text) == [f"mine.yaml:1: no file can come: {operation} never succeeds, see calls:"]
    assert told(text.replace("timeout", "timeout, done: true")) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "secret_keys: {s: inactive_credential}\ncalls:\n  get_api_key: [{fault: timeout}]",
            "no secret key is active",
        ),
        (
            "seed: 1\ncalls:\n  file_upload: [ok]",
            "there is no job that a client could create",
        ),
        (
            (
                f"new_jobs: {DONE}\ncalls: {{retrain_data_upload: [{{fault: timeout}}],\n"
                "  file_upload: [ok]}"
            ),
            "retrain_data_upload never succeeds, so there is no upload_url",
        ),
        (
            f"jobs: {{a: {DONE}}}\ncalls:\n  result_download: [{{fault: timeout}}]",
            "no job has a result: to download",
        ),
        (
            "jobs: {a: {timeline: [{status: job_failed}]}}\ncalls:\n  retrain_model_switch: [ok]",
            "no job shows job_finished, for which a client waits before it switches",
        ),
        (
            (
                "jobs: {a: {calls: {retrain_model_switch: [ok]}, "
                f"{DONE[1:]}}}\ncalls:\n  retrain_model_switch: [{{fault: timeout}}]"
            ),
            "each job has a list of its own for this operation",
        ),
        (
            f"jobs:\n  first: {DONE}\n  a: {{calls: {{file_upload: [ok]}}, {DONE[1:]}",
            "no client creates this job by upload",
        ),
        (
            (
                f"jobs: {{a: {DONE}}}\ncalls: {{retrain_data_upload: [{{fault: timeout}}]}}\n"
                "new_jobs: {calls: {file_upload: [ok]}}"
            ),
            "retrain_data_upload never succeeds, so there is no such job",
        ),
        (
            f"jobs:\n  first: {DONE}\n  a: {{calls: {{result_download: [ok]}}, {DONE[1:]}",
            "no job has a result: to download",
        ),
    ],
)
def test_calls_that_never_strike(text, said):
    """Each with its line, and why no call comes so far."""
    assert f"mine.yaml:3: never strikes: {said}" in told(text)


@pytest.mark.parametrize("operation", ["file_upload", "retrain_model_switch"])
@pytest.mark.parametrize("jobs", ["jobs:\n  a", "jobs:\n  '*'", "generated_jobs:\n  - count: 1"])
def test_a_list_for_which_new_jobs_has_others(jobs, operation):
    """Whatever operation those are for, what is created has none of the job's that it is like."""
    job = f"{{calls: {{file_upload: [{{reply: {{status_code: 503}}}}]}}, {DONE[1:]}"
    job = job[1:] if "count" in jobs else job
    text = f"{jobs}{', ' if 'count' in jobs else ': '}{job}\n".replace("- count", "- {count")
    text += f"new_jobs: {{calls: {{{operation}: [ok]}}}}"
    said = "created jobs have the calls: of new_jobs: instead; write this list there"
    assert told(text) == [f"mine.yaml:2: never strikes: {said}"]
    mock = Mock(text)
    assert mock.put(mock.create()[1]).status == 200


@pytest.mark.parametrize("body", ["{status: job_finished}", '\'{"status": "job_finished"}\''])
def test_a_job_that_finishes_by_a_literal_reply(body):
    """A client that reads it sees the end, and goes on."""
    steps = f"[{{reply: {{status_code: 200, body: {body}}}}}]"
    text = f"jobs: {{a: {{timeline: {steps}}}}}\ncalls: {{retrain_model_switch: [ok]}}"
    assert told(text) == []


def test_a_refusal_that_names_the_end():
    """It is no end: a client that gets a 503 reads no status in it, and polls on."""
    reply = "{reply: {status_code: 503, body: {status: job_finished}}}"
    text = f"jobs: {{a: {{timeline: [{reply}]}}}}\ncalls: {{retrain_model_switch: [ok]}}"
    assert [each.partition(": ")[2] for each in told(text)] == [
        "never strikes: no job shows job_finished, for which a client waits before it switches",
        "the job never shows job_finished; it remains at HTTP 503",
    ]


RESULT = "{timeline: [{status: job_finished, result: generated}]}"
RUNS = "{timeline: [{status: job_running}]}"
WAITS = "{timeline: [{status: job_waiting, for: upload}, {status: job_finished}]}"
FAILS = "{file_upload: [{reply: {status_code: 503}}]}"


@pytest.mark.parametrize(
    "text",
    [
        (
            f"jobs: {{j1: {RESULT}, '*': {RUNS}}}\n"
            "new_jobs: {ids: [j1], calls: {result_download: [ok]}}"
        ),
        (
            f"generated_jobs: [{{count: 1, {RUNS[1:]}, {{count: 1, prefix: g-, {RESULT[1:]}]\n"
            "new_jobs: {ids: [g-1], calls: {result_download: [ok]}}"
        ),
        (
            f"jobs: {{a: {DONE}, b: {WAITS}}}\ncalls: {FAILS}\n"
            "new_jobs: {ids: [b], calls: {file_upload: [ok]}}"
        ),
        f"jobs: {{'*': {{calls: {FAILS}, {WAITS[1:]}}}\nnew_jobs: {{calls: {{file_upload: [ok]}}}}",
        (
            f"new_jobs: {{calls: {{file_upload: [ok]}}, {RESULT[1:]}\n"
            f"calls: {{result_download: [ok], {FAILS[1:]}"
        ),
        "jobs: {a: {calls: {file_upload: [ok]}, error: job_may_be_deleted}}",
        (
            f"jobs: {{a: {RUNS}, b: {{calls: {{file_upload: [ok]}}, error: job_may_be_deleted}}}}\n"
            "new_jobs: {ids: [b]}"
        ),
        (
            "api_keys: {k: active, old: inactive_credential}\n"
            f"jobs: {{a: {RUNS}, b: {{api_key: old, {RESULT[1:]}}}\nnew_jobs: {{ids: [b]}}"
        ),
    ],
)
def test_a_created_job_with_an_id_of_the_scenario(text):
    """It plays what stands there, with the lists of new_jobs: nothing is said against either."""
    said = ("no job", "no client", "never succeeds", "no file can come", "no poll sees")
    assert [each for each in told(text) if any(part in each for part in said)] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            (
                f"jobs: {{j1: {DONE}, '*': {RUNS}}}\n"
                "new_jobs: {ids: [j1], calls: {result_download: [ok]}}"
            ),
            "mine.yaml:2: never strikes: no job has a result: to download",
        ),
        (
            f"jobs: {{a: {DONE}, b: {WAITS}}}\nnew_jobs: {{ids: [b], calls: {FAILS}}}",
            "mine.yaml:1: no file can come: file_upload never succeeds, see calls:",
        ),
    ],
)
def test_a_list_of_new_jobs_that_is_in_vain(text, said):
    """It is looked at with each job that may be created, and with their own lists."""
    assert said in told(text)


def test_a_call_for_a_job_that_there_is_not():
    """Its list is met all the same."""
    text = "calls: {retrain_data_upload: [{fault: timeout}]}"
    assert not [each for each in told(text) if "never strikes" in each]
    assert Mock(text).get_upload().kind == "timeout"


def test_calls_that_strike():
    """Nothing is said of lists that a client meets."""
    result = "{timeline: [{status: job_finished, result: generated}]}"
    assert (
        told(
            f"jobs: {{a: {result}}}\ncalls: {{get_api_key: [ok], retrain_data_upload: [ok], "
            "file_upload: [ok], result_download: [ok], retrain_model_switch: [ok]}"
        )
        == []
    )


def test_an_element_behind_one_without_an_end():
    """Only a move by hand leads on from there; and a for: at the end does nothing."""
    elements = "    - {fault: timeout, for: manual}\n    - {ok: true, for: 2 calls}\n"
    by_hand = "what follows is reached only when a test or the control API moves the job on"
    nothing = "for: does nothing here; the last element never ends"
    text = f"new_jobs: {DONE}\ncalls:\n  retrain_data_upload:\n{elements}"
    assert told(text) == [f"mine.yaml:4: {by_hand}", f"mine.yaml:5: {nothing}"]


REPEATED = "some clients repeat a GET by themselves when its connection breaks"


@pytest.mark.parametrize("fault", ["connection_reset", "empty_response"])
def test_a_fault_that_some_clients_never_show(fault):
    """Their library asks again at once; a second poll with the fault reaches them."""
    steps = f"[{{fault: {fault}, for: 1 poll}}, {{status: job_finished}}]"
    text = f"jobs: {{a: {{timeline: {steps}}}}}"
    (line,) = told(text)
    assert line.startswith(f"mine.yaml:1: {REPEATED}")
    assert line.endswith("; for: 2 polls reaches them")
    assert told(text.replace("1 poll", "2 polls")) == []
    assert told(text.replace(fault, "truncated_body")) == []


def test_a_fault_of_a_call_that_some_clients_never_show():
    """Of the switch too; few repeat an upload that breaks in the midst of the file."""
    fault = "[{fault: connection_reset, for: 1 call}, ok]"
    text = f"jobs: {{a: {DONE}}}\ncalls:\n  {{}}: {fault}"
    (line,) = told(text.replace("{}", "retrain_data_upload"))
    assert line.startswith(f"mine.yaml:3: {REPEATED}")
    assert line.endswith("; for: 2 calls reaches them")
    (line,) = told(text.replace("{}", "retrain_model_switch"))
    assert line.startswith(
        f"mine.yaml:3: {REPEATED.replace('GET', 'PUT')} (aiohttp, a reused curl)"
    )
    assert told(UPLOADED + text.replace("{}", "file_upload")) == []


UPLOADED = "new_jobs: {timeline: [{status: job_waiting, for: upload}, {status: job_finished}]}\n"
POLLED = "new_jobs: {timeline: [{status: job_waiting, for: 2 polls}, {status: job_finished}]}\n"


def test_a_fault_after_which_the_file_is_taken_stops_no_file():
    """A slow answer comes in the end."""
    assert told(UPLOADED + "calls: {file_upload: [{fault: slow_body}]}") == []


@pytest.mark.parametrize("new_jobs", [UPLOADED, POLLED])
def test_no_file_can_come(new_jobs):
    """A created job waits for its file, whether or not its first step says so."""
    calls = "calls: {file_upload: [{reply: {status_code: 503}}]}"
    assert "no file can come: file_upload never succeeds" in "\n".join(told(new_jobs + calls))


@pytest.mark.parametrize("fault", ["truncated_body", "malformed_json"])
def test_a_fault_that_spoils_nothing(fault):
    """The answer to a file has no body."""
    calls = f"calls: {{file_upload: [{{fault: {fault}, for: 1 call}}, ok]}}"
    assert "spoils nothing" in "\n".join(told(UPLOADED + calls))


def test_done_of_a_download_does_nothing():
    """There is no act that could count."""
    calls = "calls: {result_download: [{fault: timeout, done: true, for: 1 call}, ok]}"
    job = "jobs: {a: {timeline: [{status: job_finished, result: {rows: 1}}]}}\n"
    assert "done: does nothing" in "\n".join(told(job + calls))


def test_issued_jobs_that_are_an_error_are_jobs():
    """Their polls are answered with it."""
    assert told("new_jobs: {error: job_may_be_deleted}") == []


def test_very_many_patterns_are_not_all_compared(monkeypatch):
    """Each with each would take for ever; what is left out is said."""
    compared = []
    monkeypatch.setattr(lint, "fits", lambda *pair: compared.append(pair))
    jobs = "".join(f"  a{i}*b{i}*: {{error: job_may_be_deleted}}\n" for i in range(1000))
    found = lint.lint_warnings(parse(f"jobs:\n{jobs}"))
    assert len(compared) <= lint.MAX_COMPARED**2
    assert "1,000 patterns: the first 200 alone were compared" in [each.text for each in found]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            (
                "calls:\n  retrain_data_upload: [{error: user_may_be_deleted}]\n"
                "  retrain_model_switch: [ok]\n"
            ),
            "retrain_data_upload never succeeds, so there is no such job",
        ),
        (
            (
                "secret_keys: {s: inactive_credential}\napi_keys: {k: inactive_credential}\n"
                "calls:\n  retrain_model_switch: [ok]\n"
            ),
            "no API key is active",
        ),
    ],
)
def test_a_call_that_no_client_comes_to(text, said):
    """Since no job is ever created, or no key works."""
    (line,) = [number for number, at in enumerate(text.splitlines(), 1) if "switch" in at]
    assert f"mine.yaml:{line}: never strikes: {said}" in told(f"{text}new_jobs: {UPLOAD}")
