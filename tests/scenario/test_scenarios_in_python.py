"""Scenarios made in Python rather than read from a file."""

import json
from datetime import timedelta

import pytest

from mock_p1 import Scenario, ScenarioError, load_scenario
from mock_p1.base.clock import VirtualClock
from mock_p1.base.messages import Request
from mock_p1.engine.engine import Engine
from mock_p1.scenario.model import Job
from mock_p1.scenario.step_length import Span, Stage
from mock_p1.scenario.steps import StatusStep

STEPS = [
    {"status": "one", "for": "1 poll", "delay": "1s"},
    {"status": "two", "result": "generated"},
]


def test_the_same_mapping_as_in_a_file():
    """Keys and values are those of YAML."""
    engine = Engine(Scenario(jobs={"a": {"timeline": STEPS}}, seed=7), VirtualClock())
    request = Request("GET", "/v1/external/retrain_jobs/a", api_keys=("k",))
    seen = [json.loads(engine.handle(request).body)["status"] for _ in range(2)]
    assert seen == ["one", "two"]


def test_it_has_paths_for_lines():
    """Where there is no file to point into, the path of keys leads to a part."""
    scenario = Scenario(
        jobs={"a": {"timeline": STEPS}}, generated_jobs=[{"count": 1, "timeline": STEPS}]
    )
    assert (scenario.name, scenario.text) == ("scenario", None)
    assert scenario.where() == "scenario"
    assert scenario.where("jobs", "a") == "scenario:jobs.a"
    assert scenario.jobs["a"].steps[1].source == "scenario:jobs.a.timeline[1]"
    assert scenario.generated_jobs[0].steps[0].source == "scenario:generated_jobs[0].timeline[0]"


def test_every_problem_in_the_house_form():
    """Where, what, what was possible, and what was perhaps meant; all at once."""
    with pytest.raises(ScenarioError) as caught:
        Scenario(
            jobs={"a": {"timeline": [{"fault": "conection_reset"}]}, "b": {"tmeline": STEPS}},
            seed="7",
        )
    assert [str(problem).partition(";")[0] for problem in caught.value.problems] == [
        "scenario: seed: must be a whole number",
        "scenario: jobs.a.timeline[0].fault: unknown fault 'conection_reset'",
        "scenario: jobs.b.tmeline: unknown key 'tmeline'",
        (
            "scenario: jobs.b: a job has either "
            "timeline: (a list of steps) or error: (a documented error)"
        ),
    ]
    assert "did you mean connection_reset?" in str(caught.value)


def test_a_result_file_is_found_beside_the_code():
    """The folder of the file that makes the scenario."""
    scenario = Scenario(
        jobs={"a": {"timeline": [{"status": "s", "result": {"file": "conftest.py"}}]}}
    )
    assert scenario.files["conftest.py"].startswith(b'"""')


@pytest.mark.parametrize("inline", [dict, str], ids=["mapping", "text"])
def test_a_result_file_is_found_in_the_folder_given(tmp_path, inline):
    """Of a mapping and of a text."""
    (tmp_path / "real.zip").write_bytes(b"PK")
    job = {"timeline": [{"status": "s", "result": {"file": "real.zip"}}]}
    source = {"jobs": {"a": job}} if inline is dict else json.dumps({"jobs": {"a": job}})
    assert load_scenario(source, folder=tmp_path).files == {"real.zip": b"PK"}


@pytest.mark.parametrize("name", ["missing.zip", "../conftest.py", "a\0b"])
def test_a_result_file_that_is_not_there_is_refused_at_once(name):
    """Not when it is downloaded."""
    with pytest.raises(ScenarioError, match=r"scenario: jobs\.a\.timeline\[0\]\.result\.file: "):
        Scenario(jobs={"a": {"timeline": [{"status": "s", "result": {"file": name}}]}})


def test_a_key_named_source_is_unknown():
    """Steps and jobs know where they stand; nobody writes it."""
    with pytest.raises(ScenarioError, match="unknown key 'source'"):
        Scenario(jobs={"a": {"error": "job_may_be_deleted", "source": "x"}})


def test_nesting_has_the_same_bound_as_in_a_file():
    """Also for data that contains itself."""
    circle: dict = {}
    circle["x-again"] = circle
    with pytest.raises(ScenarioError, match="nested more than 50 levels deep"):
        Scenario(jobs={"a": circle})


def test_a_value_of_a_strange_type_is_named():
    """Its type says what it is."""
    with pytest.raises(ScenarioError, match="it is of type timedelta"):
        Scenario(jobs={"a": {"timeline": [{"status": "s", "for": timedelta(1)}]}})


def test_models_may_stand_for_mappings():
    """Also steps that were taken from another scenario."""
    first, last = Scenario(jobs={"a": {"timeline": STEPS}}).jobs["a"].steps
    assert (first.for_, first.delay) == (Stage(polls=1), Span(10**9, 10**9))
    made = Scenario(jobs={"a": Job(timeline=[first, last, StatusStep(status="three")])})
    assert [step.status for step in made.jobs["a"].steps] == ["one", "two", "three"]


@pytest.mark.parametrize(
    "jobs", [{1: {"timeline": STEPS}}, {None: {}}, {"a/b": {"timeline": STEPS}}, [], "a", {"a": 1}]
)
def test_what_is_wrong_is_a_scenario_error(jobs):
    """Also what no file could hold."""
    with pytest.raises(ScenarioError):
        Scenario(jobs=jobs)


@pytest.mark.parametrize("keys", [{1: "active"}, {"": "active"}, {}, [], None, {"a": None}])
def test_keys_that_are_none(keys):
    """Likewise."""
    with pytest.raises(ScenarioError):
        Scenario(api_keys=keys, jobs={"a": {"api_key": "b", "timeline": STEPS}})


@pytest.mark.parametrize("value", [{1, 2}, float("nan"), object()])
def test_a_body_that_is_no_json_is_a_problem(value):
    """However deep it stands; it would be a 500 at the first poll."""
    step = {"reply": {"status_code": 200, "body": {"a": [value]}}}
    with pytest.raises(ScenarioError, match="a value that JSON does not know"):
        Scenario(jobs={"a": {"timeline": [step]}})


ODD = {
    "status": {"jobs": {"a": {"timeline": [{"status": "\ud800"}]}}},
    "a key of a body": {
        "jobs": {"a": {"timeline": [{"reply": {"status_code": 200, "body": {"\udfff": 1}}}]}}
    },
    "job": {"jobs": {"a\ud800": {"timeline": STEPS}}},
    "description": {"description": "a\udc00b", "jobs": {"a": {"timeline": STEPS}}},
    "seed": {"seed": -(10**5000), "jobs": {"a": {"timeline": STEPS}}},
    "model_id": {"jobs": {"a": {"timeline": [{"status": "x", "model_id": 10**300}]}}},
    "a number that is a job": {"jobs": {10**5000: {"timeline": STEPS}}},
    "a number with no unit": {"jobs": {"a": {"timeline": [{"status": "x", "for": 10**5000}]}}},
}


@pytest.mark.parametrize("keys", ODD.values(), ids=ODD)
def test_what_could_not_stand_in_a_file(keys):
    """Half a character, or a number too long to be written: a problem that can be printed."""
    with pytest.raises(ScenarioError) as caught:
        load_scenario(keys)
    (problem,) = caught.value.problems
    assert "half a character" in problem.text or "more than 300 digits" in problem.text
    assert str(problem).encode()


def test_all_that_could_not_stand_in_a_file_at_once():
    """As with any other problem."""
    with pytest.raises(ScenarioError) as caught:
        Scenario(description="\ud800", seed=10**300, jobs={"a": {"timeline": STEPS}})
    assert [problem.text.partition(":")[0] for problem in caught.value.problems] == [
        "description",
        "seed",
    ]


def test_the_longest_number_of_a_file():
    """In Python as in YAML."""
    number = 10**300 - 1
    text = f"jobs: {{a: {{timeline: [{{status: x, model_id: {number}}}]}}}}"
    mapping = {"jobs": {"a": {"timeline": [{"status": "x", "model_id": number}]}}}
    for source in (text, mapping):
        assert load_scenario(source).jobs["a"].steps[0].model_id == number


@pytest.mark.parametrize(
    ("step", "text"),
    [({"status": "x", "for": "soon"}, "jobs.a.timeline[0].for: 'soon' is not a number of polls"),
     ({"reply": {"status_code": 200, "body": [float("nan")]}}, "jobs.a.timeline[0].reply.body: ")],
)  # fmt: skip
def test_a_problem_names_its_key_once(step, text):
    """The path ends with it already."""
    with pytest.raises(ScenarioError) as caught:
        Scenario(jobs={"a": {"timeline": [step]}})
    assert caught.value.problems[0].text.startswith(text)


def test_a_seed_that_cannot_be_written():
    """Where it is given beside the scenario."""
    with pytest.raises(ValueError, match="seed is a number of more than 300 digits"):
        Engine(Scenario(jobs={"a": {"timeline": STEPS}}), seed=10**5000)
