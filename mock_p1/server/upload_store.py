"""Keeps uploaded files: small ones in memory, larger ones on disk, the oldest as long as it can."""

from __future__ import annotations

import errno
import os
import tempfile
import threading
from collections import deque
from concurrent.futures import Future
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mock_p1.engine.file_store import DEFAULT_LIMIT_BYTES, Inspection, StoreFullError
from mock_p1.server.upload_folder import UploadFolder, remove_left_behind
from mock_p1.server.upload_inspection import Inspector, inspect_small, is_small

if TYPE_CHECKING:
    from io import FileIO

MEMORY_FILE_BYTES: Final = 1_000_000
"""A file up to this is kept in memory, a larger one on disk."""

BATCH_BYTES: Final = 131_072
"""More than this is hashed and written at once: the interpreter is free for other threads
meanwhile. What a server reads at once is more, and need not be copied."""

MANY_INCOMING: Final = 16
"""Where more files than this come at once, each goes to disk after its first batch."""

MOST_FILES: Final = 1_000
MOST_DISK_BYTES: Final = 500_000_000
MOST_MEMORY_BYTES: Final = 16_000_000
"""All files together; beyond, the oldest lose their content. Their size, hash and notes stay."""

_DISK_FULL: Final = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}


class StoredFile:
    """A file that has come, whole; its content is there until it has to go."""

    def __init__(self, size: int, digest: str, body: bytes | Path | None) -> None:
        self.size = size
        self.sha256 = digest
        self.body = body
        self.found: Future[Inspection] = Future()

    @property
    def is_kept(self) -> bool:
        """Whether its bytes are there."""
        return self.body is not None

    @property
    def is_looked_at(self) -> bool:
        """Whether nothing more will be found in it."""
        return self.found.done()

    def content(self) -> bytes | None:
        """Return its bytes; None where they were not kept, or had to go for newer ones."""
        body = self.body
        if isinstance(body, Path):
            try:
                return body.read_bytes()
            except OSError:  # it has just had to go
                return None
        return body

    def inspection(self, timeout_seconds: float = 10.0) -> Inspection:
        """Return what was found in it, waiting so long for it."""
        try:
            return self.found.result(timeout_seconds)
        except TimeoutError:
            waited = f" after {timeout_seconds:g} s" if timeout_seconds else ""
            return Inspection(notes=(f"the file is still being looked at{waited}",))

    def discard(self) -> None:
        """Forget its content."""
        body, self.body = self.body, None
        if isinstance(body, Path):
            remove_file(body)


class UploadStore:
    """Keeps files for one mock; any number of threads may write files at once, each its own.

    What processes that were killed have left on disk is removed before the first file goes there.
    """

    def __init__(
        self,
        limit_bytes: int = DEFAULT_LIMIT_BYTES,
        *,
        most_files: int = MOST_FILES,
        most_disk_bytes: int = MOST_DISK_BYTES,
        most_memory_bytes: int = MOST_MEMORY_BYTES,
        inspector: Inspector | None = None,
    ) -> None:
        self.limit_bytes = limit_bytes
        self.inspector: Inspector = inspector or Inspector()
        self._most_files = most_files
        self._most_bytes = {True: max(most_disk_bytes, limit_bytes), False: most_memory_bytes}
        self._lock = threading.Lock()
        self._kept: deque[StoredFile] = deque()
        self.dropped: int = 0
        """How many files have lost their content to newer ones."""
        self._incoming: set[IncomingUpload] = set()
        self._folder: UploadFolder | None = None

    @property
    def keeps_large_files(self) -> bool:
        """Whether files of more than 1 MB can be kept; else they are counted and hashed."""
        try:
            return os.access(tempfile.gettempdir(), os.W_OK | os.X_OK)
        except FileNotFoundError:  # no folder for temporary files anywhere
            return False

    def open(self, file_name: str) -> IncomingUpload:
        """Begin to keep a file of this name."""
        with self._lock:
            batch = MEMORY_FILE_BYTES if len(self._incoming) < MANY_INCOMING else BATCH_BYTES
            incoming = IncomingUpload(self, file_name, batch)
            self._incoming.add(incoming)
            return incoming

    def close(self) -> None:
        """Forget all content, remove the folder, and end the process that looks at files."""
        self.inspector.close()
        with self._lock:
            while self._kept:
                self._kept.popleft().discard()
            folder, self._folder = self._folder, None
        if folder is not None:
            folder.close()

    def new_disk_file(self) -> FileIO:
        """Open a new file in the folder, which is made when the first large file comes."""
        with self._lock:
            if self._folder is None or not self._folder.is_usable:
                remove_left_behind()
                self._folder = UploadFolder()
            return self._folder.new_file()

    def has_room_on_disk(self, size: int) -> bool:
        """Tell whether so many bytes more may be written; older files go for them."""
        with self._lock:
            return self._has_room(size, on_disk=True)

    def _has_room(self, size: int, *, on_disk: bool) -> bool:
        kept = [file for file in self._kept if isinstance(file.body, Path) is on_disk and file.body]
        used = size + sum(file.size for file in kept)
        if on_disk:
            used += sum(incoming.on_disk for incoming in self._incoming)
        for file in kept:
            if used <= self._most_bytes[on_disk]:
                break
            file.discard()
            self.dropped += 1
            used -= file.size
        return used <= self._most_bytes[on_disk]

    def keep(self, file: StoredFile, incoming: IncomingUpload) -> None:
        """Keep a file that has come, and have it looked at."""
        body = file.body
        with self._lock:
            self._incoming.discard(incoming)
            if isinstance(body, bytes):
                self._has_room(file.size, on_disk=False)
            self._kept.append(file)
            while len(self._kept) > self._most_files:
                oldest = self._kept.popleft()
                self.dropped += oldest.is_kept
                oldest.discard()
        if isinstance(body, bytes) and is_small(body):
            file.found.set_result(inspect_small(body, incoming.file_name))
        elif body is not None:
            file.found = self.inspector.look_at(incoming.file_name, lambda: file.body)

    def end_incoming(self, incoming: IncomingUpload) -> None:
        """Count it no longer."""
        with self._lock:
            self._incoming.discard(incoming)


class IncomingUpload:
    """A file that is coming: hashed and written in batches, whatever the size of its pieces."""

    def __init__(self, store: UploadStore, file_name: str, batch: int) -> None:
        self.size: int = 0
        self.on_disk: int = 0
        self.file_name = file_name
        self._store = store
        self._hash = sha256()
        self._batch = batch
        self._buffer = bytearray()
        self._file: FileIO | None = None
        self._not_kept: str | None = None

    def write(self, data: bytes) -> None:
        """Take the next bytes; StoreFullError where the disk is full: nothing stays of the file."""
        self.size += len(data)
        if self._buffer or len(data) <= self._batch:
            self._buffer += data
            data = b""
        if len(data or self._buffer) > self._batch:
            self._flush(data)
            self._batch = BATCH_BYTES

    def finish(self) -> StoredFile:
        """Keep the file; StoreFullError likewise, since its last bytes are written now."""
        is_in_memory = self._file is None and self._not_kept is None
        if is_in_memory:
            self._hash.update(self._buffer)
        else:
            self._flush()
        body = bytes(self._buffer) if is_in_memory else self._closed_file()
        kept = StoredFile(self.size, self._hash.hexdigest(), body)
        if self._not_kept is not None:
            note = f"its content was not kept ({self._not_kept}), so nothing is said about it"
            kept.found.set_result(Inspection(notes=(note,)))
        self._store.keep(kept, self)
        return kept

    def discard(self) -> None:
        """Forget what has come; doing so again does nothing."""
        self._buffer = bytearray()
        if (path := self._closed_file()) is not None:
            remove_file(path)
        self.on_disk = 0
        self._store.end_incoming(self)

    def _flush(self, data: bytes = b"") -> None:
        """Write what has been gathered, or the data where nothing has."""
        batch, self._buffer = data or self._buffer, bytearray()
        self._hash.update(batch)
        if self._not_kept is None:
            try:
                self._write_to_disk(batch)
            except OSError as error:
                self.discard()
                if error.errno in _DISK_FULL:
                    raise StoreFullError(f"the disk is full: {error.strerror}") from error
                self._not_kept = f"it could not be written: {error.strerror or error}"

    def _write_to_disk(self, batch: bytes | bytearray) -> None:
        if not self._store.has_room_on_disk(len(batch)):
            self.discard()
            self._not_kept = "too many large files came at once"
            return
        if self._file is None:
            self._file = self._store.new_disk_file()
        rest = memoryview(batch)
        while rest:
            rest = rest[self._file.write(rest) :]
        self.on_disk += len(batch)

    def _closed_file(self) -> Path | None:
        """Close the file, if there is one, and return where it is."""
        file, self._file = self._file, None
        if file is None:
            return None
        file.close()
        return Path(str(file.name))


def remove_file(path: Path) -> None:
    """Remove a file; one that is still being read, on Windows, goes with its folder."""
    with suppress(PermissionError):
        path.unlink(missing_ok=True)
