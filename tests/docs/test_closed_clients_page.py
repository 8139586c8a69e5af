"""docs/closed-clients.md: with what the page has one type, each client trusts the mock."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mock_p1.cli.clean import clean
from mock_p1.cli.local_authority import local_context
from mock_p1.cli.serve import serve
from mock_p1.cli.tls import API_NAMES, CERTIFICATE
from mock_p1.engine.engine import Engine
from mock_p1.scenario.files import load_scenario
from mock_p1.server.server import Server, ServerThread

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "closed-clients.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| (.+?) \| `(export .+?)` \|$", PAGE, re.MULTILINE))
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
JAVA = next(code for _, code in BLOCKS if "keytool" in code)
CLIENTS = ROOT / "tests" / "clients"

BY_PYTHON = "import {0}, sys; print({0}.get(sys.argv[1], headers={{'x-api-key': 'k'}}).text)"
BY_NODE = """fetch(process.argv[1], {headers: {"x-api-key": "k"}})
.then((reply) => reply.text()).then(console.log)"""
CALLS = {
    "curl": ["curl", "-sS", "-H", "x-api-key: k"],
    "Python, `requests`": [sys.executable, "-c", BY_PYTHON.format("requests")],
    "Python, `httpx` and `urllib`": [sys.executable, "-c", BY_PYTHON.format("httpx")],
    "Node": ["node", "-e", BY_NODE],
    "Go, on Linux": ["go", "run", str(CLIENTS / "poll.go")],
    "Java": ["java", str(CLIENTS / "Poll.java")],
}
NOT_RUN = {
    ".NET, on Linux": "no registry that this project uses has its SDK; .NET asks OpenSSL there, "
    "which reads this variable",
    "powershell": "it changes the certificates of the user who runs the tests, on Windows alone",
    "security": "it changes the keychain of the user who runs the tests, on macOS alone",
    "sudo": "it changes the system that runs the tests",
    "--port 443": "the port may be taken; `serve --tls` is tested by tests/cli",
    "https://": "it asks by the documented host, which leads here after step 2 alone",
}
"""What stands on the page and is not run, and why."""


@pytest.fixture
def secure(tmp_path):
    """The mock by HTTPS; its URL, and the file that is to be trusted."""
    secured = local_context(tmp_path / "tls")
    engine = Engine(load_scenario("happy-path"))
    with ServerThread(Server(engine, host="localhost", tls=secured.context)) as running:
        yield f"https://localhost:{running.server.port}", tmp_path / "tls" / CERTIFICATE


@pytest.mark.slow
@pytest.mark.posix
@pytest.mark.parametrize("client", CALLS)
def test_a_client_trusts_the_mock_by_what_is_typed(secure, tmp_path, client):
    """And does not before."""
    call, (url, authority) = CALLS[client], secure
    for program in (call[0], "bash", *(["keytool", "javac"] if client == "Java" else [])):
        if shutil.which(program) is None:
            pytest.skip(f"needs {program}, which is not installed here")
    job = f"{url}/v1/external/retrain_jobs/retrain-001"
    more = ["1", "0", "GET", ""] if Path(call[-1]).suffix in (".go", ".java") else []

    def asked(typed):
        script = f'CA={authority}\n{typed}\n"$@"'
        done = subprocess.run(
            ["bash", "-c", script, "bash", *call, job, *more],
            env={**os.environ, "GOCACHE": str(tmp_path / "go")},
            cwd=tmp_path, capture_output=True, encoding="utf-8", timeout=300, check=False,
        )  # fmt: skip
        return "job_waiting" in done.stdout

    assert not asked("")
    assert asked(JAVA if client == "Java" else ROWS[client])


def test_nothing_stands_here_that_is_not_run_without_a_reason():
    """Each row and block is one of the above."""
    assert ROWS.keys() - CALLS.keys() == {".NET, on Linux"}
    others = [code for kind, code in BLOCKS if code != JAVA and kind != "text"]
    kinds = [kind for kind, code in BLOCKS if code in others]
    left = [
        code
        for kind, code in zip(kinds, others, strict=True)
        if not (kind in NOT_RUN or any(why in code for why in NOT_RUN))
    ]
    assert left == [f"CA=~/.config/mock-p1/{CERTIFICATE}\n"]


def test_what_the_page_says_of_us_is_so():
    """Options, hosts, and the command that removes the authority."""
    assert set(re.findall(r"`(--tls[a-z-]*)", PAGE)) <= {o for p in serve.params for o in p.opts}
    (line,) = [code for kind, code in BLOCKS if kind == "text"]
    assert line.split() == ["127.0.0.1", *API_NAMES]
    assert clean.name == "clean"
