"""The transports, open for many stories. How to knock at them stands beside this folder."""

import pytest


@pytest.fixture(scope="module")
def transports():
    """All transports, open for all stories."""
    from helpers.story_player import open_transports

    with open_transports() as opened:
        yield opened
