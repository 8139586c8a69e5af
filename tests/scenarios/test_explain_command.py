"""`mock-p1 explain` as a person at a terminal, or a script, meets it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from helpers.engine_mock import Mock

from mock_p1.cli import explain as module
from mock_p1.cli import main

DEMO = """\
demo.yaml: A small retraining to look at; two polls waiting, four seconds running, then a result to download.

API keys
  no x-api-key   invalid_api_key
  demo-key       active
  expired-key    inactive_credential
  any other key  not_found_credential

Secret keys; an API key from it works for 30d
  demo-secret  active
  any other    not_found_credential

Job retrain-001: at its last step after 2 polls and 4s
  when                        answer        HTTP  line  with
  polls 1-2                   job_waiting   200   14
  from 0s to 4s after poll 2  job_running   200   15    message: "Training the model."
  from 4s after poll 2 on     job_finished  200   16    model_id: 4821; download_url: "…/results/…/retrain-001/3/result.zip"

Job deleted-001: always the same
  when        answer              HTTP  line  with
  every poll  job_may_be_deleted  400   17    This job may be deleted.

Any other job: not_found_retrain_job

Jobs created by upload: like retrain-001, once the file has come
"""  # noqa: E501 -- to the letter

GENERATED = "generated_jobs: [{count: 2, prefix: g-, timeline: [{status: generated}]}"


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


def test_of_very_much_the_first_is_told(explain, monkeypatch):
    """So many rows in all, and how many more there are: of a timeline, of all, of warnings."""
    monkeypatch.setattr(module, "MAX_ROWS", 6)
    steps = "[{status: a, for: 1 poll}, {status: b, for: 1 poll}, {status: c}]"
    jobs = "".join(f"  j{n}: {{timeline: {steps}}}\n" for n in range(9))
    lines = explain("mine.yaml", text=f"jobs:\n{jobs}").output.splitlines()
    assert sum("poll " in line for line in lines if line.startswith("  ")) == 4
    assert "  … and 2 more rows" in lines
    assert "… and 7 more timelines; --job ID tells of one" in lines
    assert "… and 3 more warnings; mock-p1 check names them all" in lines
    one = explain("mine.yaml", "--job", "j8").output
    assert "more timelines" not in one


def test_a_status_of_two_lines_is_told_in_one(explain):
    """So that it cannot be taken for a row of its own."""
    text = r"""jobs: {"a\nb": {timeline: [{status: "x\ny  job_finished", message: "\e[2J"}]}}"""
    told = explain("mine.yaml", text=text).output
    assert r"Job a\nb: always the same" in told
    assert r"x\ny  job_finished" in told
    assert r"it remains at x\ny" in told
    assert "\x1b" not in told


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


def test_of_very_many_jobs_all_are_counted(explain):
    """Not only those that are looked through for the one that was meant."""
    assert "… (1,100 in all); did you mean" in explain("many-jobs", "--job", "load-0").stderr


def test_warnings_come_last(explain):
    """Doubts follow the jobs, each with its file and line.

    The scenario can be used, so the exit status is 0.
    """
    result = explain("stuck")
    assert result.exit_code == 0
    assert result.output.splitlines()[-2:] == [
        "stuck.yaml:8: warning: the job never shows job_finished; it remains at job_running",
        "stuck.yaml:10: warning: the job never shows job_finished; it remains at job_waiting",
    ]


def test_warnings_of_other_jobs_are_left_out(explain):
    """With --job the lint_warnings about other jobs are not told."""
    result = explain("stuck", "--job", "never-starts")
    assert "stuck.yaml:10: warning" in result.output
    assert "stuck.yaml:8: warning" not in result.output


def test_warnings_of_other_generated_jobs_are_left_out(explain):
    """Warnings of a group are told for its own ids alone."""
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


@pytest.mark.parametrize(
    ("on", "said"), [("", "1 poll by"), (", on: [get_api_key]", "1 call (get_api_key) by")]
)
def test_a_rate_limit_of_one(explain, on, said):
    """Is one poll, or one call."""
    text = f"rate_limit: {{polls: 1, per: 1m{on}}}"
    assert f"\nRate limit: {said} one key in 1m;" in explain("mine.yaml", text=text).output


def test_a_rate_limit_of_other_calls(explain):
    """The calls that it counts are named."""
    text = "rate_limit: {polls: 2, per: 1m, on: [retrain_data_upload, get_api_key]}"
    said = "2 calls (retrain_data_upload, get_api_key) by one key in 1m; more see HTTP 429"
    assert f"\nRate limit: {said}\n" in explain("mine.yaml", text=text).output


def test_secret_keys(explain):
    """What each secret key is; where none is named, that every one works, and for how long."""
    every = explain("stuck").output
    assert "\nSecret keys: every one is active; an API key from it works for 30d\n" in every
    named = (
        "secret_keys: {mine-*: active, old: inactive_credential}\nassumptions: {key_lifetime: 1h}"
    )
    output = explain("mine.yaml", text=named).output
    lines = [line.split() for line in output.partition("works for 1h\n")[2].splitlines()[:3]]
    assert lines == [
        ["mine-*", "active"],
        ["old", "inactive_credential"],
        ["any", "other", "not_found_credential"],
    ]


def test_what_calls_meet(explain):
    """The calls of each operation, counted by call; of one job below it, of all jobs at the end."""
    text = """
jobs:
  a:
    timeline: [{status: job_finished}]
    calls: {retrain_model_switch: [{error: not_found_classifier, for: 2 calls}, ok]}
calls:
  file_upload: [{fault: timeout, done: true}]
"""
    output = explain("mine.yaml", text=text).output
    own = output.partition("\nIts retrain_model_switch: at its last step after 2 calls\n")[2]
    assert [line.split()[:4] for line in own.splitlines()[1:3]] == [
        ["calls", "1-2", "not_found_classifier", "400"],
        ["call", "3", "and", "later"],
    ]
    everybody = output.partition("\nCalls of file_upload: always the same\n")[2]
    assert "every call  timeout" in everybody
    assert "the act is done: only its answer is lost" in everybody


def test_jobs_created_by_upload(explain):
    """What they do, and which ids they have; or which job they are like, or that there are none."""
    assert "\nJobs created by upload: like retrain-001, once" in explain("stuck").output
    assert "\nJobs created by upload: like any other job, once" in explain("happy-path").output
    whole = explain("whole-sequence").output
    assert "\nAny job created by upload: at its last step after its file and 3 polls\n" in whole
    assert "\nIds of jobs created by upload: retrain-101, retrain-102, then UUIDs\n" in whole
    none = explain("mine.yaml", text="description: nothing").output
    assert "\nJobs created by upload: none; not_found_configuration_file\n" in none


@pytest.mark.parametrize(
    ("text", "like", "shown"),
    [
        ("jobs: {'rl-*': {timeline: [{status: b}]}, a: {timeline: [{status: a}]}}", "rl-*", "b"),
        ("jobs: {'p-*': {timeline: [{status: b}]}, 'rl-*': {error: invalid_api_key}}", "p-*", "b"),
        ("jobs: {a: {timeline: [{status: b}]}, 'rl-*': {error: invalid_api_key}}", "a", "b"),
        (f"jobs: {{'rl-*': {{timeline: [{{status: b}}]}}}}\n{GENERATED}]", "rl-*", "b"),
        (f"{GENERATED}, {{count: 1, error: invalid_api_key}}]", "g-1", "generated"),
        ("jobs: {a: {timeline: [{status: a}]}, '*': {timeline: [{status: b}]}}", "*", "b"),
    ],
)
def test_which_job_created_ones_are_like(explain, text, like, shown):
    """The one whose timeline the engine plays for them; JSON says the same as the text."""
    model = "any other job" if like == "*" else like
    line = f"Jobs created by upload: like {model}, once"
    assert line in explain("mine.yaml", text=text).output
    told = json.loads(explain("mine.yaml", "--format", "json").output)["created_jobs"]
    assert told == {"like": like, "error": None, "ids": []}
    asked = Mock(text)
    assert asked.sees(asked.create()[0]) == shown


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("description: x", (None, "not_found_configuration_file", [])),
        ("new_jobs: {ids: [mine], timeline: [{status: a}]}", ("new_jobs", None, ["mine"])),
        ("jobs: {'*': {timeline: [{status: a}]}}\nnew_jobs: {ids: [a]}", ("*", None, ["a"])),
    ],
)
def test_created_jobs_in_json(explain, text, told):
    """Which timeline they play, or the error instead; the ids that are issued."""
    found = json.loads(explain("mine.yaml", "--format", "json", text=text).output)["created_jobs"]
    assert found == dict(zip(("like", "error", "ids"), told, strict=True))


def test_one_job_that_is_created_by_upload(explain):
    """By one of the ids that are issued."""
    output = explain("whole-sequence", "--job", "retrain-102").output
    assert "\nJob retrain-102, created by upload: at its last step after its file" in output


def test_a_job_of_the_scenario_that_clients_create(explain):
    """It is told of once more where its creator sees something else, also in the whole list."""
    text = (
        "jobs: {a: {timeline: [{status: job_running, for: 90s}, {status: job_finished}]}}\n"
        "new_jobs: {ids: [a, b], calls: {file_upload: [{fault: timeout, for: 1 call}, ok]}}\n"
    )
    for output in (
        explain("mine.yaml", text=text).output,
        explain("mine.yaml", "--job", "a").output,
    ):
        assert "from 0s to 1m30s after poll 1 " in output
        created = output.partition("\nJob a, created by upload: ")[2]
        assert "from 0s to 1m30s after its file " in created
        assert "\nIts file_upload: at its last step after 1 call\n" in created
    whole = explain("mine.yaml").output
    assert "\nAny other job created by upload: " in whole
    told = json.loads(explain("mine.yaml", "--format", "json", "--job", "a").output)["jobs"]
    assert [(each["title"], each["place"]) for each in told] == [
        ("job a", "jobs/a"),
        ("job a, created by upload", "jobs/a"),
    ]
    assert [each["place"] for each in told[1]["calls"]] == ["new_jobs/calls/file_upload"]


def test_a_created_job_is_its_creators(explain):
    """Whoever creates it sees it, whatever key the scenario has for this id."""
    text = (
        "jobs: {a: {api_key: k, timeline: [{status: on, for: 9s}, {status: job_finished}]}}\n"
        "new_jobs: {ids: [a]}\n"
    )
    told = json.loads(explain("mine.yaml", "--format", "json", text=text).output)["jobs"]
    assert [(each["title"], each["api_key"]) for each in told[:2]] == [
        ("job a", "k"),
        ("job a, created by upload", None),
    ]


def test_a_job_that_is_the_same_once_created(explain):
    """It is told of once: a recording has all its jobs twice."""
    text = (
        "jobs: {a: {timeline: [{status: job_running, for: upload}, {status: job_finished}]}}\n"
        "new_jobs: {ids: [a]}\n"
    )
    output = explain("mine.yaml", "--job", "a", text=text).output
    assert "\nJob a: " in output
    assert "created by upload" not in output


def test_a_pattern_takes_every_other_job(explain):
    """Where a bare * stands, no other job is left to be unknown."""
    result = explain("happy-path")
    assert "Any other job: at its last step after 5 polls" in result.output
    assert "not_found_retrain_job" not in result.output


def test_wide_letters_keep_the_columns(explain):
    """Japanese takes two columns a letter, and the table allows for it."""
    lines = explain("unknown-status").output.splitlines()
    (wide,) = (line for line in lines if "再学習中" in line)
    (plain,) = (line for line in lines if "JOB_RUNNING" in line and "200" in line)
    assert wide.index("200") + 4 == plain.index("200")


def test_as_json(explain):
    """One document: every row that the text has, of jobs, of their calls, and the warnings."""
    told = json.loads(explain("link-expires", "--format", "json").output)
    row = told["jobs"][0]["rows"][0]
    assert set(row) == {"when", "http_status", "outcome", "details", "source"}
    assert told["scenario"] == "link-expires.yaml"
    assert [each["title"] for each in told["calls"]] == ["result_download"]


def test_one_job_as_json(explain):
    """With --job that one, and its warnings alone."""
    told = json.loads(explain("stuck", "--job", "never-starts", "--format", "json").output)
    assert [each["entry"] for each in told["jobs"]] == ["never-starts"]
    assert [each["source"] for each in told["warnings"]] == ["stuck.yaml:10"]
