"""Scenarios that were read before: two hundred tests of one file need not parse it as often."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    from mock_p1.scenario.document import Attach
    from mock_p1.scenario.model import Scenario

T = TypeVar("T")

MOST: Final = 32
LARGEST_BYTES: Final = 1_000_000
"""Of a text and its result files together; what is larger is not kept."""

_lock: Final = Lock()
_kept: Final[dict[tuple[str | bytes, str], tuple[Scenario, dict[Hashable, Any]]]] = {}
"""Scenarios and what was made of each, by text and name; the one that was used last at the end."""


def parse_once(
    source: str | bytes,
    name: str,
    attach: Attach,
    variables: Mapping[str, str] | None = None,
    *,
    parse: Callable[..., Scenario],
) -> Scenario:
    """Do what ``parse`` does, or return what it made of this text and these result files before.

    It is shared: for who neither changes it nor hands it to who might. Result files are read anew;
    what the environment has a part in is not kept. Safe to call from any thread.
    """
    with _lock:
        scenario, made = _kept.pop((source, name), (None, {}))
    if scenario is None or not _has_same_files(scenario, attach):
        scenario, made = parse(source, name, attach, variables), {}
    size = len(source) + sum(map(len, scenario.files.values()))
    if size <= LARGEST_BYTES and not scenario.variables:
        with _lock:
            _kept[source, name] = scenario, made
            while len(_kept) > MOST:
                del _kept[next(iter(_kept))]
    return scenario


def made_once(scenario: Scenario, what: Hashable, make: Callable[[], T]) -> T:
    """Return what ``make()`` returns, or has returned before where the scenario is a shared one.

    Then the result is shared too.
    """
    with _lock:
        made = next((made for kept, made in _kept.values() if kept is scenario), {})
        found: T | None = made.get(what)
    if found is None:
        found = make()
        with _lock:
            made.clear()
            made[what] = found
    return found


def _has_same_files(scenario: Scenario, attach: Attach) -> bool:
    """Tell whether each result file is there and as it was; where not, ``parse`` says why."""
    try:
        return all(attach(name) == content for name, content in scenario.files.items())
    except ValueError:
        return False
