"""TLS for local use: an authority made once, certificates for loopback and the documented hosts."""

import socket
import ssl
import stat
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath

import click
import pytest
from cryptography import x509

from mock_p1.cli import local_authority
from mock_p1.cli.local_authority import local_context
from mock_p1.cli.tls import (
    API_NAMES,
    CERTIFICATE,
    KEY,
    CannotSecure,
    context_from,
    data_folder,
    how_to_trust,
)

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no permission bits")


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
    context, authority, _ = local_context(tmp_path)
    shake_hands(context, authority, name)


def test_another_host_is_not_vouched_for(tmp_path):
    """The authority's certificate is of no use for anybody else's name."""
    context, authority, _ = local_context(tmp_path)
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(context, authority, "example.com")


def test_the_authority_is_made_once(tmp_path):
    """A client that trusted the first start trusts the second."""
    _, authority, _ = local_context(tmp_path)
    before = authority.read_bytes()
    context, again, _ = local_context(tmp_path)
    assert again.read_bytes() == before
    shake_hands(context, authority, "localhost")


@pytest.mark.parametrize(
    "name", ["mock-p1", "mock-p1.test.svc.cluster.local", "*.example.org", "192.0.2.7", "[fd00::1]"]
)
def test_further_names_that_it_is_made_for(tmp_path, name):
    """--tls-host adds names of compose and clusters, and addresses."""
    context, authority, _ = local_context(tmp_path, names=[name])
    shake_hands(context, authority, name.replace("*", "www").strip("[]"))


@pytest.mark.parametrize("name", ["10.1.2.3", "172.18.0.2", "192.168.1.1", "fd00::5", "127.0.0.9"])
def test_private_addresses_need_no_new_authority(tmp_path, name):
    """It may sign them from the beginning."""
    local_context(tmp_path)
    context, authority, state = local_context(tmp_path, names=[name])
    shake_hands(context, authority, name)
    assert not state.startswith("new")


def test_a_name_it_may_not_sign_is_refused_with_the_line_that_helps(tmp_path):
    """What the old one may sign is in that line too, and the line works."""
    local_context(tmp_path, names=["old.test"])
    with pytest.raises(CannotSecure, match=r"may not sign new\.test") as refused:
        local_context(tmp_path, names=["new.test"])
    line = str(refused.value).rpartition("mock-p1 serve --tls --tls-dir ")[2]
    assert line == f'"{tmp_path / "2"}" --tls-host new.test --tls-host old.test'
    context, authority, _ = local_context(tmp_path / "2", names=["new.test", "old.test"])
    shake_hands(context, authority, "new.test")


def test_clients_refuse_what_its_key_signs_beyond_that(tmp_path, monkeypatch):
    """The limits stand in the authority itself: whoever takes its key gains no other site."""
    local_context(tmp_path)
    monkeypatch.setattr(local_authority, "_may_sign", lambda *_: True)
    context, authority, _ = local_context(tmp_path, names=["bank.example.com"])
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree"):
        shake_hands(context, authority, "bank.example.com")


def test_an_authority_without_limits_is_not_used(tmp_path):
    """As one made by another program: its key could sign any site."""
    import trustme  # noqa: PLC0415 -- only here

    other = trustme.CA()
    (tmp_path / CERTIFICATE).write_bytes(other.cert_pem.bytes())
    (tmp_path / KEY).write_bytes(other.private_key_pem.bytes())
    with pytest.raises(CannotSecure, match="may not sign localhost"):
        local_context(tmp_path)


def test_it_lives_for_two_years(tmp_path):
    """Whoever forgets it, does not trust it for ever."""
    _, authority, _ = local_context(tmp_path)
    end = x509.load_pem_x509_certificate(authority.read_bytes()).not_valid_after_utc
    assert timedelta(0) <= datetime.now(UTC) + timedelta(days=730) - end < timedelta(minutes=5)


def test_after_its_end_it_is_renewed_and_the_old_one_kept(tmp_path, monkeypatch):
    """What it may sign stays."""
    monkeypatch.setattr(local_authority, "AUTHORITY_LIFE", timedelta(seconds=-5))
    monkeypatch.setattr(local_authority, "_server_pair", lambda *_: b"")
    with pytest.raises(CannotSecure):  # an ended one serves nobody
        local_context(tmp_path, names=["old.test"])
    monkeypatch.undo()
    old = (tmp_path / CERTIFICATE).read_bytes()
    context, authority, state = local_context(tmp_path)
    assert state.startswith("renewed, until ")
    assert [file.read_bytes() for file in tmp_path.glob("authority-until-*.pem")] == [old]
    shake_hands(context, authority, "localhost")
    local_context(tmp_path, names=["old.test"])


def test_the_start_that_makes_it_says_so(tmp_path):
    """And every start says when it ends."""
    first, second = (local_context(tmp_path).state for _ in range(2))
    assert first == f"new, {second}"
    assert second.startswith("until ")


def test_servers_that_make_it_at_once_serve_right_certificates(tmp_path):
    """Eight of them, in a folder that is not there yet; one alone has made the authority."""
    made, begin = [], threading.Barrier(8)

    def start() -> None:
        begin.wait()
        made.append(local_context(tmp_path / "new"))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8
    for context, authority, _ in made:
        shake_hands(context, authority, "localhost")
    assert sum(each.state.startswith("new") for each in made) == 1
    assert {file.name for file in (tmp_path / "new").iterdir()} == {CERTIFICATE, KEY}


def test_a_pair_that_does_not_match_is_noticed(tmp_path):
    """At the start, not at a client's first call."""
    local_context(tmp_path / "a")
    local_context(tmp_path / "b")
    (tmp_path / "a" / KEY).replace(tmp_path / "b" / KEY)
    with pytest.raises(CannotSecure, match="do not belong together; delete"):
        local_context(tmp_path / "b")


@pytest.mark.parametrize("name", ["", "a b", "-", "a..b", "x" * 300, "https://a", "a:80", "\n"])
def test_names_that_no_certificate_can_hold(tmp_path, name):
    """They are named; nothing is made."""
    with pytest.raises(CannotSecure, match="no certificate can hold the name"):
        local_context(tmp_path, names=[name])
    assert not [*tmp_path.iterdir()]


@POSIX
def test_a_folder_that_we_make_is_for_its_owner_alone(tmp_path):
    """And so is the user's own, made by an older version."""
    local_context(tmp_path / "new")
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


@pytest.mark.skipif(sys.platform != "linux", reason="the variables of Linux desktops")
@pytest.mark.parametrize("config", ["", "relative", None])
def test_an_empty_or_relative_folder_for_settings_is_none(tmp_path, monkeypatch, config):
    """As the specification of these variables has it; the home's own is taken."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    if config is not None:
        monkeypatch.setenv("XDG_CONFIG_HOME", config)
    assert data_folder() == tmp_path / "home" / ".config" / "mock-p1"


@pytest.mark.skipif(sys.platform != "linux", reason="users without a home, as containers have")
def test_nobody_without_a_home_gets_a_folder_of_that_name(tmp_path, monkeypatch):
    """No folder called ~, no folder in the working directory: a word that says what to give."""
    import pwd  # noqa: PLC0415 -- only here

    def nobody(_: int) -> None:
        raise KeyError

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    with pytest.raises(CannotSecure, match="--tls-dir"):
        data_folder()


@pytest.mark.skipif(sys.platform != "linux", reason="the variables of Linux desktops")
def test_an_empty_home_is_none(monkeypatch):
    """It is not the root, in which root could make a folder."""
    monkeypatch.setenv("HOME", "")
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    with pytest.raises(CannotSecure, match="--tls-dir"):
        data_folder()


@POSIX
def test_the_authoritys_key_is_for_its_owner_alone(tmp_path):
    """Nobody else on the machine can make certificates that the user's clients trust."""
    local_context(tmp_path)
    assert stat.S_IMODE((tmp_path / KEY).stat().st_mode) == 0o600


@POSIX
def test_a_key_that_everybody_could_read_is_hidden(tmp_path):
    """As a copy of the folder may have made it."""
    local_context(tmp_path)
    (tmp_path / KEY).chmod(0o644)
    local_context(tmp_path)
    assert stat.S_IMODE((tmp_path / KEY).stat().st_mode) == 0o600


def test_the_first_key_stays_on_a_file_system_without_links_too(tmp_path, monkeypatch):
    """Another server has signed with it already."""

    def no_link(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr("os.link", no_link)
    write = local_authority._write_first  # noqa: SLF001 -- what two servers at once come to
    first, second = (write(tmp_path / KEY, each, 0o600) for each in (b"1", b"2"))
    assert (first, second) == (True, False)
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [(KEY, b"1")]


def test_a_broken_authority_is_named_with_the_way_out(tmp_path):
    """A damaged file leads to words, not to a traceback."""
    (tmp_path / CERTIFICATE).write_text("not PEM", encoding="utf-8")
    (tmp_path / KEY).write_text("not PEM", encoding="utf-8")
    with pytest.raises(CannotSecure, match=r"delete .* to begin anew"):
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


FILE = "/a folder/authority.pem"
TO_TRUST = {
    "linux": f"""
  requests export REQUESTS_CA_BUNDLE="{FILE}"
  urllib   export SSL_CERT_FILE="{FILE}"
  httpx    export SSL_CERT_FILE="{FILE}"
  Node     export NODE_EXTRA_CA_CERTS="{FILE}"
  curl     curl --cacert "{FILE}"
""",
    "darwin": f"""
  browsers security add-trusted-cert -r trustRoot -k ~/Library/Keychains/login.keychain-db "{FILE}"
""",
    "win32": f"""
  requests set "REQUESTS_CA_BUNDLE={FILE}"
           $env:REQUESTS_CA_BUNDLE = "{FILE}"   (PowerShell)
  Node     set "NODE_EXTRA_CA_CERTS={FILE}"
           $env:NODE_EXTRA_CA_CERTS = "{FILE}"   (PowerShell)
  curl     curl.exe --ssl-no-revoke --cacert "{FILE}"
  browsers certutil -user -addstore Root "{FILE}"
""",
}


@pytest.mark.parametrize("platform", TO_TRUST)
def test_the_user_is_told_how_a_client_trusts_it(platform, monkeypatch):
    """For each kind of client a line that his shell takes, and one for a hard-coded URL."""
    monkeypatch.setattr(sys, "platform", platform)
    lines = how_to_trust(PurePosixPath(FILE), "new", 8191)
    assert set(TO_TRUST[platform].strip("\n").splitlines()) <= set(lines)
    text = "\n".join(lines)
    assert f'-storepass changeit -file "{FILE}"' in text
    assert f"127.0.0.1 {API_NAMES[0]}" in text
    assert "--port 443" in text


@pytest.mark.posix  # Windows makes no links for everybody
def test_the_file_is_told_as_all_programs_find_it(tmp_path):
    """Python of Microsoft's Store has a folder of its own behind the user's."""
    (tmp_path / "real").mkdir()
    (tmp_path / "named").symlink_to(tmp_path / "real", target_is_directory=True)
    assert local_context(tmp_path / "named").authority == tmp_path / "real" / CERTIFICATE


def test_the_folder_is_in_no_roaming_profile(monkeypatch):
    """Windows would copy the authority's key to other machines."""
    asked = {}
    monkeypatch.setattr(click, "get_app_dir", lambda *_, **options: asked.update(options) or "/a")
    data_folder()
    assert asked == {"roaming": False}
