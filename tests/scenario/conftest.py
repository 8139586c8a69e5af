"""A mock that tests call directly, without a transport."""

from helpers.engine_mock import *  # noqa: F403 -- fixtures, found by their names
