"""Who may use ``/__admin``: local tools but no web page, or whoever has the token.

Without a token the mock trusts this machine: the caller's address and the ``Host`` it asked for
must be loopback (a foreign ``Host`` is how DNS rebinding shows), and a browser must not be acting
for a page of another origin. With a token, ``Authorization: Bearer`` decides alone: no page of
another origin can send it.
"""

from __future__ import annotations

import hmac
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from mock_p1.admin import PREFIX
from mock_p1.admin.admin_error import AdminError
from mock_p1.base.addresses import is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

HEALTH: Final = f"{PREFIX}/health"
READY: Final = f"{PREFIX}/ready"
OPEN: Final = (HEALTH, READY)
"""What is open to everybody."""
METRICS: Final = f"{PREFIX}/metrics"
PAGES: Final = (PREFIX, f"{PREFIX}/")

_FORWARDED: Final = frozenset(
    (
        *("forwarded", "forwarded-for", "via", "x-real-ip", "x-real-port", "x-client-ip"),
        *("client-ip", "x-cluster-client-ip", "true-client-ip", "x-remote-ip", "x-remote-addr"),
        *("x-original-host", "x-original-url", "x-original-uri", "x-original-forwarded-for"),
        *("x-originating-ip", "x-rewrite-url", "x-url-scheme", "x-scheme", "front-end-https"),
        *("cdn-loop", "ali-cdn-real-ip", "wl-proxy-client-ip", "proxy-client-ip"),
    )
)
_FORWARDED_FAMILIES: Final = (
    *("x-forwarded", "cf-", "cloudfront-", "x-amz-cf-", "fastly-", "fly-", "x-vercel-", "x-nf-"),
    *("x-azure-", "x-arr-", "x-appengine-", "x-envoy-", "akamai-", "x-akamai-", "incap-"),
    *("x-sucuri-", "x-varnish", "x-proxyuser-", "x-bluecoat-", "tailscale-"),
)
"""What proxies add to a call that they hand on, by name and by how the names begin.

No program of this machine sends any of them.
"""
_TOKEN: Final = re.compile(r"[!-~]{1,500}")
_BEARER_REMEDY: Final = (
    "send the header Authorization: Bearer TOKEN; `mock-p1 serve` prints the token when it starts"
)
_LOCAL_REMEDY: Final = (
    "call it on this machine as http://127.0.0.1, or start the mock with an admin token"
)


class AccessRequest(NamedTuple):
    """What decides who may use the control API.

    ``headers`` stand by their lower-case names; ``peer`` is the caller's address.
    """

    method: str
    path: str
    peer: str
    headers: Mapping[str, str]


class AccessPolicy:
    """Lets a call in or says why not."""

    def __init__(self, token: str | None = None, hosts: Iterable[str] = ()) -> None:
        """``hosts`` are further names under which this machine may be asked.

        ValueError for a token nobody can send.
        """
        if token is not None and not _TOKEN.fullmatch(token):
            raise ValueError("an admin token is 1 to 500 visible ASCII characters, without spaces")
        self._token = None if token is None else token.encode()
        self._hosts = {host.lower() for host in hosts}

    def check(self, call: AccessRequest) -> None:
        """Return if the call may go on; raise AdminError if not.

        Health and readiness are open to all; the page has no secrets in it.
        """
        if call.path in OPEN:
            return
        if self._token is None:
            self._check_local(call)
            self._check_page(call)
        elif call.path not in PAGES and not call.path.startswith(f"{PREFIX}/static/"):
            self._check_token(call, self._token)

    def _check_token(self, call: AccessRequest, token: bytes) -> None:
        scheme, _, given = (call.headers.get("authorization") or "").partition(" ")
        if scheme.lower() == "bearer" and hmac.compare_digest(
            given.strip(" \t").encode("utf-8", "replace"), token
        ):
            return
        raise AdminError(
            401,
            "MOCK_P1_UNAUTHORIZED",
            "the token is wrong" if given else "this mock's control API needs a token",
            _BEARER_REMEDY,
            headers={"WWW-Authenticate": 'Bearer realm="mock-p1"'},
        )

    def _check_local(self, call: AccessRequest) -> None:
        host = call.headers.get("host") or ""
        host_name = _name(host)
        if host_name not in self._hosts and not is_loopback(host_name):
            raise _forbidden(f"the Host {host[:100]!r} is not this machine's", _LOCAL_REMEDY)
        if not is_loopback(call.peer):
            raise _forbidden(
                f"the call comes from {call.peer or 'an unknown address'}, not from here",
                _LOCAL_REMEDY,
            )
        for header in call.headers:
            name = header.replace("_", "-")
            if name in _FORWARDED or name.startswith(_FORWARDED_FAMILIES):
                raise _forbidden(
                    f"a proxy ({name[:100]}) forwarded the call, so nobody knows whose it is",
                    _LOCAL_REMEDY,
                )

    def _check_page(self, call: AccessRequest) -> None:
        """Refuse what a page of another origin has its visitor's browser do.

        A link from elsewhere may lead here.
        """
        remedy = "call it from a program, or from the dashboard; no other web page may"
        origin = call.headers.get("origin")
        if (
            origin is not None
            and re.sub("^https?://", "", origin.lower()) != (call.headers.get("host") or "").lower()
        ):
            raise _forbidden(f"the Origin {origin[:100]!r} is another one", remedy)
        site = call.headers.get("sec-fetch-site")
        if site in (None, "same-origin", "none"):
            return
        followed = (
            call.headers.get("sec-fetch-mode") == "navigate"
            and call.headers.get("sec-fetch-dest") == "document"
        )
        if not (followed and call.method in ("GET", "HEAD")):
            raise _forbidden(
                f"a browser sent this for a page of another origin (Sec-Fetch-Site: {site[:20]})",
                remedy,
            )


def _name(host: str) -> str:
    """Return the name in a Host header, in lower case and without the port."""
    if found := re.fullmatch(
        r"\[([0-9A-Fa-f:.]+)\](?::\d{1,5})?|([^:\[\]@/?#\s]+)(?::\d{1,5})?", host
    ):
        return (found[1] or found[2]).lower().removesuffix(".")
    return ""


def _forbidden(message: str, remedy: str) -> AdminError:
    return AdminError(403, "MOCK_P1_FORBIDDEN", message, remedy)
