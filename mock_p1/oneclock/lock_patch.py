"""Locks, queues and poll objects that the client's modules make while a clock is shared.

What waits for one with a limit waits by the clock. Those that were made before are C's.
"""

# ruff: noqa: SLF001 -- Python keeps its own lock and queue of this kind to itself

from __future__ import annotations

import queue
import select
import sys
import threading
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

from mock_p1.base.clock import SECOND
from mock_p1.oneclock.patches import is_span, names_of, wait_for_files
from mock_p1.oneclock.shared import asking, is_for_the_client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import ModuleType

_make_lock: Final = threading.Lock


class Lock:
    """Stands in for ``threading.Lock``."""

    def __new__(cls) -> Any:  # noqa: ANN401 -- C's own, for all but the client
        """Make one, or one of C's where it is not for the client."""
        return object.__new__(cls) if is_for_the_client() else _make_lock()

    def __init__(self) -> None:
        self._lock = _make_lock()
        self.release: Callable[[], None] = self._lock.release
        self.locked: Callable[[], bool] = self._lock.locked
        self.release_lock: Callable[[], None] = self.release
        self.locked_lock: Callable[[], bool] = self.locked

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:  # noqa: FBT001, FBT002 -- as C has it
        """Take the lock; where there is a limit, by the clock of who asks."""
        shared = asking() if blocking and 0 < timeout <= threading.TIMEOUT_MAX else None
        if shared is None:
            return self._lock.acquire(blocking, timeout)
        end = shared.now_ns() + round(timeout * SECOND)
        while not (taken := self._lock.acquire(blocking=False)) and shared.now_ns() < end:
            left = end - shared.now_ns()
            shared.sleep(left, lambda: not self._lock.locked(), everybody=True)
        return taken

    acquire_lock = acquire

    def _at_fork_reinit(self) -> None:
        self._lock._at_fork_reinit()  # type: ignore[attr-defined] # Python's own, likewise

    def __enter__(self) -> bool:
        return self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


class _OwnedLock(threading._RLock):  # type: ignore[misc] # Python's own, which is not typed
    def __init__(self) -> None:
        super().__init__()
        self._block = object.__new__(Lock)
        Lock.__init__(self._block)


_make_rlock: Final = threading.RLock


class RLock:
    """Stands in for ``threading.RLock``."""

    def __new__(cls) -> Any:  # noqa: ANN401 -- likewise
        """Make one, or one of C's where it is not for the client."""
        return _OwnedLock() if is_for_the_client() else _make_rlock()


class _SimpleQueue(queue._PySimpleQueue):  # type: ignore[misc,name-defined] # likewise
    """Stands in for ``queue.SimpleQueue``, as Python has it where C's is missing."""

    def __new__(cls, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 -- likewise
        """Make one, or one of C's where it is not for the client; a class of the client's is."""
        if cls is not _SimpleQueue or is_for_the_client():
            return object.__new__(cls)
        return _make_queue(*arguments, **options)


_make_queue: Final = queue.SimpleQueue


class _Watch:
    """Does as C's does, which it holds, but for its waits; is C's own for all but the client."""

    own: ClassVar[Any]
    """C's own, that makes one; None where the system has none."""

    def __new__(cls, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 -- as C's has them
        """Make one, or one of C's where it is not for the client."""
        own = cls.own(*arguments, **options)
        if not is_for_the_client():
            return own
        made = object.__new__(cls)
        made._own, made._files = own, set()
        return made

    _own: Any
    _files: set[int]

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 -- whatever C's has
        return getattr(self._own, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def register(self, file: Any, *events: int) -> None:  # noqa: ANN401 -- a number, or what has one
        """Watch a file."""
        self._own.register(file, *events)
        self._files.add(_number(file))

    def unregister(self, file: Any) -> None:  # noqa: ANN401 -- likewise
        """Watch it no more."""
        self._own.unregister(file)
        self._files.discard(_number(file))

    def _wait(self, seconds: Any, look: Callable[[Any], Any]) -> Any:  # noqa: ANN401 -- what C's takes and returns
        shared = asking() if seconds and is_span(seconds) else None
        if shared is None:
            return look(seconds)
        return wait_for_files(shared, float(seconds), look, self._files)


class Poll(_Watch):
    """Stands in for ``select.poll``, which counts milliseconds."""

    own: ClassVar[Any] = getattr(select, "poll", None)

    def poll(self, timeout: Any = None, /) -> Any:  # noqa: ANN401 -- as C's has it
        """Return what has stirred within a time by the clock of who asks."""
        if not is_span(timeout):
            return self._own.poll(timeout)
        return self._wait(timeout / 1000, lambda seconds: self._own.poll(seconds * 1000))


class Epoll(_Watch):
    """Stands in for ``select.epoll``."""

    own: ClassVar[Any] = getattr(select, "epoll", None)
    fromfd: Final[Any] = getattr(own, "fromfd", None)

    def poll(self, timeout: Any = None, maxevents: int = -1) -> Any:  # noqa: ANN401 -- as C's has it
        """Return what has stirred within a time by the clock of who asks."""
        return self._wait(timeout, lambda seconds: self._own.poll(seconds, maxevents))


class Kqueue(_Watch):
    """Stands in for ``select.kqueue``, which macOS has."""

    own: ClassVar[Any] = getattr(select, "kqueue", None)
    fromfd: Final[Any] = getattr(own, "fromfd", None)

    def control(self, changes: Iterable[Any] | None, most: int, timeout: Any = None, /) -> Any:  # noqa: ANN401 -- likewise
        """Change what is watched; return what has stirred within a time by the clock."""
        changes = [*(changes or ())]
        self._files.update(each.ident for each in changes)
        if changes:
            found = self._own.control(changes, most, 0)
            if found or not most:
                return found
        return self._wait(timeout, lambda seconds: self._own.control(None, most, seconds))


def _number(file: Any) -> int:  # noqa: ANN401 -- likewise
    return file if isinstance(file, int) else int(file.fileno())


_WATCHES: Final = (("poll", Poll), ("epoll", Epoll), ("kqueue", Kqueue))
_STAND_INS: Final[tuple[tuple[ModuleType, str, Any, Any], ...]] = (
    (threading, "Lock", _make_lock, Lock),
    (threading, "RLock", _make_rlock, RLock),
    (queue, "SimpleQueue", _make_queue, _SimpleQueue),
    *((select, name, kind.own, kind) for name, kind in _WATCHES if kind.own is not None),
)
_seen: Final[dict[str, int]] = {}
_places: Final[set[tuple[str, str]]] = set()
"""Where modules keep one of them: their names, and those in them."""


def install() -> None:
    """Let the client's modules make what waits by the clock."""
    _exchange({id(own): new for _, _, own, new in _STAND_INS})


def remove() -> None:
    """Put C's back everywhere."""
    _exchange({id(new): own for _, _, own, new in _STAND_INS})


def _exchange(by_id: dict[int, Any]) -> None:
    """Put one for another where Python's modules have it, and in all modules of others."""
    for module, name, *_ in _STAND_INS:
        own = getattr(module, name)
        setattr(module, name, by_id.get(id(own), own))
    _note_places()
    for name, key in _places:
        names = names_of(sys.modules.get(name))
        if id(names.get(key)) in by_id:
            names[key] = by_id[id(names[key])]


def _note_places() -> None:
    """Look at modules that were not there the last time."""
    ids = {id(each) for _, _, own, new in _STAND_INS for each in (own, new)}
    modules: dict[str, object] = dict(sys.modules)
    for name, module in modules.items():
        if _seen.get(name) != id(module):
            _seen[name] = id(module)
            if name.partition(".")[0] not in sys.stdlib_module_names | {"mock_p1"}:
                names = tuple(names_of(module).items())
                _places.update((name, key) for key, value in names if id(value) in ids)
