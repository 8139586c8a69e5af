"""The one name of what a step or a call shows: status, error or fault, else the HTTP status."""

from __future__ import annotations

from typing import Final

from mock_p1.scenario.calls import CallStep, ErrorCall, FaultCall, ReplyCall
from mock_p1.scenario.steps import ErrorStep, FaultStep, ReplyStep, StatusStep, Step

REFUSED: Final = 300
"""From here on an HTTP status is no success."""


def step_label(step: Step | CallStep) -> str:
    """Return what a step shows: ``job_running``, ``timeout``, ``HTTP 503``, of a call ``ok``."""
    match step:
        case StatusStep(status=name) | ErrorStep(error=name) | FaultStep(fault=name):
            return str(name)
        case ErrorCall(error=name) | FaultCall(fault=name):
            return str(name)
        case ReplyStep(reply=reply):
            return f"HTTP {reply.status_code}"
        case ReplyCall(reply=reply):
            return http_label(reply.status_code)
    return "ok"


def http_label(status: int) -> str:
    """Return the name of an answer that is neither an error nor a fault."""
    return "ok" if status < REFUSED else f"HTTP {status}"
