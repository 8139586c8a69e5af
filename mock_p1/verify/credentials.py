"""What the caller gave to ask a server with: keys, ids, a file to upload."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from mock_p1.verify.exceptions import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

SHORTEST_SECRET: Final = 4
"""A key shorter than this is a word that a report may hold by chance, and no secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What the caller has; None for what there is not.

    Keys are for headers, ids not yet percent-encoded; ``file`` is what may be uploaded.
    """

    api_key: str | None = None
    job_id: str | None = None
    inactive_key: str | None = None
    other_key: str | None = None
    deleted_job_id: str | None = None
    finished_job_id: str | None = None
    failed_job_id: str | None = None
    secret_key: str | None = None
    model_id: int | None = None
    file: Path | None = None

    def __post_init__(self) -> None:
        """UsageError if one of them cannot be sent."""
        for name in ("api_key", "inactive_key", "other_key", "secret_key"):
            check_key(option_name(name), getattr(self, name))
        for name in ("job_id", "deleted_job_id", "finished_job_id", "failed_job_id"):
            check_job_id(option_name(name), getattr(self, name))
        if self.file is not None and not self.file.is_file():
            raise UsageError(f"--file {self.file}: there is no such file")

    @property
    def keys(self) -> list[str]:
        """Every key that was given."""
        given = (self.api_key, self.inactive_key, self.other_key, self.secret_key)
        return [key for key in given if key]


def mask(key: str) -> str:
    """Return what may be shown of a key: its first characters, at most a third of it."""
    shown = 4 if len(key) >= 12 else 2 if len(key) >= 6 else 0  # noqa: PLR2004 -- at most a third
    return f"{key[:shown]}…"


def hide_keys(text: str, keys: Iterable[str]) -> str:
    """Return a text that a server had a hand in with every key masked, in whatever form it came."""
    for key in keys:
        if len(key) < SHORTEST_SECRET:
            continue
        masked = mask(key)
        for form in (key, json.dumps(key)[1:-1], quote(key, safe="")):
            text = text.replace(form, masked)
            for end in range(len(form) - 1, len(masked) - 1, -1):  # the key's end was cut off
                text = text.replace(f"{form[:end]}…", masked)
    return text


def option_name(name: str) -> str:
    """Return the option by which a field of Credentials is given."""
    return f"--{name.replace('_', '-')}"


def check_key(option: str, key: str | None) -> None:
    """UsageError if a key cannot be sent in a header. The message never shows it."""
    if key is None:
        return
    if not key:
        raise UsageError(f"{option} is empty")
    if "\n" in key or "\r" in key:
        raise UsageError(
            f"{option} holds a line break, which no header can; "
            "was it read from a file? give it without"
        )
    if key != key.strip():
        raise UsageError(f"{option} begins or ends with a blank; give it without")
    if not key.isprintable() or not key.isascii():
        raise UsageError(
            f"{option} holds a character that is not printable ASCII; "
            "a key can only be sent as such"
        )


def check_job_id(option: str, job_id: str | None) -> None:
    """UsageError if an id cannot be asked for."""
    if job_id is None:
        return
    if not job_id.strip():
        raise UsageError(f"{option} is empty")
    if job_id in (".", ".."):
        raise UsageError(
            f"{option} is {job_id!r}, which a client takes for a folder and never sends"
        )
    if not job_id.isprintable() or job_id != job_id.strip():
        raise UsageError(
            f"{option} holds a line break, a control character or a blank at its end; "
            "give it without"
        )
