"""Every point of the contract, documented or assumed, one test each, through every transport."""

from __future__ import annotations

import pytest

from mock_p1.verify.runner import CHECKS

from .contract_transports import GIVEN_URL


def _points(standing, mark):
    checks = [check for check in CHECKS if check.standing == standing]
    return [pytest.param(check, id=check.id, marks=mark) for check in checks]


@pytest.mark.parametrize("check", _points("documented", pytest.mark.documented))
def test_documented(transport, judged, check):
    """What the manual says holds."""
    result = _result(transport, judged, check)
    if result.outcome != "hold":
        pytest.fail(f"differs: {_beside(result)}", pytrace=False)


@pytest.mark.parametrize("check", _points("assumed", pytest.mark.assumed))
def test_assumed(transport, judged, check):
    """What the manual leaves open is as the mock assumes it."""
    result = _result(transport, judged, check)
    if result.outcome != "confirmed":
        instead = (
            f"; a scenario can say so: assumptions: {dict(result.assumption)}"
            if result.assumption
            else ""
        )
        pytest.fail(
            f"assumption refuted, no broken contract: {_beside(result)}{instead}", pytrace=False
        )


def _result(transport, judged, check):
    """Judge the point; skip what a given server was given nothing for."""
    result = judged(check)
    if result.outcome == "not checked" and transport.name == GIVEN_URL:
        pytest.skip(f"not checked: {result.reason}")
    if result.outcome.startswith("not"):
        pytest.fail(f"{check.sentence} {result.outcome}: {result.reason}", pytrace=False)
    return result


def _beside(result):
    source = f"{result.check.standing}: {result.check.source}"
    return (
        f"{result.check.sentence}\n  expected {result.expected}\n"
        f"  actual   {result.actual}\n  ({source})"
    )
