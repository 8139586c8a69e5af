"""docs/serving.md is true: keys of the first line, options, and what the cluster is told."""

import json
import re
from pathlib import Path

import requests
from helpers.sequence_client import SequenceClient
from helpers.strict_yaml import read_yaml

import mock_p1.cli
from mock_p1 import mocked
from mock_p1.admin.access import HEALTH, METRICS, READY
from mock_p1.admin.context import AdminContext
from mock_p1.analysis.lint import lint_warnings
from mock_p1.base.clock import RealClock, VirtualClock
from mock_p1.base.messages import Request
from mock_p1.cli.healthcheck import healthcheck
from mock_p1.cli.log_lines import FORMATS, Lines
from mock_p1.cli.options import DEFAULT_PORT
from mock_p1.cli.serve import serve
from mock_p1.cli.startup_message import Address, as_json
from mock_p1.engine.acts import SharedEngine
from mock_p1.engine.engine import Engine
from mock_p1.scenario.files import load_scenario
from mock_p1.scenario.parser import parse
from mock_p1.server.app import create_app_for

PAGE = (Path(__file__).parents[2] / "docs" / "serving.md").read_text(encoding="utf-8")
OTHERS = {
    "--ca-file",
    "--from-file",
    "--health-start-interval",
    "--overallRate",
    "--profile",
    "--start-interval",
}
"""Options of other programs."""


def named_in(head):
    """The names in backticks of the first column of a table."""
    table = PAGE.partition(f"\n| {head} |")[2].partition("\n\n")[0]
    cells = re.findall(r"^\| (`[^|]*) \| ", table, re.MULTILINE)
    return [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]


def test_every_key_of_the_first_line_is_there():
    """Whoever reads it as a program looks here."""
    line = as_json(Engine(load_scenario("demo")), Address("http://127.0.0.1:1"), [])
    assert set(json.loads(line)) == set(named_in("key of the first line | holds"))


def test_every_key_of_a_request_is_there():
    """As the log in JSON has them, with what tells the kinds apart."""
    engine = Engine(load_scenario("demo"), VirtualClock())
    engine.handle(Request("GET", "/v1/external/retrain_jobs/retrain-001"))
    lines = Lines(FORMATS["json"], engine.clock)
    line = lines.of((entry, 1_000_000_000.0) for entry in engine.journal)
    assert set(json.loads(line)) - {"event"} == set(named_in("key of a request | holds"))


def test_every_event_of_the_log_is_there():
    """All that the command line writes as JSON."""
    cli = Path(mock_p1.cli.__file__).parent
    text = (cli / "log_lines.py").read_text(encoding="utf-8")
    written = set(re.findall(r'"event": "(\w+)"', text))
    table = PAGE.partition("\n| `event` | when | keys |")[2].partition("\n\n")[0]
    named = re.findall(r"`(\w+)`", " ".join(re.findall(r"^\| ([^|]*) \|", table, re.MULTILINE)))
    assert written | {"serving", "poll", "request"} == set(named)


def test_every_metric_is_there():
    """By the name that Prometheus has it by."""
    engine = SharedEngine(load_scenario("demo"), RealClock())
    client = create_app_for(engine, AdminContext(engine)).test_client()
    told = re.findall(r"^# TYPE (\w+) ", client.get("/__admin/metrics").text, re.MULTILINE)
    assert set(told) == set(named_in("metric | counts"))


def test_every_option_exists():
    """Of the server and of its health check."""
    known = {
        name for each in (serve, healthcheck) for option in each.params for name in option.opts
    }
    assert set(re.findall(r"`(--[a-z][a-zA-Z-]+)", PAGE)) - OTHERS <= known | {"--help"}


def block(name):
    """The YAML of a block, by the name that stands before it."""
    return read_yaml(re.search(rf"<!-- {name} -->\n```yaml\n(.*?)```", PAGE, re.DOTALL)[1])


def test_the_story_of_the_demonstration_gives_two_uploads_two_fates():
    """The first one is finished after its two hours, the second one fails after half of one."""
    text = re.search(r"<!-- story -->\n```yaml\n(.*?)```", PAGE, re.DOTALL)[1]
    scenario = parse(text, "story.yaml")
    assert lint_warnings(scenario) == []
    with mocked(scenario) as mock:
        for span in ("2h", "30m"):
            client = SequenceClient(mock.url, "demo-secret")
            client.fetch_key()
            job, url = client.ask_for_upload("train.csv")
            client.upload(url, b"a,b\n1,2\n")
            mock.advance(span)
            headers = {"x-api-key": client.key}
            requests.get(f"{mock.url}/v1/external/retrain_jobs/{job}", headers=headers, timeout=10)
        polls = mock.polls()
    assert [(poll.job_id, poll.outcome) for poll in polls] == [
        ("retrain-101", "job_finished"),
        ("retrain-102", "job_failed"),
    ]


def test_what_a_cluster_is_told():
    """It is YAML, its command and paths are ours."""
    pod = block("pod")
    (container,) = pod["containers"]
    assert container["args"][0] == "serve"
    asked = {kind: container[f"{kind}Probe"]["httpGet"] for kind in ("readiness", "liveness")}
    assert {kind: each["path"] for kind, each in asked.items()} == {
        "readiness": READY,
        "liveness": HEALTH,
    }
    assert {each["port"] for each in asked.values()} == {DEFAULT_PORT}
    assert {each["name"] for each in container["volumeMounts"]} == {
        each["name"] for each in pod["volumes"]
    }


def test_what_prometheus_is_told():
    """Its path and port are ours."""
    (job,) = block("prometheus.yml")["scrape_configs"]
    assert job["metrics_path"] == METRICS
    assert job["static_configs"] == [{"targets": [f"mock-p1:{DEFAULT_PORT}"]}]
    assert PAGE.count("```yaml") == 3
