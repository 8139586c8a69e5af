"""TLS for local use: certificates from an authority of this machine's own, or from files."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

import click

from mock_p1.admin.curl_line import curl_with
from mock_p1.contract.operations import DOCUMENTED_HOSTS
from mock_p1.server.user_folders import own_folder

if TYPE_CHECKING:
    import ssl

API_NAMES: Final = tuple(str(urlsplit(url).hostname) for url in DOCUMENTED_HOSTS)
HTTPS_PORT: Final = 443
CERTIFICATE, KEY = "authority.pem", "authority-key.pem"


class CannotSecure(Exception):  # noqa: N818 -- says what happened
    """TLS cannot be set up."""


class Secured(NamedTuple):
    """How the server speaks: a TLS context; of our authority the file, and since and until when."""

    context: ssl.SSLContext
    authority: Path | None = None
    state: str | None = None


def data_folder() -> Path:
    """Return the folder in which the authority is kept, unless another is named.

    The platform's place for a user's application data; CannotSecure where there is none.
    """
    # no key goes over the network
    folder = own_folder(Path(click.get_app_dir("mock-p1", roaming=False)), "~/.config/mock-p1")
    if folder is None:
        raise CannotSecure(
            "there is no home to keep the local authority in; name a folder with --tls-dir"
        )
    with suppress(OSError):  # there is none yet, or it is not ours
        folder.chmod(0o700)
    return folder


def context_from(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return a server's TLS context from PEM files; CannotSecure says what is wrong with them."""
    import ssl  # noqa: PLC0415 -- takes long, and `clean` needs none of it

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


def how_to_trust(authority: Path, state: str | None, port: int) -> list[str]:
    """Return the lines that say how a client trusts the authority, and how its own URL works."""
    default = port == HTTPS_PORT
    example = API_NAMES[0] if default else f"{API_NAMES[0]}:{port}"
    ending = "" if default else "; serve on --port 443 for a client that names no port"
    file = f'"{authority}"'
    return [
        f"authority  {authority} ({state})",
        *_variables_for(authority),
        f"  curl     {' '.join(curl_with(authority))}",
        f"  Java     {_KEYTOOL} -file {file}",
        '           java "-Djavax.net.ssl.trustStore=mock-p1.p12" …',
        *_TO_ALL.get(sys.platform, "").format(file).splitlines(),
        f"hosts line 127.0.0.1 {' '.join(API_NAMES)}",
        f"           then https://{example} is this mock{ending}",
    ]


_KEYTOOL: Final = (
    "keytool -importcert -noprompt -alias mock-p1 -keystore mock-p1.p12 -storepass changeit"
)
_TO_ALL: Final = {
    "win32": "  browsers certutil -user -addstore Root {}",
    "darwin": "  browsers security add-trusted-cert -r trustRoot "
    "-k ~/Library/Keychains/login.keychain-db {}",
}
"""What has all programs of a user trust it that ask the system."""


def _variables_for(authority: Path) -> list[str]:
    """Return how the variables of Python's libraries and of Node are set, in each shell."""
    names = {
        "requests": "REQUESTS_CA_BUNDLE",
        "urllib": "SSL_CERT_FILE",
        "httpx": "SSL_CERT_FILE",
        "Node": "NODE_EXTRA_CA_CERTS",
    }
    if sys.platform != "win32":
        return [f'  {client:8} export {name}="{authority}"' for client, name in names.items()]
    return [
        line
        for client, name in names.items()
        for line in (
            f'  {client:8} set "{name}={authority}"',
            f'           $env:{name} = "{authority}"   (PowerShell)',
        )
    ]
