"""The arrangements of several mocks: run for real without containers, and what they promise."""

import os
import re
import shutil
import socket
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
import requests
from helpers.redis_server import NEEDED, redis_server
from helpers.strict_yaml import read_documents, read_yaml

from mock_p1.admin.access import HEALTH, READY
from mock_p1.scenario.parser import parse
from mock_p1.server.redis_store import TIMEOUT_SECONDS

ROOT = Path(__file__).parents[2]
NGINX = shutil.which("nginx") or next(iter(Path("/usr/sbin").glob("nginx")), None)
COMPOSE = read_yaml((ROOT / "compose.cluster.yaml").read_text(encoding="utf-8"))
KUBERNETES = read_documents((ROOT / "deploy" / "kubernetes.yaml").read_text("utf-8"))
SCENARIO = "jobs: {a: {timeline: [{status: waiting, for: 60 polls}, {status: done}]}}"


@pytest.fixture
def free_port():
    """A port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


@pytest.fixture
def front(tmp_path, free_port):
    """A store, three mocks and nginx in front, as in compose.cluster.yaml; where to ask."""
    processes = []
    (tmp_path / "f.yaml").write_text(SCENARIO, encoding="utf-8")

    def start(*command):
        clean = {name: value for name, value in os.environ.items() if "MOCK_P1" not in name}
        processes.append(subprocess.Popen(command, env=clean, stdout=subprocess.PIPE, text=True))
        return processes[-1]

    with redis_server() as store:
        text = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
        mock = (sys.executable, "-m", "mock_p1", "serve", str(tmp_path / "f.yaml"), "-q")
        for number in (1, 2, 3):
            served = start(*mock, "--port", "0", "--state", store.url)
            address = re.search(r"http://(\S+)", served.stdout.readline())[1]
            text = text.replace(f"mock-{number}:8191", address)
        text = text.replace("listen 8191", f"listen 127.0.0.1:{free_port}")
        text = text.replace("/tmp/", f"{tmp_path}/")  # noqa: S108 -- as it stands there
        (tmp_path / "nginx.conf").write_text(text, encoding="utf-8")
        start(str(NGINX), "-g", "daemon off;", "-p", str(tmp_path), "-c", "nginx.conf")
        yield f"http://127.0.0.1:{free_port}", processes
        for process in processes:
            process.terminate()
        for process in processes:
            process.communicate(timeout=10)


@pytest.mark.slow
@NEEDED
@pytest.mark.skipif(NGINX is None, reason="needs nginx")
def test_three_mocks_behind_nginx(front):
    """Sixty polls see a step of sixty, whichever mock nginx takes; one may be killed."""
    url, processes = front
    with requests.Session() as client:
        client.trust_env = False

        def poll(_):
            path = f"{url}/v1/external/retrain_jobs/a"
            answer = client.get(path, headers={"x-api-key": "k"}, timeout=10)
            return answer.json()["status"] if answer.ok else answer.status_code

        while True:  # until nginx listens
            with suppress(requests.ConnectionError):
                client.get(f"{url}/__admin/health", timeout=10)
                break
        with ThreadPoolExecutor(8) as pool:
            assert Counter(pool.map(poll, range(60))) == {"waiting": 60}
        processes[0].kill()
        seen = {poll(0) for _ in range(9)}
        assert seen <= {"done", 502}
        assert "done" in seen


def test_compose_is_as_its_page_says():
    """Three mocks, one store, one port of this machine; nothing of it may write or be root."""
    services = COMPOSE["services"]
    assert {*services} == {"mock-1", "mock-2", "mock-3", "front", "store"}
    for service in services.values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["healthcheck"]
    ports = [port for service in services.values() for port in service.get("ports", ())]
    assert ports == ["127.0.0.1:8191:8191"]
    conf = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    assert set(re.findall(r"server (mock-\d):8191", conf)) == {*services} - {"front", "store"}


def test_the_manifests_hang_together():
    """Every selector finds its pods, every port its container's, every name what it names."""
    kinds = Counter(each["kind"] for each in KUBERNETES)
    assert kinds == {"Secret": 1, "ConfigMap": 1, "Deployment": 1, "StatefulSet": 1, "Service": 2}
    sets = {each["metadata"]["name"]: each["spec"] for each in KUBERNETES if "Set" in each["kind"]}
    sets |= {e["metadata"]["name"]: e["spec"] for e in KUBERNETES if e["kind"] == "Deployment"}
    for service in (each for each in KUBERNETES if each["kind"] == "Service"):
        spec = sets[service["metadata"]["name"]]
        labels = spec["template"]["metadata"]["labels"]
        assert labels == service["spec"]["selector"] == spec["selector"]["matchLabels"]
        [container] = spec["template"]["spec"]["containers"]
        names = {port["name"] for port in container["ports"]}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= names
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert spec["template"]["spec"]["securityContext"]["runAsNonRoot"] is True
        assert container["readinessProbe"]
    mock = sets["mock-p1"]["template"]["spec"]["containers"][0]
    assert mock["args"][-1] == "redis://mock-p1-store:6379"
    assert sets["mock-p1"]["replicas"] > 1


def test_each_scenario_of_compose_has_a_state():
    """By its name, unless one is given: so another one may be played after the first."""
    for number in (1, 2, 3):
        name = COMPOSE["services"][f"mock-{number}"]["environment"]["MOCK_P1_STATE_NAME"]
        assert name == "${MOCK_P1_STATE_NAME:-${MOCK_P1_SCENARIO:-demo}}"


def test_each_rollout_has_a_state():
    """Which all of its pods, and no others, agree on; and none plays beside those of another."""
    (spec,) = (each["spec"] for each in KUBERNETES if each["kind"] == "Deployment")
    (mock,) = spec["template"]["spec"]["containers"]
    given = {each["name"]: each["valueFrom"] for each in mock["env"]}
    path = "metadata.labels['pod-template-hash']"
    assert given["MOCK_P1_STATE_NAME"] == {"fieldRef": {"fieldPath": path}}
    assert spec["strategy"] == {"type": "Recreate"}


def test_pods_wait_for_the_store():
    """Since a mock without one ends, and the cluster would start it again later and later."""
    (spec,) = (each["spec"] for each in KUBERNETES if each["kind"] == "Deployment")
    (wait,) = spec["template"]["spec"]["initContainers"]
    assert "mock-p1-store" in wait["command"][-1]
    assert wait["securityContext"]["readOnlyRootFilesystem"] is True


def test_pods_that_cannot_answer_are_asked_nothing():
    """While the store is down they are not ready; but no pod is restarted for that."""
    (spec,) = (each["spec"] for each in KUBERNETES if each["kind"] == "Deployment")
    (mock,) = spec["template"]["spec"]["containers"]
    asked = {kind: mock[f"{kind}Probe"]["httpGet"]["path"] for kind in ("liveness", "readiness")}
    assert asked == {"liveness": HEALTH, "readiness": READY}
    assert mock["readinessProbe"]["timeoutSeconds"] > TIMEOUT_SECONDS


def test_the_scenario_of_the_manifest_can_be_played():
    """It is in the ConfigMap that the pods have at /scenarios."""
    (config,) = (each for each in KUBERNETES if each["kind"] == "ConfigMap")
    (spec,) = (each["spec"] for each in KUBERNETES if each["kind"] == "Deployment")
    for name, text in config["data"].items():
        assert parse(text, name).jobs
    pod = spec["template"]["spec"]
    assert {"name": "scenarios", "configMap": {"name": config["metadata"]["name"]}} in pod[
        "volumes"
    ]
    (mock,) = pod["containers"]
    assert {"name": "scenarios", "mountPath": "/scenarios"} in mock["volumeMounts"]
