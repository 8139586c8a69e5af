"""``mock-p1 verify`` as a person and a machine see it.

Table, JSON, JUnit, exit status, and no key in any of them.
"""

from __future__ import annotations

import json

import pytest
from helpers.broken_servers import FinalDotLost
from helpers.refuting_servers import ErrorsWithStatus200
from helpers.right_server import (
    ACTIVE,
    FINISHED,
    GIVEN,
    INACTIVE,
    OTHER,
    RUNNING,
    Right,
    served,
)

from mock_p1.verify.client import HttpClient
from mock_p1.verify.pace import Pace
from mock_p1.verify.runner import CHECKS


class Echo(Right):
    """Tells every caller the key it came with, and breaks the contract by it."""

    def answer(self, call):
        """Answer, and say the key."""
        sent = super().answer(call)
        told = (
            {**json.loads(sent.body), "you came with": call.key}
            if sent.kind == "application/json"
            else None
        )
        return self.send(sent.status, told) if told else sent


def _row(output, sentence):
    return next(line for line in output.splitlines() if sentence in line)


def test_a_right_server_holds(verify):
    """Every point stands in its table with its source, and the exit status is 0."""
    with served(Right()) as url:
        result = verify(url, given_all=True)

    assert result.exit_code == 0
    for check in (check for check in CHECKS if check.needs is None):
        row = _row(result.output, check.sentence)
        assert row.split()[0] in ("hold", "confirmed")
        assert row.endswith(check.source)
    assert (
        "The published contract holds, in the 20 points that were checked.\nExit status 0."
        in result.output
    )


def test_a_difference_is_shown_side_by_side(verify):
    """What differs comes first, expected and actual beside each other, and the exit status is 1."""
    with served(FinalDotLost()) as url:
        result = verify(url)

    row = _row(result.output, "To a wrong retrain_job_id")
    expected, actual = row.index('"Not found retrain job."'), row.index('"Not found retrain job"  ')
    assert row.split()[0] == "differ"
    assert expected < actual
    assert (
        "2 points that the manual documents differ: the published contract is broken."
        in result.output
    )
    assert result.exit_code == 1


def test_a_log_of_ci_has_a_line_for_what_held(verify):
    """With CI set: its sentence alone; what differs in full."""
    with served(FinalDotLost()) as url:
        lines = verify(url, env={"CI": "true"}).output.splitlines()
    assert "  hold         Every answer is one JSON object." in lines
    differs = lines.index(
        "  differ       To a wrong retrain_job_id the answer is: Not found retrain job."
    )
    assert [line.split()[0] for line in lines[differs + 1 : differs + 4]] == [
        "expected", "actual", "source",
    ]  # fmt: skip
    assert max(map(len, lines)) < 200


def test_what_was_not_given_is_not_checked(verify):
    """A point without the credentials is listed with what could be given.

    It is neither a success nor a failure.
    """
    with served(Right()) as url:
        result = verify(url)

    row = _row(result.output, "To a deleted job")
    assert row.strip().startswith("not checked")
    assert "no --deleted-job-id was given" in row
    assert result.exit_code == 0


def test_a_refuted_assumption_breaks_no_contract(verify):
    """It is reported, with the lines that make the mock agree; exit 0."""
    with served(ErrorsWithStatus200()) as url:
        result = verify(url)

    assert _row(result.output, "The HTTP status of every error").split()[0] == "refuted"
    assert result.output.endswith("assumptions:\n  error_http_status: 200\n")
    assert result.exit_code == 0


def test_strict_takes_a_refuted_assumption_for_a_difference(verify):
    """With --strict it is exit 1."""
    with served(ErrorsWithStatus200()) as url:
        assert verify(url, "--strict").exit_code == 1


@pytest.mark.parametrize("arguments", [(), ("--json",), ("--watch-job",)])
def test_no_key_is_shown_even_if_the_server_echoes_it(arguments, verify, tmp_path):
    """No output holds a whole key, whatever the server writes into its answers."""
    with served(Echo()) as url:
        result = verify(
            url, *arguments, "--junit-xml", str(tmp_path / "r.xml"), given_all=True, job_id=FINISHED
        )
        shown = result.output + (tmp_path / "r.xml").read_text(encoding="utf-8")

    assert result.exit_code == 1
    for key in (ACTIVE, INACTIVE, OTHER):
        assert key not in shown
    assert "7d1e…" in result.output or "7d1e\\u2026" in result.output


def test_every_option_is_an_environment_variable(verify):
    """URL, keys and the rest may come from MOCK_P1_… instead."""
    with served(Right()) as url:
        credentials = {f"MOCK_P1_{name.upper()}": value for name, value in GIVEN.items()}
        given = {"api_key": None, "job_id": None}
        result = verify(
            url, env={**credentials, "MOCK_P1_JSON": "1", "MOCK_P1_STRICT": "1"}, **given
        )

    assert json.loads(result.output)["counts"] == {"hold": 20, "confirmed": 13}


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("127.0.0.1:8191", "did you mean http://127.0.0.1:8191?"),
        (
            f"http://127.0.0.1:8191/v1/external/retrain_jobs/{RUNNING}",
            "give http://127.0.0.1:8191 alone",
        ),
    ],
)
def test_what_is_no_base_url_is_a_usage_error(url, said, verify):
    """Exit 2, and what was probably meant."""
    result = verify(url)

    assert result.exit_code == 2
    assert said in result.output


@pytest.mark.parametrize("option", ["--every", "--limit", "--timeout"])
@pytest.mark.parametrize("value", ["soon", "-1s", "0s", "nan", ""])
def test_a_time_that_is_none_is_a_usage_error(option, value, verify):
    """A duration must be one, and longer than nothing."""
    result = verify("http://127.0.0.1:1", option, value)

    assert result.exit_code == 2
    assert option in result.output


def test_a_key_with_a_line_break_is_a_usage_error(verify):
    """Exit 2, and the key is not shown."""
    result = verify("http://127.0.0.1:1", api_key="secret\nkey")

    assert result.exit_code == 2
    assert "--api-key holds a line break" in result.output
    assert "secret" not in result.output


def test_a_watched_job_is_followed_to_its_end(verify):
    """--watch-job shows each status and transition; the finished job serves for other points."""
    service = Right()
    service.reply = lambda job: (
        Right.reply(service, FINISHED if service.polls[job] > 3 else RUNNING)
        | {"metadata": {"retrain_job_id": job}}
    )
    with served(service) as url:
        result = verify(url, "--watch-job", "--every", "1ms")

    assert f"watching {RUNNING}, a poll every 1ms" in result.output
    assert f"Watched {RUNNING}: " in result.output
    assert "it is finished" in result.output
    assert "job_running → job_finished" in result.output
    assert _row(result.output, "With job_finished comes download_url").split()[0] == "hold"
    assert result.exit_code == 0


@pytest.mark.slow
def test_a_watched_job_that_does_not_end_in_time_is_not_reached(verify):
    """When the limit comes first, that is said, and the exit status is 3."""
    with served(Right()) as url:
        result = verify(url, "--watch-job", "--every", "20ms", "--limit", "0.8s")

    assert result.exit_code == 3
    assert (
        "the end of the watched job was not seen: the limit of 0.8 s was reached" in result.output
    )


def test_the_help_page_says_what_a_refuted_assumption_does(verify):
    """The exit statuses stand in --help, each on a line of its own."""
    text = verify("http://x", "--help").output

    assert "1  one differs (with --strict: or an assumption is refuted)" in text
    assert "a refuted assumption is no broken contract" in " ".join(text.split())


def test_a_watch_that_is_stopped_is_reported(verify, monkeypatch):
    """After Ctrl-C what was seen is shown, the points are checked, and the exit status is 3."""

    def stopped(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(
        Pace.__init__, "__kwdefaults__", {**Pace.__init__.__kwdefaults__, "sleep": stopped}
    )
    with served(Right()) as url:
        result = verify(url, "--watch-job", "--every", "1h")

    assert result.exit_code == 3
    assert "the end of the watched job was not seen: it was stopped" in result.output
    assert _row(result.output, "A reply has status").split()[0] == "hold"


def test_a_run_that_is_stopped_does_not_say_that_the_contract_is_broken(verify, monkeypatch):
    """Ctrl-C is exit 130, as of any program, and never 1."""

    def stopped(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(HttpClient, "send", stopped)
    result = verify("http://127.0.0.1:1")

    assert result.exit_code == 130
    assert "Stopped before there was a verdict" in result.output
