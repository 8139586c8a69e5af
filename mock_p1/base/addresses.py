"""Addresses that a server listens on, and how they are reached from this machine."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

EVERY_ADDRESS: Final = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 -- compared, not bound
"""What stands for every address of this machine, and the one of them that it asks itself by."""


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine: localhost, 127.0.0.0/8 or ::1, however written."""
    name = host.lower().removesuffix(".")
    address = address_in(name[1:-1] if name[:1] + name[-1:] == "[]" else name)
    return name == "localhost" if address is None else address.is_loopback


def address_in(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address that a text is, the one of IPv4 where IPv6 wraps one; None for others."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def in_url(host: str) -> str:
    """Return a host as a URL has it: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host
