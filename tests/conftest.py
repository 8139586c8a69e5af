"""What all tests share."""

import gc
import os
from pathlib import Path

import pytest
from hypothesis import settings

pytest_plugins = ["pytester"]

# no deadline: the machine may be busy, and no test here is about time
settings.register_profile("mock_p1", deadline=None)
settings.register_profile("thorough", deadline=None, max_examples=3000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "mock_p1"))

# containers set it; without it the hundred processes that tests start do not compile all anew
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

MOST_WORKERS = 8
"""More would take longer to start than they save."""


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config):
    """Run folders in parallel by default; a file or a test that is named runs in this process.

    Not with ``-n 0``, ``--pdb``, or without pytest-xdist.
    """
    options = config.option
    is_worker = hasattr(config, "workerinput")
    if is_worker or getattr(options, "numprocesses", 0) is not None:
        return
    if options.usepdb or options.collectonly:
        return
    if all(Path(argument).is_dir() for argument in config.args):
        options.numprocesses = "auto"
        options.maxprocesses = options.maxprocesses or MOST_WORKERS


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Put the canaries first: where a library has moved, they say so before anything else fails."""
    items.sort(key=lambda item: item.path.name != "test_private_names.py")


def pytest_configure():
    """Let the garbage collector rest while thousands of tests are collected: they all stay."""
    gc.disable()


def pytest_collection_finish():
    """Let it work again. No `gc.freeze`: what is frozen is not found by `gc.get_referrers`."""
    gc.enable()
