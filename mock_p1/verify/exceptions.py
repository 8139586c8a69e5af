"""What ends a check, or a run, without a verdict."""

from __future__ import annotations

from typing import Literal

FailureKind = Literal["timeout", "reset", "closed", "cut", "unreachable"]
"""How a call failed on the network: no answer in time, a reset, a connection closed before the
answer or in the midst of it, or no connection at all."""


class UsageError(ValueError):
    """What the caller gave cannot be used; the message says why, and what would do."""


class Unreachable(Exception):  # noqa: N818 -- says what happened
    """No answer that could be judged; the message says why in words.

    ``wait_seconds`` is how long the server asked to be left alone (Retry-After), or 0; ``kind``
    says how the network failed.
    """

    def __init__(
        self, message: str, wait_seconds: float = 0.0, kind: FailureKind = "unreachable"
    ) -> None:
        super().__init__(message)
        self.wait_seconds = wait_seconds
        self.kind: FailureKind = kind


class NotChecked(Exception):  # noqa: N818 -- says what happened
    """A point cannot be checked; the message says why, and what the caller could give."""
