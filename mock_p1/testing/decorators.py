"""Runs a function inside a context manager, whatever its kind.

A body that runs later must find it still entered.
"""

from __future__ import annotations

import inspect
from functools import partial, update_wrapper
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    Enter = Callable[[], AbstractContextManager[object]]

P = ParamSpec("P")
R = TypeVar("R")


def inside(enter: Enter, function: Callable[P, R], argument: str | None = None) -> Callable[P, R]:
    """Return ``function``, run within a new ``enter()`` at every call.

    What is entered is handed over as ``argument``, if that is a name. TypeError for a class or an
    async generator.
    """
    return cast("Callable[P, R]", _inside(enter, function, argument))


def _inside(enter: Enter, function: Any, argument: str | None) -> Any:  # noqa: ANN401 -- of any kind
    if isinstance(function, staticmethod | classmethod):
        return type(function)(_inside(enter, function.__func__, argument))
    if isinstance(function, property):
        parts = (function.fget, function.fset, function.fdel)
        return property(*(part and _inside(enter, part, argument) for part in parts))
    if isinstance(function, type):
        raise TypeError(f"decorate the methods of {function.__name__}, not the class")
    if not callable(function):
        raise TypeError(f"{function!r} cannot be decorated, since it cannot be called")
    name = getattr(function, "__name__", type(function).__name__)
    wrapper: Any = update_wrapper(_wrapper(enter, function, name, argument), function)
    if argument:  # which pytest must not take for a fixture
        signature = inspect.signature(function)
        rest = [each for each in signature.parameters.values() if each.name != argument]
        if len(rest) == len(signature.parameters):
            raise TypeError(f"{name} has no argument {argument!r} for the handle")
        wrapper.__signature__ = signature.replace(parameters=rest)
    return wrapper


def _wrapper(enter: Enter, function: Any, name: str, argument: str | None) -> Any:  # noqa: ANN401 -- likewise
    def given(entered: object) -> dict[str, object]:
        return {argument: entered} if argument else {}

    def plain(*args: object, **kwargs: object) -> Any:  # noqa: ANN401 -- likewise
        __tracebackhide__ = True
        with enter() as entered:
            return function(*args, **kwargs, **given(entered))

    def generator(*args: object, **kwargs: object) -> Any:  # noqa: ANN401 -- likewise
        __tracebackhide__ = True
        with enter() as entered:
            return (yield from function(*args, **kwargs, **given(entered)))

    async def coroutine(*args: object, **kwargs: object) -> Any:  # noqa: ANN401 -- likewise
        __tracebackhide__ = True
        with enter() as entered:
            return await function(*args, **kwargs, **given(entered))

    inner = function
    while isinstance(inner, partial):
        inner = inner.func
    called = inner if inspect.isroutine(inner) else type(inner).__call__
    if inspect.isasyncgenfunction(called):
        raise TypeError(
            f"{name} is an async generator; use `with` inside it instead of the decorator"
        )
    if inspect.iscoroutinefunction(called):
        return coroutine
    return generator if inspect.isgeneratorfunction(called) else plain
