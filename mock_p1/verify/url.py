"""The base URL of a server, what is wrong with it before anything is sent; and other URLs."""

from __future__ import annotations

import ipaddress
from typing import TypeGuard
from urllib.parse import SplitResult, urlsplit

from mock_p1.verify.answer import one_line
from mock_p1.verify.exceptions import UsageError


def base_url(text: str) -> str:
    """Return a base URL without its trailing slash.

    UsageError if it is none, with what was probably meant.
    """
    text = text.strip()
    if "://" not in text:
        host = text.partition("/")[0]
        scheme = "http" if is_loopback(host.rpartition(":")[0] or host) else "https"
        meant = f"; did you mean {scheme}://{one_line(text)}?" if host else ""
        raise UsageError(
            f"{one_line(text)!r} has no scheme; "
            f"a base URL looks like https://host or http://host:port{meant}"
        )
    parts = _split(text)
    if parts.scheme not in ("http", "https"):
        raise UsageError(
            f"the scheme {parts.scheme!r} is not one to ask by; "
            "a base URL begins with https:// or http://"
        )
    if not parts.hostname or any(c.isspace() or not c.isprintable() for c in text):
        raise UsageError(
            f"{one_line(text)!r} names no host; "
            "a base URL looks like https://host or http://host:port"
        )
    if parts.username is not None or parts.password is not None:
        raise UsageError(
            "the URL holds a user name or password; "
            "the API knows none, give the base URL without it"
        )
    bare = f"{parts.scheme}://{parts.netloc}"
    path = parts.path.rstrip("/")
    if (
        parts.query
        or parts.fragment
        or path.endswith("/v1")
        or any(part in path for part in ("/v1/external", "/__admin"))
    ):
        raise UsageError(
            f"{one_line(text)!r} is more than a base URL; "
            f"give {bare} alone, and the job's id by --job-id"
        )
    return bare + path


def is_fetchable(url: object) -> TypeGuard[str]:
    """Tell whether something is an http(s) URL with a host."""
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
        return parts is not None and parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine: localhost, 127.0.0.0/8 or ::1, however written."""
    name = host.lower().removesuffix(".")
    name = name[1:-1] if name[:1] + name[-1:] == "[]" else name
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return name == "localhost"
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise UsageError(f"{one_line(text)!r} is no URL: {error}") from None
    try:
        parts.port  # noqa: B018 -- reading it checks it
    except ValueError:
        raise UsageError(
            f"{one_line(text)!r} is no URL: a port is a number from 0 to 65535"
        ) from None
    return parts
