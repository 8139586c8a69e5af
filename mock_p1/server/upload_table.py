"""What can be said of the rows, columns and encoding of CSV or TSV data, read once, in pieces."""

from __future__ import annotations

import codecs
import csv
import io
from typing import IO, TYPE_CHECKING, Final

from mock_p1.base.text import plural
from mock_p1.engine.file_store import Inspection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _typeshed import WriteableBuffer

FEWEST_ROWS: Final = 100
MOST_ROWS: Final = 1_000_000
FEWEST_COLUMNS: Final = 2
MOST_COLUMNS: Final = 200

LONGEST_ROW: Final = 1_000_000
"""Bytes of one row, which may go over several lines; a longer one is not looked at."""

LINES_READ: Final = 2 * MOST_ROWS
"""So many lines are counted; what has more has too many in any case."""

BUFFER_BYTES: Final = 65_536


def inspect_table(stream: IO[bytes], subject: str = "the file") -> Inspection:
    """Say what is in CSV or TSV data; its first row is taken for the header.

    Structure is read byte by byte (as Latin-1): in UTF-8 and in Shift_JIS alike, no part of another
    character looks like a comma, a tab, a quote or a line end.
    """
    watched = _Watched(stream)
    buffered = io.BufferedReader(watched, BUFFER_BYTES)
    bom = buffered.peek(3)[:3] == codecs.BOM_UTF8
    if bom:
        buffered.read(3)
    first_line = buffered.peek().lstrip(b"\r\n").partition(b"\n")[0]
    delimiter = "\t" if first_line.count(b"\t") > first_line.count(b",") else ","
    table = _Table(io.TextIOWrapper(buffered, "latin-1", newline=""), delimiter)
    table.read()
    notes = [*watched.encoding_notes(bom=bom, whole=table.stopped is None), *table.notes()]
    return Inspection(
        rows=None if table.stopped else max(0, table.rows - 1),
        columns=table.columns,
        notes=tuple(f"{subject} {note}" for note in notes),
    )


class _Table:
    """Counts rows and columns, and holds no more than one row."""

    def __init__(self, text: io.TextIOWrapper, delimiter: str) -> None:
        self._text, self._delimiter = text, delimiter
        self._row_size = 0
        self.rows = 0
        self.columns: int | None = None
        self.uneven = 0
        self.first_uneven = 0
        self.stopped: str | None = None

    def read(self) -> None:
        """Read to the end, or to where it has to stop."""
        reader = csv.reader(self._lines(), delimiter=self._delimiter)
        try:
            for row in reader:
                self._row_size = 0
                if row:
                    self._count(row, reader.line_num)
                if reader.line_num > LINES_READ:
                    self.stopped = f"has more than {LINES_READ:,} lines; the rest was not looked at"
                    return
        except csv.Error:
            self.stopped = (
                f"has a row that is too long to be read, at line {max(1, reader.line_num):,} (is a "
                "quote never closed?); the rest was not looked at"
            )

    def _lines(self) -> Iterator[str]:
        while line := self._text.readline(LONGEST_ROW + 1 - self._row_size):
            self._row_size += len(line)
            if self._row_size > LONGEST_ROW:
                raise csv.Error
            yield line

    def _count(self, row: list[str], line: int) -> None:
        self.rows += 1
        if self.columns is None:
            self.columns = len(row)
        elif len(row) != self.columns:
            self.uneven += 1
            self.first_uneven = self.first_uneven or line

    def notes(self) -> Iterator[str]:
        """Yield what the manual says otherwise."""
        if self.stopped:
            yield self.stopped
        elif not FEWEST_ROWS <= self.rows - 1 <= MOST_ROWS:
            yield (
                f"has {plural(max(0, self.rows - 1), 'row')} (its first row is taken for the "
                f"header); the manual says {FEWEST_ROWS} to {MOST_ROWS:,}"
            )
        if self.columns is not None and not FEWEST_COLUMNS <= self.columns <= MOST_COLUMNS:
            yield (
                f"has {plural(self.columns, 'column')}; the manual says {FEWEST_COLUMNS} to "
                f"{MOST_COLUMNS} (999 on another page), separated by commas or tabs"
            )
        if self.uneven:
            yield (
                f"has {plural(self.uneven, 'row')} with more or fewer values than its header "
                f"({self.columns:,}), the first in line {self.first_uneven:,}"
            )


class _Watched(io.RawIOBase):
    """Hands data on, and finds out on the way how its characters are encoded."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._is_ascii = True
        self._has_nul = False
        self._decoders = {name: codecs.getincrementaldecoder(name)() for name in ("utf-8", "cp932")}

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        data = self._stream.read(memoryview(buffer).nbytes)
        memoryview(buffer)[: len(data)] = data
        self._is_ascii &= data.isascii()
        self._has_nul |= b"\0" in data
        if not self._is_ascii:
            self._decode(data)
        return len(data)

    def _decode(self, data: bytes, *, final: bool = False) -> None:
        for name, decoder in tuple(self._decoders.items()):
            try:
                decoder.decode(data, final)
            except UnicodeDecodeError:
                del self._decoders[name]

    def encoding_notes(self, *, bom: bool, whole: bool) -> Iterator[str]:
        """Yield what the manual says otherwise; ASCII is Shift_JIS too."""
        self._decode(b"", final=whole)
        says = "the manual says UTF-8 with BOM, or Shift_JIS"
        if self._has_nul:
            yield f"holds NUL bytes, which no text does; {says}"
        if bom and "utf-8" not in self._decoders:
            yield f"begins with a BOM as UTF-8 does, but is not all UTF-8; {says}"
        elif not self._decoders:
            yield f"is neither UTF-8 nor Shift_JIS; {says}"
        elif not bom and not self._is_ascii and "utf-8" in self._decoders:
            yield f"is UTF-8 without BOM; {says}"
