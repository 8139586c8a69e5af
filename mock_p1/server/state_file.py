"""A mock's state as a file: written whole or not at all, and read with a reason where it cannot be.

One JSON object: ``mock_p1_state`` is its form, ``sha256`` that of ``saved`` as Python's ``json``
writes it, ``saved_at`` the real date. ``docs/state.md`` says what stands in it. It holds keys.
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Any, Final

from mock_p1.base.whole_files import write_whole
from mock_p1.engine.acts import SharedEngine
from mock_p1.engine.saved_state import FORM, CannotLoad, SavedFile, no_garbage, restore, saved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mock_p1.engine.engine import Engine

KEY: Final = "mock_p1_state"
_BEFORE: Final = b', "saved":\n'
_BEHIND: Final = b"}\n"
"""What stands around the state in a file as it is written here."""

NOTES_SECONDS: Final = 10.0
"""How long it is waited for what is found in a file that has just come."""


def write_state(engine: Engine, path: Path) -> SavedFile:
    """Write the state of a mock to a file, for its owner alone to read.

    Raises:
        OSError: It cannot be written; what was in the file before is there still.
    """
    for upload in engine.state.uploads:
        upload.notes(NOTES_SECONDS)
    engine.deliveries.settle(0)
    text, now = json.dumps(saved(engine)).encode("ascii"), datetime.now(UTC).isoformat()
    head = {KEY: FORM, "saved_at": now, "sha256": sha256(text).hexdigest()}
    content = b"".join((json.dumps(head)[:-1].encode("ascii"), _BEFORE, text, _BEHIND))
    write_whole({path: content}, mode=0o600)
    return SavedFile(os.path.realpath(path), len(content), now)


def read_state(path: Path) -> dict[str, Any]:
    """Return the state in a file; CannotLoad says why there is none."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise CannotLoad(f"{path}: there is no such file") from None
    except OSError as error:
        raise CannotLoad(f"{path}: {error.strerror or error}") from None
    try:
        with no_garbage():
            read = json.loads(content)
    except (ValueError, RecursionError):
        raise CannotLoad(f"{path}: {_what_is_no_json(content)}") from None
    if not isinstance(read, dict) or KEY not in read:
        raise CannotLoad(f"{path}: is JSON, but no state that a mock has saved")
    form = read[KEY]
    if form != FORM:
        age = "an older version" if isinstance(form, int) and form < FORM else "another version"
        raise CannotLoad(
            f"{path}: was saved by {age} of the mock, in form {form!r}; this one reads form {FORM}"
        )
    state = read.get("saved")
    if not isinstance(state, dict) or not _is_as_saved(state, content, read.get("sha256")):
        raise CannotLoad(f"{path}: was changed by hand since it was saved, or is not whole")
    return state


def load_state(engine: Engine, path: Path, state: dict[str, Any] | None = None) -> bool:
    """Let a new mock go on with the state in a file, which may have been read already.

    Return whether it does: not where processes share a state in which anything has happened.
    CannotLoad says why it cannot; the mock is of no use then.
    """
    state = read_state(path) if state is None else state
    try:
        if isinstance(engine, SharedEngine):
            return engine.go_on_from(state)
        with no_garbage():
            restore(engine, state)
    except CannotLoad as error:
        raise CannotLoad(f"{path}: {error}") from None
    return True


def first_date(state: dict[str, Any]) -> datetime:
    """Return the date at which the clock of a state began."""
    return datetime.fromisoformat(state["clock"]["start"])


class StateFile:
    """Where a mock keeps its state: one file, written by one thread at a time."""

    def __init__(self, engine: Engine, path: Path) -> None:
        self._engine, self._path = engine, path
        self._lock = Lock()
        self._saved: object = None

    def save(self) -> SavedFile:
        """Write the state as it is now; OSError where it cannot be."""
        with self._lock:
            moment = self._moment()
            saved_file = write_state(self._engine, self._path)
            self._saved = moment
            return saved_file

    def save_news(self) -> None:
        """Write the state if anything has happened since it was written last."""
        if self._moment() != self._saved:
            self.save()

    def _moment(self) -> object:
        return self._engine.journal.last, self._engine.changes.last

    @contextmanager
    def saved_every(self, seconds: float, failed: Callable[[OSError], None]) -> Iterator[None]:
        """Write it so often, from a thread of its own, and once more in the end."""
        done = Event()

        def run() -> None:
            while not done.wait(seconds):
                try:
                    self.save_news()
                except OSError as error:
                    failed(error)

        thread = Thread(target=run, name="mock-p1:save", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
            self.save()


def _what_is_no_json(content: bytes) -> str:
    if not content:
        return "the file is empty"
    begins = content.startswith(f'{{"{KEY}"'.encode())
    return "is not whole: it breaks off" if begins else "is no JSON, so no state of a mock"


def _is_as_saved(state: dict[str, Any], content: bytes, digest: object) -> bool:
    """Tell whether a state is what was saved: to the letter, or laid out anew."""
    text = content[content.find(_BEFORE) + len(_BEFORE) : -len(_BEHIND)]
    return digest == sha256(text).hexdigest() or (
        digest == sha256(json.dumps(state).encode("ascii")).hexdigest()
    )
