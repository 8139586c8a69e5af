"""`mock-p1 explain` as a person at a terminal, or a script, meets it."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from mock_p1.cli import main

DEMO = """\
demo.yaml: A small retraining to look at; two polls waiting, four seconds running, then a result to download.

API keys
  no x-api-key   invalid_api_key
  demo-key       active
  expired-key    inactive_credential
  any other key  not_found_credential

Job retrain-001: at its last step after 2 polls and 4s
  when                        answer        HTTP  line  with
  polls 1-2                   job_waiting   200   13
  from 0s to 4s after poll 2  job_running   200   14    message: "Training the model."
  from 4s after poll 2 on     job_finished  200   15    model_id: 4821; download_url: "…/results/retrain-001/3/result.zip"

Job deleted-001: always the same
  when        answer              HTTP  line  with
  every poll  job_may_be_deleted  400   16    This job may be deleted.

Any other job: not_found_retrain_job
"""  # noqa: E501 -- to the letter


@pytest.fixture
def explain(tmp_path, monkeypatch):
    """Run the command in an empty folder, or on a file with this text."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments, text=None):
        if text is not None:
            Path("mine.yaml").write_text(text, encoding="utf-8")
        return CliRunner().invoke(main, ["explain", *arguments])

    return run


def test_a_whole_scenario(explain):
    """Keys first, then each job poll by poll or moment by moment, with HTTP status and line."""
    told = explain("demo")
    assert told.exit_code == 0
    assert told.output.splitlines() == DEMO.splitlines()


def test_one_job(explain):
    """With --job only the job that the id leads to is told, by whichever way it leads there."""
    result = explain("many-jobs", "--job", "load-77")
    assert result.exit_code == 0
    assert "Job load-77: at its last step after 3 polls" in result.output
    assert result.output.count("job_finished") == 1


def test_a_job_of_one_key(explain):
    """A job that belongs to a key says so, and what other keys see."""
    result = explain("all-errors", "--job", "of-another-model")
    assert "for the key other-model-key (others see not_found_retrain_job)" in result.output


def test_a_job_that_is_not_there(explain):
    """An id that leads nowhere ends the command with what there is, and what was perhaps meant."""
    result = explain("demo", "--job", "retrain-01")
    assert result.exit_code == 1
    assert (
        "unknown job 'retrain-01'; known: deleted-001, retrain-001; did you mean retrain-001?"
        in result.stderr
    )


def test_warnings_come_last(explain):
    """Doubts follow the jobs, each with its file and line.

    The scenario can be used, so the exit status is 0.
    """
    result = explain("stuck")
    assert result.exit_code == 0
    assert result.output.splitlines()[-2:] == [
        "stuck.yaml:8: warning: the job never shows job_finished; it stays at job_running",
        "stuck.yaml:10: warning: the job never shows job_finished; it stays at job_waiting",
    ]


def test_warnings_of_other_jobs_are_left_out(explain):
    """With --job the lint_warnings about other jobs are not told."""
    result = explain("stuck", "--job", "never-starts")
    assert "stuck.yaml:10: warning" in result.output
    assert "stuck.yaml:8: warning" not in result.output


def test_warnings_of_other_generated_jobs_are_left_out(explain):
    """A group's lint_warnings are told for its own ids, not for those of another group, nor for named jobs."""
    text = """
jobs:
  named: {timeline: [{status: job_finished}]}
generated_jobs:
  - {count: 3, prefix: good-, timeline: [{status: job_finished}]}
  - {count: 3, prefix: bad-, timeline: [{status: job_running}]}
"""
    told = {
        job: explain("mine.yaml", "--job", job, text=text).output
        for job in ("named", "good-2", "bad-2")
    }
    assert [job for job, output in told.items() if "warning" in output] == ["bad-2"]


def test_a_scenario_that_cannot_be_used(explain):
    """Every problem is named with its place, and nothing is explained."""
    result = explain(
        "mine.yaml", text="jobs:\n  a: {timeline: [{status: x, for: 3 pols}, {stats: y}]}\n"
    )
    assert result.exit_code == 1
    assert result.stdout == ""
    assert [line.split(": ")[0] for line in result.stderr.splitlines()] == [
        "mine.yaml:2:35",
        "mine.yaml:2:44",
        "mine.yaml:2:45",
    ]


def test_a_rate_limit(explain):
    """A limit of polls holds for all jobs, and is told once."""
    text = "rate_limit: {polls: 10, per: 1m}\njobs: {a: {timeline: [{status: job_finished}]}}"
    assert (
        "\nRate limit: 10 polls by one key in 1m; more see HTTP 429\n"
        in explain("mine.yaml", text=text).output
    )


def test_a_pattern_takes_every_other_job(explain):
    """Where a bare * stands, no other job is left to be unknown."""
    result = explain("happy-path")
    assert "Any other job: at its last step after 5 polls" in result.output
    assert "not_found_retrain_job" not in result.output


def test_wide_letters_keep_the_columns(explain):
    """Japanese takes two columns a letter, and the table allows for it."""
    lines = explain("unknown-status").output.splitlines()
    (wide,) = (line for line in lines if "再学習中" in line)
    (plain,) = (line for line in lines if "JOB_RUNNING" in line)
    assert wide.index("200") + 4 == plain.index("200")
