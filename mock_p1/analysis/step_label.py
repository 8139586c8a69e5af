"""The one name of what a step shows: its status, error or fault, or its reply's HTTP status."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mock_p1.scenario.steps import ErrorStep, FaultStep, ReplyStep, StatusStep

if TYPE_CHECKING:
    from mock_p1.scenario.steps import Step


def step_label(step: Step) -> str:
    """Return what a step shows: ``job_running``, ``timeout``, ``HTTP 503``."""
    match step:
        case StatusStep(status=name) | ErrorStep(error=name) | FaultStep(fault=name):
            return str(name)
        case ReplyStep(reply=reply):
            return f"HTTP {reply.status_code}"
        case _:
            raise TypeError(f"no such step: {step!r}")
