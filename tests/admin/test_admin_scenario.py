"""``/__admin/scenario``: what is played, and playing another."""

import json

import pytest
from helpers.admin_client import Controls

from mock_p1.scenario.files import bundled, load_scenario
from mock_p1.scenario.model import Scenario

OTHER = "description: Another.\njobs:\n  other: {timeline: [{status: job_running}]}\n"
YAML = "application/yaml"


def swap(controls, text, **options):
    """Send a scenario's text."""
    return controls.do("PUT", "/scenario", data=text, content_type=YAML, **options)


def test_the_scenario_is_shown_with_its_text(controls):
    """Comments and all, as it was written; only its keys are masked."""
    shown = controls.get("/scenario")
    assert (shown["name"], shown["description"], shown["seed"], shown["jobs"]) == (
        "jobs.yaml",
        "Jobs of every kind.",
        5,
        10,
    )
    assert "  - {count: 5, prefix: load-, timeline: [{status: job_finished}]}" in shown["text"]
    assert shown["bundled"] == list(bundled())


@pytest.mark.parametrize("name", bundled())
def test_every_bundled_scenario_is_played_by_its_name(controls, name):
    """And shown afterwards."""
    assert controls.do("PUT", "/scenario", {"name": name})["name"] == f"{name}.yaml"
    assert controls.get("/scenario")["text"]
    assert controls.get("/jobs")["total"] == controls.get("/scenario")["jobs"]


@pytest.mark.parametrize(
    "kind", ["application/yaml", "text/yaml", "application/x-yaml; charset=utf-8"]
)
def test_a_scenario_is_sent_as_yaml(controls, kind):
    """Under any of the names that YAML goes by."""
    controls.do("PUT", "/scenario", data=OTHER, content_type=kind)
    assert controls.poll("other", "any").json["status"] == "job_running"
    assert controls.poll("slow", "any").status_code == 400


def test_a_scenario_is_sent_as_json(controls):
    """An object with jobs is a scenario; one with a name names one."""
    controls.do("PUT", "/scenario", {"jobs": {"other": {"error": "job_may_be_deleted"}}})
    assert controls.get("/jobs")["jobs"][0]["job_id"] == "other"


def test_a_scenario_that_is_sent_may_be_given_a_name(controls):
    """Rows and problems call it so."""
    assert swap(controls, OTHER, query_string={"name": "mine.yaml"})["name"] == "mine.yaml"
    assert controls.get("/jobs/other")["steps"][0]["source"] == "mine.yaml:3"


@pytest.mark.parametrize("name", ["", "a" * 101, "a\nb"])
def test_a_name_that_cannot_be_shown_is_refused(controls, name):
    """It would stand in logs and tables."""
    controls.refused(
        400, "PUT", "/scenario", data=OTHER, content_type=YAML, query_string={"name": name}
    )


def test_an_invalid_scenario_is_refused_with_every_problem(controls):
    """Each with its place; the scenario before is still played, and no state is lost."""
    controls.poll("slow")
    before = controls.get("/jobs/slow")
    text = "jobs:\n  a: {timelin: []}\nsed: 7\napi_keys: {k-1: activ}\n"
    refusal = controls.refused(
        400, "PUT", "/scenario", data=text, content_type=YAML, query_string={"name": "mine.yaml"}
    )
    assert refusal["error"] == "MOCK_P1_INVALID_SCENARIO"
    assert {(problem["file"], problem["line"]) for problem in refusal["problems"]} == {
        ("mine.yaml", 2),
        ("mine.yaml", 3),
        ("mine.yaml", 4),
    }
    assert any("did you mean timeline?" in problem["text"] for problem in refusal["problems"])
    assert controls.get("/jobs/slow") == before


@pytest.mark.parametrize(
    "body", [b"", b"  \n", b"[", b"\xff\xfe\x00", b"\x00", b"jobs: [1", b"- 1", b"5", b"a: b: c"]
)
def test_what_is_no_scenario_at_all_is_refused(controls, body):
    """In words, whatever the bytes."""
    controls.refused(400, "PUT", "/scenario", data=body, content_type=YAML)
    assert controls.get("/scenario")["name"] == "jobs.yaml"


@pytest.mark.parametrize(
    "body",
    [
        {"name": "nothing"},
        {"name": 5},
        {"name": "../../etc/passwd"},
        {"name": "scenarios/demo.yaml"},
        {"name": "demo.yaml"},
    ],
)
def test_only_bundled_scenarios_are_found_by_name(controls, body):
    """No file is opened for whoever calls."""
    assert controls.refused(400, "PUT", "/scenario", body)["error"] == "MOCK_P1_BAD_VALUE"


@pytest.mark.parametrize("body", ['"stuck"', '{"scenario": "stuck"}'])
def test_a_bundled_name_in_another_shape_is_told_how_it_is_asked_for(controls, body):
    """No problems of a scenario, since none was meant."""
    refusal = controls.refused(400, "PUT", "/scenario", data=body, content_type="application/json")
    assert refusal["message"] == 'a bundled scenario is asked for by {"name": "stuck"}'
    assert "problems" not in refusal


@pytest.mark.parametrize("body", [b'"jobs:\\n  a: 5"', b'{"scenario": {"name": "stuck"}}'])
def test_what_is_no_name_is_judged_as_a_scenario(controls, body):
    """A text in quotes, and a mapping under a key that no scenario has."""
    refusal = controls.refused(400, "PUT", "/scenario", data=body, content_type="application/json")
    assert refusal["error"] == "MOCK_P1_INVALID_SCENARIO"


def test_a_slip_in_a_bundled_name_is_met_with_the_nearest(controls):
    """So that the next try is right."""
    assert (
        "did you mean demo?"
        in controls.refused(400, "PUT", "/scenario", {"name": "dmeo"})["message"]
    )


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
def test_a_scenario_of_another_type_is_refused(controls, kind):
    """The remedy is a line to copy."""
    refusal = controls.refused(415, "PUT", "/scenario", data=OTHER, content_type=kind)
    assert "--data-binary" in refusal["remedy"]


def test_a_result_file_cannot_be_had_from_the_disk(controls):
    """A scenario that is sent has no folder."""
    text = "jobs: {a: {timeline: [{status: job_finished, result: {file: secret.txt}}]}}"
    refusal = controls.refused(400, "PUT", "/scenario", data=text, content_type=YAML)
    assert "was not read from a file" in refusal["message"]


def test_jobs_whose_timeline_did_not_change_keep_their_state(controls):
    """Though their lines moved; a changed one begins anew, and the answer counts both."""
    controls.poll("slow")
    controls.poll("held")
    text = """
# one more line
api_keys: {demo-key: active}
jobs:
  held: {timeline: [{status: job_waiting, for: 2 polls}, {status: job_running}]}
  slow:
    timeline:
      - {status: job_waiting, for: 2 polls}
      - {status: job_running, for: 90s, message: Training.}
      - {status: job_finished, model_id: 4821, result: {rows: 3}}
"""
    swapped = swap(controls, text)
    assert (swapped["kept"], swapped["dropped"]) == (1, 1)
    assert controls.get("/jobs/slow")["tracks"][0]["seen"] == 1
    assert controls.get("/jobs/slow")["steps"][0]["source"] == "scenario:8"
    assert controls.get("/jobs/held")["tracks"] == []


def test_jobs_that_are_gone_with_a_swap_are_named(controls):
    """Each once, though the count is of keys; a job that is there still is none of them."""
    controls.poll("slow")
    controls.poll("held")
    swapped = swap(controls, "jobs: {held: {timeline: [{status: job_running}]}}")
    assert (swapped["dropped"], swapped["gone"], swapped["gone_jobs"]) == (2, 1, ["slow"])


def test_the_scenario_that_it_was_started_with_is_played_again_by_its_name(controls):
    """As a reset would, but nothing else begins anew."""
    assert controls.get("/scenario")["as_started"] is True
    swap(controls, OTHER)
    shown = controls.get("/scenario")
    assert (shown["as_started"], shown["started_with"]) == (False, "jobs.yaml")
    controls.do("PUT", "/scenario", {"name": "jobs.yaml"})
    shown = controls.get("/scenario")
    assert (shown["as_started"], shown["description"]) == (True, "Jobs of every kind.")


def test_a_key_that_may_no_longer_see_a_job_loses_its_state(controls):
    """Should it be let in again, it begins anew."""
    controls.poll("held")
    held = "{timeline: [{status: job_waiting, for: manual}, {status: job_running}]}"
    swap(controls, f"api_keys: {{demo-key: inactive_credential}}\njobs: {{held: {held}}}")
    assert controls.get("/jobs/held")["tracks"] == []
    assert controls.poll("held").json["message"] == "Inactive_credential."


def test_failures_that_wait_for_jobs_that_are_gone_go_too(controls):
    """The others stay."""
    controls.do("POST", "/next", {"fault": "timeout", "job": "slow"})
    controls.do("POST", "/next", {"fault": "timeout"})
    swap(controls, OTHER)
    assert [row["job"] for row in controls.get("/next")["queue"]] == [None]


def test_the_journal_outlives_a_swap(controls):
    """What was asked was asked."""
    controls.poll("slow")
    swap(controls, OTHER)
    assert controls.get("/requests/count") == {"count": 1}


def test_a_scenario_made_in_python_has_no_text(controls):
    """And the answer says so."""
    controls.engine.load(Scenario(jobs={"a": {"error": "job_may_be_deleted"}}))
    assert controls.get("/scenario")["text"] is None


def test_a_long_list_of_problems_comes_whole(controls):
    """None is left out."""
    jobs = {f"job-{number}": {"error": "nothing"} for number in range(50)}
    refusal = controls.refused(
        400, "PUT", "/scenario", data=json.dumps({"jobs": jobs}), content_type="application/json"
    )
    assert len(refusal["problems"]) == 50


ONE = "jobs: {a: {timeline: [{status: s}]}}\n"


def test_the_text_of_a_folder_with_one_file(tmp_path):
    """It is that file's."""
    (tmp_path / "one.yaml").write_text(ONE)
    controls = Controls(load_scenario(tmp_path))
    assert controls.call("GET", "/scenario/text").get_data(as_text=True) == ONE


def test_several_files_have_no_text_of_their_own(tmp_path):
    """They are named."""
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text(ONE.replace("a:", f"{name}:"))
    refusal = Controls(load_scenario(tmp_path)).refused(404, "GET", "/scenario/text")
    assert refusal["message"] == "the scenario was read from 2 files"
    assert "one.yaml, " in refusal["remedy"]
    assert refusal["remedy"].endswith("two.yaml")


def test_of_a_scenario_made_in_python_it_is_said():
    """There is nothing to be kept in a file."""
    made = Scenario(jobs={"a": {"error": "job_may_be_deleted"}})
    refusal = Controls(made).refused(404, "GET", "/scenario/text")
    assert refusal["message"] == "the scenario was made in Python"
