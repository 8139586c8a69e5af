"""The ways in, each opened on the same scenario."""

from helpers.transport_fixtures import *  # noqa: F403 -- fixtures, found by their names
