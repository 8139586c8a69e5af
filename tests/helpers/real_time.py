"""A clock that shows real time, also while a mock and its client share another."""

from importlib.metadata import version

from mock_p1.oneclock.originals import real


def real_seconds():
    """Return seconds of Python's own clock for durations."""
    return real.perf_counter()


def real_sleep(seconds):
    """Sleep for real, however the clocks are moved."""
    real.sleep(seconds)


def eventually(holds):
    """Wait until something holds that another thread does: 20 real seconds at most."""
    ends = real_seconds() + 20
    while not holds():
        assert real_seconds() < ends
        real_sleep(0.001)
    return True


def moves_monotonic():
    """Tell whether time-machine moves ``monotonic`` itself, for all threads, or even for good."""
    return int(version("time-machine").partition(".")[0]) < 3
