"""A client of the whole retrain sequence, from the key to the switched model.

It is what users write with requests.
"""

from __future__ import annotations

import time

import requests

API = "/v1/external"
TIMEOUT = 10


class SequenceClient:
    """Retrains a model: fetches a key, uploads a file, waits, downloads the result, switches."""

    def __init__(self, url: str, secret_key: str, model_id: int = 1, pause: float = 30.0) -> None:
        self.url, self.secret_key, self.model_id, self.pause = url, secret_key, model_id, pause
        self.session = requests.Session()
        self.key = ""
        self.statuses: list[str] = []

    def fetch_key(self) -> str:
        """Fetch an API key."""
        answer = self.session.get(
            f"{self.url}{API}/api-key",
            params={"credential_type": "retrain", "model_id": self.model_id},
            headers={"x-api-key": self.secret_key},
            timeout=TIMEOUT,
        )
        answer.raise_for_status()
        self.key = answer.json()["api_key"]
        return self.key

    def ask_for_upload(self, name: str) -> tuple[str, str]:
        """Ask for a job; return its id and the URL for its file."""
        body = self._call("GET", "/retrain_jobs/upload_url", params={"filename": name})
        return body["retrain_job_id"], body["upload_url"]

    def upload(self, url: str, data: bytes) -> None:
        """Send a file, without the key."""
        requests.put(url, data=data, timeout=TIMEOUT).raise_for_status()

    def wait(self, job: str) -> dict:
        """Poll until the job is finished; return the last reply."""
        while True:
            body = self._call("GET", f"/retrain_jobs/{job}")
            self.statuses.append(body["status"])
            if body["status"] == "job_finished":
                return body
            time.sleep(self.pause)

    def download(self, url: str) -> bytes:
        """Fetch the result, without the key."""
        answer = requests.get(url, timeout=TIMEOUT)
        answer.raise_for_status()
        return answer.content

    def switch(self, job: str) -> dict:
        """Switch to the new model."""
        return self._call("PUT", f"/retrain_jobs/{job}/update_model")

    def retrain(self, data: bytes, name: str = "train.csv") -> tuple[str, bytes]:
        """Do all of it; return the job's id and the result."""
        self.fetch_key()
        job, url = self.ask_for_upload(name)
        self.upload(url, data)
        finished = self.wait(job)
        result = self.download(finished["download_url"])
        self.switch(job)
        return job, result

    def _call(self, method: str, path: str, **more) -> dict:
        headers = {"x-api-key": self.key}
        url = f"{self.url}{API}{path}"
        answer = self.session.request(method, url, headers=headers, timeout=TIMEOUT, **more)
        answer.raise_for_status()
        return answer.json()
