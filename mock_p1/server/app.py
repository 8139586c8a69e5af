"""The whole Flask app: the imitated API, and ``/__admin`` beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mock_p1.admin.access import AccessPolicy
from mock_p1.admin.blueprint import add_admin
from mock_p1.admin.context import AdminContext
from mock_p1.engine.engine import Engine
from mock_p1.scenario.files import load_scenario
from mock_p1.transports import wsgi as flask_app

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flask import Flask

    from mock_p1.scenario.files import ScenarioSource


def create_app(
    scenario: ScenarioSource = "demo",
    *,
    seed: int | None = None,
    admin: bool = True,
    admin_token: str | None = None,
    admin_hosts: Iterable[str] = (),
) -> Flask:
    """Return a Flask app that imitates the API as the scenario says.

    For any WSGI server, or Flask's test client. ``scenario`` is a bundled name, a file, a
    scenario's text, a mapping, or a Scenario.

    The control API and the dashboard under ``/__admin`` answer this machine only, asked as
    localhost, a loopback address or one of ``admin_hosts``. With an ``admin_token`` they answer
    everybody who sends it as ``Authorization: Bearer``: give one where the app can be reached from
    elsewhere. ``admin=False`` leaves them out.

    Raises ScenarioError with every problem if the scenario cannot be used; ValueError for a token
    nobody can send.
    """
    engine = Engine(load_scenario(scenario), seed=seed)
    return create_app_for(
        engine, AdminContext(engine, AccessPolicy(admin_token, admin_hosts)), admin=admin
    )


def create_app_for(
    engine: Engine, panel: AdminContext | None = None, *, admin: bool = True
) -> Flask:
    """Return the app of an engine that exists already.

    Its controls are ``panel``'s, or none at all.
    """
    app = flask_app.create_app(engine)
    if admin:
        add_admin(app, panel or AdminContext(engine))
    return app
