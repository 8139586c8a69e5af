"""Web pages of other origins as clients of the imitated API, where somebody asks for that."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from mock_p1.base.messages import NO_CONTENT, Fault, Headers, Reply, Request

if TYPE_CHECKING:
    from collections.abc import Iterable


_ALLOW_ORIGIN: Final = "Access-Control-Allow-Origin"
_ORIGIN: Final = re.compile(r"\*|null|[a-z][a-z0-9+.-]*://[^\s/?#@,*]+")
_EXPOSED: Final = (
    "Accept-Ranges, Content-Disposition, Content-Length, Content-Range, Date, ETag, Last-Modified, "
    "Retry-After"
)
_METHODS: Final = "GET, HEAD, PUT"
_KEPT_SECONDS: Final = "600"


class Cors:
    """The origins whose pages may call the imitated API."""

    def __init__(self, origins: Iterable[str] = ()) -> None:
        """``*`` is every origin; ValueError for what is none."""
        self._origins = frozenset(origin.lower() for origin in origins)
        for origin in self._origins:
            if not _ORIGIN.fullmatch(origin):
                raise ValueError(f"{origin!r} is no origin; write https://app.example or *")

    def __bool__(self) -> bool:
        return bool(self._origins)

    def preflight(self, request: Request) -> Reply | None:
        """Answer a browser that asks whether a page may call; None for any other request."""
        headers = dict(request.headers)
        asked = b"origin" in headers and b"access-control-request-method" in headers
        if request.method != "OPTIONS" or not asked:
            return None
        allowed = self._allowed(request)
        if allowed:
            wanted = headers.get(b"access-control-request-headers", b"").decode("latin-1")
            allowed = (
                *allowed,
                ("Access-Control-Allow-Methods", _METHODS),
                ("Access-Control-Allow-Headers", wanted or "x-api-key"),
                ("Access-Control-Allow-Private-Network", "true"),
                ("Access-Control-Max-Age", _KEPT_SECONDS),
            )
        return Reply(NO_CONTENT, (*allowed, _VARY), b"")

    def shown(self, request: Request, answer: Reply | Fault) -> Reply | Fault:
        """Return an answer that the page may read; that of ``preflight`` says all it has to."""
        if self.preflight(request) is not None:
            return answer
        if isinstance(answer, Fault):
            return answer._replace(reply=answer.reply and self._shown(request, answer.reply))
        return self._shown(request, answer)

    def _shown(self, request: Request, reply: Reply) -> Reply:
        allowed = self._allowed(request)
        expose: Headers = (("Access-Control-Expose-Headers", _EXPOSED),) if allowed else ()
        own = reply.headers
        if allowed:  # a browser refuses an answer that says it twice
            own = tuple(each for each in own if each[0].lower() != _ALLOW_ORIGIN.lower())
        return reply._replace(headers=(*own, *allowed, *expose, _VARY))

    def _allowed(self, request: Request) -> Headers:
        origin = dict(request.headers).get(b"origin", b"").decode("latin-1")
        if "*" not in self._origins and origin.lower() not in self._origins:
            return ()
        return ((_ALLOW_ORIGIN, origin),) if origin else ()


_VARY: Final = ("Vary", "Origin")
