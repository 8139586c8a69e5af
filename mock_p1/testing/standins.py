"""What stands in for Python's clock and sleep while a clock is shared, wherever a module holds them by name.

Each asks at every call who is calling. Whoever got hold of one and keeps it gets real time as soon as no clock is
shared any more.
"""

from __future__ import annotations

import sys
import time
from functools import wraps
from numbers import Real
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

import time_machine

from mock_p1.core.clock import SECOND
from mock_p1.core.durations import LONGEST
from mock_p1.testing import loops
from mock_p1.testing.one_clock import KEEP_REAL, asking

if TYPE_CHECKING:
    from collections.abc import Callable

    Function = Callable[..., Any]

_sleep, _monotonic, _monotonic_ns = time.sleep, time.monotonic, time.monotonic_ns


@wraps(_sleep)
def sleep(seconds: float, /) -> None:
    """Stand in for ``time.sleep``."""
    shared = asking()
    if shared is not None and _is_span(seconds):
        shared.sleep(round(seconds * SECOND))
    else:
        _sleep(seconds)  # which also says what is wrong with what is no span


def _is_span(value: object) -> bool:
    return isinstance(value, Real) and 0 <= float(value) <= LONGEST / SECOND


@wraps(_monotonic)
def monotonic() -> float:
    """Stand in for ``time.monotonic``."""
    shared = asking()
    return _monotonic() if shared is None else shared.monotonic_ns() / SECOND


@wraps(_monotonic_ns)
def monotonic_ns() -> int:
    """Stand in for ``time.monotonic_ns``."""
    shared = asking()
    return _monotonic_ns() if shared is None else shared.monotonic_ns()


def time_ns() -> int:
    """Tell time-machine what all dates and times of day are made of."""
    shared = asking()
    return time_machine.escape_hatch.time.time_ns() if shared is None else shared.time_ns()


_STAND_INS: Final[dict[Function, Function]] = {_sleep: sleep, _monotonic: monotonic, _monotonic_ns: monotonic_ns}
_travels: Final[list[time_machine.travel]] = []


def install() -> None:
    """Put the stand-ins in place."""
    travel = time_machine.travel(0, tick=False)
    travel.start().time_ns = time_ns  # type: ignore[method-assign]  # the one thing it asks, whatever is asked of it
    _travels.append(travel)
    _exchange(_STAND_INS, leave=KEEP_REAL)
    loops.install()


def remove() -> None:
    """Put everything back, also in modules that were imported in the meantime."""
    loops.remove()
    _exchange({stand_in: real for real, stand_in in _STAND_INS.items()})
    _travels.pop().stop()


def _exchange(functions: dict[Function, Function], leave: frozenset[str] = frozenset()) -> None:
    """Put one function for another wherever a module has it as a name of its own."""
    by_id = {id(old): new for old, new in functions.items()}
    modules: dict[str, object] = dict(sys.modules)
    for name, module in modules.items():
        if not isinstance(module, ModuleType) or name.partition(".")[0] in leave:
            continue  # some put other things there
        names = ModuleType.__getattribute__(module, "__dict__")  # a module that loads lazily stays unloaded
        if by_id.keys().isdisjoint(map(id, tuple(names.values()))):
            continue
        for key, value in tuple(names.items()):
            if id(value) in by_id:
                names[key] = by_id[id(value)]
