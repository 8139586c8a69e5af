"""What crosses the engine: a plain Request comes in, a Reply or a Fault goes out."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

Headers = tuple[tuple[str, str], ...]

NO_CONTENT: Final = 204

_JSON = json.JSONEncoder(ensure_ascii=False)
_HOST = re.compile(r"([A-Za-z0-9._~-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?")
_ORIGIN = re.compile(r"https?://[^/?#]*", re.IGNORECASE)


class Request(NamedTuple):
    """One HTTP request, as every transport hands it over.

    ``path`` is raw: percent-encoded, without the query. ``api_keys`` holds the value of every
    ``x-api-key`` header. ``base_url`` is how the client addressed the mock
    (``http://127.0.0.1:8191``); URLs in replies begin with it. ``headers`` are all that came, as
    the transport has them; their names are in lower case.
    ``note`` is for the journal, where no client has sent it.
    """

    method: str
    path: str
    query: str = ""
    api_keys: tuple[str, ...] = ()
    base_url: str = ""
    has_body: bool = False
    headers: Iterable[tuple[bytes, bytes]] = ()
    note: str = ""

    @property
    def api_key(self) -> str:
        """What ``x-api-key`` carries; SP and TAB around it belong to the header, as on a wire."""
        return ", ".join([key.strip(" \t") for key in self.api_keys])


def with_length(status: int, headers: Headers, length: int) -> Headers:
    """Add Content-Length to an answer's headers, unless they have it or there is no content."""
    if status == NO_CONTENT or any(name == "Content-Length" for name, _ in headers):
        return headers
    return (*headers, ("Content-Length", str(length)))


class Reply(NamedTuple):
    """A whole HTTP answer.

    ``delay_ns`` is how long the transport holds it back, in nanoseconds of the mock's clock, and
    ``due_ns`` at what moment it may come, where that is known.
    ``download`` is the number of a download, of which the engine wants to hear whether the client
    has taken it; 0 of every other answer.
    """

    status: int
    headers: Headers
    body: bytes
    delay_ns: int = 0
    download: int = 0
    due_ns: int = 0

    def to(self, method: str) -> Reply:
        """Return the answer as ``method`` may see it: to HEAD, the headers without the body."""
        if method != "HEAD" or not self.body:
            return self
        return self._replace(body=b"", headers=self.wire_headers)

    @property
    def wire_headers(self) -> Headers:
        """The headers with Content-Length, which every answer but a 204 has."""
        return with_length(self.status, self.headers, len(self.body))


class Fault(NamedTuple):
    """A network failure, as a script for the transport to act out.

    After ``delay_ns``, or at ``due_ns`` where that is known, the head of ``reply`` is sent (nothing
    where it is None), then each of ``pieces`` after its pause. Then the connection is reset (RST),
    or closed (FIN), or the answer is complete. Times are nanoseconds of the mock's clock.
    """

    kind: str
    ending: Literal["reset", "close", "complete"]
    reply: Reply | None = None
    pieces: tuple[tuple[int, bytes], ...] = ()
    delay_ns: int = 0
    due_ns: int = 0


JSON_HEADERS: Final[Headers] = (("Content-Type", "application/json"),)


def json_text(payload: object) -> str:
    """Write JSON as the mock does: fields in the order given, UTF-8 not escaped."""
    return _JSON.encode(payload)


def json_bytes(payload: object) -> bytes:
    """Encode what ``json_text`` writes."""
    return json_text(payload).encode("utf-8", "replace")


def json_reply(status: int, payload: object, headers: Mapping[str, str] | None = None) -> Reply:
    """Answer ``payload`` as JSON with the HTTP status and further headers."""
    return Reply(
        status, (*JSON_HEADERS, *headers.items()) if headers else JSON_HEADERS, json_bytes(payload)
    )


def error_reply(status: int, error: str, message: str) -> Reply:
    """Answer what this mock itself refuses, with its name and a sentence that says why."""
    return json_reply(status, {"error": error, "message": message})


def http_date(moment: datetime) -> str:
    """Write a moment in UTC as headers have it: ``Thu, 26 Nov 2026 08:00:00 GMT``, to the second.

    As ``email.utils`` does, which takes as long to load as a tenth of all that a start loads.
    """
    day, month = _DAYS[moment.weekday()], _MONTHS[moment.month - 1]
    return (
        f"{day}, {moment.day:02} {month} {moment.year:04} "
        f"{moment.hour:02}:{moment.minute:02}:{moment.second:02} GMT"
    )


_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
)  # fmt: skip


def origin_form(target: str) -> str:
    """Return the path of a request target that may be in absolute form (``http://host/path``)."""
    if target.startswith("/"):
        return target
    path = _ORIGIN.sub("", target, count=1)
    return path if path.startswith("/") else f"/{path}"


def base_url(scheme: str, host: str, otherwise: str) -> str:
    """Return the base URL for a ``Host`` header, or ``otherwise`` if that is missing or no host."""
    return f"{scheme}://{host}" if _HOST.fullmatch(host) else otherwise


def header_text(value: bytes) -> str:
    """Decode a header's bytes: UTF-8 where they are, else Latin-1."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
