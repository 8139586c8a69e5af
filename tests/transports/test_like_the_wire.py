"""In-process as on a wire: what `requests` and urllib3 do around an answer they do here too."""

import hashlib
import io
import json

import pytest
import requests
import urllib3
from helpers.transport_clients import HOST, IS_OLD, JOBS, KEY
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from mock_p1 import mocked
from mock_p1.base.clock import SECOND

HEADERS = dict([KEY])
MALFORMED = """
jobs:
  broken: {timeline: [{reply: {status_code: 503, headers: {Retry-After: soon}}}]}
  nothing: {timeline: [{reply: {status_code: 503, headers: {Retry-After: ""}}}]}
  patient:
    timeline:
      - {reply: {status_code: 503, headers: {Retry-After: "30"}}, for: 2 polls}
      - {status: job_running}
  cookie: {timeline: [{reply: {status_code: 200, headers: {Set-Cookie: a=b}, body: x}}]}
"""


@pytest.fixture
def mock(scenario):
    """The handle of an in-process mock that plays the scenario of all transports."""
    with mocked(scenario, check=False) as handle:
        yield handle


@pytest.fixture
def malformed(tmp_path):
    """The handle of a mock whose replies are odd."""
    (tmp_path / "odd.yaml").write_text(MALFORMED, encoding="utf-8")
    with mocked(tmp_path / "odd.yaml", check=False) as handle:
        yield handle


def retrying(**options):
    """Return a session that tries again on a 503."""
    session = requests.Session()
    session.headers.update(HEADERS)
    retries = Retry(**{"total": 3, "status_forcelist": [503], **options})
    session.mount("https://", HTTPAdapter(max_retries=retries))
    return session


@pytest.mark.parametrize("timeout", [float("inf"), float("nan"), 1e20, (5, float("inf"))])
def test_a_time_out_that_no_socket_can_take_is_refused(mock, timeout):
    """As sockets refuse it, so that a client that asks so is not passed."""
    with pytest.raises((OverflowError, ValueError)):
        requests.get(f"{mock.url}{JOBS}steady", headers=HEADERS, timeout=timeout)


@pytest.mark.parametrize("timeout", ["5", 0, -1, (1, 2, 3), (1, "2"), True])
def test_an_impossible_timeout_is_refused(mock, timeout):
    """By a ValueError, or what is one, and nothing is asked."""
    with pytest.raises(ValueError):  # noqa: PT011 -- the words are urllib3's
        requests.get(f"{mock.url}{JOBS}steady", headers=HEADERS, timeout=timeout)
    assert mock.requests() == []


@pytest.mark.parametrize("option", [{"verify": "nowhere.pem"}, {"cert": "nowhere.pem"}])
def test_a_certificate_that_is_not_there_is_missed(mock, option):
    """Before anything is asked."""
    with pytest.raises(OSError, match=r"nowhere\.pem"):
        requests.get(f"{mock.url}{JOBS}steady", headers=HEADERS, timeout=5, **option)
    assert mock.requests() == []


def test_unverified_requests_are_warned_of(mock):
    """As urllib3 does."""
    with pytest.warns(urllib3.exceptions.InsecureRequestWarning):
        requests.get(f"{mock.url}{JOBS}steady", headers=HEADERS, timeout=5, verify=False)  # noqa: S501 -- what is tested


def test_a_malformed_retry_after_is_an_invalid_header(malformed):
    """Not an answer."""
    with retrying() as session, pytest.raises(requests.exceptions.InvalidHeader):
        session.get(f"{malformed.url}{JOBS}broken")


def test_an_empty_retry_after_does_nothing(malformed):
    """Where the header alone asks for another try."""
    with retrying(status_forcelist=[]) as session:
        assert session.get(f"{malformed.url}{JOBS}nothing").status_code == 503
    assert len(malformed.polls()) == 1


def test_waits_of_urllib3_move_the_mocks_clock(malformed):
    """Also without instant_sleep, and by the header as by the backoff: no real time passes."""
    with retrying() as session:
        answer = session.get(f"{malformed.url}{JOBS}patient")
    assert answer.json()["status"] == "job_running"
    malformed.assert_respects_retry_after("patient")


def test_backoff_moves_the_mocks_clock(responses_transport):
    """Three tries with waits of 0, 40 and 80 s, at once."""
    responses_transport.driver.fail_next("connection_reset", times=3)
    session = responses_transport.session
    session.mount("http://", HTTPAdapter(max_retries=Retry(3, backoff_factor=20)))
    session.get(f"http://{HOST}{JOBS}steady", headers=HEADERS)
    assert responses_transport.engine.clock.now_ns() == 120 * SECOND


def test_the_raw_answer_is_urllib3s_own(mock):
    """Its retries, its version, and the time that it took."""
    mock.fail_next("connection_reset")
    with retrying() as session:
        answer = session.get(f"{mock.url}{JOBS}steady")
    assert answer.raw.retries.total == 2
    assert answer.raw.version == 11
    assert answer.reason == "OK"
    assert answer.elapsed.total_seconds() > 0


def test_used_up_retries_raise_urllib3s_error(mock):
    """With the reason."""
    with retrying(total=1) as session, pytest.raises(requests.exceptions.RetryError) as caught:
        session.get(f"{mock.url}{JOBS}busy")
    assert isinstance(caught.value.args[0].reason, urllib3.exceptions.ResponseError)


def test_without_raising_the_last_answer_is_returned(mock):
    """After as many polls as there were tries."""
    with retrying(total=2, raise_on_status=False) as session:
        assert session.get(f"{mock.url}{JOBS}busy").status_code == 503
    assert len(mock.polls()) == 3


def test_hooks_of_an_adapter_are_called(mock):
    """What a company's adapter adds is sent."""
    called = []

    class Adapter(HTTPAdapter):
        def add_headers(self, request, **_):
            called.append("add_headers")
            request.headers.update(HEADERS)

        def request_url(self, request, proxies):
            called.append("request_url")
            return super().request_url(request, proxies)

        def cert_verify(self, *args):
            called.append("cert_verify")
            super().cert_verify(*args)

        def send(self, *args, **kwargs):
            called.append("send")
            return super().send(*args, **kwargs)

    with requests.Session() as session:
        session.mount("https://", Adapter())
        assert session.get(f"{mock.url}{JOBS}steady").json()["status"] == "job_running"
    assert sorted(called) == ["add_headers", "cert_verify", "request_url", "send"]


@pytest.mark.parametrize("fault", ["slow_body", "truncated_body"])
def test_a_streamed_body_fails_while_it_is_read(mock, fault):
    """Not in get()."""
    if IS_OLD and fault == "truncated_body":
        pytest.skip("urllib3 1.26 does not notice")
    mock.fail_next(fault)
    answer = requests.get(f"{mock.url}{JOBS}steady", headers=HEADERS, timeout=0.5, stream=True)
    assert answer.status_code == 200
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        _ = answer.content


def test_a_cookie_is_kept(malformed):
    """As from any server."""
    answer = requests.get(f"{malformed.url}{JOBS}cookie", headers=HEADERS, timeout=5)
    assert answer.cookies["a"] == "b"


def test_urllib3_alone_is_answered_too(mock):
    """Without `requests`."""
    answer = urllib3.PoolManager().request("GET", f"{mock.url}{JOBS}steady", headers=HEADERS)
    assert json.loads(answer.data)["status"] == "job_running"


@pytest.mark.parametrize(
    "body",
    [b"a,b", "a,b", io.BytesIO(b"a,b"), io.StringIO("a,b"), lambda: iter([b"a", b",", b"b"])],
    ids=["bytes", "text", "file", "text file", "generator"],
)
def test_an_upload_is_read_however_it_is_given(mock, body):
    """The answer has the file's checksum."""
    url = f"{mock.url}{JOBS}upload_url"
    query = {"filename": "train.csv"}
    where = requests.get(url, query, headers=HEADERS, timeout=5).json()["upload_url"]
    answer = requests.put(where, data=body() if callable(body) else body, timeout=5)
    assert answer.headers["ETag"] == f'"{hashlib.sha256(b"a,b").hexdigest()[:32]}"'
