"""The ways of calling that the manual shows, in Python and by curl, up to the result on disk."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest

pytestmark = pytest.mark.documented

POLLS_ENOUGH = 10


def test_python_example(transport, tmp_path):
    """The manual's Python example, made to poll in its loop, ends with the result on disk."""
    if transport.job_that_ends is None:
        pytest.skip("not checked: no --finished-job-id was given")
    retrain_job_id = transport.job_that_ends
    result_file_path = tmp_path / "result.zip"
    api_url = f"{transport.session.base}/v1/external/retrain_jobs/{retrain_job_id}"
    headers = {"x-api-key": transport.session.credentials.api_key}

    for _ in range(POLLS_ENOUGH):
        response = transport.get(api_url, headers=headers)
        response_json = response.json()
        _is_reply(response_json)
        if response_json["status"] == "job_finished":
            response = transport.get(_download_url(response_json))
            result_file_path.write_bytes(response.content)
            break

    _holds(
        response_json["status"] == "job_finished",
        f"{POLLS_ENOUGH} polls, and the last said {response_json}",
    )
    _holds(result_file_path.stat().st_size > 0, "the result that was fetched is empty")


def test_curl_example(transport, tmp_path):
    """`curl -o response.json -H "x-api-key:KEY" -X GET -G URL`, exactly so, brings the status."""
    reply = _ask_by_curl(transport, transport.session.credentials.job_id, tmp_path)
    metadata = reply.get("metadata")
    echoed = (
        isinstance(metadata, dict)
        and metadata.get("retrain_job_id") == transport.session.credentials.job_id
    )

    _holds(isinstance(reply["status"], str), f"the status is no text in {reply}")
    _holds(echoed, f"the id is not echoed in {reply}")


def test_curl_fetches_the_result(transport, tmp_path):
    """`curl -G URL` with the download_url that curl was answered, and no key, brings the result."""
    if transport.socket and transport.session.credentials.finished_job_id is None:
        pytest.skip("not checked: no --finished-job-id was given")
    reply = _ask_by_curl(transport, transport.session.credentials.finished_job_id, tmp_path)

    # The manual has a stray GET before the URL here, which curl takes for a host; without it, as
    # the sentence says it.
    _curl(transport, ["-f", "-o", "result.zip", "-G", _download_url(reply)], tmp_path)

    _holds((tmp_path / "result.zip").stat().st_size > 0, "the result that was fetched is empty")


def _ask_by_curl(transport, job_id, folder):
    """Ask for a job by the manual's own command line.

    The reply, as curl wrote it into response.json.
    """
    url = f"{transport.session.base}/v1/external/retrain_jobs/{job_id}"
    key = transport.session.credentials.api_key
    _curl(
        transport, ["-o", "response.json", "-H", f"x-api-key:{key}", "-X", "GET", "-G", url], folder
    )
    reply = json.loads((folder / "response.json").read_bytes())
    _is_reply(reply)
    return reply


def _curl(transport, arguments, folder):
    """Run curl in ``folder``, without a ~/.curlrc and without a proxy to loopback."""
    if not transport.socket:
        pytest.skip(f"not checked: the {transport.name} transport has no socket for curl")
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("not checked: curl is not installed")
    no_proxy = ",".join(filter(None, [os.environ.get("NO_PROXY"), "127.0.0.1,localhost,::1"]))
    environment = {
        **os.environ,
        "CURL_HOME": str(folder),
        "NO_PROXY": no_proxy,
        "no_proxy": no_proxy,
    }
    if transport.ca_file is not None:
        environment["CURL_CA_BUNDLE"] = transport.ca_file
    done = subprocess.run(
        [curl, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        timeout=60,
        check=False,
    )
    said = done.stderr.decode(errors="replace")
    _holds(
        done.returncode == 0,
        f"curl ended with exit status {done.returncode}:{said[said.find('curl:') + 5 :]}",
    )


def _is_reply(value):
    _holds(isinstance(value, dict) and "status" in value, f"no reply, but {value}")


def _download_url(reply):
    url = reply.get("download_url")
    _holds(isinstance(url, str), f"there is no download_url in {reply}")
    return url


def _holds(true, otherwise):
    """Fail in words and without a traceback, which would show the key."""
    if not true:
        pytest.fail(otherwise, pytrace=False)
