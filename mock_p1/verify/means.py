"""What a caller has to ask a server with, and every question that can be asked with it."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import Final, NamedTuple
from urllib.parse import quote

from mock_p1.verify.url import check_job_id, check_key

SECRET: Final = 4
"""A key shorter than this is a word that a report may hold by chance, and no secret."""

UNKNOWN_KEY: Final = "5d0f7c1e-93a4-4c1b-8e27-6b1a90d3f2c8"
UNKNOWN_JOB: Final = "b7a1c9d2-4e83-4f6a-9d05-2c8e71f3a6b4"
UNFILLED_JOB: Final = "{xxxx-xxxx-xxxx-xxxx}"
"""A key and a job that nobody was given, and an id that a user forgot to fill in, as the manual's example writes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What the caller has.

    Keys are for headers, ids not yet percent-encoded; None where there is none.
    """

    api_key: str
    job_id: str
    inactive_key: str | None = None
    other_key: str | None = None
    deleted_job_id: str | None = None
    finished_job_id: str | None = None

    def __post_init__(self) -> None:
        """Misused if one of them cannot be sent."""
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None:
                check = check_key if field.name.endswith("key") else check_job_id
                check(option(field.name), value)

    def hide(self, text: str) -> str:
        """Return a text that a server had a hand in with every key in it masked, however it was written there."""
        for key in (self.api_key, self.inactive_key, self.other_key):
            if key and len(key) >= SECRET:
                for form in (key, json.dumps(key)[1:-1], quote(key, safe="")):
                    text = text.replace(form, mask(key))
                    for end in range(len(form) - 1, len(mask(key)) - 1, -1):  # cut off amid the key
                        text = text.replace(f"{form[:end]}…", mask(key))
        return text


def mask(key: str) -> str:
    """Return what may be shown of a key: its first characters, at most a third of it."""
    shown = 4 if len(key) >= 12 else 2 if len(key) >= 6 else 0  # noqa: PLR2004 -- at most a third
    return f"{key[:shown]}…"


def option(name: str) -> str:
    """Return the option by which a field of Credentials is given."""
    return f"--{name.replace('_', '-')}"


class Ask(NamedTuple):
    """A question: the fields of Credentials to send as key and job, or a literal key or id.

    ``key`` None sends no key.
    """

    key: str | None = "api_key"
    job: str = "job_id"
    literal_key: str | None = None
    literal_job: str | None = None


ASKS: Final = {
    "the job": Ask(),
    "the job, again": Ask(),
    "the job, a third time": Ask(),
    "the job, a fourth time": Ask(),
    "the finished job": Ask(job="finished_job_id"),
    "the finished job, again": Ask(job="finished_job_id"),
    "no key": Ask(key=None),
    "an empty key": Ask(literal_key=""),
    "an unknown key": Ask(literal_key=UNKNOWN_KEY),
    "an inactive key": Ask(key="inactive_key"),
    "another model's key": Ask(key="other_key"),
    "an unknown job": Ask(literal_job=UNKNOWN_JOB),
    "an id left unfilled": Ask(literal_job=UNFILLED_JOB),
    "a deleted job": Ask(job="deleted_job_id"),
    "an unknown key and job": Ask(literal_key=UNKNOWN_KEY, literal_job=UNKNOWN_JOB),
}
"""Every question, by the name that reports give it. All are GETs of the one documented URL."""

POLLS: Final = tuple(ASKS)[:6]
"""The questions that a reply answers."""

PROVOKING: Final = tuple(ASKS)[6:]
"""The questions that one of the five errors answers."""
