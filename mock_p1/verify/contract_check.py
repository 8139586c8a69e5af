"""What a check is: a sentence on the API, its standing and source, and a function that judges.

And checks of one shape: of the fields of an answer, of a call without its parameter, of a refusal.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from mock_p1.verify import published
from mock_p1.verify.answer import Answer, describe, error_of, json_object, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

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


def none_of(wrong: Iterator[str], expected: str) -> Verdict:
    """Return the verdict that all is as expected, or else the first of what is wrong."""
    actual = next(wrong, "")
    return judged(agrees=not actual, expected=expected, actual=actual)


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


TYPE_NAMES: Final[dict[type, str]] = {
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    str: "a string",
    dict: "an object",
    list: "a list",
}


def kind_of(value: object) -> str:
    """Say what a value is, in the words of JSON."""
    return TYPE_NAMES.get(type(value), "null")


def judge_fields(answer: Answer, fields: Mapping[str, type], *, ordered: bool = True) -> Verdict:
    """Judge that an answer is an object with these fields, in this order, and no others."""
    expected = ", ".join(fields)
    found = json_object(answer)
    if found is None or found.keys() != fields.keys() or (ordered and [*found] != [*fields]):
        return otherwise(expected, describe(answer))
    for name, kind in fields.items():
        if type(found[name]) is not kind:
            return otherwise(f"{name}, {TYPE_NAMES[kind]}", f"{name} is {kind_of(found[name])}")
    return as_expected(expected)


def assuming(key: str, value: str | None, possible: Collection[str]) -> dict[str, str]:
    """Return the line of ``assumptions:`` that says so, where a scenario can say it."""
    return {key: value} if value is not None and value in possible else {}


def judge_without(
    answer: Answer, field: str, expected: str, key: str, errors: Collection[str]
) -> Verdict:
    """Judge that a call without its parameter is answered with a field all the same.

    Otherwise, ``key`` of ``assumptions:`` may name the error it is answered with.
    """
    return judged(
        agrees=field in (json_object(answer) or {}),
        expected=expected,
        actual=describe(answer),
        assumption=assuming(key, error_of(answer).name, errors),
    )


def refused(  # noqa: PLR0913, PLR0917 -- a check's parts
    check_id: str,
    sentence: str,
    source: str,
    question: str,
    needs: Permission | None = None,
    names: tuple[str, ...] = published.CREDENTIAL_ERRORS,
    before: Callable[[VerifySession], object] = lambda _: None,
) -> Check:
    """Make the check that a question is answered with one of the named errors, to the letter.

    ``before`` finds what the question needs.
    """

    @documented(check_id, sentence, source, needs)
    def check(session: VerifySession) -> Verdict:
        before(session)
        answer = session.answer(question)
        messages = " or ".join(f'"{published.ERRORS[name].message}"' for name in names)
        error = published.ERRORS[names[0]]
        return Verdict(
            error_of(answer).name in names,
            f"{error.code} {error.error} {messages}",
            _error_or_answer(answer),
        )

    return check


def _error_or_answer(answer: Answer) -> str:
    error = error_of(answer)
    if json_object(answer) is None or error.message is None:
        return describe(answer)
    return one_line(str(error))
