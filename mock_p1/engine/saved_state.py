"""All that changes in a mock, as plain data: taken out whole, and put back to go on from there.

Whatever keeps something that changes has a ``saved`` and a ``restore``; here they are put together.
What is the same again after a start is not in it: the scenario itself, and what follows from it.
"""

from __future__ import annotations

import gc
import json
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mock_p1._version import __version__
from mock_p1.base.text import plural
from mock_p1.scenario.kept import as_data

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mock_p1.engine.engine import Engine
    from mock_p1.scenario.model import Scenario

FORM: Final = 1
"""The form of what is saved; another one is not read."""

_DESCRIBES: Final = ("description", "seed")
"""Parts of a scenario that change nothing of what is played; the seed in use is held apart."""


class CannotLoad(ValueError):  # noqa: N818 -- says what happened
    """A saved state cannot be gone on with: it is broken, or was saved while something else played.

    Examples:
        >>> from mock_p1 import mocked
        >>> with mocked("demo", load="nothing.json") as mock:
        ...     pass
        Traceback (most recent call last):
        mock_p1.engine.saved_state.CannotLoad: nothing.json: there is no such file
    """


class SavedFile(NamedTuple):
    """A state that was written: where, how many bytes it has, and when that was (UTC)."""

    file: str
    size: int
    saved_at: str


@contextmanager
def no_garbage() -> Iterator[None]:
    """Let nothing be searched for garbage: of very many new objects none is, again and again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def saved(engine: Engine, aside: dict[str, bytes] | None = None) -> dict[str, Any]:
    """Return the state of a mock, to be written as JSON; of one moment, polls wait meanwhile.

    Args:
        engine: The mock.
        aside: Where to put what is large, packed, to be read when it is needed first.
    """
    with engine.lock:
        scenario = engine.scenario
        state = {
            "version": __version__,
            "seed": engine.seed,
            "played_after": engine.played_after,
            "clock": engine.clock.saved(),
            "state": engine.state.saved(aside),
            "journal": engine.journal.saved(aside),
        }
    return {"scenario": {"name": scenario.name, "parts": digests(scenario)}, **state}


def restore(
    engine: Engine, state: dict[str, Any], aside: Mapping[str, bytes] | None = None
) -> None:
    """Let a new mock go on where another one was; nothing has been asked of it yet.

    Args:
        engine: The mock; its scenario and seed are those of the state.
        state: What ``saved`` has returned, also through JSON.
        aside: What it has put aside; it is not looked at before it is needed.

    Raises:
        CannotLoad: The state is of another scenario or seed, or is none.
    """
    try:
        _must_be_played(engine, state)
        with engine.lock:
            try:
                engine.clock.restore(state["clock"])
            except ValueError as error:
                raise CannotLoad(str(error)) from None
            engine.state.restore(state["state"], aside)
            engine.journal.restore(state["journal"], aside)
            engine.played_after = state["played_after"]
    except CannotLoad:
        raise
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        why = f"{type(error).__name__}: {error}"
        raise CannotLoad(f"it is broken, or no state of a mock ({why})") from error


def _must_be_played(engine: Engine, state: dict[str, Any]) -> None:
    name, before = state["scenario"]["name"], state["scenario"]["parts"]
    now = digests(engine.scenario)
    differ = [part for part in {**before, **now} if before.get(part) != now.get(part)]
    if not differ:
        if state["seed"] != engine.seed:
            raise CannotLoad(f"it was saved under the seed {state['seed']}, not {engine.seed}")
        return
    ours = engine.scenario.name
    if _file_of(name) != _file_of(ours):
        raise CannotLoad(f"it was saved while {name} was played, not {ours}")
    parts = ", ".join(differ)
    if name != ours:
        raise CannotLoad(
            f"{ours} is not as {name} was when it was saved ({plural(len(differ), 'part')}: "
            f"{parts}); load it with the scenario as it was"
        )
    raise CannotLoad(
        f"{name} has changed since it was saved ({plural(len(differ), 'part')}: {parts}); load "
        "it with the scenario as it was"
    )


def _file_of(name: str) -> str:
    """Return what a scenario's file is called, wherever it lies."""
    return name.replace("\\", "/").rpartition("/")[2]


def digests(scenario: Scenario) -> dict[str, str]:
    """Return a digest of each part of a scenario that is written in it, and of its files."""
    parts: dict[str, Any] = as_data(scenario, places=False)[1]
    files = {name: sha256(content).hexdigest() for name, content in scenario.files.items()}
    parts |= {"files": files} if files else {}
    return {
        name: sha256(json.dumps(part).encode()).hexdigest()[:16]
        for name, part in parts.items()
        if name not in _DESCRIBES
    }
