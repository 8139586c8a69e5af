"""What stands in for Python's clock and sleep while a clock is shared, wherever a module holds them by name.

Each asks at every call who is calling. Whoever got hold of one and keeps it gets real time as soon as no clock is
shared any more.
"""

from __future__ import annotations

import sys
from functools import wraps
from numbers import Real
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

import time_machine

from mock_p1.base.clock import SECOND
from mock_p1.base.durations import LONGEST
from mock_p1.oneclock import originals as real
from mock_p1.oneclock.shared import asking, keeps_real

if TYPE_CHECKING:
    from collections.abc import Callable

    Function = Callable[..., Any]


@wraps(real.sleep)
def sleep(seconds: float, /) -> None:
    """Stand in for ``time.sleep``, also where it is itself what a thread or a loop has been given to run."""
    shared = asking({"threading", "concurrent.futures.thread", "mock_p1.oneclock.asyncio_patch"})
    if shared is not None and _is_span(seconds):
        shared.sleep(round(seconds * SECOND))
    else:
        real.sleep(seconds)  # which also says what is wrong with what is no span


def _is_span(value: object) -> bool:
    return isinstance(value, Real) and 0 <= float(value) <= LONGEST / SECOND


@wraps(real.monotonic)
def monotonic() -> float:
    """Stand in for ``time.monotonic``."""
    shared = asking()
    return real.monotonic() if shared is None else shared.monotonic_ns() / SECOND


@wraps(real.monotonic_ns)
def monotonic_ns() -> int:
    """Stand in for ``time.monotonic_ns``."""
    shared = asking()
    return real.monotonic_ns() if shared is None else shared.monotonic_ns()


def time_ns() -> int:
    """Tell time-machine what all dates and times of day are made of."""
    shared = asking()
    return time_machine.escape_hatch.time.time_ns() if shared is None else shared.time_ns()


_STAND_INS: Final[dict[Function, Function]] = {
    real.sleep: sleep,
    real.monotonic: monotonic,
    real.monotonic_ns: monotonic_ns,
}
_travels: Final[list[time_machine.travel]] = []


def install() -> None:
    """Put the stand-ins in place."""
    travel = time_machine.travel(0, tick=False)
    # the one thing it asks, whatever is asked of it
    travel.start().time_ns = time_ns  # type: ignore[method-assign]
    _travels.append(travel)
    _exchange(_STAND_INS, leave=keeps_real)


def remove() -> None:
    """Put everything back, also in modules that were imported in the meantime."""
    _exchange(
        {stand_in: own for own, stand_in in _STAND_INS.items()},
        leave=lambda module: module == __name__,
    )
    _travels.pop().stop()


def _exchange(functions: dict[Function, Function], leave: Callable[[str], bool]) -> None:
    """Put one function for another wherever a module has it as a name of its own."""
    by_id = {id(old): new for old, new in functions.items()}
    modules: dict[str, object] = dict(sys.modules)
    for name, module in modules.items():
        if not issubclass(type(module), ModuleType) or leave(
            name
        ):  # some put other things there, and cffi some that
            continue  # say they are modules: isinstance believes them
        names = ModuleType.__getattribute__(
            module, "__dict__"
        )  # a module that loads lazily stays unloaded
        if by_id.keys().isdisjoint(map(id, tuple(names.values()))):
            continue
        for key, value in tuple(names.items()):
            if id(value) in by_id:
                names[key] = by_id[id(value)]
