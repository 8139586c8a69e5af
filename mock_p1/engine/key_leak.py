"""Keys that are sent to the link of an upload or a result: whoever keeps the file then has them."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, unquote

from mock_p1.base.messages import Request, header_text
from mock_p1.contract.operations import API_KEY_HEADER, query_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    _Fields = Iterator[tuple[bytes, bytes]]


_WHY: Final = (
    "which does not belong here: the real link leads to another host, which then has the key"
)
KEY_LEAK: Final = f"carries {API_KEY_HEADER}, {_WHY}"
"""What is noted of ``x-api-key``, whatever is in it."""

_WORDS_LIMIT: Final = 2000
"""So many words of a request are looked up at most; a client's own headers have fewer."""

_TEXT_LIMIT: Final = 65_536
"""So much of a header, of the query and of each end of a form is looked through at most."""

_LONG: Final = 6
_FOR_KEYS: Final = re.compile("authorization|^cookie$|key|token", re.IGNORECASE)

_BETWEEN: Final = re.compile(r"[\s,;&]+")
_RUN: Final = re.compile(rf"[\w.~-]{{{_LONG},}}")
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_BASE64: Final = re.compile(r"[\w+/-]{8,}={0,2}", re.ASCII)
_AUTHORITY: Final = re.compile(r"(?<=://)(?:([^\s/?#@]*)@)?[^\s/?#]*")
_FIELD: Final = re.compile(rb"content-disposition:[^\r\n]*?\bname=\"?([^\"\r\n;]*)", re.IGNORECASE)
_JSON_FIELD: Final = re.compile(rb'"([^"\\]*)"\s*:\s*"([^"\\]*)"')
_BOUNDARY: Final = re.compile(rb"boundary=\"?([^\";]+)", re.IGNORECASE)


def is_leak(note: str) -> bool:
    """Tell whether a note says that a key was given away."""
    return note.endswith(_WHY)


def leak_notes(request: Request, is_key: Callable[[str], bool]) -> Iterator[str]:
    """Say where a request to a link carries a key.

    ``x-api-key`` counts whatever is in it; any other header or parameter, where a key that the mock
    knows stands in it, in base64 or percent-encoded too; a short key may stand there by chance, so
    it counts only where keys do.
    """
    sent = query_of(request.query) if request.query else ()
    by_query = any(name.lower() == API_KEY_HEADER and value for name, value in sent)
    if by_query or any(key.strip() for key in request.api_keys):
        yield KEY_LEAK
        return
    if any(map(is_key, islice(_words_of_query(sent, request.query), _WORDS_LIMIT))):
        yield f"carries a key in its query, {_WHY}"
    words = ((name, word) for name, value in request.headers for word in _words(name, value))
    names = (name for name, word in islice(words, _WORDS_LIMIT) if is_key(word))
    if name := next(names, None):
        yield f"carries a key in its header {header_text(name)}, {_WHY}"


def _words(name: bytes, value: bytes) -> Iterator[str]:
    """Yield what may be a key in a header: all of it, what follows a scheme, each part of it."""
    whole = header_text(value[:_TEXT_LIMIT]).strip()
    yield from _long_words(whole, by_chance=name in _NO_KEYS or name in _OF_LIBRARIES)
    if name in _NO_KEYS:
        return
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


def _words_of_query(sent: Sequence[tuple[str, str]], query: str) -> Iterator[str]:
    """Yield what may be a key in a query: a value, a name without one, and any part of it."""
    yield from _long_words(query[:_TEXT_LIMIT].replace("+", " "))
    for name, value in sent:
        if _may_be_meant(value, name):
            yield value
        if len(name) >= _LONG:
            yield name


def _long_words(text: str, *, by_chance: bool = False) -> Iterator[str]:
    """Yield what may be a long key anywhere in a text, whatever stands around it.

    ``by_chance``: names of keys may stand there by chance, UUIDs may not.
    """
    texts = [text, unquote(text)] if "%" in text else [text]
    texts += [decoded for found in _BASE64.findall(text) if (decoded := _readable(found))]
    for each in texts:
        for found in _UUID.findall(each):
            yield found
            yield found.lower()
        if not by_chance:
            for run in _RUN.findall(_AUTHORITY.sub(r" \1 ", each)):
                yield run
                if (bare := run.strip("._~-")) != run and len(bare) >= _LONG:
                    yield bare


def _readable(text: str) -> str:
    """Return what base64 says, also that of URLs; nothing where it is none."""
    plain = text.rstrip("=").replace("-", "+").replace("_", "/")
    decoded = _decoded(plain + "=" * (-len(plain) % 4))
    return decoded if decoded.isascii() and decoded.isprintable() else ""


def form_type(request: Request) -> bytes | None:
    """Return the type of a body that is a multipart form, as the request says; else None."""
    kinds = (value for name, value in request.headers if name == b"content-type")
    return next((kind for kind in kinds if kind.strip().lower().startswith(b"multipart/")), None)


def form_leaks(request: Request, is_key: Callable[[str], bool]) -> FormLeaks | None:
    """Return what looks for keys in a body, where the request says that it has fields."""
    if boundary := _BOUNDARY.search(form_type(request) or b""):
        return FormLeaks(partial(_fields_of_form, b"--" + boundary[1].strip()), is_key)
    kind = next((value for name, value in request.headers if name == b"content-type"), b"")
    fields = _FIELDS.get(kind.partition(b";")[0].strip().lower())
    return FormLeaks(fields, is_key) if fields else None


def _fields_of_form(boundary: bytes, body: bytes) -> _Fields:
    """Yield names and values of a form's fields; files in it are left alone."""
    for part in body.split(boundary)[1:]:
        head, _, value = part.partition(b"\r\n\r\n")
        field = _FIELD.search(head)
        if field is not None and b"filename" not in head.lower():
            yield field[1], value


def _fields_of_query(body: bytes) -> _Fields:
    pairs = parse_qsl(body.decode("latin-1"), encoding="latin-1")
    return ((name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs)


def _fields_of_json(body: bytes) -> _Fields:
    yield from ((found[1], found[2]) for found in _JSON_FIELD.finditer(body))
    yield b"", body  # a long key is one wherever it stands


_FIELDS: Final[dict[bytes, Callable[[bytes], _Fields]]] = {
    b"application/x-www-form-urlencoded": _fields_of_query,
    b"application/json": _fields_of_json,
    b"text/json": _fields_of_json,
}
"""What a body of a type has for fields, beside a multipart form."""


class FormLeaks:
    """Looks for keys in the fields of a form, or of JSON, as its body comes."""

    def __init__(
        self,
        fields: Callable[[bytes], _Fields],
        is_key: Callable[[str], bool],
    ) -> None:
        """``fields`` yields names and values."""
        self._fields, self._is_key = fields, is_key
        self._head, self._tail = b"", b""

    def look(self, data: bytes) -> None:
        """Take the next bytes; of a long form both ends are kept, where fields stand."""
        room = _TEXT_LIMIT - len(self._head)
        self._head += data[:room]
        if rest := data[room:]:
            self._tail = (self._tail + rest[-_TEXT_LIMIT:])[-_TEXT_LIMIT:]

    def notes(self) -> Iterable[str]:
        """Say which fields carry a key, of what has come."""
        return dict.fromkeys(self._found())

    def _found(self) -> Iterator[str]:
        for field, value in self._fields(self._head + self._tail):
            name = field.strip().lower()
            if name == API_KEY_HEADER.encode() and value.strip():
                yield KEY_LEAK
            elif any(map(self._is_key, islice(_words(name, value), _WORDS_LIMIT))):
                yield f"carries a key in a field of its body, {_WHY}"


def _may_be_meant(word: str, *names: str) -> bool:
    """Tell whether a word under these names is no short one that stands there by chance."""
    return len(word) >= _LONG or any(_FOR_KEYS.search(name) for name in names)


def _decoded(text: str) -> str:
    try:
        return header_text(b64decode(text))
    except (binascii.Error, ValueError):
        return ""


_NO_KEYS: Final = frozenset(
    (
        b"host",
        b"content-length",
        b"accept",
        b"accept-encoding",
        b"cache-control",
        b"connection",
        b"expect",
        b"keep-alive",
        b"pragma",
        b"sec-fetch-dest",
        b"sec-fetch-mode",
        b"sec-fetch-site",
        b"te",
        b"transfer-encoding",
        b"upgrade",
    )
)
"""Headers that a library writes by itself, of the words that HTTP has for it."""

_OF_LIBRARIES: Final = frozenset(
    (
        b"accept-language",
        b"content-disposition",
        b"content-type",
        b"forwarded",
        b"origin",
        b"user-agent",
        b"via",
        b"x-forwarded-for",
        b"x-forwarded-host",
    )
)
"""Headers that hold names of libraries, types and hosts: only a whole word of them is a key."""
