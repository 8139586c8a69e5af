"""What `serve` refuses: it starts nothing, and says why and what to do."""

import json
import os
import socket

import pytest


@pytest.fixture
def taken():
    """A port that something listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield str(listening.getsockname()[1])


@pytest.fixture(autouse=True)
def _never_serves(monkeypatch):
    """A server that would start after all fails the test."""
    monkeypatch.setattr("mock_p1.server.server.Server.run", lambda _: pytest.fail("it served"))


def test_port_in_use(run, taken):
    """A port in use: exit 1, which one, and how to get another."""
    result = run("serve", "--port", taken)
    assert result.exit_code == 1
    assert result.output.startswith(f"cannot listen on 127.0.0.1:{taken}: ")
    assert "--port 0 for any free port" in result.output


def test_what_is_refused_is_json_where_the_log_is(run, taken, tmp_path):
    """A port in use, a broken scenario, a state that is none: an object a line, on stderr."""
    broken = tmp_path / "broken.yaml"
    broken.write_text("jobs: {a: {timeline: [{status: x, fro: 1s}], b: {}}}", encoding="utf-8")
    for told, *options in (
        ("cannot listen on", "--port", taken),
        ("unknown key 'fro'", str(broken)),
        ("there is no such file", "--load", str(tmp_path / "none.json")),
    ):
        result = run("serve", "--log-format", "json", *options)
        (line,) = result.stderr.splitlines()
        said = json.loads(line)
        assert (result.exit_code, result.stdout, said["event"]) == (1, "", "failed")
        assert told in said["message"]


@pytest.mark.parametrize("host", ["300.1.1.1", "192.0.2.1", "no such host", "ü" * 100, "a\0b"])
def test_host_that_is_not_ours(run, host):
    """A host that cannot be listened on: exit 1 and one line, never a traceback."""
    result = run("serve", "--port", "0", "--host", host)
    assert (result.exit_code, result.output.startswith("cannot listen on ")) == (1, True)


@pytest.mark.parametrize("speed", ["0", "-1", "inf", "-inf", "nan", "1000001", "fast"])
def test_speed(run, speed):
    """A speed that no clock can have is a usage error."""
    result = run("serve", "--speed", speed)
    assert (result.exit_code, "--speed" in result.output) == (2, True)


@pytest.mark.parametrize("port", ["-1", "65536", "http", "8191.5"])
def test_port(run, port):
    """A port that is none is a usage error."""
    result = run("serve", "--port", port)
    assert (result.exit_code, "--port" in result.output) == (2, True)


@pytest.mark.parametrize(
    "wrong",
    [
        ["--journal-max", "-1"],
        ["--journal-max", "1000001"],
        ["--seed", "x"],
        ["--keep-alive", "10"],
        ["--cors", "app.example/page"],
        ["--public-url", "gw.example"],
        ["--trusted-proxies", "10.0.0"],
        ["--keep-alive", "soon"],
        ["--jobs-max", "0"],
        ["--jobs-max", "many"],
        ["--upload-max", "0"],
        ["--upload-max", "1.5MB"],
        ["--upload-max", "100MiB"],
        ["--upload-max", "much"],
        ["--log-format", "xml"],
        ["a", "b", "--watch"],
    ],
    ids=" ".join,
)
def test_usage(run, wrong):
    """So is anything else that an option cannot be, and a second file to watch."""
    assert run("serve", *wrong).exit_code == 2


@pytest.mark.parametrize("option", ["--public-url", "--trusted-proxies", "--cors"])
def test_only_the_option_that_is_wrong_is_blamed(run, option):
    """Though two of them are read together."""
    good = {"--public-url": "http://gw.example", "--trusted-proxies": "10.0.0.0/8", "--cors": "*"}
    given = [each for pair in {**good, option: "x"}.items() for each in pair]
    error = run("serve", *given).output.splitlines()[-1]
    assert error.startswith(f"Error: Invalid value for {option}: 'x' is no ")
    assert [other for other in good if other != option and other in error] == []


def test_an_option_that_there_is_not(run):
    """Only what is much like it is suggested, whatever click would say: --tls has its dashes."""
    error = run("serve", "--prt", "1").output.splitlines()[-1]
    assert "--port" in error
    assert "--tls" not in error


def test_unknown_scenario(run):
    """An unknown scenario: exit 1, what there is, the near match."""
    result = run("serve", "slow-trainin")
    assert result.exit_code == 1
    assert "bundled: all-errors, " in result.output
    assert result.output.endswith("did you mean slow-training?\n")


def test_scenario_from_the_environment(run):
    """MOCK_P1_SCENARIO names the scenario where the command line does not."""
    assert run("serve", env={"MOCK_P1_SCENARIO": "nosuch"}).output.startswith(
        "nosuch: no such file"
    )


def test_several_from_the_environment(run):
    """As PATH has several."""
    both = run("serve", env={"MOCK_P1_SCENARIO": f"demo{os.pathsep}demo"})
    assert "demo.yaml:1:1: " not in both.output
    assert "stands in demo.yaml:" in both.output


def test_folder(run, tmp_path):
    """A folder without scenario files is not a scenario."""
    result = run("serve", str(tmp_path))
    assert (result.exit_code, "is a folder" in result.output) == (1, True)


def test_bad_scenario(run, tmp_path):
    """A scenario with problems: every one of them, as `check` names them, and exit 1."""
    bad = tmp_path / "bad.yaml"
    bad.write_text("descripton: x\njobs:\n  a: {error: job_may_be_delted}\n", encoding="utf-8")
    served, checked = run("serve", str(bad)), run("check", str(bad))
    assert served.exit_code == 1
    assert served.output.splitlines() == checked.output.splitlines()[:-1]
