"""What is said of an uploaded file: rows, columns, and where the manual says otherwise."""

import codecs
import io
import zipfile

import pytest

from mock_p1.server import upload_table
from mock_p1.server.upload_content import LARGEST_DIRECTORY, answers, inspect_content
from mock_p1.server.upload_table import LONGEST_ROW, inspect_table


def table(rows=100, row="1,2,3\r\n", header="a,b,c\r\n"):
    """Return CSV text as the manual says, in ASCII."""
    return (header + row * rows).encode("ascii")


def inspected(content, name="train.csv"):
    """Return what is found in a file's content."""
    return inspect_content(io.BytesIO(content), name)


def noted(content, name="train.csv"):
    """Return the notes on a file's content, as one text."""
    return "\n".join(inspected(content, name).notes)


def archive(members, compression=zipfile.ZIP_DEFLATED):
    """Return a ZIP with these members."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", compression) as written:
        for name, content in members.items():
            written.writestr(name, content)
    return packed.getvalue()


def pair(**more):
    """Return the members of a ZIP as the manual says."""
    return {"train_src/t.csv": table(), "eval_src/e.csv": table(), **more}


class Endless(io.RawIOBase):
    """A file that never ends, and counts what is read of it."""

    def __init__(self, start, pattern):
        self.start, self.pattern, self.given = start, pattern, 0

    def read(self, size=-1):
        """Return the next bytes."""
        assert size > 0, "nobody may ask for all of it"
        start, self.start = self.start, b""
        data = (start + self.pattern * (size // len(self.pattern) + 1))[:size]
        self.given += len(data)
        return data


@pytest.mark.parametrize(
    ("content", "rows", "columns"),
    [
        (table(), 100, 3),
        (table(100, "1\t2\n", "a\tb\n"), 100, 2),
        (table(150, '"1,\r\n1",2\n', "a,b\n"), 150, 2),
        (table(100, "1,2,3\r", "a,b,c\r"), 100, 3),
        (table() + b"\r\n\r\n", 100, 3),
        (table().rstrip(), 100, 3),
    ],
    ids=["CSV", "TSV", "quoted line ends", "CR alone", "empty lines", "no last line end"],
)
def test_rows_below_the_header_and_columns_are_counted(content, rows, columns):
    """A file as the manual says needs no note."""
    assert inspected(content) == (rows, columns, ())


@pytest.mark.parametrize(
    "content",
    [
        codecs.BOM_UTF8 + table(100, "1,2,3\n", "a,b,c\n"),
        codecs.BOM_UTF8 + ("名前,値\n" + "あ,1\n" * 100).encode(),
        ("名前,値\n" + "ソ表,1\n" * 100).encode("shift_jis"),
        ("名前,値\n" + "①髙,1\n" * 100).encode("cp932"),
    ],
    ids=["BOM", "UTF-8 with BOM", "Shift_JIS", "Shift_JIS as Windows writes it"],
)
def test_documented_encodings_need_no_note(content):
    """UTF-8 with BOM and Shift_JIS, also where a character's second byte looks like ASCII."""
    assert inspected(content).notes == ()


@pytest.mark.parametrize(
    ("content", "note"),
    [
        (b"", "the file is empty"),
        (("名,値\n" + "あ,1\n" * 100).encode(), "UTF-8 without BOM"),
        (b"a,b\n" + b"\x81\xff,1\n" * 100, "neither UTF-8 nor Shift_JIS"),
        (table() + b"\xe3", "neither UTF-8 nor Shift_JIS"),
        (codecs.BOM_UTF8 + b"a,b\n" + b"\x82\xa0,1\n" * 100, "but is not all UTF-8"),
        (table() + b"1,\0,2\n", "NUL bytes"),
        (table().decode().encode("utf-16"), "looks like UTF-16"),
        (table().decode().encode("utf-16-le"), "looks like UTF-16"),
        (table().decode().encode("utf-16-be"), "looks like UTF-16"),
        (b"\x1f\x8b\x08\0", "looks like gzip"),
        (b"PAR1\0", "looks like a Parquet file"),
        (b' {"a": 1}', "looks like JSON"),
        (b'[{"a": 1}]', "looks like JSON"),
        (b"[[1, 2]]", "looks like JSON"),
        (codecs.BOM_UTF8 + b"[]", "looks like JSON"),
        (b"<!DOCTYPE html><title>", "looks like HTML"),
        (b'--x\r\nContent-Disposition: form-data; name="f"', "multipart form; this PUT takes"),
    ],
)  # fmt: skip
def test_what_is_not_as_the_manual_says_is_noted(content, note):
    """Each kind by its name."""
    assert note in noted(content)


@pytest.mark.parametrize(
    "content", [b"[a],{b}\n1,2\n", b"{a},b\n1,2\n", b"--a,b\n1,2\n", b"<a>,b\n"]
)
def test_a_header_that_looks_odd_is_still_a_table(content):
    """Brackets alone make no JSON, hyphens no form."""
    assert inspected(content).columns == 2


@pytest.mark.parametrize(
    ("rows", "note"),
    [
        (0, "has 0 rows (its first row is taken for the header); the manual says 100 to 150"),
        (1, "has 1 row (its"),
        (99, "has 99 rows (its"),
        (100, ""),
        (150, ""),
        (151, "has 151 rows (its"),
    ],
)
def test_rows_of_which_the_manual_says_otherwise(rows, note, monkeypatch):
    """100 to a bound, which is lower here, below the header."""
    assert upload_table.MOST_ROWS == 1_000_000
    monkeypatch.setattr(upload_table, "MOST_ROWS", 150)
    found = inspected(table(rows, "1,2\n", "a,b\n"))
    assert found.rows == rows
    assert (note in "".join(found.notes)) if note else found.notes == ()


@pytest.mark.parametrize(
    ("columns", "note"),
    [
        (1, "has 1 column; the manual says 2 to 200 (999 on another page)"),
        (2, ""),
        (200, ""),
        (201, "has 201 columns; the"),
    ],
)
def test_columns_of_which_the_manual_says_otherwise(columns, note):
    """2 to 200."""
    line = ",".join("1" * columns) + "\n"
    found = inspected(table(100, line, line))
    assert found.columns == columns
    assert (note in "".join(found.notes)) if note else found.notes == ()


def test_rows_of_other_lengths_than_the_header():
    """How many there are, and where the first is."""
    note = "2 rows with more or fewer values than its header (3), the first in line 102"
    assert note in noted(table() + b"1,2\n1,2,3\n1,2,3,4\n")


def test_only_line_ends():
    """Such a file has no header, and no row."""
    rows, columns, notes = inspected(b"\r\n\r\n")
    assert (rows, columns) == (0, None)
    assert "has 0 rows" in notes[0]


@pytest.mark.parametrize(
    ("start", "pattern"),
    [(b"a,b\n", b"x"), (b"a,b\n", b'"'), (b"", b"\0"), (b"a,b\n", b","), (b'a,b\n"', b"x,y\n"),
     (b"a,b\n", b'"\n",'), (b"", b'"",')],
    ids=["one line", "quotes", "NULs", "commas", "open quote", "values of two lines", "quoted"],
)  # fmt: skip
def test_a_row_without_an_end_is_not_read_to_the_end(start, pattern):
    """However large the file: little of it is read, and rows are not counted."""
    stream = Endless(start, pattern)
    found = inspect_table(stream)
    assert stream.given < 2 * LONGEST_ROW
    assert found.rows is None
    assert "too long to be read" in found.notes[-1]


@pytest.mark.parametrize("pattern", [b"\n", b"\r", b"1\n"])
def test_lines_without_an_end_are_not_all_read(pattern, monkeypatch):
    """There are too many in any case; fewer here."""
    assert upload_table.LINES_READ == 2 * upload_table.MOST_ROWS
    monkeypatch.setattr(upload_table, "LINES_READ", 100_000)
    stream = Endless(b"a,b\n", pattern)
    found = inspect_table(stream)
    assert found.rows is None
    assert "the file has more than 100,000 lines; the rest was not looked at" in found.notes
    assert stream.given < 300_000


def test_a_zip_as_the_manual_says():
    """Rows and columns are those of the training data."""
    members = pair(**{"train_src/t.csv": table(150)})
    assert inspected(archive(members), "t.zip") == (150, 3, ())


@pytest.mark.parametrize(
    ("members", "note"),
    [
        ({}, "0 files in train_src/; the manual says one"),
        ({"train_src/t.csv": table()}, "0 files in eval_src/; the manual says one"),
        (pair(**{"train_src/u.csv": table()}), "2 files in train_src/; the manual says one"),
        (pair(**{"x.csv": table()}), "files beside train_src/ and eval_src/: 'x.csv'"),
        (pair(**{"../../etc/x": b""}), "lead out of its folder: '../../etc/x'"),
        (pair(**{"/etc/x": b""}), "lead out of its folder: '/etc/x'"),
        (pair(**{"C:\\x": b""}), "lead out of its folder: 'C:/x'"),
        ({"train_src\\t.csv": table(), "eval_src/e.csv": table()}, "names with backslashes"),
        (pair(**{"train_src/in.zip": archive(pair())}), "other ZIPs in it: 'train_src/in.zip'"),
        ({"train_src/t": archive(pair())}, "train_src/t looks like a ZIP"),
        ({"train_src/t.csv": b""}, "train_src/t.csv is empty"),
        ({"train_src/t.csv": b"\x1f\x8b"}, "train_src/t.csv looks like gzip"),
        ({"train_src/t.csv": table(9)}, "train_src/t.csv has 9 rows"),
        ({"eval_src/e.csv": table(9)}, "eval_src/e.csv has 9 rows"),
        (pair(**{"eval_src/e.csv": table(100, "1,2\n", "a,b\n")}), "have 3 and 2 columns"),
        ({"[Content_Types].xml": b"<", "xl/workbook.xml": b"<"}, "looks like an Excel workbook"),
        ({"train_src/\x1b[2J": b""}, r"train_src/\x1b[2J is empty"),
    ],
)
def test_a_zip_that_is_not_as_the_manual_says(members, note):
    """Each difference is noted."""
    assert note in noted(archive(members), "t.zip")


def test_a_zip_of_10_000_members():
    """They are counted; a few names are shown, and one is looked at."""
    members = {f"train_src/{number}.csv": table(9) for number in range(10_000)}
    notes = noted(archive(members, zipfile.ZIP_STORED), "t.zip")
    assert "10,000 files in train_src/" in notes
    assert len(notes) < 1000


def test_a_zip_with_a_list_of_files_that_is_too_long():
    """It would take much memory to read it."""
    packed = bytearray(archive(pair()))
    end = packed.rindex(b"PK\x05\x06")
    packed[end + 12 : end + 16] = (LARGEST_DIRECTORY + 1).to_bytes(4, "little")
    assert "list of files has 2,000,001 bytes; it was not looked into" in noted(packed, "t.zip")


def test_a_zip_bomb_is_not_unpacked():
    """The file that would grow so much is named, with both sizes."""
    bomb = archive(pair(**{"train_src/t.csv": b"0" * 30_000_000}))
    assert "train_src/t.csv unpacks from" in noted(bomb, "t.zip")


def changed_directory(offset, value, size):
    """Return a ZIP whose list of files says something else of its first file."""
    packed = bytearray(archive(pair()))
    at = packed.index(b"PK\x01\x02") + offset
    packed[at : at + size] = value.to_bytes(size, "little")
    return bytes(packed)


@pytest.mark.parametrize(
    ("content", "note"),
    [
        (changed_directory(8, 1, 2), "train_src/t.csv is encrypted"),
        (changed_directory(24, 4_000_000_000, 4), "train_src/t.csv unpacks from"),
        (changed_directory(24, 10, 4), "cannot be "),
        (changed_directory(10, 99, 2), "cannot be "),
        (changed_directory(6, 99, 2), "the ZIP is broken, or of a kind that cannot be read"),
        (changed_directory(42, 2**31, 4), "cannot be "),
        (archive(pair())[:-30], "the ZIP is broken"),
        (archive(pair())[40:], ""),
        (b"PK\x03\x04" + b"\0" * 100, "the ZIP is broken"),
        (b"PK\x03\x04", "the ZIP is broken"),
    ],
    ids=["encrypted", "absurd size", "size too small", "unknown method", "unknown version",
         "absurd place", "no end", "no start", "NULs", "four bytes"],
)  # fmt: skip
def test_a_broken_zip_is_noted(content, note):
    """Whatever is wrong with it, nothing is raised."""
    assert note in noted(content, "t.zip")


def test_every_byte_of_a_zip_may_be_broken():
    """Nothing is raised by any."""
    content = archive({"train_src/t.csv": b"a,b\n1,2\n", "eval_src/e.csv": b"a,b\n1,2\n"})
    for place in range(4, len(content)):
        broken = content[:place] + b"\xff" + content[place + 1 :]
        assert isinstance(inspected(broken, "t.zip").notes, tuple)


@pytest.mark.parametrize(
    ("content", "name", "note"),
    [(archive(pair()), "t.csv", "is a ZIP, but its name is 't.csv'"),
     (table(), "T.ZIP", "is no ZIP, but its name is 'T.ZIP'")],
    ids=["ZIP", "CSV"],
)  # fmt: skip
def test_a_name_that_says_something_else_is_noted(content, name, note):
    """The manual wants the file's own name."""
    assert note in noted(content, name)


def test_questions_are_answered_line_by_line(tmp_path):
    """A path, a file that had to go, and bytes that follow."""
    file = tmp_path / "t"
    file.write_bytes(table())
    asked = (
        b'{"name": "t.csv", "path": %s}\n' % str(file).join('""').replace("\\", "/").encode()
        + b'{"name": "t.csv", "path": "/no/such/file"}\n'
        + b'{"name": "t.csv", "size": 4}\na,b\n'
        + b'{"name": "t.csv", "size": 0}\n'
    )
    first, second, third, fourth = answers(io.BytesIO(asked))
    assert first == "[100, 3, []]"
    assert "had to go before it was looked at" in second
    assert third.startswith("[0, 2,")
    assert "is empty" in fourth
