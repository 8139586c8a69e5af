"""Takes over whole hosts in ``requests``, through ``responses``, beside whatever else ``responses`` mocks in a test.

A test may have stubs of its own: added to this mock, or to one that was started before it or after it. Whichever mock
catches a request, the stubs of all of them are asked first, and then the door; so ``responses`` is taught, while a mock
of ours is active, where else to look. The door itself is never among the stubs: ``responses`` drops the first of
several that match, and ``reset`` drops them all.
"""

from __future__ import annotations

from threading import RLock
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

import responses
from requests.adapters import HTTPAdapter
from requests.exceptions import ConnectionError as RequestsConnectionError
from requests.exceptions import ReadTimeout, RetryError
from responses.registries import OrderedRegistry
from urllib3 import Retry
from urllib3.exceptions import MaxRetryError, ProtocolError, ReadTimeoutError

from mock_p1.transports.in_process import Door, NetworkFailure, pool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from requests import PreparedRequest, Response
    from responses import BaseResponse

    from mock_p1.engine.engine import Engine

_active: Final[list[Mock]] = []
_lock: Final = RLock()
_find_match: Final = responses.RequestsMock._find_match  # noqa: SLF001 -- what decides which stub answers
_on_request: Final = responses.RequestsMock._on_request  # noqa: SLF001 -- what every caught request goes through
_AT_ONCE: Final = Retry(0, status_forcelist=(), respect_retry_after_header=False)
"""Retries that leave every answer as it is."""

_REFUSED: Final = "Connection refused by Responses"


class Mock(responses.RequestsMock):
    """A ``responses`` mock whose unanswered requests to the base URLs go to the engine.

    ``add`` and its like put the user's own stubs beside it; they answer first. Where another mock
    of ``responses`` is active, that one lists the calls.
    """

    def __init__(
        self, engine: Engine, base_urls: Iterable[str], *, backs_off: bool = False
    ) -> None:
        """``backs_off`` says whether urllib3's waits between retries are waited.

        ValueError if a base URL is none.
        """
        super().__init__(assert_all_requests_are_fired=False)
        self.backs_off = backs_off
        self.door = Door(engine, base_urls)
        self._behind: responses.RequestsMock | None = None
        self._before: Callable[..., Response] = HTTPAdapter.send

    def start(self) -> None:
        """Begin to answer."""
        with _lock:
            if self in _active:
                return
            if not _active:
                _teaching.start()
            _active.append(self)
        self._before = HTTPAdapter.send = _without_leftovers(HTTPAdapter.send)  # type: ignore[method-assign]
        self._behind = _catching()
        super().start()

    def stop(self, allow_assert: bool = True) -> None:  # noqa: FBT001, FBT002 -- the library's own signature
        """Stop answering; nothing of this mock stays behind, in whatever order mocks are stopped."""
        with _lock:
            if self in _active:
                _active.remove(self)
                if not _active:
                    _teaching.stop()
        now = _without_leftovers(HTTPAdapter.send)
        super().stop(allow_assert)
        HTTPAdapter.send = now  # type: ignore[method-assign]

    def _on_request(self, *args: Any, **kwargs: Any) -> Response:  # noqa: ANN401 -- the library's own, handed through
        """Let the mock that was there before handle the request.

        It finds our stubs and door as it finds its own.
        """
        if (
            self not in _active
        ):  # put back by a mock that was started after us, and stopped after us
            return self._before(*args, **kwargs)
        if self._behind is not None:
            return self._behind._on_request(*args, **kwargs)  # noqa: SLF001 -- of the same family
        return super()._on_request(*args, **kwargs)


def _without_leftovers(send: Callable[..., Response]) -> Callable[..., Response]:
    """Return what ``send`` stands for, where it is that of a mock of ours which has been stopped in the meantime."""
    for cell in getattr(send, "__closure__", None) or ():
        found = cell.cell_contents
        if isinstance(found, Mock) and found not in _active:
            return _without_leftovers(found._before)  # noqa: SLF001 -- it is one of us
    return send


def _catching() -> responses.RequestsMock | None:
    """Return the mock that catches requests now.

    None if there is none, or it has a way of its own to find stubs.
    """
    for cell in getattr(HTTPAdapter.send, "__closure__", None) or ():
        found = cell.cell_contents
        if isinstance(found, responses.RequestsMock) and "_find_match" not in vars(found):
            return found
    return None


def _find(
    self: responses.RequestsMock, request: PreparedRequest
) -> tuple[BaseResponse | None, list[str]]:
    """Return what answers (a stub of the mock that caught the request, one of ours, our door), or why nothing does."""
    ours = list(reversed(_active))
    for stubbed in (self, *(other for other in ours if other is not self)):
        if _has_stub(stubbed, request):
            found, reasons = _find_match(stubbed, request)
            if found is not None:
                return found, reasons
    door = next((each.door for each in ours if each.door.matches(request)[0]), None)
    if door is not None:
        return door, []
    if any(_passes(each, str(request.url)) for each in ours):
        return responses.PassthroughResponse("*", ""), []
    return _find_match(self, request)


def _passes(passing: responses.RequestsMock, url: str) -> bool:
    """Tell whether somebody has asked this mock to let the URL through."""
    prefixes = passing.passthru_prefixes
    return any(
        url.startswith(prefix) if isinstance(prefix, str) else prefix.match(url)
        for prefix in prefixes
    )


def _has_stub(stubbed: responses.RequestsMock, request: PreparedRequest) -> bool:
    """Tell whether a stub fits, and in an ordered registry whether it is its turn.

    Unlike ``find``, takes none out.
    """
    stubs = list(stubbed.registered())
    if isinstance(stubbed.get_registry(), OrderedRegistry):
        del stubs[1:]
    return any(stub.matches(request)[0] for stub in stubs)


def _handle(
    self: responses.RequestsMock,
    adapter: HTTPAdapter,
    request: PreparedRequest,
    *,
    retries: Retry | None = None,
    **kwargs: Any,  # noqa: ANN401 -- the library's own, handed through
) -> Response:
    """Handle one request; trouble on the wire is retried, or raised, as ``requests`` would."""
    backs_off = any(each.backs_off for each in _active)
    while True:
        try:
            response = _on_request(
                self, adapter, request, retries=_AT_ONCE if backs_off else retries, **kwargs
            )
        except NetworkFailure as trouble:
            retries = _next_try(retries or adapter.max_retries, trouble.reason, request)
            if backs_off:
                retries.sleep()
        except RequestsConnectionError as error:
            if str(error).startswith(_REFUSED):
                error.args = (f"{error}\n{_who_answers()}",)
            raise
        else:
            left = (
                _after_status(retries or adapter.max_retries, request, response)
                if backs_off
                else None
            )
            if left is None:
                return response
            retries = left


def _after_status(retries: Retry, request: PreparedRequest, response: Response) -> Retry | None:
    """Wait as urllib3 does where an answer's status asks for another try, which ``responses`` makes without waiting.

    Return what is left of the retries; None if the answer stands. RetryError if none is left and the client wants that.
    """
    if not retries.is_retry(
        str(request.method), response.status_code, "Retry-After" in response.headers
    ):
        return None
    try:
        left = retries.increment(request.method, response.url, response=response.raw)
    except MaxRetryError as error:
        if retries.raise_on_status:
            raise RetryError(error, request=request) from error
        return None
    left.sleep(response.raw)
    return left


def _next_try(
    retries: Retry, reason: ProtocolError | ReadTimeoutError, request: PreparedRequest
) -> Retry:
    """Return what is left of the retries after a failure.

    If nothing, raise what ``requests`` makes of it.
    """
    try:
        return retries.increment(
            request.method, request.path_url, error=reason, _pool=pool(request)
        )
    except (MaxRetryError, ProtocolError) as error:
        raise RequestsConnectionError(error, request=request) from error
    except ReadTimeoutError as error:
        raise ReadTimeout(error, request=request) from error


def _who_answers() -> str:
    bases = dict.fromkeys(url for each in _active for url in each.door.base_urls)
    return f"Mock P1 is active and answers {', '.join(bases)}; nothing reaches the network."


_teaching: Final = mock.patch.multiple(
    responses.RequestsMock, _find_match=_find, _on_request=_handle
)
