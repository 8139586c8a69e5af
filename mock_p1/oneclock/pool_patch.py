"""Pools of threads: one of theirs is the client's when it does a job that the client has given."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

from mock_p1.oneclock.shared import current
from mock_p1.oneclock.sleep_coordinator import Job

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

_own_submit: Final = ThreadPoolExecutor.submit


def install() -> None:
    """Let threads of a pool join the client with their first job for it."""
    ThreadPoolExecutor.submit = _submit  # type: ignore[method-assign,assignment]


def remove() -> None:
    """Let them work for themselves again."""
    ThreadPoolExecutor.submit = _own_submit  # type: ignore[method-assign]


def _submit(
    executor: ThreadPoolExecutor,
    function: Callable[..., Any],
    /,
    *arguments: Any,  # noqa: ANN401 -- as Python has them
    **options: Any,  # noqa: ANN401 -- likewise
) -> Future[Any]:
    """Stand in for ``ThreadPoolExecutor.submit``: time waits for the job."""
    shared = current()
    if shared is None or not shared.has_joined():
        return _own_submit(executor, function, *arguments, **options)
    job = Job()
    job.pool = executor

    def run() -> Any:  # noqa: ANN401 -- likewise
        shared.asked()
        shared.sleepers.taken_over(job)
        return function(*arguments, **options)

    shared.sleepers.hand_over(job)
    try:
        future = _own_submit(executor, run)
    except BaseException:
        shared.sleepers.taken_over(job)
        raise
    future.add_done_callback(lambda _: shared.sleepers.taken_over(job))
    return future
