"""The dashboard moves as the mock does: polls, time, changes made elsewhere, a line that breaks."""

import json
import re

import requests
from helpers.sequence_client import SequenceClient

from mock_p1.scenario.problems import Problem


def part(dashboard, job, segment):
    """Return how far a step of a job is filled, from 0 to 1."""
    row = dashboard.page.locator(f"{dashboard.job(job)} .segment >> nth={segment} >> .fill")
    return row.evaluate("fill => new DOMMatrix(getComputedStyle(fill).transform).a")


def settled(dashboard, job, segment, wanted):
    """Wait until a step of a job is filled so far."""
    script = """([job, segment, wanted]) => {
      const rows = [...document.querySelectorAll('.job')];
      const row = rows.find((row) => row.querySelector('.id').textContent === job);
      const fill = row?.querySelectorAll('.fill')[segment];
      return fill && Math.abs(new DOMMatrix(getComputedStyle(fill).transform).a - wanted) < 0.02;
    }"""
    dashboard.until(script, [job, segment, wanted])


def test_a_poll_shows_with_outcome_time_and_interval(dashboard):
    """The newest first; the job it polled moves."""
    dashboard.poll("retrain-001")
    dashboard.source.pass_(5)
    dashboard.poll("retrain-001")
    dashboard.shows(".poll >> nth=1")
    newest = dashboard.page.locator(".poll").first
    assert newest.locator("b").inner_text() == "job_waiting"
    assert newest.locator(".after").inner_text() == "+5.0s"
    assert newest.locator("time").inner_text() == "0:00:05.0"
    assert "de… · 200" in newest.inner_text()
    dashboard.shows(f"{dashboard.job('retrain-001')} .state", re.compile("job_running.*left"))


def test_an_interval_of_a_few_milliseconds_is_not_shown_as_nothing(dashboard):
    """Of one that is none, it is."""
    for span in (0, 0, 0.0204):
        dashboard.source.pass_(span)
        dashboard.poll("retrain-001")
    dashboard.shows(".poll >> nth=2")
    assert dashboard.page.locator(".poll .after").all_inner_texts()[:2] == ["+21ms", "+0.0s"]


def test_poll_steps_fill_poll_by_poll(dashboard):
    """And each poll leaves a dot where it saw the job."""
    dashboard.poll("slow-42", times=2)
    settled(dashboard, "slow-42", 0, 0.4)
    dots = dashboard.page.locator(f"{dashboard.job('slow-42')} .segment >> nth=0 >> .dots i")
    dashboard.until("() => document.querySelectorAll('.dots i').length === 2")
    assert [dot.get_attribute("style") for dot in dots.all()] == ["left: 10%;", "left: 30%;"]


def test_timed_steps_fill_as_time_passes(dashboard):
    """Without another poll: the page knows the mock's clock."""
    dashboard.poll("goes-round")
    dashboard.api("POST", "clock", {"freeze": True})
    dashboard.api("POST", "clock", {"advance": 4})
    settled(dashboard, "goes-round", 0, 0.4)
    dashboard.shows(f"{dashboard.job('goes-round')} .state", "6.0s left")
    dashboard.api("POST", "clock", {"advance": 9})
    settled(dashboard, "goes-round", 1, 0.2)
    dashboard.api("POST", "clock", {"advance": 292})
    settled(dashboard, "goes-round", 2, 0)
    settled(dashboard, "goes-round", 0, 0.5)


def test_the_page_runs_at_the_clocks_speed(dashboard):
    """A minute a second looks like one."""
    dashboard.poll("slow-42", times=5)
    dashboard.api("POST", "clock", {"speed": 3600})
    dashboard.until("() => /^[1-9]/.test(document.getElementById('now').textContent)")
    assert part(dashboard, "slow-42", 1) > 0.3


def test_what_others_change_shows(dashboard):
    """A test, a script, another page."""
    dashboard.api("PUT", "jobs/retrain-001", {"status": "job_finished"})
    dashboard.shows(f"{dashboard.job('retrain-001')} .state", "job_finished")
    dashboard.api("POST", "next", {"fault": "timeout", "job": "slow-42", "times": 3})
    dashboard.shows("#queue", "timeout \u00d7 3, slow-42")
    dashboard.api("POST", "clock", {"speed": 60})
    dashboard.shows("#pace", "60\u00d7 as fast")
    dashboard.api("PUT", "scenario", {"name": "stuck"})
    dashboard.shows("#scenario-name", "stuck.yaml")
    dashboard.api("DELETE", "next")
    dashboard.hides("#queue")


def test_a_job_that_only_a_pattern_knows_shows_once_it_is_polled(dashboard):
    """Behind those of the file."""
    dashboard.poll("any-thing")
    dashboard.shows(".job:last-child .id", "any-thing")
    dashboard.until("() => document.querySelectorAll('.job:last-child .dots i').length === 1")


def test_a_request_that_is_not_imitated_shows_with_what_came_nearest(dashboard):
    """Marked, with its verb and path."""
    requests.get(f"{dashboard.server.url}/v1/external/retrain_job/x", timeout=10)
    dashboard.shows(".poll.odd", "GET /v1/external/retrain_job/x")
    dashboard.shows(".poll.odd .note", "did you mean")


def test_each_key_of_a_job_shows(dashboard):
    """In its details, masked."""
    dashboard.page.click(f"{dashboard.job('retrain-001')} .id")
    dashboard.poll("retrain-001")
    dashboard.shows(".keys li", "Key de…: step 1, job_waiting, polled once")


TWO_KEYS = """
api_keys: {demo-key-one: active, demo-key-two: active}
jobs: {shared: {timeline: [{status: job_running}]}}
"""


def test_keys_that_are_masked_alike_are_told_apart(opened):
    """By what the journal calls them: in a job's details, and beside its polls."""
    dashboard = opened(TWO_KEYS)
    dashboard.page.click(f"{dashboard.job('shared')} .id")
    dashboard.poll("shared", key="demo-key-one")
    dashboard.shows(".keys li", "Key demo…: step 1")
    dashboard.hides(".polls .caller")
    dashboard.poll("shared", key="demo-key-two")
    tracks = dashboard.api("GET", "jobs/shared")["tracks"]
    callers = {track["caller"] for track in tracks}
    assert len(callers) == 2
    for caller in callers:
        dashboard.shows(f".keys li:has-text('{caller}')", f"Key demo… ({caller})")
        dashboard.shows(f".polls .caller:has-text('{caller}')")


def send_file(dashboard):
    """Create a job with a file of its own; return its id, and where the file was sent."""
    url = f"{dashboard.server.url}/v1/external/retrain_jobs/upload_url"
    headers, query = {"x-api-key": "demo-key"}, {"filename": "train.csv"}
    made = requests.get(url, query, headers=headers, timeout=10).json()
    requests.put(made["upload_url"], data=b"a,b\n1,2\n", timeout=10)
    dashboard.poll(made["retrain_job_id"])
    return made["retrain_job_id"], made["upload_url"]


def test_a_file_that_came_is_offered_by_its_name(dashboard):
    """In the details of its job; what the browser keeps is what was sent."""
    job, _ = send_file(dashboard)
    dashboard.page.click(f"{dashboard.job(job)} .id")
    dashboard.shows(".files button", "Download train.csv")
    with dashboard.page.expect_download() as download:
        dashboard.page.click(".files button")
    assert download.value.suggested_filename == "train.csv"
    assert download.value.path().read_bytes() == b"a,b\n1,2\n"


def test_the_last_file_is_offered(dashboard):
    """Also where it has the name and the size of the one before."""
    job, url = send_file(dashboard)
    dashboard.page.click(f"{dashboard.job(job)} .id")
    dashboard.shows(".files button", "Download train.csv")
    with dashboard.page.expect_response("**/uploads?job=*"):
        requests.put(url, data=b"c,d\n3,4\n", timeout=10)
    number = dashboard.api("GET", f"jobs/{job}")["tracks"][0]["file"]["upload"]
    dashboard.until("(n) => document.querySelector(`[data-file='${n}']`)", number)
    with dashboard.page.expect_download() as download:
        dashboard.page.click(".files button")
    assert download.value.path().read_bytes() == b"c,d\n3,4\n"


def test_a_file_that_could_not_be_asked_for_is_asked_for_again(dashboard):
    """With the next news of its job."""
    job, _ = send_file(dashboard)
    dashboard.page.route("**/uploads?job=*", lambda route: route.abort(), times=1)
    with dashboard.page.expect_event("requestfailed"):
        dashboard.page.click(f"{dashboard.job(job)} .id")
    dashboard.poll(job)
    dashboard.shows(".files button", "Download train.csv")


def test_notes_are_in_japanese_on_a_japanese_page(opened):
    """With what stands in them."""
    dashboard = opened(path="/__admin/?lang=ja")
    dashboard.shows(".job")
    dashboard.poll("retrain-001?colour=blue")
    dashboard.shows(".poll .note", "クエリがありますが、API の仕様にはありません")
    url = f"{dashboard.server.url}/v1/external/api-key"
    query = {"credential_type": "other", "model_id": "one"}
    requests.get(url, query, headers={"x-api-key": "k"}, timeout=10)
    dashboard.shows(".poll .note >> nth=0", "credential_type が 'other' です")
    dashboard.shows(".poll .note >> nth=1", "model_id が 'one' です")


def test_faults_and_literal_answers_show_as_what_they_are(dashboard):
    """In colours of their own."""
    row = dashboard.job("flaky-7")
    dashboard.shows(row)
    moods = [
        segment.get_attribute("data-mood")
        for segment in dashboard.page.locator(f"{row} .segment").all()
    ]
    assert moods == ["run", "fault", "fault", "done"]


def test_jobs_are_found_by_their_id(dashboard):
    """By a part of it, whatever the case."""
    dashboard.page.fill("#find", "SLOW")
    dashboard.until(
        "() => [...document.querySelectorAll('.id')].map(b => b.textContent).join() === 'slow-42'"
    )
    dashboard.page.fill("#find", "nothing like it")
    dashboard.shows("#jobs-more", "No job has that in its id.")
    dashboard.page.fill("#find", "")
    dashboard.shows(dashboard.job("retrain-001"))


def test_a_mock_that_was_started_again_is_found_again(dashboard, again):
    """The page says that the line is down, and shows what the new one plays once it is up."""
    dashboard.poll("retrain-001")
    dashboard.shows(".poll")
    with again(dashboard, "jobs: {new: {timeline: [{status: job_running}]}}"):
        dashboard.shows("#connection[data-state=up]")
        dashboard.shows(dashboard.job("new"))
        dashboard.hides(".poll")


def test_a_scenario_without_jobs_says_how_one_shows(opened):
    """A pattern alone is no job yet."""
    dashboard = opened('jobs: {"*": {timeline: [{status: job_running}]}}')
    dashboard.shows("#jobs-more", "One shows here as soon as it is polled.")
    dashboard.poll("first")
    dashboard.shows(dashboard.job("first"))
    dashboard.hides("#jobs-more")


def test_polls_made_before_the_page_was_opened_show(opened):
    """With their dots on the timelines."""
    dashboard = opened()
    dashboard.shows(".job")
    dashboard.poll("retrain-001", times=2)
    dashboard.page.reload()
    dashboard.shows(".poll >> nth=1")
    dashboard.until("() => document.querySelectorAll('.dots i').length === 2")


def test_a_timeline_of_many_steps_shows_those_around_the_present(opened):
    """And how many there are before and after."""
    steps = ", ".join(f"{{status: s{number}, for: 1 poll}}" for number in range(100))
    dashboard = opened(f"jobs: {{long: {{timeline: [{steps}]}}}}")
    dashboard.shows(".segment", "s0")
    assert dashboard.page.locator(".segment").count() == 24
    dashboard.api("PUT", "jobs/long", {"step": 50})
    dashboard.poll("long")
    dashboard.shows(".segment.current", "s50")
    dashboard.page.reload()  # an update that was on its way may show where the job was before
    dashboard.until(
        "() => document.querySelector('.track')?.dataset.before === '+46'"
    )  # the poll moved it on to s51
    dashboard.until("() => document.querySelector('.track')?.dataset.after === '+30'")


def test_a_watched_file_that_is_broken_is_told_until_it_is_mended(dashboard):
    """With file, line and column; also on a page that is opened later."""
    problem = Problem(
        "morning.yaml", 14, 7, "unknown fault 'conection_reset'; did you mean connection_reset?"
    )
    dashboard.server.context.tell_problems((problem,))
    for _ in range(2):
        dashboard.shows("#broken", "morning.yaml:14:7: unknown fault 'conection_reset'")
        dashboard.shows(dashboard.job("retrain-001"))
        dashboard.page.reload()
    dashboard.server.context.tell_problems(())
    dashboard.hides("#broken")


def test_a_queued_failure_is_counted_down_as_it_is_used(dashboard):
    """And gone with the last."""
    dashboard.api(
        "POST", "next", {"error": "job_may_be_deleted", "times": 2, "api_key": "demo-key"}
    )
    dashboard.shows("#queue", "job_may_be_deleted \u00d7 2, any job, de…")
    dashboard.poll("retrain-001")
    dashboard.shows("#queue", "job_may_be_deleted \u00d7 1")
    dashboard.poll("retrain-001")
    dashboard.hides("#queue")


def dots(dashboard, job):
    """Return the colour and the place of each dot of a job."""
    marks = dashboard.page.locator(f"{dashboard.job(job)} .dots i")
    return marks.evaluate_all("all => all.map((dot) => [dot.dataset.mood, dot.style.left])")


def test_a_queued_failure_leaves_a_dot_where_the_job_is(dashboard):
    """In its own colour, and it is counted; also on a page that is opened later."""
    row = dashboard.job("slow-42")
    dashboard.poll("slow-42")
    dashboard.api("POST", "next", {"fault": "connection_reset"})
    dashboard.poll("slow-42")
    dashboard.api("POST", "next", {"error": "job_may_be_deleted"})
    dashboard.poll("slow-42")
    for _ in range(2):
        dashboard.until("() => document.querySelectorAll('.dots i').length === 3")
        assert dots(dashboard, "slow-42") == [["wait", "10%"], ["fault", "20%"], ["fail", "20%"]]
        dashboard.page.click(f"{row} .id")
        dashboard.shows(".keys li", "job_waiting, polled 3 times")
        dashboard.page.reload()


def test_a_job_of_which_only_a_queued_failure_was_seen_shows_it(dashboard):
    """At the step where it would begin."""
    dashboard.api("POST", "next", {"error": "job_may_be_deleted"})
    dashboard.poll("slow-42")
    dashboard.shows(f"{dashboard.job('slow-42')} .state", "only queued failures so far")
    assert dots(dashboard, "slow-42") == [["fail", "2%"]]


def test_a_job_of_two_keys_shows_the_one_that_polled_last(opened):
    """Its place, its dots and its line for the shell; and how many keys there are."""
    steps = "[{status: job_waiting, for: 5 polls}, {status: job_finished}]"
    dashboard = opened(
        f"api_keys: {{one-key: active, two-key: active}}\njobs: {{both: {{timeline: {steps}}}}}"
    )
    row = dashboard.job("both")
    dashboard.page.click(f"{row} .id")
    dashboard.poll("both", key="one-key", times=3)
    dashboard.until("() => document.querySelectorAll('.dots i').length === 3")
    dashboard.hides(f"{row} .several")
    dashboard.source.pass_(1)
    dashboard.poll("both", key="two-key")
    dashboard.shows(f"{row} .several", "2 keys")
    dashboard.shows(f"{row} .curl code", "x-api-key: tw")
    dashboard.until("() => document.querySelectorAll('.dots i').length === 1")
    dashboard.source.pass_(1)
    dashboard.poll("both", key="one-key")
    dashboard.until("() => document.querySelectorAll('.dots i').length === 4")
    dashboard.shows(f"{row} .curl code", "x-api-key: on")


def test_once_the_mock_is_back_nothing_is_left_of_that_it_was_away(dashboard, again):
    """Neither the banner, nor what was said meanwhile."""
    dashboard.page.route("**/__admin/clock", lambda route: route.abort(), times=1)
    dashboard.page.click("#freeze")
    dashboard.shows("#notice.bad", "The mock does not answer.")
    with again(dashboard, "jobs: {new: {timeline: [{status: job_running}]}}"):
        dashboard.shows("#connection[data-state=up]")
        dashboard.hides("#lost")
        dashboard.hides("#notice")


AFTER_FRAMES = """new Promise((done) => {
  let frames = 0;
  const next = () => (frames += 1) < 30 ? requestAnimationFrame(next)
    : done(document.getElementById('now').textContent);
  next();
})"""
"""What the clock of the page shows, when it has been drawn a few times more."""


def test_a_mock_that_is_gone_is_missed(dashboard):
    """The clock stands still and says so; a click says that nobody answers."""
    dashboard.api("POST", "clock", {"speed": 3600})
    dashboard.shows("#pace", "as fast")
    dashboard.stop()
    dashboard.shows("#lost", "No connection to the mock")
    dashboard.shows("#pace", "stands still here")
    dashboard.page.click("#freeze")
    dashboard.shows("#notice.bad", "The mock does not answer.")
    shown = [dashboard.page.evaluate(AFTER_FRAMES) for _ in range(2)]
    assert shown[0] == shown[1]


def test_the_dots_of_the_scenario_before_vanish_with_it(dashboard):
    """Also where a job is called the same."""
    dashboard.poll("retrain-001", times=2)
    dashboard.until("() => document.querySelectorAll('.dots i').length === 2")
    dashboard.api("PUT", "scenario", {"name": "demo"})
    dashboard.shows("#scenario-name", "demo.yaml")
    dashboard.shows(f"{dashboard.job('retrain-001')} .segment")
    dashboard.until("() => document.querySelectorAll('.dots i').length === 0")
    dashboard.page.reload()
    dashboard.shows(f"{dashboard.job('retrain-001')} .segment")
    dashboard.shows(".poll >> nth=1")
    dashboard.until("() => document.querySelectorAll('.dots i').length === 0")


SEQUENCE = """
new_jobs:
  ids: [new-1]
  timeline: [{status: job_waiting, for: upload}, {status: job_finished, result: generated}]
jobs: {old: {timeline: [{status: job_running}]}}
"""


def test_a_job_created_by_upload_shows_what_came_and_what_was_done_with_it(opened):
    """It appears and waits for its file; then come name, size, downloads and the switch."""
    dashboard = opened(SEQUENCE)
    dashboard.shows(dashboard.job("old"))
    client = SequenceClient(dashboard.server.url, "a-secret")
    client.fetch_key()
    job, url = client.ask_for_upload("train.csv")
    row = dashboard.job(job)
    dashboard.shows(f"{row} .state", "waits for its file")
    dashboard.shows(f"{row} .facts", "train.csv")
    client.upload(url, b"a,b\n" * 300)
    dashboard.shows(f"{row} .facts", "train.csv \u00b7 1,200 bytes")
    client.download(client.wait(job)["download_url"])
    dashboard.shows(f"{row} .state", "job_finished")
    client.switch(job)
    dashboard.shows(f"{row} .facts", "downloaded \u00d7 1 \u00b7 model switched")
    rows = dashboard.page.locator(".poll b").all_text_contents()
    assert rows == [
        "model_switched",
        "result_sent",
        "job_finished",
        "file_taken",
        "job_issued",
        "key_issued",
    ]
    dashboard.shows(".poll:first-child", f"{job}retrain_model_switch")
    dashboard.api("POST", "reset")
    dashboard.hides(row)


def told(**events):
    """Return a stream that tells these events, each as many times as its list is long."""
    blocks = [
        f"event: {kind}\ndata: {json.dumps(data)}\n\n"
        for kind, many in events.items()
        for data in many
    ]
    return {"content_type": "text/event-stream", "body": "".join(blocks)}


def test_a_page_that_cannot_keep_up_asks_for_the_jobs_now_and_then(dashboard):
    """Not every time that it is told how much it missed.

    Asking, it would miss as much again, and never catch up.
    """
    clock = {"seconds": 1, "speed": 1, "frozen": False, "kind": "real"}
    hello = {"clock": clock, "scenario": {"problems": []}, "resumed": False}
    missed = [{"requests": 1000, "changes": 0}] * 40
    stream = told(hello=[hello], missed=missed, clock=[{**clock, "frozen": True}])
    dashboard.page.route("**/__admin/events", lambda route: route.fulfill(**stream))
    dashboard.asked.clear()
    dashboard.page.reload()
    dashboard.shows("#freeze[aria-pressed=true]")
    assert 0 < len([url for url in dashboard.asked if "jobs?limit" in url]) < 10
    dashboard.shows("#polls-count", "40000")


def test_what_was_done_to_the_clock_shows_though_no_event_comes(dashboard):
    """The answer says it; a stream that lags behind need not."""
    dashboard.page.route("**/__admin/events", lambda route: route.abort())
    dashboard.page.reload()
    dashboard.page.click("#freeze")
    dashboard.shows("#freeze[aria-pressed=true]")
