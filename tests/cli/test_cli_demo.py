"""``mock-p1 demo``: what a newcomer sees."""

import re
from textwrap import dedent

import pytest
from click.testing import CliRunner

from mock_p1.cli import demo as module
from mock_p1.cli import main
from mock_p1.cli.options import DEFAULT_HOST, DEFAULT_PORT
from mock_p1.cli.startup_message import curl
from mock_p1.contract.errors import DOCUMENTED_ERRORS
from mock_p1.contract.operations import RETRAIN_STATUS_CHECK
from mock_p1.engine.engine import Engine
from mock_p1.scenario.files import load_scenario

FAST = ("demo", "--speed", "100")


@pytest.fixture(scope="module")
def shown():
    """What the demonstration prints where it is piped, at a hundred times its speed."""
    result = CliRunner().invoke(main, FAST, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_the_job_is_polled_to_its_end(shown):
    """The job is seen waiting twice, then running, then finished.

    Each poll on a line with its time. It runs for 40 ms, which a busy machine may miss.
    """
    statuses = re.findall(r"^ +\d+\.\d s  (\w+)", shown, re.MULTILINE)
    assert statuses[:2] == ["job_waiting", "job_waiting"]
    assert statuses[-1] == "job_finished"
    assert set(statuses[2:-1]) <= {"job_running"}


def test_the_time_is_the_demonstrations(shown):
    """At any speed polls are about a second of the demonstration apart; it takes less than 15."""
    times = [float(time) for time in re.findall(r"^ +(\d+\.\d) s  job", shown, re.MULTILINE)]
    assert times == sorted(times)
    assert times[1] >= 1


def test_the_result_is_downloaded_and_shown(shown):
    """The three files of the result are named, each with its first lines."""
    for name, head in (
        ("metrics.csv", "metric,value"),
        ("analysis_summary.csv", "item,value"),
        ("evaluation_raw_data.csv", "row,actual,predicted,probability"),
    ):
        assert re.search(rf"    {re.escape(name)} \(\d+ lines\)\n      {head}\n", shown)


def test_the_whole_sequence_is_played(shown):
    """Each call stands there in its order, with its URL; the two links are used as they came."""
    calls = re.findall(r"^  (GET|PUT) http://127\.0\.0\.1:\d+(/\S+)$", shown, re.MULTILINE)
    job = re.search("retrain_job_id: (.+)", shown)[1]
    link = re.search(r"download_url: http://[^/]+(/\S+)", shown)[1]
    jobs = "/v1/external/retrain_jobs"
    assert calls[0] == ("GET", "/v1/external/api-key?credential_type=retrain&model_id=4821")
    assert calls[1] == ("GET", f"{jobs}/upload_url?filename=train.csv")
    assert calls[2][0] == "PUT"
    assert re.fullmatch(rf"/uploads/\w+/{job}/train\.csv", calls[2][1])
    assert calls[3:] == [
        ("GET", f"{jobs}/{job}"),
        ("GET", link),
        ("PUT", f"{jobs}/{job}/update_model"),
    ]


def test_what_was_got_and_sent(shown):
    """A key and its end, the size of the file, and the answer to the switch."""
    uuid = "[0-9a-f-]{36}"
    assert re.search(rf"\n  api_key: {uuid}  end_date: \d{{4}}-\d\d-\d\dT", shown)
    assert "\n  HTTP 200; 1,818 bytes sent: now the job begins\n" in shown
    switched = rf'\n  HTTP 200, {{"metadata": {{"retrain_job_id": "{uuid}"}}}}\n'
    assert re.search(switched, shown)


MET = [*RETRAIN_STATUS_CHECK.errors, "model_id_is_required", "retrain_job_is_not_finished"]


@pytest.mark.parametrize("error", MET)
def test_documented_errors_are_met(shown, error):
    """Each message stands on a line with its HTTP status, to the letter."""
    assert re.search(rf"  400   {re.escape(DOCUMENTED_ERRORS[error].message)}\n", shown)


def test_what_tells_the_errors_apart(shown):
    """It says that they share one code."""
    assert (
        "All are 4001000204 PREDA_EXTERNAL_BAD_REQUEST: only the message tells them apart." in shown
    )


@pytest.mark.parametrize(
    "command", ["serve", "scenarios", "explain demo", "check my-scenario.yaml"]
)
def test_what_next(shown, command):
    """It ends with commands to try next."""
    assert f"\n  mock-p1 {command} " in shown.partition("What next")[2]


def test_the_curl_line_is_the_one_of_serve(shown):
    """The curl line it shows is the one that `serve` prints on its own port."""
    (line,) = re.findall(r"^  (curl\S* .*)$", shown, re.MULTILINE)
    assert line == curl(Engine(load_scenario("demo")), f"http://{DEFAULT_HOST}:{DEFAULT_PORT}")


@pytest.mark.slow
def test_the_test_it_shows_passes(shown, pytester):
    """The pytest test that it shows, copied into a file, passes."""
    copied = dedent(shown.partition("no waiting:")[2])
    pytester.makepyfile(copied)
    pytester.runpytest_subprocess("-p", "no:randomly").assert_outcomes(passed=1)


def test_piped_output_is_plain(shown):
    """Piped, it is plain ASCII lines: no colour, no moving cursor, no blanks at the ends."""
    assert shown.isascii()
    assert "\x1b" not in shown
    assert "\r" not in shown
    assert all(line == line.rstrip() for line in shown.splitlines())


def test_a_japanese_console(run):
    """A console of code page 932 is no reason to fail."""
    assert run(*FAST, charset="cp932").exit_code == 0


def test_on_a_terminal(run, monkeypatch):
    """On a terminal there is colour, and progress while it waits."""
    result = run(*FAST, env={"FORCE_COLOR": "1", "TERM": "xterm"})
    assert "\x1b[1m" in result.output
    assert "  polling " in result.output


def test_no_color(run):
    """NO_COLOR keeps a terminal free of colour."""
    result = run(*FAST, env={"FORCE_COLOR": "1", "TERM": "xterm", "NO_COLOR": "1"})
    assert "  polling " in result.output
    assert not re.search(r"\x1b\[3\d", result.output)


def test_a_proxy_is_passed_by(run):
    """A proxy of this machine does not come between the client and the server."""
    assert (
        run(
            *FAST, env={"HTTP_PROXY": "http://127.0.0.1:1", "http_proxy": "http://127.0.0.1:1"}
        ).exit_code
        == 0
    )


def test_interrupted(run, monkeypatch):
    """Ctrl-C ends it without a traceback, and ends its server."""

    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(module.time, "sleep", interrupt)
    result = run("demo")
    assert (result.exit_code, "Traceback" in result.output) == (1, False)
    assert "Traceback" not in result.output


def test_no_port_to_be_had(run, monkeypatch):
    """Where no server can be started, one line says so."""

    def refuse(*_, **__):
        raise OSError("no port to be had")

    monkeypatch.setattr("mock_p1.server.server.Server.__init__", refuse)
    result = run("demo")
    assert (result.exit_code, result.output) == (
        1,
        "the demonstration broke off: no port to be had\n",
    )
