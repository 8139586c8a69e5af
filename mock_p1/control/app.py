"""The whole Flask app: the imitated API, and ``/__admin`` beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Flask, jsonify

from mock_p1 import __version__
from mock_p1.core.engine import Engine
from mock_p1.doors import flask_app
from mock_p1.loading import load_scenario

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Response

    from mock_p1.core.scenario import Scenario


def create_app(scenario: str | Path | Scenario = "demo", *, seed: int | None = None) -> Flask:
    """Return a Flask app that imitates the API as the scenario says; for any WSGI server, or Flask's test client.

    Raises ScenarioError with every problem if the scenario cannot be used.
    """
    return create_app_for(Engine(load_scenario(scenario), seed=seed))


def create_app_for(engine: Engine) -> Flask:
    """Return the app of an engine that exists already."""
    app = flask_app.create_app(engine)
    app.register_blueprint(_admin(engine))
    return app


def _admin(engine: Engine) -> Blueprint:
    admin = Blueprint("admin", __name__, url_prefix="/__admin")

    @admin.get("/health")
    def health() -> Response:
        return jsonify(status="ok", version=__version__, scenario=engine.scenario.name)

    return admin
