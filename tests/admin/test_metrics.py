"""``/__admin/metrics``: the figures, in a text that Prometheus reads."""

import subprocess
import sys

import pytest
from helpers.admin_client import Controls
from prometheus_client.parser import text_string_to_metric_families

from mock_p1.admin import metrics
from mock_p1.scenario.parser import parse


def samples(controls, name):
    """Return the samples of a name: label values -> value."""
    reply = controls.call("GET", "/metrics")
    assert reply.status_code == 200
    assert reply.content_type == "text/plain; version=0.0.4; charset=utf-8"
    families = text_string_to_metric_families(reply.get_data(as_text=True))
    return {
        tuple(sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
        if sample.name == name
    }


def of_statuses(count):
    """Return a scenario whose one job shows so many statuses, one a poll."""
    steps = ", ".join(f"{{status: s{number:03}, for: 1 poll}}" for number in range(count))
    return parse(f"jobs: {{a: {{timeline: [{steps}, {{status: last}}]}}}}", "many.yaml")


@pytest.mark.slow
def test_polls_are_counted_by_what_they_saw(controls):
    """Statuses, errors, faults and literal answers."""
    for job in ("slow", "slow", "slow", "odd", "odd", "odd", "nothing"):
        controls.poll(job)
    assert samples(controls, "mock_p1_polls_total") == {
        ("status", "job_waiting"): 2,
        ("status", "job_running"): 1,
        ("fault", "connection_reset"): 1,
        ("reply", "HTTP 503"): 1,
        ("error", "job_may_be_deleted"): 1,
        ("error", "not_found_retrain_job"): 1,
    }


def test_there_is_no_store_to_tell_of(controls):
    """Where the state is this mock's alone."""
    assert "mock_p1_store_up" not in controls.call("GET", "/metrics").text


def test_what_is_no_poll_is_counted_apart(controls):
    """By its operation; calls to the controls are not counted."""
    controls.poll("slow")
    controls.client.get("/v2/nothing")
    controls.get("/jobs")
    assert samples(controls, "mock_p1_requests_total") == {
        ("retrain_status_check",): 1,
        ("not_imitated",): 1,
    }


def test_what_was_asked_before_the_first_scrape_is_counted(scenario):
    """Whatever the journal has dropped by then."""
    controls = Controls(scenario, journal_max=2)
    for _ in range(3):
        controls.poll("private", "other-key")
    assert samples(controls, "mock_p1_polls_total") == {("status", "job_running"): 3}


def test_counts_outlive_the_journal_and_a_reset(scenario):
    """They only grow as Prometheus wants them to."""
    controls = Controls(scenario, journal_max=1)
    controls.call("GET", "/metrics")
    for _ in range(3):
        controls.poll("private", "other-key")
    controls.do("POST", "/reset")
    controls.poll("private", "other-key")
    assert samples(controls, "mock_p1_polls_total") == {("status", "job_running"): 4}


def test_jobs_are_counted_by_their_status_of_this_moment(controls):
    """Once for each key; time that has passed is seen without a poll."""
    for key in ("demo-key", "other-key"):
        for _ in range(2):
            controls.poll("slow", key)
    controls.poll("held")
    assert samples(controls, "mock_p1_jobs") == {("job_running",): 2, ("job_waiting",): 1}
    controls.pass_time(90)
    assert samples(controls, "mock_p1_jobs") == {("job_finished",): 2, ("job_waiting",): 1}


def test_jobs_that_nobody_polled_are_counted(controls):
    """Of those that the scenario names or generates.

    One that only a pattern knows does not exist before.
    """
    everything = controls.get("/scenario")["jobs"]
    assert samples(controls, "mock_p1_jobs_unpolled") == {(): everything}
    for job in ("slow", "load-1", "any-1", "any-2"):
        controls.poll(job)
    assert samples(controls, "mock_p1_jobs_unpolled") == {(): everything - 2}


def test_many_jobs_are_counted_a_few_at_a_time(controls, monkeypatch):
    """Polls get their turn in between; nothing is counted twice."""
    monkeypatch.setattr(metrics, "JOBS_AT_ONCE", 2)
    for number in range(5):
        controls.poll(f"any-{number}")
    assert samples(controls, "mock_p1_jobs") == {("job_running",): 5}


def test_limits_that_were_reached_are_counted(controls, monkeypatch):
    """By their names; here jobs that only a pattern knows, beyond what is remembered."""
    monkeypatch.setattr(controls.engine.job_states, "maximum", 2)
    controls.engine.job_states.make_room(0)
    for number in range(5):
        controls.poll(f"any-{number}")
    assert samples(controls, "mock_p1_limits_reached") == {("jobs",): 3}


def test_the_labels_are_bounded():
    """The first hundred outcomes have a series each; all others share one, and nothing is lost."""
    controls = Controls(of_statuses(150))
    for _ in range(150):
        controls.poll("a")
    found = samples(controls, "mock_p1_polls_total")
    assert len(found) == metrics.MAX_LABELS + 1
    assert found["other", "other"] == 50
    assert set(found.values()) == {1, 50}


def test_the_labels_of_jobs_are_bounded(monkeypatch):
    """The most frequent have a series each."""
    monkeypatch.setattr(metrics, "MAX_LABELS", 1)
    controls = Controls(
        parse("jobs: {a: {timeline: [{status: x}]}, 'y*': {timeline: [{status: y}]}}")
    )
    for job in ("a", "y1", "y2"):
        controls.poll(job)
    assert samples(controls, "mock_p1_jobs") == {("y",): 2, ("other",): 1}


@pytest.mark.parametrize("status", ['"', "\\", "a\nb", "}", "日本", "x" * 5000, "#", " "])
def test_odd_statuses_are_read_as_they_are(status):
    """Whatever is in them ends in one label, very long ones cut."""
    text = (
        repr(status)
        if "\n" not in status and "\\" not in status
        else f'"{status.encode("unicode_escape").decode()}"'
    )
    controls = Controls(parse(f"jobs: {{a: {{timeline: [{{status: {text}}}]}}}}"))
    controls.poll("a")
    ((_, outcome),) = samples(controls, "mock_p1_polls_total")
    assert outcome == (status if len(status) < 100 else "x" * 119 + "…")


def test_it_needs_the_token(locked):
    """As all that tells what is going on."""
    assert locked.call("GET", "/metrics").status_code == 401
    assert (
        locked.call("GET", "/metrics", headers={"Authorization": "Bearer open-sesame"}).status_code
        == 200
    )


def test_no_key_is_in_it(controls):
    """Neither whole nor masked."""
    controls.poll("slow", "demo-key")
    controls.poll("slow", "unknown-secret-key")
    text = controls.call("GET", "/metrics").get_data(as_text=True)
    assert not [shown for shown in ("demo", "secret", "unkn", "de…") if shown in text]


def test_two_mocks_count_apart(scenario):
    """Each has a registry of its own."""
    one, other = Controls(scenario), Controls(scenario)
    one.poll("slow")
    assert samples(one, "mock_p1_polls_total") == {("status", "job_waiting"): 1}
    assert samples(other, "mock_p1_polls_total") == {}


@pytest.mark.slow
def test_it_costs_nothing_before_somebody_asks():
    """An app with controls does not import prometheus-client."""
    code = "import sys, mock_p1 as m; m.create_app(); sys.exit('prometheus_client' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_the_extra_the_answer_says_how_to_install_it(controls, monkeypatch):
    """In JSON, as all that the control API does not do."""
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    refusal = controls.refused(501, "GET", "/metrics")
    assert refusal["error"] == "MOCK_P1_EXTRA_MISSING"
    assert "pip install 'mock-p1[metrics]'" in refusal["remedy"]


def test_nothing_listens_to_the_journal_before_somebody_asks(controls):
    """A poll costs what it costs without metrics."""
    before = controls.engine.journal.keep
    controls.poll("slow")
    assert controls.engine.journal.keep is before
    controls.call("GET", "/metrics")
    assert controls.engine.journal.keep is not before
