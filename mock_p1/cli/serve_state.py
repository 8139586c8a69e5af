"""``serve --state``, ``--save`` and ``--load``: the state is shared, or goes on from a file."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from mock_p1.base.extras import missing
from mock_p1.cli.command_error import Failure
from mock_p1.cli.options import ENVIRONMENT
from mock_p1.engine.acts import StoreDown
from mock_p1.engine.saved_state import CannotLoad
from mock_p1.server.state_file import StateFile, load_state

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mock_p1.cli.log_lines import Format
    from mock_p1.engine.engine import Engine
    from mock_p1.scenario.model import Scenario
    from mock_p1.server.shared_state import SharedState


def go_on(engine: Engine, load: Path | None, save: Path | None) -> list[str]:
    """Let the engine go on from a file; return what there is to say about it.

    Failure where it cannot, or where what is in the file to be written would get lost. The file
    that is written may be loaded before there is one: then everything begins.
    """
    is_one = load is not None and len({os.path.realpath(each) for each in (load, save or "")}) == 1
    if save is not None and save.exists() and not is_one:
        raise Failure(
            f"--save {save}: is there already; give --load {save} too, to go on from it, or remove "
            "it"
        )
    if save is not None and not os.access(save.parent, os.W_OK | os.X_OK):
        why = "cannot be written to" if save.parent.exists() else "is not there"
        raise Failure(f"--save {save}: the folder {save.parent} {why}")
    if load is None or (is_one and not load.exists()):
        return []
    try:
        if not load_state(engine, load):
            return [f"the state in the store goes on; {load} is not loaded"]
    except StoreDown as error:
        raise Failure(f"--state: {error.why}") from None
    except CannotLoad as error:
        remedy = "remove the file" if is_one else "leave out --load"
        raise Failure(f"--load {error}; to begin anew, {remedy}") from None
    return [f"the mock goes on from {load}"]


@contextmanager
def state_saved(
    engine: Engine, path: Path, every_seconds: float, form: Format
) -> Iterator[StateFile]:
    """Keep the state in a file: now, every so often if anything has happened, and at the end.

    Failure where it cannot be written at first or at last.
    """
    file = StateFile(engine, path)

    def say(error: OSError) -> None:
        text = f"--save {path}: {error.strerror or error}; the state is not saved"
        click.echo(form.not_saved(text), file=sys.stderr)

    is_at_work = False
    try:
        file.save()
        with file.saved_every(every_seconds, say):
            is_at_work = True
            yield file
            is_at_work = False
    except OSError as error:
        if is_at_work:  # it is the server's
            raise
        raise Failure(f"--save {path}: {error.strerror or error}") from None


def refuse_what_does_not_go_together(
    state: str | None, workers: int | None, save: Path | None, *, watch: bool
) -> None:
    """Refuse, as a usage error, options that do nothing beside others, or would do harm."""
    if state is not None and watch:
        raise click.UsageError("--watch is for a mock that has its state alone; leave it out")
    if workers is not None and save is not None:
        raise click.UsageError(
            "--workers save nothing, as each would write all of the state into the same file; "
            "leave --save out, or have one process more save: with the same --state and --save, "
            "and without --workers"
        )
    given = click.get_current_context().get_parameter_source
    for name, option in (("state_name", "--state-name"), ("state_scenario", "--state-scenario")):
        if state is None and given(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(
                f"{option} is for a shared state; say where that is: --state redis://127.0.0.1:6379"
            )
    if save is None and given("save_every") is ParameterSource.COMMANDLINE:
        raise click.UsageError(
            "--save-every is for a state that is saved; say in which file: --save state.json"
        )


def notes_of_unused_variables(state: str | None, save: Path | None) -> list[str]:
    """Return what to say of variables that do nothing alone.

    They may be set for every start, of which some share or save nothing: so they stop none.
    """
    given = click.get_current_context().get_parameter_source
    of_a_store = "this mock shares no state without --state (MOCK_P1_STATE)"
    of_a_file = "nothing is saved without --save (MOCK_P1_SAVE)"
    unused = {
        **(
            {} if state is not None else dict.fromkeys(("state_name", "state_scenario"), of_a_store)
        ),
        **({} if save is not None else {"save_every": of_a_file}),
    }
    return [
        f"{ENVIRONMENT}_{name.upper()} does nothing here: {why}"
        for name, why in unused.items()
        if given(name) is ParameterSource.ENVIRONMENT
    ]


def join(
    url: str,
    name: str,
    scenario: Scenario,
    *,
    take_shared: bool,
    **options: Any,  # noqa: ANN401 -- those of an engine
) -> SharedState:
    """Join the state in a store, or begin it. Failure says why it cannot be."""
    if why := missing("--state", "redis", "redis"):
        raise Failure(why)
    from mock_p1.server.shared_state import share  # noqa: PLC0415 -- only --state needs it
    from mock_p1.server.store_url import CannotShareState  # noqa: PLC0415 -- likewise

    try:
        return share(scenario, url, name, take_shared=take_shared, **options)
    except CannotShareState as error:
        raise Failure(f"--state {error}") from None


@contextmanager
def playing(shared: SharedState, stop: Callable[[], None]) -> Iterator[None]:
    """Play a part in a shared state; Failure at the end where this process could not go on."""
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
