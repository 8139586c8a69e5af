"""The in-process transport under the many ways in which programs use `requests`."""

import json

import pytest
import requests
from helpers.transport_clients import CUT_SHORT, JOBS, KEY
from requests.adapters import HTTPAdapter
from urllib3.exceptions import MaxRetryError
from urllib3.util import Retry, Timeout

from mock_p1 import mocked

HEADERS = dict([KEY])


@pytest.fixture
def mock(scenario):
    """The handle of an in-process mock that plays the scenario of all transports."""
    with mocked(scenario, check=False) as handle:
        yield handle


@pytest.fixture
def session():
    """A session that sends the key by itself."""
    with requests.Session() as opened:
        opened.headers.update(HEADERS)
        yield opened


def patient(session, **options):
    """Mount an adapter that tries again."""
    session.mount("https://", HTTPAdapter(max_retries=Retry(**{"total": 3, **options})))
    return session


def test_a_session_polls_to_the_end(mock, session):
    """Headers of the session are sent; one session may poll as often as it likes."""
    statuses = [session.get(f"{mock.url}{JOBS}two-polls").json()["status"] for _ in range(3)]
    assert statuses == ["job_waiting", "job_waiting", "job_running"]


@pytest.mark.parametrize(
    ("base_url", "expected"),
    [
        ("http://127.0.0.1:8191", "http://127.0.0.1:8191/results/"),
        ("http://127.0.0.1:8191/", "http://127.0.0.1:8191/results/"),
        ("https://gateway.example/predict/v2/", "https://gateway.example/predict/v2/results/"),
        ("https://gateway.example:443/predict", "https://gateway.example/predict/results/"),
        ("http://[::1]:8191", "http://[::1]:8191/results/"),
        ("HTTP://Gateway.Example", "http://gateway.example/results/"),
    ],
)
def test_base_url_may_have_a_port_and_a_path(scenario, session, base_url, expected):
    """Replies come from below it, and so does download_url, which leads to the file."""
    with mocked(scenario, base_url=base_url):
        url = session.get(f"{base_url.rstrip('/')}{JOBS}done").json()["download_url"]
        assert url.startswith(expected)
        assert session.get(url).content.startswith(b"PK")


@pytest.mark.parametrize(
    "url",
    [
        "https://gateway.example/other",
        "http://gateway.example/api",
        "https://gateway.example:8/api",
    ],
)
def test_what_is_not_below_base_url_is_refused(scenario, url):
    """Another path, scheme or port is another server."""
    with (
        mocked(scenario, base_url="https://gateway.example/api"),
        pytest.raises(requests.ConnectionError),
    ):
        requests.get(url, timeout=5)


def test_a_path_that_only_begins_like_base_url_is_refused(scenario):
    """/apis is not below /api."""
    with (
        mocked(scenario, base_url="https://gateway.example/api"),
        pytest.raises(requests.ConnectionError),
    ):
        requests.get("https://gateway.example/apis", timeout=5)


def test_a_retry_on_status_polls_again(mock, session):
    """A Retry with status_forcelist sees the next step, as it would over a network."""
    mock.fail_next("not_found_retrain_job", times=2)
    answer = patient(session, status_forcelist=[400]).get(f"{mock.url}{JOBS}two-polls")
    assert answer.json()["status"] == "job_waiting"
    assert len(mock.polls()) == 3


def test_a_retry_on_status_gives_up(mock, session):
    """When the tries are used up, `requests` says so."""
    with pytest.raises(requests.exceptions.RetryError):
        patient(session, total=2, status_forcelist=[503]).get(f"{mock.url}{JOBS}busy")
    assert len(mock.polls()) == 3


@pytest.mark.parametrize("fault", ["connection_reset", "empty_response", "timeout"])
def test_a_retry_survives_trouble_on_the_wire(mock, session, fault):
    """As urllib3 does, it tries again where no answer came."""
    mock.fail_next(fault, times=3)
    assert (
        patient(session).get(f"{mock.url}{JOBS}steady", timeout=1).json()["status"] == "job_running"
    )
    assert len(mock.polls()) == 4


@pytest.mark.parametrize("fault", ["connection_reset", "empty_response", "timeout"])
def test_a_retry_that_is_used_up_says_so(mock, session, fault):
    """With the error of urllib3 as its cause."""
    mock.fail_next(fault, times=4)
    with pytest.raises(requests.ConnectionError) as caught:
        patient(session).get(f"{mock.url}{JOBS}steady", timeout=1)
    (cause,) = caught.value.args
    assert isinstance(cause, MaxRetryError)
    assert cause.url == f"{JOBS}steady"
    assert len(mock.polls()) == 4


def test_a_retry_does_not_repeat_what_may_not_be_repeated(mock, session):
    """POST is not tried again after trouble, by urllib3's own rule; nor here."""
    answer = patient(session, status_forcelist=[405]).post(f"{mock.url}{JOBS}steady")
    assert answer.status_code == 405
    assert len(mock.requests()) == 1


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("connection_reset", requests.ConnectionError),
        ("empty_response", requests.ConnectionError),
        ("timeout", requests.ReadTimeout),
        ("truncated_body", CUT_SHORT),
        ("malformed_json", requests.exceptions.JSONDecodeError),
        ("slow_body", requests.ConnectionError),
    ],
)
def test_trouble_on_the_wire_is_the_exception_that_requests_raises(mock, session, fault, error):
    """The very type, so that a client's `except` is tested."""
    mock.fail_next(fault)
    with pytest.raises(error) as caught:
        session.get(f"{mock.url}{JOBS}steady", timeout=0.5).json()
    assert caught.type is error


@pytest.mark.parametrize(
    ("timeout", "in_time"),
    [
        (2, False),
        (2.9, False),
        (3, True),
        (None, True),
        ((1, 2), False),
        ((1, None), True),
        ((1, 3.5), True),
        (Timeout(connect=1, read=2), False),
        (Timeout(connect=1), True),
        (Timeout(total=2), False),
        (Timeout(total=4), True),
        (Timeout(total=4, read=2), False),
        (Timeout(total=2, read=4), False),
        ((Timeout.DEFAULT_TIMEOUT, 2), False),
    ],
)
def test_the_clients_patience_is_measured_against_a_delay(mock, session, timeout, in_time):
    """A time-out given in any of its forms ends a wait of 3 s, or does not.

    Only that much time passes.
    """
    url = f"{mock.url}{JOBS}late"
    if in_time:
        assert session.get(url, timeout=timeout).json()["status"] == "job_waiting"
        return
    with pytest.raises(requests.ReadTimeout):
        session.get(url, timeout=timeout)
    assert mock.polls()[0].status == "job_waiting"


def test_a_download_may_be_streamed(mock, session):
    """Chunk by chunk, or from the raw response, and closed half-way."""
    url = session.get(f"{mock.url}{JOBS}done").json()["download_url"]
    whole = requests.get(url, timeout=5).content
    with requests.get(url, stream=True, timeout=5) as answer:
        assert b"".join(answer.iter_content(100)) == whole
    with requests.get(url, stream=True, timeout=5) as answer:
        assert answer.raw.read() == whole
    with requests.get(url, stream=True, timeout=5) as answer:
        assert next(answer.iter_content(10)) == whole[:10]


def test_a_hook_and_an_authentication_of_the_sessions_are_kept(mock, session):
    """What `requests` itself does around a request it does here too."""
    seen = []
    session.hooks["response"].append(lambda answer, **_: seen.append(answer.status_code))
    session.auth = ("user", "secret")
    assert (
        session.get(f"{mock.url}{JOBS}steady").request.headers["Authorization"].startswith("Basic ")
    )
    assert seen == [200]


def test_a_redirect_of_the_scenarios_own_is_followed(mock, session):
    """To a path of the same host, which is ours to explain."""
    answer = session.get(f"{mock.url}{JOBS}moved")
    assert (answer.status_code, answer.url) == (404, f"{mock.url}/elsewhere")


def test_a_body_from_a_file_is_read(mock, session, tmp_path):
    """An upload to where none is taken is answered, not held."""
    (tmp_path / "a.csv").write_text("a,b", encoding="utf-8")
    with (tmp_path / "a.csv").open("rb") as file:
        answer = session.post(f"{mock.url}{JOBS}steady", data=file)
    assert answer.status_code == 405
    assert "has a body; the API documents none" in mock.requests()[0].notes


def test_a_key_that_cannot_be_sent_fails_as_it_would_on_the_wire(mock):
    """A text beyond Latin-1 in a header is an error of the client's, here as there."""
    with pytest.raises(UnicodeEncodeError):
        requests.get(f"{mock.url}{JOBS}steady", headers={"x-api-key": "鍵"}, timeout=5)


def test_the_length_that_is_told_is_the_length_that_comes(mock, session):
    """Content-Length is there, and true."""
    answer = session.get(f"{mock.url}{JOBS}steady")
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    assert answer.encoding == "utf-8"
    assert json.loads(answer.content) == answer.json()
