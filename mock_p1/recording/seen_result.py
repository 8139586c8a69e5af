"""What a result holds: its size, the members and rows of an archive; never what stands in it."""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from mock_p1.base.text import plural
from mock_p1.recording.seen import OK, Seen, failure, literal
from mock_p1.scenario.result_files import MAX_BYTES
from mock_p1.scenario.steps import MAX_ROWS
from mock_p1.verify.answer import Call, Client
from mock_p1.verify.exceptions import Unreachable

if TYPE_CHECKING:
    from mock_p1.verify.pace import Pace

ATTEMPTS: Final = 3
"""So often a result is asked for; a link may fail at first."""

PAUSE_SECONDS: Final = 1.0
MOST_MEMBERS: Final = 50
MOST_LINES: Final = 2_000_000
"""Of a larger table the rows are not counted."""


@dataclass(frozen=True, slots=True)
class SeenResult:
    """A result: its bytes, what it is (``ZIP``, ``text`` or ``file``), and the rows of its tables.

    ``rows`` are those that an invented result should have; 0 where they are not known.
    """

    content: bytes
    kind: str
    members: tuple[tuple[str, int | None], ...] = ()
    rows: int = 0

    @property
    def suffix(self) -> str:
        """How a file of it should be called."""
        return {"ZIP": ".zip", "text": ".csv"}.get(self.kind, ".bin")

    def step(self) -> Any:  # noqa: ANN401 -- a value of result:
        """Return the ``result:`` that invents the like of it."""
        return {"rows": min(self.rows, MAX_ROWS)} if self.rows else "generated"

    def described(self) -> str:
        """Describe it in words: size, members, rows."""
        shown = plural(len(self.content), "byte")
        if self.kind != "ZIP":
            rows = f", {plural(self.rows, 'row')}" if self.rows else ""
            return f"{shown}, {'a text' if self.kind == 'text' else 'no ZIP and no text'}{rows}"
        listed = ", ".join(
            name if rows is None else f"{name} ({plural(rows, 'row')})"
            for name, rows in self.members[:MOST_MEMBERS]
        )
        more = len(self.members) - MOST_MEMBERS
        return f"{shown}, a ZIP of {listed or 'nothing'}{f' and {more} more' if more > 0 else ''}"


def fetch_result(client: Client, link: str, pace: Pace) -> tuple[SeenResult | None, list[Seen]]:
    """GET a result without a key; return it, and what each attempt was answered.

    None where none of them brought it, or it is larger than a scenario may serve.
    """
    attempts: list[Seen] = []
    while len(attempts) < ATTEMPTS and pace.remaining:
        if attempts:
            pace.wait(max(PAUSE_SECONDS, attempts[-1].wait_seconds))
        try:
            answer = client.send(
                Call("GET", link, {}), seconds=pace.next_timeout(upload=True), most=MAX_BYTES + 1
            )
        except Unreachable as error:
            if not pace.remaining:
                break
            attempts.append(failure(error))
            continue
        if answer.status == 200:  # noqa: PLR2004 -- HTTP's OK
            attempts.append(OK)
            return (look_into(answer.body) if len(answer.body) <= MAX_BYTES else None), attempts
        attempts.append(literal(answer))
    return None, attempts


def look_into(content: bytes) -> SeenResult:
    """Find out what a result holds."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/")]
            counted = [(name, _rows_in(archive, name)) for name in names[:MOST_MEMBERS]]
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, EOFError):
        return _text(content)
    members = (*counted, *((name, None) for name in names[MOST_MEMBERS:]))
    rows = (
        next((rows for name, rows in counted if name.endswith("evaluation_raw_data.csv")), None)
    ) or max((rows or 0 for _, rows in counted), default=0)
    return SeenResult(content, "ZIP", members, rows)


def _rows_in(archive: zipfile.ZipFile, name: str) -> int | None:
    """Return how many rows a table has below its header; None for what is none, or too long."""
    if not name.lower().endswith((".csv", ".tsv", ".txt")):
        return None
    try:
        with archive.open(name) as member:
            return _count(io.TextIOWrapper(member, "utf-8", "replace", newline=""))
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError, csv.Error):
        return None  # encrypted, damaged, or no table


def _count(lines: io.TextIOBase) -> int | None:
    counted = sum(1 for _ in islice(csv.reader(lines), MOST_LINES + 1))
    return max(0, counted - 1) if counted <= MOST_LINES else None


def _text(content: bytes) -> SeenResult:
    for encoding in ("utf-8-sig", "cp932"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        try:
            return SeenResult(content, "text", rows=_count(io.StringIO(text, newline="")) or 0)
        except csv.Error:
            return SeenResult(content, "text")
    return SeenResult(content, "file")
