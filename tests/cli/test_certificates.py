"""TLS for local use: an authority made once, certificates for loopback and the documented hosts."""

import socket
import ssl
import stat
import sys
import threading

import pytest

from mock_p1.cli.tls import (
    API_NAMES,
    CERTIFICATE,
    KEY,
    CannotSecure,
    context_from,
    how_to_trust,
    local_context,
)


def shake_hands(server: ssl.SSLContext, authority, name: str) -> None:
    """Complete a TLS handshake over a socket pair, as a client that trusts ``authority`` alone."""
    ours, theirs = socket.socketpair()
    client = ssl.create_default_context(cafile=str(authority))

    def answer() -> None:
        try:
            with server.wrap_socket(theirs, server_side=True) as secured:
                secured.recv(1)
        except OSError:
            theirs.close()

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        with client.wrap_socket(ours, server_hostname=name) as secured:
            secured.send(b"x")
    finally:
        ours.close()
        thread.join(5)


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1", *API_NAMES])
def test_a_client_that_trusts_the_authority_accepts_every_name(tmp_path, name):
    """Loopback and both documented hosts are vouched for."""
    context, authority = local_context(tmp_path)
    shake_hands(context, authority, name)


def test_another_host_is_not_vouched_for(tmp_path):
    """The authority's certificate is of no use for anybody else's name."""
    context, authority = local_context(tmp_path)
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(context, authority, "example.com")


def test_the_authority_is_made_once(tmp_path):
    """A client that trusted the first start trusts the second."""
    _, authority = local_context(tmp_path)
    before = authority.read_bytes()
    context, again = local_context(tmp_path)
    assert again.read_bytes() == before
    shake_hands(context, authority, "localhost")


@pytest.mark.skipif(
    sys.platform == "win32",
    reason="Windows has no permission bits; the user's folder is private there",
)
def test_the_authoritys_key_is_for_its_owner_alone(tmp_path):
    """Nobody else on the machine can make certificates that the user's clients trust."""
    local_context(tmp_path)
    assert stat.S_IMODE((tmp_path / KEY).stat().st_mode) == 0o600


def test_a_broken_authority_is_named_with_the_way_out(tmp_path):
    """A damaged file leads to words, not to a traceback."""
    (tmp_path / CERTIFICATE).write_text("not PEM", encoding="utf-8")
    (tmp_path / KEY).write_text("not PEM", encoding="utf-8")
    with pytest.raises(CannotSecure, match="delete the folder to begin anew"):
        local_context(tmp_path)


def test_files_that_are_no_certificate_are_named(tmp_path):
    """--tls-cert and --tls-key say which files cannot be used, and what they should be."""
    with pytest.raises(
        CannotSecure, match=r"nothing\.pem and .*nothing\.key cannot be used for TLS.*PEM"
    ):
        context_from(tmp_path / "nothing.pem", tmp_path / "nothing.key")


def test_certificate_files_of_ones_own_are_used(tmp_path):
    """A chain and key in PEM files make a server's context."""
    import trustme  # noqa: PLC0415 -- only here

    authority = trustme.CA()
    leaf = authority.issue_cert("localhost")
    (tmp_path / "chain.pem").write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
    (tmp_path / "key.pem").write_bytes(leaf.private_key_pem.bytes())
    (tmp_path / "ca.pem").write_bytes(authority.cert_pem.bytes())
    shake_hands(
        context_from(tmp_path / "chain.pem", tmp_path / "key.pem"), tmp_path / "ca.pem", "localhost"
    )


def test_the_user_is_told_how_a_client_trusts_it(tmp_path):
    """For each kind of client the variable or flag, and the hosts line for a hard-coded URL."""
    text = "\n".join(how_to_trust(tmp_path / CERTIFICATE, 8191))
    for part in (
        "REQUESTS_CA_BUNDLE=",
        "NODE_EXTRA_CA_CERTS=",
        "--cacert",
        f"127.0.0.1 {API_NAMES[0]}",
        "--port 443",
    ):
        assert part in text
