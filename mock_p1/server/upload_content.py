"""What can be said of an uploaded file against what the manual says of such files.

``main`` is what the process of its own runs: a JSON line says which file, a JSON line says what
was found in it.
"""

from __future__ import annotations

import io
import json
import os
import re
import signal
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from mock_p1.base.text import printable
from mock_p1.engine.file_store import IS_A_FORM, Inspection
from mock_p1.server.upload_table import inspect_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

ZIP_STARTS: Final = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
FOLDERS: Final = ("train_src/", "eval_src/")

LARGEST_DIRECTORY: Final = 2_000_000
"""Bytes of a ZIP's list of files; a longer one is not read."""

LARGEST_UNPACKED: Final = 500_000_000
BOMB_BYTES: Final = 20_000_000
BOMB_RATIO: Final = 100
"""A file that grows so many times when unpacked, and beyond ``BOMB_BYTES``, is not unpacked."""

_EXPECTED: Final = "the manual says CSV or TSV, or one ZIP"
_START_BYTES: Final = 4096
_OTHER_STARTS: Final = (
    (b"\x1f\x8b", "gzip data"),
    (b"BZh", "bzip2 data"),
    (b"\xfd7zXZ\x00", "xz data"),
    (b"\x28\xb5\x2f\xfd", "zstd data"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"%PDF", "a PDF document"),
    (b"PAR1", "a Parquet file"),
    (b"\xff\xfe", "UTF-16 text"),
    (b"\xfe\xff", "UTF-16 text"),
)
_OTHER_TEXTS: Final = (
    (re.compile(rb"""\s*(\{\s*["}]|\[\s*([\[{"\d-]|\]\s*$))"""), "JSON"),
    (re.compile(rb"\s*<(!doctype|html|head|body|\?xml|!--)", re.IGNORECASE), "HTML or XML"),
)
_MULTIPART: Final = re.compile(rb"\s*--[^\r\n]{1,200}\r?\ncontent-", re.IGNORECASE)
_UTF16: Final = re.compile(rb"([^\0]\0){4}|(\0[^\0]){4}")


def inspect_content(stream: BinaryIO, file_name: str) -> Inspection:
    """Say what is in a file that was uploaded under a name; the stream can be moved about in."""
    start = stream.read(_START_BYTES)
    stream.seek(0)
    is_zip = start.startswith(ZIP_STARTS)
    if not start:
        return Inspection(notes=("the file is empty",))
    if is_zip:
        found = _inspect_zip(stream)
    elif _MULTIPART.match(start):
        found = Inspection(notes=(IS_A_FORM,))
    elif kind := _other_kind(start):
        found = Inspection(notes=(f"the file looks like {kind}; {_EXPECTED}",))
    else:
        found = inspect_table(stream)
    if is_zip is file_name.lower().endswith(".zip"):
        return found
    what = "the file is a ZIP" if is_zip else "the file is no ZIP"
    note = f"{what}, but its name is {printable(file_name)!r}"
    return found._replace(notes=(note, *found.notes))


def _other_kind(start: bytes) -> str | None:
    for beginning, kind in _OTHER_STARTS:
        if start.startswith(beginning):
            return kind
    if _UTF16.match(start):
        return "UTF-16 text without BOM"
    text = start.removeprefix(b"\xef\xbb\xbf")
    return next((kind for pattern, kind in _OTHER_TEXTS if pattern.match(text)), None)


def _inspect_zip(stream: BinaryIO) -> Inspection:
    if (size := _directory_size(stream)) > LARGEST_DIRECTORY:
        note = f"the ZIP's list of files has {size:,} bytes; it was not looked into"
        return Inspection(notes=(note,))
    try:
        with zipfile.ZipFile(stream) as archive:
            return _inspect_archive(archive)
    except Exception as error:  # noqa: BLE001 -- zipfile raises many kinds, and none may end the process
        note = f"the ZIP is broken, or of a kind that cannot be read: {printable(str(error))}"
        return Inspection(notes=(note,))


def _directory_size(stream: BinaryIO) -> int:
    """Return the size of a ZIP's list of files as its end states it; 0 where it has no end."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(-min(size, 22 + 65_535), os.SEEK_CUR)  # the last record, and the longest comment
    tail = stream.read()
    end = tail.rfind(b"PK\x05\x06")
    return int.from_bytes(tail[end + 12 : end + 16], "little") if end >= 0 else 0


def _inspect_archive(archive: zipfile.ZipFile) -> Inspection:
    members = {info.orig_filename.replace("\\", "/"): info for info in archive.infolist()}
    files = {name: info for name, info in members.items() if not name.endswith("/")}
    notes = list(_member_notes(archive.infolist(), files))
    found = {}
    for folder in FOLDERS:
        inside = [name for name in files if name.startswith(folder)]
        if len(inside) != 1:
            notes.append(f"the ZIP has {len(inside):,} files in {folder}; the manual says one")
        if inside:
            found[folder] = _inspect_member(archive, files[inside[0]], printable(inside[0]))
            notes += found[folder].notes
    train, evaluation = (found.get(folder, Inspection()) for folder in FOLDERS)
    if None not in (train.columns, evaluation.columns) and train.columns != evaluation.columns:
        notes.append(
            f"the files of the ZIP have {train.columns:,} and {evaluation.columns:,} columns"
        )
    return Inspection(train.rows, train.columns, tuple(notes))


def _member_notes(
    members: Sequence[zipfile.ZipInfo], files: dict[str, zipfile.ZipInfo]
) -> Iterator[str]:
    if "[Content_Types].xml" in files:
        yield f"the ZIP looks like an Excel workbook; {_EXPECTED}"
    if outside := [name for name in files if _leads_outside(name)]:
        yield f"the ZIP has names that lead out of its folder: {_listed(outside)}"
    if others := [name for name in files if not name.startswith(FOLDERS)]:
        yield f"the ZIP has files beside train_src/ and eval_src/: {_listed(others)}"
    if nested := [name for name in files if name.lower().endswith(".zip")]:
        yield f"the ZIP has other ZIPs in it: {_listed(nested)}"
    if slashed := [info.orig_filename for info in members if "\\" in info.orig_filename]:
        yield f"the ZIP has names with backslashes: {_listed(slashed)}"


def _leads_outside(name: str) -> bool:
    return name.startswith("/") or ".." in name.split("/") or name[1:2] == ":"


def _listed(names: Sequence[str]) -> str:
    more = f", … ({len(names):,} in all)" if len(names) > 3 else ""  # noqa: PLR2004 -- a few show which
    return ", ".join(repr(printable(name, 60)) for name in names[:3]) + more


def _inspect_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> Inspection:
    packed, unpacked = max(1, info.compress_size), info.file_size
    if info.flag_bits & 1:
        return Inspection(notes=(f"{name} is encrypted; it was not looked into",))
    if unpacked > LARGEST_UNPACKED or (unpacked > BOMB_BYTES and unpacked / packed > BOMB_RATIO):
        note = f"{name} unpacks from {packed:,} bytes to {unpacked:,}; it was not looked into"
        return Inspection(notes=(note,))
    if not unpacked:
        return Inspection(notes=(f"{name} is empty",))
    # zipfile unpacks no more bytes than were announced, whatever is packed
    try:
        with archive.open(info) as stream:
            start = stream.read(_START_BYTES)
            stream.seek(0)
            kind = "a ZIP" if start.startswith(ZIP_STARTS) else _other_kind(start)
            if kind is None:
                return inspect_table(stream, name)
            return Inspection(notes=(f"{name} looks like {kind}; the manual says CSV or TSV",))
    except Exception as error:  # noqa: BLE001 -- likewise; the other file is still looked at
        return Inspection(notes=(f"{name} cannot be unpacked: {printable(str(error))}",))


def answers(requests: BinaryIO) -> Iterable[str]:
    """Yield what was found in each file that is asked about; a size means that its bytes follow."""
    for line in iter(requests.readline, b""):
        request = json.loads(line)
        if "path" in request:
            try:
                with Path(request["path"]).open("rb") as stream:
                    found = inspect_content(stream, request["name"])
            except FileNotFoundError:
                found = Inspection(notes=("its content had to go before it was looked at",))
        else:
            found = inspect_content(io.BytesIO(requests.read(request["size"])), request["name"])
        yield json.dumps(found)


def main() -> None:
    """Answer until standard input ends, which it also does when the process that asks has ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one that asks
    if hasattr(os, "nice"):
        os.nice(10)  # replies go first
    for answer in answers(sys.stdin.buffer):
        sys.stdout.write(answer + "\n")
        sys.stdout.flush()
