"""TLS for local use: certificates from an authority of this machine's own, or from files.

The authority is made once and kept in the user's data folder, or in another that is named, so that
a client has to trust it only once. It may sign loopback, private addresses, the two documented
hosts and the names it was made for, and goes into no system store: who trusts it is told to, one
client at a time.
"""

from __future__ import annotations

import os
import re
import ssl
import stat
import sys
import tempfile
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast
from urllib.parse import urlsplit

import click

from mock_p1.admin.curl_line import curl_with
from mock_p1.base.addresses import EVERY_ADDRESS
from mock_p1.contract.operations import DOCUMENTED_HOSTS
from mock_p1.server.user_folders import create, new_file, own_folder, write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

API_NAMES: Final = tuple(str(urlsplit(url).hostname) for url in DOCUMENTED_HOSTS)
NAMES: Final = ("localhost", "127.0.0.1", "::1", *API_NAMES)
PRIVATE: Final = (
    "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16",
    "::1/128", "fc00::/7", "fe80::/10",
)  # fmt: skip
"""The addresses that every authority of ours may sign: of this machine, and of private networks."""

HTTPS_PORT: Final = 443
AUTHORITY_LIFE: Final = timedelta(days=2 * 365)
VALID_FOR: Final = timedelta(days=365)
"""A server certificate is made anew at each start.

Some platforms refuse one that is valid for over 825 days.
"""

_NAME: Final = re.compile(r"(\*\.)?(?:\w([\w-]{0,61}\w)?(\.(?=\w)|\Z))+", re.ASCII)
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


def local_context(folder: Path, host: str = "localhost", names: Sequence[str] = ()) -> Secured:
    """Return a server's TLS context, the authority's certificate file, and since when it is there.

    It holds for loopback, the documented hosts, ``names``, and ``host`` unless that is every
    address. The authority is read from ``folder``, or made there. Raises CannotSecure where that
    cannot be done, or it may not sign one of the names.
    """
    more = names if host in EVERY_ADDRESS else (host, *names)
    wanted = [*dict.fromkeys((*NAMES, *(_as_signed(name) for name in more)))]
    try:
        authority, key, state = _authority(folder, wanted)
        if refused := [name for name in wanted if not _may_sign(authority, name)]:
            raise CannotSecure(
                f"the local authority in {folder} may not sign {', '.join(refused)}; a new one "
                f"that may, which clients have to trust anew, is made by: "
                f"{_line_for_another(folder, [*wanted, *_permitted(authority)])}"
            )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.TemporaryDirectory(dir=_writable(folder)) as place:  # ssl reads files alone
            pair = Path(place, "server.pem")
            write_whole(pair, _server_pair(authority, key, wanted), mode=0o600)
            context.load_cert_chain(pair)
    except OSError as error:
        raise CannotSecure(
            f"the local authority cannot be kept in {folder}: {error.strerror or error}; name a "
            "folder that can be written with --tls-dir, or give files with --tls-cert and --tls-key"
        ) from None
    # Python of Microsoft's Store is given another folder than the one it names
    file = Path(os.path.realpath(folder / CERTIFICATE))
    return Secured(context, file, f"{state}until {authority.not_valid_after_utc:%Y-%m-%d}")


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


def _as_signed(name: str) -> str:
    """Return a host's name as certificates have it; CannotSecure for what is none."""
    bare = name[1:-1] if name[:1] + name[-1:] == "[]" else name
    with suppress(ValueError):
        return str(ip_address(bare.partition("%")[0]))
    with suppress(UnicodeError):
        signed = bare.lower().removesuffix(".").encode("idna").decode("ascii")
        if _NAME.fullmatch(signed):
            return signed
    raise CannotSecure(f"no certificate can hold the name {name!r}; a host name or address can")


def _authority(
    folder: Path, wanted: Iterable[str]
) -> tuple[x509.Certificate, EllipticCurvePrivateKey, str]:
    """Return the authority that is kept in the folder, and whether it is new.

    Several servers may make it at once: the first key stays, and whatever is signed with it, each
    of their certificates vouches for.
    """
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 -- only --tls needs it

    file, state = folder / CERTIFICATE, ""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        if not file.exists():
            _write_first(folder / KEY, _pem_of(ec.generate_private_key(ec.SECP256R1())), 0o600)
            if _write_first(file, _authority_for(_key_in(folder), wanted), 0o644):
                state = "new, "
        found, key = _pair_in(folder)
        _hide(folder / KEY)
    except FileNotFoundError as error:
        raise _unusable(folder, f"{Path(error.filename).name} is missing") from None
    except (TypeError, ValueError) as error:  # TypeError: the key has a passphrase
        raise _unusable(folder, error) from None
    if (end := found.not_valid_after_utc) < datetime.now(UTC):
        write_whole(folder / f"authority-until-{end:%Y-%m-%d}.pem", file.read_bytes(), 0o644)
        write_whole(file, _authority_for(key, [*wanted, *_permitted(found)]), 0o644)
        found, key = _pair_in(folder)
        state = "renewed, "
    return found, key, state


def _key_in(folder: Path) -> EllipticCurvePrivateKey:
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 -- only --tls needs it
        load_pem_private_key,
    )

    return cast("EllipticCurvePrivateKey", load_pem_private_key((folder / KEY).read_bytes(), None))


def _pair_in(folder: Path) -> tuple[x509.Certificate, EllipticCurvePrivateKey]:
    from cryptography import x509  # noqa: PLC0415 -- only --tls needs it

    found = x509.load_pem_x509_certificate((folder / CERTIFICATE).read_bytes())
    key = _key_in(folder)
    if found.public_key() != key.public_key():
        raise ValueError(f"{CERTIFICATE} and {KEY} do not belong together")
    return found, key


def _hide(key: Path) -> None:
    """Let nobody but its owner read a key that everybody could, copied or unpacked as it was."""
    if os.name == "posix" and key.stat().st_mode & stat.S_IRWXO:
        with suppress(OSError):  # it is another user's, or the folder cannot be written
            key.chmod(0o600)


def _unusable(folder: Path, reason: object) -> CannotSecure:
    return CannotSecure(
        f"the local authority in {folder} cannot be used: {reason}; "
        f"delete {CERTIFICATE} and {KEY} there to begin anew"
    )


def _line_for_another(folder: Path, names: Iterable[str]) -> str:
    """Return what makes another authority in a folder of its own; the old one stays."""
    free = next(path for n in count(2) if not (path := folder / str(n)).exists())
    hosts = [name for name in dict.fromkeys(names) if name not in (*NAMES, *PRIVATE)]
    return " ".join(
        [f'mock-p1 serve --tls --tls-dir "{free}"', *(f"--tls-host {h}" for h in hosts)]
    )


def _authority_for(key: EllipticCurvePrivateKey, names: Iterable[str]) -> bytes:
    """Return the certificate of an authority that may sign these names, and nobody else's."""
    from cryptography import x509  # noqa: PLC0415 -- only --tls needs it

    hosts = dict.fromkeys(name.removeprefix("*.") for name in (*names, *PRIVATE))
    dns = [x509.DNSName(name) for name in hosts if not _is_address(name)]
    addresses = [x509.IPAddress(ip_network(name)) for name in hosts if _is_address(name)]
    builder = _builder(key, _subject("local authority for tests"), AUTHORITY_LIFE)
    builder = builder.issuer_name(_subject("local authority for tests"))
    for extension in (
        x509.BasicConstraints(ca=True, path_length=0),
        x509.NameConstraints([*dns, *addresses], None),
        _usage(signs_certificates=True),
    ):
        builder = builder.add_extension(extension, critical=True)
    return _signed(builder, key)


def _server_pair(
    authority: x509.Certificate, key: EllipticCurvePrivateKey, names: Iterable[str]
) -> bytes:
    """Return a new key and its certificate for these names, as PEM."""
    from cryptography import x509  # noqa: PLC0415 -- only --tls needs it
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 -- likewise
    from cryptography.x509.oid import ExtendedKeyUsageOID  # noqa: PLC0415 -- likewise

    own = ec.generate_private_key(ec.SECP256R1())
    until = authority.not_valid_after_utc - datetime.now(UTC)
    builder = _builder(own, _subject("server for tests"), min(VALID_FOR, until))
    builder = builder.issuer_name(authority.subject)
    signed = [
        x509.IPAddress(ip_address(name)) if _is_address(name) else x509.DNSName(name)
        for name in names
    ]
    for extension, is_critical in (
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (x509.SubjectAlternativeName(signed), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), False),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        (_usage(signs_certificates=False), True),
    ):
        builder = builder.add_extension(extension, critical=is_critical)
    return _pem_of(own) + _signed(builder, key)


def _builder(
    key: EllipticCurvePrivateKey, subject: x509.Name, life: timedelta
) -> x509.CertificateBuilder:
    from cryptography import x509  # noqa: PLC0415 -- only --tls needs it

    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(subject_name=subject, public_key=key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + life)
    return builder.add_extension(
        x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
    )


def _signed(builder: x509.CertificateBuilder, key: EllipticCurvePrivateKey) -> bytes:
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415 -- only --tls

    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _subject(unit: str) -> x509.Name:
    from cryptography import x509  # noqa: PLC0415 -- only --tls needs it
    from cryptography.x509.oid import NameOID  # noqa: PLC0415 -- likewise

    parts = ((NameOID.ORGANIZATION_NAME, "Mock P1"), (NameOID.ORGANIZATIONAL_UNIT_NAME, unit))
    return x509.Name([x509.NameAttribute(*part) for part in parts])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    from cryptography import x509  # noqa: PLC0415 -- only --tls needs it

    return x509.KeyUsage(
        digital_signature=not signs_certificates, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False,
        key_cert_sign=signs_certificates, crl_sign=signs_certificates,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _pem_of(key: EllipticCurvePrivateKey) -> bytes:
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 -- only --tls needs it

    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _permitted(authority: x509.Certificate) -> list[str]:
    """Return the names and networks that an authority may sign, as texts; none without limits."""
    from cryptography import x509  # noqa: PLC0415 -- only --tls needs it

    try:
        limits: Any = authority.extensions.get_extension_for_class(x509.NameConstraints).value
    except x509.ExtensionNotFound:
        return []  # made by another program: with a key that could sign any site
    return [
        str(each.value).removesuffix("/32").removesuffix("/128")
        for each in limits.permitted_subtrees or ()
    ]


def _may_sign(authority: x509.Certificate, name: str) -> bool:
    permitted = _permitted(authority)
    if _is_address(name):
        networks = [ip_network(each) for each in permitted if _is_address(each)]
        return any(ip_address(name) in network for network in networks)
    bare = name.removeprefix("*.")
    return any(bare == each or bare.endswith(f".{each}") for each in permitted)


def _is_address(name: str) -> bool:
    """Tell an address, or a network of them, from a name."""
    try:
        ip_network(name)
    except ValueError:
        return False
    return True


def _writable(folder: Path) -> Path | None:
    """Return where a file may stand for a moment: the temporary folder, else the given one."""
    try:
        tempfile.gettempdir()
    except FileNotFoundError:  # a container that is read-only
        return folder
    return None


def _write_first(path: Path, content: bytes, mode: int) -> bool:
    """Write a whole file where there is none, and tell whether it was ours."""
    fresh = new_file(path, content, mode)
    try:
        os.link(fresh, path)  # fails where another was quicker, unlike a renaming
    except FileExistsError:
        return False
    except OSError:  # a file system without links
        with suppress(FileExistsError):
            create(path, content, mode)
            return True
        return False
    finally:
        fresh.unlink(missing_ok=True)
    return True


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
