"""What a check is: a sentence on the API, its standing and source, and a function that judges."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mock_p1.verify.questions import Permission
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
    return Verdict(agrees=True, expected=what, actual=what)


def otherwise(expected: str, actual: str, assumption: Mapping[str, Any] | None = None) -> Verdict:
    """Return the verdict that something else than the expected was found."""
    return Verdict(agrees=False, expected=expected, actual=actual, assumption=assumption or {})


def judged(
    *, agrees: bool, expected: str, actual: str, assumption: Mapping[str, Any] | None = None
) -> Verdict:
    """Return the verdict on what either is as expected, or else ``actual``."""
    return as_expected(expected) if agrees else otherwise(expected, actual, assumption)


@dataclass(frozen=True, slots=True)
class Check:
    """One point of the contract.

    ``judge`` asks the server; it may raise NotChecked or Unreachable. ``needs`` is what the caller
    must allow for it.
    """

    id: str
    sentence: str
    standing: Standing
    source: str
    judge: Callable[[VerifySession], Verdict]
    needs: Permission | None = None


def documented(
    check_id: str, sentence: str, source: str, needs: Permission | None = None
) -> Callable[[Callable[[VerifySession], Verdict]], Check]:
    """Make a function a check of what the manual says; ``source`` is where it says so."""
    return lambda judge: Check(check_id, sentence, "documented", source, judge, needs)


def assumed(
    check_id: str, sentence: str, source: str, needs: Permission | None = None
) -> Callable[[Callable[[VerifySession], Verdict]], Check]:
    """Make a function a check of what the manual leaves open; ``source`` is why it was assumed."""
    return lambda judge: Check(check_id, sentence, "assumed", source, judge, needs)
