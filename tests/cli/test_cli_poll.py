"""``mock-p1 poll``: plays as much of the sequence as is asked for, and exits by how it ended."""

import json
from pathlib import Path

import pytest
from helpers.odd_servers import odd, whole

from mock_p1 import serving

QUICK = ("--every", "5ms", "--limit", "20s")


@pytest.fixture
def poll(run, tmp_path, monkeypatch):
    """Run it against a scenario; what it prints in events, its exit status, and the handle."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.csv").write_text("age,left\n31,no\n", encoding="utf-8")

    def poll(scenario, *arguments):
        with serving(scenario, check=False) as mock:
            result = run("poll", mock.url, "--json", *QUICK, *arguments)
        assert result.stderr == ""
        return [json.loads(line) for line in result.output.splitlines()], result.exit_code, mock

    return poll


def names(events):
    """The kinds of events, each once in a row."""
    kinds = [event["event"] for event in events]
    return [kind for index, kind in enumerate(kinds) if kinds[index - 1 : index] != [kind]]


def test_the_whole_sequence(poll):
    """From the secret key to the switched model; each act is an event, the last one the outcome."""
    events, status, mock = poll(
        "whole-sequence", "--secret-key", "demo-secret", "--model-id", "4821",
        "--file", "train.csv", "--download", "result.zip", "--switch",
    )  # fmt: skip
    assert names(events) == ["key", "job", "upload", "poll", "download", "switch", "end"]
    assert status == events[-1]["exit_status"] == 0
    mock.assert_uploaded(filename="train.csv", rows=1)
    mock.assert_downloaded()
    mock.assert_switched()
    mock.assert_sequence()
    assert Path("result.zip").read_bytes().startswith(b"PK")
    assert [path.name for path in Path().iterdir() if path.suffix == ".new"] == []


def test_no_whole_key_is_shown(poll):
    """Of the key that was issued the first characters."""
    given = ("--secret-key", "demo-secret", "--model-id", "1", "--job-id", "retrain-001")
    events, _, _ = poll("whole-sequence", *given)
    assert events[0]["api_key"].endswith("…")
    assert len(events[0]["api_key"]) < 6


def test_a_key_that_the_service_repeats_is_not_shown(poll):
    """Whatever it says of it."""
    scenario = {
        "jobs": {"a": {"timeline": [{"status": "job_finished", "message": "of demo-key-1"}]}}
    }
    events, _, _ = poll(scenario, "--api-key", "demo-key-1", "--job-id", "a")
    assert events[0]["message"] == "of de…"


@pytest.mark.parametrize(
    ("body", "options", "status"),
    [
        ({"event": "x", "seconds": "ten", "has_link": 3, "status": "job_finished"}, (), 0),
        ({"download_url": 5, "status": "job_finished"}, ("--download", "r.zip"), 3),
    ],
)
def test_an_odd_reply(poll, body, options, status):
    """It is shown, and what it says of itself is not taken for ours."""
    scenario = {"jobs": {"a": {"timeline": [{"reply": {"status_code": 200, "body": body}}]}}}
    given = ("--api-key", "demo-key", "--job-id", "a", "--every", "600s", *options)
    events, exit_status, _ = poll(scenario, *given)
    assert (events[0]["event"], events[0]["has_link"]) == ("poll", False)
    assert isinstance(events[0]["seconds"], float)
    assert exit_status == status


@pytest.mark.slow
def test_a_job_alone(poll):
    """Is polled to its end, and nothing else is done."""
    events, status, mock = poll("demo", "--api-key", "demo-key", "--job-id", "retrain-001")
    assert (status, names(events)) == (0, ["poll", "end"])
    assert events[-2]["status"] == "job_finished"
    assert events[-2]["has_link"]
    assert mock.downloads() == []


def test_text(run):
    """Without --json a line an event, for people."""
    with serving("happy-path") as mock:
        result = run("poll", mock.url, "--api-key", "k", "--job-id", "a", *QUICK)
    lines = [line.split(" s  ")[1] for line in result.output.splitlines()]
    assert (lines[0], lines[-1]) == ("job_waiting", "finished")


@pytest.mark.parametrize(
    ("end", "outcome", "reason"),
    [
        ({"status": "job_failed", "message": "too few rows"}, "failed", "too few rows"),
        ({"error": "job_may_be_deleted"}, "refused", "This job may be deleted."),
        ({"error": "inactive_credential"}, "refused", "Inactive_credential."),
    ],
)
def test_another_end(poll, end, outcome, reason):
    """A job that failed, and a call that was refused, are exit status 1 and say why."""
    scenario = {"jobs": {"a": {"timeline": [{"status": "job_running", "for": "1 poll"}, end]}}}
    events, status, _ = poll(scenario, "--api-key", "demo-key", "--job-id", "a")
    assert (status, events[-1]["outcome"], events[-1]["reason"]) == (1, outcome, reason)


def test_trouble_is_survived(poll):
    """Every kind of it that the network has, and a status that nobody knows."""
    faults = ["connection_reset", "empty_response", "truncated_body", "malformed_json"]
    timeline = [{"status": "odd", "for": "1 poll"}]
    timeline += [{"fault": fault, "for": "1 poll"} for fault in faults]
    timeline += [{"reply": {"status_code": 503}, "for": "1 poll"}, {"status": "job_finished"}]
    scenario = {"jobs": {"a": {"timeline": timeline}}}
    events, status, _ = poll(scenario, "--api-key", "k", "--job-id", "a")
    assert status == 0
    assert [event["event"] for event in events].count("trouble") == len(faults) + 1


def test_retry_after_is_obeyed(poll):
    """A wait that is longer than the limit ends it, before its time."""
    reply = {"reply": {"status_code": 429, "retry_after": "1h"}}
    scenario = {"jobs": {"a": {"timeline": [reply]}}}
    events, status, _ = poll(scenario, "--api-key", "k", "--job-id", "a")
    why = "the next call, 3600 s later, would come after the limit of 20 s"
    assert (status, events[-1]["outcome"], events[-1]["reason"]) == (3, "too late", why)
    assert len(events) == 2


def test_the_limit(poll):
    """A job that never ends."""
    events, status, _ = poll(
        "stuck", "--api-key", "k", "--job-id", "retrain-001", "--every", "600s"
    )
    assert (status, events[-1]["reason"]) == (
        3,
        "the next call, 600 s later, would come after the limit of 20 s",
    )


def test_a_link_that_has_expired(poll):
    """The next poll brings another."""
    given = ("--api-key", "k", "--job-id", "retrain-001", "--download", "a.zip")
    timeline = [{"status": "job_finished", "result": "generated"}]
    calls = {"result_download": [{"reply": {"status_code": 403}, "for": "1 call"}, "ok"]}
    events, status, _ = poll(
        {"jobs": {"retrain-001": {"timeline": timeline}}, "calls": calls}, *given
    )
    assert (status, names(events)) == (0, ["poll", "trouble", "poll", "download", "end"])


def test_a_download_that_breaks_off(poll):
    """Is fetched again, and written whole."""
    timeline = [{"status": "job_finished", "result": "generated"}]
    calls = {"result_download": [{"fault": "truncated_body", "for": "1 call"}, "ok"]}
    scenario = {"jobs": {"a": {"timeline": timeline}}, "calls": calls}
    events, status, mock = poll(scenario, "--api-key", "k", "--job-id", "a", "--download", "a.zip")
    assert (status, names(events)) == (0, ["poll", "trouble", "download", "end"])
    assert [each.complete for each in mock.downloads()] == [False, True]


UPLOADED = """
new_jobs: {timeline: [{status: job_finished, result: generated}]}
calls: {file_upload: [CALL, ok]}
"""


@pytest.mark.parametrize(
    ("call", "status"),
    [
        ("{fault: connection_reset, done: true, for: 1 call}", 0),
        ("{reply: {status_code: 403}, for: 1 call}", 1),
    ],
)
def test_a_file_that_is_refused(poll, call, status):
    """It has come, where the answer to a first call was lost."""
    given = ("--secret-key", "s", "--model-id", "1", "--file", "train.csv", "--switch")
    _, exit_status, _ = poll(UPLOADED.replace("CALL", call), *given)
    assert exit_status == status


def test_a_result_that_comes_late(poll):
    """With --download, job_finished without a link is no end."""
    steps = [{"status": "job_finished", "for": "1 poll"}]
    steps += [{"status": "job_finished", "result": "generated"}]
    scenario = {"jobs": {"a": {"timeline": steps}}}
    events, status, _ = poll(scenario, "--api-key", "k", "--job-id", "a", "--download", "a.zip")
    assert (status, [event.get("has_link") for event in events[:2]]) == (0, [False, True])


def test_nobody_there(run, tmp_path):
    """Where nothing has ever answered, it gives up soon: exit 3."""
    result = run("poll", "http://127.0.0.1:1", "--api-key", "k", "--job-id", "a", *QUICK)
    assert result.exit_code == 3
    assert result.output.splitlines()[-1].split(" s  ")[1].startswith("not reached: ")


@pytest.mark.parametrize("status", ["404 Not Found", "302 Found"])
def test_something_else_is_there(run, status):
    """An answer that asking again would not change ends it; no redirect is followed."""
    with odd(whole(status, "<html>", Location="http://127.0.0.1:1/")) as server:
        result = run("poll", f"http://{server}", "--api-key", "k", "--job-id", "a", *QUICK)
    assert result.exit_code == 1
    assert f"refused: HTTP {status[:3]} text/html <html>" in result.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--job-id", "a"], "give --api-key, or --secret-key and --model-id"),
        (["--secret-key", "s", "--job-id", "a"], "give --api-key, or"),
        (["--api-key", "k"], "give one of --job-id and --file"),
        (["--api-key", "k", "--job-id", "a", "--file", "train.csv"], "give one of"),
        (["--api-key", "k", "--job-id", "a", "--download", "train.csv"], "is there already"),
        (["--api-key", "k", "--job-id", "a", "--download", "no/a.zip"], "there is no folder no"),
        (["--api-key", "k", "--job-id", "a", "--every", "0"], "longer than nothing"),
    ],
)
def test_what_cannot_be_meant(poll, run, arguments, said):
    """Is wrong usage, before anything is asked."""
    result = run("poll", "http://127.0.0.1:1", *arguments)
    assert result.exit_code == 2
    assert said in result.output


def test_a_url_that_is_none(run):
    """Is wrong usage."""
    assert run("poll", "127.0.0.1:1", "--api-key", "k", "--job-id", "a").exit_code == 2


def test_a_result_that_cannot_be_written(poll, tmp_path, monkeypatch):
    """Is exit 1 with the reason, and leaves nothing behind."""
    monkeypatch.setattr("os.fsync", _no_space)
    timeline = [{"status": "job_finished", "result": "generated"}]
    scenario = {"jobs": {"a": {"timeline": timeline}}}
    events, status, _ = poll(scenario, "--api-key", "k", "--job-id", "a", "--download", "a.zip")
    assert (status, events[-1]["outcome"]) == (1, "not written")
    assert not list(tmp_path.glob("a.zip*"))


def _no_space(_):
    raise OSError(28, "No space left on device")


def test_a_proxy_that_demands_a_login(run):
    """It is no word of the service: told as what it is, and nothing was reached."""
    with odd(whole("407 Proxy Authentication Required", "")) as host:
        result = run("poll", f"http://{host}", "--api-key", "k", "--job-id", "j", *QUICK)
    assert result.exit_code == 3
    told = "not reached: http://" + host + " is answered by a proxy that demands a login (HTTP 407)"
    assert told in result.output
