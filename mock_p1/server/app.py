"""The whole Flask app: the imitated API, and ``/__admin`` beside it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar
from weakref import finalize

from mock_p1.admin.access import OPEN, AccessPolicy
from mock_p1.admin.blueprint import add_admin
from mock_p1.admin.context import AdminContext
from mock_p1.admin.in_hand import respond
from mock_p1.base.arguments import names_arguments
from mock_p1.base.proxies import Proxies
from mock_p1.engine.acts import SharedEngine
from mock_p1.engine.engine import Engine
from mock_p1.engine.not_imitated import not_imitated
from mock_p1.scenario.files import ScenarioSource, load_scenario
from mock_p1.server.upload_store import UploadStore
from mock_p1.transports import wsgi

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flask import Flask

    from mock_p1.scenario.model import Scenario


App = TypeVar("App")

DEFAULT_NAME: Final = "mock-p1"


@names_arguments("create_app")
def create_app(  # noqa: PLR0913 -- each is a choice of its own
    scenario: ScenarioSource = "demo",
    *,
    seed: int | None = None,
    admin: bool = True,
    admin_token: str | None = None,
    admin_hosts: Iterable[str] = (),
    public_url: str | None = None,
    trusted_proxies: Iterable[str] = (),
    state: str | None = None,
    state_name: str = DEFAULT_NAME,
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
        state: Where the state is that processes share: ``redis://HOST:PORT``, as for ``serve
            --state``. Left out, every process has its own. To be called in each process anew: it
            starts a thread, which a fork does not have.
        state_name: What the keys there begin with.

    Returns:
        The app.

    Raises:
        CannotShareState: There is no such store, or something else is played there.
        ScenarioError: The scenario cannot be used; it has every problem.
        ValueError: Nobody can send such a token, no such URL or network can be, or the seed has
            more than 300 digits.

    Examples:
        >>> client = create_app("demo").test_client()
        >>> client.get("/__admin/health").json["scenario"]
        'demo.yaml'
    """
    proxies = Proxies(public_url, trusted_proxies)
    engine = engine_for(load_scenario(scenario), state, state_name, seed=seed, proxies=proxies)
    context = AdminContext(engine, AccessPolicy(admin_token, admin_hosts))
    return lasting(engine, create_app_for(engine, context, admin=admin))


def lasting(engine: Engine, app: App) -> App:
    """Return an app with which the part of its engine in a shared state ends."""
    if isinstance(engine, SharedEngine):
        finalize(app, engine.let_go).atexit = False
    return app


def engine_for(
    scenario: Scenario,
    state: str | None,
    state_name: str,
    *,
    seed: int | None,
    proxies: Proxies,
) -> Engine:
    """Return an engine of its own, or the part of this process in a shared state."""
    if state is None:
        return Engine(scenario, seed=seed, store=UploadStore(), proxies=proxies)
    from mock_p1.server.shared_state import share  # noqa: PLC0415 -- only a shared state needs it

    return share(
        scenario, state, state_name, seed=seed, store=UploadStore(), proxies=proxies
    ).engine


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
        for path in OPEN:
            answer = partial(respond, not_imitated("GET", path).reply)
            app.add_url_rule(path, path, answer, methods=["GET"])
    return app
