"""Addresses: which are this machine, and how every address of it is reached."""

import pytest

from mock_p1.base import addresses
from mock_p1.verify import url


@pytest.mark.parametrize("is_loopback", [addresses.is_loopback, url.is_loopback])
@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "LocalHost", "localhost.", "127.0.0.1", "127.8.9.10", "::1", "[::1]"),
        *("::ffff:127.0.0.1", "[::ffff:127.0.0.1]", "::FFFF:7f00:1", "0:0:0:0:0:0:0:1"),
    ],
)
def test_this_machine(is_loopback, host):
    """However it is written; `verify` has a reading of its own, which agrees."""
    assert is_loopback(host)


@pytest.mark.parametrize("is_loopback", [addresses.is_loopback, url.is_loopback])
@pytest.mark.parametrize(
    "host",
    [
        *("", "0.0.0.0", "::", "10.0.0.1", "::ffff:10.0.0.1", "localhost.example", "127.0.0.1.x"),  # noqa: S104 -- compared, not bound
        *("my-localhost", "127.1", "0x7f000001", "2130706433", "[::1", "fe80::1%lo"),
    ],
)
def test_another_machine(is_loopback, host):
    """Or none at all."""
    assert not is_loopback(host)


@pytest.mark.parametrize(("host", "written"), [("::1", "[::1]"), ("127.0.0.1", "127.0.0.1")])
def test_a_host_in_a_url(host, written):
    """An IPv6 address has brackets there."""
    assert addresses.in_url(host) == written


def test_every_address_is_asked_by_loopback():
    """None of those that stand for all can be connected to everywhere."""
    assert all(addresses.is_loopback(host) for host in addresses.EVERY_ADDRESS.values())
