"""A clock that shows real time, also while a mock and its client share another."""

from mock_p1.oneclock import originals


def real_seconds():
    """Return seconds of Python's own clock for durations."""
    return originals.perf_counter()


def real_sleep(seconds):
    """Sleep for real, however the clocks are moved."""
    originals.sleep(seconds)
