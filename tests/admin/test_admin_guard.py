"""Who may use the control API: local tools, no web page, or whoever has the token."""

import pytest
from helpers.admin_client import Controls

from mock_p1.admin.access import AccessPolicy, is_loopback

READ, CHANGE = ("GET", "/jobs"), ("POST", "/reset")


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:8191",
        "LocalHost:1",
        "127.0.0.1",
        "127.0.0.1:8191",
        "127.9.8.7",
        "[::1]",
        "[::1]:80",
        "localhost.",
    ],
)
def test_this_machine_may_be_asked_by_its_own_names(controls, host):
    """Loopback in every way it is written."""
    controls.do(*CHANGE, headers={"Host": host})


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8191",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "192.168.0.7",
        "0.0.0.0",  # noqa: S104 -- compared, not bound
        "[::]",
        "::1",
        "127.1",
        "2130706433",
        "user@localhost",
        "localhost:8191:1",
        "evil.example/localhost",
        "",
        "localhost,evil.example",
    ],
)
def test_a_foreign_host_is_refused(controls, host):
    """That is how DNS rebinding shows: a page's own name, made to lead here."""
    reads = ("/events", "/", "/static/dashboard.js", "/nothing")
    for call in (READ, CHANGE, *(("GET", path) for path in reads)):
        assert controls.refused(403, *call, headers={"Host": host})["error"] == "MOCK_P1_FORBIDDEN"


def test_further_names_can_be_given(scenario):
    """For those who call this machine by another name."""
    named = Controls(scenario, hosts=["Mock.Internal"])
    named.do(*CHANGE, headers={"Host": "mock.internal:8191"})
    named.refused(403, *CHANGE, headers={"Host": "other.internal"})


@pytest.mark.parametrize(
    "address", ["192.168.0.7", "10.0.0.1", "2001:db8::1", "::ffff:192.168.0.7", ""]
)
def test_a_caller_from_elsewhere_is_refused(controls, address):
    """Whatever Host it claims to ask for."""
    controls.refused(403, *READ, environ_overrides={"REMOTE_ADDR": address})


@pytest.mark.parametrize("address", ["127.0.0.1", "127.3.2.1", "::1", "::ffff:127.0.0.1"])
def test_a_caller_from_here_is_let_in(controls, address):
    """Over IPv4, IPv6, or the one inside the other."""
    controls.get("/jobs", environ_overrides={"REMOTE_ADDR": address})


PROXIES_SEND = [
    "X-Forwarded-For", "Forwarded", "X-Real-IP", "Via", "X-Forwarded-Host", "X-Forwarded-Proto",
    "X-Forwarded-Port", "X-Forwarded-Server", "CF-Connecting-IP", "CF-Ray", "True-Client-IP",
    "X-Client-IP", "Fastly-Client-IP", "X-Envoy-External-Address", "CDN-Loop",
    "X-Forwarded-Scheme", "X-Forwarded-Uri", "X-Forwarded-Anything-Else", "CF-Worker",
    "CloudFront-Viewer-Country", "Fly-Client-IP", "X-Vercel-Id", "X-Azure-FDID", "X-ARR-SSL",
    "X-Original-URL", "X-Rewrite-URL", "Client-IP", "Front-End-Https", "X-Varnish",
]  # fmt: skip


def test_a_call_that_a_proxy_forwarded_is_refused(controls):
    """A proxy on this machine makes the whole world look local."""
    for header in PROXIES_SEND:
        controls.refused(403, *READ, headers={header: "127.0.0.1"})


@pytest.mark.parametrize(
    "header", ["User-Agent", "Traceparent", "X-Request-Id", "Accept", "X-Api-Key", "Cookie"]
)
def test_what_programs_of_this_machine_send_is_let_in(controls, header):
    """None of it says that a proxy stands between."""
    controls.get("/jobs", headers={header: "1"})


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "",
        "http://localhost:3000",
        "http://localhost.evil.example",
        "http://127.0.0.1",
        "file://",
        "http://[",
    ],
)
def test_a_foreign_origin_is_refused(controls, origin):
    """Even one on this machine: it is another page."""
    for call in (READ, CHANGE, ("GET", "/events")):
        controls.refused(403, *call, headers={"Origin": origin})


def test_the_pages_own_origin_is_let_in(controls):
    """Scheme and port as in the Host."""
    controls.do(*CHANGE, headers={"Origin": "http://localhost:8191", "Host": "localhost:8191"})
    controls.do(*CHANGE, headers={"Origin": "https://LOCALHOST", "Host": "localhost"})


@pytest.mark.parametrize("site", ["cross-site", "same-site", "odd"])
@pytest.mark.parametrize(
    "call", [READ, CHANGE, ("GET", "/events"), ("GET", "/static/dashboard.js")]
)
def test_what_a_browser_sends_for_another_site_is_refused(controls, site, call):
    """Also where it hides the origin."""
    controls.refused(403, *call, headers={"Sec-Fetch-Site": site})


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_what_a_browser_sends_for_the_page_or_the_person_is_let_in(controls, site):
    """The dashboard's own calls, and an address typed by hand."""
    controls.do(*CHANGE, headers={"Sec-Fetch-Site": site})


def test_a_link_from_elsewhere_leads_to_the_page(controls):
    """Following it changes nothing, and the other page reads nothing."""
    followed = {
        "Sec-Fetch-Site": "cross-site",
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Dest": "document",
    }
    assert controls.call("GET", "/", headers=followed).status_code == 200
    controls.refused(403, *CHANGE, headers=followed)
    controls.refused(403, "GET", "/", headers={**followed, "Sec-Fetch-Dest": "iframe"})


def test_health_is_open_to_all(controls, locked):
    """Containers ask for it, from wherever."""
    for mock in (controls, locked):
        elsewhere = {"Host": "mock.example", "Origin": "http://evil.example"}
        assert (
            mock.get("/health", headers=elsewhere, environ_overrides={"REMOTE_ADDR": "10.0.0.1"})[
                "status"
            ]
            == "ok"
        )


def test_the_imitated_api_is_open_to_all(controls, locked):
    """The guard stands before the controls alone."""
    for mock in (controls, locked):
        headers = {
            "x-api-key": "demo-key",
            "Host": "developer-api.predictionone.sony.biz",
            "Origin": "http://a.example",
        }
        reply = mock.client.get("/v1/external/retrain_jobs/slow", headers=headers)
        assert reply.status_code == 200


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        "Bearer",
        "Bearer wrong",
        "Basic b3Blbi1zZXNhbWU=",
        "open-sesame",
        "Bearer open-sesam",
        "Bearer é",
    ],
)
def test_without_the_right_token_nothing_is_done_or_told(locked, given):
    """Not even which paths there are."""
    headers = {} if given is None else {"Authorization": given}
    reads = ("/events", "/nothing", "/openapi.json")
    for call in (READ, CHANGE, ("PATCH", "/jobs"), *(("GET", path) for path in reads)):
        assert locked.refused(401, *call, headers=headers)["error"] == "MOCK_P1_UNAUTHORIZED"
        answer = locked.call(*call, headers=headers)
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="mock-p1"'


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_the_token_opens_everything_from_anywhere(locked, scheme):
    """It decides alone: no page of another origin can send it."""
    headers = {"Authorization": f"{scheme} open-sesame", "Host": "mock.example"}
    locked.do(*CHANGE, headers=headers, environ_overrides={"REMOTE_ADDR": "10.0.0.1"})


def test_the_page_itself_needs_no_token(locked):
    """It asks for it; there are no secrets in it."""
    for path in ("/", "/static/dashboard.js"):
        assert (
            locked.call("GET", path, environ_overrides={"REMOTE_ADDR": "10.0.0.1"}).status_code
            == 200
        )


@pytest.mark.parametrize("token", ["", " ", "two words", "schlüssel", "x" * 501, "a\nb"])
def test_a_token_nobody_can_send_is_refused_at_once(token):
    """When the mock is made, not when it is used."""
    with pytest.raises(ValueError, match="visible ASCII"):
        AccessPolicy(token)


@pytest.mark.parametrize(
    "name", ["", "evil.example", "127.0.0.1.evil.example", "1.2.3.4", "::", "fe80::1"]
)
def test_only_addresses_of_loopback_are_loopback(name):
    """Other names than localhost are not."""
    assert not is_loopback(name)
