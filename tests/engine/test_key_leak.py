"""Keys that are sent to a link, wherever in the request they stand."""

from base64 import b64encode

import pytest

from mock_p1.base.messages import Request
from mock_p1.engine.key_leak import is_leak, leak_notes

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


ISSUED = "86a0c546-0caf-4763-a94d-449df4fd2c59"
"""As long and odd as the keys that Get API Key hands out."""

HIDDEN = {
    "x-foo": '{{"k":"{}"}}',
    "x-braces": "{{{}}}",
    "authorization": "ApiKey key:{}",
    "referer": "http://mock/{}/data",
    "x-escaped": "a%3D{}%26",
    "x-sentence": "my key is {}.",
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


@pytest.mark.parametrize("key", [ISSUED, "team-7"])
@pytest.mark.parametrize(("header", "value"), HIDDEN.items())
def test_a_key_in_the_midst_of_a_header(mock, header, value, key):
    """Whatever stands around it."""
    asked = mock(SCENARIO)
    headers = [(header.encode(), value.format(key).encode())]
    asked.ask(asked.result_path(key=key), headers=headers)
    assert leaks(asked)


@pytest.mark.parametrize("text", [ISSUED, f"{ISSUED}:", '{"sub": "team-77"}'])
@pytest.mark.parametrize("form", ["{}", "Token {}", "e30.{}.c2ln"])
def test_a_key_in_base64(mock, text, form):
    """Not only behind Basic, nor only with its padding: in a token of three parts as well."""
    asked = mock(SCENARIO)
    path = asked.result_path(key=ISSUED)
    asked.poll(key="team-77")
    value = form.format(b64encode(text.encode()).decode().rstrip("="))
    asked.ask(path, headers=[(b"authorization", value.encode())])
    assert leaks(asked)


@pytest.mark.parametrize("key", [ISSUED, "team-7"])
@pytest.mark.parametrize(
    "query", ["{}", "x={{{}}}", "x=%7B%22k%22%3A%22{}%22%7D", 'x={{"k":"{}"}}', "a=1&{}&b=2"]
)
def test_a_key_anywhere_in_the_query(mock, query, key):
    """Bare, in braces, in JSON."""
    asked = mock(SCENARIO)
    asked.ask(asked.result_path(key=key), query=query.format(key))
    assert leaks(asked)[0].startswith("carries a key in its query,")


def test_a_percent_encoded_key_in_the_query(mock):
    """As whoever encodes more than has to be sends it."""
    asked = mock(SCENARIO)
    asked.ask(asked.result_path(key=ISSUED), query="?" + ISSUED.replace("-", "%2D"))
    assert leaks(asked)


def form(*fields, boundary=b"--------x"):
    """Return a multipart body: each field is what its disposition says, and its value."""
    parts = [
        b"Content-Disposition: form-data; %s\r\n\r\n%s\r\n" % (about, value)
        for about, value in fields
    ]
    return b"".join(b"--" + boundary + b"\r\n" + part for part in parts) + b"--" + boundary + b"--"


A_FILE = b'name="file"; filename="train.csv"'
FIELDS = {
    "x-api-key": ([(b'name="x-api-key"', b"whatever")], "carries x-api-key,"),
    "any name": ([(b"name=token", b"team-7")], "carries a key in a field of its body,"),
    "behind a large file": (
        [(A_FILE, b"1,2\n" * 100_000), (b'name="k"', b'{"k": "team-7"}')],
        "carries a key in a field of its body,",
    ),
}


@pytest.mark.parametrize(("fields", "said"), FIELDS.values(), ids=FIELDS)
@pytest.mark.parametrize("piece", [1 << 30, 1000])
def test_a_key_in_a_field_of_a_form(mock, fields, said, piece):
    """In front of the file or behind it, in however many pieces the form comes."""
    asked = mock(SCENARIO)
    _, path = asked.create("team-7")
    asked.poll(key="team-7")
    put(asked, path, form(*fields), piece)
    assert [note[: len(said)] for note in leaks(asked)] == [said]


def put(asked, path, body, piece=1 << 30, kind=b"multipart/form-data; boundary=--------x"):
    """Send a form in pieces."""
    headers = [(b"content-type", kind)]
    receiver = asked.engine.receive(Request("PUT", path, headers=headers), len(body))
    for start in range(0, len(body), piece):
        receiver.write(body[start : start + piece])
    receiver.finish()


QUERY = b"application/x-www-form-urlencoded"
OTHER_BODIES = {
    "form": (QUERY, b"x-api-key=whatever&file=a%2Cb", ["carries x-api-key,"]),
    "form, any name": (QUERY, b"a=1&token=team%2D7", ["carries a key in a field of its body,"]),
    "JSON": (
        b"application/json; charset=utf-8",
        b'{"file": "a,b", "x-api-key" : "whatever"}',
        ["carries x-api-key,"],
    ),
    "JSON, any name": (
        b"application/json",
        b'{"auth": {"key": "team-7"}}',
        ["carries a key in a field of its body,"],
    ),
    "JSON, in a list": (
        b"text/json",
        b'{"headers": ["Authorization: \\"team-7\\""]}',
        ["carries a key in a field of its body,"],
    ),
    "no field has it": (QUERY, b"a=1&x-api-key=&b=2", []),
    "a file by curl --data-binary": (QUERY, b"id,key\n1,team-7\n", []),
}


@pytest.mark.parametrize(("kind", "body", "said"), OTHER_BODIES.values(), ids=OTHER_BODIES)
def test_a_key_in_a_body_of_another_type(mock, kind, body, said):
    """As a client sends it that hands its fields to ``data=`` or ``json=``."""
    asked = mock(SCENARIO)
    _, path = asked.create("team-7")
    asked.poll(key="team-7")
    put(asked, path, body, kind=kind)
    assert [note[: note.index(",") + 1] for note in leaks(asked)] == said


def test_a_key_in_a_form_that_breaks_off(mock):
    """What has come has been given away."""
    asked = mock(SCENARIO)
    _, path = asked.create("team-7")
    headers = [(b"content-type", b"multipart/form-data; boundary=--------x")]
    receiver = asked.engine.receive(Request("PUT", path, headers=headers), None)
    receiver.write(form((b'name="x-api-key"', b"whatever")))
    receiver.abort()
    assert leaks(asked)


def test_what_stands_in_the_file_of_a_form_is_no_leak(mock):
    """It is what the client was to send."""
    asked = mock(SCENARIO)
    _, path = asked.create("team-7")
    asked.poll(key="team-7")
    put(asked, path, form((A_FILE, b"id\nteam-7\n"), (b'name="x-api-key"', b"")))
    assert not leaks(asked)


OF_THEIR_OWN = {
    "connection": "keep-alive",
    "cache-control": "no-cache",
    "te": "trailers",
    "referer": "http://127.0.0.1:8191/a",
    "origin": "http://localhost:8191",
    "content-type": "text/plain; charset=utf-8",
    "user-agent": "python-requests/2.34",
    "x-forwarded-for": "127.0.0.10",
}


@pytest.mark.parametrize(
    "key", ["keep-alive", "no-cache", "trailers", "127.0.0.1", "localhost", "charset",
            "python-requests"],
)  # fmt: skip
def test_what_libraries_write_is_no_leak(mock, key):
    """However a tester calls his key."""
    asked = mock('api_keys: {"*": active}\n' + SCENARIO.partition("\n")[2].partition("\n")[2])
    headers = [(name.encode(), value.encode()) for name, value in OF_THEIR_OWN.items()]
    asked.ask(asked.result_path(key=key), headers=headers)
    assert not leaks(asked)


def test_the_job_and_the_token_of_a_link_are_no_keys(mock):
    """Both are long, and stand in the address that a referer names."""
    asked = mock(SCENARIO)
    path = asked.result_path(key="team-7")
    asked.ask(path, headers=[(b"referer", f"http://mock{path}".encode())])
    assert not leaks(asked)


def test_how_much_is_looked_through_is_bounded(mock):
    """Two megabytes of a header are let pass, in time."""
    asked, looked_up = mock(SCENARIO), []
    request = Request("GET", asked.result_path(), headers=[(b"x-a", b"abcdefg " * 250_000)])
    assert not [*leak_notes(request, lambda word: looked_up.append(word) or False)]
    assert len(looked_up) <= 2000
