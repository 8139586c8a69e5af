"""Which scenario a test gets: marker, command line, ini file; and where names are looked up."""

import pytest

from mock_p1 import CannotShare, mocked

SHOWS = "def test_it(mock_p1): print(mock_p1)"
MARKED = "import pytest\n@pytest.mark.mock_p1({name!r})\n" + SHOWS


def scenario(status):
    """A scenario of one job that only ever shows one status."""
    return f"jobs: {{retrain-001: {{timeline: [{{status: {status}}}]}}}}"


def test_ini_names_the_scenario(project):
    """The ini option mock_p1_scenario is for tests that name none."""
    result = project.run("-s", tests=SHOWS, mock_p1_scenario="stuck")
    result.stdout.fnmatch_lines(["*<Mock P1: stuck.yaml at *"])


def test_option_goes_before_ini(project):
    """--mock-p1-scenario goes before the ini option."""
    result = project.run(
        "-s", "--mock-p1-scenario", "all-errors", tests=SHOWS, mock_p1_scenario="stuck"
    )
    result.stdout.fnmatch_lines(["*<Mock P1: all-errors.yaml at *"])


def test_marker_goes_before_option(project):
    """A marker says what its test is about; the option only what the others get."""
    result = project.run(
        "-s", "--mock-p1-scenario", "all-errors", tests=MARKED.format(name="stuck")
    )
    result.stdout.fnmatch_lines(["*<Mock P1: stuck.yaml at *"])


def test_marker_without_scenario_leaves_it_to_the_option(project):
    """A marker that names no scenario changes nothing about which one it is."""
    tests = "import pytest\n@pytest.mark.mock_p1(seed=3)\n" + SHOWS
    result = project.run("-s", "--mock-p1-scenario", "all-errors", tests=tests)
    result.stdout.fnmatch_lines(["*<Mock P1: all-errors.yaml at *"])


@pytest.mark.parametrize("name", ["mine", "mine.yaml", "./mine.yaml"])
def test_scenario_folder(project, name):
    """Names and files are looked for in mock_p1_scenario_dir, from the root of the project."""
    project.file("data/scenarios/mine.yaml", scenario("job_waiting"))
    result = project.run(
        "-s", tests=MARKED.format(name=name), mock_p1_scenario_dir="data/scenarios"
    )
    result.stdout.fnmatch_lines(["*<Mock P1: data?scenarios?mine.yaml at *"])


def test_scenario_folder_goes_before_the_bundled_ones(project):
    """A file of one's own may have the name of a bundled scenario."""
    project.file("data/stuck.yaml", scenario("job_waiting"))
    result = project.run("-s", tests=MARKED.format(name="stuck"), mock_p1_scenario_dir="data")
    result.stdout.fnmatch_lines(["*<Mock P1: data?stuck.yaml at *"])


@pytest.mark.parametrize("name", ["mine", "mine.yaml"])
def test_beside_the_test_file(project, name):
    """A marker's scenario may lie beside the test file, wherever pytest is started."""
    project.file("tests/deep/mine.yaml", scenario("job_waiting"))
    project.file("tests/deep/test_deep.py", MARKED.format(name=name))
    result = project.run("-s", "tests")
    result.stdout.fnmatch_lines(["*<Mock P1: tests?deep?mine.yaml at *"])


def test_from_the_root_of_the_project(project, monkeypatch):
    """A marker's path may begin at the root, also where pytest is started below it."""
    project.file("data/mine.yaml", scenario("job_waiting"))
    project.pytester.makeini("[pytest]")
    folder = project.file("tests/test_below.py", MARKED.format(name="data/mine.yaml")).parent
    monkeypatch.chdir(folder)
    result = project.run("-s")
    result.stdout.fnmatch_lines(["*<Mock P1: *mine.yaml at *"])


def test_option_from_where_pytest_was_started(project, monkeypatch):
    """A path on the command line begins where the command was given."""
    project.pytester.makeini("[pytest]")
    folder = project.file("tests/test_below.py", SHOWS).parent
    project.file("tests/mine.yaml", scenario("job_waiting"))
    monkeypatch.chdir(folder)
    result = project.run("-s", "--mock-p1-scenario=mine.yaml")
    result.stdout.fnmatch_lines(["*<Mock P1: mine.yaml at *"])


def test_root_does_not_hide_bundled_scenarios(project):
    """A demo.yaml that happens to lie in the project's root is no scenario.

    The bundled demo is still found.
    """
    project.file("demo.yaml", "apiVersion: v1")
    project.file("tests/test_it.py", SHOWS)
    result = project.run("-s", "tests")
    result.stdout.fnmatch_lines(["*<Mock P1: demo.yaml at *"])


def test_unknown_name_says_where_it_was_looked_for(project):
    """A name that is nowhere fails the test with the folders and the near match."""
    project.file("data/mine.yaml", scenario("job_waiting"))
    result = project.run(tests=MARKED.format(name="mien"), mock_p1_scenario_dir="data")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["Mock P1 did not start: mien: no such file in data, ., and no bundled*did you mean mine?"]
    )


def test_missing_scenario_folder(project):
    """A folder that does not exist is named, with the root it was looked for in."""
    result = project.run(tests=SHOWS, mock_p1_scenario_dir="data/scnarios")
    result.assert_outcomes(errors=1)
    says = (
        f"ini option mock_p1_scenario_dir: 'data/scnarios' is no folder of {project.pytester.path}"
    )
    result.stdout.fnmatch_lines([f"Mock P1 did not start: {says}"])


def test_help_describes_option_and_ini(project):
    """The command pytest --help names the option and both ini settings."""
    result = project.run("--help")
    result.stdout.fnmatch_lines(
        ["*--mock-p1-scenario=SCENARIO", "*mock_p1_scenario *", "*mock_p1_scenario_dir*"]
    )


DATE = """
import time
from datetime import UTC, datetime

import pytest

def test_it({fixture}):
    assert {fixture}.now.isoformat().startswith("2026-02-28T23:59")

@pytest.mark.mock_p1(start_date=datetime(2030, 1, 2))
def test_of_its_own({fixture}):
    assert {fixture}.now.isoformat().startswith("2030-01-02T00:00")

@pytest.mark.mock_p1(instant_sleep=True)
def test_of_the_client({fixture}):
    time.sleep(120)
    assert datetime.now(UTC).isoformat().startswith("2026-03-01T00:01")

def test_of_others(mock_p1_for):
    assert mock_p1_for().now.year == 2026
    assert mock_p1_for(start_date="2031-01-01T00:00+09:00").now.year == 2030
"""


@pytest.mark.parametrize("fixture", ["mock_p1", "mock_p1_server"])
def test_the_start_date(project, fixture):
    """The ini file's is for tests whose marker names none; instant_sleep shows it to the client."""
    result = project.run(
        tests=DATE.format(fixture=fixture), mock_p1_start_date="2026-02-28T23:59:00Z"
    )
    result.assert_outcomes(passed=4)


@pytest.mark.parametrize("text", ["soon", "2026-02-30"])
def test_a_start_date_that_is_none(project, text):
    """It is explained, and nothing starts."""
    result = project.run(tests="def test_it(mock_p1): pass", mock_p1_start_date=text)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [f"Mock P1 did not start: start_date: '{text}' is no date such as*"]
    )


def test_mocks_that_share_a_clock_begin_at_one_date():
    """Where the second names another one, it would have no effect."""
    with mocked(instant_sleep=True, start_date="2026-02-28"):
        with mocked(instant_sleep=True, start_date="2026-02-28"):
            pass
        with pytest.raises(CannotShare, match="2026-02-28"):
            mocked(instant_sleep=True, start_date="2026-03-01").start()
