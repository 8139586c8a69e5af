"""How a call of the control API is written: one function, whose annotations say everything.

A parameter ``query`` or ``body`` is a model, other parameters are parts of the path, and the answer
is a model too. The docstring is what the OpenAPI document says. So a new call is one function.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, get_type_hints

from flask import Response

from mock_p1.admin.bodies import JSON_TYPE, body_in_hand, query_in_hand
from mock_p1.admin.in_hand import respond
from mock_p1.admin.models import Query, plain
from mock_p1.base.messages import json_reply

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

F = TypeVar("F", bound="Callable[..., Any]")


class Route(NamedTuple):
    """One call: its method and path below ``/__admin``, and the function that answers it.

    ``errors`` are HTTP statuses of its own, ``content`` describes a body that the function reads
    itself, ``content_type`` is that of its answer.
    """

    method: str
    path: str
    function: Callable[..., Any]
    types: Mapping[str, Any]
    errors: tuple[int, ...] = ()
    content: Mapping[str, Any] | None = None
    content_type: str = JSON_TYPE
    open_to_all: bool = False

    def answer(self, **arguments: Any) -> Response:  # noqa: ANN401 -- parts of the path, and models
        """Check what was sent, and do it."""
        query = None if self.open_to_all else query_in_hand(self.types.get("query", Query))
        if "query" in self.types:
            arguments["query"] = query
        if "body" in self.types:
            arguments["body"] = body_in_hand(self.types["body"])
        made = self.function(**arguments)
        if isinstance(made, bytes):
            return Response(made, content_type=self.content_type)
        return respond(json_reply(200, plain(made)))


class Routes(list[Route]):
    """The calls of one file."""

    def call(self, method: str, path: str, **facts: Any) -> Callable[[F], F]:  # noqa: ANN401 -- the fields of Route
        """Make a function a call."""

        def add(function: F) -> F:
            self.append(Route(method, path, function, get_type_hints(function), **facts))
            return function

        return add
