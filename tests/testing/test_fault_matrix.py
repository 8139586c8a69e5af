"""InjectedFault at a moment: the change of the scenario, and the matrix a marked test becomes."""

import pytest

from mock_p1.analysis.fault_matrix import (
    InjectedFault,
    NoSuchFault,
    matrix,
    ruled_out,
    with_fault,
)
from mock_p1.base.clock import SECOND, VirtualClock
from mock_p1.base.messages import Request
from mock_p1.contract.errors import FAULTS
from mock_p1.contract.operations import OPERATIONS, RETRAIN_STATUS_CHECK
from mock_p1.engine.engine import Engine
from mock_p1.scenario.calls import ReplyCall
from mock_p1.scenario.files import load_scenario
from mock_p1.scenario.parser import parse

SCENARIO = """
jobs:
  a:
    timeline:
      - {status: job_waiting, for: 1 poll}
      - {status: job_running, for: 90s}
      - {status: job_finished}
  gone: {error: job_may_be_deleted}
"""


def outcomes(trouble: InjectedFault, *, polls: int = 8) -> list[str]:
    """Return what a client sees that polls every half minute."""
    engine = Engine(with_fault(parse(SCENARIO, "s.yaml"), trouble), VirtualClock())
    for _ in range(polls):
        engine.handle(Request("GET", "/v1/external/retrain_jobs/a", "", ("key",), "http://mock"))
        engine.clock.advance(30 * SECOND)
    return [entry.outcome.removeprefix("job_") for entry in engine.journal]


@pytest.mark.parametrize(
    ("phase", "seen"),
    [
        ("first", ["connection_reset", "waiting", "running", "running", "finished", "finished"]),
        ("running", ["waiting", "connection_reset", "running", "running", "finished", "finished"]),
        ("last", ["waiting", "running", "running", "connection_reset", "finished", "finished"]),
        ("after", ["waiting", "running", "running", "finished", "connection_reset", "finished"]),
    ],
)
def test_a_fault_strikes_one_poll_and_the_job_goes_on(phase, seen):
    """Each phase names the poll that is struck; nothing else changes."""
    assert outcomes(InjectedFault("connection_reset", phase), polls=6) == seen


@pytest.mark.parametrize(
    ("phase", "before"),
    [
        ("first", []),
        ("running", ["waiting"]),
        ("last", ["waiting", "running", "running"]),
        ("after", ["waiting", "running", "running", "finished"]),
    ],
)
def test_a_documented_error_stays(phase, before):
    """A job that was deleted, or a key that has expired, does not come back."""
    seen = outcomes(InjectedFault("inactive_credential", phase))
    assert seen == before + ["inactive_credential"] * (8 - len(before))


def test_running_is_the_middle_of_a_timeline_that_has_no_job_running():
    """A scenario with other names for its statuses has a middle too."""
    text = SCENARIO.replace("job_running", "job_training")
    engine = Engine(with_fault(parse(text), InjectedFault("timeout", "running")), VirtualClock())
    for _ in range(2):
        engine.handle(Request("GET", "/v1/external/retrain_jobs/a", "", ("key",), "http://mock"))
    assert [entry.outcome for entry in engine.journal] == ["job_waiting", "timeout"]


def test_steps_keep_the_lines_they_stand_on():
    """The report leads to the file as it is, also behind the trouble."""
    engine = Engine(
        with_fault(parse(SCENARIO, "s.yaml"), InjectedFault("timeout", "first")), VirtualClock()
    )
    assert [step.source for step in engine.state.directory.find("a").value.steps] == [
        "s.yaml:5",
        "s.yaml:5",
        "s.yaml:6",
        "s.yaml:7",
    ]


def test_jobs_that_show_no_status_are_left_alone():
    """A job that is an error from the start needs no further trouble."""
    spoilt = with_fault(parse(SCENARIO), InjectedFault("timeout", "first"))
    assert spoilt.jobs["gone"] == parse(SCENARIO).jobs["gone"]


def test_the_matrix_is_every_trouble_at_every_moment():
    """All errors at all phases by default; faults where they are asked for."""
    assert len(matrix()) == len(RETRAIN_STATUS_CHECK.errors) * 4
    assert len(matrix(faults="all")) == (len(RETRAIN_STATUS_CHECK.errors) + len(FAULTS)) * 4
    assert matrix(errors=[], faults="timeout", phases=["last"]) == [
        InjectedFault("timeout", "last")
    ]


def test_an_unknown_name_is_told_with_the_nearest():
    """A slip in a name is no empty matrix."""
    with pytest.raises(NoSuchFault, match=r"unknown fault 'timout'.*did you mean timeout"):
        matrix(faults=["timout"])


CALLED = """
jobs:
  a:
    timeline: [{status: job_finished, result: {rows: 3}}]
    calls:
      retrain_model_switch:
        - {error: not_found_classifier, for: 1 call}
        - ok
"""
SWITCH = "retrain_model_switch"


def switched(text: str, phase: str, name: str = "timeout", calls: int = 5) -> list[str]:
    """Return what a client sees that switches again and again."""
    engine = Engine(with_fault(parse(text, "s.yaml"), InjectedFault(name, phase, SWITCH)))
    path = "/v1/external/retrain_jobs/a/update_model"
    for _ in range(calls):
        engine.handle(Request("PUT", path, "", ("key",), "http://mock"))
    return [entry.outcome for entry in engine.journal]


@pytest.mark.parametrize(
    ("phase", "seen"),
    [
        ("first", ["timeout", "not_found_classifier", "model_switched"]),
        ("done", ["timeout", "not_found_classifier", "model_switched"]),
        ("after", ["not_found_classifier", "model_switched", "timeout", "model_switched"]),
    ],
)
def test_a_fault_strikes_one_call_of_another_operation(phase, seen):
    """In the job's own list, where there is one."""
    assert switched(CALLED, phase, calls=len(seen)) == seen


@pytest.mark.parametrize(
    ("phase", "seen"), [("first", []), ("done", []), ("after", ["model_switched"])]
)
def test_a_call_that_has_no_list_succeeds_otherwise(phase, seen):
    """What nothing is written for is struck all the same."""
    text = "jobs: {a: {timeline: [{status: job_finished}]}}"
    assert switched(text, phase, calls=3) == [
        *seen,
        "timeout",
        *["model_switched"] * (2 - len(seen)),
    ]


def test_a_documented_error_of_another_operation_stays():
    """A classifier that was deleted does not come back."""
    assert switched(CALLED, "first", "not_found_classifier") == ["not_found_classifier"] * 5
    after = switched(CALLED, "after", "retrain_job_is_not_finished")
    assert after == ["not_found_classifier", "model_switched", *["retrain_job_is_not_finished"] * 3]


@pytest.mark.parametrize(("phase", "switches"), [("first", 0), ("done", 1)])
def test_before_or_after_the_act(phase, switches):
    """A fault at done lets the act count; only its answer is lost."""
    fault = InjectedFault("timeout", phase, SWITCH)
    engine = Engine(with_fault(parse("jobs: {a: {timeline: [{status: job_finished}]}}"), fault))
    path = "/v1/external/retrain_jobs/a/update_model"
    engine.handle(Request("PUT", path, "", ("key",), "http://mock"))
    assert [job.switches for job in engine.job_states.of("a")] == [switches]


def test_elements_keep_the_lines_they_stand_on():
    """Also behind the fault, which stands at the line of what it precedes."""
    fault = InjectedFault("timeout", "first", SWITCH)
    engine = Engine(with_fault(parse(CALLED, "s.yaml"), fault))
    for _ in range(2):
        path = "/v1/external/retrain_jobs/a/update_model"
        engine.handle(Request("PUT", path, "", ("key",), "http://mock"))
    assert [entry.source for entry in engine.journal] == ["s.yaml:7", "s.yaml:7"]


def test_a_fault_of_a_call_without_a_list_is_named_after_the_marker():
    """There is no line to which its source could point."""
    fault = InjectedFault("timeout", "first", SWITCH)
    scenario = parse("jobs: {a: {timeline: [{status: job_finished}]}}", "s.yaml")
    engine = Engine(with_fault(scenario, fault))
    path = "/v1/external/retrain_jobs/a/update_model"
    engine.handle(Request("PUT", path, "", ("key",), "http://mock"))
    assert [entry.source for entry in engine.journal] == ["mock_p1_trouble"]


def test_created_jobs_are_struck_too():
    """Behind the step that waits for the file, which stays the first."""
    text = "new_jobs: {timeline: [{status: w, for: upload}, {status: r, for: 1 poll}, {status: x}]}"
    for phase, places in (("first", [0, 2, 3]), ("last", [0, 1, 3])):
        made = with_fault(parse(text), InjectedFault("timeout", phase)).new_jobs.steps
        assert [made[place].status for place in places] == ["w", "r", "x"]


def test_the_matrix_of_other_operations():
    """Each has its own errors and moments; what only reads has no act that could count."""
    every = matrix(faults="timeout", on="all")
    for operation in OPERATIONS.values():
        mine = [fault for fault in every if fault.on == operation.name]
        assert {fault.name for fault in mine if fault.is_error} == set(operation.errors)
    phases = {
        name: {fault.phase for fault in every if fault.on == name}
        for name in (SWITCH, "result_download", "retrain_status_check")
    }
    assert phases == {
        SWITCH: {"first", "done", "after"},
        "result_download": {"first", "after"},
        "retrain_status_check": {"first", "running", "last", "after"},
    }
    assert {fault.is_error for fault in every if fault.phase == "done"} == {False}


def test_what_one_operation_has_not_is_left_to_those_that_have_it():
    """A name that none has is a mistake."""
    names = [str(fault) for fault in matrix("job_may_be_deleted", phases="running", on="all")]
    assert names == ["job_may_be_deleted-at-running"]
    names = [str(fault) for fault in matrix("not_found_classifier", phases="first", on="all")]
    assert names == ["not_found_classifier-at-first-of-retrain_model_switch"]
    with pytest.raises(
        NoSuchFault, match="an error of retrain_data_upload, retrain_status_check: on="
    ):
        matrix("job_may_be_deleted", on=SWITCH)
    with pytest.raises(NoSuchFault, match="unknown phase 'running'; known: after, done, first"):
        matrix(phases="running", on=SWITCH)
    with pytest.raises(NoSuchFault, match="did you mean retrain_model_switch"):
        matrix(on="retrain_model_swich")


@pytest.mark.parametrize(
    ("text", "on", "reason"),
    [
        ("jobs: {a: {error: job_may_be_deleted}}", "retrain_status_check", "no timeline shows a"),
        ("jobs: {a: {timeline: [{status: x}]}}", SWITCH, "no job shows job_finished"),
        ("jobs: {a: {timeline: [{status: x}]}}", "result_download", "no job has a result:"),
        ("description: nothing", "file_upload", "there is no job that a client could"),
        ("description: nothing", "retrain_data_upload", ""),
        (
            "api_keys: {k: inactive_credential}\nsecret_keys: {s: inactive_credential}\n" + CALLED,
            SWITCH,
            "no API key is active",
        ),
        (CALLED, SWITCH, ""),
        (CALLED, "file_upload", ""),
        (SCENARIO, "retrain_status_check", ""),
    ],
)
def test_what_the_scenario_rules_out(text, on, reason):
    """Said before any test runs; nothing is said where a client can come so far."""
    found = ruled_out(parse(text), InjectedFault("timeout", "first", on))
    assert found.startswith(reason)
    assert bool(found) == bool(reason)


MARKED = """
import pytest, requests

@pytest.mark.mock_p1("happy-path")
@pytest.mark.mock_p1_trouble({arguments})
def test_it(mock_p1{more}):
    url = f"{{mock_p1.url}}/v1/external/retrain_jobs/{{mock_p1.job_id}}"
    reply = requests.get(url, headers={{"x-api-key": mock_p1.api_key}}, timeout=5)
    {check}
"""


def run(pytester, arguments="", more="", check="", *options):
    """Run one marked test."""
    pytester.makepyfile(MARKED.format(arguments=arguments, more=more, check=check))
    return pytester.runpytest("-p", "no:randomly", "-p", "no:cacheprovider", *options)


def test_a_marked_test_becomes_the_matrix_with_readable_ids(pytester):
    """One run for each trouble and moment, named after both."""
    result = run(
        pytester, 'errors=["inactive_credential"], phases=["first", "running"]', "", "", "-v"
    )
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        ["*test_it?inactive_credential-at-first?*", "*inactive_credential-at-running*"]
    )


def test_the_trouble_strikes_the_mock_of_the_test(pytester):
    """The client meets it at the moment named."""
    check = 'assert reply.json()["message"] == "This job may be deleted."'
    run(pytester, 'errors=["job_may_be_deleted"], phases=["first"]', "", check).assert_outcomes(
        passed=1
    )


def test_the_test_can_ask_which_trouble_it_is_in(pytester):
    """The fixture mock_p1_trouble tells name and phase."""
    check = 'assert (mock_p1_trouble.phase == "first") == (reply.status_code == 400)'
    run(pytester, "", ", mock_p1_trouble", check).assert_outcomes(passed=20)


MISTAKES = {
    'phases=["midway"]': "unknown phase 'midway'; known: after, first, last, running",
    'error="all"': "unknown argument 'error'; known: errors, faults, on, phases; "
    "did you mean errors?",
    '"all"': "takes its arguments by name",
    "errors=5": 'is "all", a name or a list of names, not 5',
    'errors=[["timeout"]]': "unknown error",
    'errors=[{"status_code": 429}]': "unknown error",
    "faults=[5]": "unknown fault '5'",
    'faults={"status_code": 42}': "reply.status_code: must be at least 200",
    "errors=[]": "names no injected fault",
}


def test_a_mistake_in_the_marker_fails_its_test(pytester):
    """Its test alone, with what is wrong and what there is, and no traceback of ours."""
    marked = [
        f"@pytest.mark.mock_p1_trouble({arguments})\ndef test_{number}(mock_p1): pass\n"
        for number, arguments in enumerate(MISTAKES)
    ]
    pytester.makepyfile("import pytest\n" + "".join(marked) + "def test_right(mock_p1): pass\n")
    options = ("-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:schemathesis")
    result = pytester.runpytest(*options, "-o", "mock_p1_no_request=ignore")
    result.assert_outcomes(errors=len(MISTAKES), passed=1)
    result.stdout.no_fnmatch_line("*plugin_fault_matrix.py*")
    escaped = [text.replace("[", "?").replace("]", "?") for text in MISTAKES.values()]
    result.stdout.fnmatch_lines([f"*mock_p1_trouble*{text}*" for text in escaped])


@pytest.mark.parametrize("marker", ["@pytest.mark.mock_p1_trouble()", ""])
def test_the_marker_alone_parametrizes_the_trouble(pytester, marker):
    """Whoever does it himself fails his test, not the collection."""
    pytester.makepyfile(f"""
import pytest

{marker}
@pytest.mark.parametrize("mock_p1_trouble", ["timeout"], indirect=True)
def test_it(mock_p1, mock_p1_trouble): pass

def test_other(): pass
""")
    result = pytester.runpytest("-p", "no:randomly", "-p", "no:schemathesis")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["mock_p1_trouble is parametrized by its marker*"])


def test_the_report_says_that_an_error_stays(pytester):
    """And how a test has one that a client can get over."""
    arguments = 'errors=["not_found_classifier"], on="retrain_model_switch", phases=["first"]'
    result = run(pytester, arguments, "", "assert reply.status_code == 0")
    says = (
        "not_found_classifier-at-first-of-retrain_model_switch is an error, and stays: every "
        "retrain_model_switch from then on is answered so, whatever the client does. One that "
        'it can get over: mock_p1.fail_next("not_found_classifier", on="retrain_model_switch")'
    )
    result.stdout.fnmatch_lines([says])


def test_the_report_says_nothing_more_of_a_fault(pytester):
    """It strikes once, as the table of calls shows."""
    arguments = 'errors=[], faults="slow_body", phases=["first"]'
    result = run(pytester, arguments, "", "assert reply.status_code == 0")
    result.stdout.fnmatch_lines(["*- Mock P1 -*"])
    result.stdout.no_fnmatch_line("*and stays*")


def test_an_answer_to_the_letter_strikes_once(pytester):
    """As a fault does; its case is named by its status."""
    check = """
    again = requests.get(url, headers={"x-api-key": mock_p1.api_key}, timeout=5)
    assert (reply.status_code, reply.headers["Retry-After"], again.status_code) == (429, "5", 200)
"""
    reply = '{"status_code": 429, "retry_after": "5s"}'
    result = run(pytester, f'errors=[], faults=[{reply}], phases="first"', "", check, "-v")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*test_it?429-at-first?*"])


def test_an_answer_to_the_letter_of_another_operation():
    """At each of its moments; where the act counts, only its answer is another."""
    scenario = load_scenario("happy-path")
    for fault in matrix(errors=[], faults={"status_code": 503}, on="retrain_model_switch"):
        struck = with_fault(scenario, fault).calls["retrain_model_switch"]
        replies = [step for step in struck if isinstance(step, ReplyCall)]
        assert [(step.reply.status_code, step.done) for step in replies] == [
            (503, fault.phase == "done")
        ]


def test_without_a_fixture_the_marker_is_a_mistake(pytester):
    """Nothing would be struck."""
    pytester.makepyfile("import pytest\n@pytest.mark.mock_p1_trouble()\ndef test_it(): pass\n")
    result = pytester.runpytest("-p", "no:randomly", "-p", "no:schemathesis")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*uses neither fixture mock_p1 nor mock_p1_server*"])


CALLS = """
import pytest, requests

@pytest.mark.mock_p1("{scenario}")
@pytest.mark.mock_p1_trouble(errors=[], faults=["empty_response"], phases=["first"], on={on})
def test_it(mock_p1, mock_p1_trouble):
    url = f"{{mock_p1.url}}/v1/external/retrain_jobs/upload_url?filename=a.csv"
    if mock_p1_trouble.on != "file_upload":
        with pytest.raises(requests.ConnectionError):
            requests.get(url, headers={{"x-api-key": mock_p1.api_key}}, timeout=5)
    reply = requests.get(url, headers={{"x-api-key": mock_p1.api_key}}, timeout=5)
    assert reply.json()["upload_url"]
"""


def test_an_operation_that_the_test_never_calls_fails_its_case(pytester):
    """With what it did call, and by which argument to say so; the other cases pass."""
    pytester.makepyfile(CALLS.format(scenario="demo", on=["retrain_data_upload", "file_upload"]))
    result = pytester.runpytest("-p", "no:randomly", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=2, errors=1)
    said = (
        "empty_response-at-first-of-file_upload did not strike: the test never called file_upload."
    )
    how = "Name by on= of the marker mock_p1_trouble what it calls; it called: retrain_data_upload"
    result.stdout.fnmatch_lines([f"*{said} {how}"])


def test_what_the_scenario_rules_out_is_skipped_with_its_reason(pytester):
    """Before the test runs."""
    pytester.makepyfile(CALLS.format(scenario="stuck", on=["result_download"]))
    result = pytester.runpytest("-p", "no:randomly", "-p", "no:cacheprovider", "-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*the scenario rules out*result_download: no job has a result: *"])
