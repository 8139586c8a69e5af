"""What is said of an argument that a function does not take: in the words that the marker has."""

from __future__ import annotations

from functools import wraps
from inspect import signature
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

from mock_p1.base.text import unknown

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
R = TypeVar("R")

_TAKEN: Final[dict[str, list[str]]] = {}
"""The arguments of each function that says so, by the name by which it is called."""


def names_arguments(called: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a function's TypeError say which arguments it takes, and which was perhaps meant."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        known = _TAKEN[called] = [name for name in signature(function).parameters if name != "self"]

        @wraps(function)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            __tracebackhide__ = True
            for name in kwargs:
                if name not in known:
                    raise TypeError(f"{called}: {_not_taken(name, known)}")
            return function(*args, **kwargs)

        return checked

    return decorate


def _not_taken(name: str, known: list[str]) -> str:
    other = next((other for other, names in _TAKEN.items() if name in names), None)
    if other is None:
        return unknown("argument", name, known)
    return f"{name}= is for {other}; known: {', '.join(sorted(known))}"
