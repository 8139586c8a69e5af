"""What a check is: a sentence about the API, how well it is known, where from, and a function that judges a server."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mock_p1.verify.session import VerifySession

Standing = Literal["documented", "assumed"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was expected and what was found.

    ``assumption`` is what a scenario would have to assume to agree.
    """

    agrees: bool
    expected: str
    actual: str
    assumption: Mapping[str, Any] = field(default_factory=dict)


def as_expected(what: str) -> Verdict:
    """Return the verdict that all is as expected."""
    return Verdict(True, what, what)  # noqa: FBT003 -- the one place that says yes


def otherwise(expected: str, actual: str, assumption: Mapping[str, Any] | None = None) -> Verdict:
    """Return the verdict that something else than the expected was found."""
    return Verdict(False, expected, actual, assumption or {})  # noqa: FBT003 -- the one place that says no


@dataclass(frozen=True, slots=True)
class Check:
    """One point of the contract.

    ``judge`` asks the subject; it may raise NotChecked or Unreachable.
    """

    id: str
    sentence: str
    standing: Standing
    source: str
    judge: Callable[[VerifySession], Verdict]


def documented(
    id: str, sentence: str, source: str
) -> Callable[[Callable[[VerifySession], Verdict]], Check]:  # noqa: A002 -- the field's name
    """Make a function a check of what the manual says; ``source`` is where it says so."""
    return lambda judge: Check(id, sentence, "documented", source, judge)


def assumed(
    id: str, sentence: str, source: str
) -> Callable[[Callable[[VerifySession], Verdict]], Check]:  # noqa: A002 -- likewise
    """Make a function a check of what the manual leaves open; ``source`` is why it was assumed."""
    return lambda judge: Check(id, sentence, "assumed", source, judge)
