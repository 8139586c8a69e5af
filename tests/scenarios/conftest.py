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
