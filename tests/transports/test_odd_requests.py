"""Requests that no client should send.

A documented error, or a JSON 404 or 405 that explains; alike in every transport.
"""

import json

import pytest
from helpers.transport_clients import HOST, JOBS, KEY

PATHS = [  # but not /, which leads to the dashboard where there is one
    "//x",
    "/v1",
    JOBS,
    JOBS.rstrip("/"),
    JOBS + "steady/",
    JOBS + "steady//",
    JOBS + "/steady",
    "/v1//external/retrain_jobs/steady",
    "//v1/external/retrain_jobs/steady",
    JOBS + "../steady",
    JOBS + "..",
    JOBS + "%2e%2e",
    JOBS + "%2e%2e/steady",
    "/v1/external/../external/retrain_jobs/steady",
    "/V1/External/Retrain_Jobs/steady",
    JOBS + "{retrain_job_id}",
    JOBS + "%7Bretrain_job_id%7D",
    JOBS + "YOUR_RETRAIN_JOB_ID",
    JOBS + "日本語",
    JOBS + "%E6%97%A5%E6%9C%AC",
    JOBS + "%FF%FE",
    JOBS + "%",
    JOBS + "%zz",
    JOBS + "%00",
    JOBS + "a%2Fb",
    JOBS + "steady%2F",
    JOBS + "a%0d%0aX-Injected:%20yes",
    JOBS + "steady;v=1",
    JOBS + "upload_url/",
    JOBS + "upload_url/update_model",
    JOBS + "steady/update_model",
    "/v1/external/api-key/",
    "/uploads/0/steady/a.csv",
    JOBS + "steady?",
    JOBS + "steady?a=b&c=%20",
    JOBS + "steady?x=日本",
    JOBS + "x" * 201,
    JOBS + "x" * 64_000,
    "/" + "x" * 64_000,
    "/x/日本",
    "/x%2Fy/%FF",
    "/results/done/1/other.zip",
    "/results/done/0/result.zip",
    "/results/done/9999999999/result.zip",
    "/results/nothing/1/result.zip",
    "/results/steady/1/result.zip",
    "/results/done/1/../../result.zip",
    "/robots.txt",
    "/index.php?<script>",
]
METHODS = [
    "HEAD",
    "OPTIONS",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "PURGE",
    "TRACE",
    "PROPFIND",
    "FOO",
    "GETT",
]


def explains(answer):
    """Check that an answer is a documented error or explains itself, in JSON.

    It is neither a redirect nor a 500.
    """
    payload = json.loads(answer.body)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-length"] == str(len(answer.body))
    assert payload["error"].startswith(
        {400: "PREDA_", 404: "MOCK_P1_", 405: "MOCK_P1_"}[answer.status]
    )
    assert payload["message"]


@pytest.mark.slow
@pytest.mark.parametrize("path", PATHS, ids=lambda path: path[:60])
def test_an_odd_path_is_answered_alike_by_every_transport(
    flask_transport, live_transport, responses_transport, path
):
    """The same bytes from all three.

    Where `requests` tidies the path, what it really sends is compared.
    """
    expected = flask_transport.send("GET", path)
    assert live_transport.send("GET", path) == expected
    assert responses_transport.send("GET", path) == flask_transport.send(
        "GET", responses_transport.wire(path)
    )
    assert expected.status == 200 or explains(expected) is None


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "path", [JOBS + "steady", "/results/0/done/1/result.zip", JOBS + "upload_url", "/nothing"]
)
def test_another_method_is_answered_alike_by_every_transport(
    flask_transport, live_transport, responses_transport, method, path
):
    """The same bytes from all three; the body of the request does not matter."""
    expected = flask_transport.send(method, path, body=b"a=1")
    assert live_transport.send(method, path, body=b"a=1") == expected
    assert responses_transport.send(method, path, body=b"a=1") == expected
    assert method == "HEAD" or explains(expected) is None


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/", "/favicon.ico"])
@pytest.mark.parametrize("method", ["get", "Get", "OPTIONS", "POST", "FOO"])
def test_beside_the_way_to_the_dashboard_nothing_is_there(transport, method, path):
    """Methods are case-sensitive, and nobody but the engine answers OPTIONS."""
    answer = transport.send(method, path)
    assert answer.status == 404
    assert json.loads(answer.body)["error"] == "MOCK_P1_NOT_IMITATED"


@pytest.mark.parametrize("path", ["/__admin/health", "/__admin/", "/__admin"])
def test_the_control_api_knows_methods_by_case_too(live_transport, path):
    """Werkzeug would not."""
    answer = live_transport.send("get", path, host="localhost")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")
    assert "get is not allowed" in json.loads(answer.body)["message"]


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_the_endpoint_knows_get_alone(transport, method):
    """Any other method gets 405, with Allow and the endpoint's name."""
    answer = transport.send(method, JOBS + "steady")
    assert (answer.status, answer.headers["allow"]) == (405, "GET")
    assert method == "HEAD" or f"{method} is not allowed here" in json.loads(answer.body)["message"]


def test_an_answer_to_head_has_no_body(transport):
    """HEAD gets the headers of the answer, its length included, and nothing else."""
    answer = transport.send("HEAD", JOBS + "steady")
    assert (answer.body, answer.headers["content-type"]) == (b"", "application/json")
    assert int(answer.headers["content-length"]) > 0


@pytest.mark.parametrize(
    "path", [JOBS + "steady/", "//v1/external/retrain_jobs/steady", JOBS.rstrip("/")]
)
def test_no_path_is_redirected(transport, path):
    """A path that comes near is explained, and named, not redirected."""
    if transport.wire(path) != path:
        pytest.skip("this release of requests tidies the path")
    answer = transport.send("GET", path)
    assert (answer.status, "location" in answer.headers) == (404, False)
    assert JOBS in json.loads(answer.body)["nearest"]


def test_a_placeholder_left_in_is_told(transport):
    """The manual's own placeholder gets the documented error, and a note in the journal."""
    assert b"Not found retrain job." in transport.send("GET", JOBS + "{retrain_job_id}").body
    (entry,) = transport.engine.journal
    assert any("placeholder" in note for note in entry.notes)


@pytest.mark.parametrize("target", [JOBS + "steady?a=1", JOBS + "steady?"])
def test_a_query_string_is_ignored_and_noted(transport, target):
    """A query changes nothing in the answer; the journal says that the API documents none."""
    assert transport.send("GET", target).status == 200
    (entry,) = transport.engine.journal
    assert (len(entry.notes) == 1) == ("a=1" in target)


@pytest.mark.parametrize("body", [b"{}", b"x" * 1_000_000])
def test_a_body_is_ignored_and_noted(transport, body):
    """A body changes nothing in the answer; the journal says that the API documents none."""
    assert transport.send("GET", JOBS + "steady", body=body).status == 200
    (entry,) = transport.engine.journal
    assert "has a body; the API documents none" in entry.notes


def test_a_large_body_to_a_path_that_is_nothing_is_not_waited_for(transport):
    """What the Flask app answers under the server does not hang over a body that nobody reads."""
    answer = transport.send("POST", "/nothing", body=b"x" * 3_000_000)
    assert answer.status == 404


@pytest.mark.parametrize("other", ["demo-key", "nobody", ""])
def test_two_keys_are_no_key(transport, other):
    """Two x-api-key headers, even the same twice, are a key that is not known; and noted."""
    answer = transport.send("GET", JOBS + "steady", (KEY, ("x-api-key", other)))
    assert b"Not_found_credential." in answer.body
    (entry,) = transport.engine.journal
    assert "has more than one x-api-key" in entry.notes


@pytest.mark.parametrize("size", [1_001, 64 * 1024, 1024 * 1024])
def test_a_huge_key_is_a_key_that_is_not_known(transport, size):
    """Up to a megabyte a key is read, and answered like any unknown one."""
    answer = transport.send("GET", JOBS + "steady", (("x-api-key", "k" * size),))
    assert (answer.status, b"Not_found_credential." in answer.body) == (400, True)


def test_a_huge_header_that_is_none_of_ours_is_no_trouble(transport):
    """A megabyte of cookie does not keep the job from being answered."""
    assert (
        transport.send("GET", JOBS + "steady", (KEY, ("Cookie", "c" * 1024 * 1024))).status == 200
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "host", ["evil.example", "a b", "<script>", "h" * 5000, "[::1", "x:99999999", "日本", "a/b?c#d"]
)
def test_a_hostile_host_header_changes_no_answer(transport, host):
    """Whatever Host says, the answer is the usual one; paths that are nothing included."""
    assert transport.send("GET", JOBS + "steady", host=host).status == 200
    assert transport.send("GET", "/nothing", host=host).status == 404


@pytest.mark.parametrize("host", ["<script>", "a b", "x:99999999", "a/b?c#d", "user@evil"])
def test_a_host_header_that_is_no_host_reaches_no_url(transport, host):
    """download_url is built on the server's own address instead."""
    url = json.loads(transport.send("GET", JOBS + "done", host=host).body)["download_url"]
    assert host not in url
    assert url.endswith("/done/1/result.zip")


def test_an_unknown_path_is_noted_as_unexpected(transport):
    """Requests that are not imitated are in the journal, marked, so that a test can complain."""
    transport.send("GET", "/x")
    transport.send("POST", JOBS + "steady/update_model")
    assert [(entry.method, entry.path, entry.unexpected) for entry in transport.engine.journal] == [
        ("GET", "/x", True),
        ("POST", JOBS + "steady/update_model", True),
    ]


def test_a_sibling_of_the_endpoint_is_called_by_its_name(transport):
    """The calls beside the retrain sequence are said to exist, and not to be imitated."""
    answer = transport.send("GET", "/v1/external/models")
    assert "Train API: models" in json.loads(answer.body)["message"]
    assert HOST not in answer.body.decode()


@pytest.mark.parametrize("header", ["Authorization", "Cookie", "X-Token"])
def test_a_key_in_another_header_of_a_link_is_noted(transport, header):
    """Every transport hands over all headers."""
    answer = transport.send("GET", JOBS + "done")
    path = json.loads(answer.body)["download_url"].removeprefix(f"http://{HOST}")
    transport.send("GET", path, ((header, f"a demo-key; b={KEY[1]}"),))
    notes = next(reversed(list(transport.engine.journal))).notes
    assert notes[0].startswith(f"carries a key in its header {header.lower()}, ")


def test_a_file_that_is_sent_as_a_form_is_noted(transport):
    """By its Content-Type, at once."""
    answer = transport.send("GET", JOBS + "upload_url?filename=a.csv")
    path = json.loads(answer.body)["upload_url"].removeprefix(f"http://{HOST}")
    form = b'--x\r\nContent-Disposition: form-data; name="f"\r\n\r\na\r\n--x--\r\n'
    kind = ("Content-Type", "Multipart/form-data; boundary=x")
    assert transport.send("PUT", path, (kind,), form).status == 200
    notes = next(reversed(list(transport.engine.journal))).notes
    assert "multipart form" in notes[0]
