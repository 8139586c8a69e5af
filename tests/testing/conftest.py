"""A client as users write it, and pytest runs of a user's own project."""

from helpers.handle_calls import *  # noqa: F403 -- fixtures, found by their names
from helpers.plugin_project import *  # noqa: F403 -- fixtures, found by their names
