"""InjectedFault at a moment: the change of the scenario, and the matrix a marked test becomes."""

import pytest

from mock_p1.analysis.fault_matrix import InjectedFault, NoSuchFault, matrix, with_trouble
from mock_p1.base.clock import SECOND, VirtualClock
from mock_p1.base.messages import Request
from mock_p1.contract.errors import FAULTS
from mock_p1.contract.operations import RETRAIN_STATUS_CHECK
from mock_p1.engine.engine import Engine
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
    engine = Engine(with_trouble(parse(SCENARIO, "s.yaml"), trouble), VirtualClock())
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
    engine = Engine(with_trouble(parse(text), InjectedFault("timeout", "running")), VirtualClock())
    for _ in range(2):
        engine.handle(Request("GET", "/v1/external/retrain_jobs/a", "", ("key",), "http://mock"))
    assert [entry.outcome for entry in engine.journal] == ["job_waiting", "timeout"]


def test_steps_keep_the_lines_they_stand_on():
    """The report leads to the file as it is, also behind the trouble."""
    engine = Engine(
        with_trouble(parse(SCENARIO, "s.yaml"), InjectedFault("timeout", "first")), VirtualClock()
    )
    assert [step.source for step in engine.jobs.find("a").value.steps] == [
        "s.yaml:5",
        "s.yaml:5",
        "s.yaml:6",
        "s.yaml:7",
    ]


def test_jobs_that_show_no_status_are_left_alone():
    """A job that is an error from the start needs no further trouble."""
    spoilt = with_trouble(parse(SCENARIO), InjectedFault("timeout", "first"))
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
        ["*test_it?inactive_credential-at-first? PASSED*", "*inactive_credential-at-running*"]
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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ('phases=["midway"]', "unknown phase 'midway'; known: after, first, last, running"),
        (
            'error="all"',
            "unknown argument 'error'; known: errors, faults, phases; did you mean errors?",
        ),
        ('"all"', "takes its arguments by name"),
        ("errors=5", 'is "all", a name or a list of names, not 5'),
        ("errors=[]", "names no trouble"),
    ],
)
def test_a_mistake_in_the_marker_fails_its_test(pytester, arguments, message):
    """Its test alone, with what is wrong and what there is, and no traceback of ours."""
    result = run(pytester, arguments, "", "", "-p", "no:schemathesis")
    result.assert_outcomes(errors=1)
    result.stdout.no_fnmatch_line("*plugin_fault_matrix.py*")
    escaped = message.replace("[", "?").replace("]", "?")
    result.stdout.fnmatch_lines([f"*mock_p1_trouble*{escaped}*"])


def test_without_a_fixture_the_marker_is_a_mistake(pytester):
    """Nothing would be struck."""
    pytester.makepyfile("import pytest\n@pytest.mark.mock_p1_trouble()\ndef test_it(): pass\n")
    result = pytester.runpytest("-p", "no:randomly", "-p", "no:schemathesis")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*uses neither fixture mock_p1 nor mock_p1_server*"])
