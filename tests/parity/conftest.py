"""All transports, started once for many stories."""

import pytest
from helpers.story_player import open_transports


@pytest.fixture(scope="module")
def transports():
    """All transports, started once for all stories of a file."""
    with open_transports() as opened:
        yield opened
