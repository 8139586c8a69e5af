"""assert_sequence under random troubles: a right client is never blamed, a wrong one always is."""

import io
import random
import zipfile
from http import HTTPStatus

import pytest
from helpers.handle_calls import SCENARIO, Caller

from mock_p1 import mocked

TROUBLES = [
    "{fault: connection_reset, for: 1 call}",
    "{fault: empty_response, done: true, for: 1 call}",
    "{fault: timeout, done: true, for: 1 call}",
    "{fault: slow_body, for: 1 call}",
    "{reply: {status_code: 503}, for: 1 call}",
    "{reply: {status_code: 502}, done: true, for: 1 call}",
    "{ok: true, for: 1 call, delay: 20s}",
    # of an answer without a body these leave a 200 that nobody can tell from a success
    "{fault: truncated_body, for: 1 call}",
    "{fault: malformed_json, for: 1 call}",
]
OPERATIONS = [
    *("get_api_key", "retrain_data_upload", "file_upload"),
    *("result_download", "retrain_model_switch"),
]


class RightClient(Caller):
    """Does everything in its order, makes failed calls again, and renews its key."""

    def __init__(self, mock, chance):
        super().__init__(mock)
        self.chance = chance

    def until(self, works, attempt):
        """Try until it works."""
        while (answer := attempt()) is None or not works(answer):
            self.mock.advance("1s")
        return answer

    def json_of(self, attempt, field):
        """Try until the answer has a field."""

        def works(answer):
            try:
                return answer.ok and field in answer.json()
            except ValueError:
                return False

        return self.until(works, attempt).json()

    def has_key(self):
        """Fetch a key, however long it takes."""
        query = {"credential_type": "retrain", "model_id": 1}

        def ask():
            return self.call("GET", "/api-key", self.mock.secret_key, params=query)

        self.key = self.json_of(ask, "api_key")["api_key"]

    def look(self, job):
        """Poll until an answer says where the job is."""
        return self.json_of(lambda: self.call("GET", f"/retrain_jobs/{job}"), "status")

    def retrain(self):
        """Do all of it."""
        self.has_key()
        name = {"filename": "train.csv"}
        ask = lambda: self.call("GET", "/retrain_jobs/upload_url", params=name)  # noqa: E731 -- asked again
        body = self.json_of(ask, "upload_url")
        job = body["retrain_job_id"]
        self.send_file(body["upload_url"])
        link = self.wait(job)
        self.fetch(job, link)
        self.replace(job)

    def send_file(self, url):
        """Send the file until it is taken, or was taken before."""
        self.until(
            lambda answer: answer.status_code in (200, HTTPStatus.FORBIDDEN), lambda: self.put(url)
        )

    def wait(self, job):
        """Poll until the job is finished."""
        for _ in range(100):
            if (body := self.look(job))["status"] == "job_finished":
                return body["download_url"]
            self.mock.advance(self.chance.choice(["10s", "1m"]))
            if self.chance.random() < 0.2:
                self.has_key()
        raise TimeoutError(job)

    def fetch(self, job, link):
        """Download until all of it has come; look at the job again where it has not."""
        while True:
            answer = self.download(link)
            came = b"" if answer is None or not answer.ok else answer.content
            if zipfile.is_zipfile(io.BytesIO(came)):
                return
            if self.chance.random() < 0.5:
                link = self.look(job)["download_url"]

    def replace(self, job):
        """Switch, and look at the job again where that failed."""
        while (answer := self.switch(job)) is None or not answer.ok:
            if self.chance.random() < 0.5:
                self.look(job)


class PollsFirst(RightClient):
    """Polls before the file is sent."""

    def send_file(self, url):
        """Poll, then send it."""
        self.poll(self.mock.job_id)
        super().send_file(url)


class SendsTwice(RightClient):
    """Sends the file twice though it was taken."""

    def send_file(self, url):
        """Send it again after a plain success."""
        super().send_file(url)
        super().send_file(url)
        super().send_file(url)


class SwitchesAtOnce(RightClient):
    """Does not wait for the end."""

    def wait(self, job):
        """Switch too early."""
        self.switch(job)
        return super().wait(job)


class PollsOn(RightClient):
    """Polls after all is done."""

    def replace(self, job):
        """Poll when the switch has come through."""
        super().replace(job)
        self.switch(job), self.switch(job)
        self.poll(job)


class GivesKeyAway(RightClient):
    """Sends the key with the file."""

    def put(self, url, data=b"x,y\n1,2\n", key=None):
        """Send it with the key."""
        return super().put(url, data, key or self.key)


class KeepsSession(RightClient):
    """Sends the key with the download."""

    def download(self, url, key=None):
        """Fetch it with the key."""
        return super().download(url, key or self.key)


WRONG = [PollsFirst, SendsTwice, SwitchesAtOnce, PollsOn, GivesKeyAway, KeepsSession]


def played(client, seed):
    """Let a client do everything under the troubles of a seed; return the mock."""
    chance = random.Random(seed)  # noqa: S311 -- no secret
    lists = [
        f"  {operation}: [{', '.join([*chance.sample(known, chance.randint(0, 3)), 'ok'])}]\n"
        for operation in OPERATIONS
        for known in [TROUBLES[:-2] if operation == "file_upload" else TROUBLES]
    ]
    with mocked(f"{SCENARIO}calls:\n{''.join(lists)}", check=False) as mock:
        for _ in range(chance.randint(0, 2)):
            mock.fail_next(chance.choice(["timeout", "malformed_json", "slow_body"]))
        client(mock, chance).retrain()
        return mock


@pytest.mark.parametrize("seed", range(15))
def test_a_right_client_is_never_blamed(seed):
    """Whatever goes wrong on its way."""
    played(RightClient, seed).assert_sequence()


@pytest.mark.parametrize("client", WRONG)
@pytest.mark.parametrize("seed", range(3))
def test_a_wrong_client_is_always_blamed(client, seed):
    """Whatever goes wrong beside."""
    mock = played(client, seed)
    with pytest.raises(AssertionError, match=r"^call "):
        mock.assert_sequence()
