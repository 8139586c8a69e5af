"""How ``/__admin`` says no: always JSON, in one shape, with what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from mock_p1.base.messages import Reply, json_reply

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mock_p1.scenario.problems import Problem


class AdminError(Exception):
    """A request that is not done.

    ``remedy`` says what to do instead; ``problems`` lists what is wrong with a file.
    """

    def __init__(  # noqa: PLR0913 -- the parts of one answer
        self,
        status: int,
        error: str,
        message: str,
        remedy: str,
        *,
        problems: Sequence[Problem] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status: int = status
        self.error: str = error
        self.message: str = message
        self.remedy: str = remedy
        self.problems: Sequence[Problem] | None = problems
        self.headers: dict[str, str] = dict(headers or {})

    def reply(self) -> Reply:
        """Return the answer."""
        payload: dict[str, object] = {
            "error": self.error,
            "message": self.message,
            "remedy": self.remedy,
        }
        if self.problems is not None:
            payload["problems"] = [problem._asdict() for problem in self.problems]
        return json_reply(self.status, payload, self.headers)


def bad(what: Literal["BODY", "QUERY", "VALUE"], message: str, remedy: str) -> AdminError:
    """Refuse what was sent."""
    return AdminError(400, f"MOCK_P1_BAD_{what}", message, remedy)


def too_large(limit: int) -> AdminError:
    """Refuse a body without reading it."""
    return AdminError(
        413,
        "MOCK_P1_TOO_LARGE",
        f"the body is larger than {limit:,} bytes, the most that is taken here",
        "send less",
    )
