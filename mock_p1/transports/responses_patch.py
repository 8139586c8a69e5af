"""Beside ``responses``: a test stubs other hosts, or single URLs of ours, as it always does.

One function of ours stands at ``HTTPAdapter.send`` while a mock is active, and stays there: a mock
of ``responses`` that starts or stops meanwhile does so below it, as if ours were not there.
Whichever mock catches a request, the stubs of all are asked first. Then the request goes on to
urllib3, where the engine answers it.
"""

from __future__ import annotations

import warnings
from functools import lru_cache, wraps
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import requests.sessions
import responses
from requests.adapters import HTTPAdapter
from requests.exceptions import ConnectionError as RequestsConnectionError
from responses.registries import OrderedRegistry

from mock_p1.base.patching import Patch, Patches
from mock_p1.transports import httpx_transport, in_process, network_guard, urllib3_connection
from mock_p1.transports.in_process import Endpoint, Origin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from requests import PreparedRequest, Response

    from mock_p1.engine.engine import Engine

_patches: Final = Patches()
_real_send: Final = responses._real_send  # noqa: SLF001 -- what it found when it was imported
_at_send: Final = Patches()


class Mock(responses.RequestsMock):
    """A mock of this process; ``add`` and its like put the user's own stubs beside it."""

    def __init__(
        self, engine: Engine, base_urls: Iterable[str], *, backs_off: bool = False
    ) -> None:
        """``backs_off`` says whether urllib3's waits between retries are slept by the client.

        ValueError if a base URL is none.
        """
        super().__init__(assert_all_requests_are_fired=False)
        self.endpoint: _StubbedEndpoint = _StubbedEndpoint(
            engine, base_urls, client_sleeps=backs_off
        )

    def start(self) -> None:
        """Begin to answer."""
        with in_process.lock:
            if self.endpoint in in_process.active():
                return
            network_guard.begin()
            if not in_process.active():
                try:
                    _install()
                except BaseException:  # such as a name that a new release no longer has
                    _remove()
                    network_guard.end(left_behind=False)
                    raise
            self.endpoint.stubs = self
            in_process.activate(self.endpoint)

    def stop(self, allow_assert: bool = True) -> None:  # noqa: FBT001, FBT002 -- the library's own signature
        """Stop answering; nothing of this mock stays behind, in whatever order mocks are stopped.

        Warns of threads that go on asking.
        """
        del allow_assert  # there is nothing that must have been called
        with in_process.lock:
            if self.endpoint not in in_process.active():
                return
            in_process.deactivate(self.endpoint)
            self.endpoint.stubs = None
            if not in_process.active():
                _remove()
            names = self.endpoint.left_behind()
            network_guard.end(left_behind=bool(names))
        if names:
            warnings.warn(
                f"Mock P1 has stopped, and threads that asked it are still at work: "
                f"{', '.join(map(repr, names))}. Stop and join them before the test ends; "
                "what they ask from now on is refused",
                stacklevel=2,
            )


def _install() -> None:
    _patches.install(*urllib3_connection.PATCHES, *PATCHES)
    _at_send.install(AT_SEND)
    httpx_transport.install()


def _remove() -> None:
    _at_send.remove()
    _patches.remove()
    httpx_transport.remove()


class _StubbedEndpoint(Endpoint):
    stubs: Mock | None = None
    """The mock, while it is active: neither keeps the other for longer."""


def _mocks() -> list[Mock]:
    """Return the mocks of the code that asks, the innermost first."""
    return [mock for each in in_process.visible() if (mock := getattr(each, "stubs", None))]


def _sending(send: Callable[..., Response]) -> Callable[..., Response]:
    """Return what stands at ``HTTPAdapter.send`` while a mock is active."""
    theirs = getattr(send, "__module__", "") == responses.__name__

    @wraps(_real_send)
    def send_in_process(
        self: HTTPAdapter,
        request: PreparedRequest,
        *args: Any,  # noqa: ANN401 -- the library's own, handed through
        **kwargs: Any,  # noqa: ANN401 -- likewise
    ) -> Response:
        mocks = _mocks()
        if theirs or not mocks:  # a mock of theirs looks for ours by itself
            return send(self, request, *args, **kwargs)
        kwargs |= dict(zip(("stream", "timeout", "verify", "cert", "proxies"), args, strict=False))
        return mocks[0]._on_request(self, request, **kwargs)  # noqa: SLF001 -- of the same family

    return send_in_process


def _moving(method: Callable[..., None]) -> Callable[..., None]:
    """Return a ``start`` or ``stop`` that exchanges what stands below our function."""

    @wraps(method)
    def move_below(self: responses.RequestsMock, *args: object, **kwargs: object) -> None:
        with in_process.lock:
            _at_send.remove()
            try:
                method(self, *args, **kwargs)
            finally:
                _at_send.install(AT_SEND)

    return move_below


def _catching(on_request: Callable[..., Response]) -> Callable[..., Response]:
    """Return an ``_on_request`` that knows of stubs and engines of all mocks."""

    @wraps(on_request)
    def catch(
        self: responses.RequestsMock,
        adapter: HTTPAdapter,
        request: PreparedRequest,
        **kwargs: Any,  # noqa: ANN401 -- the library's own, handed through
    ) -> Response:
        mocks = _mocks()
        others = [mock for mock in mocks if mock is not self]
        for stubbed in (self, *others):
            if _has_stub(stubbed, request, kwargs):
                response = on_request(stubbed, adapter, request, **kwargs)
                if stubbed is not self:
                    self.calls.add(request, response)  # type: ignore[arg-type]  # -- as it does itself
                return response
        url = str(request.url)
        if _is_answered(url):
            return _answer(self, adapter, request, kwargs)
        if any(_passes(mock, url) for mock in mocks):
            kwargs.pop("retries", None)
            return _real_send(adapter, request, **kwargs)
        try:
            return on_request(self, adapter, request, **kwargs)
        except RequestsConnectionError as error:
            if mocks and not _passes(self, url):
                error.args = (f"{error}\n{_who_answers(mocks)}{in_process.because(url)}",)
            raise

    return catch


def _has_stub(
    mock: responses.RequestsMock, request: PreparedRequest, kwargs: dict[str, Any]
) -> bool:
    """Tell whether a stub fits, and in an ordered registry whether it is its turn.

    Unlike ``find``, takes none out.
    """
    stubs = list(mock.registered())
    if not stubs:
        return False
    if isinstance(mock.get_registry(), OrderedRegistry):
        del stubs[1:]
    request.params = mock._parse_request_params(request.path_url)  # type: ignore[attr-defined]  # noqa: SLF001 -- what matchers look at
    request.req_kwargs = kwargs  # type: ignore[attr-defined]  # -- likewise
    if hasattr(mock, "_read_filelike_body"):  # not in the oldest releases that we allow
        request.body = mock._read_filelike_body(request.body)  # noqa: SLF001 -- likewise
    return any(stub.matches(request)[0] for stub in stubs)


def _is_answered(url: str) -> bool:
    try:
        return in_process.find(*_place(url)) is not None
    except ValueError:  # a URL that only a custom adapter understands
        return False


@lru_cache(maxsize=256)
def _place(url: str) -> tuple[Origin, str]:
    """Return the origin and the path of a URL; a client that polls asks for the same again."""
    parts = urlsplit(url)
    return Origin.of(parts), parts.path


def _answer(
    mock: responses.RequestsMock,
    adapter: HTTPAdapter,
    request: PreparedRequest,
    kwargs: dict[str, Any],
) -> Response:
    """Send a request on its usual way, but round every proxy, and list it among a mock's calls."""
    kwargs = {**kwargs, "proxies": None}
    kwargs.pop("retries", None)
    try:
        response = _real_send(adapter, request, **kwargs)
    except Exception as error:
        mock.calls.add(request, error)
        raise
    if mock.response_callback:
        response = mock.response_callback(response)
    mock.calls.add(request, response)  # type: ignore[arg-type]  # -- as it does itself
    return response


def _passes(mock: responses.RequestsMock, url: str) -> bool:
    """Tell whether this mock lets a URL through: a server's of ours, or as somebody has asked."""
    return url.startswith(tuple(in_process.served)) or any(
        url.startswith(prefix) if isinstance(prefix, str) else prefix.match(url)
        for prefix in mock.passthru_prefixes
    )


def _who_answers(mocks: list[Mock]) -> str:
    bases = dict.fromkeys(url for mock in reversed(mocks) for url in mock.endpoint.base_urls)
    return (
        f"Mock P1 is active and answers {', '.join(bases)} (base_url= names another one); "
        "nothing reaches the network."
    )


def _looking_up_proxies(lookup: Callable[..., Any]) -> Callable[..., Any]:
    """Return what looks up no proxies, which takes a fifth of a poll, where none is used."""

    @wraps(lookup)
    def look_up(url: str, *args: object, **kwargs: object) -> Any:  # noqa: ANN401 -- theirs
        return {} if _is_answered(url) else lookup(url, *args, **kwargs)

    return look_up


AT_SEND: Final = Patch(HTTPAdapter, "send", _sending)
PATCHES: Final = (
    Patch(requests.sessions, "get_environ_proxies", _looking_up_proxies),
    Patch(responses.RequestsMock, "start", _moving),
    Patch(responses.RequestsMock, "stop", _moving),
    Patch(responses.RequestsMock, "_on_request", _catching),
)
