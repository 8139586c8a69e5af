"""``verify --against``: a step that the service no longer shows as recorded is named."""

from __future__ import annotations

import json
import re
from importlib import import_module
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner

from mock_p1 import load_scenario, mocked
from mock_p1.cli import main
from mock_p1.recording.drift import Comparison, has_seen_all
from mock_p1.recording.pseudonyms import Pseudonyms
from mock_p1.scenario.files import bundled
from mock_p1.verify.pace import Pace

RECORDED = """\
jobs:
  r-1:
    timeline:
      - {status: job_waiting, for: 100s}
      - {status: job_running, message: Training., for: 10m}
      - {fault: connection_reset, for: 1 poll}
      - {status: job_running, message: Training., for: 5m}
      - {status: job_finished, model_id: 7, result: {rows: 5}}
"""

CALM = """\
jobs:
  r-1:
    timeline:
      - {status: job_waiting, for: 100s}
      - {status: job_running, message: Training., for: 15m}
      - {status: job_finished, model_id: 7, result: {rows: 5}}
"""


@pytest.fixture
def drift(recorder):
    """Hold a scenario that is played against another; give what came of it."""

    def drift(played, recorded=RECORDED, *, job_id=None, every=30.0, **options):
        recorder.every, recorder.polls = every, 200
        scenario = load_scenario(recorded)
        name, job = next(iter(scenario.jobs.items()))
        with mocked(played, check=False) as mock:
            seen, *_ = recorder.watch(
                mock, job_id or name, is_enough=lambda seen: has_seen_all(job, seen)
            )
        same = (job_id or name) == name
        compare = Comparison(
            scenario, job, Pseudonyms(), every_seconds=every, same_job=same, **options
        )
        return compare.judge(seen)

    return drift


def outcomes(drift):
    """The outcome of each step."""
    return [point.outcome for point in drift.points]


def differing(drift):
    """What differs: the step, what was recorded, what is."""
    return [(p.step, p.expected, p.actual) for p in drift.points if p.outcome == "differs"]


def test_what_is_played_as_recorded_holds(drift):
    """Each step, in order, with its line."""
    found = drift(RECORDED)

    assert outcomes(found) == ["holds"] * 4
    assert found.points[1].step == "job_running (line 5)"
    assert found.exit_status == 0


@pytest.mark.parametrize(
    ("before", "after", "differs"),
    [
        ("job_waiting", "job_queued", [("job_waiting (line 4)", "job_waiting", "job_queued")]),
        (
            "Training., for: 10m",
            "Learning., for: 10m",
            [("job_running (line 5)", 'message "Training."', 'message "Learning."')],
        ),
        ("100s", "20m", [("job_waiting (line 4)", "for 1m40s", "for 19m30s to 20m")]),
        ("model_id: 7", "model_id: 8", [("job_finished (line 8)", "model_id 7", "model_id 8")]),
        ("model_id: 7, ", "", [("job_finished (line 8)", "model_id 7", "no model_id")]),
        (
            ", result: {rows: 5}",
            "",
            [("job_finished (line 8)", "download_url", "no download_url")],
        ),
        (
            "{status: job_waiting, for: 100s}",
            "{error: not_found_retrain_job, for: 100s}",
            [("job_waiting (line 4)", "job_waiting", "not_found_retrain_job")],
        ),
    ],
)
def test_one_changed_step_is_named(drift, before, after, differs):
    """By its line: what was recorded, what the service shows now."""
    found = drift(RECORDED.replace(before, after, 1))

    assert differing(found) == differs
    assert found.exit_status == 1


def test_one_poll_is_one(drift):
    """Not 1 polls."""
    found = drift(RECORDED, RECORDED.replace("100s", "1 poll"))
    assert differing(found)[0] == ("job_waiting (line 4)", "for 1 poll", "for 4")


MORE = """\
      - for: 10m
        reply:
          status_code: 200
          body: {status: job_running, progress: 0.4, metadata: {retrain_job_id: r-1}}
"""


def test_a_new_field_is_named(drift):
    """The status is as recorded, the reply is not."""
    plain = "      - {status: job_running, message: Training., for: 10m}\n"
    found = drift(CALM.replace(plain.replace("10m", "15m"), MORE.replace("10m", "15m")), CALM)

    ((step, expected, actual),) = differing(found)
    assert (step, expected) == ("job_running (line 5)", "the documented reply")
    assert "progress: 0.4" in actual
    found = drift(CALM, CALM.replace(plain.replace("10m", "15m"), MORE.replace("10m", "15m")))
    assert [actual for *_, actual in differing(found)] == ["the documented reply"]


def test_a_new_step_is_named(drift):
    """It was never recorded."""
    found = drift(RECORDED.replace("100s}", "100s}\n      - {status: job_checking, for: 2m}"))

    ((step, expected, actual),) = differing(found)
    assert (step, expected) == ("job_checking", "nothing of the kind")
    assert re.fullmatch(r"job_checking, [45] polls from .*", actual)


def test_a_lost_step_is_named(drift):
    """It was not seen, though polls would have met it."""
    found = drift(RECORDED.replace("      - {status: job_waiting, for: 100s}\n", ""))

    assert [step for step, *_ in differing(found)] == ["job_waiting (line 4)"]


@pytest.mark.parametrize(("played", "recorded"), [(CALM, RECORDED), (RECORDED, CALM)])
def test_a_failure_of_the_network_need_not_come_again(drift, played, recorded):
    """Nor is a new one a difference; with strict either is."""
    found = drift(played, recorded)

    assert (found.exit_status, [p.step[:16] for p in found.having("not checked")]) == (
        0,
        ["connection_reset"],
    )
    assert drift(played, recorded, strict=True).exit_status == 1


def test_a_step_shorter_than_the_interval_may_be_missed(drift):
    """It is said, and is no difference."""
    short = RECORDED.replace("for: 100s}", "for: 100s}\n      - {status: job_checking, for: 5s}")
    found = drift(RECORDED, short)

    assert [p.reason for p in found.points if p.outcome == "not checked"] == [
        "it is shorter than the 30s from poll to poll"
    ]
    assert found.exit_status == 0


def test_short_times_are_not_rounded_to_nothing(drift):
    """Neither the time from poll to poll, nor that of a step."""
    played = "jobs: {r-1: {timeline: [{status: job_waiting, for: 200ms}, {status: job_finished}]}}"
    short = played.replace("200ms}", "40ms}, {status: job_checking, for: 5ms}")
    found = drift(played, short, every=0.02)

    assert [(p.expected, p.reason) for p in found.points if p.outcome != "holds"] == [
        ("for 40ms", ""),
        ("job_checking", "it is shorter than the 20ms from poll to poll"),
    ]


def test_times_may_be_left_aside(drift):
    """Of a real retraining no two take the same time."""
    assert drift(RECORDED.replace("100s", "20m", 1), ignore_times=True).exit_status == 0


def test_another_job_has_another_model(drift):
    """What differs from job to job by nature is no drift."""
    other = RECORDED.replace("r-1", "r-2").replace("model_id: 7", "model_id: 8")

    assert drift(other, job_id="r-2").exit_status == 0


def test_a_hidden_message_is_any_message(drift):
    """A recording that was made with --hide-messages says only that there is one."""
    hidden = RECORDED.replace("Training.", "message 1")

    assert drift(RECORDED, hidden).exit_status == 0
    silent = RECORDED.replace("message: Training., ", "")
    assert drift(silent, hidden).exit_status == 1


def test_an_end_that_was_not_seen_is_no_difference(drift):
    """Exit 3: nobody knows."""
    found = drift(RECORDED, every=30.0, recorded=RECORDED.replace("for: 5m", "for: 5d"))
    assert found.exit_status == 1

    stuck = RECORDED.replace("for: 5m", "for: manual")
    found = drift(stuck, recorded=stuck.replace("for: manual", "for: 10d"))
    assert (found.exit_status, outcomes(found)[-1]) == (3, "not reached")


@pytest.mark.parametrize("name", sorted(bundled().keys() - {"all-errors", "slow-training"}))
def test_record_play_compare(recorder, drift, name):
    """The loop closes: what was recorded of a scenario holds for it."""
    recorded = recorder(name)
    found = drift(name, recorded.text, every=5.0)

    assert differing(found) == []


@pytest.fixture
def against(tmp_path, monkeypatch):
    """Run ``mock-p1 verify --against`` on a scenario that is played; give click's result."""

    def against(played, *arguments, recorded=RECORDED):
        file = tmp_path / "recorded.yaml"
        file.write_text(recorded, encoding="utf-8")
        with mocked(played, check=False) as mock:
            began = mock.now

            def pace(timeout, limit):
                def now():
                    return (mock.now - began).total_seconds()

                return Pace(timeout=timeout, limit=limit, now=now, sleep=mock.advance)

            monkeypatch.setattr(import_module("mock_p1.cli.verify_against"), "Pace", pace)
            given = ["verify", mock.url, "--against", str(file), "--limit", "2h", *arguments]
            return CliRunner().invoke(main, given, catch_exceptions=False, env=KEY)

    return against


KEY = {"MOCK_P1_API_KEY": "demo-key"}
CHANGED = RECORDED.replace("job_waiting", "job_queued")


def test_the_command_says_what_holds(against):
    """Exit 0, and a sentence."""
    done = against(RECORDED)

    assert done.exit_code == 0
    assert "The service behaves as recorded, in what was checked." in done.stdout


def test_the_command_names_the_step(against):
    """Exit 1: the step, its line, what was recorded and what is."""
    done = against(CHANGED)

    assert done.exit_code == 1
    row = re.search(r"differs +job_waiting \(line 4\) +job_waiting +job_queued +(\S+)", done.stdout)
    assert row[1].endswith("recorded.yaml:4")
    assert "1 step no longer as recorded." in done.stdout


def test_the_command_as_json_and_junit(against, tmp_path):
    """The same for programs and for CI."""
    report = tmp_path / "drift.xml"
    done = against(CHANGED, "--json", "--junit-xml", str(report))

    whole = json.loads(done.stdout)
    assert (whole["verdict"], whole["exit_status"]) == ("differs", 1)
    assert whole["steps"][0]["actual"] == "job_queued"
    suite = ET.parse(report).getroot()[0]  # noqa: S314 -- we have just written it
    assert (suite.get("tests"), suite.get("failures")) == ("4", "1")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--watch-job"], "--against makes no use of --watch-job"),
        (["--allow", "switch"], "--against makes no use of --allow"),
    ],
)
def test_other_checks_have_no_place_beside_it(against, arguments, said):
    """What it makes no use of is refused."""
    done = against(RECORDED, *arguments)

    assert (done.exit_code, said in done.stderr) == (2, True)


def test_a_job_must_be_named_where_there_are_several(against):
    """All are named."""
    done = against(RECORDED, recorded=f"{RECORDED}  r-2: {{error: job_may_be_deleted}}\n")

    assert done.exit_code == 2
    assert "has these jobs: r-1, r-2; name one by --job-id" in " ".join(done.stderr.split())


def test_a_refused_key_is_usage(against):
    """Exit 2, at the first poll."""
    done = against("all-errors", recorded="jobs: {retrain-001: {error: invalid_api_key}}\n")

    assert done.exit_code == 2
    assert "the server answered" in done.stderr


def test_a_server_that_is_not_there_is_told(tmp_path):
    """Exit 3."""
    file = tmp_path / "recorded.yaml"
    file.write_text(RECORDED, encoding="utf-8")
    given = ["verify", "http://127.0.0.1:1", "--against", str(file)]
    done = CliRunner().invoke(main, given, catch_exceptions=False, env=KEY)

    assert (done.exit_code, "refused the connection" in done.stderr) == (3, True)
