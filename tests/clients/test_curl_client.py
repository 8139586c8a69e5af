"""A job polled to its end by curl, with the command line that the manual gives."""

import json
import shutil
import subprocess

import pytest

pytestmark = pytest.mark.skipif(
    shutil.which("curl") is None, reason="needs curl, which is not installed here"
)

TO_THE_END = ["job_waiting"] * 2 + ["job_running"] * 3 + ["job_finished"]


def curl(folder, environment, *arguments):
    """Run curl in a folder; what it does not do well fails the test."""
    subprocess.run(
        ["curl", "--silent", "--show-error", *arguments], cwd=folder, env=environment, check=True
    )


def poll(folder, environment, base_url, key):
    """Poll the first job as the manual says: no blank after the colon, and -G beside -X GET."""
    url = f"{base_url}/v1/external/retrain_jobs/retrain-001"
    curl(
        folder, environment, "-o", "response.json", "-H", f"x-api-key:{key}", "-X", "GET", "-G", url
    )
    return json.loads((folder / "response.json").read_text(encoding="utf-8"))


def test_curl_polls_a_job_to_its_end(tmp_path, environment, base_url):
    """The documented line, again and again, sees the job wait, run and finish.

    The result comes without a key.
    """
    replies = [poll(tmp_path, environment, base_url, "curl-key") for _ in TO_THE_END]
    assert [reply["status"] for reply in replies] == TO_THE_END
    assert {reply["metadata"]["retrain_job_id"] for reply in replies} == {"retrain-001"}

    curl(tmp_path, environment, "--fail", "-o", "result.zip", replies[-1]["download_url"])
    assert (tmp_path / "result.zip").read_bytes().startswith(b"PK")


def test_curl_is_told_that_the_key_is_empty(tmp_path, environment, base_url):
    """A key that was not filled in makes curl leave the header out.

    The answer is the documented error.
    """
    assert poll(tmp_path, environment, base_url, "")["message"] == "invalid_api_key."
