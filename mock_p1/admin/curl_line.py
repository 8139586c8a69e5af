"""Lines for a shell, to be copied: for bash, or for Windows' cmd and PowerShell."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from mock_p1.contract.operations import API_KEY_HEADER

if TYPE_CHECKING:
    from pathlib import Path


def curl(key: str, url: str, authority: Path | None = None, *options: str) -> str:
    """Return a command that asks for a URL with a key, trusting ``authority`` if given."""
    program, *trust = curl_with(authority)
    header = quoted(f"{API_KEY_HEADER}: {key}")
    return " ".join((program, *options, *trust, "-H", header, quoted(url)))


def curl_with(authority: Path | None) -> list[str]:
    """Return what calls curl: in Windows' PowerShell 5.1 ``curl`` alone is something else.

    There it also asks who may have revoked a certificate, which nobody can say of ours.
    """
    windows = sys.platform == "win32"
    trust = ["--cacert", quoted(authority.as_posix())] if authority else []
    return [
        "curl.exe" if windows else "curl",
        *["--ssl-no-revoke"] * (windows and bool(trust)),
        *trust,
    ]


def quoted(text: str) -> str:
    """Return an argument that bash and Windows' cmd both take as it is.

    In double quotes, specials left alone by both.

    What only one of them would leave alone is quoted for bash.
    """
    if re.fullmatch(r"[\w .,:;/@+=~?&*()\[\]{}<>|#^'%…-]*", text):
        return f'"{text}"'
    return "'" + text.replace("'", "'\\''") + "'"
