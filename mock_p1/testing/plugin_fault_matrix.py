"""The marker ``mock_p1_trouble``: makes of a test one for each injected fault."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from mock_p1.analysis.fault_matrix import InjectedFault, NoSuchFault, matrix
from mock_p1.base.text import unknown
from mock_p1.testing.run_state import TROUBLE, parametrizes_trouble

if TYPE_CHECKING:
    import pytest

_TAKES: Final = ("errors", "faults", "phases", "on")


def expand(metafunc: pytest.Metafunc, marker: pytest.Mark) -> None:
    """Parametrize the test by every injected fault that the marker names.

    A mistake in the marker makes one case, which fails.
    """
    if TROUBLE not in metafunc.fixturenames:
        metafunc.fixturenames.append(TROUBLE)
    if parametrizes_trouble(metafunc.definition):
        return  # which pytest cannot do twice; the test fails when it runs
    cells: list[InjectedFault | str]
    try:
        cells = [*_injected_faults(marker.args, marker.kwargs)]
    except NoSuchFault as error:
        cells = [f"@pytest.mark.{TROUBLE}: {error}"]
    if not {"mock_p1", "mock_p1_server"} & set(metafunc.fixturenames):
        message = f"marked {TROUBLE}, but uses neither fixture mock_p1 nor mock_p1_server"
        cells = [f"{metafunc.definition.nodeid} is {message}"]
    ids = [str(each) if isinstance(each, InjectedFault) else "mistake" for each in cells]
    metafunc.parametrize(TROUBLE, cells, ids=ids, indirect=True)


def _injected_faults(args: tuple[object, ...], given: Mapping[str, object]) -> list[InjectedFault]:
    if args:
        raise NoSuchFault(
            f"takes its arguments by name: {', '.join(f'{name}=' for name in _TAKES)}"
        )
    for name in given:
        if name not in _TAKES:
            raise NoSuchFault(unknown("argument", name, _TAKES))
    for name, value in given.items():
        is_reply = name == "faults" and isinstance(value, Mapping)
        if not is_reply and not isinstance(value, str | list | tuple | set | frozenset):
            raise NoSuchFault(f'{name} is "all", a name or a list of names, not {value!r}')
    cells = matrix(**given)  # type: ignore[arg-type]  # looked at above
    if not cells:
        raise NoSuchFault("names no injected fault: errors and faults, phases or on is empty")
    return cells
