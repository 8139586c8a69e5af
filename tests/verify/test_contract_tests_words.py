"""What ``pytest contract_tests`` prints when it fails.

Words, options that it has, and never a whole key.
"""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
import trustme
from helpers.broken_servers import FinishedWithoutUrl
from helpers.odd_servers import odd, saying, whole
from helpers.right_server import ACTIVE, FINISHED, RUNNING, Right, served

ROOT = Path(__file__).parents[2]
REPLY = f'{{"status": "job_running", "metadata": {{"retrain_job_id": "{RUNNING}"}}}}'
CURL_CANNOT = saying(
    f"HTTP/1.1 200 OK\nContent-Type: application/json\nContent-Length: none\n\n{REPLY}"
)
"""An answer that `requests` takes and curl does not."""


class Echo(Right):
    """Tells every caller the key it came with."""

    def answer(self, call):
        """Put the key where the status should be."""
        metadata = {"retrain_job_id": call.path}
        return self.send(200, {"status": f"job_{call.key}", "metadata": metadata})


class Outcomes(list):
    """A plugin: what became of each test, as pytest's hook says it."""

    __hash__ = object.__hash__  # older pytest keeps its plugins in a set

    def pytest_runtest_logreport(self, report):
        """Keep the outcome of the test itself."""
        if report.when == "call":
            self.append(report.outcome)


@pytest.fixture
def outcomes():
    """What became of the tests that ``shown`` has run."""
    return Outcomes()


@pytest.fixture
def shown(capsys, monkeypatch, outcomes):
    """Run contract_tests against a server in this process; give all that pytest printed."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)

    def shown(url, *arguments):
        quiet = ["-p", "no:cacheprovider", "-p", "no:randomly", "-c", str(ROOT / "pyproject.toml")]
        given = ["--base-url", url, "--api-key", ACTIVE, "--job-id", RUNNING, *arguments]
        pytest.main([str(ROOT / "contract_tests"), *given, *quiet], plugins=[outcomes])
        return "".join(capsys.readouterr())

    return shown


@pytest.mark.slow
def test_a_key_is_not_shown_where_curl_fails(shown, outcomes):
    """Its command line, which holds the key, is in no traceback."""
    with odd(CURL_CANNOT) as host:
        said = shown(f"http://{host}", "-k", "test_curl_example")

    assert outcomes == ["failed"]
    assert ACTIVE not in said


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        pytest.param(("-vv",), marks=pytest.mark.slow),
        ("-vv", "--showlocals"),
        pytest.param(("-vv", "--tb=native"), marks=pytest.mark.slow),
        pytest.param(("-q", "--tb=line"), marks=pytest.mark.slow),
    ],
)
def test_a_key_is_not_shown_however_much_is_asked_for(options, shown, outcomes, tmp_path):
    """Neither with local variables, nor where a server hands it back, nor in a JUnit file."""
    report = tmp_path / "report.xml"
    with served(Echo()) as url:
        said = shown(url, "--finished-job-id", FINISHED, f"--junitxml={report}", *options)

    assert "failed" in outcomes
    assert ACTIVE not in said + report.read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["test_python_example", "test_curl_fetches_the_result"])
def test_an_example_that_cannot_be_followed_says_why(name, shown):
    """What the server left out is named, and not what Python made of it."""
    with served(FinishedWithoutUrl()) as url:
        said = shown(url, "--finished-job-id", FINISHED, "-k", name)

    assert "there is no download_url in {'status': 'job_finished'" in said
    assert "Error: " not in said


@pytest.mark.slow
def test_an_answer_that_is_no_reply_is_shown(shown):
    """What curl wrote into response.json is shown where it has no status."""
    with odd(whole("404 Not Found", '{"detail": "no such page"}', "application/json")) as host:
        said = shown(f"http://{host}", "-k", "test_curl_example")

    assert "no reply, but {'detail': 'no such page'}" in said


@pytest.fixture
def authority(tmp_path):
    """A certificate authority, its file, and a server's TLS by it."""
    made, file = trustme.CA(), tmp_path / "ca.pem"
    made.cert_pem.write_to_path(file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.issue_cert("127.0.0.1").configure_cert(context)
    return file, context


@pytest.mark.slow
def test_a_certificate_is_trusted_by_the_option_that_is_named(authority, shown, outcomes):
    """The advice to give --ca-file can be followed here too, for requests and for curl."""
    file, context = authority
    with odd(whole("200 OK", REPLY, "application/json"), context) as host:
        untrusted = shown(f"https://{host}", "-k", "test_curl_example")
        shown(
            f"https://{host}", "-k", "test_curl_example or status-is-text", "--ca-file", str(file)
        )

    assert "by --ca-file" in untrusted
    assert outcomes[-2:] == ["passed", "passed"]


@pytest.mark.slow
def test_the_limit_can_be_given_by_the_option_that_is_named(shown):
    """The advice to give a longer --limit can be followed here too."""
    with served(Right()) as url:
        said = shown(url, "-k", "status-is-text", "--limit", "0.000001")

    assert "give a longer one by --limit" in said
