"""The fixture mock_p1_for: several mocks in one test, or one for a class, a module or a session."""

import pytest

WIDE = """
import pytest
from conftest import Client

@pytest.fixture(scope="{scope}")
def service(mock_p1_for):
    return mock_p1_for("slow.yaml")

def poll(mock, job="retrain-001"):
    return Client(mock.url, mock.api_key).ask(job)

{tests}
"""


def wide(project, tests, *arguments, scope="module", **ini):
    """Run tests that share a mock."""
    return project.run(*arguments, tests=WIDE.format(scope=scope, tests=tests), **ini)


def test_several_mocks_in_one_test(project):
    """Each answers its own base URL, and keeps its own state."""
    result = project.run(
        tests="""
from conftest import Client

def test_it(mock_p1_for):
    one = mock_p1_for("stuck", base_url="https://one.example.com")
    two = mock_p1_for("slow.yaml", base_url="https://two.example.com", seed=5)
    live = mock_p1_for("stuck", served=True)
    for mock in (one, two, two, live):
        assert Client(mock.url, mock.api_key).poll()
    assert [len(mock.polls()) for mock in (one, two, live)] == [1, 2, 1]
"""
    )
    result.assert_outcomes(passed=1)


def test_they_go_on_from_a_saved_state(project):
    """Each of the fixtures; the file is looked for beside the test, and has its own dates."""
    result = project.run(
        "-p",
        "no:randomly",
        tests="""
import pytest
from pathlib import Path
from mock_p1 import CannotLoad
from conftest import Client

FILE = Path(__file__).parent / "s.json"

def test_saves(mock_p1_for):
    mock = mock_p1_for("stuck")
    Client(mock.url, mock.api_key).poll()
    mock.save(FILE)

@pytest.mark.parametrize("served", [False, True])
@pytest.mark.parametrize("file", ["s.json", FILE])
def test_goes_on(mock_p1_for, served, file, monkeypatch):
    monkeypatch.chdir("/")
    assert len(mock_p1_for("stuck", served=served, load=file).polls()) == 1

@pytest.mark.mock_p1("stuck", load="s.json")
def test_fixtures(mock_p1, mock_p1_server):
    assert len(mock_p1.polls()) == len(mock_p1_server.polls()) == 1

def test_does_not_fit(mock_p1_for):
    with pytest.raises(CannotLoad, match="it was saved while stuck"):
        mock_p1_for("demo", load="s.json")
    with pytest.raises(ValueError, match="load is a file that handle.save has written, not 1"):
        mock_p1_for("stuck", load=1)
    with pytest.raises(ValueError, match="a saved state has its own dates"):
        mock_p1_for("stuck", load="s.json", start_date="2026-02-28")

@pytest.mark.mock_p1("demo", load="s.json")
def test_refused(mock_p1): pass

@pytest.mark.mock_p1("stuck", load="no.json")
def test_missing(mock_p1): pass
""",
        mock_p1_start_date="2026-02-28",
    )
    result.assert_outcomes(passed=7, errors=2)
    result.stdout.fnmatch_lines(
        [
            "*Mock P1 did not start: *s.json: it was saved while stuck*",
            "*Mock P1 did not start: *no.json: there is no such file*",
        ]
    )


def test_they_end_with_their_test(project):
    """The next one has real HTTP again."""
    result = project.run(
        "-p",
        "no:randomly",
        tests="""
from requests.adapters import HTTPAdapter
before = HTTPAdapter.send

def test_it(mock_p1_for):
    mock_p1_for("stuck")
    assert HTTPAdapter.send is not before

def test_next():
    assert HTTPAdapter.send is before
""",
    )
    result.assert_outcomes(passed=2)


@pytest.mark.parametrize("scope", ["class", "module", "package", "session"])
def test_a_mock_of_a_wider_scope(project, scope):
    """It keeps its state between tests, and ends with the fixture that started it."""
    result = wide(
        project,
        """
class TestIt:
    def test_one(self, service):
        assert poll(service).json()["status"] == "job_waiting"

    def test_two(self, service):
        poll(service)
        assert len(service.polls()) == 2
""",
        "-p",
        "no:randomly",
        scope=scope,
    )
    result.assert_outcomes(passed=2)


def test_each_test_is_judged_by_itself(project):
    """A request that is not imitated fails the test that made it, and no other."""
    result = wide(
        project,
        """
def test_one(service): poll(service)
def test_two(service): poll(service, "retrain-001/")
def test_three(service): poll(service)
def test_last(service): poll(service, "retrain-002/")
""",
        "-v",
        "-p",
        "no:randomly",
    )
    result.assert_outcomes(passed=4, errors=2)
    result.stdout.fnmatch_lines(
        ["*ERROR at teardown of test_two*", "*ERROR at teardown of test_last*"]
    )


def test_check_can_be_switched_off(project):
    """As by the marker."""
    result = project.run(
        tests="""
from conftest import Client

def test_it(mock_p1_for):
    mock = mock_p1_for("stuck", check=False)
    Client(mock.url, mock.api_key).ask("one/")
"""
    )
    result.assert_outcomes(passed=1)


def test_a_failing_test_shows_the_mock_it_uses(project):
    """And a test that has nothing to do with it does not."""
    result = wide(
        project,
        """
def test_one(service):
    poll(service)
    assert 0

def test_two(service):
    assert 0

def test_other():
    assert 0
""",
        "-p",
        "no:randomly",
    )
    result.assert_outcomes(failed=3)
    assert result.stdout.str().count("- Mock P1 -") == 2


def test_one_that_is_never_asked_is_warned_of(project):
    """Once, when it ends."""
    result = wide(
        project,
        "def test_one(service): pass\ndef test_two(service): pass",
        "-W",
        "default",
        "-p",
        "no:randomly",
        mock_p1_no_request="warn",
    )
    result.assert_outcomes(passed=2, warnings=1)
    result.stdout.fnmatch_lines(["*no request of test_two reached service*"])


def test_what_an_earlier_test_asked_is_not_this_ones(project):
    """A mock of the test that nobody asks is silent, though a wider one has been asked before."""
    result = wide(
        project,
        """
def test_one(service): poll(service)
def test_silent(mock_p1): pass
def test_asked(mock_p1, service): poll(service)
def test_last(service): pass
""",
        "-p",
        "no:randomly",
        mock_p1_no_request="fail",
    )
    result.assert_outcomes(passed=4, errors=1)
    result.stdout.fnmatch_lines(["no request of test_silent reached mock_p1 *"])


def test_a_trouble_strikes_no_wider_mock(project):
    """What another mock was asked does not show that it struck."""
    result = wide(
        project,
        """
def test_one(service): poll(service)

@pytest.mark.mock_p1_trouble(errors=[], faults=["empty_response"], phases=["first"])
def test_trouble(mock_p1): pass
""",
        "-p",
        "no:randomly",
    )
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*the test never called retrain_status_check*called: none*"])


WRONG = {
    '"nothing"': "nothing: no such file",
    '"stuck", speed=3': "speed= is for the fixture mock_p1_server",
    '"stuck", served=True, base_url="https://a"': "base_url= is for the fixture mock_p1,",
    '"stuck", serve=True': "mock_p1_for: unknown argument 'serve'; known: *; did you mean served?",
    '"stuck", seed="x"': "mock_p1_for(scenario='stuck', seed='x'): seed is a whole number",
}


def test_a_wrong_argument_is_explained(project):
    """In the words that the marker has, without a traceback of ours."""
    tests = [
        f"def test_{number}(mock_p1_for): mock_p1_for({arguments})\n"
        for number, arguments in enumerate(WRONG)
    ]
    result = project.run(tests="".join(tests))
    result.assert_outcomes(failed=len(WRONG))
    result.stdout.fnmatch_lines([f"E *{message}*" for message in WRONG.values()])
    result.stdout.no_fnmatch_line("*plugin_fixtures.py*")


def test_the_configuration_is_its_default(project):
    """As it is for the marker."""
    result = project.run(
        tests="def test_it(mock_p1_for): assert 'slow.yaml' in repr(mock_p1_for())",
        mock_p1_scenario="slow.yaml",
    )
    result.assert_outcomes(passed=1)


def test_the_narrow_fixture_in_a_wide_one_is_answered_with_a_hint(project):
    """The words of pytest say what is wrong; we say what to do."""
    result = project.run(
        tests="""
import pytest

@pytest.fixture(scope="module")
def service(mock_p1): return mock_p1

def test_it(service): pass
"""
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["*- Mock P1 -*", "*asks for mock_p1_for, and returns mock_p1_for*"]
    )


def test_the_marker_is_not_for_it(project):
    """Its arguments would have no effect."""
    result = project.run(
        tests="""
import pytest

@pytest.mark.mock_p1("stuck")
def test_it(mock_p1_for): pass

@pytest.mark.mock_p1("stuck")
def test_both(mock_p1, mock_p1_for): pass
"""
    )
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["the marker mock_p1 is for the fixtures mock_p1 and *"])
