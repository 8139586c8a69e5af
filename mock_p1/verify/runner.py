"""Runs the checks against a session and gathers what came of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, Literal

from mock_p1.verify import (
    assumed_checks,
    issue_key_checks,
    job_checks,
    status_checks,
    switch_checks,
    upload_checks,
)
from mock_p1.verify.exceptions import NotChecked, Unreachable
from mock_p1.verify.preflight import preflight
from mock_p1.verify.sequence import prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mock_p1.verify.contract_check import Check, Standing
    from mock_p1.verify.session import VerifySession
    from mock_p1.verify.watch import WatchedJob

Outcome = Literal["hold", "differ", "confirmed", "refuted", "not checked", "not reached"]

CHECKS: Final = (
    *status_checks.CHECKS,
    *upload_checks.CHECKS,
    *switch_checks.CHECKS,
    *job_checks.CHECKS,  # after those that may follow a job to its end
    *assumed_checks.CHECKS,
    *issue_key_checks.CHECKS,  # last: a new key may end the one in use
)
"""In the order in which a server is asked."""

OUTCOMES: Final[Mapping[tuple[Standing, bool], Outcome]] = {
    ("documented", True): "hold",
    ("documented", False): "differ",
    ("assumed", True): "confirmed",
    ("assumed", False): "refuted",
}
"""What comes of a check by its standing, and by whether it agrees."""

HOLDS: Final = 0
DIFFERS: Final = 1
NOT_REACHED: Final = 3


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one check: expected beside actual, or the reason why it was not judged."""

    check: Check
    outcome: Outcome
    expected: str = ""
    actual: str = ""
    reason: str = ""
    assumption: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a whole run.

    ``incomplete`` says why it ended early, or did not see a watched job's end.
    """

    results: tuple[Result, ...] = ()
    incomplete: str = ""
    watched: WatchedJob | None = None

    def having(self, *outcomes: Outcome) -> list[Result]:
        """Return the results with one of these outcomes."""
        return [result for result in self.results if result.outcome in outcomes]

    def exit_status(self, *, strict: bool = False) -> int:
        """Return 0 if the documented points hold, 1 if one differs, 3 if something was not reached.

        A refuted assumption is no broken contract; with ``strict`` it counts as a difference.
        """
        if self.having("differ", *(("refuted",) if strict else ())):
            return DIFFERS
        return NOT_REACHED if self.incomplete or self.having("not reached") else HOLDS

    @property
    def assumptions(self) -> dict[str, Any]:
        """What a scenario's ``assumptions:`` would have to say to agree with the server."""
        each = (result.assumption.items() for result in self.results)
        return dict(chain.from_iterable(each))

    @property
    def beyond_assumptions(self) -> list[Result]:
        """The refuted points that no line of ``assumptions:`` can say."""
        return [result for result in self.having("refuted") if not result.assumption]


def run(
    session: VerifySession,
    checks: Iterable[Check] = CHECKS,
    *,
    before: Callable[[VerifySession], WatchedJob | None] = lambda _: None,
) -> Report:
    """Ask first whether this is the API, let ``before`` watch a job, then run the checks.

    Checks of calls that are not allowed are left out. UsageError as in preflight.
    """
    allowed = [check for check in checks if check.needs is None or check.needs in session.allowed]
    try:
        prepare(session)
        preflight(session)
        watched = before(session)
    except Unreachable as error:
        results = (Result(check, "not reached", reason="see above") for check in allowed)
        return Report(tuple(results), session.hide(str(error)))
    incomplete = (
        ""
        if watched is None or watched.ended
        else f"the end of the watched job was not seen: {watched.why}"
    )
    return Report(tuple(judge(check, session) for check in allowed), incomplete, watched)


def judge(check: Check, session: VerifySession) -> Result:
    """Run one check. What a server had a hand in is shown without the keys."""
    try:
        if check.needs is not None:
            session.require(check.needs)
        verdict = check.judge(session)
    except NotChecked as error:
        return Result(check, "not checked", reason=session.hide(str(error)))
    except Unreachable as error:
        return Result(check, "not reached", reason=session.hide(str(error)))
    return Result(
        check,
        OUTCOMES[check.standing, verdict.agrees],
        session.hide(verdict.expected),
        session.hide(verdict.actual),
        assumption={key: _hidden(value, session.hide) for key, value in verdict.assumption.items()},
    )


def _hidden(value: Any, hide: Callable[[str], str]) -> Any:  # noqa: ANN401 -- any JSON
    if isinstance(value, dict):
        return {hide(name): _hidden(item, hide) for name, item in value.items()}
    if isinstance(value, list):
        return [_hidden(item, hide) for item in value]
    return hide(value) if isinstance(value, str) else value
