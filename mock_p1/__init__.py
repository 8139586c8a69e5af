"""Mock P1: an offline double of the Prediction One retrain status API.

The public names are imported when first used, so that ``import mock_p1`` itself stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mock_p1.control.app import create_app
    from mock_p1.core.contract import DOCUMENTED_ERRORS
    from mock_p1.core.driver import NoSuchJob, NoSuchStep
    from mock_p1.core.problems import ScenarioError
    from mock_p1.core.scenario import Scenario
    from mock_p1.loading import load_scenario
    from mock_p1.testing.handle import Handle
    from mock_p1.testing.polls import Poll
    from mock_p1.testing.starting import mocked, serving

__version__ = "0.1.0"

__all__ = [
    "DOCUMENTED_ERRORS",
    "Handle",
    "NoSuchJob",
    "NoSuchStep",
    "Poll",
    "Scenario",
    "ScenarioError",
    "create_app",
    "load_scenario",
    "mocked",
    "serving",
]

_HOMES = {
    "DOCUMENTED_ERRORS": "core.contract",
    "Handle": "testing.handle",
    "NoSuchJob": "core.driver",
    "NoSuchStep": "core.driver",
    "Poll": "testing.polls",
    "Scenario": "core.scenario",
    "ScenarioError": "core.problems",
    "create_app": "control.app",
    "load_scenario": "loading",
    "mocked": "testing.starting",
    "serving": "testing.starting",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 -- one of the public names
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"mock_p1.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
