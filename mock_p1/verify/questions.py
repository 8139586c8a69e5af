"""Every question that a server is asked, by the name that reports give it."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 -- dataclass keeps the annotations
from dataclasses import dataclass, field
from typing import Final, Literal

from mock_p1.verify import published

Permission = Literal["issue-key", "upload", "switch"]
"""A call that changes something at the server, and is made only where the caller allows it."""

PERMISSIONS: Final[Mapping[Permission, str]] = {
    "issue-key": "a new key may end the old one",
    "upload": "the service begins a retraining when the file has come",
    "switch": "a real model is replaced: predictions are made by the new one from then on",
}
"""What each permission may cost."""

UNKNOWN_KEY: Final = "5d0f7c1e-93a4-4c1b-8e27-6b1a90d3f2c8"
UNKNOWN_JOB: Final = "b7a1c9d2-4e83-4f6a-9d05-2c8e71f3a6b4"
UNFILLED_JOB: Final = "{xxxx-xxxx-xxxx-xxxx}"
"""A key and a job that nobody was given, and an id that a user forgot to fill in.

The last one is written as the manual's example has it.
"""


class Exactly(str):
    """A value that is sent as it stands; other texts name a value of the session."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A call: method and path, or the link that another answer held, and what to send with it.

    ``key``, ``job``, ``link`` and the values of ``query`` name values of the session. Without
    ``key`` none is sent. ``allow`` is what the caller must have allowed for it.
    """

    method: str = "GET"
    path: str = published.STATUS_PATH
    link: str | None = None
    key: str | None = "api_key"
    job: str = "job_id"
    query: Mapping[str, str] = field(default_factory=dict)
    sends_file: bool = False
    allow: Permission | None = None


_UNKNOWN: Final = Exactly(UNKNOWN_KEY)

READING: Final = {
    "the job": Question(),
    "the job, again": Question(),
    "the job, a third time": Question(),
    "the job, a fourth time": Question(),
    "the finished job": Question(job="finished_job_id"),
    "the finished job, again": Question(job="finished_job_id"),
    "no key": Question(key=None),
    "an empty key": Question(key=Exactly("")),
    "an unknown key": Question(key=_UNKNOWN),
    "an inactive key": Question(key="inactive_key"),
    "another model's key": Question(key="other_key"),
    "an unknown job": Question(job=Exactly(UNKNOWN_JOB)),
    "an id left unfilled": Question(job=Exactly(UNFILLED_JOB)),
    "a deleted job": Question(job="deleted_job_id"),
    "an unknown key and job": Question(key=_UNKNOWN, job=Exactly(UNKNOWN_JOB)),
}
"""The questions that change nothing. All are GETs of one documented URL."""

STATUS_QUESTIONS: Final = tuple(READING)[:6]
"""The questions that a reply answers."""

ERROR_QUESTIONS: Final = tuple(READING)[6:]
"""The questions that a documented error answers."""


def _issue(key: str | None = "secret_key", **query: str) -> Question:
    return Question(path=published.API_KEY_PATH, key=key, query=query, allow="issue-key")


def _upload_url(key: str | None = "api_key", **query: str) -> Question:
    return Question(path=published.UPLOAD_URL_PATH, key=key, query=query, allow="upload")


def _switch(key: str | None = "api_key", job: str = "job_to_switch") -> Question:
    return Question(method="PUT", path=published.SWITCH_PATH, key=key, job=job, allow="switch")


_RETRAIN: Final = Exactly(published.RETRAIN)
_FILE: Final = Question(method="PUT", link="upload_url", key=None, sends_file=True, allow="upload")

CHANGING: Final = {
    "a new key": _issue(credential_type=_RETRAIN, model_id="model_id"),
    "a new key without secret key": _issue(None, credential_type=_RETRAIN, model_id="model_id"),
    "a new key by an unknown secret key": _issue(
        _UNKNOWN, credential_type=_RETRAIN, model_id="model_id"
    ),
    "a new key by an API key": _issue("api_key", credential_type=_RETRAIN, model_id="model_id"),
    "a new key without model_id": _issue(credential_type=_RETRAIN),
    "a new key without credential_type": _issue(model_id="model_id"),
    "a new key, again": _issue(credential_type=_RETRAIN, model_id="model_id"),
    "the job by the new key": Question(key="issued_key", allow="issue-key"),
    "the job by the key before": Question(key="issued_key", allow="issue-key"),
    "an upload URL": _upload_url(filename="filename"),
    "an upload URL without key": _upload_url(None, filename="filename"),
    "an upload URL by an unknown key": _upload_url(_UNKNOWN, filename="filename"),
    "an upload URL without filename": _upload_url(),
    "the new job before its file": Question(job="new_job", allow="upload"),
    "the file": _FILE,
    "the new job": Question(job="new_job", allow="upload"),
    "the file, again": _FILE,
    "the switch": _switch(),
    "the switch without key": _switch(None),
    "the switch by an unknown key": _switch(_UNKNOWN),
    "the switch of an unknown job": _switch("api_key", Exactly(UNKNOWN_JOB)),
    "the switch of an unfinished job": _switch("api_key", "unfinished_job"),
    "the switch of a failed job": _switch("api_key", "failed_job"),
    "the switch, again": _switch(),
}
"""The questions that may change something at the server, or cost it something.

Those without a right key are among them: a wrong server might do what they say.
"""

QUESTIONS: Final = {**READING, **CHANGING}
