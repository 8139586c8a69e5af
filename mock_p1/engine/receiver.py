"""A file on its way in: the bytes go to the store, the act is done when the last one has come."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Protocol

from mock_p1.engine.file_store import StoreFullError
from mock_p1.engine.not_imitated import file_too_large, no_room

if TYPE_CHECKING:
    from mock_p1.base.messages import Fault, Reply
    from mock_p1.engine.file_store import FileStore, IncomingFile, KeptFile


class UploadEnd(Protocol):
    """What the engine does when a file has come, or has not."""

    def complete(self, size: int, kept: KeptFile) -> Reply | Fault:
        """Do the act, and answer."""
        ...

    def broken_off(self, size: int) -> None:
        """Note that the client broke off."""
        ...

    def failed(self, size: int, reply: Reply | Fault | None) -> Reply | Fault:
        """Answer a file that is not taken; None stands for the fault that strikes midway."""
        ...


class Receiver:
    """Takes the body of one upload in pieces; safe to be called from any one thread at a time.

    ``write`` returns an answer where nothing more need be read, else None; after the last piece
    comes ``finish``, and ``abort`` where the client has gone before.
    """

    def __init__(self, store: FileStore, file_name: str, end: UploadEnd, half: int | None) -> None:
        """``half`` is after how many bytes a fault strikes; None where none does midway."""
        self._store, self._end, self._half = store, end, half
        self.strikes_at = sys.maxsize if half is None else half
        """After how many bytes a fault strikes: hand over what has come by then."""
        self._file: IncomingFile | None = None
        self._name = file_name
        self._size = 0

    def write(self, data: bytes) -> Reply | Fault | None:
        """Take the next bytes."""
        self._size += len(data)
        if self._half is not None and self._size >= self._half:
            return self._give_up(None)
        if self._size > self._store.limit_bytes:
            return self._give_up(file_too_large(self._store.limit_bytes))
        try:
            if self._file is None:
                self._file = self._store.open(self._name)
            self._file.write(data)
        except StoreFullError as error:
            return self._give_up(no_room(str(error)))
        return None

    def finish(self) -> Reply | Fault:
        """Say that all of the body has come; return the answer."""
        if self._half is not None:
            return self._give_up(None)
        try:
            file = self._file or self._store.open(self._name)
            kept = file.finish()
        except StoreFullError as error:
            return self._give_up(no_room(str(error)))
        return self._end.complete(self._size, kept)

    def abort(self) -> None:
        """Say that the client broke off before the body's end."""
        self._discard()
        self._end.broken_off(self._size)

    def _give_up(self, reply: Reply | None) -> Reply | Fault:
        self._discard()
        return self._end.failed(self._size, reply)

    def _discard(self) -> None:
        if self._file is not None:
            self._file.discard()
            self._file = None
