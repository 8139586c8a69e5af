"""The whole imitation as an ASGI application, for a framework or a client that takes one."""

from __future__ import annotations

from string import punctuation
from typing import TYPE_CHECKING
from urllib.parse import quote

from mock_p1.admin.access import AccessPolicy
from mock_p1.admin.context import AdminContext
from mock_p1.base.arguments import names_arguments
from mock_p1.base.proxies import Proxies
from mock_p1.scenario.files import ScenarioSource, load_scenario
from mock_p1.server.app import DEFAULT_NAME, engine_for, lasting
from mock_p1.server.everything_else import ELSEWHERE, EverythingElse
from mock_p1.transports.asgi import AsgiApp

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mock_p1.base.asgi_types import Application, Message, Receive, Scope, Send
    from mock_p1.engine.engine import Engine


@names_arguments("create_asgi_app")
def create_asgi_app(  # noqa: PLR0913 -- each is a choice of its own
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
) -> Application:
    """Return an ASGI application that imitates the API as the scenario says.

    For any ASGI server, for ``httpx.ASGITransport``, or to be mounted below a path by Starlette or
    FastAPI. Time is real. ASGI has no words for a connection that breaks: where a fault leaves an
    answer unfinished, the application raises ``ConnectionResetError``, which a server takes as a
    reason to hang up.

    Args:
        scenario: A bundled name, a file, a scenario's text, a mapping, or a Scenario.
        seed: Goes before the scenario's own.
        admin: Whether ``/__admin`` is there: the control API and the dashboard.
        admin_token: What ``/__admin`` asks for; without one it answers this machine only.
        admin_hosts: Further names by which this machine may be asked for ``/__admin``.
        public_url: What URLs in replies begin with, whatever a request says.
        trusted_proxies: Addresses or networks whose ``Forwarded`` and ``X-Forwarded-*`` are obeyed.
        state: Where the state is that processes share, as for ``create_app``.
        state_name: What the keys there begin with.

    Returns:
        The application.

    Raises:
        CannotShareState: There is no such store, or something else is played there.
        ScenarioError: If the scenario cannot be used; it has every problem.
        ValueError: For a token that nobody can send, for what is no URL or network, or for a seed
            of more than 300 digits.

    Examples:
        >>> import asyncio, httpx
        >>> from mock_p1 import create_asgi_app
        >>> async def poll():
        ...     transport = httpx.ASGITransport(create_asgi_app("demo"))
        ...     async with httpx.AsyncClient(transport=transport, base_url="http://mock") as client:
        ...         path = "/v1/external/retrain_jobs/retrain-001"
        ...         return (await client.get(path, headers={"x-api-key": "demo-key"})).json()
        >>> asyncio.run(poll())["status"]
        'job_waiting'
    """
    proxies = Proxies(public_url, trusted_proxies)
    engine = engine_for(load_scenario(scenario), state, state_name, seed=seed, proxies=proxies)
    context = AdminContext(engine, AccessPolicy(admin_token, admin_hosts))
    return lasting(engine, asgi_app_for(engine, context, admin=admin))


def asgi_app_for(
    engine: Engine, context: AdminContext | None = None, *, admin: bool = True
) -> Application:
    """Return the application of an engine that exists already."""
    context = context or AdminContext(engine)
    everything_else = EverythingElse(engine, context, admin=admin)
    return _Mounted(AsgiApp(engine, everything_else, elsewhere=ELSEWHERE))


class _Mounted:
    """What an application must bear that stands in a server or below a path of somebody else."""

    def __init__(self, app: Application) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or go along with a server that starts or stops."""
        if scope["type"] == "lifespan":
            for event in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{event}.complete"})
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)
        else:
            await send({"type": "websocket.close"})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        root = quote(scope.get("root_path", "")).encode()
        raw = scope.get("raw_path") or quote(scope["path"]).encode()
        inside = raw.removeprefix(root) if raw.startswith(root + b"/") else raw
        query = quote(scope["query_string"], safe=punctuation).encode()  # as it should have come
        server = scope.get("server") or ("localhost", 80)
        complete = left = False

        async def hear() -> Message:
            nonlocal left
            message = await receive()
            left = left or message["type"] == "http.disconnect"
            return message

        async def watch(message: Message) -> None:
            nonlocal complete
            complete = message["type"] == "http.response.body" and not message.get("more_body")
            await send(message)

        target = {"raw_path": inside.partition(b"?")[0], "query_string": query, "server": server}
        scope = {**scope, **target}
        await self._app(scope, hear, watch)
        if not (complete or left):
            raise ConnectionResetError("the scenario's fault leaves this answer unfinished")
