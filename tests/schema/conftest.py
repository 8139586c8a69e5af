"""Whole scenarios are invented beside this folder."""

import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path += [str(TESTS / "parity"), str(TESTS / "doors")]
