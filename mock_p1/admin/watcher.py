"""Playing a scenario file anew when it changes.

Checked first, swapped at once; a broken one changes nothing.

``Reload`` looks once; ``watching`` has it look, from a thread of its own.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Final, NamedTuple

from mock_p1.base.text import plural
from mock_p1.scenario.document import MAX_BYTES
from mock_p1.scenario.files import read_scenario, scenario_file
from mock_p1.scenario.problems import Problem, ScenarioError
from mock_p1.scenario.redaction import masked_problems
from mock_p1.scenario.result_files import read_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from collections.abc import Set as AbstractSet

    from mock_p1.admin.context import AdminContext
    from mock_p1.scenario.model import Scenario

    PatternTable = AbstractSet[str]
    ChangeLog = Callable[[Callable[[], set[Path]], Event], Iterator[PatternTable]]

PATIENCE: Final = 1.0
"""Seconds after which the files are looked at though no change was reported.

Network drives, and folders that were deleted and made again, report nothing.
"""

MOST_SHOWN: Final = 100
LAST_SECONDS: Final = 2.0


class Reloaded(NamedTuple):
    """The file was swapped in; so many pairs of key and job kept their state, so many did not."""

    name: str
    kept: int
    dropped: int


class Broken(NamedTuple):
    """The file cannot be used: every problem, API keys and what variables held masked.

    The scenario before is still being played.
    """

    name: str
    problems: tuple[Problem, ...]


class Reload:
    """Plays a scenario file anew where it, or a result file that it names, is not what it was."""

    def __init__(
        self, context: AdminContext, source: str | Path, tell: Callable[[Reloaded | Broken], None]
    ) -> None:
        """``source`` is a bundled name or a file.

        ``tell`` learns what came of every change. Raises ScenarioError.
        """
        self._context, self._tell = context, tell
        self._path, self._name = scenario_file(source)
        self._results: set[Path] = set()
        self._read: Scenario = context.engine.scenario
        self._seen: object = None
        self._was_locked = False

    def folders(self) -> set[Path]:
        """Return the folders whose changes matter, those behind symbolic links too."""
        return {
            Path(file).parent
            for path in (self._path, *self._results)
            for file in (path.absolute(), os.path.realpath(path))  # a loop of links leads nowhere
        }

    def look(self, touched: PatternTable = frozenset()) -> None:
        """Read the files if something was done to them.

        ``touched`` are names of files that are known to be written. One that another program has to
        itself for a moment, as on Windows, is looked at again, before it is said to be unreadable.
        """
        ours = {path.name for path in (self._path, *self._results)}
        with self._context.loading:
            now = [_stamp(path) for path in sorted((self._path, *self._results))]
            if now == self._seen and not touched & ours:
                return
            locked, was_locked = self._is_locked(), self._was_locked
            self._was_locked = locked
            if locked and not was_locked:
                return
            self._seen = None if locked else now
            outcome = self._load()
        if outcome is not None:
            self._tell(outcome)

    def _load(self) -> Reloaded | Broken | None:
        """Swap the scenario; None where nothing is new."""
        named: set[Path] = set()
        try:
            scenario = read_scenario(self._path, name=self._name, named=named, is_file=True)
        except ScenarioError as error:
            self._results |= named
            return self._refuse(tuple(masked_problems(self._text(), error.problems, os.environ)))
        self._results, before, self._read = named, self._read, scenario
        if not self._context.problems and (scenario.text, scenario.files) == (
            before.text,
            before.files,
        ):
            return None
        self._context.problems = ()
        self._context.engine.first_scenario = scenario
        return Reloaded(self._name, *self._context.driver.load(scenario))

    def _refuse(self, problems: tuple[Problem, ...]) -> Broken | None:
        kept = _first(problems)
        if kept == self._context.problems:
            return None
        self._context.tell_problems(kept)
        return Broken(self._name, problems)

    def _is_locked(self) -> bool:
        try:
            for path in filter(Path.is_file, (self._path, *self._results)):
                read_file(path, 0)
        except PermissionError:
            return True
        except (OSError, ValueError):  # reading says what is wrong with it
            return False
        return False

    def _text(self) -> str:
        try:
            return (read_file(self._path, MAX_BYTES) or b"").decode("utf-8", "replace")
        except OSError:
            return ""


@contextmanager
def watching(reload: Reload, changes: ChangeLog | None = None) -> Iterator[None]:
    """Have a file looked after by a thread of its own.

    ``changes`` yields the names of files that were touched, as ``changes_below`` does. At the end
    the thread is not waited for if it is reading a file that takes long.
    """
    done = Event()

    def look_after() -> None:
        for touched in (changes or changes_below)(reload.folders, done):
            if done.is_set():
                return
            reload.look(touched)

    thread = Thread(target=look_after, name="mock-p1:watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(LAST_SECONDS)


def changes_below(folders: Callable[[], set[Path]], done: Event) -> Iterator[PatternTable]:
    """Yield the names of the files that were touched in some folders.

    Nothing but a look at the time every second.

    Folders, not files: most editors write a new file and put it in the place of the old one.
    """
    from watchfiles import watch  # noqa: PLC0415 -- takes 0.1 s; only --watch needs it

    yield frozenset()  # what happened before this began
    while not done.is_set():
        watched = _standing(folders())
        try:
            for changes in watch(
                *watched, stop_event=done, rust_timeout=int(PATIENCE * 1000), yield_on_timeout=True,
                debounce=500, recursive=False, watch_filter=None, raise_interrupt=False,
            ):  # fmt: skip
                yield {path.replace("\\", "/").rpartition("/")[2] for _, path in changes}
                if _standing(folders()) != watched:
                    break
        except (
            OSError,
            RuntimeError,
        ):  # a folder has just gone, or the system watches no more for us
            done.wait(PATIENCE)
            yield frozenset()


def _first(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """Return the problems that are shown to everybody who listens: not thousands of them."""
    if len(problems) <= MOST_SHOWN:
        return problems
    file, more = problems[0].file, len(problems) - MOST_SHOWN
    return (
        *problems[:MOST_SHOWN],
        Problem(file, 0, 0, f"{plural(more, 'more problem')}; mock-p1 check lists them all"),
    )


def _standing(folders: set[Path]) -> dict[Path, int]:
    """Return the folders that are there, each with what tells it from one of the same name."""
    stamps = {folder: _stamp(folder) for folder in folders}
    return {folder: stamp[0] for folder, stamp in stamps.items() if stamp}


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """Return what changes when a file does; None if there is none."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
