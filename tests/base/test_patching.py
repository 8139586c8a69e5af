"""What is exchanged in other libraries is put back, in whatever order, and beside others' hands."""

from itertools import permutations

import pytest

from mock_p1.base.patching import Patch, Patches


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
