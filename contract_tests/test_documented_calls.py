"""The two ways of calling that the manual shows, in Python and by curl, from the first poll to the result on disk."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest

pytestmark = pytest.mark.documented

POLLS_ENOUGH = 10


def test_python_example(door, tmp_path):
    """The manual's Python example, made to poll in its loop and to write its file, ends with the result on disk."""
    if door.job_that_ends is None:
        pytest.skip("not checked: no --finished-job-id was given")
    retrain_job_id = door.job_that_ends
    result_file_path = tmp_path / "result.zip"
    api_url = f"{door.subject.base}/v1/external/retrain_jobs/{retrain_job_id}"
    headers = {"x-api-key": door.subject.means.api_key}

    download_url = None
    for _ in range(POLLS_ENOUGH):
        response = door.get(api_url, headers=headers)
        response_json = response.json()
        status = response_json["status"]
        if status == "job_finished":
            download_url = response_json["download_url"]
        if download_url:
            response = door.get(download_url)
            result_file_path.write_bytes(response.content)
            break

    assert status == "job_finished"
    assert result_file_path.stat().st_size > 0


def test_curl_example(door, tmp_path):
    """`curl -o response.json -H "x-api-key:KEY" -X GET -G URL`, exactly so, brings the status into response.json."""
    curl = _curl(door)
    url = f"{door.subject.base}/v1/external/retrain_jobs/{door.subject.means.job_id}"
    _run(
        [curl, "-o", "response.json", "-H", f"x-api-key:{door.subject.means.api_key}", "-X", "GET", "-G", url], tmp_path
    )

    reply = json.loads((tmp_path / "response.json").read_bytes())

    assert isinstance(reply["status"], str)
    assert reply["metadata"]["retrain_job_id"] == door.subject.means.job_id


def test_curl_fetches_the_result(door, tmp_path):
    """`curl -G URL` with the download_url that curl was answered, and no key, brings the result."""
    curl = _curl(door)
    if door.subject.means.finished_job_id is None:
        pytest.skip("not checked: no --finished-job-id was given")
    url = f"{door.subject.base}/v1/external/retrain_jobs/{door.subject.means.finished_job_id}"
    _run(
        [curl, "-o", "response.json", "-H", f"x-api-key:{door.subject.means.api_key}", "-X", "GET", "-G", url], tmp_path
    )
    reply = json.loads((tmp_path / "response.json").read_bytes())

    # The manual has a stray GET before the URL here, which curl takes for a host; without it, as the sentence means it.
    _run([curl, "-f", "-o", "result.zip", "-G", reply["download_url"]], tmp_path)

    assert (tmp_path / "result.zip").stat().st_size > 0


def _curl(door):
    if not door.socket:
        pytest.skip(f"not checked: the {door.name} door has no socket for curl")
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("not checked: curl is not installed")
    return curl


def _run(command, folder):
    """Run curl in ``folder``, without a ~/.curlrc and without a proxy to loopback. The key is in no assertion."""
    no_proxy = ",".join(filter(None, [os.environ.get("NO_PROXY"), "127.0.0.1,localhost,::1"]))
    environment = {**os.environ, "CURL_HOME": str(folder), "NO_PROXY": no_proxy, "no_proxy": no_proxy}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=60, check=False)
    exit_status, said = done.returncode, done.stderr.decode(errors="replace")
    assert exit_status == 0, said
