"""A client as users write it, pytest runs of a user's own project, and a mock under one clock."""

import pytest
from helpers.plugin_project import *  # noqa: F403 -- fixtures, found by their names

from mock_p1 import mocked


@pytest.fixture
def mock():
    """Two hours of training, under one clock."""
    with mocked("slow-training", instant_sleep=True) as mock:
        yield mock
