"""Dockerfile, compose.yaml, the README and the command line agree with each other."""

import json
import re
import shlex
import tomllib
from itertools import chain
from pathlib import Path

import pytest
from helpers.strict_yaml import read_yaml
from packaging.requirements import Requirement

from mock_p1.cli import COMMANDS
from mock_p1.cli.options import DEFAULT_PORT, ENVIRONMENT
from mock_p1.cli.serve import serve
from mock_p1.cli.tls import API_NAMES, CERTIFICATE

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
SERVICES = read_yaml((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
COMPOSE = SERVICES["mock-p1"]
ALL = ("clock", "httpx", "metrics", "redis", "tls", "watch")
"""The extras that the image has: every one that is no developer's."""
STAGES = re.split(r"^(?=FROM )", DOCKERFILE, flags=re.MULTILINE)[1:]


def said(instruction, stage=-1):
    """What an instruction of a stage says; the last stage is the image."""
    return re.findall(rf"^{instruction} (.*)$", STAGES[stage], re.MULTILINE)


def environment():
    """The image's variables."""
    return dict(pair.split("=", 1) for line in said("ENV") for pair in shlex.split(line))


def docker_lines():
    """The README's commands for containers, as words."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    return [shlex.split(line) for line in readme.splitlines() if line.startswith("docker ")]


def test_the_image_holds_the_wheel_alone():
    """The first stage builds the wheel; the second copies nothing else."""
    assert len(STAGES) == 2
    assert "pip wheel" in STAGES[0]
    assert said("COPY") == ["--from=build /wheel /wheel"]


def pinned(name):
    """What a file of hashes installs: name and version, each of which must have a hash."""
    text = (ROOT / ".ci" / "image" / name).read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(re.search(r" --hash=sha256:[0-9a-f]{64}", line) for line in lines)
    return dict(re.match(r"([\w.-]+)==([\w.]+)", line).groups() for line in lines)


def test_the_base_image_is_known_by_its_digest():
    """One and the same, in compose.yaml and in the line for ``docker build``."""
    base = {stage.split()[1] for stage in STAGES if not stage.startswith("FROM build")}
    (name,) = base
    pinned_by = COMPOSE["build"]["additional_contexts"][name]
    assert re.fullmatch(rf"docker-image://{re.escape(name)}@sha256:[0-9a-f]{{64}}", pinned_by)
    assert f"--build-context {name}={pinned_by} ." in DOCKERFILE
    assert f"docker-image://{SERVICES['app']['image']}" == pinned_by


def test_what_pip_installs_is_known_by_its_hash():
    """In both stages; the wheel itself was built just before."""
    installed = [line for line in DOCKERFILE.split("&&") if "/pip install " in line]
    assert all("--require-hashes" in line or "--no-deps /wheel/*.whl" in line for line in installed)
    assert len(installed) == 3
    assert "--no-build-isolation" in STAGES[0]


def test_the_hashes_are_of_what_the_wheel_needs():
    """Each dependency, of all extras too, and what builds it, at its bound or above."""
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project = told["project"]
    assert project["optional-dependencies"]["all"] == [f"mock-p1[{','.join(ALL)}]"]
    extras = project["optional-dependencies"]
    needed = [*project["dependencies"], *chain.from_iterable(extras[name] for name in ALL)]
    for name, requirements in (
        ("run.txt", needed),
        ("build.txt", told["build-system"]["requires"]),
    ):
        versions = pinned(name)
        for each in map(Requirement, requirements):
            assert versions[each.name] in each.specifier


def test_it_runs_as_a_user_of_its_own():
    """By numbers, which Kubernetes can see not to be root's."""
    assert said("USER") == ["10001:10001"]
    assert "useradd --uid 10001 --gid 10001" in STAGES[-1]


def test_any_user_can_keep_an_authority():
    """In a folder that is neither a home's nor the working directory's."""
    folder = environment()["MOCK_P1_TLS_DIR"]
    assert f"install --directory --mode 1777 {folder}" in STAGES[-1]
    assert f"tls:{folder}" in COMPOSE["volumes"]
    assert "tls" in read_yaml((ROOT / "compose.yaml").read_text(encoding="utf-8"))["volumes"]


def test_any_user_can_keep_a_state():
    """In a folder that a new volume gets its rights from; the page shows one there."""
    assert re.search(r"install --directory --mode 1777 .*/state\b", STAGES[-1])
    assert "state:/state" in COMPOSE["volumes"]
    whole = read_yaml((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    assert "state" in whole["volumes"]
    page = (ROOT / "docs" / "state.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    service = read_yaml(shown)["services"]["mock-p1"]
    assert service["volumes"] == ["state:/state"]
    command, *arguments = service["command"]
    assert command in COMMANDS
    assert arguments.count("/state/mock.json") == 2


def test_compose_hands_on_every_variable():
    """Of the server; without a value unless there must be one.

    There must where the image has one: some engines take away what has no value. The health check
    goes by the same ones; how long it asks is Docker's to say, by `timeout` and `interval`.
    """
    options = {
        f"{ENVIRONMENT}_{parameter.name.upper()}" if parameter.envvar is None else parameter.envvar
        for parameter in serve.params
    }
    given = COMPOSE["environment"]
    assert set(given) == options
    assert {name for name, value in given.items() if value} == {
        "MOCK_P1_HOST",
        "MOCK_P1_PORT",
        "MOCK_P1_SCENARIO",
        "MOCK_P1_TLS_DIR",
    }


def test_an_app_beside_it_calls_the_documented_hosts_by_https():
    """It begins when the mock is well, and trusts the authority that the mock keeps."""
    mock, app = SERVICES["documented-host"], SERVICES["app"]
    assert app["depends_on"] == {"documented-host": {"condition": "service_healthy"}}
    assert set(mock["networks"]["default"]["aliases"]) == set(API_NAMES)
    assert (mock["environment"]["MOCK_P1_PORT"], mock["environment"]["MOCK_P1_TLS"]) == (443, 1)
    assert app["environment"]["SSL_CERT_FILE"] == f"/tls/{CERTIFICATE}"
    assert any(name in app["command"][-1] for name in API_NAMES)
    assert app["profiles"] == mock["profiles"] == ["app"]


def test_the_health_check_is_quick_to_see_a_start():
    """Every second at first, so that nobody waits ten seconds for a mock that is well."""
    assert SERVICES["mock-p1"]["healthcheck"]["start_interval"] == "1s"


def test_it_runs_the_command():
    """The entry point is mock-p1, so that what is given to `docker run` are its arguments.

    Without any it serves.
    """
    assert json.loads(said("ENTRYPOINT")[0]) == ["mock-p1"]
    assert json.loads(said("CMD")[0]) == ["serve"]
    assert "serve" in COMMANDS


def test_it_listens_on_every_address_at_the_documented_port():
    """A container that listens on its own loopback could not be reached.

    The port is that of `serve`.
    """
    assert environment()["MOCK_P1_HOST"] == "0.0.0.0"  # noqa: S104 -- what containers do
    assert {environment()["MOCK_P1_PORT"], *said("EXPOSE")} == {str(DEFAULT_PORT)}


def test_the_health_check_follows_the_port():
    """It names no port of its own: the command reads the same variables as the server."""
    (check,) = re.findall(r"HEALTHCHECK.* CMD (\[.*\])", STAGES[-1])
    assert json.loads(check) == ["mock-p1", "healthcheck"]
    assert COMPOSE["environment"]["MOCK_P1_PORT"] == "${MOCK_P1_PORT:-8191}"
    assert COMPOSE["healthcheck"]["test"] == ["CMD", "mock-p1", "healthcheck"]


def test_scenarios_are_mounted_where_it_works():
    """A file in the documented mount is named as it is, without its folder."""
    assert said("WORKDIR") == ["/scenarios"]
    assert "./scenarios:/scenarios:ro" in COMPOSE["volumes"]


def test_python_is_looked_for_on_the_path():
    """The base image may keep its Python anywhere."""
    assert not re.search(r"/usr/(local/)?bin/python", DOCKERFILE)


def test_compose_stays_on_this_machine():
    """What compose publishes is reached from this machine alone."""
    assert all(port.startswith("127.0.0.1:") for port in COMPOSE["ports"])


@pytest.mark.parametrize(
    "line", [line for line in docker_lines() if line[1] == "run"], ids=" ".join
)
def test_the_readme_s_docker_run(line):
    """Image, port and mount of the README's commands are those of the Dockerfile.

    What follows the image is ours.
    """
    assert f"{DEFAULT_PORT}:{DEFAULT_PORT}" in line
    assert all(word.endswith(f":{said('WORKDIR')[0]}:ro") for word in line if word.count(":") == 2)
    arguments = line[line.index("mock-p1") + 1 :]
    assert not arguments or arguments[0] in COMMANDS


def test_the_readme_s_docker_build_makes_what_is_run():
    """The image that is run is the one that was built, by the Dockerfile and compose alike."""
    assert ["docker", "build", "-t", "mock-p1", "."] in docker_lines()
    assert COMPOSE["image"] == "mock-p1"


def test_only_what_the_wheel_is_made_of_is_sent_to_the_builder():
    """.dockerignore lets in just what the Dockerfile copies."""
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    let_in = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    copied = {name for line in said("COPY", 0) for name in line.split()[:-1]}
    assert "*" in ignored
    assert let_in == copied


def test_uploaded_files_have_a_place_in_a_container_that_is_read_only():
    """Files beyond 1 MB go to the temporary folder."""
    assert COMPOSE["read_only"]
    assert any(mount.startswith("/tmp:") for mount in COMPOSE["tmpfs"])  # noqa: S108 -- its own
