"""The marker ``mock_p1_trouble``: expands a test into the matrix of trouble and moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from mock_p1.analysis.fault_matrix import InjectedFault, NoSuchFault, matrix
from mock_p1.base.text import unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

TROUBLE: Final = "mock_p1_trouble"
_TAKES: Final = ("errors", "faults", "phases")


def expand(metafunc: pytest.Metafunc, marker: pytest.Mark) -> None:
    """Parametrize the test by every trouble that the marker names.

    A slip in the marker fails the collection.
    """
    try:
        troubles = _troubles(marker.args, marker.kwargs)
    except NoSuchFault as error:
        raise pytest.Collector.CollectError(
            f"{metafunc.definition.nodeid}: @pytest.mark.{TROUBLE}: {error}"
        ) from None
    if not {"mock_p1", "mock_p1_server"} & set(metafunc.fixturenames):
        where = metafunc.definition.nodeid
        raise pytest.Collector.CollectError(
            f"{where} is marked {TROUBLE}, but uses neither fixture mock_p1 nor mock_p1_server"
        )
    if TROUBLE not in metafunc.fixturenames:
        metafunc.fixturenames.append(TROUBLE)
    metafunc.parametrize(TROUBLE, troubles, ids=str, indirect=True)


def _troubles(args: tuple[object, ...], given: Mapping[str, object]) -> list[InjectedFault]:
    if args:
        raise NoSuchFault(
            f"takes its arguments by name: {', '.join(f'{name}=' for name in _TAKES)}"
        )
    for name in given:
        if name not in _TAKES:
            raise NoSuchFault(unknown("argument", name, _TAKES))
    for name, value in given.items():
        if not isinstance(value, str | list | tuple | set | frozenset):
            raise NoSuchFault(f'{name} is "all", a name or a list of names, not {value!r}')
    troubles = matrix(**given)  # type: ignore[arg-type]  # looked at above
    if not troubles:
        raise NoSuchFault("names no trouble: errors, faults or phases is empty")
    return troubles
