"""Lines for a shell, to be copied: for bash as for Windows' cmd."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mock_p1.contract.operations import API_KEY_HEADER

if TYPE_CHECKING:
    from pathlib import Path


def curl(key: str, url: str, authority: Path | None = None, *options: str) -> str:
    """Return a command that asks for a URL with a key, trusting ``authority`` if given."""
    trust = ["--cacert", quoted(authority.as_posix())] if authority else []
    return " ".join(
        ("curl", *options, *trust, "-H", quoted(f"{API_KEY_HEADER}: {key}"), quoted(url))
    )


def quoted(text: str) -> str:
    """Return an argument that bash and Windows' cmd both take as it is.

    In double quotes, specials left alone by both.

    What only one of them would leave alone is quoted for bash.
    """
    if re.fullmatch(r"[\w .,:;/@+=~?&*()\[\]{}<>|#^'%…-]*", text):
        return f'"{text}"'
    return "'" + text.replace("'", "'\\''") + "'"
