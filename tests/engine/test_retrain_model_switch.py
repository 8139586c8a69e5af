"""Retrain Model Switch: from a finished job only."""

import json

import pytest

SWITCHED = {"metadata": {"retrain_job_id": "a"}}
NOT_FINISHED = "Retrain job is not finished."


def told(reply):
    """Return the message of an error, or the whole body."""
    body = json.loads(reply.body)
    return body.get("message", body)


def test_a_finished_job_can_be_switched_to(mock):
    """The reply has the id and nothing else; a poll before it is not needed."""
    assert told(mock("jobs: {a: {timeline: [{status: job_finished}]}}").switch()) == SWITCHED


def test_not_before_the_job_is_finished(mock):
    """By the job's own time; asking uses up none of its timeline."""
    asked = mock("jobs: {a: {timeline: [{status: job_running, for: 90s}, {status: job_finished}]}}")
    assert told(asked.switch()) == NOT_FINISHED
    asked.poll()
    asked.wait(89)
    assert told(asked.switch()) == NOT_FINISHED
    asked.wait(1)
    assert told(asked.switch()) == SWITCHED


BETWEEN = "jobs: {{a: {{timeline: [{{{}, for: 1 poll}}, {{{}, for: 1 poll}}, {{status: s}}]}}}}"


@pytest.mark.parametrize("spoilt", ["fault: timeout", "reply: {status_code: 503}"])
@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("status: job_finished", SWITCHED),
        ("status: job_running", NOT_FINISHED),
        ("error: not_found_retrain_job", "Not found retrain job."),
    ],
)
def test_an_answer_that_is_spoilt_changes_nothing_of_the_job(mock, before, spoilt, expected):
    """The last status, or error, before it counts: also for a client that stops polling there."""
    asked = mock(BETWEEN.format(before, spoilt))
    asked.poll()
    assert told(asked.switch()) == expected
    asked.poll()
    assert told(asked.switch()) == NOT_FINISHED


def test_switching_begins_no_time(mock):
    """That is what polls do."""
    asked = mock("jobs: {a: {timeline: [{status: job_running, for: 90s}, {status: job_finished}]}}")
    asked.switch()
    asked.wait(1000)
    assert asked.sees() == "job_running"


@pytest.mark.parametrize(
    ("job", "expected"),
    [
        ("{timeline: [{status: job_failed}]}", NOT_FINISHED),
        ("{timeline: [{status: odd_one}]}", NOT_FINISHED),
        ("{timeline: [{fault: timeout}]}", NOT_FINISHED),
        ("{timeline: [{reply: {status_code: 503}}]}", NOT_FINISHED),
        ("{error: not_found_retrain_job}", "Not found retrain job."),
        ("{error: inactive_credential}", "Inactive_credential."),
        ("{error: job_may_be_deleted}", "Not found retrain job."),
    ],
)
def test_what_the_jobs_state_says(mock, job, expected):
    """The error job_may_be_deleted is not one of this call; the journal says so."""
    asked = mock(f"jobs: {{a: {job}}}")
    assert told(asked.switch()) == expected


@pytest.mark.parametrize("job", ["nothing", "{retrain_job_id}"])
def test_an_unknown_job(mock, job):
    """Is no job."""
    assert (
        told(mock("jobs: {a: {timeline: [{status: s}]}}").switch(job)) == "Not found retrain job."
    )


def test_a_second_switch_is_taken(mock):
    """Unless a scenario assumes an error."""
    text = "jobs: {a: {timeline: [{status: job_finished}]}}"
    asked = mock(text)
    assert [told(asked.switch()) for _ in range(2)] == [SWITCHED] * 2
    strict = mock(text + "\nassumptions: {second_switch: not_found_classifier}")
    assert [told(strict.switch()) for _ in range(2)] == [SWITCHED, "Not found classifier."]


def test_a_failed_job_may_be_switched_to_as_assumed(mock):
    """By default it is not finished."""
    text = "jobs: {a: {timeline: [{status: job_failed}]}}"
    assert told(mock(text + "\nassumptions: {switch_of_failed_job: accept}").switch()) == SWITCHED
    other = mock(text + "\nassumptions: {switch_of_failed_job: not_found_classifier}")
    assert told(other.switch()) == "Not found classifier."


def test_a_body_is_noted(mock):
    """The API documents none."""
    asked = mock("jobs: {a: {timeline: [{status: job_finished}]}}")
    assert asked.switch(has_body=True).status == 200
    assert asked.entries[0].notes == ("has a body; the API documents none",)
