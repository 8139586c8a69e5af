"""Which scenarios are bundled. A shell that completes a name asks too: this is light."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

SUFFIXES: Final = (".yaml", ".yml", ".json")
"""How the name of a scenario file ends."""

_HERE = Path(__file__).parents[1]
_BUNDLED = (
    _HERE / "scenarios",
    _HERE.parent / "scenarios",
)  # in a wheel; in a checkout, where it stands beside us


@cache
def bundled() -> Mapping[str, Path]:
    """Return the bundled scenarios: name -> file, in alphabetical order."""
    folder = next((folder for folder in _BUNDLED if folder.is_dir()), None)
    files = sorted(folder.glob("*.yaml")) if folder else ()
    return MappingProxyType({file.stem: file for file in files})
