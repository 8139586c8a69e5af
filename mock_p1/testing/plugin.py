"""The pytest plugin: two fixtures, a marker, and what a failing test's report says of the mock.

pytest imports this in every run of every project where we are installed, so it imports nothing but
pytest; the mock is imported when a fixture is used.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from mock_p1.testing import run_state
from mock_p1.testing.run_state import Run, parametrizes_trouble

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from mock_p1.analysis.fault_matrix import InjectedFault
    from mock_p1.testing.handle import Handle
    from mock_p1.testing.plugin_fixtures import MockFactory

RUN: Final = pytest.StashKey[Run]()
TITLE: Final = "Mock P1"
WIDER: Final = (
    "mock_p1 and mock_p1_server live for one test. A fixture of a wider scope asks for "
    'mock_p1_for, and returns mock_p1_for("demo"), or mock_p1_for("demo", served=True)'
)
NO_MOCK: Final = (
    "{0} is parametrized without indirect=True, so that the test got {1!r} for a mock: write "
    '@pytest.mark.parametrize("{0}", […], indirect=True), or for one scenario '
    '@pytest.mark.mock_p1("stuck")'
)
_HIDDEN: Final = tuple(
    f"mock_p1.{name}"
    for name in (
        *("testing.", "transports.", "oneclock.", "scenario."),
        *("engine.driver", "base.durations"),
    )
)
"""Modules whose frames are of no interest to who reads a failing test; --full-trace shows them."""
_SHOWN: Final = {__name__, "mock_p1.testing.plugin_fixtures"}
"""What calls ``pytest.fail`` without a traceback: where all is hidden, pytest says so."""

MARKER = (
    "mock_p1(scenario, *, base_url=None, seed=None, check=True, instant_sleep=False, "
    "start_date=None, speed=1, load=None): "
    "what the fixtures mock_p1 and mock_p1_server imitate for this test: a bundled name, a file "
    "or a Scenario. base_url: what mock_p1 takes over instead of the documented hosts. "
    "instant_sleep=True: the client's sleeps return at once and move the mock's time; or the "
    "longest that it may sleep: '60d', seconds or a timedelta. "
    "start_date: the date that the mock's clock begins at. "
    "speed: how fast the clock of mock_p1_server runs. "
    "load: a file that handle.save has written, to go on from. "
    "check=False: requests that the mock does not imitate do not fail the test. "
    "Of each argument the closest marker wins."
)


TROUBLE_MARKER = (
    'mock_p1_trouble(errors="all", faults=(), phases="all", on="retrain_status_check"): '
    "run the test once for each documented error and network fault of each operation, at each "
    "moment: first, running, last, after; of other operations than the status check first, done "
    "(the act counts, its answer is lost), after. A fault strikes once. A documented error stays: "
    "from its moment on every call meets it, whatever the client does; fail_next(error) passes."
)


VERDICTS: Final = ("warn", "fail", "ignore")
"""What to do about a test that has not met what it was written for."""

CONTRACT_TESTS: Final = "mock_p1.contract_tests"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options and the ini settings."""
    group = parser.getgroup("mock-p1", "Mock P1, the double of the Prediction One retrain API")
    group.addoption(
        "--mock-p1-scenario",
        metavar="SCENARIO",
        help="scenario of tests whose mock_p1 marker names none: a bundled name or a file; "
        "goes before the ini file's",
    )
    group.addoption(
        "--mock-p1-coverage",
        action="store_true",
        help="report which statuses, transitions and documented errors "
        "the tests made the mock show",
    )
    group.addoption(
        "--mock-p1-coverage-fail-under",
        metavar="PERCENT",
        type=float,
        help="fail the run if they made it show less; implies --mock-p1-coverage",
    )
    parser.addini(
        "mock_p1_scenario", "scenario of tests whose mock_p1 marker names none (default: demo)"
    )
    parser.addini(
        "mock_p1_no_request",
        "what to do about a test in which no request reached the mock, or none met what its "
        f"fail_next queued: {', '.join(VERDICTS)}",
        default="warn",
    )
    parser.addini(
        "mock_p1_instant_sleep",
        "instant_sleep of tests whose mock_p1 marker does not say: true, or the longest, as 60d",
    )
    parser.addini(
        "mock_p1_start_date",
        "the date that the mock's clock begins at, as 2026-02-28T23:59:00Z (default: now)",
    )
    parser.addini(
        "mock_p1_scenario_dir", "folder where scenarios are looked for first, relative to rootdir"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, args: list[str]) -> None:
    """Put the contract tests' folder in the place of their name.

    So pytest knows their options: of a package that --pyargs names it reads a conftest.py too late.
    """
    if CONTRACT_TESTS not in args:
        return
    package = Path(__file__).parents[1]
    folders = (package / "contract_tests", package.parent / "contract_tests")  # wheel, checkout
    folder = next((str(each) for each in folders if (each / "conftest.py").is_file()), None)
    if folder is None:
        raise pytest.UsageError(f"{CONTRACT_TESTS} is not installed; in a checkout it is a folder")
    args[:] = [folder if each == CONTRACT_TESTS else each for each in args]
    early_config.known_args_namespace.file_or_dir = [
        folder if each == CONTRACT_TESTS else each
        for each in early_config.known_args_namespace.file_or_dir
    ]


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers, and count what is shown if the run asks for it."""
    config.addinivalue_line("markers", MARKER)
    config.addinivalue_line("markers", TROUBLE_MARKER)
    if (verdict := config.getini("mock_p1_no_request")) not in VERDICTS:
        from mock_p1.base.text import unknown  # noqa: PLC0415 -- only a mistake pays for it

        what = unknown("verdict", verdict, VERDICTS)
        raise pytest.UsageError(f"ini option mock_p1_no_request: {what}")
    percent = config.getoption("mock_p1_coverage_fail_under")
    if percent is not None and not 0 <= percent <= 100:  # noqa: PLR2004 -- what percent means
        what = f"{percent:g} is no percentage from 0 to 100"
        raise pytest.UsageError(f"--mock-p1-coverage-fail-under: {what}")
    if config.getoption("mock_p1_coverage") or percent is not None:
        from mock_p1.testing.plugin_coverage import CoveragePlugin  # noqa: PLC0415 -- only runs that count pay for it

        config.pluginmanager.register(CoveragePlugin(config), "mock_p1_coverage")
    if config.getoption("xmlpath", None):
        from mock_p1.testing.plugin_junit import JUnitPlugin  # noqa: PLC0415 -- likewise

        config.pluginmanager.register(JUnitPlugin(config), "mock_p1_junit")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one test of each trouble and moment that its marker names."""
    if marker := metafunc.definition.get_closest_marker("mock_p1_trouble"):
        from mock_p1.testing.plugin_fault_matrix import expand  # noqa: PLC0415 -- only tests that use it pay for it

        expand(metafunc, marker)


@pytest.fixture
def mock_p1() -> Iterator[Handle]:
    """The Prediction One retrain API, caught in-process.

    What the client asks with `requests`, urllib3 or httpx is answered.

    Time is virtual: it stands still until the test moves it (mock_p1.advance("90s")). The scenario
    is the one of the marker @pytest.mark.mock_p1("slow-training"), of --mock-p1-scenario, of the
    ini option mock_p1_scenario, or demo.
    """
    from mock_p1.testing.plugin_fixtures import run  # noqa: PLC0415 -- only tests that use it pay for it

    yield from run(_run_of(run_state.setting_up[-1].node), served=False)


@pytest.fixture
def mock_p1_server() -> Iterator[Handle]:
    """The Prediction One retrain API, from a live server, for any HTTP client.

    Time is real, or @pytest.mark.mock_p1(speed=60) times as fast, and can be moved on
    (mock_p1_server.advance("90s")). The scenario is found as for the fixture mock_p1.
    """
    from mock_p1.testing.plugin_fixtures import run  # noqa: PLC0415 -- only tests that use it pay for it

    yield from run(_run_of(run_state.setting_up[-1].node), served=True)


@pytest.fixture(scope="session")
def mock_p1_for() -> MockFactory:
    """Starts mocks: several in one test, or one in a fixture of any scope.

    mock_p1_for("stuck") is a handle as mock_p1 is, mock_p1_for("stuck", served=True) one as
    mock_p1_server is. The mock ends with the test or the fixture that has called it; each test
    that uses it is judged, and reported, by itself at its end. Assertions are about all calls
    since the mock began, or its reset().
    """
    from mock_p1.testing.plugin_fixtures import MockFactory  # noqa: PLC0415 -- only tests that use it pay for it

    return MockFactory()


@pytest.fixture
def mock_p1_trouble(request: pytest.FixtureRequest) -> InjectedFault | None:
    """The trouble of this run of a test marked mock_p1_trouble.

    Its name, and the phase in which it strikes.
    """
    trouble: InjectedFault | None = getattr(request, "param", None)
    return trouble


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(request: pytest.FixtureRequest) -> Generator[None, object, object]:
    """Know which fixture is being set up: a mock that it starts ends with it."""
    run_state.setting_up.append(request)
    try:
        return (yield)
    finally:
        run_state.setting_up.pop()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail a test whose marker is mistaken, and begin the time that a client may sleep in it."""
    item.stash[RUN] = run_state.begin(item)
    callspec = getattr(item, "callspec", None)
    if callspec and "mock_p1_trouble" in callspec.params:
        trouble = callspec.params["mock_p1_trouble"]
        if parametrizes_trouble(item):
            trouble = "mock_p1_trouble is parametrized by its marker, @pytest.mark.mock_p1_trouble"
        if isinstance(trouble, str):
            pytest.fail(trouble, pytrace=False)
    used = {"mock_p1", "mock_p1_server", "mock_p1_for"} & {*getattr(item, "fixturenames", ())}
    if used == {"mock_p1_for"} and any(mark.name == "mock_p1" for mark in item.own_markers):
        what = "is for the fixtures mock_p1 and mock_p1_server; mock_p1_for takes its own arguments"
        pytest.fail(f"the marker mock_p1 {what}", pytrace=False)
    if shared := sys.modules.get("mock_p1.oneclock.shared"):
        shared.begin_test()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Warn of a marker on a test that has not used a fixture: nothing was mocked.

    A test that is expected to fail is judged here, since its end is too late for that.
    """
    __tracebackhide__ = True
    yield
    this = _run_of(item)
    used = {each.fixture for each in this.judged}
    if used and item.get_closest_marker("xfail"):
        from mock_p1.testing.plugin_fixtures import judge_early  # noqa: PLC0415 -- loaded already

        judge_early(this)
    if not used & {"mock_p1", "mock_p1_server"} and any(
        mark.name == "mock_p1" for mark in item.own_markers
    ):
        item.warn(
            pytest.PytestWarning(
                f"{item.name} is marked mock_p1, "
                "but uses neither fixture mock_p1 nor mock_p1_server: nothing is mocked"
            )
        )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Judge what the mocks of a test were asked, unless it has failed already.

    A client of a mock that lives on may have been stopped too, in a thread.
    """
    yield
    this = item.stash.get(RUN, None)
    shared = sys.modules.get("mock_p1.oneclock.shared")
    if shared and not (this and this.raised) and (stopped := shared.stopped_elsewhere()):
        pytest.fail(stopped, pytrace=False)
    if this is not None and this.judged and not this.raised:
        from mock_p1.testing.plugin_fixtures import judge  # noqa: PLC0415 -- loaded already

        judge(this)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show in a failing test's report what each mock was asked, and what its jobs waited for."""
    error = "" if call.excinfo is None else call.excinfo.exconly()
    if call.excinfo is not None:
        for name in [name for name in sys.modules if name.startswith(_HIDDEN)]:
            if name not in _SHOWN:
                vars(sys.modules[name])["__tracebackhide__"] = True
    report = yield
    this = item.stash.get(RUN, None)
    if this is not None:
        this.raised = this.raised or call.excinfo is not None
        if report.failed and not this.reported:
            texts = [_unsaid(handle.report(), error) for handle in this.reported_handles()]
            this.reported = bool(texts)
            texts += _hints(this, error)
            report.sections += [(TITLE, text) for text in dict.fromkeys(texts)]
        if call.when == "teardown":
            run_state.end(this)
            del item.stash[RUN]  # items live as long as the session; what a test mocked need not
    return report


def _hints(this: Run, error: str) -> Iterator[str]:
    """Yield what a user should know beside what a mock was asked."""
    params = getattr(getattr(this.item, "callspec", None), "params", {})
    if "ScopeMismatch" in error and "scoped fixture mock_p1" in error:
        yield WIDER
    if "object has no attribute" in error and not this.judged:
        for name in params.keys() & {"mock_p1", "mock_p1_server"}:
            yield NO_MOCK.format(name, params[name])
    if this.judged and (trouble := params.get("mock_p1_trouble")) and trouble.is_error:
        yield trouble.that_it_stays


def _unsaid(text: str, error: str) -> str:
    """Leave out the table of calls, or a note below it, where the error's message has shown it."""
    shown = {line.strip(" >") for line in error.splitlines()}
    text = "\n".join(
        line
        for line in text.splitlines()
        if line[:1] != "#" or line.partition(": ")[2] not in shown
    )
    return "\n\n".join(
        block
        for block in text.split("\n\n")
        if not {line.strip() for line in block.splitlines()} <= shown
    )


def _run_of(item: pytest.Item) -> Run:
    """Return what is kept of a test; a plugin that runs tests in its own way may not set it up."""
    if RUN not in item.stash:
        item.stash[RUN] = run_state.begin(item)
    return item.stash[RUN]
