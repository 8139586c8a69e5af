"""The URL of a store: what it may have, and how it is shown, so that no password ever is.

What was given may hold a password wherever a mistake has put it. So nothing of a URL is shown
before all of it is understood, and then only what is no secret.
"""

from __future__ import annotations

import os
import re
import ssl
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable
    from urllib.parse import SplitResult

SCHEMES: Final = ("redis", "rediss", "unix", "valkey", "valkeys")
TLS: Final = ("rediss", "valkeys")
SECRETS: Final = ("password", "ssl_password", "username")

OPTIONS: Final = ("db", "username", "password", "client_name", "protocol")
"""What the query may have. The rest of redis-py's options is for the mock to set: it counts on the
answers being bytes, and on an act being sent once."""

OF_TLS: Final = (
    *("ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_keyfile", "ssl_password"),
    *("ssl_cert_reqs", "ssl_check_hostname", "ssl_ciphers"),
)

_ONE_OF: Final = {"protocol": ("2", "3"), "ssl_cert_reqs": ("none", "optional", "required")}


class CannotShareState(RuntimeError):  # noqa: N818 -- says what happened
    """A state cannot be shared: no store, a wrong password, another mock's or program's keys.

    Examples:
        >>> from mock_p1 import create_app
        >>> create_app("demo", state="http://127.0.0.1")
        Traceback (most recent call last):
        mock_p1.server.store_url.CannotShareState: …: no URL of a store; one begins with ...
    """


class StoreUrl(NamedTuple):
    """A URL of a store that is understood: as redis-py takes it, and as anybody may read it."""

    url: str
    shown: str
    speaks_tls: bool
    lacks_password: bool
    """There is something before the @, but no password: perhaps it is meant as one."""


def understood(given: str) -> StoreUrl:
    """Return a URL of a store in its parts; CannotShareState, without a secret, if it is none."""
    given = given.strip()
    scheme = given.partition("://")[0].lower()
    if scheme not in SCHEMES or "://" not in given:
        known = ", ".join(f"{known}://" for known in SCHEMES)
        raise CannotShareState(f"…: no URL of a store; one begins with {known}")
    parts = _parts(scheme, given)
    where, path = parts.netloc.rpartition("@")[2], parts.path
    if scheme == "unix" and (where or not path or "@" in path):
        raise CannotShareState(
            f"{scheme}://…: names no socket; its path begins with a slash, as in "
            "unix:///run/redis.sock or unix://:PASSWORD@/run/redis.sock"
        )
    if scheme != "unix" and parts.netloc and not parts.hostname:
        raise CannotShareState(
            f"{scheme}://…: names no host; a password stands between a colon and an @, as in "
            "redis://:PASSWORD@HOST"
        )
    if scheme != "unix" and not re.fullmatch("(/[0-9]*)?", path):
        raise CannotShareState(
            f"{scheme}://…: what follows the host must be the number of a database, as in "
            "redis://HOST/2"
        )
    has_login = "@" in parts.netloc
    login = f"{'…' if parts.username else ''}:…@" if parts.password else "…@"
    shown = f"{scheme}://{login if has_login else ''}{where}{path}"
    shown += _query(parts.query, shown, speaks_tls=scheme in TLS)
    url = scheme.replace("valkey", "redis") + given[len(scheme) :]
    return StoreUrl(url, shown, scheme in TLS, has_login and not parts.password)


def _parts(scheme: str, given: str) -> SplitResult:
    """Return the parts of a URL, if no sign of a password can have torn them apart."""
    with suppress(ValueError):
        parts = urlsplit(given)
        beyond = "" if scheme == "unix" else f"{parts.path}?{parts.query}"
        if "@" not in beyond and "#" not in given and (parts.port or 0) >= 0:
            return parts
    raise CannotShareState(
        f"{scheme}://…: cannot be understood; it is redis://:PASSWORD@HOST:PORT/DATABASE, the port "
        "is a number, and in a password / ? # @ [ ] & % are written "
        "%2F %3F %23 %40 %5B %5D %26 %25"
    )


def _query(query: str, shown: str, *, speaks_tls: bool) -> str:
    """Return what may be read of a query; CannotShareState if the mock cannot do as it says."""
    pairs = parse_qsl(query, keep_blank_values=True)
    may = (*OPTIONS, *OF_TLS) if speaks_tls else OPTIONS
    shown_pairs: list[str] = []
    after_a_secret = False
    for name, value in pairs:
        if name in OF_TLS and not speaks_tls:
            raise CannotShareState(f"{shown}: {name} is for rediss:// and valkeys:// alone")
        if name not in may:
            # without a value, or behind a secret, it may be a part of one
            is_name = re.fullmatch("[a-z_]+", name) and value and not after_a_secret
            which = f"'{name}'" if is_name else "'…'"
            raise CannotShareState(
                f"{shown}: its query has {which}, which is none of its options, or one the "
                f"mock sets itself; it may have {', '.join(may)}; in a value & is written %26"
            )
        if not value:
            raise CannotShareState(f"{shown}: {name} in its query has no value")
        if name == "db" and not re.fullmatch("[0-9]+", value):
            raise CannotShareState(f"{shown}: db in its query must be the number of a database")
        if value not in _ONE_OF.get(name, value):
            known = ", ".join(_ONE_OF[name])
            raise CannotShareState(f"{shown}: {name} in its query must be one of {known}")
        after_a_secret |= name in SECRETS
        shown_pairs.append(f"{name}=…" if name in SECRETS else f"{name}={value}")
    _must_be_readable(dict(pairs), shown)
    return "?" + "&".join(shown_pairs) if shown_pairs else ""


def _must_be_readable(options: dict[str, str], shown: str) -> None:
    """Read the files that a query names, so that it can be said which one cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    key, password = options.get("ssl_keyfile"), options.get("ssl_password", "")
    readers: dict[str, Callable[[str], object]] = {
        "ssl_ca_path": os.listdir,
        "ssl_keyfile": lambda file: Path(file).read_bytes(),
        "ssl_certfile": lambda file: context.load_cert_chain(file, key, lambda: password),
        "ssl_ca_certs": context.load_verify_locations,
    }
    for name, read in readers.items():
        if (file := options.get(name)) is not None:
            try:
                read(file)
            except (OSError, ValueError) as error:
                why = getattr(error, "strerror", None) or error
                raise CannotShareState(f"{shown}: {name} {file}: {why}") from None
