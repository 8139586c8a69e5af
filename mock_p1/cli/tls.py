"""TLS for local use: certificates from an authority of this machine's own, or from files.

The authority is made once and kept in the user's data folder, so that a client has to trust it only
once. It vouches for loopback and the two documented hosts and goes into no system store: who trusts
it is told to, one client at a time.
"""

from __future__ import annotations

import os
import re
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import click

from mock_p1.base.addresses import EVERY_ADDRESS
from mock_p1.contract.operations import DOCUMENTED_HOSTS

if TYPE_CHECKING:
    from trustme import CA

API_NAMES: Final = tuple(str(urlsplit(url).hostname) for url in DOCUMENTED_HOSTS)
NAMES: Final = ("localhost", "127.0.0.1", "::1", *API_NAMES)
HTTPS_PORT: Final = 443
VALID_FOR: Final = timedelta(days=365)
"""A server certificate is made anew at each start.

Some platforms refuse one that is valid for over 825 days.
"""

_HOST: Final = re.compile(r"[0-9A-Za-z.:-]{1,253}")

CERTIFICATE, KEY = "authority.pem", "authority-key.pem"


class CannotSecure(Exception):  # noqa: N818 -- says what happened
    """TLS cannot be set up."""


def data_folder() -> Path:
    """Return the folder in which the authority is kept.

    The platform's place for a user's application data.
    """
    return Path(click.get_app_dir("mock-p1"))


def local_context(folder: Path, host: str = "localhost") -> tuple[ssl.SSLContext, Path]:
    """Return a server's TLS context, and the authority's certificate file.

    It holds for loopback, the documented hosts and ``host``, unless that is every address. The
    authority is read from ``folder``, or made there. Raises CannotSecure where that cannot be done.
    """
    authority = _authority(folder)
    now = datetime.now(UTC)
    names = (
        NAMES
        if host in NAMES or host in EVERY_ADDRESS or not _HOST.fullmatch(host)
        else (*NAMES, host)
    )
    leaf = authority.issue_cert(
        *names, not_before=now - timedelta(days=1), not_after=now + VALID_FOR
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)
    return context, folder / CERTIFICATE


def context_from(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return a server's TLS context from PEM files; CannotSecure says what is wrong with them."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        reason = getattr(error, "strerror", None) or error
        raise CannotSecure(
            f"{certificate} and {key} cannot be used for TLS: {reason}; both must be PEM"
        ) from None
    return context


def _no_password() -> str:
    raise ValueError("the key is encrypted; give one without a passphrase")


def _authority(folder: Path) -> CA:
    import trustme  # noqa: PLC0415 -- only --tls needs it

    certificate, key = folder / CERTIFICATE, folder / KEY
    try:
        if certificate.is_file() and key.is_file():
            return trustme.CA.from_pem(certificate.read_bytes(), key.read_bytes())
        made = trustme.CA(
            organization_name="Mock P1", organization_unit_name="local authority for tests"
        )
        folder.mkdir(parents=True, exist_ok=True)
        _write(key, made.private_key_pem.bytes(), mode=0o600)
        _write(certificate, made.cert_pem.bytes(), mode=0o644)
    except OSError as error:
        reason = error.strerror or error
        raise CannotSecure(
            f"the local authority cannot be kept in {folder}: {reason}; "
            "give files with --tls-cert and --tls-key"
        ) from None
    except ValueError as error:
        raise CannotSecure(
            f"the local authority in {folder} cannot be used: {error}; "
            "delete the folder to begin anew"
        ) from None
    return made


def _write(path: Path, content: bytes, mode: int) -> None:
    """Write a whole file or none, readable from its first moment to those alone who may read it."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    with os.fdopen(
        os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), mode),
        "wb",
    ) as file:
        file.write(content)
    fresh.replace(path)


def how_to_trust(authority: Path, port: int) -> list[str]:
    """Return the lines that say how a client trusts the authority, and how its own URL works."""
    default = port == HTTPS_PORT
    example = API_NAMES[0] if default else f"{API_NAMES[0]}:{port}"
    python = (
        f"  Python   REQUESTS_CA_BUNDLE={authority}   (requests)"
        f"   SSL_CERT_FILE={authority}   (urllib, httpx)"
    )
    ending = "" if default else "; serve on --port 443 for a client that names no port"
    return [
        f"authority  {authority}",
        python,
        f"  Node     NODE_EXTRA_CA_CERTS={authority}",
        f'  curl     --cacert "{authority}"   (Windows: add --ssl-no-revoke)',
        f"hosts line 127.0.0.1 {' '.join(API_NAMES)}",
        f"           then https://{example} is this mock{ending}",
    ]
