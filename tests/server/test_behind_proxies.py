"""URLs in replies, behind proxies, through every way in; and web pages of other origins."""

import json

import pytest
import requests
from helpers.wsgi_server import under_waitress

from mock_p1 import create_app
from mock_p1.base.messages import Reply, Request
from mock_p1.base.proxies import Proxies
from mock_p1.engine.engine import Engine
from mock_p1.scenario.parser import parse
from mock_p1.server.server import Server, ServerThread
from mock_p1.transports.cors import Cors

TEXT = "jobs: {a: {timeline: [{status: job_finished, result: generated}]}}"
POLL = "/v1/external/retrain_jobs/a"
HEADERS = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "gw.example"}
KEY = {"x-api-key": "k"}
OURS = "https://app.example"


def _serving(public_url=None, trusted=(), cors=()):
    proxies = Proxies(public_url, trusted)
    return ServerThread(Server(Engine(parse(TEXT, "s.yaml"), proxies=proxies), cors=cors))


def _links(base, headers):
    """Return what the links begin with, the curl line, and where / leads to."""
    asked = {**headers, **KEY}
    link = requests.get(base + POLL, headers=asked, timeout=10).json()["download_url"]
    upload = f"{base}/v1/external/retrain_jobs/upload_url?filename=a"
    upload_url = requests.get(upload, headers=asked, timeout=10).json()["upload_url"]
    home = requests.get(f"{base}/", headers=headers, timeout=10, allow_redirects=False)
    return [
        link.partition("/results/")[0],
        upload_url.partition("/uploads/")[0],
        home.headers["Location"].partition("/__admin")[0],
    ]


def test_links_begin_as_a_trusted_proxy_was_asked():
    """On the server: the API's and the dashboard's."""
    with _serving(trusted=["127.0.0.0/8"]) as served:
        assert _links(served.server.url, HEADERS) == ["https://gw.example"] * 3


def test_links_begin_so_under_wsgi():
    """Any WSGI server says who asks."""
    app = create_app(TEXT, trusted_proxies=["127.0.0.1"])
    with under_waitress(app, clear_untrusted_proxy_headers=False) as port:
        assert _links(f"http://127.0.0.1:{port}", HEADERS) == ["https://gw.example"] * 3


def test_nobody_is_trusted_by_himself():
    """Without the option the headers mean nothing."""
    with under_waitress(create_app(TEXT), clear_untrusted_proxy_headers=False) as port:
        assert _links(f"http://127.0.0.1:{port}", HEADERS)[:2] == [f"http://127.0.0.1:{port}"] * 2


def test_a_public_url_is_what_all_begins_with():
    """The line for the shell too."""
    with _serving("https://gw.example/p1") as served:
        url = served.server.url
        assert _links(url, {}) == ["https://gw.example/p1"] * 3
        curl = requests.get(f"{url}/__admin/jobs/a", timeout=10).json()["curl"]
        assert f'"https://gw.example/p1{POLL}"' in curl


def _preflight(base, path=POLL, origin=OURS):
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "x-api-key",
    }
    return requests.options(base + path, headers=asked, timeout=10)


def test_a_page_of_a_given_origin_may_call():
    """Its browser asks first, which is no request of the client; then the page reads the answer."""
    with _serving(cors=["https://other.example", OURS]) as served:
        url, engine = served.server.url, served.server.engine
        first = _preflight(url)
        assert first.status_code == 204
        assert first.headers["Access-Control-Allow-Origin"] == OURS
        assert "x-api-key" in first.headers["Access-Control-Allow-Headers"]
        assert {"GET", "PUT"} <= set(first.headers["Access-Control-Allow-Methods"].split(", "))
        assert not list(engine.journal)
        answer = requests.get(url + POLL, headers={**KEY, "Origin": OURS}, timeout=10)
        assert answer.headers["Access-Control-Allow-Origin"] == OURS
        assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]
        refused = requests.get(url + POLL, headers={"Origin": OURS}, timeout=10)
        assert refused.status_code == 400
        assert refused.headers["Access-Control-Allow-Origin"] == OURS


@pytest.mark.parametrize("origin", ["https://evil.example", "https://app.example.evil", "null"])
def test_no_other_page_may(origin):
    """And caches learn that the answer depends on who asks."""
    with _serving(cors=[OURS]) as served:
        for answer in (
            _preflight(served.server.url, origin=origin),
            requests.get(served.server.url + POLL, headers={**KEY, "Origin": origin}, timeout=10),
        ):
            assert "Access-Control-Allow-Origin" not in answer.headers
            assert answer.headers["Vary"] == "Origin"


def test_the_control_api_is_no_pages():
    """However many origins are allowed."""
    with _serving(cors=["*"]) as served:
        url = served.server.url
        assert _preflight(url).headers["Access-Control-Allow-Origin"] == OURS
        for path in ("/__admin/jobs", "/__admin/health", "/__admin/events"):
            assert "Access-Control-Allow-Origin" not in _preflight(url, path).headers
            answer = requests.head(url + path, headers={"Origin": OURS}, timeout=10)
            assert "Access-Control-Allow-Origin" not in answer.headers


def test_without_it_nothing_is_said_of_origins():
    """It is off by default: the browser keeps the answer to itself."""
    with _serving() as served:
        assert _preflight(served.server.url).status_code == 405
        answer = requests.get(served.server.url + POLL, headers={**KEY, "Origin": OURS}, timeout=10)
        assert json.loads(answer.content)["status"] == "job_finished"
        assert {"Access-Control-Allow-Origin", "Vary"}.isdisjoint(answer.headers)


def test_what_is_no_origin():
    """It is refused at the start."""
    with pytest.raises(ValueError, match="is no origin"):
        Server(Engine(parse(TEXT, "s.yaml")), cors=["app.example/page"])


@pytest.mark.parametrize(("origin", "said"), [(OURS, OURS), ("https://other.example", "*")])
def test_what_a_literal_reply_says_of_origins_is_not_said_twice(origin, said):
    """A browser refuses that; to pages of other origins it speaks for itself."""
    reply = Reply(200, (("access-control-allow-origin", "*"),), b"")
    asked = Request("GET", "/", headers=((b"origin", origin.encode()),))
    shown = Cors([OURS]).shown(asked, reply)
    found = [value for name, value in shown.headers if name.lower().endswith("allow-origin")]
    assert found == [said]
