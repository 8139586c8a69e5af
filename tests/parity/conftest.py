"""All transports, started once for many stories."""

from functools import partial

import pytest
from helpers.redis_server import redis_server
from helpers.story_player import SharedStage, open_transports


@pytest.fixture(scope="module")
def transports():
    """All transports, started once for all stories of a file."""
    with open_transports() as opened:
        yield opened


@pytest.fixture(scope="module")
def shared_transports():
    """All transports to mocks whose state is in a store, which other processes could share."""
    with redis_server() as store, open_transports(partial(SharedStage, store.url)) as opened:
        yield opened
