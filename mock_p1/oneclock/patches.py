"""What stands in for Python's clocks and waits while a clock is shared, wherever they are kept.

Each asks at every call who is calling. Whoever keeps one where it cannot be taken back gets real
time from it as soon as no clock is shared any more.
"""

# ruff: noqa: SLF001 -- a condition keeps who waits to itself

from __future__ import annotations

import gc
import sys
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial, update_wrapper
from itertools import chain
from numbers import Real
from types import CellType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Final

from mock_p1.base.clock import SECOND
from mock_p1.base.durations import LONGEST
from mock_p1.base.patching import Patch, instead
from mock_p1.oneclock.far_ends import is_elsewhere
from mock_p1.oneclock.originals import real
from mock_p1.oneclock.shared import (
    SharedClock,
    asking,
    current,
    keeps_real,
    slept_really,
    waited_for_thread,
)
from mock_p1.oneclock.sleep_coordinator import Job

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Function = Callable[..., Any]

SELECT_SECONDS: Final = 0.02
"""Real seconds in which a socket that somebody listens to may stir before time goes on."""

_RUNNERS: Final = {"concurrent.futures.thread", "multiprocessing.pool"}
"""Modules that are given ``time.sleep`` itself as something to run for the client."""

_STARTERS: Final = {"multiprocessing.dummy"}
"""Modules that start threads for the client: those of a ``ThreadPool``."""

_SINCE_BOOT: Final = {
    getattr(time, f"CLOCK_{name}", None)
    for name in ("BOOTTIME", "MONOTONIC", "MONOTONIC_RAW", "UPTIME_RAW", "HIGHRES")
}
"""What ``clock_gettime`` is asked for that is no date, and no work of the processor."""


class _StandIns:
    """Bound methods stand in for builtins, since a class that keeps one does not bind it again."""

    def sleep(self, seconds: float, /) -> None:
        shared = asking(_RUNNERS)
        if shared is not None and is_span(seconds):
            shared.sleep(round(seconds * SECOND))
        else:
            slept_really(seconds)
            real.sleep(seconds)  # which also says what is wrong with what is no span

    def monotonic(self) -> float:
        shared = asking()
        return real.monotonic() if shared is None else shared.monotonic_ns() / SECOND

    def monotonic_ns(self) -> int:
        shared = asking()
        return real.monotonic_ns() if shared is None else shared.monotonic_ns()

    def select(
        self,
        readers: Iterable[Any],
        writers: Iterable[Any],
        others: Iterable[Any],
        timeout: float | None = None,
        /,
    ) -> tuple[list[Any], list[Any], list[Any]]:
        shared = asking() if timeout and is_span(timeout) else None
        files = [*readers], [*writers], [*others]
        if shared is None or timeout is None:
            return real.select(*files, timeout)
        found = wait_for_files(shared, timeout, partial(_stirring, files), chain(*files))
        return found or ([], [], [])

    def perf_counter(self) -> float:
        shared = asking()
        return real.perf_counter() if shared is None else shared.monotonic_ns() / SECOND

    def perf_counter_ns(self) -> int:
        shared = asking()
        return real.perf_counter_ns() if shared is None else shared.monotonic_ns()

    def clock_gettime(self, clock: int, /) -> float:
        shared = asking() if clock in _SINCE_BOOT else None
        return real.clock_gettime(clock) if shared is None else shared.monotonic_ns() / SECOND

    def clock_gettime_ns(self, clock: int, /) -> int:
        shared = asking() if clock in _SINCE_BOOT else None
        return real.clock_gettime_ns(clock) if shared is None else shared.monotonic_ns()


def _stirring(files: tuple[list[Any], list[Any], list[Any]], seconds: float) -> Any:  # noqa: ANN401 -- what select returns, or nothing
    found = real.select(*files, seconds)
    return found if any(found) else ()


def wait_for_files(
    shared: SharedClock,
    seconds: float,
    look: Callable[[float], Any],
    files: Iterable[Any],
) -> Any:  # noqa: ANN401 -- what ``look`` returns
    """Wait for sockets by the clock; for real where the other end of any is another program.

    ``look`` returns what has stirred within real seconds; something false where nothing has.
    """
    files = tuple(files)
    if shared.leave(files):
        return look(seconds)
    if found := look(0 if shared.ports else min(seconds, SELECT_SECONDS)):
        return found
    if is_elsewhere(files, shared.ports):
        return look(seconds)
    shared.sleep(round(seconds * SECOND), lambda: bool(look(0)), everybody=True)
    return look(0)


def is_span(value: object) -> bool:
    """Tell whether something is seconds that can be waited."""
    return isinstance(value, Real) and 0 <= float(value) <= LONGEST / SECOND


_condition_wait: Final = threading.Condition.wait
_thread_start: Final = threading.Thread.start
_thread_join: Final = threading.Thread.join
_pool_submit: Final = ThreadPoolExecutor.submit


def _wait(condition: Any, timeout: float | None = None) -> bool:  # noqa: ANN401 -- its private parts are used
    """Stand in for ``Condition.wait``, on which ``Event.wait`` and ``Queue.get`` rest."""
    shared = None if timeout is None or not is_span(timeout) else asking()
    if shared is None or timeout is None or not condition._is_owned():
        return _wait_to_the_end(condition, timeout)
    notified = threading.Lock()
    notified.acquire()
    condition._waiters.append(notified)
    saved = condition._release_save()
    try:
        shared.sleep(round(timeout * SECOND), lambda: not notified.locked(), everybody=True)
    finally:
        woken = not notified.locked()
        condition._acquire_restore(saved)
        if not woken and notified in condition._waiters:
            condition._waiters.remove(notified)
    return woken


def _wait_to_the_end(condition: Any, timeout: float | None) -> bool:  # noqa: ANN401 -- likewise
    """Wait by real time; say it where nothing came within a long limit."""
    if not (woken := _condition_wait(condition, timeout)):
        waited_for_thread(timeout)
    return woken


def _join(thread: threading.Thread, timeout: float | None = None) -> None:
    """Stand in for ``Thread.join``, whose limit is real: with it tests guard themselves."""
    _thread_join(thread, timeout)
    if timeout is not None and thread.is_alive():
        waited_for_thread(timeout)


def _start(thread: threading.Thread) -> None:
    """Stand in for ``Thread.start``: a thread that the client starts is the client's too."""
    shared = asking(_STARTERS)
    if shared is None:
        _thread_start(thread)
        return
    run, job = thread.run, Job()

    def run_as_client() -> None:
        shared.started()
        shared.sleepers.taken_over(job)
        run()

    thread.run = run_as_client  # type: ignore[method-assign] # for this one thread
    shared.sleepers.hand_over(job)
    try:
        _thread_start(thread)
    except BaseException:  # it runs already, or the system has no more threads
        shared.sleepers.taken_over(job)
        thread.run = run  # type: ignore[method-assign] # likewise
        raise


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
        return _pool_submit(executor, function, *arguments, **options)
    job = Job()
    job.pool = executor

    def run() -> Any:  # noqa: ANN401 -- likewise
        shared.asked()
        shared.sleepers.taken_over(job)
        return function(*arguments, **options)

    shared.sleepers.hand_over(job)
    try:
        future = _pool_submit(executor, run)
    except BaseException:
        shared.sleepers.taken_over(job)
        raise
    future.add_done_callback(lambda _: shared.sleepers.taken_over(job))
    return future


PATCHES: Final = (
    Patch(threading.Condition, "wait", instead(_wait)),
    Patch(threading.Thread, "start", instead(_start)),
    Patch(threading.Thread, "join", instead(_join)),
    Patch(ThreadPoolExecutor, "submit", instead(_submit)),
)
"""Of waits and threads; the clocks and ``sleep`` are exchanged wherever they are kept."""

_stand_ins: Final = _StandIns()
_BY_REAL: Final[dict[Function, Function]] = {
    getattr(real, name): getattr(_stand_ins, name)
    for name in vars(_StandIns)
    if not name.startswith("_") and hasattr(real, name)  # Windows has no clock_gettime
}
_BY_STAND_IN: Final[dict[Function, Function]] = {new: old for old, new in _BY_REAL.items()}
for _own, _stand_in in _BY_REAL.items():
    update_wrapper(_stand_in.__func__, _own, updated=())  # type: ignore[attr-defined]
    del _stand_in.__func__.__wrapped__  # type: ignore[attr-defined]  # would be found and exchanged
_places: Final[set[tuple[str, str]]] = set()
"""Where modules have kept a function: their names, and those in them."""

_counts: Final[dict[int, int]] = {}
"""How many references a function has where nobody keeps it that should not."""

_lowest: Final[dict[int, int]] = {}
"""How few a stand-in has had: so many where nobody keeps it at all."""


def install() -> None:
    """Put the stand-ins in place."""
    if "trio" in sys.modules:
        from mock_p1.oneclock import trio_patch  # noqa: PLC0415 -- takes 0.2 s, and few have it

        _BY_REAL[trio_patch.own_run] = trio_patch.run
        _BY_STAND_IN[trio_patch.run] = trio_patch.own_run
    # who still keeps a stand-in may be gone at the end, and would hide there who keeps one then
    for each, count in _count(_BY_STAND_IN).items():
        _lowest[each] = min(count, _lowest.get(each, count))
        if count > _lowest[each]:
            _counts.pop(each, None)
    _exchange(_BY_REAL)


def remove() -> None:
    """Put everything back, also in modules that were imported in the meantime."""
    _exchange(_BY_STAND_IN)


def _exchange(functions: dict[Function, Function]) -> None:
    """Put one function for another wherever it is kept: in modules, then wherever else.

    First where it was the last time: mostly that is all, as the counts tell.
    """
    # nobody should keep the new ones yet, not even we: who did at the last search may be gone
    for each, count in _count(functions.values()).items():
        if each in _counts:
            _counts[each] = min(_counts[each], count)
    by_id = {id(old): new for old, new in functions.items()}
    for module, name in _places:
        names = names_of(sys.modules.get(module))
        if id(names.get(name)) in by_id:
            names[name] = by_id[id(names[name])]
    if not _is_settled(functions):
        _places.update(_exchange_in_modules(by_id))
    if not _is_settled(functions):  # the search takes 15 ms
        _exchange_elsewhere(functions, by_id)
        _counts.update(_count(functions))


def _exchange_in_modules(by_id: dict[int, Function]) -> Iterator[tuple[str, str]]:
    """Exchange in every module; yield the places."""
    modules: dict[str, object] = dict(sys.modules)
    for name, module in modules.items():
        if not _keeps_its_own(name):
            yield from ((name, key) for key in replace(names_of(module), by_id))


def _is_settled(functions: Iterable[Function]) -> bool:
    return _count(functions).items() <= _counts.items()


def _count(functions: Iterable[Function]) -> dict[int, int]:
    return {id(function): sys.getrefcount(function) for function in functions}


def _keeps_its_own(module: str) -> bool:
    """Tell whether what a module keeps stays: what of ours has real time, and Python's selectors.

    A class there keeps ``select`` for good, and would be searched for at every mock.
    """
    return module == "selectors" or (module.partition(".")[0] == "mock_p1" and keeps_real(module))


def names_of(module: object) -> dict[str, Any]:
    """Return the names in a module; none in what only stands among them.

    Some put other things there, and cffi some that say they are modules: isinstance believes them;
    and a module that loads lazily stays unloaded.
    """
    if not issubclass(type(module), ModuleType):
        return {}
    names: dict[str, Any] = ModuleType.__getattribute__(module, "__dict__")
    return names


def replace(names: dict[Any, Any], by_id: dict[int, Any]) -> list[Any]:
    """Exchange the values of a module, by their ``id``; return their names."""
    if by_id.keys().isdisjoint(map(id, tuple(names.values()))):
        return []
    found = [key for key, value in tuple(names.items()) if id(value) in by_id]
    for key in found:
        names[key] = by_id[id(names[key])]
    return found


def _exchange_elsewhere(functions: dict[Function, Function], by_id: dict[int, Function]) -> None:
    """Find who else keeps a function: classes, default arguments, objects, lists, closures."""
    keepers = _keepers(functions)
    tuples = [keeper for keeper in keepers if type(keeper) is tuple]
    new = {id(old): tuple(by_id.get(id(item), item) for item in old) for old in tuples}
    for owner in _keepers([*tuples, *(each for each in keepers if type(each) is dict)]):
        if isinstance(owner, type) and not _keeps_its_own(owner.__module__):
            for name, value in tuple(vars(owner).items()):
                if id(value) in by_id:
                    setattr(owner, name, by_id[id(value)])
        elif isinstance(owner, FunctionType) and not _keeps_its_own(owner.__module__ or ""):
            owner.__defaults__ = new.get(id(owner.__defaults__), owner.__defaults__)
        elif type(owner) is list:  # such as what monkeypatch will put back
            owner[:] = [new.get(id(item), item) for item in owner]
    for keeper in keepers:
        _exchange_in(keeper, by_id)


def _exchange_in(keeper: object, by_id: dict[int, Function]) -> None:
    """Exchange what an object keeps, if it can be changed."""
    if isinstance(keeper, list):
        keeper[:] = [by_id.get(id(item), item) for item in keeper]
    elif isinstance(keeper, CellType):
        keeper.cell_contents = by_id[id(keeper.cell_contents)]
    else:
        names = keeper if isinstance(keeper, dict) else getattr(keeper, "__dict__", None)
        if isinstance(names, dict):
            module = names.get("__name__") or names.get("__module__")  # of a module, or of a class
            if not _keeps_its_own(str(module)):
                replace(names, by_id)


def _keepers(kept: Iterable[object]) -> list[Any]:
    """Return what refers to these objects, without what does so here."""
    kept = list(kept)
    ours = {id(kept), id(_BY_REAL), id(_BY_STAND_IN), id(real), id(vars(real)), id(globals())}
    return [each for each in gc.get_referrers(*kept) if id(each) not in ours] if kept else []
