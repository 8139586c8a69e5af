"""``serve --state``: the state in a store, shared by processes."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from mock_p1.cli.command_error import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mock_p1.scenario.model import Scenario
    from mock_p1.server.shared_state import SharedState


def refuse_what_is_not_shared(state: str | None, alone: Mapping[str, object]) -> None:
    """Refuse options, as a usage error, that are for a mock which has its state alone."""
    given = next((name for name, value in alone.items() if value), None)
    if state is not None and given is not None:
        raise click.UsageError(f"{given} is for a mock that has its state alone; leave it out")


def join(
    url: str | None,
    name: str,
    scenario: Scenario,
    *,
    take_shared: bool,
    **options: Any,  # noqa: ANN401 -- those of an engine
) -> SharedState | None:
    """Join the state in a store, or begin it; None without one. Failure says why it cannot be."""
    if url is None:
        return None
    from mock_p1.server.redis_store import CannotShareState  # noqa: PLC0415 -- only --state needs it
    from mock_p1.server.shared_state import share  # noqa: PLC0415 -- likewise

    try:
        return share(scenario, url, name, take_shared=take_shared, **options)
    except CannotShareState as error:
        raise Failure(f"--state {error}") from None


def shared_notes(shared: SharedState | None) -> list[str]:
    """Return what there is to say of a shared state at the start."""
    return [] if shared is None else [f"the state is shared at {shared.store.shown}"]


@contextmanager
def playing(shared: SharedState | None, stop: Callable[[], None]) -> Iterator[None]:
    """Play a part in a shared state; Failure at the end where this process could not go on."""
    if shared is None:
        yield
        return
    why: list[str] = []

    def ended(text: str) -> None:
        why.append(text)
        stop()

    shared.ended = ended
    try:
        yield
    finally:
        shared.close()
    if why:
        raise Failure(f"--state {shared.store.shown}: {why[0]}; start it again")
