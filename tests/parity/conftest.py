"""The doors, open for many stories. How to knock at them stands beside this folder."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "doors"))


@pytest.fixture(scope="module")
def doors():
    """All doors, open for all stories."""
    from playing import open_doors  # noqa: PLC0415 -- found only once the line above was run

    with open_doors() as opened:
        yield opened
