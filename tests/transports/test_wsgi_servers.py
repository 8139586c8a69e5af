"""The Flask app under an ordinary WSGI server, below a prefix, and behind another host name."""

import json
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
import requests
from helpers.transport_clients import CUT_SHORT, JOBS, KEY, LiveTransport
from helpers.wsgi_server import under_waitress
from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from mock_p1 import create_app
from mock_p1.base.clock import VirtualClock
from mock_p1.engine.driver import Driver
from mock_p1.engine.engine import Engine
from mock_p1.scenario.parser import parse
from mock_p1.server.app import create_app_for

HEADERS = dict([KEY])


@contextmanager
def waitress(app):
    """Serve an app with waitress."""
    with under_waitress(app) as port:
        yield LiveTransport(SimpleNamespace(port=port))


@pytest.fixture
def waitress_transport(scenario):
    """The app under waitress."""
    with waitress(create_app(scenario)) as transport:
        yield transport


@pytest.fixture
def prefixed(scenario):
    """The app below /tools/mock p1, beside another."""
    return DispatcherMiddleware(NotFound(), {"/tools/mock p1": create_app(scenario)})


@pytest.mark.slow
@pytest.mark.parametrize(
    "path",
    [
        "steady",
        "nothing",
        "deleted",
        "busy",
        "empty",
        "moved",
        "%E3%82%B8%E3%83%A7%E3%83%96",
        "steady%2F",
        "%73teady",
        "a%20b+c",
        "{id}",
        "%FF",
        "steady/",
        "..",
        "steady?a=b",
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PURGE"])
def test_waitress_answers_as_the_test_client_does(
    waitress_transport, flask_transport, method, path
):
    """The same bytes: the app does not depend on who serves it."""
    assert waitress_transport.send(method, JOBS + path) == flask_transport.send(method, JOBS + path)


def test_waitress_leaves_an_encoded_slash_in_its_id(waitress_transport):
    """steady%2F is an id that is no job's, not the path of a job with a slash behind it."""
    assert waitress_transport.send("GET", JOBS + "steady%2F").status == 400


def test_waitress_serves_a_job_to_its_end(waitress_transport):
    """Poll, poll, poll; then download without a key."""
    assert (
        json.loads(waitress_transport.send("GET", JOBS + "two-polls").body)["status"]
        == "job_waiting"
    )
    url = json.loads(
        waitress_transport.send(
            "GET", JOBS + "done", host=f"127.0.0.1:{waitress_transport.server.port}"
        ).body
    )
    answer = requests.get(url["download_url"], timeout=5)
    assert answer.content.startswith(b"PK")
    assert answer.headers["Content-Type"] == "application/zip"


def test_below_a_prefix_download_url_leads_to_the_file(prefixed):
    """The prefix is part of the URL, percent-encoded, and is not taken for a part of the path."""
    with waitress(prefixed) as transport:
        base = f"http://127.0.0.1:{transport.server.port}/tools/mock%20p1"
        answer = requests.get(f"{base}{JOBS}done", headers=HEADERS, timeout=5)
        url = answer.json()["download_url"]
        assert url.startswith(f"{base}/results/")
        assert url.endswith("/done/1/result.zip")
        assert requests.get(url, timeout=5).content.startswith(b"PK")


@pytest.mark.parametrize("prefix", ["/tools/mock%20p1", "/tools/mock%20%701"])
def test_below_a_prefix_ids_are_still_decoded_once(prefixed, prefix):
    """However the client spells the prefix."""
    with waitress(prefixed) as transport:
        assert transport.send("GET", f"{prefix}{JOBS}%73teady").status == 200
        assert transport.send("GET", f"{prefix}{JOBS}%2573teady").status == 400
        assert transport.send("GET", f"{prefix}/x").status == 404


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("mock.internal:9000", "http://mock.internal:9000/"),
        ("[2001:db8::1]:80", "http://[2001:db8::1]:80/"),
        ("a_b.example", "http://a_b.example/"),
    ],
)
def test_behind_another_host_name_urls_are_those_the_client_used(
    waitress_transport, host, expected
):
    """Whatever name a proxy or a container gives the mock, download_url can be fetched by it."""
    url = json.loads(waitress_transport.send("GET", JOBS + "done", host=host).body)["download_url"]
    assert url.startswith(expected)


def test_a_server_that_only_decodes_the_path_still_works(scenario):
    """Without REQUEST_URI or RAW_URI the decoded path is taken.

    Only %2F cannot be told from a slash then.
    """
    app = create_app(scenario)

    def without_raw_path(environ, start_response):
        return app(
            {name: environ[name] for name in environ if not name.endswith("_URI")}, start_response
        )

    with waitress(without_raw_path) as transport:
        assert transport.send("GET", JOBS + "%E3%82%B8%E3%83%A7%E3%83%96").status == 200
        assert transport.send("GET", JOBS + "a%20b%2Bc").status == 200
        assert transport.send("GET", JOBS + "steady%2F").status == 404


def test_the_scheme_of_urls_is_the_scheme_of_the_request(scenario):
    """Behind a server that speaks TLS, download_url does too."""
    client = create_app(scenario).test_client()
    answer = client.get(JOBS + "done", headers=HEADERS, base_url="https://mock.example")
    assert answer.get_json()["download_url"].startswith("https://mock.example/results/")


@pytest.mark.parametrize("header", ["Proxy-Authenticate", "upgrade", "Keep-Alive"])
def test_a_header_that_wsgi_forbids_is_left_out(header):
    """WSGI servers answer 500 to an app that sends one.

    The rest of the scenario's answer goes out as it stands.
    """
    reply = f"{{status_code: 407, headers: {{{header}: a, X-Other: b}}, body: c}}"
    with waitress(
        create_app(parse(f"jobs: {{a: {{timeline: [{{reply: {reply}}}]}}}}"))
    ) as transport:
        answer = requests.get(
            f"http://127.0.0.1:{transport.server.port}{JOBS}a", headers=HEADERS, timeout=5
        )
    assert (answer.status_code, answer.text, answer.headers["X-Other"]) == (407, "c", "b")
    assert header not in answer.headers


def test_flasks_own_test_client_is_enough(scenario):
    """The endpoint is a real route of a real Flask app."""
    app = create_app(scenario)
    assert "/v1/external/retrain_jobs/<retrain_job_id>" in {
        rule.rule for rule in app.url_map.iter_rules()
    }
    answer = app.test_client().get(f"{JOBS}steady", headers=HEADERS)
    assert answer.get_json()["metadata"] == {"retrain_job_id": "steady"}


@pytest.mark.parametrize(
    "fault", ["connection_reset", "empty_response", "timeout", "truncated_body"]
)
def test_trouble_under_a_wsgi_server_is_an_answer_that_breaks_off(scenario, fault):
    """A WSGI app does not own the connection.

    The client sees less than was promised, and which fault was meant.
    """
    engine = Engine(scenario, VirtualClock())
    Driver(engine).fail_next(fault)
    with waitress(create_app_for(engine)) as transport, requests.Session() as session:
        url = f"http://127.0.0.1:{transport.server.port}{JOBS}steady"
        with session.get(url, headers=HEADERS, timeout=5, stream=True) as answer:
            assert answer.headers["X-Mock-P1-Fault"] == fault
            with pytest.raises(CUT_SHORT):
                answer.json()
