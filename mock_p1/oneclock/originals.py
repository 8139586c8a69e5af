"""Python's own clock and sleep, also where a test had replaced them before this import."""

from __future__ import annotations

import select
import sys
import time
from itertools import chain
from types import BuiltinFunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def _real(name: str) -> Callable[..., Any]:
    """Return the function that ``time`` came with.

    The one there, else the one that some other module holds.
    """
    here: Callable[..., Any] = getattr(time, name)
    return next((found for found in chain((here,), _held()) if _is_own(found, name)), here)


def _held() -> Iterator[Any]:
    modules: dict[str, object] = dict(sys.modules)
    for module in modules.values():
        if issubclass(
            type(module), ModuleType
        ):  # not isinstance: what cffi puts here only says that it is a module
            yield from tuple(ModuleType.__getattribute__(module, "__dict__").values())


def _is_own(found: object, name: str) -> bool:
    return isinstance(found, BuiltinFunctionType) and (found.__module__, found.__name__) == (
        "time",
        name,
    )


class Originals:
    """Keeps them where freezegun, which exchanges clocks in every module, finds none."""

    def __init__(self) -> None:
        self.sleep: Callable[[float], None] = _real("sleep")
        self.monotonic: Callable[[], float] = _real("monotonic")
        self.monotonic_ns: Callable[[], int] = _real("monotonic_ns")
        self.select: Final = select.select
        self.perf_counter: Callable[[], float] = _real("perf_counter")
        self.perf_counter_ns: Callable[[], int] = _real("perf_counter_ns")
        if hasattr(time, "clock_gettime"):
            self.clock_gettime: Callable[[int], float] = _real("clock_gettime")
            self.clock_gettime_ns: Callable[[int], int] = _real("clock_gettime_ns")


real: Final = Originals()
