"""The marker: what it takes, which one wins, and what it says when it is misused."""

import pytest


def test_closest_marker_wins(project):
    """A function's marker goes before its class's, and that before the module's."""
    result = project.run(
        tests="""
import pytest

pytestmark = pytest.mark.mock_p1("stuck")

def test_module(mock_p1): assert "stuck" in repr(mock_p1)

@pytest.mark.mock_p1("all-errors")
class TestClass:
    def test_class(self, mock_p1): assert "all-errors" in repr(mock_p1)

    @pytest.mark.mock_p1("many-jobs")
    def test_function(self, mock_p1): assert "many-jobs" in repr(mock_p1)
"""
    )
    result.assert_outcomes(passed=3)


def test_what_a_closer_marker_does_not_say_is_kept(project):
    """Another base_url keeps the scenario of the class; what is None is the default again."""
    result = project.run(
        tests="""
import pytest

pytestmark = pytest.mark.mock_p1("stuck", base_url="http://one")

class TestClass:
    pytestmark = pytest.mark.mock_p1(seed=1)

    @pytest.mark.mock_p1(base_url="http://two")
    def test_host(self, mock_p1): assert repr(mock_p1) == "<Mock P1: stuck.yaml at http://two>"

    @pytest.mark.mock_p1("demo")
    def test_scenario(self, mock_p1): assert repr(mock_p1) == "<Mock P1: demo.yaml at http://one>"

    @pytest.mark.mock_p1(base_url=None)
    def test_none(self, mock_p1): assert mock_p1.url.startswith("https://developer-api")
"""
    )
    result.assert_outcomes(passed=3)


def test_marker_of_a_parameter(project):
    """One test runs through several scenarios by marks on its parameters."""
    result = project.run(
        tests="""
import pytest

MARKED = [pytest.param(n, marks=pytest.mark.mock_p1(n)) for n in ("stuck", "demo")]

@pytest.mark.parametrize("name", MARKED)
def test_it(mock_p1, name): assert name in repr(mock_p1)
"""
    )
    result.assert_outcomes(passed=2)


def test_scenario_object_and_path(project):
    """The marker takes a Scenario made in Python, and a Path."""
    result = project.run(
        tests="""
from pathlib import Path
import pytest
from mock_p1 import load_scenario

@pytest.mark.mock_p1(load_scenario("stuck"))
def test_object(mock_p1): assert "stuck" in repr(mock_p1)

@pytest.mark.mock_p1(scenario=Path("slow.yaml"))
def test_path(mock_p1): assert "slow" in repr(mock_p1)
"""
    )
    result.assert_outcomes(passed=2)


def test_base_url(project):
    """base_url= takes over another host instead of the documented ones."""
    result = project.run(
        tests="""
import pytest

@pytest.mark.mock_p1("slow.yaml", base_url="https://api.example.com/staging")
def test_it(mock_p1, client):
    assert mock_p1.url == "https://api.example.com/staging"
    assert client.poll() == "job_waiting"
"""
    )
    result.assert_outcomes(passed=1)


def test_seed(project):
    """seed= goes before the scenario's own.

    Other seeds invent other values, the same one the same.
    """
    project.file(
        "fake.yaml",
        "jobs: {retrain-001: {timeline: [{status: job_running, message: {fake: sentence}}]}}",
    )
    result = project.run(
        tests="""
import pytest

seen = []

SEEDS = [pytest.param(n, marks=pytest.mark.mock_p1("fake", seed=n)) for n in (1, 1, 2)]

@pytest.mark.parametrize("seed", SEEDS)
def test_it(mock_p1, client, seed):
    seen.append(client.ask().json()["message"])

def test_seen(): assert seen[0] == seen[1] != seen[2]
"""
    )
    result.assert_outcomes(passed=4)


def test_speed_of_the_server(project):
    """speed= lets the live server's clock run faster than real time."""
    result = project.run(
        tests="""
import pytest
from conftest import Client

@pytest.mark.mock_p1("slow.yaml", speed=100_000)
def test_it(mock_p1_server):
    client = Client(mock_p1_server.url, "demo-key")
    seen = [client.poll() for _ in range(2)]
    while seen[-1] != "job_finished":
        seen.append(client.poll())
    assert mock_p1_server.polls()[-1].seconds >= 90
"""
    )
    result.assert_outcomes(passed=1)


def test_marker_is_registered(project):
    """--strict-markers knows the marker, and --markers describes it."""
    result = project.run(
        "--strict-markers",
        tests="import pytest\n@pytest.mark.mock_p1('demo')\ndef test(mock_p1): pass",
    )
    result.assert_outcomes(passed=1)
    project.run("--markers").stdout.fnmatch_lines(
        ["*mock_p1(scenario, *, base_url=None, seed=None*"]
    )


MISUSE = {
    "sped=60": "*unknown argument 'sped'; known: base_url, check, *; did you mean speed?",
    '"demo", "stuck"': "*takes one argument without a name, the scenario; *base_url=, *",
    '"demo", scenario="stuck"': "*names the scenario twice",
    "17": "*scenario is a bundled name, a file, * or a mock_p1.Scenario, not 17",
    'seed="x"': "*seed is a whole number, not 'x'",
    "seed=True": "*seed is a whole number, not True",
    "check=1": "*check is True or False, not 1",
    'speed="fast"': "*speed is a number, such as 60, not 'fast'",
    'base_url="example.com"': "*'example.com' is no base URL; it must look like https://*",
}


def test_misuse_is_explained(project):
    """A wrong argument fails the test's setup, says what is possible, and shows no traceback."""
    tests = [
        f"@pytest.mark.mock_p1({arguments})\ndef test_{number}(mock_p1): pass\n"
        for number, arguments in enumerate(MISUSE)
    ]
    result = project.run(tests="import pytest\n" + "".join(tests))
    result.assert_outcomes(errors=len(MISUSE))
    result.stdout.fnmatch_lines([f"Mock P1 did not start: {says}" for says in MISUSE.values()])
    result.stdout.no_fnmatch_line("*.py:*: *Error")


def test_impossible_speed(project):
    """A speed outside its range is refused where the server would run at it."""
    result = project.run(
        tests="import pytest\n@pytest.mark.mock_p1(speed=0)\ndef test_it(mock_p1_server): pass"
    )
    result.stdout.fnmatch_lines(
        ["Mock P1 did not start: speed must be above 0 and at most 1,000,000, not 0"]
    )


def test_marker_without_fixture_is_warned_of(project):
    """A marked test that uses neither fixture would ask the real service: it is warned of."""
    tests = "import pytest\n@pytest.mark.mock_p1('demo')\ndef test_it(): pass"
    result = project.run("-W", "default", tests=tests)
    result.assert_outcomes(passed=1, warnings=1)
    result.stdout.fnmatch_lines(
        ["*test_it is marked mock_p1, but uses neither fixture mock_p1 nor mock_p1_server*"]
    )


def test_fixture_asked_for_late_is_no_reason_to_warn(project):
    """A test may ask for the fixture while it runs."""
    result = project.run(
        "-W", "error",
        tests="""
import pytest

@pytest.mark.mock_p1("stuck")
def test_it(request): assert "stuck" in repr(request.getfixturevalue("mock_p1"))
""",
    )  # fmt: skip
    result.assert_outcomes(passed=1, warnings=0)


def test_parametrize_indirect_gives_the_scenario(project):
    """Each case has its own; a name that does not exist fails its case alone."""
    result = project.run(
        tests="""
import pytest

SCENARIOS = ["stuck", {"jobs": {"mine": {"error": "job_may_be_deleted"}}}, "stcuk", print]

@pytest.mark.parametrize("mock_p1", SCENARIOS, indirect=True)
def test_it(mock_p1): assert mock_p1.job_id in ("retrain-001", "mine")
"""
    )
    result.assert_outcomes(passed=2, errors=2)
    result.stdout.fnmatch_lines(["*did you mean stuck?*"])
    result.stdout.fnmatch_lines(["*scenario is a bundled name*not <built-in function print>"])
    result.stdout.no_fnmatch_line("*traceback entries are hidden*")


@pytest.mark.parametrize(
    ("fixture", "argument"),
    [("mock_p1", "speed=60"), ("mock_p1_server", "base_url='http://localhost:9000'")],
)
def test_an_argument_that_the_fixture_cannot_honour_is_an_error(project, fixture, argument):
    """It would have no effect, silently."""
    result = project.run(
        tests=f"import pytest\n@pytest.mark.mock_p1({argument})\ndef test_it({fixture}): pass"
    )
    result.assert_outcomes(errors=1)
    name = argument.partition("=")[0]
    result.stdout.fnmatch_lines([f"*{name}= is for the fixture *, and this test uses {fixture}"])


@pytest.mark.parametrize("fixture", ["mock_p1", "mock_p1_server"])
def test_a_scenario_as_a_plain_parameter(project, fixture):
    """The test gets a text, and no mock; its report says what to write."""
    result = project.run(
        tests=f"""
import pytest

@pytest.mark.parametrize("{fixture}", ["stuck"])
def test_it({fixture}): assert {fixture}.url
"""
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [f"{fixture} is parametrized without indirect=True, so that the test got * for a mock: *"]
    )


def test_an_error_of_a_test_with_a_mock_is_its_own(project):
    """Who parametrizes by indirect=True has a mock; nothing is said of how."""
    result = project.run(
        tests="""
import pytest

@pytest.mark.parametrize("mock_p1", ["stuck"], indirect=True)
def test_it(mock_p1): assert "".url
"""
    )
    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line("*without indirect*")
