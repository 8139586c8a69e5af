"""``mock-p1`` with one of its tricks switched off: the arguments are its name, then mock-p1's."""

from __future__ import annotations

import sys

from benchmarks.tricks import SWITCHES
from mock_p1.cli import main

if __name__ == "__main__":
    _, name, *arguments = sys.argv
    with SWITCHES[name]():
        main(arguments)
