"""A user's own client polls the bundled slow-training, two hours of it, to the end in no time."""

import time

import pytest
import requests

from mock_p1 import mocked, serving


class RetrainWatcher:
    """Waits for a retrain job: asks, and lets the caller decide how to wait."""

    def __init__(self, base, key, wait):
        self.session = requests.Session()
        self.session.headers["x-api-key"] = key
        self.base, self.wait = base, wait

    def result_of(self, job):
        """Return the bytes of the job's result; RuntimeError if it failed."""
        while True:
            answer = self.session.get(f"{self.base}/v1/external/retrain_jobs/{job}", timeout=10)
            answer.raise_for_status()
            body = answer.json()
            if body["status"] == "job_finished":
                return requests.get(body["download_url"], timeout=10).content
            if body["status"] == "job_failed":
                raise RuntimeError(body.get("message"))
            self.wait()


def test_two_hours_in_process_in_under_a_second():
    """Polled every 30 seconds of virtual time, the job takes 241 polls and hardly any work."""
    with mocked("slow-training") as mock:
        watcher = RetrainWatcher(mock.url, mock.api_key, wait=lambda: mock.advance("30s"))
        began = time.process_time()  # other programs may keep the machine busy meanwhile
        archive = watcher.result_of(mock.job_id)
        took = time.process_time() - began
        assert archive.startswith(b"PK")
        assert mock.polls()[-1].seconds == 7200
        mock.assert_polled(times=241)
        mock.assert_interval(min="30s", max="30s")
        mock.assert_stopped_after("job_finished")
    assert took < 1


@pytest.mark.slow
def test_two_hours_from_a_live_server():
    """The same client against a live server whose two hours pass in two fifths of a second."""
    with serving("slow-training", speed=18_000) as mock:
        watcher = RetrainWatcher(mock.url, mock.api_key, wait=lambda: None)
        assert watcher.result_of(mock.job_id).startswith(b"PK")
        assert mock.polls()[-1].seconds >= 7200
        mock.assert_stopped_after("job_finished")
