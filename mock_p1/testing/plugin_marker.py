"""What a test asks of the fixtures.

Its marker, the command line's option, the ini file, in this order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from os import PathLike
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from mock_p1.base.text import unknown
from mock_p1.scenario.files import WHAT_IT_CAN_BE, ScenarioSource, look_up
from mock_p1.scenario.model import Scenario
from mock_p1.testing.read_once import read_once

DEFAULT: Final = "demo"

_TAKES: Final[dict[str, tuple[tuple[type, ...], str]]] = {
    "scenario": ((str, PathLike, Mapping, Scenario), WHAT_IT_CAN_BE),
    "base_url": ((str,), "a URL, such as 'https://api.example.com'"),
    "seed": ((int,), "a whole number"),
    "check": ((bool,), "True or False"),
    "speed": ((int, float), "a number, such as 60"),
    "instant_sleep": (
        (bool, str, int, float, timedelta),
        "True, False or the longest it may take, such as '60d'",
    ),
    "start_date": ((str, datetime), "a date, such as '2026-02-28T23:59:00Z'"),
    "load": ((str, PathLike), "a file that handle.save has written"),
}


class MarkerError(ValueError):
    """The marker or the configuration cannot be meant as it stands.

    Examples:
        >>> raise MarkerError("@pytest.mark.mock_p1: unknown argument 'sped'")
        Traceback (most recent call last):
        mock_p1.testing.plugin_marker.MarkerError: @pytest.mark.mock_p1: unknown argument 'sped'
    """


class Wanted(NamedTuple):
    """What to start for a test."""

    scenario: Scenario
    base_url: str | None = None
    seed: int | None = None
    check: bool = True
    speed: float = 1.0
    instant_sleep: bool | str | float | timedelta = False
    start_date: str | datetime | None = None
    load: Path | None = None


def wanted(request: pytest.FixtureRequest) -> Wanted:
    """Return what a test wants: of each argument, what the closest marker says.

    Raises MarkerError or ScenarioError.

    So a test that only wants another speed keeps the scenario of its class. None stands for the
    default.
    """
    said: dict[str, Any] = {}
    if (parameter := getattr(request, "param", None)) is not None:  # parametrize(…, indirect=True)
        said = _arguments(pytest.mark.mock_p1.with_args(parameter).mark)
    for marker in request.node.iter_markers("mock_p1"):
        said = _arguments(marker) | said
    given = {name: value for name, value in said.items() if value is not None}
    _refuse_what_has_no_effect(given, request.fixturenames, request.fixturename or "")
    return _wanted(given, request.config, request.path.parent)


def wanted_for(item: pytest.Item, said: Mapping[str, Any], *, served: bool) -> Wanted:
    """Return what ``mock_p1_for`` is asked for. Raises MarkerError or ScenarioError."""
    said = {name: value for name, value in said.items() if value is not None}
    try:
        given = _arguments(pytest.mark.mock_p1(**said).mark)
    except MarkerError as error:
        raise MarkerError(str(error).replace("@pytest.mark.mock_p1", "mock_p1_for")) from None
    fixture = "mock_p1_server" if served else "mock_p1"
    _refuse_what_has_no_effect(given, [fixture], f"one like {fixture} (served={served})")
    return _wanted(given, item.config, item.path.parent)


def _wanted(given: dict[str, Any], config: pytest.Config, folder: Path) -> Wanted:
    if "speed" not in given:  # which goes before what the ini file says for all
        given.setdefault("instant_sleep", _sleeps(config))
    if "load" not in given:  # which has its own dates
        given.setdefault("start_date", config.getini("mock_p1_start_date") or None)
    else:
        given["load"] = _saved_beside(config, folder, given["load"])
    named = given.pop("scenario", None)
    scenario = _configured(config) if named is None else _beside(config, folder, named)
    return Wanted(scenario, **given)


_OF_ONE: Final = {"speed": "mock_p1_server", "base_url": "mock_p1"}
"""Arguments that only one of the fixtures can honour."""


def _refuse_what_has_no_effect(
    given: Mapping[str, Any], fixtures: Sequence[str], used: str
) -> None:
    for name, fixture in _OF_ONE.items():
        if name in given and fixture not in fixtures:
            raise MarkerError(f"{name}= is for the fixture {fixture}, and this test uses {used}")


def _arguments(marker: pytest.Mark) -> dict[str, Any]:
    """Return the marker's arguments by name."""
    if len(marker.args) > 1:
        raise MarkerError(
            f"{_shown(marker)} takes one argument without a name, the scenario; "
            f"the others: {', '.join(f'{name}=' for name in _TAKES)}"
        )
    if marker.args and "scenario" in marker.kwargs:
        raise MarkerError(f"{_shown(marker)} names the scenario twice")
    given = dict(zip(("scenario",), marker.args, strict=False)) | dict(marker.kwargs)
    for name, value in given.items():
        if name not in _TAKES:
            raise MarkerError(f"{_shown(marker)}: {unknown('argument', name, _TAKES)}")
        types, what = _TAKES[name]
        if value is not None and (
            not isinstance(value, types) or (isinstance(value, bool) and bool not in types)
        ):
            raise MarkerError(f"{_shown(marker)}: {name} is {what}, not {value!r}")
    return given


def _shown(marker: pytest.Mark) -> str:
    arguments = [repr(value) for value in marker.args] + [
        f"{name}={value!r}" for name, value in marker.kwargs.items()
    ]
    return f"@pytest.mark.mock_p1({', '.join(arguments)})"


def _beside(config: pytest.Config, folder: Path, named: ScenarioSource) -> Scenario:
    """Look a marker's scenario up.

    In the scenario folder, beside the test, from the root or the current directory.
    """
    shelves = [*_folder(config), folder]
    bases = [*shelves, config.rootpath, Path()]
    return look_up(named, shelves, bases, folder=folder, parse=read_once)


def _saved_beside(config: pytest.Config, folder: Path, named: str | PathLike[str]) -> Path:
    """Look a saved state up: beside the test, from the root or the current directory."""
    paths = [base / named for base in (folder, config.rootpath)]
    return next((path for path in paths if path.is_file()), Path(named))


def _configured(config: pytest.Config) -> Scenario:
    """Look up what the command line or the ini file names, for tests whose marker names none."""
    shelves = _folder(config)
    if named := config.getoption("mock_p1_scenario"):
        bases = [*shelves, config.invocation_params.dir, config.rootpath]
    else:
        named = config.getini("mock_p1_scenario") or DEFAULT
        bases = [*shelves, config.rootpath]
    return look_up(named, shelves, bases, parse=read_once)


def _sleeps(config: pytest.Config) -> bool | str:
    """Return what the ini file says of tests whose marker says nothing of instant_sleep."""
    text = str(config.getini("mock_p1_instant_sleep") or "false")
    return {"true": True, "false": False}.get(text.lower(), text)


def _folder(config: pytest.Config) -> list[Path]:
    name = config.getini("mock_p1_scenario_dir")
    if not name:
        return []
    folder = config.rootpath / name
    if not folder.is_dir():
        raise MarkerError(
            f"ini option mock_p1_scenario_dir: {name!r} is no folder of {config.rootpath}"
        )
    return [folder]
