"""What answers where the imitated API does not: the Flask app, behind ASGI."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Final, cast

from mock_p1.base.asgi_types import Application, Message, Receive, Scope, Send, joined
from mock_p1.transports.asgi import IN_THREADS, in_thread, with_raw_path

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from mock_p1.admin.context import AdminContext
    from mock_p1.engine.engine import Engine


ELSEWHERE: Final = (b"/__admin", b"/favicon.ico")
"""What the paths begin with that the Flask app has beside the imitated ones."""


class EverythingElse:
    """An ASGI application that is made when the first request comes.

    Flask and the control API take as long to load as all the rest, and most runs ask for neither.
    The bodies that are sent to ``/__admin`` are bounded before they reach Flask.
    """

    def __init__(self, engine: Engine, context: AdminContext, *, admin: bool) -> None:
        self._engine, self._context, self._admin = engine, context, admin
        self._lock = Lock()
        self._app: Application | None = None
        self._executor: Executor | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if self._app is None:
            await in_thread(self._make)
        begun = object()

        async def first_send(message: Message) -> None:
            IN_THREADS.discard(begun)
            await send(message)

        IN_THREADS.add(begun)
        try:
            # a2wsgi joins headers of one name one by one, in quadratic time
            headers = [*joined(scope["headers"]).items()]
            app = cast("Application", self._app)
            await app({**scope, "headers": headers}, receive, first_send)
        finally:
            IN_THREADS.discard(begun)

    def close(self) -> None:
        """End the threads; what they have not begun is left."""
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)

    def _make(self) -> None:
        from a2wsgi import WSGIMiddleware  # noqa: PLC0415 -- see the class

        from mock_p1.admin.body_limit import BodyLimit  # noqa: PLC0415 -- likewise
        from mock_p1.server.app import create_app_for  # noqa: PLC0415 -- likewise

        with self._lock:  # the first requests may come together
            if self._app is None:
                flask = with_raw_path(
                    create_app_for(self._engine, self._context, admin=self._admin)
                )
                # a2wsgi has its own types
                middleware = WSGIMiddleware(flask)  # type: ignore[arg-type]
                wrapped = cast("Application", middleware)
                self._executor = middleware.executor
                self._app = BodyLimit(self._context, wrapped) if self._admin else wrapped
