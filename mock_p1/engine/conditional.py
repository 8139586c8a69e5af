"""A file as object storage serves it: whole, one range of it, or not again if it is the same."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Final

from mock_p1.base.asgi_types import joined
from mock_p1.base.messages import Headers, Reply, Request, http_date, json_reply

_ASKED: Final = frozenset(
    (b"if-match", b"if-modified-since", b"if-none-match", b"if-range", b"if-unmodified-since",
     b"range")
)  # fmt: skip
_NO_BYTES: Final = re.compile(r"\s*bytes\s*=\s*-0+\s*", re.IGNORECASE)
"""The last 0 bytes, which no file has."""

OK: Final = 200
PARTIAL: Final = 206
_FAILED: Final = {"message": "Precondition Failed"}
_NOT_SATISFIABLE: Final = {"message": "Requested Range Not Satisfiable"}


def as_asked(whole: Reply, request: Request, modified: datetime) -> Reply:
    """Return what a request gets of a file: 200, 206, 304, 412 or 416 (RFC 9110, 13 and 14).

    Several ranges at once get the whole file, as large storage services do. ``Range`` is for GET
    alone.
    """
    etag, modified = etag_of(whole.body), modified.astimezone(UTC).replace(microsecond=0)
    known: Headers = (
        ("ETag", f'"{etag}"'),
        ("Last-Modified", http_date(modified)),
    )
    whole = whole._replace(headers=(*whole.headers, *known, ("Accept-Ranges", "bytes")))
    headers = joined(each for each in request.headers if each[0] in _ASKED)
    if not headers:
        return whole
    asked = {name.decode(): value.decode("latin-1") for name, value in headers.items()}
    if _has_changed(asked, etag, modified):
        return json_reply(412, _FAILED)
    if _is_known(asked, etag, modified):
        return Reply(304, known, b"")
    if request.method != "GET" or "range" not in asked:
        return whole
    if not _may_resume(asked.get("if-range"), etag, modified):
        return whole
    return _part(whole, asked["range"])


def part_in(reply: Reply) -> tuple[int, int, int] | None:
    """Return which bytes of a file an answer has: from, up to, of how many; None where of none."""
    if reply.status == OK:
        return 0, len(reply.body), len(reply.body)
    if reply.status != PARTIAL:
        return None
    place, _, length = dict(reply.headers)["Content-Range"].partition("/")
    first, _, last = place.removeprefix("bytes ").partition("-")
    return int(first), int(last) + 1, int(length)


@lru_cache(maxsize=8)
def etag_of(body: bytes) -> str:
    """Return what tells a file from others; a large one is read once."""
    return sha256(body).hexdigest()[:32]


def _has_changed(asked: dict[str, str], etag: str, modified: datetime) -> bool:
    from werkzeug.http import parse_date, parse_etags  # noqa: PLC0415 -- few ask for it

    if "if-match" in asked:
        return not parse_etags(asked["if-match"]).contains(etag)
    since = parse_date(asked.get("if-unmodified-since"))
    return since is not None and modified > since


def _is_known(asked: dict[str, str], etag: str, modified: datetime) -> bool:
    from werkzeug.http import parse_date, parse_etags  # noqa: PLC0415 -- likewise

    if "if-none-match" in asked:
        return parse_etags(asked["if-none-match"]).contains_weak(etag)
    since = parse_date(asked.get("if-modified-since"))
    return since is not None and modified <= since


def _may_resume(condition: str | None, etag: str, modified: datetime) -> bool:
    from werkzeug.http import parse_if_range_header  # noqa: PLC0415 -- likewise

    if not condition:
        return True
    given = parse_if_range_header(condition)
    if given.date is not None:
        return given.date == modified
    return condition.strip() == f'"{etag}"'


def _part(whole: Reply, wanted: str) -> Reply:
    from werkzeug.http import parse_range_header  # noqa: PLC0415 -- likewise

    parsed, length = parse_range_header(wanted), len(whole.body)
    if _NO_BYTES.fullmatch(wanted):
        return _not_satisfiable(length)
    if parsed is None or parsed.units != "bytes" or len(parsed.ranges) != 1:
        return whole
    start, end = parsed.ranges[0]
    start = max(0, length + start) if start < 0 else start  # the last bytes
    if start >= length:
        return _not_satisfiable(length)
    body = whole.body[start:end]
    place = ("Content-Range", f"bytes {start}-{start + len(body) - 1}/{length}")
    return Reply(PARTIAL, (*whole.headers, place), body)


def _not_satisfiable(length: int) -> Reply:
    return json_reply(416, _NOT_SATISFIABLE, {"Content-Range": f"bytes */{length}"})
