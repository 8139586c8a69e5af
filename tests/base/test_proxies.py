"""What URLs in replies begin with, behind proxies: whose word is believed, and which words are."""

import pytest

from mock_p1.base.proxies import Proxies

DIRECT = "http://127.0.0.1:8191"
TRUSTED = ("10.0.0.0/8", "::1")


def seen(headers, peer="10.0.0.1", direct=DIRECT, trusted=TRUSTED):
    """Return the base URL that a client sees, by headers as they are written."""
    pairs = [line.partition(": ")[::2] for line in headers]
    sent = [(name.lower().encode(), value.encode()) for name, value in pairs]
    return Proxies(trusted=trusted).base_url(direct, peer, sent)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (["X-Forwarded-Proto: https"], "https://127.0.0.1:8191"),
        (["X-Forwarded-Proto: HTTPS", "X-Forwarded-Host: gw.example"], "https://gw.example"),
        (["X-Forwarded-Host: gw.example:8443"], "http://gw.example:8443"),
        (["X-Forwarded-Host: [2001:db8::1]:81"], "http://[2001:db8::1]:81"),
        (
            ["X-Forwarded-Proto: https", "X-Forwarded-Host: gw.example", "X-Forwarded-Port: 443"],
            "https://gw.example",
        ),
        (["X-Forwarded-Host: gw.example", "X-Forwarded-Port: 8443"], "http://gw.example:8443"),
        (["X-Forwarded-Port: 81"], "http://127.0.0.1:81"),
        (["X-Forwarded-Prefix: /p1/"], "http://127.0.0.1:8191/p1"),
        (["Forwarded: for=1.2.3.4;proto=https;host=gw.example"], "https://gw.example"),
        (['Forwarded: Proto=https; Host="gw.example:81"'], "https://gw.example:81"),
        (["Forwarded: proto=https;host=evil.example", "X-Forwarded-Proto: http"], DIRECT),
    ],
)
def test_a_trusted_proxy_is_obeyed(headers, expected):
    """Scheme, host, port and prefix; ``Forwarded``, which a client may have written, goes last."""
    assert seen(headers) == expected


WHOLE = [
    "Forwarded: proto=https;host=evil.example",
    "X-Forwarded-Proto: https",
    "X-Forwarded-Host: evil.example",
    "X-Forwarded-Prefix: /evil",
]


@pytest.mark.parametrize("peer", ["127.0.0.1", "11.0.0.1", "", "::2", "nonsense"])
def test_nobody_else_is(peer):
    """Whoever is no trusted proxy may write what he likes."""
    assert seen(WHOLE, peer=peer) == DIRECT
    assert seen(WHOLE, trusted=()) == DIRECT


@pytest.mark.parametrize("peer", ["10.9.9.9", "::ffff:10.0.0.1", "::1"])
def test_addresses_of_both_families(peer):
    """Also where IPv4 comes in the clothes of IPv6."""
    assert seen(["X-Forwarded-Proto: https"], peer=peer).startswith("https:")


@pytest.mark.parametrize(
    "header",
    [
        "X-Forwarded-Proto: javascript",
        "X-Forwarded-Proto: ",
        "X-Forwarded-Host: evil.example/path",
        "X-Forwarded-Host: user@evil.example",
        "X-Forwarded-Host: a b",
        "X-Forwarded-Port: 0",
        "X-Forwarded-Port: 99999",
        "X-Forwarded-Host: evil.example:65536",
        "Forwarded: host=evil.example:0",
        "Forwarded: host=evil.example;by=" + "a" * 512,
        "X-Forwarded-Port: ٣",
        "X-Forwarded-Port: -1",
        "X-Forwarded-Prefix: //evil.example",
        "X-Forwarded-Prefix: /a/../b",
        "X-Forwarded-Prefix: /a/%2e%2E/b",
        "X-Forwarded-Prefix: p1",
        "X-Forwarded-Prefix: /a?b",
        "X-Forwarded-Host: " + "a" * 5000,
        "Forwarded: proto=ftp;host=a/b",
        'Forwarded: host="unclosed',
    ],
)
def test_what_is_no_part_of_a_url_is_ignored(header):
    """So that no reply holds a link that leads anywhere odd."""
    assert seen([header]) == DIRECT


@pytest.mark.parametrize(
    "headers",
    [
        ["X-Forwarded-Host: forged.example, gw.example", "X-Forwarded-For: 6.6.6.6, 1.2.3.4"],
        ["X-Forwarded-Host: forged.example, gw.example"],
        ["Forwarded: host=forged.example", "Forwarded: for=1.2.3.4;host=gw.example"],
        ['Forwarded: for="a,b";host=forged.example, for=1.2.3.4;host=gw.example'],
    ],
)
def test_what_a_client_forged_stands_before_the_proxys_word(headers):
    """The last element is the nearest proxy's."""
    assert seen(headers) == "http://gw.example"


@pytest.mark.parametrize(
    "headers",
    [
        [
            "X-Forwarded-For: 6.6.6.6, 1.2.3.4, 10.0.0.7",
            "X-Forwarded-Host: forged.example, gw.example, inner",
            "X-Forwarded-Proto: https, http",
        ],
        [
            "X-Forwarded-For: 1.2.3.4:5678, [::1]:9, ::1, 10.0.0.7:65000",
            "X-Forwarded-Host: gw.example, inner, inner, inner",
            "X-Forwarded-Proto: https, http, http, http",
        ],
        ['Forwarded: for=1.2.3.4;host=gw.example;proto=https, for="[::1]:9";host=inner'],
        [
            "Forwarded: host=forged.example, for=1.2.3.4;host=gw.example;proto=https",
            "Forwarded: for=10.0.0.7;host=inner",
        ],
    ],
)  # fmt: skip
def test_several_proxies_lead_to_the_outermost_that_is_trusted(headers):
    """Its word is how the client asked."""
    assert seen(headers) == "https://gw.example"


def test_a_public_url_goes_before_all():
    """Whatever a request says, and by whom."""
    proxies = Proxies("https://gw.example/p1/", TRUSTED)
    headers = [(b"x-forwarded-host", b"other.example")]
    assert proxies.base_url(DIRECT, "10.0.0.1", headers) == "https://gw.example/p1"


@pytest.mark.parametrize(
    "url",
    [
        "gw.example",
        "ftp://a",
        "https://",
        "https://a?b",
        "https://a/#c",
        "https://u@a",
        "",
        "https://a:65536",
    ],
)
def test_what_is_no_public_url(url):
    """It is refused at the start."""
    with pytest.raises(ValueError, match="is no base URL"):
        Proxies(url)


def test_what_is_no_network():
    """Likewise."""
    with pytest.raises(ValueError, match=r"10\.0\.0"):
        Proxies(trusted=["10.0.0"])


def test_a_long_header_takes_no_time():
    """Nothing is tried twice, whatever is left open."""
    for piece in ('"', "\\", 'a="', ",", ';a="b'):
        assert seen([f"Forwarded: {piece * 4000}"[:4000]]) == DIRECT
