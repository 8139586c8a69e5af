"""A scenario that cannot be used fails the setup of the test, and nothing starts."""

import pytest

BAD = """\
jobs:
  retrain-001:
    timeline:
      - {status: job_waiting, for: 3 pols}
      - {fault: conection_reset}
"""


@pytest.mark.parametrize("fixture", ["mock_p1", "mock_p1_server"])
def test_every_problem_is_named(project, fixture):
    """All problems are in the report in the house form, without a traceback.

    The test does not run.
    """
    project.file("bad.yaml", BAD)
    result = project.run(
        tests="import pytest\n@pytest.mark.mock_p1('bad.yaml')\n"
        f"def test_it({fixture}): print('it ran')"
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [
            "Mock P1 did not start:",
            "bad.yaml:4:*3 pols*",
            "bad.yaml:5:*unknown fault 'conection_reset'*did you mean connection_reset?",
        ]
    )
    result.stdout.no_fnmatch_line("*it ran*")
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*running.py*")


def test_requests_are_not_caught(project):
    """Where the scenario is bad, nothing has been patched."""
    project.file("bad.yaml", BAD)
    result = project.run(
        tests="""
import pytest
from requests.adapters import HTTPAdapter
before = HTTPAdapter.send

@pytest.fixture
def early(request):
    yield
    assert HTTPAdapter.send is before

@pytest.mark.mock_p1("bad.yaml")
def test_it(early, mock_p1): pass
"""
    )
    result.assert_outcomes(errors=1)


def test_missing_scenario(project):
    """A name that is nothing is one problem, on one line, with the near match."""
    result = project.run("--mock-p1-scenario=slow-trainin", tests="def test_it(mock_p1): pass")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["Mock P1 did not start: slow-trainin: no such file*did you mean slow-training?"]
    )


def test_other_tests_go_on(project):
    """Only the tests that wanted the bad scenario fail."""
    project.file("bad.yaml", BAD)
    result = project.run(
        tests="""
import pytest

@pytest.mark.mock_p1("bad.yaml")
def test_bad(mock_p1): pass

def test_good(mock_p1): pass
"""
    )
    result.assert_outcomes(errors=1, passed=1)


def test_no_frame_of_ours_stands_between_a_test_and_its_mistake(project):
    """However an inline scenario is used: the report has the problem, and not how it was found."""
    result = project.run(
        tests="""
from mock_p1 import mocked, serving

BAD = {"jobs": {"a": {"timeline": [{"fault": "timeuot"}]}}}

@mocked(BAD)
def test_decorated(): pass

@serving(BAD)
def test_served(): pass

def test_inside():
    with mocked(BAD): pass

def test_started():
    mocked(BAD).start()

def test_named():
    mocked("no-such-thing")
"""
    )
    result.assert_outcomes(failed=5)
    report = result.stdout.str()
    assert report.count("did you mean timeout?") == 4
    for file in ("decorators.py", "mocks.py", "model.py", "files.py", "document.py"):
        assert file not in report
