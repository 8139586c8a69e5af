"""What `serve` sets for its whole process."""

import sys
from types import SimpleNamespace

import pytest

from mock_p1.cli.process import allow_many_connections

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
