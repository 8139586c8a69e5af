"""``mock-p1 serve --tls``: HTTPS that a client trusts when it is told to."""

import json
import ssl
import sys
from urllib.request import urlopen

import pytest
import requests
import trustme

from mock_p1.cli.tls import CERTIFICATE

JOB = "/v1/external/retrain_jobs/retrain-001"
DATA = (
    "APPDATA"
    if sys.platform == "win32"
    else "HOME"
    if sys.platform == "darwin"
    else "XDG_CONFIG_HOME"
)
"""The variable that leads to the user's data folder."""


@pytest.fixture
def folder(tmp_path):
    """The variables of a user whose data folder is new."""
    return {DATA: str(tmp_path / "data")}


@pytest.fixture
def files(tmp_path):
    """Certificate, key and authority of somebody's own."""
    authority = trustme.CA()
    leaf = authority.issue_cert("127.0.0.1")
    (tmp_path / "chain.pem").write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
    (tmp_path / "key.pem").write_bytes(leaf.private_key_pem.bytes())
    (tmp_path / "ca.pem").write_bytes(authority.cert_pem.bytes())
    return tmp_path


def announced(served) -> dict:
    """Return the announcement of a server that says it as JSON."""
    return json.loads(served.announcement)


def poll(url, authority) -> dict:
    """Poll as a client that trusts nothing but this authority."""
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(authority)
        return session.get(url + JOB, headers={"x-api-key": "demo-key"}, timeout=10).json()


@pytest.mark.slow
def test_the_announcement_says_how_a_client_trusts_it(serve, folder):
    """Scheme, authority and the line to try fit together; a client of them is answered."""
    facts = announced(serve("--tls", "--log-format", "json", **folder))
    assert facts["url"].startswith("https://127.0.0.1:")
    assert facts["authority"].endswith(CERTIFICATE)
    assert '--cacert "' in facts["curl"]
    assert any("REQUESTS_CA_BUNDLE" in note for note in facts["notes"])
    assert poll(facts["url"], facts["authority"])["status"] == "job_waiting"


@pytest.mark.slow
def test_the_dashboards_curl_line_trusts_the_authority_too(serve, folder):
    """As the one in the announcement does."""
    facts = announced(serve("--tls", "--log-format", "json", **folder))
    url = facts["url"] + "/__admin/jobs/retrain-001/curl"
    with urlopen(  # noqa: S310 -- our own server's URL
        url, context=ssl.create_default_context(cafile=facts["authority"]), timeout=10
    ) as reply:
        assert json.load(reply)["curl"] == facts["curl"].replace("curl ", "curl -sS ", 1)


@pytest.mark.slow
def test_the_authority_outlives_the_server(serve, folder):
    """A client that trusted the first start trusts the second."""
    first, second = (announced(serve("--tls", "--log-format", "json", **folder)) for _ in range(2))
    assert poll(second["url"], first["authority"])["status"] == "job_waiting"


@pytest.mark.slow
def test_a_result_is_downloaded_by_https_too(serve, folder, tmp_path):
    """The URL in the reply leads there."""
    file = tmp_path / "done.yaml"
    file.write_text(
        "jobs: {retrain-001: {timeline: [{status: x, result: generated}]}}", encoding="utf-8"
    )
    facts = announced(serve("--tls", "--log-format", "json", str(file), **folder))
    url = poll(facts["url"], facts["authority"])["download_url"]
    assert url.startswith(facts["url"])
    with urlopen(  # noqa: S310 -- our own server's URL
        url, context=ssl.create_default_context(cafile=facts["authority"]), timeout=10
    ) as reply:
        assert reply.read(2) == b"PK"


@pytest.mark.slow
def test_certificate_files(serve, files):
    """--tls-cert and --tls-key, by variables as well.

    Nothing is said of an authority that is not ours.
    """
    by_variable = {
        "MOCK_P1_TLS_CERT": str(files / "chain.pem"),
        "MOCK_P1_TLS_KEY": str(files / "key.pem"),
    }
    facts = announced(serve("--log-format", "json", **by_variable))
    assert (facts["authority"], facts["notes"]) == (None, [])
    assert poll(facts["url"], files / "ca.pem")["status"] == "job_waiting"


@pytest.mark.parametrize("given", ["--tls-cert", "--tls-key"])
def test_certificate_and_key_belong_together(run, files, given):
    """One without the other is wrong usage."""
    result = run("serve", "--port", "0", given, str(files / "key.pem"))
    assert result.exit_code == 2
    assert "--tls-cert and --tls-key belong together" in result.output


def test_files_that_cannot_be_used(run, files):
    """Exit 1, which files, and why; no traceback."""
    (files / "chain.pem").write_text("not PEM", encoding="utf-8")
    result = run(
        "serve",
        "--port",
        "0",
        "--tls-cert",
        str(files / "chain.pem"),
        "--tls-key",
        str(files / "key.pem"),
    )
    assert result.exit_code == 1
    assert "cannot be used for TLS" in result.output


def test_a_data_folder_that_cannot_be_written(run, tmp_path, monkeypatch):
    """Exit 1, and the way out."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv(DATA, str(tmp_path / "file"))
    result = run("serve", "--port", "0", "--tls")
    assert result.exit_code == 1
    assert "cannot be kept in " in result.output
    assert "give files with --tls-cert and --tls-key" in result.output


@pytest.mark.slow
@pytest.mark.parametrize("variables", [{"MOCK_P1_TLS": "1"}, {"MOCK_P1_TLS_CERT": "any.pem"}])
def test_the_health_check_follows(run, serve, folder, variables):
    """By the same variables, whoever vouches for the certificate."""
    facts = announced(serve("--tls", "--log-format", "json", **folder))
    port = facts["url"].rpartition(":")[2]
    result = run("healthcheck", "--port", port, env=variables)
    assert (result.exit_code, result.output.split(" is well")[0]) == (0, facts["url"])


@pytest.mark.slow
def test_the_health_check_says_which_scheme_it_tried(run, serve, folder):
    """A server that speaks TLS is no answer to a check that does not."""
    facts = announced(serve("--tls", "--log-format", "json", **folder))
    result = run("healthcheck", "--port", facts["url"].rpartition(":")[2])
    assert result.exit_code == 1
    assert result.output.startswith("http://")
