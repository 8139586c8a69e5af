"""The one owner of what is exchanged in other libraries, and in Python, while a mock is active."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

_MISSING: Final = object()


class Patch(NamedTuple):
    """An attribute of a class or module, and what makes its stand-in from what is there."""

    owner: Any
    name: str
    make: Callable[[Any], Any]


def instead(stand_in: object) -> Callable[[Any], object]:
    """Return what makes a stand-in that knows by itself what it stands for: always the same."""
    return lambda _: stand_in


class Patches:
    """Exchanges attributes together, and puts them back."""

    def __init__(self) -> None:
        self._done: list[tuple[Patch, object, object]] = []
        self._made: dict[tuple[object, str], tuple[object, object]] = {}

    def install(self, *patches: Patch) -> None:
        """Exchange attributes."""
        for patch in patches:
            before = vars(patch.owner).get(patch.name, _MISSING)
            stand_in = self._stand_in(patch)
            setattr(patch.owner, patch.name, stand_in)
            self._done.append((patch, before, stand_in))

    def _stand_in(self, patch: Patch) -> object:
        """Return the stand-in for what is there; the one of last time, if that was there then."""
        own = getattr(patch.owner, patch.name)
        before, stand_in = self._made.get((patch.owner, patch.name), (_MISSING, _MISSING))
        if before is not own:
            stand_in = patch.make(own)
            self._made[patch.owner, patch.name] = own, stand_in
        return stand_in

    def remove(self) -> None:
        """Put back what is still ours; a stand-in that somebody else has wrapped lets all pass."""
        while self._done:
            patch, before, stand_in = self._done.pop()
            if vars(patch.owner).get(patch.name) is not stand_in:
                continue
            if before is _MISSING:
                delattr(patch.owner, patch.name)
            else:
                setattr(patch.owner, patch.name, before)
