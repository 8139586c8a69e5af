"""What CI of other repositories uses: the action's scripts run, examples and hooks are right."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from helpers.strict_yaml import read_yaml

from mock_p1.cli import COMMANDS
from mock_p1.cli.options import DEFAULT_PORT
from mock_p1.scenario.files import bundled

ROOT = Path(__file__).parents[2]
CI = ROOT / "examples" / "ci"
ACTION = read_yaml((ROOT / "action.yml").read_text(encoding="utf-8"))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


class Runner:
    """Does what GitHub's runner does for a step of a composite action: variables and outputs."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "temp").mkdir()
        program = folder / "bin" / "mock-p1"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m mock_p1 "$@"\n', "utf-8")
        program.chmod(0o755)

    def use(self, path=None, **given):
        """Run the action with these inputs; return how it ended, what it said, its outputs.

        It finds no programs but those of ``path``, if that is given.
        """
        inputs = {name: each["default"] for name, each in ACTION["inputs"].items()} | given
        output = self.folder / "output"
        output.write_text("", encoding="utf-8")
        (step,) = [each for each in ACTION["runs"]["steps"] if holds(each["if"], inputs)]
        handed = {
            name: inputs[re.fullmatch(r"\$\{\{ inputs\.(\w+) \}\}", value)[1]]
            for name, value in step.get("env", {}).items()
        }
        done = subprocess.run(
            [shutil.which("bash"), "-e", "-o", "pipefail", "-c", step["run"]],
            env={
                **{k: v for k, v in os.environ.items() if not k.startswith("MOCK_P1_")},
                "PATH": path or f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
                "RUNNER_TEMP": str(self.folder / "temp"),
                "GITHUB_ACTION_PATH": str(ROOT),
                "GITHUB_OUTPUT": str(output),
                "GITHUB_PATH": str(self.folder / "path"),
                **handed,
            },
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", timeout=60,
            check=False,
        )  # fmt: skip
        said = dict(line.split("=", 1) for line in output.read_text(encoding="utf-8").splitlines())
        return done.returncode, done.stdout, said


def holds(condition, inputs):
    """Judge one of the two conditions that the steps have."""
    left, operator, right = condition.split()
    same = inputs[left.removeprefix("inputs.")] == right.strip("'")
    return same if operator == "==" else not same


@pytest.fixture
def runner(tmp_path):
    """A runner; what it has started is stopped at the end."""
    runner = Runner(tmp_path)
    yield runner
    runner.use(stop="true")


@pytest.mark.slow
@pytest.mark.posix
@pytest.mark.skipif(shutil.which("bash") is None, reason="the action's scripts are for bash")
def test_the_action_starts_a_mock_and_stops_it(runner):
    """Its outputs lead to a mock that is well, with the options given; stopped, it is gone."""
    status, said, outputs = runner.use(scenario="stuck", port="0", options="--speed 60 --no-admin")
    assert status == 0, said
    assert outputs["url"] == f"http://127.0.0.1:{outputs['port']}"
    url = f"{outputs['url']}/v1/external/retrain_jobs/retrain-001"
    with requests.Session() as session:
        session.trust_env = False
        assert session.get(url, headers={"x-api-key": "k"}, timeout=10).ok
        assert "60 times real time" in Path(outputs["log"]).read_text(encoding="utf-8")
        status, said, _ = runner.use(stop="true")
        assert (status, "GET /v1/external" in said or "job_waiting" in said) == (0, True), said
        with pytest.raises(requests.ConnectionError):
            session.get(url, timeout=10)


@pytest.mark.posix
@pytest.mark.skipif(shutil.which("bash") is None, reason="the action's scripts are for bash")
def test_an_action_that_cannot_start_says_why(runner):
    """The step fails, with the mock's own words as an annotation."""
    status, said, outputs = runner.use(scenario="stcuk", port="0")
    assert (status, outputs) == (1, {})
    assert re.search(r"::error::the mock did not start: .*did you mean stuck\?", said)


@pytest.mark.slow
@pytest.mark.posix
@pytest.mark.skipif(shutil.which("bash") is None, reason="the action's scripts are for bash")
def test_a_broken_scenario_is_marked_where_it_is_broken(runner):
    """Each problem of the file is an annotation of its line."""
    file = runner.folder / "wrong.yaml"
    file.write_text("jobs:\n  a: {timeline: [{status: x, fro: 1s}]}\n", encoding="utf-8")
    status, said, _ = runner.use(scenario=str(file), port="0")
    assert status == 1
    assert re.search(r"::error file=\S*wrong\.yaml,line=2,", said), said


@pytest.mark.posix
@pytest.mark.skipif(shutil.which("bash") is None, reason="the action's scripts are for bash")
def test_an_action_without_python_says_what_it_needs(runner):
    """Before it has installed anything."""
    programs = runner.folder / "few"
    programs.mkdir()
    for name in ("bash", "mktemp"):
        (programs / name).symlink_to(shutil.which(name))
    status, said, _ = runner.use(path=str(programs), port="0")
    assert status == 1
    assert "::error::mock-p1 needs Python 3.11 or newer" in said


@pytest.mark.slow
@pytest.mark.posix
@pytest.mark.skipif(shutil.which("bash") is None, reason="the action's scripts are for bash")
def test_options_may_stand_on_several_lines(runner):
    """Each is given to the server; with --tls the authority's file is an output."""
    options = f"--no-admin\n--tls\n--tls-dir {runner.folder / 'tls'}\n"
    status, said, outputs = runner.use(scenario="stuck", port="0", options=options)
    assert status == 0, said
    assert outputs["url"] == f"https://127.0.0.1:{outputs['port']}"
    assert Path(outputs["authority"]).is_file()
    url = f"{outputs['url']}/__admin/health"
    with requests.Session() as session:
        session.trust_env = False
        assert session.get(url, verify=outputs["authority"], timeout=10).status_code == 404


def test_the_action_s_outputs_are_those_of_its_script():
    """Each is written by start.sh, which reads every variable that it is given."""
    script = (ROOT / ".github" / "action" / "start.sh").read_text(encoding="utf-8")
    written = re.findall(r'echo "(\w+)=', script)
    values = {name: each["value"] for name, each in ACTION["outputs"].items()}
    assert values == {name: f"${{{{ steps.start.outputs.{name} }}}}" for name in written}
    start = ACTION["runs"]["steps"][0]
    assert all(f"${name}" in script or f"${{{name}" in script for name in start["env"])


@pytest.mark.parametrize("path", [*WORKFLOWS, ROOT / "action.yml"], ids=lambda path: path.name)
def test_no_input_is_written_into_a_script(path):
    """What others may choose reaches a shell by variables alone."""
    text = path.read_text(encoding="utf-8")
    for script in re.findall(r"run: (?:\|\n((?: {10}.*\n)+)|(.*)\n)", text):
        assert "${{" not in "".join(script)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_pinned(path):
    """By commit, with its version beside it; none is given more than it says it needs."""
    text = path.read_text(encoding="utf-8")
    used = re.findall(r"uses: (\S+)(.*)", text)
    for name, remark in used:
        assert name == "./" or re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", name), name
        assert name == "./" or re.fullmatch(r"  # v\d+\.\d+\.\d+", remark), name
    assert read_yaml(text)["permissions"] == {}


def test_the_matrix_has_every_system_and_python():
    """Three systems; each Python that the package says it runs on."""
    tests = read_yaml((ROOT / ".github/workflows/tests.yml").read_text(encoding="utf-8"))
    matrix = tests["jobs"]["tests"]["strategy"]["matrix"]
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert matrix["python"] == re.findall(r'"Programming Language :: Python :: (3\.\d+)"', project)
    assert [name.partition("-")[0] for name in matrix["os"]] == ["ubuntu", "macos", "windows"]


def test_a_release_says_where_it_comes_from():
    """Wheel and image are attested; the image has an SBOM, for two processors; no password."""
    text = (ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8")
    jobs = read_yaml(text)["jobs"]
    assert jobs["publish"]["permissions"] == {"id-token": "write"}
    (image,) = [step for step in jobs["image"]["steps"] if step.get("id") == "build"]
    assert image["with"]["platforms"] == "linux/amd64,linux/arm64"
    assert image["with"]["sbom"] is True
    assert text.count("attest-build-provenance@") == 2
    assert set(re.findall(r"secrets\.(\w+)", text)) == {"GITHUB_TOKEN"}


@pytest.mark.slow
@pytest.mark.posix
@pytest.mark.skipif(shutil.which("bash") is None, reason="GitHub's runner has bash")
def test_the_image_of_an_owner_with_capitals_has_a_name(tmp_path):
    """Registries refuse capital letters; every step takes the name from the first one."""
    text = (ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8")
    assert "github.repository }}" not in text
    first, *_ = read_yaml(text)["jobs"]["image"]["steps"]
    written = tmp_path / "env"
    env = {"GITHUB_REPOSITORY": "Some-Owner/Mock-P1", "GITHUB_ENV": str(written)}
    subprocess.run([shutil.which("bash"), "-e", "-c", first["run"]], env=env, check=True)
    assert written.read_text(encoding="utf-8") == "IMAGE=ghcr.io/some-owner/mock-p1\n"


def test_a_team_s_workflow_is_fifteen_lines_long():
    """With the mock as a service, whose port and scenario are right."""
    text = (CI / "github.yml").read_text(encoding="utf-8")
    assert len(text.splitlines()) == 15
    service = read_yaml(text)["jobs"]["test"]["services"]["mock-p1"]
    assert service["ports"] == [f"{DEFAULT_PORT}:{DEFAULT_PORT}"]
    assert service["env"]["MOCK_P1_SCENARIO"] in bundled()


def test_the_example_of_the_action_gives_inputs_that_it_has():
    """And reads an output that it has."""
    text = (CI / "github-action.yml").read_text(encoding="utf-8")
    steps = read_yaml(text)["jobs"]["test"]["steps"]
    given = [step["with"] for step in steps if "mock-p1@" in step.get("uses", "")]
    assert {name for each in given for name in each} <= {*ACTION["inputs"]}
    assert {*re.findall(r"steps\.mock\.outputs\.(\w+)", text)} <= {*ACTION["outputs"]}


def test_gitlab_and_jenkins():
    """Both play a bundled scenario, and ask the mock at its port."""
    for name in ("gitlab-ci.yml", "Jenkinsfile"):
        text = (CI / name).read_text(encoding="utf-8")
        assert re.search(r"MOCK_P1_SCENARIO[:=] ?([\w-]+)", text)[1] in bundled()
        assert f"mock-p1:{DEFAULT_PORT}" in text


def test_the_pre_commit_hook_checks_scenarios():
    """It runs a command of ours, on files that are scenarios by their folder and name."""
    (hook,) = read_yaml((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    program, command = shlex.split(hook["entry"])
    assert (program, command in COMMANDS) == ("mock-p1", True)
    files = [f"scenarios/{path.name}" for path in (ROOT / "scenarios").iterdir()]
    taken = [
        name
        for name in [*files, "src/app.yaml", "tests/scenarios/a.yml"]
        if re.search(hook["files"], name) and not re.search(hook["exclude"], name)
    ]
    assert sorted(taken) == sorted([*(f"scenarios/{name}.yaml" for name in bundled()),
                                    "tests/scenarios/a.yml"])  # fmt: skip


def test_what_npm_installs_is_one_version():
    """The linter of workflows is pinned, as the browser's and OpenAPI's tools are."""
    package = json.loads((ROOT / ".ci/workflows/package.json").read_text(encoding="utf-8"))
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", each) for each in package["dependencies"].values())
