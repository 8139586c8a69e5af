"""The three transports, all of them to a mock that plays the same scenario."""

from helpers.transport_fixtures import *  # noqa: F403 -- fixtures, found by their names
