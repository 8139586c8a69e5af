"""A client of the whole sequence, with requests."""

import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import requests

BUSY = (429, 500, 502, 503, 504)


class RetrainingFailedError(Exception):
    """The job has failed, or the service refuses a call."""

    def __init__(self, message, status=None):
        super().__init__(message)
        self.status = status


def retrain(base_url, secret_key, model_id, name, content, every=30, limit=3 * 3600):
    """Send a file, wait for its job, switch to the new model; return the result's bytes."""
    api = Api(f"{base_url}/v1/external", every, time.monotonic() + limit)
    query = {"credential_type": "retrain", "model_id": model_id}
    key = api.ask("GET", "api-key", secret_key, query)["api_key"]
    created = api.ask("GET", "retrain_jobs/upload_url", key, {"filename": name})
    api.upload(created["upload_url"], content)
    job = f"retrain_jobs/{created['retrain_job_id']}"
    link = api.link_of(job, key)
    result = api.send("GET", link, timeout=600).content  # whole, before the switch; it takes no key
    api.ask("PUT", f"{job}/update_model", key)
    return result


class Api:
    """Makes calls again where the network or the service is in trouble, until the deadline."""

    def __init__(self, url, every, deadline):
        self.url, self.every, self.deadline = url, every, deadline

    def link_of(self, job, key):
        """Poll until the job has finished, and its link is there: that may come later, or never."""
        while True:
            reply = self.ask("GET", job, key)
            status = reply.get("status")
            if status == "job_failed":
                raise RetrainingFailedError(reply.get("message"))
            if status == "job_finished" and reply.get("download_url"):
                return reply["download_url"]
            self.wait(self.every, f"the last poll was answered {status}")

    def upload(self, url, content):
        """Send the file; a 403 says that it has come before, and only the answer was lost."""
        try:
            self.send("PUT", url, timeout=600, data=content)
        except RetrainingFailedError as error:
            if error.status != 403:
                raise

    def ask(self, method, path, key, query=None):
        """Return the JSON object that a call is answered with."""
        while True:
            url = f"{self.url}/{path}"
            answer = self.send(method, url, params=query, headers={"x-api-key": key})
            body = _object_in(answer)
            if body and "code" in body:
                raise RetrainingFailedError(body.get("message"))
            if body:
                return body
            self.wait(self.every, f"{path} was answered half of a JSON object, or none")

    def send(self, method, url, timeout=10, **what):
        """Send a request until there is a whole answer that does not say "come back later"."""
        while True:
            after = self.every
            try:
                answer = requests.request(method, url, timeout=timeout, **what)
            except (
                requests.ConnectionError,
                requests.Timeout,
                requests.exceptions.ChunkedEncodingError,
            ) as error:  # no answer, or half of one
                why = str(error)
            else:
                if answer.ok:
                    return answer
                why = (_object_in(answer) or {}).get("message", f"HTTP {answer.status_code}")
                if answer.status_code not in BUSY:
                    raise RetrainingFailedError(why, answer.status_code)
                after = _seconds_asked(answer.headers.get("Retry-After", ""), self.every)
            self.wait(after, why)

    def wait(self, seconds, why):
        """Wait, or give up where there is no time left."""
        if time.monotonic() + seconds > self.deadline:
            raise TimeoutError(f"not finished in time: {why}")
        time.sleep(seconds)


def _seconds_asked(text, otherwise):
    """Return what Retry-After asks for: a number of seconds, or a date."""
    if text.isdecimal():
        return int(text)
    try:
        return max(0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return otherwise


def _object_in(answer):
    try:
        body = answer.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None
