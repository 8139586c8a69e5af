"""The whole retrain sequence by two generated Python clients; the two links by plain HTTP.

Each client must be able to read the message of an error from the model of errors. Run it in the
folder of the generated clients, as ``play.py BASE_URL SECRET_KEY``.
"""

from __future__ import annotations

import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import requests

sys.path.insert(0, str(Path.cwd()))

MOST_POLLS = 200
MODEL_ID = 4821


class RefusedError(Exception):
    """The API answered with an error; its message, as the generated model gives it."""


class Client(Protocol):
    """A generated client with its key."""

    def call(self, name: str, **arguments: Any) -> Any:
        """Call an operation; its reply as a model. RefusedError where that is an error."""


class ByOpenapiGenerator:
    """The client that OpenAPI Generator makes."""

    def __init__(self, url: str, key: str) -> None:
        import openapi_client as made  # noqa: PLC0415 -- generated

        keys = {"apiKey": key, "secretKey": key}
        self._api = made.RetrainApi(made.ApiClient(made.Configuration(host=url, api_key=keys)))
        self._refused, self._error = made.ApiException, made.Error

    def call(self, name: str, **arguments: Any) -> Any:
        """Call the method of that name."""
        try:
            return getattr(self._api, name)(**arguments)
        except self._refused as refused:
            if not isinstance(refused.data, self._error):
                raise
            raise RefusedError(refused.data.message) from None


class ByOpenapiPythonClient:
    """The client that openapi-python-client makes."""

    def __init__(self, url: str, key: str) -> None:
        made = import_module("openapi_python_client_made")
        self._models = import_module(f"{made.__name__}.models")
        self._calls = f"{made.__name__}.api.retrain"
        self._client = made.AuthenticatedClient(
            base_url=url, token=key, prefix="", auth_header_name="x-api-key"
        )

    def call(self, name: str, **arguments: Any) -> Any:
        """Call the module of that name."""
        if "credential_type" in arguments:
            kind = self._models.GetApiKeyCredentialType(arguments["credential_type"])
            arguments["credential_type"] = kind
        answer = import_module(f"{self._calls}.{name}").sync(client=self._client, **arguments)
        if isinstance(answer, self._models.Error):
            raise RefusedError(answer.message)
        return answer


def play(made: Any, url: str, secret: str) -> None:
    """Get a key, upload, poll to the end, download and switch; meet two errors on the way."""
    _refused("Not_found_credential.", made(url, "no-key"), "retrain_status_check", "any")

    issued = made(url, secret).call("get_api_key", credential_type="retrain", model_id=MODEL_ID)
    client = made(url, issued.api_key)
    job = client.call("retrain_data_upload", filename="train.csv")
    _refused("Retrain job is not finished.", client, "retrain_model_switch", job.retrain_job_id)

    requests.put(job.upload_url, data=b"id,label\n1,a\n", timeout=10).raise_for_status()
    result = requests.get(_finished(client, job.retrain_job_id).download_url, timeout=10)
    assert result.content.startswith(b"PK"), result.content

    switched = client.call("retrain_model_switch", retrain_job_id=job.retrain_job_id)
    assert switched.metadata.retrain_job_id == job.retrain_job_id, switched


def _finished(client: Client, job: str) -> Any:
    for _ in range(MOST_POLLS):
        reply = client.call("retrain_status_check", retrain_job_id=job)
        if reply.status == "job_finished":
            return reply
        time.sleep(0.01)
    raise TimeoutError(f"{job} has not finished after {MOST_POLLS} polls")


def _refused(message: str, client: Client, name: str, job: str) -> None:
    seen = None
    try:
        client.call(name, retrain_job_id=job)
    except RefusedError as refused:
        seen = str(refused)
    assert seen == message, seen


if __name__ == "__main__":
    for client in (ByOpenapiGenerator, ByOpenapiPythonClient):
        play(client, *sys.argv[1:])
        print(f"{client.__name__}: the whole sequence")
