"""Keys that are sent to the link of an upload or a result: whoever keeps the file then has them."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from itertools import islice
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from mock_p1.base.messages import header_text
from mock_p1.contract.operations import API_KEY_HEADER, query_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mock_p1.base.messages import Request

_WHY: Final = (
    "which does not belong here: the real link leads to another host, which then has the key"
)
KEY_LEAK: Final = f"carries {API_KEY_HEADER}, {_WHY}"
"""What is noted of ``x-api-key``, whatever is in it."""

_WORDS_LIMIT: Final = 2000
"""So many words of a request are looked up at most; a client's own headers have fewer."""

_LONG: Final = 6
_FOR_KEYS: Final = re.compile("authorization|^cookie$|key|token", re.IGNORECASE)

_BETWEEN: Final = re.compile(r"[\s,;&]+")


def is_leak(note: str) -> bool:
    """Tell whether a note says that a key was given away."""
    return note.endswith(_WHY)


def leak_notes(request: Request, is_key: Callable[[str], bool]) -> Iterator[str]:
    """Say where a request to a link carries a key.

    ``x-api-key`` counts whatever is in it; any other header or parameter, where a key that the mock
    knows stands in it; a short key may stand there by chance, so it counts only where keys do.
    """
    sent = query_of(request.query) if request.query else ()
    by_query = any(name.lower() == API_KEY_HEADER and value for name, value in sent)
    if by_query or any(key.strip() for key in request.api_keys):
        yield KEY_LEAK
        return
    given = (value for name, value in islice(sent, _WORDS_LIMIT) if _may_be_meant(value, name))
    if any(is_key(value) for value in given):
        yield f"carries a key in its query, {_WHY}"
    words = ((name, word) for name, value in request.headers for word in _words(name, value))
    names = (name for name, word in islice(words, _WORDS_LIMIT) if is_key(word))
    if name := next(names, None):
        yield f"carries a key in its header {header_text(name)}, {_WHY}"


def _words(name: bytes, value: bytes) -> Iterator[str]:
    """Yield what may be a key in a header: all of it, what follows a scheme, each part of it."""
    if name in _NO_KEYS:
        return
    whole = header_text(value).strip()
    scheme, _, rest = whole.partition(" ")
    pieces = [whole, rest.strip()]
    if scheme.lower() == "basic":
        pieces += _decoded(rest).split(":", 1)
    header = name.decode("latin-1")
    for piece in (*pieces, *_BETWEEN.split(whole)):
        part, _, given = piece.partition("=")
        for word, names in ((piece, (header,)), (given, (header, part))):
            if (text := unquote(word.strip('"'))) and _may_be_meant(text, *names):
                yield text


def _may_be_meant(word: str, *names: str) -> bool:
    """Tell whether a word under these names is no short one that stands there by chance."""
    return len(word) >= _LONG or any(_FOR_KEYS.search(name) for name in names)


def _decoded(text: str) -> str:
    try:
        return header_text(b64decode(text))
    except (binascii.Error, ValueError):
        return ""


_NO_KEYS: Final = frozenset((b"host", b"content-length", b"accept", b"accept-encoding"))
"""Headers that a library writes by itself."""
