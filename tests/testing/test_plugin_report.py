"""What the report of a failing test says of the mock."""

import re

import pytest

from mock_p1.contract.operations import DOCUMENTED_HOSTS

FAILS = """
import pytest

@pytest.mark.mock_p1("slow.yaml")
def test_it(mock_p1, client):
    client.poll()
    mock_p1.advance("30s")
    client.poll()
    mock_p1.advance("60s")
    client.poll()
    assert client.poll() == "job_finished"
"""


def test_poll_timeline(project):
    """Every poll is there: when, how long after the one before, what it saw and why."""
    result = project.run(tests=FAILS)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*- Mock P1 -*",
            "slow.yaml at https://developer-api.predictionone.sony.biz, 1m30s after it began",
            "  #  at * after * job * outcome * HTTP  scenario * then the job is at",
            "  1  0s * retrain-001  job_waiting  200   slow.yaml:6  job_waiting for 1 more poll",
            "  2  30s * +30s * retrain-001  job_waiting  200   slow.yaml:6  job_running for 1m30s",
            "  3  1m30s  +1m * retrain-001  job_running  200   slow.yaml:7  job_running for 30s",
        ]
    )


def test_what_the_job_waits_for(project):
    """The report says where the job is now, since when, and what it waits for."""
    result = project.run(tests=FAILS)
    result.stdout.fnmatch_lines(
        ["retrain-001 has been at job_running (slow.yaml:7) for 1m, and waits for 30s"]
    )


@pytest.mark.parametrize(
    ("act", "says"),
    [
        (
            "client.poll()",
            "retrain-001 has been at job_waiting (slow.yaml:6) for 0s, and waits for 1 more poll",
        ),
        (
            "client.poll(); mock_p1.set_status('retrain-001', 'job_finished')",
            "retrain-001 has been at job_finished (slow.yaml:8) for 0s, and stays there",
        ),
        ("client.poll('nothing')", "never polled, so not begun: retrain-001"),
        (
            "mock_p1.fail_next('malformed_json'); client.ask()",
            "retrain-001 has not begun: each poll of it was answered without it",
        ),
    ],
)
def test_other_places(project, act, says):
    """Also where the job waits for polls, for nothing, or was never polled."""
    result = project.run(
        "--mock-p1-scenario=slow.yaml",
        tests=f"def test_it(mock_p1, client):\n    {act}\n    assert 0",
    )
    result.stdout.fnmatch_lines([says])


def test_manual_step(project):
    """A job that waits for the test itself says so."""
    result = project.run(
        "--mock-p1-scenario=stuck", tests="def test_it(client):\n    client.poll()\n    assert 0"
    )
    result.stdout.fnmatch_lines(["retrain-001 has been at * (stuck.yaml:*) for *, and * there"])


def test_jobs_of_several_keys(project):
    """Where two keys poll one job, the report keeps them apart."""
    result = project.run(
        "--mock-p1-scenario=slow.yaml",
        tests="""
from conftest import Client

def test_it(mock_p1):
    Client(mock_p1.url, "demo-key").poll()
    mock_p1.advance("1s")
    Client(mock_p1.url, "other-key").poll()
    Client(mock_p1.url, "other-key").poll()
    assert 0
""",
    )
    result.stdout.fnmatch_lines(
        [
            "  1  0s         de…  retrain-001  job_waiting*",
            "  2  1s         ot…  retrain-001  job_waiting*",
            "  3  1s  +0s    ot…  retrain-001  job_waiting*",
            "retrain-001 (key de…) has been at job_waiting*",
            "retrain-001 (key ot…) has been at job_running*",
        ]
    )


def test_keys_stay_masked(project):
    """No whole key is in the mock's part of the report.

    Keys that look alike are still told apart.
    """
    result = project.run(
        "--mock-p1-scenario=stuck",
        tests="""
from conftest import Client

def test_it(mock_p1):
    for key in ("secret-number-one", "secret-number-two"):
        Client(mock_p1.url, key).poll()
    assert 0
""",
    )
    report = result.stdout.str().partition("- Mock P1 -")[2]
    assert "secr…  " in report
    assert "secr… (2)  " in report
    assert "number" not in report


def test_live_server(project):
    """The live server's polls are reported as well."""
    result = project.run(
        "--mock-p1-scenario=slow.yaml",
        tests="""
from conftest import Client

def test_it(mock_p1_server):
    Client(mock_p1_server.url, "demo-key").poll()
    assert 0
""",
    )
    result.stdout.fnmatch_lines(
        ["*- Mock P1 -*", "slow.yaml at http://127.0.0.1:*", "  1  * retrain-001  job_waiting*"]
    )


def test_both_mocks(project):
    """With both fixtures, both are reported."""
    result = project.run(tests="def test_it(mock_p1, mock_p1_server): assert 0")
    assert result.stdout.str().count("- Mock P1 -") == 2


def test_time_out_inside_the_client(project):
    """A client that gives up by itself is a failing test like any other."""
    result = project.run(
        "--mock-p1-scenario=slow.yaml",
        tests="""
def test_it(mock_p1, client):
    for _ in range(3):
        if client.poll() == "job_finished":
            return
        mock_p1.advance("10s")
    raise TimeoutError("still not finished")
""",
    )
    result.stdout.fnmatch_lines(
        [
            "*TimeoutError: still not finished",
            "*- Mock P1 -*",
            "*job_running*for 20s, and waits for 1m10s",
        ]
    )


def test_read_time_out_of_the_client(project):
    """So is one whose request the mock never answers."""
    result = project.run(
        tests="""
def test_it(mock_p1, client):
    mock_p1.fail_next("timeout")
    client.poll()
"""
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*ReadTimeout*", "*- Mock P1 -*", "  1  0s * retrain-001  timeout * fail_next *"]
    )


def test_no_request_at_all(project):
    """Where nothing arrived, the report says what would have been caught."""
    result = project.run(tests="def test_it(mock_p1): assert 0")
    result.stdout.fnmatch_lines(
        [
            "*- Mock P1 -*",
            "demo.yaml at *",
            "no request reached it: only requests to *with `requests`*base_url=*mock_p1_server*",
        ]
    )


@pytest.mark.parametrize(
    ("no_proxy", "told"), [("", True), ("example.com", True), ("127.0.0.1,localhost", False)]
)
def test_a_proxy_that_may_have_been_asked(project, no_proxy, told):
    """Where a variable sends the client of a served mock to a proxy, the report says so."""
    result = project.run(
        tests=f"""
def test_it(mock_p1_server, monkeypatch):
    for name in ("http_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://user:secret@proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "{no_proxy}")
    assert 0
"""
    )
    text = result.stdout.str()
    assert "what the client was told to use?" in text
    assert ("A proxy is set (HTTP_PROXY," in text) is told
    assert ("NO_PROXY=127.0.0.1 keeps it from that" in text) is told
    assert "no request reached it: is http://127.0.0.1" in text


def test_what_a_client_sends_moves_no_cursor(project):
    """In no part of the report, be it in the table, of a job's place, or of one never polled."""
    result = project.run(
        tests=r"""
import pytest, requests

@pytest.mark.mock_p1({"jobs": {
    "c*": {"timeline": [{"status": "s"}]},
    "never\n\x1b[2J": {"error": "job_may_be_deleted"},
}})
def test_it(mock_p1_server):
    url = f"{mock_p1_server.url}/v1/external/retrain_jobs/"
    requests.get(f"{url}c%0A%1B%5B2J", headers={"x-api-key": "k"})
    mock_p1_server.fail_next("job_may_be_deleted")
    requests.get(f"{url}cc%0A%1B%5B2J", headers={"x-api-key": "k"})
    assert 0
"""
    )
    text = re.sub(" +", " ", result.stdout.str().partition("- Mock P1 -")[2])
    assert "\x1b[2J" not in text
    for begins in (
        r" 1 0s c\n\x1b[2J ",
        r"c\n\x1b[2J has been at s (",
        r"cc\n\x1b[2J has not begun",
        r"never polled, so not begun: never\n\x1b[2J",
    ):
        assert [
            line for line in text.splitlines() if re.sub(r"\d+ms", "0s", line).startswith(begins)
        ]


HTTPS = """
import pytest, requests

def ask_by_https(mock):
    with pytest.raises(requests.ConnectionError):
        requests.get(mock.url.replace("http://", "https://"), timeout=5)
"""


def test_requests_that_could_not_be_read(project):
    """They have no row, so the report says how many came, and what they may have been."""
    result = project.run(
        tests=f"""{HTTPS}
def test_it(mock_p1_server):
    ask_by_https(mock_p1_server)
    ask_by_https(mock_p1_server)
    assert 0
"""
    )
    result.stdout.fnmatch_lines(
        ["2 requests could not be read as HTTP/1.1, as those of a client that uses https:// *"]
    )
    assert "no request reached it" not in result.stdout.str()


def test_connections_of_http_2(project):
    """The report says so, and nothing of https://."""
    result = project.run(
        tests="""
import socket

def test_it(mock_p1_server):
    address = mock_p1_server.url.removeprefix("http://").split(":")
    with socket.create_connection(address, timeout=5) as connection:
        connection.sendall(b"PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n")
        while connection.recv(65536):
            pass
    assert 0
"""
    )
    said = "1 connection began with HTTP/2, which this server does not speak: *"
    result.stdout.fnmatch_lines([said])
    assert "https://" not in result.stdout.str()


def test_requests_that_could_not_be_read_among_others(project):
    """The table of the others stands before."""
    result = project.run(
        tests=f"""{HTTPS}
def test_it(mock_p1_server):
    requests.get(mock_p1_server.url + "/v1/external/retrain_jobs/a", timeout=5)
    ask_by_https(mock_p1_server)
    assert 0
"""
    )
    result.stdout.fnmatch_lines(
        ["  1 * a * invalid_api_key *", "1 request could not be read as HTTP/1.1, *"]
    )


def test_a_passing_test_whose_requests_could_not_be_read(project):
    """The warning that no request came says what did."""
    tests = f"{HTTPS}\ndef test_it(mock_p1_server):\n    ask_by_https(mock_p1_server)"
    result = project.run("-W", "default", tests=tests, mock_p1_no_request="warn")
    result.assert_outcomes(passed=1, warnings=1)
    said = "*no request of test_it reached mock_p1_server; 1 request could not be read as HTTP/1.1*"
    result.stdout.fnmatch_lines([said])


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://api.example.com/v1", "it is for another host"),
        (f"http{DOCUMENTED_HOSTS[1][5:]}/v1", "it begins with http:// instead of https://"),
        (f"{DOCUMENTED_HOSTS[1]}:8443/v1", "it is for port 8443 instead of 443"),
    ],
)
def test_request_that_no_mock_answers(project, url, why):
    """It is named, with the reason why it was refused."""
    result = project.run(
        tests=f"""
import requests

def test_it(mock_p1):
    requests.get("{url}", timeout=5)
"""
    )
    result.stdout.fnmatch_lines(["*- Mock P1 -*", f"refused, because {why}: GET {url}"])


def test_fixture_that_fails_after_ours(project):
    """A failing setup shows what the client asked in it."""
    result = project.run(
        tests="""
import pytest

@pytest.fixture
def ready(client):
    client.poll()
    raise RuntimeError("not ready")

def test_it(ready): pass
"""
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*- Mock P1 -*", "  1  0s *retrain-001*"])


def test_long_timelines_lose_their_middle(project):
    """Of many polls the first and the last are shown, and how many there are between."""
    result = project.run(
        "--mock-p1-scenario=slow.yaml",
        tests="""
def test_it(client):
    for _ in range(60):
        client.poll()
        client.ask("nothing")
    assert 0
""",
    )
    result.stdout.fnmatch_lines(["  10   0s *", "* … 80 more", "  91   0s *", "  120  0s *"])


def test_expected_failure_reports_nothing(project):
    """A test that fails as expected is no failure."""
    result = project.run(
        "-rA",
        tests="import pytest\n@pytest.mark.xfail\ndef test_it(client): assert client.poll() == 1",
    )
    result.stdout.no_fnmatch_line("*- Mock P1 -*")


def test_what_was_mocked_is_let_go(project):
    """Once a test is over, nothing of its mock stays behind in the session."""
    result = project.run(
        tests="""
import gc
import weakref

kept = []

def test_it(mock_p1, client):
    client.poll()
    kept.append(weakref.ref(mock_p1))

def test_gone():
    gc.collect()
    assert kept[0]() is None
"""
    )
    result.assert_outcomes(passed=2)


def test_the_table_is_shown_once(project):
    """An assertion of the handle that shows all calls need not be followed by them again."""
    result = project.run(
        tests="""
def test_it(mock_p1, client):
    client.poll(); client.poll()
    mock_p1.assert_interval(min="30s")
"""
    )
    result.assert_outcomes(failed=1)
    text = result.stdout.str()
    assert text.count("outcome") == 1
    result.stdout.fnmatch_lines(["*- Mock P1 -*", "demo.yaml at *", "retrain-001 has been at *"])


def test_a_table_of_some_calls_is_followed_by_all(project):
    """Which the assertion has not shown."""
    result = project.run(
        tests="""
def test_it(mock_p1, client):
    client.poll(); client.poll(); client.ask("other")
    mock_p1.assert_interval(min="30s", job="retrain-001")
"""
    )
    assert result.stdout.str().count("outcome") == 2


MOCKED = """
from conftest import Client
from mock_p1 import mocked, serving

def poll(mock, job="retrain-001"):
    Client(mock.url, mock.api_key).ask(job)
"""


@pytest.mark.parametrize(
    "test",
    [
        "def test_it():\n    with mocked() as mock:\n        poll(mock)\n        assert 0",
        "def test_it():\n    with mocked() as mock:\n        poll(mock)\n    assert 0",
        "def test_it():\n    with serving() as mock:\n        poll(mock)\n    assert 0",
        "@mocked(as_argument='mock')\ndef test_it(mock):\n    poll(mock)\n    assert 0",
    ],
)
def test_mocks_that_the_test_starts_itself(project, test):
    """They are reported as the fixtures' are, also where they have ended before."""
    result = project.run(tests=MOCKED + test)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*- Mock P1 -*", "  1  *retrain-001  job_waiting*"])
    assert result.stdout.str().count("- Mock P1 -") == 1


def test_mocks_of_other_tests_are_not_reported(project):
    """Of many that a test starts, the last ones are, and equal reports once."""
    result = project.run(
        "-p",
        "no:randomly",
        tests=MOCKED
        + """
def test_one():
    with mocked() as mock:
        poll(mock)

def test_two():
    for number in range(20):
        with mocked() as mock:
            mock.advance(number)
    assert 0

def test_three():
    assert 0

def test_four():
    for _ in range(20):
        with mocked() as mock:
            pass
    assert 0
""",
    )
    result.assert_outcomes(passed=1, failed=3)
    assert result.stdout.str().count("- Mock P1 -") == 3 + 1


def test_a_mock_of_a_wider_fixture_of_the_users_own(project):
    """Each test that is given its handle shows it."""
    result = project.run(
        tests=MOCKED
        + """
import pytest

@pytest.fixture(scope="module")
def own():
    with mocked() as mock:
        yield mock

def test_one(own): poll(own)

def test_two(own): assert 0
"""
    )
    result.assert_outcomes(passed=1, failed=1)
    assert result.stdout.str().count("- Mock P1 -") == 1


ACTS = (
    "mock_p1.step('nothing')",
    "mock_p1.polls('nothing')",
    "mock_p1.advance('-1s')",
    "mock_p1.fail_next('nothing')",
    "mock_p1.assert_polled()",
    "mock_p1.wait_for('nothing')",
    "mocked('nothing')",
)
OF_OURS = re.compile(r"^.*mock_p1/(testing|engine|base|scenario)/\w+\.py", re.MULTILINE)


@pytest.mark.slow
def test_frames_of_ours_are_hidden(project):
    """What a reader looks for is his own call."""
    calls = (f"def test_{n}(mock_p1):\n    {act}\n" for n, act in enumerate(ACTS))
    tests = "from mock_p1 import mocked\n" + "".join(calls)
    result = project.run(tests=tests)
    result.assert_outcomes(failed=len(ACTS))
    assert not OF_OURS.search(result.stdout.str())
    shown = re.split(
        r"^_+ test_\d _+$", project.run("--full-trace").stdout.str(), flags=re.MULTILINE
    )
    assert [bool(OF_OURS.search(each)) for each in shown[1:]] == [True] * len(ACTS)


def test_junit_has_the_report(project):
    """In system-out of its test, whatever pytest itself puts there."""
    project.run("--junitxml=it.xml", tests=FAILS + "\ndef test_well(client): client.poll()")
    text = project.pytester.path.joinpath("it.xml").read_text(encoding="utf-8")
    (shown,) = re.findall("<system-out>(.*?)</system-out>", text, re.DOTALL)
    assert re.search(r"1m30s +\+1m +retrain-001 +job_running", shown)


def test_junit_of_a_test_that_fails_at_its_end(project):
    """Its error has the report too."""
    project.run("--junitxml=it.xml", tests="def test_it(client): client.ask('a/')")
    text = project.pytester.path.joinpath("it.xml").read_text(encoding="utf-8")
    assert re.search("<system-out>[^<]*GET /v1", text)


def test_an_error_without_words(project):
    """An exception that cannot be printed is no trouble of the report."""
    result = project.run(
        tests="""
class Mute(Exception):
    def __str__(self): raise RuntimeError

def test_it(client):
    client.poll()
    raise Mute
"""
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*- Mock P1 -*", "  1  0s *retrain-001*"])
