"""The URL of a store: what it may have, what is said where it cannot be, and never a secret."""

import pytest
import trustme

from mock_p1.server.store_url import CannotShareState, understood

SECRET = "topsecret"


def refusal(url):
    """Return why a URL is none of a store's."""
    with pytest.raises(CannotShareState) as refused:
        understood(url)
    assert refused.value.__suppress_context__ or refused.value.__context__ is None
    return str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        *("topsecret", "topsecret@h", ":topsecret@h", "redis:topsecret@h", "reddis://:topsecret@h"),
        *(
            "topsecret://h",
            "redis://:top/secret@h",
            "redis://:top?secret@h",
            "redis://:top#secret@h",
        ),
        *(
            "redis://:topsecret#@h",
            "redis://:topsecret@h#",
            "redis://:topsecret/",
            "redis://:topsecret",
        ),
        *(
            "redis://h:topsecret",
            "redis://h:1:topsecret",
            "redis://:topsecret@",
            "redis://:topsecret@:1",
        ),
        *("redis://:topsecret@[::1", "redis://:[topsecret@h", "redis://\uff1atopsecret@h"),
        *(
            "redis://h/topsecret",
            "redis://h?topsecret",
            "redis://h?topsecret@",
            "redis://:@topsecret@",
        ),
        *(
            "redis://h?password=a&topsecret=b",
            "redis://h?password=a&topsecret",
            "redis://h?db=topsecret",
        ),
        *(
            "redis://h?ssl_password=topsecret",
            "redis://h?pass_word=topsecret",
            "unix://topsecret/s",
        ),
        *("unix://:topsecret@", "unix://:top/secret@/s", "redis://h?username=topsecret&foo=1"),
        *("unix:///:topsecret@/s", "unix:///topsecret@/s"),
        *(
            "redis://topsecret@h?foo=1",
            "redis://topsecret:@h?foo=1",
            "redis://topsecret:topsecret@h/x",
        ),
    ],
)
def test_a_mistake_shows_no_password(url):
    """Not even a half of one; of a URL that is not understood nothing but how it begins."""
    text = refusal(url)
    for part in (SECRET, "top", "secret"):
        assert part not in text


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://h:1/2", "redis://h:1/2"),
        ("redis://:topsecret@h", "redis://:…@h"),
        ("redis://topsecret@h", "redis://…@h"),
        ("redis://topsecret:@h", "redis://…@h"),
        ("redis://me:top@secret@h", "redis://…:…@h"),
        ("valkey://h?password=topsecret&db=1", "valkey://h?password=…&db=1"),
        ("redis://h?username=topsecret", "redis://h?username=…"),
        ("unix://:topsecret@/run/s?db=1", "unix://:…@/run/s?db=1"),
        ("rediss://h?ssl_password=topsecret", "rediss://h?ssl_password=…"),
        (" redis://[::1]:6379 \n", "redis://[::1]:6379"),
    ],
)
def test_what_is_shown_of_a_url(url, shown):
    """All but what is, or may be meant as, a secret."""
    assert understood(url).shown == shown


@pytest.mark.parametrize(
    "url",
    ["redis://:top/secret@h", "redis://:top#secret@h", "redis://h:port", "redis://top/secret@h"],
)
def test_a_url_that_was_torn_apart(url):
    """How it is written is said, and how the signs of a password are."""
    assert refusal(url) == (
        "redis://…: cannot be understood; it is redis://:PASSWORD@HOST:PORT/DATABASE, the port is "
        "a number, and in a password / ? # @ [ ] & % are written %2F %3F %23 %40 %5B %5D %26 %25"
    )


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://h", "…: no URL of a store; one begins with redis://, rediss://, unix://"),
        (
            "redis://:secret@",
            "redis://…: names no host; a password stands between a colon and an @",
        ),
        ("unix://run/s", "unix://…: names no socket; its path begins with a slash"),
        ("redis://h/abc", "what follows the host must be the number of a database"),
        ("redis://h?db=abc", "redis://h: db in its query must be the number of a database"),
        ("redis://h?protocol=9", "redis://h: protocol in its query must be one of 2, 3"),
        ("redis://h?client_name=", "redis://h: client_name in its query has no value"),
        ("rediss://h?ssl_cert_reqs=x", "ssl_cert_reqs in its query must be one of none, optional"),
        ("redis://h?ssl_ca_certs=x", "ssl_ca_certs is for rediss:// and valkeys:// alone"),
    ],
)
def test_a_url_that_cannot_be(url, told):
    """It is said what is wrong, and what is possible."""
    assert told in refusal(url)


@pytest.mark.parametrize(
    "name",
    [
        *("foo", "decode_responses", "encoding", "connection_class", "socket_timeout"),
        *("socket_connect_timeout", "timeout", "retry_on_timeout", "retry", "max_connections"),
        *("single_connection_client", "host", "legacy_responses", "health_check_interval"),
    ],
)
def test_an_option_that_is_not_the_users(name):
    """What there is none of, and what the mock sets itself; it is named, and what there is."""
    assert refusal(f"redis://h?{name}=1") == (
        f"redis://h: its query has '{name}', which is none of its options, or one the mock "
        "sets itself; it may have db, username, password, client_name, protocol; in a value & is "
        "written %26"
    )


@pytest.mark.parametrize("name", ["ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_keyfile"])
def test_a_file_that_is_not_there(name):
    """It is named, and for what it was to be."""
    told = f"rediss://h: {name} /no/file.pem: "
    assert refusal(f"rediss://h?{name}=/no/file.pem").startswith(told)


@pytest.mark.parametrize("name", ["ssl_ca_certs", "ssl_certfile"])
def test_a_file_without_certificates(tmp_path, name):
    """It is named."""
    (tmp_path / "a.pem").write_text("nothing", encoding="utf-8")
    url = f"rediss://h?{name}={tmp_path / 'a.pem'}"
    assert f"{name} {tmp_path / 'a.pem'}: " in refusal(url)


def test_files_that_can_be_used(tmp_path):
    """Nothing is said of them."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    own = authority.issue_cert("me.example")
    own.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    own.private_key_pem.write_to_path(tmp_path / "key.pem")
    url = f"rediss://h?ssl_ca_certs={tmp_path / 'ca.pem'}&ssl_ca_path={tmp_path}"
    url += f"&ssl_certfile={tmp_path / 'cert.pem'}&ssl_keyfile={tmp_path / 'key.pem'}"
    assert understood(url).shown == url
