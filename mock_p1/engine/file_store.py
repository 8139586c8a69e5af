"""What the engine asks of the place where uploaded files are kept, and the smallest such place.

The engine opens nothing itself. ``server.upload_store`` keeps files in memory and on disk; without
it the engine counts and hashes what comes, and keeps none of it.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final, NamedTuple, Protocol

DEFAULT_LIMIT_BYTES: Final = 100_000_000
"""The largest file that is taken (assumed: the manual states no limit for this call)."""

IS_A_FORM: Final = "the body is a multipart form; this PUT takes the file as it is (curl -T FILE)"
"""What is noted of a file that was sent as ``requests`` sends ``files=``."""


class StoreFullError(OSError):
    """There is no room for the file; the text says what is full."""


class Inspection(NamedTuple):
    """What was found in a file: rows and columns of its CSV data, where it has some, and notes.

    A note is a sentence about what the manual says of such files; none of them refuses the file.
    """

    rows: int | None = None
    columns: int | None = None
    notes: tuple[str, ...] = ()


KNOWN_ELSEWHERE: Final = Inspection(
    notes=(
        (
            "the file came to another process, and what was found in it is known only there; of "
            "small files it is known to all"
        ),
    )
)
"""What others are told of a file in which nothing had been found yet: nothing more will come."""


class KeptFile(Protocol):
    """A file that has come, whole."""

    @property
    def size(self) -> int:
        """Its size in bytes."""

    @property
    def sha256(self) -> str:
        """The SHA-256 of its bytes, in hexadecimal digits."""

    @property
    def is_kept(self) -> bool:
        """Whether its bytes are there."""

    def content(self) -> bytes | None:
        """Return its bytes; None where they were not kept, or had to go for newer ones."""

    @property
    def is_looked_at(self) -> bool:
        """Whether nothing more will be found in it."""

    def inspection(self, timeout_seconds: float = 10.0) -> Inspection:
        """Return what was found in it, waiting so long for it; then a finding that says so."""

    def discard(self) -> None:
        """Forget its bytes; what is said of it stays."""


def found_for_others(kept: KeptFile) -> Inspection:
    """Return what other processes are told of a file, once and for all."""
    return kept.inspection(0) if kept.is_looked_at else KNOWN_ELSEWHERE


class IncomingFile(Protocol):
    """A file that is coming. Exactly one of ``finish`` and ``discard`` ends it."""

    @property
    def size(self) -> int:
        """How many bytes have come."""

    def write(self, data: bytes) -> None:
        """Take the next bytes; StoreFullError where there is no room for them."""

    def finish(self) -> KeptFile:
        """Keep the file: all of it has come. StoreFullError where its last bytes have no room."""

    def discard(self) -> None:
        """Forget what has come."""


class FileStore(Protocol):
    """Where files are kept."""

    @property
    def limit_bytes(self) -> int:
        """The largest file that is taken."""

    @property
    def dropped(self) -> int:
        """How many files have lost their content to newer ones."""

    def open(self, file_name: str) -> IncomingFile:
        """Begin to keep a file of this name; StoreFullError where there is no room."""


class RememberedFile(NamedTuple):
    """A file of which the bytes are not kept: what was said of it is known."""

    size: int
    sha256: str
    found: Inspection

    @property
    def is_kept(self) -> bool:
        """Whether its bytes are there: they are not."""
        return False

    def content(self) -> None:
        """Return None: the bytes are gone."""
        return

    @property
    def is_looked_at(self) -> bool:
        """Whether nothing more will be found in it: so it is."""
        return True

    def inspection(self, timeout_seconds: float = 10.0) -> Inspection:
        """Return what was found in it."""
        del timeout_seconds
        return self.found

    def discard(self) -> None:
        """Forget nothing: nothing is kept."""


class CountedFile:
    """A file that is coming, of which only size and SHA-256 will be kept."""

    def __init__(self) -> None:
        self.size: int = 0
        self._hash = sha256()

    def write(self, data: bytes) -> None:
        """Count the next bytes."""
        self.size += len(data)
        self._hash.update(data)

    def finish(self) -> RememberedFile:
        """Return what is known of it."""
        found = Inspection(notes=("its content was not kept, so nothing is said about it",))
        return RememberedFile(self.size, self._hash.hexdigest(), found)

    def discard(self) -> None:
        """Forget nothing: nothing was kept."""


class CountingStore:
    """Keeps no bytes: counts and hashes them."""

    def __init__(self, limit_bytes: int = DEFAULT_LIMIT_BYTES) -> None:
        self.limit_bytes = limit_bytes
        self.dropped: int = 0

    def open(self, file_name: str) -> CountedFile:
        """Begin to count a file."""
        del file_name
        return CountedFile()
