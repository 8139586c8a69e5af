"""Mock P1: an offline double of the Prediction One retrain API.

The public names are imported when first used, so that ``import mock_p1`` itself stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from mock_p1._version import __version__

if TYPE_CHECKING:
    from mock_p1.analysis.fault_matrix import NoSuchFault
    from mock_p1.analysis.polls import Poll, PollList
    from mock_p1.contract.errors import DOCUMENTED_ERRORS
    from mock_p1.contract.names import ErrorName, FaultName, OperationName, ReplyFields
    from mock_p1.engine.acts import StoreDown
    from mock_p1.engine.driver import NoSuchJob, NoSuchStep
    from mock_p1.engine.saved_state import CannotLoad
    from mock_p1.oneclock.shared import CannotShare, SleptTooLong
    from mock_p1.scenario.files import ScenarioSource, load_scenario
    from mock_p1.scenario.model import Scenario
    from mock_p1.scenario.problems import Problem, ScenarioError
    from mock_p1.server.app import create_app
    from mock_p1.server.asgi_app import create_asgi_app
    from mock_p1.server.server import CannotListen
    from mock_p1.testing.cassette import RecordedService, record
    from mock_p1.testing.handle import Handle
    from mock_p1.testing.mocks import mocked, serving
    from mock_p1.testing.plugin_fixtures import MockFactory
    from mock_p1.testing.plugin_marker import MarkerError
    from mock_p1.testing.uploaded import Upload
    from mock_p1.transports.network_guard import RealServiceRefused


__all__ = [
    "DOCUMENTED_ERRORS",
    "CannotListen",
    "CannotLoad",
    "CannotShare",
    "CannotShareState",
    "ErrorName",
    "FaultName",
    "Handle",
    "MarkerError",
    "MockFactory",
    "NoSuchFault",
    "NoSuchJob",
    "NoSuchStep",
    "OperationName",
    "Poll",
    "PollList",
    "Problem",
    "RealServiceRefused",
    "RecordedService",
    "ReplyFields",
    "Scenario",
    "ScenarioError",
    "ScenarioSource",
    "SleptTooLong",
    "StoreDown",
    "Upload",
    "__version__",
    "create_app",
    "create_asgi_app",
    "load_scenario",
    "mocked",
    "record",
    "serving",
]

_HOMES = {
    "CannotListen": "server.server",
    "CannotLoad": "engine.saved_state",
    "CannotShare": "oneclock.shared",
    "CannotShareState": "server.store_url",
    "DOCUMENTED_ERRORS": "contract.errors",
    "ErrorName": "contract.names",
    "FaultName": "contract.names",
    "Handle": "testing.handle",
    "MarkerError": "testing.plugin_marker",
    "MockFactory": "testing.plugin_fixtures",
    "NoSuchFault": "analysis.fault_matrix",
    "NoSuchJob": "engine.driver",
    "NoSuchStep": "engine.driver",
    "OperationName": "contract.names",
    "Poll": "analysis.polls",
    "PollList": "analysis.polls",
    "Problem": "scenario.problems",
    "RealServiceRefused": "transports.network_guard",
    "RecordedService": "testing.cassette",
    "ReplyFields": "contract.names",
    "Scenario": "scenario.model",
    "ScenarioError": "scenario.problems",
    "ScenarioSource": "scenario.files",
    "SleptTooLong": "oneclock.shared",
    "StoreDown": "engine.acts",
    "Upload": "testing.uploaded",
    "create_app": "server.app",
    "create_asgi_app": "server.asgi_app",
    "load_scenario": "scenario.files",
    "mocked": "testing.mocks",
    "record": "testing.cassette",
    "serving": "testing.mocks",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 -- one of the public names
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"mock_p1.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
