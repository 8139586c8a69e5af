"""A mock to ask without any transport."""

from helpers.engine_mock import *  # noqa: F403 -- fixtures, found by their names
