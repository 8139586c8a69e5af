"""Signals that a test sends to its own process: one that nobody handles ends no run of tests."""

import signal
from contextlib import contextmanager


@contextmanager
def ignored(monkeypatch, name):
    """Give the number of a signal, ignored until somebody handles it.

    Where this system has none of the name, another one acts its part.
    """
    number = getattr(signal, name, None) or signal.SIGUSR1
    monkeypatch.setattr(signal, name, number, raising=False)
    before = signal.signal(number, signal.SIG_IGN)
    try:
        yield number
    finally:
        signal.signal(number, before)
