"""Retrain Data Upload: a job is issued, and the URL for its file."""

import json
import re

import pytest

from mock_p1.engine import retrain_data_upload

NEW = """
new_jobs:
  timeline: [{status: job_waiting, for: upload}, {status: job_running}]
"""


def test_a_job_is_issued(mock):
    """The fields in their documented order.

    The URL begins with the base URL that the client used.
    """
    asked = mock(NEW)
    body = json.loads(asked.get_upload().body)
    assert list(body) == ["retrain_job_id", "upload_url"]
    job = body["retrain_job_id"]
    assert re.fullmatch(f"http://mock/uploads/[0-9a-f]{{16}}/{job}/train.csv", body["upload_url"])


def test_two_uploads_asked_for_are_two_jobs(mock):
    """Each with an id and a URL of its own."""
    asked = mock(NEW)
    (first, one), (second, two) = asked.create(), asked.create()
    assert first != second
    assert one != two


def test_ids_follow_from_the_seed_one_sequence_per_caller(mock):
    """So that parallel clients do not shift each other's."""
    alone, together = mock(NEW), mock(NEW)
    expected = [alone.create("k-1")[0] for _ in range(3)]
    seen = []
    for _ in range(3):
        together.create("k-2")
        seen.append(together.create("k-1")[0])
    assert seen == expected
    assert mock(NEW, seed=1).create("k-1")[0] != expected[0]


def test_a_renewed_key_goes_on_with_the_sequence(mock):
    """It is the same caller."""
    asked, other = mock(NEW), mock(NEW)
    one = [asked.create(asked.key())[0] for _ in range(2)]
    key = other.key()
    assert [other.create(key)[0] for _ in range(2)] == one


def test_ids_can_be_named(mock):
    """Anew for each caller; used up, UUIDs follow, and the journal says so."""
    asked = mock("new_jobs: {ids: [retrain-101, 102], timeline: [{status: s}]}")
    assert [asked.create()[0] for _ in range(2)] == ["retrain-101", "102"]
    assert asked.create("other")[0] == "retrain-101"
    assert len(asked.create()[0]) == 36
    assert asked.entries[-1].notes == ("new_jobs: has no more than 2 ids; UUIDs follow",)


def test_an_only_id_that_is_used_up(mock):
    """Is one id."""
    asked = mock("new_jobs: {ids: [retrain-101], timeline: [{status: s}]}")
    asked.create(), asked.create()
    assert asked.entries[-1].notes == ("new_jobs: has no more than 1 id; UUIDs follow",)


def test_the_same_id_of_two_callers_is_two_jobs(mock):
    """Each with a file and a state of its own."""
    asked = mock("new_jobs: {ids: [x], timeline: [{status: w, for: upload}, {status: r}]}")
    (_, one), (_, two) = asked.create("k-1"), asked.create("k-2")
    assert one != two
    asked.put(one)
    assert [asked.sees("x", key) for key in ("k-1", "k-2")] == ["r", "w"]


def test_an_id_of_the_file_plays_that_jobs_timeline(mock):
    """Also one that is named under new_jobs."""
    asked = mock(
        NEW.replace("new_jobs:", "new_jobs:\n  ids: [a]") + "jobs: {a: {timeline: [{status: own}]}}"
    )
    asked.create()
    assert asked.sees("a") == "own"


def test_a_created_job_is_its_callers_alone(mock):
    """Also where a pattern would take its id."""
    asked = mock(NEW + "jobs: {'*': {timeline: [{status: any}]}}")
    job, _ = asked.create("k-1")
    assert asked.sees(job, "k-1") == "job_waiting"
    assert asked.sees(job, "k-2") == "Not found retrain job."
    assert asked.sees("another", "k-2") == "any"


@pytest.mark.parametrize(
    ("jobs", "expected"),
    [
        ("jobs: {a: {timeline: [{status: first}]}, '*': {timeline: [{status: star}]}}", "star"),
        ("jobs: {a: {timeline: [{status: first}]}, b: {timeline: [{status: second}]}}", "first"),
        ("generated_jobs: [{count: 2, timeline: [{status: made}]}]", "made"),
    ],
)
def test_what_new_jobs_leaves_out(mock, jobs, expected):
    """Is what "*" does, else what the first job does."""
    asked = mock(jobs)
    job, path = asked.create()
    asked.put(path)
    assert asked.sees(job) == expected


def test_a_scenario_without_any_job_creates_none(mock):
    """The documented error, with a note that says what to write."""
    asked = mock("jobs: {}")
    reply = asked.get_upload()
    assert json.loads(reply.body)["message"] == "Not found configuration_file."
    assert asked.entries[0].notes == (
        "the scenario has no job that could be created; see new_jobs:",
    )


@pytest.mark.parametrize(
    ("query", "note"),
    [
        ("", "filename is missing"),
        ("filename=", "filename is empty"),
        ("filename=train.csv%0d%0a", "filename ends with a line end"),
        ("filename=%EF%BB%BFtrain.csv", "filename begins with a byte-order mark"),
        ("filename=a%2Fb.csv", "filename is a path ('a/b.csv')"),
        ("filename=..%5Cb.csv", "filename is a path"),
        ("filename=a%00b", "filename has characters that cannot be seen"),
        ("filename=..", "filename is '..', which is no name"),
        ("filename=" + "n" * 300, "filename has 300 characters; file systems take 255"),
    ],
)
def test_an_odd_file_name_is_noted(mock, query, note):
    """The job is issued all the same, its URL can be used, unless a scenario assumes an error."""
    asked = mock(NEW)
    _, path = asked.create(query=query)
    assert asked.entries[0].notes[0].startswith(note)
    assert asked.put(path).status == 200
    strict = mock(NEW + "assumptions: {odd_filename: model_may_be_deleted}")
    assert (
        json.loads(strict.get_upload(query=query).body)["message"] == "This model may be deleted."
    )


def test_a_name_that_is_not_ascii(mock):
    """Percent-encoded in the query, and in the URL."""
    asked = mock(NEW)
    _, path = asked.create(query="filename=%E5%AD%A6%E7%BF%92.csv")
    assert path.endswith("/%E5%AD%A6%E7%BF%92.csv")
    assert asked.put(path).status == 200
    assert asked.uploads[0].file_name == "学習.csv"
    note = "filename is not ASCII ('学習.csv'); how the service takes it is not documented"
    assert asked.entries[0].notes == (note,)


def test_all_that_is_odd_in_a_name_is_noted(mock):
    """An editor's mark and a line end, both."""
    asked = mock(NEW)
    asked.create(query="filename=%EF%BB%BFtrain.csv%0D%0A")
    begins, ends = asked.entries[0].notes
    assert "byte-order mark" in begins
    assert "line end" in ends


def test_the_configuration_file_error_has_a_code_of_its_own(mock):
    """And HTTP 500, which its code begins with."""
    asked = mock(NEW + "calls: {retrain_data_upload: [{error: not_found_configuration_file}]}")
    reply = asked.get_upload()
    assert reply.status == 500
    assert json.loads(reply.body) == {
        "code": 5001000201,
        "error": "PREDA_EXTERNAL_INTERNAL_SERVER_ERROR",
        "message": "Not found configuration_file.",
    }


@pytest.mark.parametrize(
    ("query", "said"),
    [("filename=%ff.csv", "is not UTF-8"), ("filename=train.csv+", "ends with a blank")],
)
def test_names_that_a_file_system_would_take_are_noted_too(mock, query, said):
    """The URL is issued all the same."""
    asked = mock("jobs: {a: {timeline: [{status: job_running}]}}")
    assert asked.get_upload(query=query).status == 200
    assert said in asked.entries[-1].notes[0]


def test_a_reset_makes_room_for_jobs(mock, monkeypatch):
    """So many may be there at a time, not in all."""
    monkeypatch.setattr(retrain_data_upload, "MAX_CREATED", 1)
    asked = mock("jobs: {a: {timeline: [{status: job_running}]}}")
    assert [asked.get_upload("k-1").status, asked.get_upload("k-2").status] == [200, 507]
    asked.driver.reset(key="k-1")
    assert asked.get_upload("k-2").status == 200


@pytest.mark.parametrize(
    ("lists", "answered"),
    [("", 200), ("new_jobs: {ids: [a]}", 200), ("new_jobs: {ids: [a], calls: %s}", 503)],
)
def test_an_issued_id_of_the_scenario_plays_what_stands_there(mock, lists, answered):
    """With the lists of new_jobs, but not with those of the job that other created ones are like.

    The lists are of the switch; a job that nobody created has its own alone.
    """
    fails = "{retrain_model_switch: [{reply: {status_code: 503}}]}"
    done = "timeline: [{status: job_finished}]"
    asked = mock(
        f"jobs: {{'*': {{{done}, calls: {fails}}}, a: {{{done}}}}}\n{lists.replace('%s', fails)}"
    )
    job_id, url = asked.create()
    asked.put(url)
    assert asked.switch("a").status == answered
    assert (job_id == "a") == bool(lists)
    assert asked.switch("a", "another").status == 200
