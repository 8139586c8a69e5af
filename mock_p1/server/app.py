"""The whole Flask app: the imitated API, and ``/__admin`` beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mock_p1.admin.access import HEALTH, AccessPolicy
from mock_p1.admin.blueprint import add_admin
from mock_p1.admin.context import AdminContext
from mock_p1.admin.in_hand import respond
from mock_p1.base.proxies import Proxies
from mock_p1.engine.engine import Engine
from mock_p1.engine.not_imitated import not_imitated
from mock_p1.scenario.files import load_scenario
from mock_p1.server.upload_store import UploadStore
from mock_p1.transports import wsgi

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flask import Flask

    from mock_p1.scenario.files import ScenarioSource


def create_app(  # noqa: PLR0913 -- each is a choice of its own
    scenario: ScenarioSource = "demo",
    *,
    seed: int | None = None,
    admin: bool = True,
    admin_token: str | None = None,
    admin_hosts: Iterable[str] = (),
    public_url: str | None = None,
    trusted_proxies: Iterable[str] = (),
) -> Flask:
    """Return a Flask app that imitates the API as the scenario says.

    It runs under any WSGI server, and in Flask's test client. The control API and the dashboard
    below ``/__admin`` answer this machine only, unless a token is given.

    Args:
        scenario: A bundled name, a path, a scenario's text, a mapping or a Scenario.
        seed: What generated values follow from, in place of the scenario's own seed.
        admin: Whether there is a control API and a dashboard.
        admin_token: Who sends it as ``Authorization: Bearer`` may use the control API from
            anywhere. Give one where the app can be reached from elsewhere.
        admin_hosts: Further names, besides localhost, by which this machine is asked.
        public_url: What URLs in replies begin with, whatever a request says.
        trusted_proxies: Addresses or networks whose ``Forwarded`` and ``X-Forwarded-*`` are obeyed.

    Returns:
        The app.

    Raises:
        ScenarioError: The scenario cannot be used; it has every problem.
        ValueError: Nobody can send such a token, no such URL or network can be, or the seed has
            more than 300 digits.

    Examples:
        >>> client = create_app("demo").test_client()
        >>> client.get("/__admin/health").json["scenario"]
        'demo.yaml'
    """
    proxies = Proxies(public_url, trusted_proxies)
    engine = Engine(load_scenario(scenario), seed=seed, store=UploadStore(), proxies=proxies)
    return create_app_for(
        engine, AdminContext(engine, AccessPolicy(admin_token, admin_hosts)), admin=admin
    )


def create_app_for(
    engine: Engine, context: AdminContext | None = None, *, admin: bool = True
) -> Flask:
    """Return the app of an engine that exists already.

    Its control API works with ``context``; ``admin=False`` leaves it out. Whoever asks for the
    mock's health then is answered as everywhere, but no client: the journal has nothing of it.
    """
    app = wsgi.create_app(engine)
    if admin:
        add_admin(app, context or AdminContext(engine))
    else:
        answer = not_imitated("GET", HEALTH).reply
        app.add_url_rule(HEALTH, "health", lambda: respond(answer), methods=["GET"])
    return app
