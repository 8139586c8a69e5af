"""The doors, open for many stories. How to knock at them stands beside this folder."""

import pytest


@pytest.fixture(scope="module")
def doors():
    """All doors, open for all stories."""
    from helpers.story_player import open_doors

    with open_doors() as opened:
        yield opened
