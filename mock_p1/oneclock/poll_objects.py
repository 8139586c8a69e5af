"""Stand-ins for ``select.poll`` and its kin, whose waits with a limit are by the shared clock.

Each makes one of C's where it is not the client that asks.
"""

from __future__ import annotations

import select
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

from mock_p1.oneclock.patches import is_span, wait_for_files
from mock_p1.oneclock.shared import asking, is_for_the_client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class _Watch:
    """Does as C's does, which it holds, but for its waits."""

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
