"""The mock itself is recorded: what is written plays the same, for every bundled scenario."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mock_p1 import load_scenario, mocked
from mock_p1.analysis.lint import lint_warnings
from mock_p1.recording.job_recorder import JobRecorder, RecordedJobCall
from mock_p1.recording.pseudonyms import Pseudonyms
from mock_p1.recording.scenario_text import scenario_of, scenario_text
from mock_p1.scenario.files import bundled
from mock_p1.verify.client import HttpClient
from mock_p1.verify.exceptions import UsageError
from mock_p1.verify.pace import Pace

CANNOT_BE_KNOWN = {
    "all-errors": "its first poll is refused for the key, which ends a recording at once",
}
"""The bundled scenarios that polling a job cannot record, and why."""

IN_PART = {
    "finished-without-result": "its second job's link comes two polls after job_finished, "
    "where a recording has ended",
    "flaky-network": "a slow body is an answer that took long; malformed JSON is what came",
    "key-ends-before-switch": "the life of a key, the upload and the switch: see --proxy",
    "classifier-deleted": "the switch: see --proxy",
    "no-configuration-once": "the call for an upload URL: see --proxy",
    "switch-too-early": "the switch: see --proxy",
    "upload-breaks-off": "the upload: see --proxy",
    "whole-sequence": "the upload and the switch: see --proxy",
    "many-jobs": "one of its 1,100 jobs",
}
"""Those of which a poller sees a part, and what it does not see."""

PACES = {"slow-training": 60.0}
"""Seconds from poll to poll, where it is not five."""


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(bundled().keys() - CANNOT_BE_KNOWN.keys()))
def test_a_recording_plays_the_same(recorder, name):
    """The same states in the same order; each seen first and last within one interval."""
    recorder.every = PACES.get(name, recorder.every)
    recorded = recorder(name)
    again = recorder(recorded.text, recorded.job.job_id)

    first, second = recorder.shown(recorded.job), recorder.shown(again.job)
    assert [seen for seen, *_ in second] == [seen for seen, *_ in first]
    for (_, *before), (_, *after) in zip(first, second, strict=True):
        assert after == pytest.approx(before, abs=recorder.every)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(bundled().keys() - CANNOT_BE_KNOWN.keys()))
def test_it_passes_the_check(recorder, name):
    """No problem, and no lint warning that the scenario itself would not deserve."""
    recorder.every = PACES.get(name, recorder.every)
    scenario = load_scenario(recorder(name).text)

    meant = [warning.text for warning in lint_warnings(load_scenario(name))]
    assert all(
        "never shows job_finished" in w.text or w.text in meant for w in lint_warnings(scenario)
    )


@pytest.mark.parametrize("name", CANNOT_BE_KNOWN)
def test_what_cannot_be_known_says_so(recorder, name):
    """It stops at the first poll, rather than poll for hours."""
    with pytest.raises(UsageError, match="nothing more was asked"):
        recorder(name)


def test_what_is_seen_in_part_is_bundled():
    """The lists of this file speak of what is there."""
    assert {*CANNOT_BE_KNOWN, *IN_PART} <= bundled().keys()


TRAINING = {
    "jobs": {
        "r-1": {
            "timeline": [
                {"status": "job_waiting", "for": "100s"},
                {"status": "job_running", "for": "10m"},
                {"status": "job_finished", "model_id": 7, "result": {"rows": 5}},
            ]
        }
    }
}


def test_a_poll_is_one_request(recorder):
    """Beside one GET of the result, the service is asked once a poll."""
    recorder.polls = 200
    recorded = recorder(TRAINING)

    polls = [entry for entry in recorded.requests if "retrain_jobs" in entry.path]
    assert len(polls) == len(recorded.job.polls) == 141
    assert len(recorded.requests) == 142


@pytest.mark.slow
@pytest.mark.parametrize("every", [4.0, 7.0, 30.0, 99.0])
def test_any_pace_meets_the_same_again(recorder, every):
    """Whatever the interval, the same polls see the same."""
    recorder.every, recorder.polls = every, 200
    recorded = recorder(TRAINING)
    again = recorder(recorded.text)

    assert recorder.shown(again.job) == recorder.shown(recorded.job)


def test_another_pace_meets_times_within_the_interval(recorder):
    """A client that polls more often sees each step begin within the recording's interval."""
    recorder.every = 60.0
    recorded = recorder(TRAINING)
    recorder.every, recorder.polls = 5.0, 300
    again = recorder(recorded.text)

    begins = [first for _, first, _ in recorder.shown(again.job)]
    assert begins == pytest.approx([0, 100, 700], abs=60)


@pytest.mark.parametrize(("moved", "way"), [(3600, "forward by 1h"), (-90, "back by 1m30s")])
def test_a_clock_that_was_moved_changes_no_time(moved, way):
    """Times count on by a clock that nobody sets; a comment says what happened."""
    with mocked(TRAINING) as mock:
        began = mock.now

        def now():
            return (mock.now - began).total_seconds()

        def wall():
            return mock.now + timedelta(seconds=moved if now() > 200 else 0)

        pace = Pace(limit=3600, now=now, sleep=mock.advance)
        call = RecordedJobCall(mock.url, "some-key", "r-1")
        job = JobRecorder(HttpClient(now=now), call, pace, date=wall).record()
        text = scenario_text(scenario_of(job, mock.url, 30.0), Pseudonyms())

    assert f"the clock of the recording machine went {way}" in text
    assert "{status: job_waiting, for: 1m45s}" in text


def test_a_link_that_failed_each_time_works_in_the_end(recorder):
    """A bad moment of the storage is not played for good."""
    job = load_scenario(recorder("result-fails-once", "keeps-failing").text).jobs["keeps-failing"]

    failed, ok = job.calls["result_download"]
    assert (failed.reply.status_code, failed.for_.polls, ok.ok) == (503, 3, True)


def test_a_reply_with_more_fields_shows_a_status(recorder):
    """It is written to the letter, and ends a recording where it says that the job is finished."""
    more = {"progress": 1.0, "metadata": {"retrain_job_id": "r-1"}}
    replies = [
        {"reply": {"status_code": 200, "body": {"status": status, **more}}, "for": "2m"}
        for status in ("job_running", "job_finished")
    ]
    recorded = recorder({"jobs": {"r-1": {"timeline": replies}}})

    assert (recorded.job.why, len(recorded.job.polls)) == ("it is finished", 25)
    assert load_scenario(recorded.text).jobs["r-1"].steps[1].reply.body["progress"] == 1.0
