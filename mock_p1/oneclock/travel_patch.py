"""Dates while a clock is shared: time-machine moves them, wherever they were imported.

A client that travels inside the mock, by time-machine too, sees its sleeps move the date it is at.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import time_machine

from mock_p1.base.patching import Patch, instead
from mock_p1.oneclock.shared import asking, current

if TYPE_CHECKING:
    from collections.abc import Callable

_travels: Final[list[time_machine.travel]] = []
_own_start: Final = time_machine.travel.start
_own: Final[dict[str, Callable[..., Any]]] = {}
"""What the class of all that travel came with."""

_kind: Final[Any] = next(
    each
    for each in vars(time_machine).values()
    if isinstance(each, type) and hasattr(each, "time_ns") and hasattr(each, "shift")
)
"""The class of all that travel; it has had several names."""

_STARTED: Final = "_mock_p1_started"


def time_ns() -> int:
    """Tell time-machine what all dates and times of day are made of."""
    if shared := asking():
        return shared.time_ns()
    with suppress(ValueError):  # the mock ends in another thread just now
        if time_machine.escape_hatch.is_travelling():
            return time_machine.escape_hatch.time.time_ns()
    return time.time_ns()


def install() -> None:
    """Let the client see the dates of the clock, or those it travels to from there."""
    travel = time_machine.travel(0, tick=False)
    _own.update((name, getattr(_kind, name)) for name in _STAND_INS)
    _kind.time_ns = lambda _: time_ns()  # nobody sees the date at which ours begins
    try:
        traveller: Any = travel.start()
    except BaseException:
        _put_back()
        raise
    traveller.time_ns = time_ns  # the one thing it asks, whatever is asked of it
    _travels.append(travel)
    for name, stand_in in _STAND_INS.items():
        setattr(_kind, name, stand_in)


def remove() -> None:
    """Let dates be as they are, and all travel as time-machine does."""
    _put_back()
    _travels.pop().stop()


def _put_back() -> None:
    for name, function in _own.items():
        setattr(_kind, name, function)


def _start(travel: time_machine.travel) -> Any:  # noqa: ANN401 -- see _kind
    traveller = _own_start(travel)
    _note(traveller)
    return traveller


def _note(traveller: Any) -> None:  # noqa: ANN401 -- likewise
    if shared := current():
        setattr(traveller, _STARTED, (_own["time_ns"](traveller), shared.now_ns()))


def _time_ns(traveller: Any) -> int:  # noqa: ANN401 -- likewise
    shared, started = asking(), getattr(traveller, _STARTED, None)
    if shared is None or started is None:
        return int(_own["time_ns"](traveller))
    return int(started[0] + shared.now_ns() - started[1])


def _move_to(traveller: Any, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 -- likewise
    _own["move_to"](traveller, *arguments, **options)
    _note(traveller)


def _shift(traveller: Any, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 -- likewise
    before = _own["time_ns"](traveller)
    _own["shift"](traveller, *arguments, **options)
    if started := getattr(traveller, _STARTED, None):
        moved = _own["time_ns"](traveller) - before
        setattr(traveller, _STARTED, (started[0] + moved, started[1]))


_STAND_INS: Final = {"time_ns": _time_ns, "move_to": _move_to, "shift": _shift}

PATCHES: Final = (Patch(time_machine.travel, "start", instead(_start)),)
