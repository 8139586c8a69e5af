"""docs/scale.md is true: options, limits, and what is kept in the store."""

import re
from pathlib import Path

from mock_p1.cli.serve import serve
from mock_p1.server import redis_store, shared_state, store_url

PAGE = (Path(__file__).parents[2] / "docs" / "scale.md").read_text(encoding="utf-8")
OTHERS = {"--preload"}
"""Options of other programs."""


def test_every_option_exists():
    """Of the server."""
    known = {name for option in serve.params for name in option.opts}
    assert set(re.findall(r"`(--[a-z-]+)", PAGE)) - OTHERS <= known


def test_every_scheme_is_named():
    """That is taken."""
    assert set(re.findall(r"`(\w+)://`", PAGE)) == set(store_url.SCHEMES)


def test_every_option_of_a_url_is_named():
    """That is taken."""
    line = next(line for line in PAGE.split("\n- ") if "Its options" in line)
    named = set(re.findall(r"`(\w+)`", line.partition("Its options")[2]))
    assert named == {*store_url.OPTIONS, *store_url.OF_TLS}


def test_its_figures_are_those_of_the_code():
    """How soon others notice, when a snapshot is kept, how long the store may take."""
    assert f"within {shared_state.IDLE_SECONDS * 1000:.0f} ms" in PAGE
    assert f"every\n{shared_state.SNAPSHOT_ACTS:,} acts" in PAGE
    assert redis_store.TIMEOUT_SECONDS == 1
    assert "503 a second after the request came" in PAGE


def test_what_the_journal_notes_stands_there():
    """Of an act whose answer was lost."""
    assert f"*{shared_state.COUNTED.partition(':')[0]}*" in PAGE
