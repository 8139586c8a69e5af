"""The base URL of a server, and the keys and ids to ask it with.

What is wrong with them, before anything is sent.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, quote, urlsplit

from mock_p1.verify.answer import one_line
from mock_p1.verify.published import PATH

_NOT_A_PREFIX = ("/v1/external", "/__admin")


class MarkerError(ValueError):  # noqa: N818 -- says whose doing it is
    """What the caller gave cannot be used; the message says why, and what would do."""


def base_url(text: str) -> str:
    """Return a base URL without its trailing slash.

    MarkerError if it is none, with what was probably meant.
    """
    text = text.strip()
    if "://" not in text:
        host = text.partition("/")[0]
        scheme = "http" if is_loopback(host.rpartition(":")[0] or host) else "https"
        meant = f"; did you mean {scheme}://{one_line(text)}?" if host else ""
        raise MarkerError(
            f"{one_line(text)!r} has no scheme; a base URL looks like https://host or http://host:port{meant}"
        )
    parts = _split(text)
    if parts.scheme not in ("http", "https"):
        raise MarkerError(
            f"the scheme {parts.scheme!r} is not one to ask by; a base URL begins with https:// or http://"
        )
    if not parts.hostname or any(c.isspace() or not c.isprintable() for c in text):
        raise MarkerError(
            f"{one_line(text)!r} names no host; a base URL looks like https://host or http://host:port"
        )
    if parts.username is not None or parts.password is not None:
        raise MarkerError(
            "the URL holds a user name or password; the API knows none, give the base URL without it"
        )
    bare = f"{parts.scheme}://{parts.netloc}"
    path = parts.path.rstrip("/")
    if (
        parts.query
        or parts.fragment
        or path.endswith("/v1")
        or any(part in path for part in _NOT_A_PREFIX)
    ):
        raise MarkerError(
            f"{one_line(text)!r} is more than a base URL; give {bare} alone, and the job's id by --job-id"
        )
    return bare + path


def job_url(base: str, job_id: str) -> str:
    """Return the documented URL of a job."""
    return base + PATH.format(retrain_job_id=quote(job_id, safe=""))


def check_key(option: str, key: str) -> None:
    """Misused if a key cannot be sent in a header. The message never shows it."""
    if not key:
        raise MarkerError(f"{option} is empty")
    if "\n" in key or "\r" in key:
        raise MarkerError(
            f"{option} holds a line break, which no header can; was it read from a file? give it without"
        )
    if key != key.strip():
        raise MarkerError(f"{option} begins or ends with a blank; give it without")
    if not key.isprintable() or not key.isascii():
        raise MarkerError(
            f"{option} holds a character that is not printable ASCII; a key can only be sent as such"
        )


def check_job_id(option: str, job_id: str) -> None:
    """Misused if an id cannot be asked for."""
    if not job_id.strip():
        raise MarkerError(f"{option} is empty")
    if job_id in (".", ".."):
        raise MarkerError(
            f"{option} is {job_id!r}, which a client takes for a folder and never sends"
        )
    if not job_id.isprintable() or job_id != job_id.strip():
        raise MarkerError(
            f"{option} holds a line break, a control character or a blank at its end; give it without"
        )


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine: localhost, 127.0.0.0/8 or ::1, however written."""
    host = host.lower().removesuffix(".")
    host = host[1:-1] if host[:1] + host[-1:] == "[]" else host
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise MarkerError(f"{one_line(text)!r} is no URL: {error}") from None
    try:
        parts.port  # noqa: B018 -- reading it checks it
    except ValueError:
        raise MarkerError(
            f"{one_line(text)!r} is no URL: a port is a number from 0 to 65535"
        ) from None
    return parts
