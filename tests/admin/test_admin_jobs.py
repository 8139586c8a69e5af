"""``/__admin/jobs``: list, show, move, reset."""

import shlex
from pathlib import PurePosixPath

import pytest
from helpers.admin_client import JOBS, Controls

from mock_p1.admin import job_routes as jobs
from mock_p1.base.proxies import Proxies
from mock_p1.scenario.parser import parse


def test_the_list_has_named_and_generated_jobs_in_the_order_of_the_file(controls):
    """Patterns are no jobs yet; whoever lists sees what can be asked for by name."""
    listed = controls.get("/jobs")
    ids = [
        "slow",
        "held",
        "round",
        "odd",
        "private",
        "load-1",
        "load-2",
        "load-3",
        "load-4",
        "load-5",
    ]
    assert [job["job_id"] for job in listed["jobs"]] == ids
    assert (listed["total"], listed["next"]) == (10, None)


def test_a_job_that_only_a_pattern_knows_is_listed_once_it_was_polled(controls):
    """It comes after those of the file."""
    controls.poll("any-7")
    listed = controls.get("/jobs?offset=10")
    assert [job["job_id"] for job in listed["jobs"]] == ["any-7"]
    assert listed["jobs"][0]["timeline"] == "jobs/any-*"


def test_a_page_says_where_the_next_one_begins(controls):
    """Following `next` from page to page leads through every job once."""
    ids, offset = [], 0
    while offset is not None:
        page = controls.get(f"/jobs?limit=3&offset={offset}")
        ids += [job["job_id"] for job in page["jobs"]]
        offset = page["next"]
    assert len(ids) == len(set(ids)) == 10


def test_jobs_that_share_a_timeline_share_it_in_the_list(controls):
    """The steps stand once, under the name of their place in the scenario."""
    listed = controls.get("/jobs?containing=LOAD-")
    assert listed["total"] == 5
    assert (
        {job["timeline"] for job in listed["jobs"]}
        == {"generated_jobs/0"}
        == set(listed["timelines"])
    )


def test_polled_leaves_only_jobs_that_were_polled(controls):
    """In the order of their first poll."""
    for job in ("load-4", "held", "load-4"):
        controls.poll(job)
    assert [job["job_id"] for job in controls.get("/jobs?polled=true")["jobs"]] == [
        "load-4",
        "held",
    ]


def test_a_million_generated_jobs_are_listed_from_any_place():
    """Without making them all first."""
    many = Controls(
        parse("generated_jobs: [{count: 1000000, prefix: n-, timeline: [{status: job_finished}]}]")
    )
    page = many.get("/jobs?offset=999998&limit=1000")
    assert [job["job_id"] for job in page["jobs"]] == ["n-999999", "n-1000000"]
    assert page["total"] == 1_000_000


def test_a_page_ends_early_where_its_timelines_grow_long(monkeypatch):
    """The answer stays bounded, and `next` goes on from where it ended."""
    monkeypatch.setattr(jobs, "MAX_STEPS", 3)
    steps = "[{status: a, for: 1 poll}, {status: b}]"
    long = Controls(parse(f"jobs: {{one: {{timeline: {steps}}}, two: {{timeline: {steps}}}}}"))
    first = long.get("/jobs")
    assert [job["job_id"] for job in first["jobs"]] == ["one"]
    assert [job["job_id"] for job in long.get(f"/jobs?offset={first['next']}")["jobs"]] == ["two"]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "limit=ten", "offset=-1", "polled=yes", "limit=1&limit=2"]
)
def test_a_query_that_cannot_be_used_is_refused(controls, query):
    """Rather than read as something else."""
    assert controls.refused(400, "GET", f"/jobs?{query}")["error"] in (
        "MOCK_P1_BAD_QUERY",
        "MOCK_P1_BAD_VALUE",
    )


def test_an_unknown_parameter_is_named_with_the_nearest_one(controls):
    """A slip of the keyboard is not ignored."""
    assert "did you mean limit?" in controls.refused(400, "GET", "/jobs?limti=5")["message"]


def test_a_job_shows_its_steps(controls):
    """Each with its kind, what it shows, how long it lasts, and where the scenario says so."""
    shown = controls.get("/jobs/slow")["steps"]
    assert [(step["kind"], step["outcome"], step["for"]) for step in shown] == [
        ("status", "job_waiting", "2 polls"),
        ("status", "job_running", "1m30s"),
        ("status", "job_finished", None),
    ]
    assert [(step["polls"], step["for_seconds"]) for step in shown] == [
        (2, None),
        (None, 90.0),
        (None, None),
    ]
    assert shown[1]["source"] == "jobs.yaml:9"


def test_steps_that_are_no_status_show_what_they_are(controls):
    """Faults, literal answers and errors, with the span a delay is drawn from."""
    shown = controls.get("/jobs/odd")["steps"]
    assert [(step["kind"], step["outcome"]) for step in shown] == [
        ("fault", "connection_reset"),
        ("reply", "HTTP 503"),
        ("error", "job_may_be_deleted"),
    ]
    assert shown[1]["delay_seconds"] == [1.0, 2.0]


def test_a_job_nobody_polled_waits_for_its_first_poll(controls):
    """It has no track, and says so."""
    shown = controls.get("/jobs/slow")
    assert (shown["waits_for"], shown["polls"], shown["tracks"]) == ("the first poll", 0, [])


def test_a_job_shows_where_it_is_and_what_it_waits_for(controls):
    """In time, too: its step is settled at the moment it is looked at."""
    for _ in range(2):
        controls.poll("slow")
    controls.pass_time(30)
    shown = controls.get("/jobs/slow")
    assert (shown["step"], shown["status"], shown["waits_for"], shown["polls"]) == (
        2,
        "job_running",
        "1m",
        2,
    )
    assert shown["tracks"][0]["until_seconds"] == 90.0
    controls.pass_time(60)
    assert controls.get("/jobs/slow")["status"] == "job_finished"


def test_each_key_has_a_track_of_its_own(controls):
    """The one that polled last comes first; alike keys are told apart."""
    controls.poll("slow")
    controls.pass_time(1)
    for _ in range(2):
        controls.poll("slow", "other-key")
    shown = controls.get("/jobs/slow")
    assert [(track["api_key"], track["step"]) for track in shown["tracks"]] == [
        ("ot…", 2),
        ("de…", 1),
    ]
    assert len({track["caller"] for track in shown["tracks"]}) == 2
    assert (shown["step"], shown["keys"]) == (2, 2)


def test_a_job_polled_with_many_keys_shows_those_that_polled_last(controls):
    """And says how many there are."""
    for number in range(30):
        controls.poll("slow", f"ci-{number}")
    shown = controls.get("/jobs/slow")
    assert (shown["keys"], len(shown["tracks"])) == (30, 20)


def test_an_unknown_job_is_refused_with_the_nearest_one(controls):
    """By every call about one job."""
    for method, path in (("GET", ""), ("GET", "/curl"), ("POST", "/step"), ("POST", "/reset")):
        assert "did you mean slow?" in controls.refused(404, method, f"/jobs/slwo{path}")["message"]
    assert controls.refused(404, "PUT", "/jobs/slwo", {"step": 1})["error"] == "MOCK_P1_NO_SUCH_JOB"


def test_step_moves_a_job_to_its_next_step(controls):
    """The answer shows it there, and so does the next poll."""
    controls.poll("held")
    assert controls.do("POST", "/jobs/held/step")["status"] == "job_running"
    assert controls.poll("held").json["status"] == "job_running"


def test_step_beyond_the_end_is_refused(controls):
    """The job stays where it is."""
    controls.do("PUT", "/jobs/slow", {"status": "job_finished"})
    assert controls.refused(409, "POST", "/jobs/slow/step")["error"] == "MOCK_P1_NO_SUCH_STEP"
    assert controls.get("/jobs/slow")["status"] == "job_finished"


def test_a_looping_job_steps_round(controls):
    """Its end is its beginning."""
    for step in (2, 1, 2):
        assert controls.do("POST", "/jobs/round/step")["step"] == step


def test_a_job_is_put_at_a_status(controls):
    """At the first step that shows it."""
    assert controls.do("PUT", "/jobs/slow", {"status": "job_finished"})["step"] == 3
    assert controls.poll("slow").json["model_id"] == 4821


def test_a_job_is_put_at_a_step(controls):
    """Steps are counted from 1, as in the answers."""
    assert controls.do("PUT", "/jobs/slow", {"step": 2})["status"] == "job_running"


@pytest.mark.parametrize("step", [0, 4, -1, 10**40, 1.5, "2", True, None])
def test_a_step_there_is_not_is_refused(controls, step):
    """Whatever is sent in its place; the job stays where it is."""
    controls.refused(400, "PUT", "/jobs/slow", {"step": step})
    assert controls.get("/jobs/slow")["start_step"] == 1


def test_a_status_the_job_never_shows_is_refused(controls):
    """With those that it does."""
    refusal = controls.refused(400, "PUT", "/jobs/slow", {"status": "job_runing"})
    assert "did you mean job_running?" in refusal["message"]


@pytest.mark.parametrize(
    "body", [{}, {"status": "job_running", "step": 2}, {"stat": "job_running"}, {"status": 5}]
)
def test_a_move_says_either_status_or_step(controls, body):
    """Anything else is refused, and changes nothing."""
    controls.refused(400, "PUT", "/jobs/slow", body)
    assert controls.get("/jobs/slow")["step"] == 1


def test_reset_lets_one_job_begin_anew(controls):
    """The others stay where they are."""
    for job in ("slow", "held"):
        controls.do("POST", f"/jobs/{job}/step")
        controls.poll(job)
    assert controls.do("POST", "/jobs/slow/reset")["step"] == 1
    assert controls.get("/jobs/held")["step"] == 2


def test_the_curl_line_shown_has_its_key_masked(controls):
    """What stands on a screen may be photographed."""
    assert (
        controls.get("/jobs/slow")["curl"]
        == f'curl -sS -H "x-api-key: de…" "http://localhost{JOBS}slow"'
    )


def test_the_curl_line_asked_for_is_whole_and_works(controls):
    """Its key sees the job: the job's own, where it has one."""
    for job, key in (("slow", "demo-key"), ("private", "other-key")):
        line = shlex.split(controls.get(f"/jobs/{job}/curl")["curl"])
        assert line == ["curl", "-sS", "-H", f"x-api-key: {key}", f"http://localhost{JOBS}{job}"]


def test_the_curl_line_is_of_the_key_that_polled_last():
    """Where it is one of the scenario's; a key that a client has sent by itself is not told."""
    text = "api_keys: {one: active, two: active, 'team-*': active}\njobs: {a: %s}"
    both = Controls(parse(text % "{timeline: [{status: job_running}]}", "a.yaml"))
    for sent, shown in (("two", "two"), ("one", "one"), ("team-secret", "one")):
        both.pass_time(1)
        both.poll("a", sent)
        assert f"x-api-key: {shown}" in both.get("/jobs/a/curl")["curl"]


def test_the_curl_line_for_a_proxy_trusts_no_authority_of_ours(scenario):
    """The proxy's certificate is another's."""
    public = Controls(scenario, proxies=Proxies("https://mock.test"))
    public.context.authority = PurePosixPath("ca.pem")
    line = shlex.split(public.get("/jobs/slow/curl")["curl"])
    assert line[-1] == f"https://mock.test{JOBS}slow"
    assert "--cacert" not in line


def test_an_id_with_odd_characters_comes_through():
    """Quotes, blanks, markup: in paths, in answers, and quoted for the shell."""
    name = """<b onmouseover="alert('1')">学 習"""
    odd = Controls(
        parse(f"jobs: {{{name!r}: {{timeline: [{{status: job_running}}]}}}}".replace("\\'", "''"))
    )
    (job,) = odd.get("/jobs")["jobs"]
    assert job["job_id"] == name
    path = shlex.split(odd.get(f"/jobs/{job['job_id']}/curl")["curl"])[-1].removeprefix(
        "http://localhost"
    )
    assert (
        odd.client.get(path, headers={"x-api-key": "k"}).json["metadata"]["retrain_job_id"] == name
    )
