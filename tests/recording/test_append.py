"""``record --append``: another job, or what differed when a job was recorded again."""

from __future__ import annotations

import pytest

from mock_p1 import load_scenario
from mock_p1.recording.appending import appended, check_appendable
from mock_p1.recording.pseudonyms import Pseudonyms
from mock_p1.recording.scenario_text import scenario_of
from mock_p1.verify.exceptions import UsageError

FIRST = """\
# mine
jobs:
  r-1:   # the first
    timeline:
      - {status: job_waiting, for: 100s}
      - {status: job_running, for: 5m}
      - {status: job_finished, model_id: 7, result: {rows: 5}}

seed: 7
"""


@pytest.fixture
def added(recorder):
    """Record a job of what is played, and add it to a file; give the file's new text."""

    def added(played, text=FIRST, job_id=None):
        recorder.every, recorder.polls = 30.0, 200
        recorded = recorder(played, job_id)
        whole = scenario_of(recorded.job, "http://h", 30.0)
        return appended(load_scenario(text), whole, recorded.job, Pseudonyms(), 30.0)

    return added


def kept(text):
    """The lines that are no comments of ours."""
    return [line for line in text.splitlines() if not line.lstrip().startswith("# ")]


def test_another_job_is_added(added):
    """Behind the last one, every line before it as it was."""
    text = added("happy-path", job_id="r-2")

    assert text.startswith(FIRST.partition("\nseed")[0].rstrip("\n"))
    assert text.endswith("\n\nseed: 7\n")
    scenario = load_scenario(text)
    assert [*scenario.jobs] == ["r-1", "r-2"]
    assert [step.status for step in scenario.jobs["r-2"].steps] == [
        "job_waiting",
        "job_running",
        "job_finished",
    ]


def test_the_same_again_is_said(added):
    """By one comment."""
    text = added(FIRST)

    assert kept(text) == kept(FIRST)
    (line,) = [x for x in text.splitlines() if "Recorded again" in x]
    assert line.endswith("as before.")


def test_what_differed_becomes_a_comment(added):
    """At the step, with what was seen; the timeline stays."""
    other = FIRST.replace("job_waiting", "job_queued").replace("for: 5m", "for: 20m")
    text = added(other)

    assert kept(text) == kept(FIRST)
    lines = text.splitlines()
    above = lines[lines.index("      - {status: job_waiting, for: 100s}") - 1]
    assert above.endswith(": job_queued (not: job_waiting)")
    above = lines[lines.index("      - {status: job_running, for: 5m}") - 1]
    assert "for 19m30s to 20m30s (not: for 5m)" in above
    assert load_scenario(text).jobs["r-1"] is not None


def test_errors_are_written_as_the_file_assumes_them(added):
    """Of a file whose errors have another HTTP status, one with the usual status is a reply."""
    file = f"assumptions: {{error_http_status: 401}}\n{FIRST.replace('# mine', '')}"
    text = added("deleted-mid-run", file, job_id="retrain-001")

    last = load_scenario(text).jobs["retrain-001"].steps[-1]
    assert last.reply.status_code == 400


@pytest.mark.parametrize("text", ["jobs: {r-1: {error: job_may_be_deleted}}\n", "new_jobs: {}\n"])
def test_a_file_of_another_shape_is_told_beforehand(text):
    """Before the first poll."""
    with pytest.raises(UsageError, match="it needs a line jobs:"):
        check_appendable(load_scenario(text), "r-2")
