"""What all tests share."""

import asyncio
import faulthandler
import gc
import os
import ssl
import sys
import time
from functools import cache, partialmethod
from inspect import signature
from pathlib import Path

import certifi
import pytest
from click.testing import CliRunner, Result
from helpers.proactor_like import ProactorLikePolicy
from hypothesis import settings
from werkzeug.routing import Rule

from mock_p1.oneclock import patches

pytest_plugins = ["pytester"]

# no deadline: the machine may be busy, and no test here is about time
settings.register_profile("mock_p1", deadline=None, max_examples=20)
settings.register_profile("ci", deadline=None, max_examples=100)
settings.register_profile("thorough", deadline=None, max_examples=3000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "mock_p1"))

# containers set it; without it the hundred processes that tests start do not compile all anew
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

compile_builder = getattr(Rule, "_compile_builder", None)
BUILDERS: dict[tuple, object] = {}


def kept_builder(rule, append_unknown=True):  # noqa: FBT002 -- Werkzeug's
    """Return what builds the URLs of a rule, made once for all apps.

    Every test of the control API has an app of its own, and Werkzeug would compile some eighty
    functions for each: half of the work of these tests.
    """
    key = (rule.rule, rule.subdomain, rule.host, str(rule.defaults), append_unknown)
    if key not in BUILDERS:
        BUILDERS[key] = compile_builder(rule, append_unknown)
    return BUILDERS[key]


if compile_builder is not None:  # a private name: without it the tests are only slower
    Rule._compile_builder = kept_builder  # noqa: SLF001 -- there is no public way

make_context = ssl.create_default_context


@cache
def kept_context():
    """Return what httpx makes for each client: it reads 150 certificates, which no test changes."""
    return make_context(cafile=certifi.where())


def create_default_context(*args, **options):
    """Make a context, but that of httpx only once."""
    if not args and options == {"cafile": certifi.where()}:
        return kept_context()
    return make_context(*args, **options)


ssl.create_default_context = create_default_context

if "mix_stderr" in signature(CliRunner).parameters:  # click before 8.2
    CliRunner.__init__ = partialmethod(CliRunner.__init__, mix_stderr=False)
    Result.output = property(lambda result: result.stdout + result.stderr)

LONGEST_SECONDS = 900
"""No test takes as long, however busy the machine is."""

HEEDED = {
    *(
        "CI",
        "BUILD_NUMBER",
        "PYTEST_ADDOPTS",
        "PYTEST_PLUGINS",
        "PYTEST_THEME",
        "PYTEST_THEME_MODE",
    ),
    *("FORCE_COLOR", "NO_COLOR", "PY_COLORS", "CLICOLOR_FORCE", "COLUMNS", "LINES"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"),
    *("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"),
}
"""Variables that change what libraries and we say or do; no test is about the machine's own."""

FOR_THE_SUITE = {"MOCK_P1_AXE", "MOCK_P1_CHROMIUM", "MOCK_P1_SCREENSHOTS"}

STDERR = pytest.StashKey[int]()
NEXT_ALARM = pytest.StashKey[float]()

MOST_WORKERS = 8
"""More would take longer to start than they save."""


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config):
    """Run folders in parallel by default; a file or a test that is named runs in this process.

    One process more than there are cores, since some tests wait.
    Not with ``-n 0``, ``--pdb``, or without pytest-xdist.
    """
    options = config.option
    is_worker = hasattr(config, "workerinput")
    if is_worker or getattr(options, "numprocesses", 0) is not None:
        return
    if options.usepdb or options.collectonly:
        return
    if all(Path(argument).is_dir() for argument in config.args):
        if options.dist == "no":
            options.dist = "worksteal"  # a file stays together: what its tests share is made once
        has_affinity = hasattr(os, "sched_getaffinity")  # Linux: a container may have less than all
        cores = len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1
        options.numprocesses = min(cores + 1, options.maxprocesses or MOST_WORKERS)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    """Let each process begin with other folders.

    The first run after a clone rewrites and compiles each test file; each process finds there what
    the others have made, instead of all of them making the same at the same time.
    """
    report = yield
    worker = getattr(collector.config, "workerinput", None)
    is_folder = isinstance(
        collector, getattr(pytest, "Dir", pytest.Package)
    )  # Dir: from pytest 8 on
    if worker is not None and is_folder and report.passed:
        number = int(worker["workerid"].removeprefix("gw"))
        first = len(report.result) * number // worker["workercount"]
        report.result = [*report.result[first:], *report.result[:first]]
    return report


class InOneOrder:
    """A plugin, since a file has only one hook of a name."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items):
        """Put the files in the same order again in every process, before they are shuffled."""
        items.sort(key=lambda item: str(item.path))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Put the canaries first: where a library has moved, they say so before anything else fails."""
    items.sort(key=lambda item: item.path.name != "test_private_names.py")


def pytest_configure(config):
    """Let the garbage collector rest while thousands of tests are collected: they all stay."""
    gc.disable()
    config.pluginmanager.register(InOneOrder())
    config.stash[STDERR] = os.dup(2)  # which no test captures


def pytest_runtest_setup(item):
    """Pass over what only POSIX can do, on Windows and where `nox -s portability` acts it out."""
    if item.get_closest_marker("posix") and not hasattr(os, "fork"):
        pytest.skip("needs POSIX")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    """End a run in which a test hangs, and show where it hangs.

    Each time that this is set starts a thread, so it is set anew once a minute.
    """
    stash = item.config.stash
    now = time.monotonic()
    if os.environ.get("HYPOTHESIS_PROFILE") != "thorough" and now >= stash.get(NEXT_ALARM, 0):
        faulthandler.dump_traceback_later(LONGEST_SECONDS, exit=True, file=stash[STDERR])
        stash[NEXT_ALARM] = now + 60
    return (yield)


def pytest_collection_finish():
    """Let the garbage collector pass over what was collected.

    Each of its rounds, and each search for what holds `time.sleep`, reads all objects; the tests
    and what they import are most of them.
    """
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def plain_environment():
    """Take away what a machine may say of colors, widths, languages, proxies, certificates and CI.

    pytest, click, requests and others heed it, here and in the processes that tests start.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            ours = name.startswith("MOCK_P1_") and name not in FOR_THE_SUITE
            if ours or name.upper() in HEEDED:
                patch.delenv(name)
        yield


@pytest.fixture
def windows_loop(monkeypatch):
    """Event loops are as on Windows, the server's too."""
    before = asyncio.get_event_loop_policy()
    monkeypatch.setattr("mock_p1.server.server._loop_factory", lambda: None)
    asyncio.set_event_loop_policy(ProactorLikePolicy())
    yield
    asyncio.set_event_loop_policy(before)
    gc.collect()  # what was not closed says so


@pytest.fixture
def every_object():
    """Let what was imported or collected be found again, for what is held outside of modules."""
    gc.unfreeze()
    patches._counts.clear()  # noqa: SLF001 -- else it believes that there is nothing to be found
    yield
    gc.freeze()
