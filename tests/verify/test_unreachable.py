"""Servers that cannot be reached or are not the API.

Said in words, exit 3, no traceback, no key.
"""

from __future__ import annotations

import socket
import ssl

import pytest
import trustme
from helpers.odd_servers import dripping, hanging, odd, saying, whole
from helpers.right_server import ACTIVE, Right, served

from mock_p1.verify.client import Call, HttpClient

HALF = saying('HTTP/1.1 200 OK\nContent-Type: application/json\nContent-Length: 900\n\n{"status": ')
PAGE = whole("200 OK", "<html><title>Sign in</title></html>")
ODD = {
    "redirects": (
        whole("302 Found", "moved", Location="https://login.example/?token=abc"),
        "redirects to https://login.",
    ),
    "demands a proxy login": (
        whole("407 Proxy Authentication Required", "no"),
        "proxy that demands a login",
    ),
    "answers a page": (
        PAGE,
        "not with JSON; is it the API, is there a proxy or a login page between?",
    ),
    "redirects nowhere": (saying("HTTP/1.1 304 Not Modified\n\n"), "not with JSON"),
    "answers nothing at all": (whole("200 OK", "", "application/json"), "not with JSON"),
    "is overloaded": (
        whole("503 Service Unavailable", "{}", "application/json"),
        "does not answer for now: HTTP 503",
    ),
    "limits the rate": (
        whole("429 Too Many Requests", "{}", "application/json"),
        "does not answer for now: HTTP 429",
    ),
    "closes at once": (
        lambda connection: connection.close(),
        "closed the connection before it answered",
    ),
    "closes halfway": (HALF, "closed the connection before its answer was whole"),
    "is no HTTP": (saying("220 mail.example ESMTP\n"), "not HTTP"),
    "hangs": (hanging, "gave no whole answer within 0.2 s (time-out)"),
    "drips": (dripping, "gave no whole answer within 0.2 s (time-out)"),
}


def _unreached(result, said):
    """Exit 3, the reason in words, and neither a traceback nor the key."""
    assert (result.exit_code, said in result.output) == (3, True), result.output
    assert "Traceback" not in result.output
    assert ACTIVE not in result.output


@pytest.mark.parametrize(("talk", "said"), ODD.values(), ids=ODD)
def test_a_server_that(talk, said, verify):
    """... is told in words with exit status 3."""
    patience = "0.2s" if "(time-out)" in said else "30s"  # a busy machine may take long to answer
    with odd(talk) as host:
        _unreached(verify(f"http://{host}", "--timeout", patience), said)


def test_nobody_listens(verify):
    """A refused connection is told as such."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    _unreached(verify(f"http://127.0.0.1:{port}"), "refused the connection")


def test_no_such_host(verify, monkeypatch):
    """A name that nobody has is told as such."""

    def nobody(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    _unreached(
        verify("http://nobody.example", "--pause", "0"),
        "there is no host of the name nobody.example",
    )


@pytest.mark.parametrize("host", ["a..b", ".b", f"{'x' * 64}.example", "*"])
def test_a_host_that_none_can_be(host, verify):
    """What is no name of a host is told as such, and not by an exception's name."""
    _unreached(verify(f"http://{host}", "--pause", "0"), f"{host} is no name that a host can have")


def test_no_route(verify, monkeypatch):
    """Other troubles of the network are told in the system's own words."""

    def unreachable(*_, **__):
        raise OSError(101, "Network is unreachable")

    monkeypatch.setattr(socket, "create_connection", unreachable)
    monkeypatch.setattr("urllib3.util.connection.create_connection", unreachable)
    _unreached(
        verify("http://192.0.2.1", "--pause", "0"), "could not be reached: network is unreachable"
    )


def test_https_where_http_is_spoken(verify):
    """TLS with a server that has none is told as such."""
    with served(Right()) as url:
        _unreached(verify(url.replace("http:", "https:")), "does the server speak https there?")


def _tls(authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


def test_a_certificate_nobody_vouches_for(verify):
    """A bad certificate is told as such, with what to do about it."""
    with odd(PAGE, _tls(trustme.CA())) as host:
        _unreached(verify(f"https://{host}"), "give the certificate of its authority by --ca-file")


def test_a_certificate_that_is_trusted_by_file(verify, tmp_path):
    """With --ca-file the server is spoken to (and here turns out to be a page)."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with odd(PAGE, _tls(authority)) as host:
        _unreached(
            verify(f"https://{host}", "--ca-file", str(tmp_path / "ca.pem")), "not with JSON"
        )


def test_a_ca_file_that_is_none(verify, tmp_path):
    """A file without a certificate in it is a usage error, and nothing is asked."""
    (tmp_path / "ca.pem").write_text("nothing", encoding="utf-8")
    result = verify("https://127.0.0.1:1", "--ca-file", str(tmp_path / "ca.pem"))

    assert result.exit_code == 2
    assert "ca.pem cannot be used: " in result.output


@pytest.mark.parametrize(
    ("scheme", "said"), [("http", "demands a login"), ("https", "proxy on the way")]
)
def test_a_proxy_that_refuses(scheme, said, verify, monkeypatch):
    """A proxy of the environment that does not let us through is named as the trouble."""
    with odd(whole("407 Proxy Authentication Required", "no")) as host:
        monkeypatch.setenv(f"{scheme.upper()}_PROXY", f"http://{host}")
        _unreached(verify(f"{scheme}://api.example", "--pause", "0"), said)


def test_a_proxy_that_is_none(verify, monkeypatch):
    """A proxy's URL that cannot be used is told as such, and not held against the host."""
    monkeypatch.setenv("HTTP_PROXY", "http://")
    _unreached(
        verify("http://api.example", "--pause", "0"),
        "the environment names no proxy that could be asked",
    )


def test_loopback_needs_no_proxy(verify, monkeypatch):
    """A server on this machine is asked directly, whatever the environment says of proxies."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with served(Right()) as url:
        assert verify(url).exit_code == 0


def test_a_server_that_is_gone_is_not_asked_on_and_on(verify):
    """After three failures in a row no more is asked; what was not reached is exit 3."""
    asked = []

    def once(connection):
        asked.append(1)
        if len(asked) == 1:
            body = '{"status": "job_running", "metadata": {"retrain_job_id": "job-running"}}'
            whole("200 OK", body, "application/json")(connection)

    with odd(once) as host:
        result = verify(f"http://{host}")

    assert (result.exit_code, len(asked)) == (3, 4)
    assert "not reached" in result.output


def test_a_job_that_does_not_exist(verify):
    """The server's own words are handed on, with what is needed: exit 2."""
    with served(Right()) as url:
        result = verify(url, job_id="nobodys-job")

    assert result.exit_code == 2
    assert '--job-id nobodys-job: the server answered "Not found retrain job."' in result.output


def test_a_key_that_does_not_work(verify):
    """Likewise for the key, which is not shown."""
    with served(Right()) as url:
        result = verify(url, api_key="a-key-nobody-knows")

    assert result.exit_code == 2
    assert '--api-key: the server answered "Not_found_credential."' in result.output
    assert "a-key-nobody-knows" not in result.output


def test_a_job_refused_by_a_server_that_misspells_is_a_difference(verify):
    """What refuses the job without being one of the five errors is held against the server.

    Exit 1.
    """
    with odd(whole("403 Forbidden", '{"message": "Forbidden"}', "application/json")) as host:
        result = verify(f"http://{host}")

    assert result.exit_code == 1
    assert "absent in" in result.output


def test_an_answer_that_is_neither_reply_nor_error_lets_the_url_be_doubted(verify):
    """A path that leads elsewhere is no broken contract, though it looks like one.

    The answer is shown, without key.
    """
    with odd(
        whole("404 Not Found", f'{{"detail": "nothing for {ACTIVE}"}}', "application/json")
    ) as host:
        result = verify(f"http://{host}/elsewhere")

    said = (
        'The job was answered by HTTP 404 {"detail": "nothing for 7d1e…"}: '
        "does the URL lead to the API?"
    )
    assert said in result.output


def test_a_url_that_leads_to_the_api_is_not_doubted(verify):
    """Neither where all holds nor where a reply is wrong."""
    with served(Right()) as url:
        assert "does the URL lead to the API" not in verify(url).output


def test_no_connection_is_used_again():
    """A server may close behind its answer without a word, as it was asked to."""
    more = []

    def talk(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        more.append(connection.recv(1))

    client = HttpClient()
    with odd(talk) as host:
        for _ in range(2):
            assert client.send(Call("GET", f"http://{host}/", {}), seconds=5).body == b"{}"

    assert more == [b"", b""]
