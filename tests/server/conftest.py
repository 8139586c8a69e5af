"""The three transports, all of them to a mock that plays the same scenario."""

import sys
from pathlib import Path

from helpers.transport_fixtures import *  # noqa: F403 -- fixtures, found by their names

sys.path.insert(0, str(Path(__file__).parents[2]))  # where the benchmarks are, not installed
