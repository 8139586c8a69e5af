"""Where clients see the mock, when it stands behind proxies: what URLs in replies begin with."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

from mock_p1.base.addresses import address_in
from mock_p1.base.asgi_types import joined

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DEFAULT_PORTS: Final = {"http": "80", "https": "443"}
LONGEST: Final = 512
"""Bytes of a header that are read; nobody's proxies need more."""

LAST_PORT: Final = 65535
_HOST: Final = re.compile(r"([A-Za-z0-9._~-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::([0-9]{1,5}))?")
_PREFIX: Final = re.compile(r"(?:/(?!(?:\.|%2[Ee]){0,2}(?:/|$))[A-Za-z0-9._~!$&'()*+,;=:@%-]+)+")
_ELEMENT: Final = re.compile(r'(?:[^,"]|"(?:\\.|[^"\\])*")+')
_PAIR: Final = re.compile(r'([A-Za-z]+)=("(?:\\.|[^"\\])*"|[^;"]*)')
_X_FORWARDED: Final = tuple(
    f"x-forwarded-{name}" for name in ("for", "proto", "host", "port", "prefix")
)


class _Hop(NamedTuple):
    """What one proxy says of the request that it got."""

    by: str = ""
    scheme: str = ""
    host: str = ""
    port: str = ""
    prefix: str = ""


class Proxies:
    """Which proxies are believed, and a URL that needs none of them."""

    def __init__(self, public_url: str | None = None, trusted: Iterable[str] = ()) -> None:
        """``trusted`` are addresses or networks (CIDR). ValueError for what is none."""
        self.public_url: str | None = None if public_url is None else _checked(public_url)
        self._trusted = [_network(each) for each in trusted]

    def base_url(self, direct: str, peer: str, headers: Iterable[tuple[bytes, bytes]]) -> str:
        """Return what URLs begin with for the client of a request.

        ``direct`` is how the mock itself was asked, ``peer`` by whom. The nearest proxy's word
        stands last in a header; what stands before it is believed as long as proxies are trusted.
        """
        if self.public_url is not None:
            return self.public_url
        if not (self._trusted and self._trusts(peer)):
            return direct
        said = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in joined(headers).items()
            if len(value) <= LONGEST
        }
        hop = _Hop()
        for hop in reversed(_hops(said)):
            if not self._trusts(hop.by):
                break
        return _applied(hop, direct)

    def _trusts(self, peer: str) -> bool:
        address = address_in(peer)
        return address is not None and any(address in network for network in self._trusted)


def _checked(url: str) -> str:
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    if (
        parts.scheme not in DEFAULT_PORTS
        or not _is_host(parts.netloc)
        or (path and not _PREFIX.fullmatch(path))
        or parts.query
        or parts.fragment
    ):
        raise ValueError(
            f"{url!r} is no base URL; it must look like https://host or http://host/p1"
        )
    return f"{parts.scheme}://{parts.netloc}{path}"


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise ValueError(
            f"{text!r} is no address or network; it must look like 192.0.2.1 or 192.0.2.0/24"
        ) from None


def _is_host(text: str) -> bool:
    found = _HOST.fullmatch(text)
    return found is not None and (found[2] is None or 0 < int(found[2]) <= LAST_PORT)


def _address(text: str) -> str:
    """Return an address without its port; IPv6 without brackets has none."""
    found = _HOST.fullmatch(text)
    return found[1].strip("[]") if found else text


def _hops(said: Mapping[str, str]) -> list[_Hop]:
    """Read what proxies say, oldest first.

    ``X-Forwarded-*`` go before ``Forwarded``, which most proxies pass on as a client wrote it.
    """
    if "forwarded" not in said or any(name in said for name in _X_FORWARDED):
        return _x_forwarded(said)
    return _forwarded(said["forwarded"])


def _forwarded(text: str) -> list[_Hop]:
    """Read ``Forwarded`` (RFC 7239)."""
    hops = []
    for element in _ELEMENT.findall(text):
        pairs = {
            name.lower(): re.sub(r"\\(.)", r"\1", value.strip().strip('"'))
            for name, value in _PAIR.findall(element)
        }
        hops.append(
            _Hop(_address(pairs.get("for", "")), pairs.get("proto", ""), pairs.get("host", ""))
        )
    return hops


def _x_forwarded(said: Mapping[str, str]) -> list[_Hop]:
    """Read ``X-Forwarded-*``: lists that end with the nearest proxy's word."""
    lists = [[each.strip() for each in said.get(name, "").split(",")] for name in _X_FORWARDED]
    lists[0] = [_address(each) for each in lists[0]]
    return [
        _Hop(*(each[max(0, len(each) - back)] for each in lists))  # the first where there are fewer
        for back in range(len(lists[0]), 0, -1)
    ]


def _applied(hop: _Hop, direct: str) -> str:
    """Return a base URL as a proxy saw it; what is no part of a URL changes nothing."""
    parts = urlsplit(direct)
    known = hop.scheme.lower() in DEFAULT_PORTS
    scheme = hop.scheme.lower() if known else parts.scheme
    host = hop.host if _is_host(hop.host) else parts.netloc
    if hop.port.isdecimal() and hop.port.isascii() and 0 < int(hop.port) <= LAST_PORT:
        name = re.sub(r":[0-9]+$", "", host)
        host = name if hop.port == DEFAULT_PORTS[scheme] else f"{name}:{hop.port}"
    prefix = hop.prefix.rstrip("/") if _PREFIX.fullmatch(hop.prefix.rstrip("/")) else ""
    return f"{scheme}://{host}{prefix}{parts.path}"
