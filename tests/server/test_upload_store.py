"""Uploaded files are kept, in memory or on disk, within bounds, and hashed on the way."""

import errno
import hashlib
import os
import random
import tempfile
import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mock_p1.engine.file_store import FileStore, Inspection, StoreFullError
from mock_p1.server import upload_store
from mock_p1.server.upload_folder import PREFIX, UploadFolder
from mock_p1.server.upload_inspection import Inspector
from mock_p1.server.upload_store import (
    BATCH_BYTES,
    MANY_INCOMING,
    MEMORY_FILE_BYTES,
    MOST_DISK_BYTES,
    UploadStore,
)

LARGE = MEMORY_FILE_BYTES + 1
NOISE = random.Random(1).randbytes(4_100_000)  # noqa: S311 -- no two pieces are alike


class NoInspector(Inspector):
    """Starts no process; whoever waits gets nothing within the time."""

    def look_at(self, file_name, content):
        """Remember what was asked."""
        self.asked = (file_name, content())
        return upload_store.Future()


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    """Let every temporary folder be made in a place of the test's own."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def make():
    """Return a function that makes stores, which are closed at the end."""
    made = []

    def store(**options):
        made.append(UploadStore(**{"inspector": NoInspector(), **options}))
        return made[-1]

    yield store
    for one in made:
        one.close()


def content(size, start=b""):
    """Return so many bytes of which no two pieces are alike."""
    return (start + NOISE[:size])[:size]


def upload(store, data, piece=65_536):
    """Keep a file that comes in pieces."""
    incoming = store.open("t.csv")
    for start in range(0, len(data), piece):
        incoming.write(data[start : start + piece])
    return incoming.finish()


def files(temporary):
    """Return the files of uploads on disk."""
    return sorted(temporary.glob(f"{PREFIX}*/*.upload"))


def test_it_is_what_the_engine_asks_for(make):
    """The interface is the engine's."""
    store: FileStore = make(limit_bytes=5)
    assert store.limit_bytes == 5


@pytest.mark.parametrize("piece", [1, 1000, 65_536, 3_000_000])
@pytest.mark.parametrize("size", [0, 1, 5000, MEMORY_FILE_BYTES, LARGE, LARGE + 3 * BATCH_BYTES])
def test_size_hash_and_content_are_the_files(make, size, piece):
    """However it is cut."""
    if piece == 1:
        size = min(size, 5000)  # byte by byte all would take long
    data = content(size)
    kept = upload(make(), data, piece)
    assert kept.size == size
    assert kept.sha256 == hashlib.sha256(data).hexdigest()
    assert kept.content() == data


def test_up_to_a_megabyte_stays_in_memory(make, temporary):
    """Nothing is made on disk for it."""
    upload(make(), content(MEMORY_FILE_BYTES))
    assert list(temporary.iterdir()) == []


def test_past_a_megabyte_it_is_on_disk(make, temporary):
    """In the process's own folder; `close` removes it."""
    store = make()
    kept = upload(store, content(LARGE))
    assert [file.stat().st_size for file in files(temporary)] == [LARGE]
    store.close()
    assert list(temporary.iterdir()) == []
    assert kept.content() is None
    assert kept.size == LARGE


def test_hashing_and_writing_take_large_batches(make, monkeypatch):
    """Then the interpreter is free for others, however small the pieces are."""
    sizes = []

    class Hash:
        def update(self, data):
            sizes.append(len(data))

    monkeypatch.setattr(upload_store, "sha256", Hash)
    incoming = make().open("t.csv")
    for _ in range(3000):
        incoming.write(b"x" * 1000)
    incoming.discard()
    assert min(sizes) >= BATCH_BYTES
    assert sum(sizes) > 2_700_000


def test_memory_stays_flat(make):
    """A file of 20 MB takes no more memory than one of 5 MB."""
    store, piece, peaks = make(), b"x" * 65_536, []
    for pieces in (80, 320):
        tracemalloc.start()
        incoming = store.open("t.csv")
        for _ in range(pieces):
            incoming.write(piece)
        incoming.discard()
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


def test_many_at_once_take_little_memory(make, temporary):
    """Where many files come, each goes to disk earlier."""
    store = make()
    incoming = [store.open("t.csv") for _ in range(MANY_INCOMING + 1)]
    for one in incoming:
        one.write(b"x" * (BATCH_BYTES + 1))
    assert len(files(temporary)) == 1
    for one in incoming:
        one.discard()
    assert files(temporary) == []


def test_a_hundred_at_once(make):
    """Each gets its own content back."""
    store = make()
    everybody = threading.Barrier(20)

    def one(number):
        data = content(300_000, b"%d" % number)
        everybody.wait()
        return upload(store, data, 10_000).content() == data

    with ThreadPoolExecutor(20) as pool:
        assert all(pool.map(one, range(100)))


def test_a_file_that_breaks_off_leaves_nothing(make, temporary):
    """Discarding it again does nothing."""
    incoming = make().open("t.csv")
    incoming.write(content(LARGE))
    incoming.discard()
    incoming.discard()
    assert files(temporary) == []


def test_a_kept_file_can_be_forgotten(make, temporary):
    """Its facts stay."""
    for size in (5, LARGE):
        kept = upload(make(), content(size))
        kept.discard()
        kept.discard()
        assert kept.content() is None
        assert kept.size == size
    assert files(temporary) == []


@pytest.mark.parametrize(
    ("size", "bounds"),
    [(10, {"most_files": 2}), (10, {"most_memory_bytes": 25}),
     (LARGE, {"most_files": 2}), (LARGE, {"most_disk_bytes": 2 * LARGE, "limit_bytes": LARGE})],
    ids=["number in memory", "bytes in memory", "number on disk", "bytes on disk"],
)  # fmt: skip
def test_the_oldest_content_goes_first(make, temporary, size, bounds):
    """Bounded in number and in bytes together; the facts of all stay."""
    store = make(**bounds)
    kept = [upload(store, content(size, b"%d" % number)) for number in range(4)]
    assert [file.content() is not None for file in kept] == [False, False, True, True]
    assert len({file.sha256 for file in kept}) == 4
    assert store.dropped == 2
    assert len(files(temporary)) == (2 if size == LARGE else 0)


def test_large_files_do_not_push_out_small_ones(make):
    """Memory and disk are bounded each for itself."""
    store = make(most_disk_bytes=LARGE, limit_bytes=LARGE)
    small, large = upload(store, b"x"), upload(store, content(LARGE))
    upload(store, content(LARGE))
    assert small.content() == b"x"
    assert large.content() is None


def test_one_file_of_the_limit_always_has_room(make):
    """Also where the limit was set higher than all files together may have."""
    store = make(limit_bytes=MOST_DISK_BYTES + 1)
    assert store.has_room_on_disk(store.limit_bytes)
    assert not store.has_room_on_disk(store.limit_bytes + 1)


def test_incoming_files_are_counted_too(make, temporary):
    """One that finds no room is counted and hashed on, but not kept."""
    store = make(most_disk_bytes=LARGE, limit_bytes=LARGE)
    first, second = store.open("t.csv"), store.open("t.csv")
    data = content(LARGE)
    first.write(data)
    second.write(data)
    second.write(b"more")
    kept = second.finish()
    assert kept.content() is None
    assert kept.sha256 == hashlib.sha256(data + b"more").hexdigest()
    assert kept.inspection().notes == (
        "its content was not kept (too many large files came at once), so nothing is said about it",
    )
    assert first.finish().content() == data
    assert len(files(temporary)) == 1


def test_without_a_folder_large_files_are_counted_and_hashed(make, monkeypatch):
    """Small ones are kept; a property says it beforehand, and a note afterwards."""
    store = make()
    assert store.keeps_large_files
    monkeypatch.setattr(tempfile, "tempdir", "/no/such/folder")
    assert not store.keeps_large_files
    data = content(3 * LARGE)
    kept = upload(store, data)
    assert (kept.size, kept.content()) == (len(data), None)
    assert kept.sha256 == hashlib.sha256(data).hexdigest()
    assert "not kept (it could not be written: " in kept.inspection().notes[0]
    assert upload(store, b"x").content() == b"x"


def test_no_folder_for_temporary_files_anywhere(make, monkeypatch):
    """Python says so by an error; here it is an answer."""
    store = make()

    def nowhere():
        raise FileNotFoundError

    monkeypatch.setattr(tempfile, "gettempdir", nowhere)
    assert not store.keeps_large_files


class FullDisk:
    """A file on a disk that takes a little, in pieces, and then no more."""

    def __init__(self, file, number, room):
        self.file, self.number, self.room = file, number, room
        self.name = file.name

    def write(self, data):
        """Take some of it, as the system may."""
        taken = min(len(data), 100_000, self.room)
        self.room -= taken
        if not taken:
            raise OSError(self.number, os.strerror(self.number))
        return self.file.write(data[:taken])

    def close(self):
        """Close it."""
        self.file.close()


def fill_disk(monkeypatch, number, room):
    """Let new files be on a full disk."""
    new = UploadFolder.new_file
    monkeypatch.setattr(UploadFolder, "new_file", lambda self: FullDisk(new(self), number, room))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("room", [0, 1_100_000, 1_400_000])
def test_a_full_disk_is_said_and_nothing_is_left_behind(make, temporary, monkeypatch, number, room):
    """In the middle as at the end; later uploads go on."""
    store = make()
    with monkeypatch.context() as full:
        fill_disk(full, number, room)
        with pytest.raises(StoreFullError, match="the disk is full: "):
            upload(store, content(1_500_000))
    assert files(temporary) == []
    data = content(1_500_000)
    assert upload(store, data).content() == data


def test_a_disk_that_takes_a_write_in_parts(make, monkeypatch):
    """The rest is written too."""
    fill_disk(monkeypatch, errno.ENOSPC, 5_000_000)
    data = content(1_500_000)
    assert upload(make(), data).content() == data


def test_a_broken_disk_is_no_error(make, temporary, monkeypatch):
    """The file is counted and hashed on; a note gives the reason."""
    fill_disk(monkeypatch, errno.EIO, 1_100_000)
    data = content(2_000_000)
    kept = upload(make(), data)
    assert kept.sha256 == hashlib.sha256(data).hexdigest()
    assert os.strerror(errno.EIO) in kept.inspection().notes[0]
    assert files(temporary) == []


def test_a_folder_that_somebody_has_cleared_away_is_made_again(make, temporary):
    """As programs that tidy temporary folders do."""
    store = make()
    first = upload(store, content(LARGE))
    for path in temporary.iterdir():
        path.rename(temporary / "cleared")
    assert first.content() is None
    assert upload(store, content(LARGE)).content() == content(LARGE)


def test_folders_left_behind_are_removed_before_the_first_large_file(make, temporary):
    """A server does so at its start; in-process, a mock that gets no large file need not look."""
    (temporary / f"{PREFIX}x").mkdir()
    upload(make(), content(LARGE))
    assert not (temporary / f"{PREFIX}x").exists()


def test_two_stores_have_folders_of_their_own(make, temporary):
    """Closing one leaves the other's files."""
    one, other = make(), make()
    upload(one, content(LARGE))
    kept = upload(other, content(LARGE))
    one.close()
    assert kept.content() == content(LARGE)


def test_a_small_file_is_looked_at_at_once(make):
    """No process is needed."""
    kept = upload(make(), b"a,b\n" + b"1,2\n" * 100)
    assert kept.inspection(0) == Inspection(100, 2, ())


def test_another_file_is_looked_at_by_the_inspector(make):
    """Its bytes where they are in memory, else where they are on disk."""
    store = make()
    upload(store, content(20_000))
    assert store.inspector.asked == ("t.csv", content(20_000))
    upload(store, content(LARGE))
    name, path = store.inspector.asked
    assert (name, path.read_bytes()) == ("t.csv", content(LARGE))


def test_whoever_waits_too_long_is_told(make):
    """The finding may still come later."""
    kept = upload(make(), content(20_000))
    note = "the file is still being looked at after 0.01 s"
    assert kept.inspection(0.01) == Inspection(notes=(note,))
    assert not kept.is_looked_at


def test_what_was_found_stays_when_the_content_goes(make):
    """A fact like the others."""
    kept = upload(make(), b"a,b\n" + b"1,2\n" * 100)
    kept.discard()
    assert kept.inspection().rows == 100
    assert kept.is_looked_at


@pytest.mark.slow
def test_a_large_file_is_looked_at_by_a_process():
    """All parts together."""
    store = UploadStore(inspector=Inspector(limit_seconds=60))
    kept = upload(store, b"a,b\n" + b"1,2\n" * 300_000)
    assert kept.inspection(60) == Inspection(300_000, 2, ())
    assert isinstance(kept.body, Path)
    store.close()
