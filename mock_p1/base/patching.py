"""The one owner of what is exchanged in other libraries, and in Python, while a mock is active."""

from __future__ import annotations

import sys
from importlib.abc import Loader, MetaPathFinder
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

_MISSING: Final = object()


class Patch(NamedTuple):
    """An attribute of a class or module, and what makes its stand-in from what is there."""

    owner: Any
    name: str
    make: Callable[[Any], Any]


def instead(stand_in: object) -> Callable[[Any], object]:
    """Return what makes a stand-in that knows by itself what it stands for: always the same."""
    return lambda _: stand_in


class _Layer(NamedTuple):
    """A stand-in that is there, and what was there before; ``_MISSING`` where it was inherited."""

    patch: Patch
    before: object
    stand_in: object


_layers: Final[dict[tuple[object, str], list[_Layer]]] = {}
"""The stand-ins of each attribute, the one on top last."""


class Patches:
    """Exchanges attributes together, and puts them back."""

    def __init__(self) -> None:
        self._done: list[Patch] = []
        self._made: dict[tuple[object, str], tuple[object, object]] = {}

    def install(self, *patches: Patch) -> None:
        """Exchange attributes."""
        for patch in patches:
            _lay(patch, self._stand_in(patch))
            self._done.append(patch)

    def _stand_in(self, patch: Patch) -> object:
        """Return the stand-in for what is there; the one of last time, if that was there then."""
        own = getattr(patch.owner, patch.name)
        before, stand_in = self._made.get((patch.owner, patch.name), (_MISSING, _MISSING))
        if before is not own:
            stand_in = patch.make(own)
            self._made[patch.owner, patch.name] = own, stand_in
        return stand_in

    def remove(self) -> None:
        """Put back what is still ours; a stand-in that somebody else has wrapped lets all pass.

        Another of ours that stands right upon it is made anew upon what was there before.
        """
        while self._done:
            patch = self._done.pop()
            layers = _layers[patch.owner, patch.name]
            is_wrapped = vars(patch.owner).get(patch.name) is not layers[-1].stand_in
            above: list[_Layer] = []
            while (removed := layers.pop()).patch is not patch:
                is_wrapped |= removed.before is not layers[-1].stand_in
                above.insert(0, removed)
            if is_wrapped:
                layers += above
                continue
            if removed.before is _MISSING:
                delattr(patch.owner, patch.name)
            else:
                setattr(patch.owner, patch.name, removed.before)
            for layer in above:
                _lay(layer.patch, layer.patch.make(getattr(patch.owner, patch.name)))


def _lay(patch: Patch, stand_in: object) -> None:
    before = vars(patch.owner).get(patch.name, _MISSING)
    setattr(patch.owner, patch.name, stand_in)
    _layers.setdefault((patch.owner, patch.name), []).append(_Layer(patch, before, stand_in))


class WhenImported(MetaPathFinder, Loader):
    """Patches a module that takes long to import, now or when somebody else imports it."""

    def __init__(self, name: str, patch: Callable[[], None]) -> None:
        self._name, self._patch = name, patch

    def install(self) -> None:
        """Patch the module, now or as soon as it is imported."""
        if self._name in sys.modules:
            self._patch()
        else:
            sys.meta_path.insert(0, self)

    def remove(self) -> None:
        """Wait for the module no longer; what was patched is put back by who has done it."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find it as everybody else does, and load it by ourselves.

        Its own loader is left as it is, as it may load others too: out of a ZIP, it does.
        """
        if fullname != self._name:
            return None
        others = [each for each in sys.meta_path if each is not self and hasattr(each, "find_spec")]
        found = (each.find_spec(fullname, path, target) for each in others)
        spec = next(filter(None, found), None)
        if spec is not None and spec.loader is not None:
            self._loader, spec.loader = spec.loader, self
        return spec

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Let the own loader do it."""
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Load it, and patch it."""
        spec = module.__spec__
        if spec is not None:
            spec.loader = module.__loader__ = self._loader
        self._loader.exec_module(module)
        if self in sys.meta_path:  # it is waited for still
            self.remove()
            self._patch()
