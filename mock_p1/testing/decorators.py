"""Runs a function inside a context manager, whatever its kind.

A body that runs later must find it still entered.
"""

from __future__ import annotations

from functools import wraps
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator
    from contextlib import AbstractContextManager

    Enter = Callable[[], AbstractContextManager[object]]

P = ParamSpec("P")
R = TypeVar("R")


def inside(enter: Enter, function: Callable[P, R]) -> Callable[P, R]:
    """Return ``function``, run within a new ``enter()`` at every call.

    TypeError for a class or an async generator.
    """
    if isinstance(function, type):
        raise TypeError(f"decorate the methods of {function.__name__}, not the class")
    if isasyncgenfunction(function):
        raise TypeError(
            f"{function.__name__} is an async generator; "
            "use `with` inside it instead of the decorator"
        )
    if iscoroutinefunction(function):
        return cast("Callable[P, R]", _coroutine(enter, function))
    if isgeneratorfunction(function):
        return cast("Callable[P, R]", _generator(enter, function))
    return _plain(enter, function)


def _plain(enter: Enter, function: Callable[P, R]) -> Callable[P, R]:
    @wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        with enter():
            return function(*args, **kwargs)

    return wrapper


def _coroutine(
    enter: Enter, function: Callable[P, Coroutine[Any, Any, R]]
) -> Callable[P, Coroutine[Any, Any, R]]:
    @wraps(function)
    async def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        with enter():
            return await function(*args, **kwargs)

    return wrapper


def _generator(
    enter: Enter, function: Callable[P, Generator[Any, Any, R]]
) -> Callable[P, Generator[Any, Any, R]]:
    @wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Generator[Any, Any, R]:
        with enter():
            return (yield from function(*args, **kwargs))

    return wrapper
