"""Every documented and every assumed point of the contract, one test each, through every door."""

from __future__ import annotations

import pytest
from contract_doors import GIVEN_URL

from mock_p1.verify.all_checks import ASSUMED, DOCUMENTED
from mock_p1.verify.runner import judge


def _points(checks, mark):
    return [pytest.param(check, id=check.id, marks=mark) for check in checks]


@pytest.mark.parametrize("check", _points(DOCUMENTED, pytest.mark.documented))
def test_documented(door, check):
    """What the manual says holds."""
    result = _judged(door, check)
    if result.outcome != "hold":
        pytest.fail(f"differs: {_beside(result)}", pytrace=False)


@pytest.mark.parametrize("check", _points(ASSUMED, pytest.mark.assumed))
def test_assumed(door, check):
    """What the manual leaves open is as the mock assumes it."""
    result = _judged(door, check)
    if result.outcome != "confirmed":
        instead = (
            f"; a scenario can say so: assumptions: {dict(result.assumption)}"
            if result.assumption
            else ""
        )
        pytest.fail(
            f"assumption refuted, no broken contract: {_beside(result)}{instead}", pytrace=False
        )


def _judged(door, check):
    """Run the check; skip what a given server has no means for. Our own doors have every means."""
    result = judge(check, door.subject)
    if result.outcome == "not checked" and door.name == GIVEN_URL:
        pytest.skip(f"not checked: {result.reason}")
    if result.outcome.startswith("not"):
        pytest.fail(f"{check.sentence} {result.outcome}: {result.reason}", pytrace=False)
    return result


def _beside(result):
    source = f"{result.check.standing}: {result.check.source}"
    return f"{result.check.sentence}\n  expected {result.expected}\n  actual   {result.actual}\n  ({source})"
