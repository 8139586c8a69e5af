"""What `serve` sets for its whole process."""

import gc
import sys
from types import SimpleNamespace

import pytest

from mock_p1.cli import process
from mock_p1.cli.process import allow_many_connections, rare_garbage_collection

UNLIMITED = -1


@pytest.fixture
def system(monkeypatch):
    """Return what makes a system with a soft and a hard limit, and with what it really allows."""

    def make(soft, hard, allowed):
        limits = {"now": (soft, hard)}

        def setrlimit(_, wanted):
            if wanted[0] > allowed:
                raise ValueError("not allowed to raise maximum limit")
            limits["now"] = wanted

        module = SimpleNamespace(
            RLIM_INFINITY=UNLIMITED,
            RLIMIT_NOFILE=7,
            getrlimit=lambda _: limits["now"],
            setrlimit=setrlimit,
        )
        monkeypatch.setitem(sys.modules, "resource", module)
        return limits

    return make


@pytest.mark.parametrize(
    ("soft", "hard", "allowed", "expected"),
    [
        (1024, 4096, 4096, 4096),
        (1024, 10**6, 10**6, 65_536),
        (256, UNLIMITED, 10_240, 8192),  # macOS
        (256, UNLIMITED, 256, 256),
        (100_000, 200_000, 200_000, 100_000),
    ],
)
def test_the_limit_of_open_files_is_raised_as_far_as_it_may(system, soft, hard, allowed, expected):
    """To the hard limit or to what is enough; downwards from there where a system refuses."""
    limits = system(soft, hard, allowed)
    allow_many_connections()
    assert limits["now"] == (expected, hard)


def test_a_system_without_such_limits_is_left_alone(monkeypatch):
    """As Windows is."""
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setitem(sys.modules, "resource", None)
    allow_many_connections()


def test_a_large_scenario_that_comes_is_no_reason_to_search_everything(monkeypatch):
    """As many objects as would be one by Python's own measure; that comes back afterwards."""
    before = gc.get_threshold()
    monkeypatch.setattr(process, "YOUNG_OBJECTS", 100)
    searched = []
    with rare_garbage_collection():
        gc.collect()
        gc.callbacks.append(
            tell := lambda phase, about: searched.append((phase, about["generation"]))
        )
        try:
            kept = [[] for _ in range(2 * 100 * 10 * 10)]
        finally:
            gc.callbacks.remove(tell)
    assert len(kept) == 20_000
    assert ("stop", 2) not in searched
    assert searched
    assert gc.get_threshold() == before
