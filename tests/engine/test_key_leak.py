"""Keys that are sent to a link, wherever in the request they stand."""

from base64 import b64encode

import pytest

from mock_p1.engine.key_leak import is_leak

SCENARIO = """
api_keys: {named-key: active, team-*: active, "*": active}
secret_keys: {named-secret: active, s: active}
jobs: {a: {timeline: [{status: job_finished, result: generated}]}}
"""
CARRIED = {
    "authorization": "Bearer {}",
    "proxy-authorization": "{}",
    "cookie": "theme=dark; key={}; lang=ja",
    "x-amz-security-token": "{}",
    "x-api-token": '"{}"',
    "referer": "http://mock/?a=1&x-api-key={}",
    "x-forwarded-key": "first, {}",
}


def leaks(asked, number=-1):
    """Return what is noted of keys that were given away by one request."""
    return [note for note in asked.entries[number].notes if is_leak(note)]


@pytest.mark.parametrize(("header", "value"), CARRIED.items())
def test_a_key_in_any_header(mock, header, value):
    """The note names the header."""
    asked = mock(SCENARIO)
    headers = [(b"host", b"mock"), (header.encode(), value.format("team-7").encode())]
    asked.ask(asked.result_path(key="team-7"), headers=headers)
    assert [note.partition(",")[0] for note in leaks(asked)] == [
        f"carries a key in its header {header}"
    ]


@pytest.mark.parametrize("text", ["team-7:", "user:team-7"])
def test_a_key_as_a_password(mock, text):
    """As auth=("user", key) sends it."""
    asked = mock(SCENARIO)
    value = b"Basic " + b64encode(text.encode())
    asked.ask(asked.result_path(key="team-7"), headers=[(b"authorization", value)])
    assert leaks(asked)


@pytest.mark.parametrize("key", ["named-key", "named-secret", "s"])
def test_a_key_of_the_scenario(mock, key):
    """Also where nobody has used it yet, and of either kind."""
    asked = mock(SCENARIO)
    asked.ask(asked.result_path(), headers=[(b"authorization", f"Bearer {key}".encode())])
    assert leaks(asked)


def test_an_issued_key(mock):
    """In an upload, and with a verb that the link does not take."""
    asked = mock(SCENARIO)
    key = asked.key()
    _, path = asked.create(key)
    headers = [(b"authorization", f"Bearer {key}".encode())]
    asked.put(path, headers=headers), asked.ask(path, method="POST", headers=headers)
    assert leaks(asked, 2)
    assert leaks(asked, 3)


def test_a_key_in_any_parameter(mock):
    """Whatever it is called."""
    asked = mock(SCENARIO)
    asked.ask(asked.result_path(key="team-7"), query="token=team-7")
    assert leaks(asked)[0].startswith("carries a key in its query,")


@pytest.mark.parametrize(
    ("header", "value"),
    [("authorization", "Bearer another-host's-token"), ("accept", "*"), ("cookie", "team-*=1"),
     ("authorization", "Basic %%%"), ("authorization", "")],
)  # fmt: skip
def test_what_is_no_key(mock, header, value):
    """A storage host may have tokens of its own."""
    asked = mock(SCENARIO)
    asked.ask(asked.result_path(key="team-7"), headers=[(header.encode(), value.encode())])
    assert not leaks(asked)


def test_where_a_key_belongs(mock):
    """Calls of the API itself lead to no other host."""
    asked = mock(SCENARIO)
    asked.poll(key="team-7", headers=[(b"authorization", b"Bearer team-7")])
    assert not leaks(asked)


@pytest.mark.parametrize(
    ("header", "value"),
    [("upgrade-insecure-requests", "1"), ("dnt", "1"), ("amz-sdk-request", "attempt=1; max=3"),
     ("cache-control", "max-age=1")],
)  # fmt: skip
def test_a_short_key_may_stand_in_a_header_by_chance(mock, header, value):
    """As "1", the key that the handle has where every word works."""
    asked = mock(SCENARIO)
    headers = [(header.encode(), value.encode())]
    asked.ask(asked.result_path(key="1"), headers=headers, query="partNumber=1")
    assert not leaks(asked)


@pytest.mark.parametrize(
    ("header", "value"),
    [("authorization", "Bearer 1"), ("cookie", "a=1"), ("referer", "http://mock/?b=2&key=1")],
)
def test_a_short_key_where_keys_stand(mock, header, value):
    """There it is no chance."""
    asked = mock(SCENARIO)
    asked.ask(asked.result_path(key="1"), headers=[(header.encode(), value.encode())])
    assert leaks(asked)


def test_a_short_key_in_a_parameter_for_keys(mock):
    """By the parameter's name."""
    asked = mock(SCENARIO)
    asked.ask(asked.result_path(key="1"), query="access_token=1")
    assert leaks(asked)


def test_a_reset_of_one_key_forgets_no_other(mock):
    """What another client gives away is seen as before."""
    asked = mock("jobs: {a: {timeline: [{status: job_finished, result: generated}]}}")
    path = asked.result_path(key="first-key")
    asked.poll(key="second-key")
    asked.driver.reset(key="second-key")
    for key, seen in (("first-key", True), ("second-key", False)):
        asked.ask(path, headers=[(b"authorization", f"Bearer {key}".encode())])
        assert bool(leaks(asked)) is seen
