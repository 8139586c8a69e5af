"""Runs the checks against a subject and gathers what came of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from mock_p1.verify.all_checks import CHECKS
from mock_p1.verify.client import Unreachable
from mock_p1.verify.preflight import preflight
from mock_p1.verify.session import NotChecked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mock_p1.verify.contract_check import Check
    from mock_p1.verify.session import VerifySession
    from mock_p1.verify.watch import Watched

Outcome = Literal["hold", "differ", "confirmed", "refuted", "not checked", "not reached"]

HOLDS: Final = 0
DIFFERS: Final = 1
NOT_REACHED: Final = 3


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one check: expected and actual side by side, or the reason why it was not judged."""

    check: Check
    outcome: Outcome
    expected: str = ""
    actual: str = ""
    reason: str = ""
    assumption: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a whole run.

    ``trouble`` says why it ended early, or did not see a watched job's end.
    """

    results: tuple[Result, ...] = ()
    trouble: str = ""
    watched: Watched | None = None

    def having(self, *outcomes: Outcome) -> list[Result]:
        """Return the results with one of these outcomes."""
        return [result for result in self.results if result.outcome in outcomes]

    def exit_status(self, *, strict: bool = False) -> int:
        """Return 0 if the documented points hold, 1 if one differs, 3 if something could not be reached.

        A refuted assumption is no broken contract; with ``strict`` it counts as a difference all the same.
        """
        if self.having("differ", *(("refuted",) if strict else ())):
            return DIFFERS
        return NOT_REACHED if self.trouble or self.having("not reached") else HOLDS

    @property
    def assumptions(self) -> dict[str, Any]:
        """What a scenario's ``assumptions:`` would have to say for the mock to agree with the server."""
        merged: dict[str, Any] = {}
        for result in self.results:
            merged.update(result.assumption)
        return merged

    @property
    def beyond_assumptions(self) -> list[Result]:
        """The refuted points that no line of ``assumptions:`` can say."""
        return [result for result in self.having("refuted") if not result.assumption]


def run(
    subject: VerifySession,
    checks: Iterable[Check] = CHECKS,
    *,
    before: Callable[[VerifySession], Watched | None] = lambda _: None,
) -> Report:
    """Ask first whether this is the API, let ``before`` watch a job, then run the checks.

    MarkerError as in preflight.
    """
    watched, trouble = None, ""
    try:
        preflight(subject)
        watched = before(subject)
    except Unreachable as error:
        trouble = subject.means.hide(str(error))
        return Report(
            tuple(Result(check, "not reached", reason="see above") for check in checks), trouble
        )
    if watched is not None and not watched.ended:
        trouble = f"the end of the watched job was not seen: {watched.why}"
    return Report(tuple(judge(check, subject) for check in checks), trouble, watched)


def judge(check: Check, subject: VerifySession) -> Result:
    """Run one check. What a server had a hand in is shown without the keys."""
    hide = subject.means.hide
    try:
        verdict = check.judge(subject)
    except NotChecked as reason:
        return Result(check, "not checked", reason=hide(str(reason)))
    except Unreachable as trouble:
        return Result(check, "not reached", reason=hide(str(trouble)))
    outcome: Outcome
    if check.standing == "documented":
        outcome = "hold" if verdict.agrees else "differ"
    else:
        outcome = "confirmed" if verdict.agrees else "refuted"
    assumption = {key: _hidden(value, hide) for key, value in verdict.assumption.items()}
    return Result(check, outcome, hide(verdict.expected), hide(verdict.actual), "", assumption)


def _hidden(value: Any, hide: Callable[[str], str]) -> Any:  # noqa: ANN401 -- any JSON
    if isinstance(value, dict):
        return {hide(name): _hidden(item, hide) for name, item in value.items()}
    if isinstance(value, list):
        return [_hidden(item, hide) for item in value]
    return hide(value) if isinstance(value, str) else value
