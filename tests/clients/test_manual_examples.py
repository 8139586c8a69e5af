"""The calls of the manual's examples, as clients send them: what each meets, and what is noted."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest
import requests

import mock_p1

SCENARIO = """
api_keys: {good-key: active}
secret_keys: {good-secret: active}
new_jobs:
  timeline:
    - {status: job_waiting, for: upload}
    - {status: job_running, for: 1 poll}
    - {status: job_finished, model_id: 4822, result: generated}
jobs:
  job-1: {timeline: [{status: job_finished, model_id: 4821, result: generated}]}
"""
JOBS = "/v1/external/retrain_jobs"
KEY = {"x-api-key": "good-key"}
TIMEOUT = 10

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")


@pytest.fixture
def mock():
    """A server of the whole sequence."""
    with mock_p1.serving(SCENARIO, check=False) as mock:
        yield mock


@pytest.fixture
def curl(tmp_path, environment):
    """Run curl in a folder of its own; give what is on its standard output."""

    def curl(*arguments, check=True):
        done = subprocess.run(
            ["curl", "--silent", *arguments],
            cwd=tmp_path,
            env={**environment, "CURL_HOME": str(tmp_path)},
            capture_output=True,
            timeout=60,
            check=check,
        )
        return done.stdout

    return curl


def notes(mock):
    """What the journal says of the last request."""
    rows = requests.get(f"{mock.url}/__admin/requests", timeout=TIMEOUT).json()["requests"]
    return "; ".join(rows[-1]["notes"])


def upload_link(mock):
    """Ask for an upload URL."""
    return requests.get(
        f"{mock.url}{JOBS}/upload_url",
        headers=KEY,
        params={"filename": "train.csv"},
        timeout=TIMEOUT,
    ).json()


@needs_curl
def test_braces_around_the_id_are_stripped_by_curl(mock, curl):
    """Curl takes them for a set of one, and asks for the word between them."""
    url = f"{mock.url}{JOBS}/{{retrain_job_id}}"
    reply = json.loads(curl("-H", "x-api-key:good-key", "-X", "GET", "-G", url))

    assert reply["message"] == "Not found retrain job."


@needs_curl
def test_braces_around_the_key_are_sent(mock, curl):
    """They are part of the key then, which nobody was given."""
    url = f"{mock.url}{JOBS}/job-1"
    reply = json.loads(curl("-H", "x-api-key:{good-key}", "-X", "GET", "-G", url))

    assert reply["message"] == "Not_found_credential."


@needs_curl
def test_a_file_name_read_from_a_file_has_its_line_end(mock, curl, tmp_path):
    """A job is issued all the same, and the journal says what is odd in the name."""
    (tmp_path / "param.txt").write_bytes(b"train.csv\r\n")
    url = f"{mock.url}{JOBS}/upload_url"
    reply = json.loads(
        curl("-G", "-H", "x-api-key:good-key", "--data-urlencode", "filename@param.txt", url)
    )

    assert list(reply) == ["retrain_job_id", "upload_url"]
    assert "filename ends with a line end" in notes(mock)


@needs_curl
def test_a_file_name_read_from_a_file_has_its_mark_too(mock, curl, tmp_path):
    """Which some editors write at the beginning; both are noted."""
    (tmp_path / "param.txt").write_bytes(b"\xef\xbb\xbftrain.csv\r\n")
    url = f"{mock.url}{JOBS}/upload_url"
    curl("-G", "-H", "x-api-key:good-key", "--data-urlencode", "filename@param.txt", url)

    assert "filename begins with a byte-order mark" in notes(mock)
    assert "filename ends with a line end" in notes(mock)


@needs_curl
def test_braces_around_the_path_leave_no_file_name(mock, curl):
    """Curl finds no such file, and asks without the parameter."""
    url = f"{mock.url}{JOBS}/upload_url"
    given = "filename@{param.txt}"
    curl("-G", "-H", "x-api-key:good-key", "--data-urlencode", given, url, check=False)

    seen = requests.get(f"{mock.url}/__admin/requests", timeout=TIMEOUT).json()["requests"]
    noted = {note for row in seen for note in row["notes"]}
    assert noted <= {"filename is missing", "filename is empty"}  # a new curl asks nothing at all


@needs_curl
def test_a_name_that_is_not_ascii_arrives(mock, curl, tmp_path):
    """Percent-encoded UTF-8, which is noted; the URL has it again."""
    (tmp_path / "param.txt").write_bytes("学習.csv".encode())
    url = f"{mock.url}{JOBS}/upload_url"
    reply = json.loads(
        curl("-G", "-H", "x-api-key:good-key", "--data-urlencode", "filename@param.txt", url)
    )

    assert reply["upload_url"].endswith("/%E5%AD%A6%E7%BF%92.csv")
    assert notes(mock).startswith("filename is not ASCII")


def test_of_parameters_assigned_three_times_the_last_ones_count(mock):
    """The example that asks for a key overwrites them: a key for deployment is asked for."""
    params = {"credential_type": "deploy"}
    key = {"x-api-key": "good-secret"}
    url = f"{mock.url}/v1/external/api-key"
    reply = requests.get(url, headers=key, params=params, timeout=TIMEOUT)

    assert set(reply.json()) == {"api_key", "end_date"}


def test_a_loop_that_asks_once_sees_no_end(mock):
    """The mended example asks before its loop: whatever it saw first it sees for ever."""
    link = upload_link(mock)
    url = f"{mock.url}{JOBS}/{link['retrain_job_id']}"
    reply = requests.get(url, headers=KEY, timeout=TIMEOUT).json()
    seen = [reply["status"] for _ in range(100)]

    assert {*seen} == {"job_waiting"}
    mock.assert_polled(link["retrain_job_id"], times=1)


@needs_curl
def test_a_key_asked_for_without_credential_type(mock, curl):
    """A key is issued; what the call lacks, and the filename that it does not have, are noted."""
    url = f"{mock.url}/v1/external/api-key"
    reply = json.loads(curl("-G", "-H", "x-api-key:good-secret", "-d", "filename=train.csv", url))

    assert set(reply) == {"api_key", "end_date"}
    assert "credential_type" in notes(mock)


@needs_curl
def test_get_as_a_first_url_is_taken_for_a_host(mock, curl, tmp_path):
    """Curl fails on it and fetches the result all the same; its exit status is the last one's."""
    finished = requests.get(f"{mock.url}{JOBS}/job-1", headers=KEY, timeout=TIMEOUT).json()
    curl("-o", "unused", "-o", "result.zip", "-G", "GET.invalid", finished["download_url"])

    assert (tmp_path / "result.zip").read_bytes().startswith(b"PK")


@needs_curl
def test_curl_plays_the_sequence(mock, curl, tmp_path):
    """Upload with neither key nor media type, poll, switch without any Content-Length."""
    (tmp_path / "train.csv").write_bytes(b"id,label\n1,a\n" * 100_000)
    link = upload_link(mock)
    job = f"{mock.url}{JOBS}/{link['retrain_job_id']}"
    curl("--fail", "-T", "train.csv", link["upload_url"])
    seen = [json.loads(curl("-H", "x-api-key:good-key", job))["status"] for _ in range(2)]
    switched = json.loads(curl("-H", "x-api-key:good-key", "-X", "PUT", f"{job}/update_model"))

    assert seen == ["job_running", "job_finished"]
    assert switched == {"metadata": {"retrain_job_id": link["retrain_job_id"]}}


def test_requests_plays_the_sequence(mock, tmp_path):
    """Key, upload of an open file, polls, download and switch, as the Python examples call them."""
    file = tmp_path / "train.csv"
    file.write_bytes(b"id,label\n1,a\n" * 200)
    key = requests.get(
        f"{mock.url}/v1/external/api-key",
        headers={"x-api-key": "good-secret"},
        params={"credential_type": "retrain", "model_id": 4821},
        timeout=TIMEOUT,
    ).json()["api_key"]
    headers = {"x-api-key": key}
    link = requests.get(
        f"{mock.url}{JOBS}/upload_url",
        headers=headers,
        params={"filename": file.name},
        timeout=TIMEOUT,
    ).json()
    with file.open("rb") as data:
        sent = requests.put(link["upload_url"], data=data, timeout=TIMEOUT)
    job = f"{mock.url}{JOBS}/{link['retrain_job_id']}"
    replies = [requests.get(job, headers=headers, timeout=TIMEOUT).json() for _ in range(2)]
    result = requests.get(replies[-1]["download_url"], timeout=TIMEOUT)
    switched = requests.put(f"{job}/update_model", headers=headers, timeout=TIMEOUT)

    assert "Content-Type" not in sent.request.headers
    assert [reply["status"] for reply in replies] == ["job_running", "job_finished"]
    assert result.content.startswith(b"PK")
    assert switched.request.headers["Content-Length"] == "0"
    assert switched.json() == {"metadata": {"retrain_job_id": link["retrain_job_id"]}}


def test_a_client_that_never_looks_at_the_http_status_dies_of_a_missing_key(mock):
    """An error has no status: the example's own line raises KeyError."""
    reply = requests.get(f"{mock.url}{JOBS}/job-1", headers={"x-api-key": "x"}, timeout=TIMEOUT)

    with pytest.raises(KeyError, match="status"):
        reply.json()["status"]


def test_an_id_left_unfilled_is_noted(mock):
    """As requests sends it, braces and all."""
    url = f"{mock.url}{JOBS}/{{xxxx-xxxx-xxxx-xxxx}}"
    reply = requests.get(url, headers=KEY, timeout=TIMEOUT)

    assert reply.json()["message"] == "Not found retrain job."
    assert "looks like a placeholder" in notes(mock)
