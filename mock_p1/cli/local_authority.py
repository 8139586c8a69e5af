"""The authority of this machine's own, and the certificates that it signs for local use.

It is made once and kept in a folder, so that a client has to trust it only once. It may sign
loopback, private addresses, the two documented hosts and the names it was made for, and goes into
no system store: who trusts it is told to, one client at a time.
"""

from __future__ import annotations

import os
import re
import ssl
import stat
import tempfile
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mock_p1.base.addresses import EVERY_ADDRESS
from mock_p1.cli.tls import API_NAMES, CERTIFICATE, KEY, CannotSecure, Secured
from mock_p1.server.user_folders import create, new_file, write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

NAMES: Final = ("localhost", "127.0.0.1", "::1", *API_NAMES)
PRIVATE: Final = (
    "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16",
    "::1/128", "fc00::/7", "fe80::/10",
)  # fmt: skip
"""The addresses that every authority of ours may sign: of this machine, and of private networks."""

AUTHORITY_LIFE: Final = timedelta(days=2 * 365)
VALID_FOR: Final = timedelta(days=365)
"""A server certificate is made anew at each start.

Some platforms refuse one that is valid for over 825 days.
"""

_HOST_NAME: Final = re.compile(r"(\*\.)?(?:\w([\w-]{0,61}\w)?(\.(?=\w)|\Z))+", re.ASCII)


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


def _as_signed(name: str) -> str:
    """Return a host's name as certificates have it; CannotSecure for what is none."""
    bare = name[1:-1] if name[:1] + name[-1:] == "[]" else name
    with suppress(ValueError):
        return str(ip_address(bare.partition("%")[0]))
    with suppress(UnicodeError):
        signed = bare.lower().removesuffix(".").encode("idna").decode("ascii")
        if _HOST_NAME.fullmatch(signed):
            return signed
    raise CannotSecure(f"no certificate can hold the name {name!r}; a host name or address can")


def _authority(
    folder: Path, wanted: Iterable[str]
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey, str]:
    """Return the authority that is kept in the folder, and whether it is new.

    Several servers may make it at once: the first key stays, and whatever is signed with it, each
    of their certificates vouches for.
    """
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


def _key_in(folder: Path) -> ec.EllipticCurvePrivateKey:
    return cast(
        "ec.EllipticCurvePrivateKey",
        serialization.load_pem_private_key((folder / KEY).read_bytes(), None),
    )


def _pair_in(folder: Path) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
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


def _authority_for(key: ec.EllipticCurvePrivateKey, names: Iterable[str]) -> bytes:
    """Return the certificate of an authority that may sign these names, and nobody else's."""
    hosts = dict.fromkeys(name.removeprefix("*.") for name in (*names, *PRIVATE))
    dns = [x509.DNSName(name) for name in hosts if not _is_address(name)]
    addresses = [x509.IPAddress(ip_network(name)) for name in hosts if _is_address(name)]
    name = _name("local authority for tests")
    extensions: dict[x509.ExtensionType, bool] = {
        x509.BasicConstraints(ca=True, path_length=0): True,
        x509.NameConstraints([*dns, *addresses], None): True,
        _usage(signs_certificates=True): True,
    }
    return _certificate(key, name, AUTHORITY_LIFE, extensions, by=key, issuer=name)


def _server_pair(
    authority: x509.Certificate, key: ec.EllipticCurvePrivateKey, names: Iterable[str]
) -> bytes:
    """Return a new key and its certificate for these names, as PEM."""
    own = ec.generate_private_key(ec.SECP256R1())
    until = authority.not_valid_after_utc - datetime.now(UTC)
    signed = [
        x509.IPAddress(ip_address(name)) if _is_address(name) else x509.DNSName(name)
        for name in names
    ]
    extensions: dict[x509.ExtensionType, bool] = {
        x509.BasicConstraints(ca=False, path_length=None): True,
        x509.SubjectAlternativeName(signed): False,
        x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()): False,
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]): False,
        _usage(signs_certificates=False): True,
    }
    name, life = _name("server for tests"), min(VALID_FOR, until)
    issuer = authority.subject
    return _pem_of(own) + _certificate(own, name, life, extensions, by=key, issuer=issuer)


def _certificate(  # noqa: PLR0913 -- the parts of a certificate
    key: ec.EllipticCurvePrivateKey,
    name: x509.Name,
    life: timedelta,
    extensions: Mapping[x509.ExtensionType, bool],
    *,
    by: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
) -> bytes:
    """Return a certificate that is signed by a key, as PEM; critical extensions are marked so."""
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder(issuer_name=issuer, subject_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    for extension, is_critical in extensions.items():
        builder = builder.add_extension(extension, critical=is_critical)
    return builder.sign(by, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _name(unit: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Mock P1"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
        ]
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False,
        key_cert_sign=signs_certificates, crl_sign=signs_certificates,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _pem_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _permitted(authority: x509.Certificate) -> list[str]:
    """Return the names and networks that an authority may sign, as texts; none without limits."""
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
