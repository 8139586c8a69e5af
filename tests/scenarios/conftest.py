"""A client as small as any."""

import pytest
import requests

from mock_p1 import mocked


class Client:
    """Polls one job as a user's program would, with nothing but `requests`."""

    def __init__(self, mock, job="retrain-001", key="demo-key"):
        self.mock, self.job, self.key = mock, job, key

    def of(self, job="retrain-001", key="demo-key"):
        """The same client for another job, or with another key."""
        return Client(self.mock, job, key)

    def ask(self):
        """Poll once; return the whole response."""
        url = f"{self.mock.url}/v1/external/retrain_jobs/{self.job}"
        return requests.get(url, headers={"x-api-key": self.key} if self.key else {}, timeout=600)

    def poll(self):
        """Poll once; return the body."""
        return self.ask().json()

    def get_key(self, model_id=4821):
        """Get an API key for the secret key of the scenarios; the same client with it."""
        query = {"credential_type": "retrain", "model_id": model_id}
        url = f"{self.mock.url}/v1/external/api-key"
        answer = requests.get(url, query, headers={"x-api-key": "demo-secret"}, timeout=600)
        return Client(self.mock, self.job, answer.json()["api_key"])

    def ask_for_upload(self):
        """Ask for an upload URL; return the whole response."""
        url = f"{self.mock.url}/v1/external/retrain_jobs/upload_url"
        query, headers = {"filename": "train.csv"}, {"x-api-key": self.key}
        return requests.get(url, query, headers=headers, timeout=600)

    def create(self):
        """Create a job; return the same client for it, and its upload URL."""
        answer = self.ask_for_upload().json()
        return Client(self.mock, answer["retrain_job_id"], self.key), answer["upload_url"]

    def switch(self):
        """Ask to switch to the job's model; return the whole response."""
        url = f"{self.mock.url}/v1/external/retrain_jobs/{self.job}/update_model"
        return requests.put(url, headers={"x-api-key": self.key}, timeout=600)

    def statuses(self, count):
        """Poll so many times; return the statuses."""
        return [self.poll()["status"] for _ in range(count)]

    def errors(self, count):
        """Poll so many times; return the errors' messages."""
        return [self.poll()["message"] for _ in range(count)]


@pytest.fixture
def client(request):
    """A client of the bundled scenario that the test is named after: test_slow_training."""
    name = request.node.originalname.removeprefix("test_").replace("_", "-")
    with mocked(name) as mock:
        yield Client(mock)
