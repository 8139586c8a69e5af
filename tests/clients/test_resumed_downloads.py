"""A download that broke off, gone on with by the tools that people use."""

import shutil
import subprocess

import pytest
import requests

from mock_p1 import serving

BREAKS = """
jobs: {a: {timeline: [{status: job_finished, result: {rows: 500}}]}}
calls: {result_download: [{fault: truncated_body, for: 1 call}, ok]}
"""


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["curl", "-sS", "-C", "-", "-o", "r.zip"], id="curl"),
        pytest.param(["wget", "-q", "-c", "-t", "1", "-O", "r.zip"], id="wget"),
    ],
)
def test_the_second_try_fetches_the_rest(tmp_path, environment, command):
    """And a third, of what is whole, fetches nothing."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"needs {command[0]}, which is not installed here")
    with serving(BREAKS) as mock:
        poll = f"{mock.url}/v1/external/retrain_jobs/a"
        link = requests.get(poll, headers={"x-api-key": "k"}, timeout=10).json()["download_url"]
        for _ in range(3):
            subprocess.run([*command, link], cwd=tmp_path, env=environment, check=False, timeout=30)
        mock.assert_downloaded(times=1)
        statuses = [each.http_status for each in mock.downloads()]
        assert (tmp_path / "r.zip").read_bytes() == requests.get(link, timeout=10).content
    assert statuses == [None, 206, 416]
