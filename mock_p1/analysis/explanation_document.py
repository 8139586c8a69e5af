"""What a client would see, as one document for other programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mock_p1.analysis.explanation import Explanation, call_explanations, explanations
from mock_p1.analysis.lint import LintWarning, lint_warnings

if TYPE_CHECKING:
    from mock_p1.scenario.model import Scenario


def explanation_document(scenario: Scenario, one: Explanation | None = None) -> dict[str, Any]:
    """Return all that can be told of a scenario, or of ``one`` of its jobs, as JSON has it.

    Keys are left as they are written, None where every one is active.
    """
    jobs = explanations(scenario) if one is None else [one]
    return {
        "scenario": scenario.name,
        "description": scenario.description,
        "api_keys": scenario.api_keys and dict(scenario.api_keys),
        "secret_keys": scenario.secret_keys and dict(scenario.secret_keys),
        "other_jobs": None if "*" in scenario.jobs else "not_found_retrain_job",
        "jobs": [_timeline(each) for each in jobs],
        "calls": [_timeline(each) for each in call_explanations(scenario)],
        "warnings": [
            {"source": each.source, "text": each.text} for each in warnings_about(scenario, one)
        ],
    }


def warnings_about(scenario: Scenario, one: Explanation | None) -> list[LintWarning]:
    """Return the lint warnings, or those that have to do with one job."""
    about = None if one is None else (None, one.entry, one.place)
    return [each for each in lint_warnings(scenario) if about is None or each.job in about]


def _timeline(explanation: Explanation) -> dict[str, Any]:
    return {
        "title": explanation.title,
        "entry": explanation.entry,
        "place": explanation.place,
        "api_key": explanation.api_key,
        "length": explanation.length,
        "rows": [row._asdict() for row in explanation.rows],
        "calls": [_timeline(each) for each in explanation.calls],
    }
