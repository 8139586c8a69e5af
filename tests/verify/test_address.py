"""Base URLs, keys and ids: what cannot be used is refused before anything is sent."""

from __future__ import annotations

import pytest

from mock_p1.verify.answer import Answer
from mock_p1.verify.credentials import Credentials, hide_keys
from mock_p1.verify.exceptions import UsageError
from mock_p1.verify.session import VerifySession
from mock_p1.verify.url import base_url, is_loopback


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("http://127.0.0.1:8191", "http://127.0.0.1:8191"),
        ("http://127.0.0.1:8191/", "http://127.0.0.1:8191"),
        (" https://host.example ", "https://host.example"),
        ("https://host.example/stage/", "https://host.example/stage"),
        ("https://host.example/v1/stage", "https://host.example/v1/stage"),
        ("http://[::1]:8191", "http://[::1]:8191"),
        ("HTTP://localhost", "http://localhost"),
    ],
)
def test_a_base_url_is_taken_without_its_last_slash(given, taken):
    """A trailing slash and blanks around are dropped; a path before the API's stays."""
    assert base_url(given) == taken


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("127.0.0.1:8191", "did you mean http://127.0.0.1:8191?"),
        ("localhost:8191/", "did you mean http://localhost:8191/?"),
        ("api.example.com", "did you mean https://api.example.com?"),
        ("", "has no scheme"),
        ("ftp://host", "the scheme 'ftp'"),
        ("http://", "names no host"),
        ("http://ho st", "names no host"),
        ("http://host:port", "is no URL: a port is a number from 0 to 65535"),
        ("http://host:99999", "is no URL: a port is a number from 0 to 65535"),
        ("http://[::1", "is no URL"),
        ("https://host/v1", "give https://host alone"),
        ("https://host/v1/", "give https://host alone"),
        (
            "https://host/v1/external/retrain_jobs/abc",
            "give https://host alone, and the job's id by --job-id",
        ),
        ("http://host:8191/__admin/", "give http://host:8191 alone"),
        ("https://host?x=1", "more than a base URL"),
        ("https://host#top", "more than a base URL"),
        ("https://user:secret@host", "user name or password"),
    ],
)
def test_what_is_no_base_url_is_refused_in_words(given, said):
    """What is wrong is said, and where it can be guessed, what was meant."""
    with pytest.raises(UsageError) as refused:
        base_url(given)

    assert said in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("", "--api-key is empty"),
        ("secret-key\n", "line break"),
        ("secret\r\nx-other: 1", "line break"),
        (" secret-key", "begins or ends with a blank"),
        ("secret\tkey", "not printable ASCII"),
        ("鍵-secret", "not printable ASCII"),
    ],
)
def test_a_key_that_no_header_can_hold_is_refused_without_being_shown(key, said):
    """The reason is said; the key is not."""
    with pytest.raises(UsageError) as refused:
        Credentials(api_key=key, job_id="job")

    assert said in str(refused.value)
    assert "secret" not in str(refused.value)


def test_the_other_keys_are_looked_at_too():
    """A wrong --inactive-key is named as such."""
    with pytest.raises(UsageError, match="--inactive-key holds a line break"):
        Credentials(api_key="key", job_id="job", inactive_key="a\nb")


@pytest.mark.parametrize("job_id", ["", " ", ".", "..", "job\n", "a\x00b"])
def test_an_id_that_cannot_be_asked_for_is_refused(job_id):
    """Nothing, dots alone, line breaks and control characters are no ids."""
    with pytest.raises(UsageError, match="--deleted-job-id"):
        Credentials(api_key="key", job_id="job", deleted_job_id=job_id)


def test_an_id_is_percent_encoded_whole():
    """A slash or a brace in an id does not become part of the path."""
    asked = []

    class Recorder:
        def send(self, call, **_):
            asked.append(call.url)
            return Answer(200, {}, b"{}")

    VerifySession("http://h", Credentials(api_key="k", job_id="a/{b} ü"), Recorder()).poll()

    assert asked == ["http://h/v1/external/retrain_jobs/a%2F%7Bb%7D%20%C3%BC"]


@pytest.mark.parametrize("text", ["key is abcd-efgh-ijkl", "key is abcd%2Defgh", 'says \\"x\\"'])
def test_a_key_that_a_server_echoes_is_masked(text):
    """However it is written, at most a third of a key is shown."""
    key = {
        "key is abcd-efgh-ijkl": "abcd-efgh-ijkl",
        "key is abcd%2Defgh": "abcd-efgh",
        'says \\"x\\"': '"x"x',
    }[text]

    assert key not in hide_keys(text, [key])


def test_a_key_that_is_cut_off_is_masked():
    """Where a long answer is cut amid a key, no more of it is left than of a whole one."""
    assert (
        hide_keys("key is abcd-efgh-i… and so on", ["abcd-efgh-ijkl"]) == "key is abcd… and so on"
    )


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("LOCALHOST.", True),
        ("127.9.9.9", True),
        ("[::1]", True),
        ("::ffff:127.0.0.1", True),
        ("::ffff:10.0.0.1", False),
        ("localhost.example", False),
        ("10.0.0.1", False),
    ],
)
def test_this_machine_however_it_is_written(host, loopback):
    """It is asked without a pause and without a proxy."""
    assert is_loopback(host) is loopback
