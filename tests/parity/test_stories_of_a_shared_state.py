"""Every transport tells every story alike, byte by byte, also where the state is in a store.

A file of its own: in-process, of two mocks at one address the one that came last answers.
"""

from functools import partial

import pytest
from helpers.redis_server import NEEDED, redis_server
from helpers.story_player import Flask, SharedStage, Stage, difference, open_transports, play
from helpers.story_strategies import stories
from hypothesis import Phase, given, note, settings


@pytest.fixture(scope="module")
def shared_transports():
    """All transports to mocks whose state is in a store, which other processes could share."""
    with redis_server() as store, open_transports(partial(SharedStage, store.url)) as opened:
        yield opened


@pytest.mark.slow
@NEEDED
@settings(
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    max_examples=max(10, settings().max_examples // 6),
)
@given(story=stories())
def test_a_story_is_the_same_where_the_state_is_shared(shared_transports, story):
    """Through every way in, as of a mock that has its state alone."""
    note(str(story))
    stage = Stage()
    alone = play(story, stage, Flask(stage), shared_transports.wire)
    shared = {f"shared {way}": seen for way, seen in shared_transports.play(story).items()}
    found = difference(story, {"flask": alone, **shared})
    assert found is None, found
