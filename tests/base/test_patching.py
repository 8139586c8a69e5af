"""What is exchanged in other libraries is put back, in whatever order, and beside others' hands."""

import sys
from importlib import import_module
from importlib.util import find_spec
from itertools import permutations

import pytest

from mock_p1.base.patching import Patch, Patches, WhenImported


class Library:
    """Something of somebody else."""

    def call(self):
        """Return who has a part in it."""
        return ["library"]


def made_by(name):
    """Return what makes a stand-in that says its name, and passes the call on."""
    return lambda own: lambda self: [name, *own(self)]


@pytest.fixture
def own(monkeypatch):
    """What is there; it is there again after the test."""
    own = Library.call
    monkeypatch.setattr(Library, "call", own)
    return own


@pytest.mark.parametrize("order", [*permutations("abc")])
def test_stand_ins_that_do_not_end_in_turn(own, order):
    """Those that are left go on, and in the end what was there is back."""
    patches = {name: Patches() for name in "abc"}
    for name, each in patches.items():
        each.install(Patch(Library, "call", made_by(name)))
    for name in order:
        patches.pop(name).remove()
        assert Library().call() == [*reversed(patches), "library"]
    assert Library.call is own


def test_what_somebody_else_has_put_between_stays(own):
    """As an agent does that watches threads, for good: it is lost with nobody's end."""
    below, above = Patches(), Patches()
    below.install(Patch(Library, "call", made_by("below")))
    theirs = Library.call = made_by("theirs")(Library.call)
    above.install(Patch(Library, "call", made_by("above")))
    below.remove()
    assert Library().call()[:2] == ["above", "theirs"]
    above.remove()
    assert Library.call is theirs


@pytest.fixture
def awaited(tmp_path, monkeypatch):
    """A module that is not imported yet, what waits for it, and how often it was patched."""
    (tmp_path / "slow_library.py").write_text("import sys; sys.while_imported()")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "while_imported", lambda: None, raising=False)
    patched = []
    waits = WhenImported("slow_library", lambda: patched.append(sys.modules["slow_library"]))
    yield waits, patched
    waits.remove()
    sys.modules.pop("slow_library", None)


def test_a_module_is_patched_when_it_is_imported(awaited):
    """Once, and nothing is left where modules are looked for. To look for it imports nothing."""
    waits, patched = awaited
    waits.install()
    assert find_spec("slow_library") is not None
    assert patched == []
    assert [import_module("slow_library")] == patched
    assert waits not in sys.meta_path


def test_a_module_whose_import_ends_too_late_is_left_alone(awaited, monkeypatch):
    """Nobody waits for it any more."""
    waits, patched = awaited
    monkeypatch.setattr(sys, "while_imported", waits.remove)
    waits.install()
    import_module("slow_library")
    assert patched == []
