"""A scenario that is kept, and read again without checking, is the one that was checked."""

import json
from math import inf

import pytest
from helpers.scenario_strategies import FILES, documents, read, written
from hypothesis import given

from mock_p1 import Scenario
from mock_p1.engine.directory import Directory
from mock_p1.scenario.files import bundled, find_scenarios, load_scenario
from mock_p1.scenario.kept import as_kept, from_kept
from mock_p1.scenario.problems import ScenarioError


def again(scenario, attach=FILES.__getitem__):
    """Return the scenario as it comes back."""
    return from_kept(as_kept(scenario), attach)


def paths(value, *path):
    """Yield the path of each part of a scenario's data, and one that leads nowhere below it."""
    yield path
    yield *path, "nothing"
    for key, inner in value.items() if isinstance(value, dict) else ():
        yield from paths(inner, *path, key)
    for index, inner in enumerate(value if isinstance(value, list) else ()):
        yield from paths(inner, *path, index)


@pytest.mark.slow
@given(documents())
def test_what_comes_back_is_what_was_checked(document):
    """Every value and place, the text and the result files; and it is kept as it was before."""
    try:
        scenario = read(written(document))
    except ScenarioError:
        return
    back = again(scenario)
    assert back == scenario
    assert as_kept(back) == as_kept(scenario)
    assert (back.name, back.text, back.sources) == (scenario.name, scenario.text, scenario.sources)
    assert back.files == scenario.files
    assert [back.where(*path) for path in paths(document)] == [
        scenario.where(*path) for path in paths(document)
    ]


@pytest.mark.slow
@given(documents())
def test_what_comes_back_plays_alike(document):
    """The programs are the same, to the source of each step."""
    try:
        scenario = read(written(document))
    except ScenarioError:
        return
    played, other = (Directory(each, 7) for each in (scenario, again(scenario)))
    assert [played.find(job_id) for job_id in scenario.jobs] == [
        other.find(job_id) for job_id in scenario.jobs
    ]
    assert (played.new_jobs, played.calls) == (other.new_jobs, other.calls)


@pytest.mark.parametrize("name", bundled())
def test_every_bundled_scenario_comes_back(name):
    """With whatever it uses."""
    scenario = load_scenario(name)
    back = again(scenario)
    assert back == scenario
    assert as_kept(back) == as_kept(scenario)


def test_several_files_come_back_with_their_places(tmp_path):
    """A part stands in the file that says it, also where two files add to one list."""
    for name, prefix in (("a", "g-"), ("b", "h-")):
        text = (
            f"jobs:\n  {name}: {{error: job_may_be_deleted}}\n"
            f"generated_jobs:\n- {{count: 1, prefix: {prefix}, timeline: [{{status: x}}]}}\n"
        )
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    scenario = find_scenarios([str(tmp_path)]).read()
    back = again(scenario)
    assert as_kept(back) == as_kept(scenario)
    assert back.sources == scenario.sources
    for path in (("jobs", "b"), ("generated_jobs", 0), ("generated_jobs", 1, "prefix")):
        assert back.where(*path) == scenario.where(*path)


def test_arguments_of_a_fake_are_no_names_of_ours():
    """Whatever a provider's arguments are called."""
    text = "jobs: {a: {timeline: [{status: x, message: {fake: pystr, prefix: rules, x-of: 1}}]}}"
    scenario = load_scenario(text)
    back = again(scenario)
    assert back == scenario
    assert back.jobs["a"].steps[0].message.arguments == {"prefix": "rules"}


def test_a_body_that_looks_like_what_is_kept_comes_back():
    """Its keys may be called as kinds and keys of ours are."""
    body = {"StatusStep": "x", "for_": [1, 2], "delay": [{"Job": 1e308}], "": ["Stage", 3]}
    timeline = [{"reply": {"status_code": 200, "body": body}}]
    scenario = load_scenario(json.dumps({"jobs": {"a": {"timeline": timeline}}}))
    back = again(scenario)
    assert back == scenario
    assert back.jobs["a"].steps[0].reply.body == body


def test_what_is_made_in_python_is_not_kept():
    """It has no text that could be told from another."""
    assert as_kept(Scenario(jobs={"a": {"error": "job_may_be_deleted"}})) is None


def test_a_result_file_that_is_gone_is_told():
    """It is looked for anew."""

    def missing(name):
        raise ValueError(f"{name} is gone")

    text = "jobs: {a: {timeline: [{status: x, result: {file: own.zip}}]}}"
    with pytest.raises(ValueError, match=r"own\.zip is gone"):
        again(read(text), missing)


KEPT = json.loads(as_kept(load_scenario("demo")))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        "[1, 2]",
        "[" * 100_000,
        "9" * 5000,
        json.dumps([KEPT[0], None]),
        json.dumps([KEPT[0], [1, 2, [], [], False]]),
        json.dumps([KEPT[0], ["n", "t", [["n", 5]], 5, False]]),
        json.dumps([["Stage", None, None, False], KEPT[1]]),
        json.dumps([["Stage"] + [None] * 9, KEPT[1]]),
        json.dumps([["Job", {}], KEPT[1]]),
        json.dumps([["Popen", {"args": "true"}], KEPT[1]]),
        json.dumps([["Scenario", {"rules": 1}], KEPT[1]]),
        json.dumps([["Scenario", {"__class__": 1}], KEPT[1]]),
        json.dumps([["Scenario", []], KEPT[1]]),
        json.dumps([["Scenario"], KEPT[1]]),
        json.dumps([[], KEPT[1]]),
        json.dumps([[{}], KEPT[1]]),
        json.dumps([[["Scenario"], {}], KEPT[1]]),
        json.dumps([{"Job": inf, "error": "x"}, KEPT[1]]),
        json.dumps([{"Popen": inf, "args": "true"}, KEPT[1]]),
        json.dumps([{"Scenario": inf, "rules": 1}, KEPT[1]]),
        json.dumps([{"Scenario": inf, "__class__": 1}, KEPT[1]]),
        json.dumps([{"Scenario": inf, "new_jobs": {"StatusStep": inf, "for_": 5}}, KEPT[1]]),
        json.dumps([{"Scenario": inf, "new_jobs": {"Step": inf, "delay": [1] * 9}}, KEPT[1]]),
    ],
)
def test_a_text_that_is_not_ours_is_refused(text):
    """Whatever it holds, in one way that the reader can expect."""
    with pytest.raises(ValueError):  # noqa: PT011 -- json's own texts, too
        from_kept(text, FILES.__getitem__)
