"""The log of `serve`: one line for each request, which no answer waits for.

Lines are made where requests are answered, some at once and in one piece: one by one they take
twice as long. The pieces wait in a bounded queue, and a thread of its own writes them, many at
once. So a terminal that scrolls slowly, or a parent process that never reads our pipe, does not
hold up a single answer: the lines that do not fit are left out, and the log says how many. Where
there is no log, the server does nothing for it.
"""

from __future__ import annotations

import codecs
import errno
import io
import os
import select
import stat
import sys
import time
from collections import deque
from contextlib import suppress
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Final, Self, TextIO

from mock_p1.admin.watcher import Broken, Reloaded
from mock_p1.cli.log_lines import STORE_OK, Format, Lines
from mock_p1.engine.acts import SharedEngine
from mock_p1.engine.limits import DEFAULT_MAX

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from mock_p1.engine.engine import Engine
    from mock_p1.engine.journal import Kept

MAX_WAITING: Final = 10_000
"""Lines that wait to be written; beyond it, the oldest are left out."""

AT_ONCE: Final = 256
"""So many lines are made together, in a quarter of a millisecond."""

FLUSH_SECONDS: Final = 0.05
"""So late is a line at most, if the reader keeps up."""

SOON: Final = MAX_WAITING // 2
"""Where so many lines wait, they are written at once, and not when their time comes."""

QUIET_SECONDS: Final = 0.5
END_SECONDS: Final = 0.2
"""How long the end waits for lines to be taken that the reader has been handed."""

END_WAITS: Final = 25
"""It waits so often at most, as long as some are taken."""

PIECE_BYTES: Final = 256 * 1024
"""So much is written at once, in whole lines; to a pipe so much as the system writes whole."""

PIPE_ROOM: Final = 1024 * 1024
"""Bytes that a pipe is asked to have room for, the most that anybody may.

So lines are not lost either where the reader waits for the server's end before it reads.
"""

CLOSED: Final = (errno.EPIPE, errno.EBADF, errno.EINVAL)
"""What is said of a pipe that nobody reads any more; the last is Windows'."""


class RequestLog:
    """Writes a line for every request of an engine, as a context manager.

    The thread does not make the lines: two threads that both want the interpreter cost each other
    more than that saves.

    ``logging.handlers.QueueListener`` would not do: its ``stop`` waits for ever for a stream that
    is stuck, it writes line by line, and of lines that do not fit it keeps the oldest.
    """

    def __init__(
        self,
        engine: Engine,
        form: Format,
        stream: TextIO,
        *,
        quiet: bool = False,
    ) -> None:
        """A quiet one says only which limits are reached, and how the store is.

        A journal of the usual size is full in any longer run, which is nothing to say.
        """
        self._engine, self._format, self._quiet = engine, form, quiet
        self._writer = Writer(stream)
        self._unmade: list[Kept] = []
        self._moments: list[float] = []
        self._lines, self._making = Lines(form, engine.clock), Lock()
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._requests = self._left_out = 0
        self._logged_limits = {"log_lines"}
        if engine.journal.maximum == DEFAULT_MAX:
            self._logged_limits.add("journal")
        self._last_line, self._store = "", STORE_OK
        self._done, self._wake = False, Event()
        self._thread = Thread(target=self._run, name="mock-p1:log", daemon=True)

    def __enter__(self) -> Self:
        """Begin with the next request."""
        if not self._quiet:
            self._writer.make_room()
            journal = self._engine.journal
            journal.keep = self._noting(journal.keep)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Write what is left, and end; without it, if nobody takes the lines."""
        if error is not None:
            self._last_line = ""
        self._done = True
        self._wake.set()
        for _ in range(END_WAITS):
            before = self._writer.pieces
            self._thread.join(END_SECONDS)
            if self._writer.waits and self._writer.pieces == before:
                return

    def ended(self, by: str, state: Path | None) -> None:
        """Say in the end what has stopped the server, and where its state is, if that is kept."""
        if by and not self._quiet:
            self._last_line = self._format.stopped(by, None if state is None else str(state))

    def _noting(self, keep: Callable[[Kept], None]) -> Callable[[Kept], None]:
        """Return what keeps an entry, and notes it: one call, where a listener would be two."""
        unmade, moments, now = self._unmade, self._moments, time.time

        def keep_and_note(kept: Kept) -> None:  # in two lists, which cost less than pairs
            keep(kept)
            moments.append(now())
            unmade.append(kept)
            if len(unmade) >= AT_ONCE:
                with self._making:
                    self._make()
                if self._requests > SOON:
                    self._wake.set()

        return keep_and_note

    def _make(self) -> None:
        """Make the lines of all that was noted, as one piece; the lock is held."""
        noted, moments = self._unmade[:], self._moments[:]
        del self._unmade[: len(noted)], self._moments[: len(noted)]  # what comes meanwhile stays
        self._waiting.append((len(noted), self._lines.of(zip(noted, moments, strict=False))))
        self._requests += len(noted)
        while (over := self._requests - MAX_WAITING) > 0:
            count, lines = self._waiting.popleft()
            if count > over:
                self._waiting.appendleft((count - over, lines.split(b"\n", over)[over]))
            self._requests -= min(count, over)
            self._leave_out(min(count, over))

    def _leave_out(self, requests: int) -> None:
        """Count the lines of requests that are not written."""
        self._left_out += requests
        self._engine.state.reached["log_lines"] += requests

    def _run(self) -> None:
        try:
            while not self._done:
                self._wake.wait(QUIET_SECONDS if self._quiet else FLUSH_SECONDS)
                self._wake.clear()
                self._flush()
            self._flush()
        except (BrokenPipeError, ValueError):
            return  # nobody reads the log any more: its pipe is closed

    def _flush(self) -> None:
        """Write what there is; count it as left out where that fails for now, as on a full disk."""
        with self._making:
            self._make()
            requests, lines = self._requests, [lines for _, lines in self._waiting]
            self._waiting.clear()
            if left_out := self._left_out:
                lines.insert(0, f"{self._format.left_out(left_out)}\n".encode())
            self._requests = self._left_out = 0
        for name in sorted(self._engine.limits_reached().keys() - self._logged_limits):
            lines.append(f"{self._format.limit_reached(name)}\n".encode())
            self._logged_limits.add(name)
        if isinstance(self._engine, SharedEngine):
            store = self._engine.store_state()
            if (store == STORE_OK) != (self._store == STORE_OK):
                lines.append(f"{self._format.store(store)}\n".encode())
            self._store = store
        if self._last_line and self._done:
            lines.append(f"{self._last_line}\n".encode())
            self._last_line = ""
        if text := b"".join(lines):
            try:
                self._writer.write(text)
            except OSError as error:
                if error.errno in CLOSED:
                    raise BrokenPipeError from error
                with self._making:
                    self._left_out += left_out
                    self._leave_out(requests)


class ReloadLog:
    """Writes what came of every change of the scenario file. Quiet, only what is wrong with it."""

    def __init__(self, form: Format, stream: TextIO, *, quiet: bool) -> None:
        self._form, self._write, self._quiet = form.reload, Writer(stream).write, quiet

    def __call__(self, outcome: Reloaded | Broken) -> None:
        """Write it; where nobody reads the log any more, do nothing."""
        if isinstance(outcome, Broken) or not self._quiet:
            with suppress(OSError, ValueError):  # its pipe is closed
                self._write(f"{self._form(outcome)}\n".encode("utf-8", "replace"))


class Writer:
    """Writes text to a stream, around its buffer where there is one.

    A thread that waits inside a buffer's lock would keep the interpreter from ending.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        buffer = getattr(stream, "buffer", None)
        self._raw = buffer if isinstance(buffer, io.RawIOBase) else getattr(buffer, "raw", None)
        self.pieces: int = 0
        """How many pieces the stream has taken."""
        self._most = PIECE_BYTES if self._raw is None else _most_at_once(self._raw)
        self.waits: bool = False
        """Whether it has been handed one that it has not taken yet."""

    def make_room(self) -> None:
        """Ask for more room in a pipe, where there is any to be had."""
        if self._raw is not None and sys.platform == "linux":
            import fcntl  # noqa: PLC0415 -- there is none on Windows

            with suppress(OSError, ValueError):  # no pipe, or all that this user may have is taken
                fcntl.fcntl(self._raw.fileno(), fcntl.F_SETPIPE_SZ, PIPE_ROOM)

    def write(self, text: bytes) -> None:
        """Write UTF-8, however long that takes; OSError or ValueError where nobody reads it."""
        self.waits = True
        if self._raw is None:
            self._stream.write(text.decode())
            self._stream.flush()
            self.pieces += 1
        else:
            self._write_around_buffer(self._raw, text)
        self.waits = False

    def _write_around_buffer(self, raw: io.RawIOBase, text: bytes) -> None:
        encoding = codecs.lookup(self._stream.encoding).name
        if encoding != "utf-8":
            text = text.decode().encode(encoding, "replace")
        at = end = 0
        while at < len(text):
            if at == end:  # whole lines: no other writer's come in the midst of one
                end = text.rfind(b"\n", at, at + self._most) + 1 or at + self._most
            count = raw.write(memoryview(text)[at:end])
            at += count or 0
            if count is None:  # a pipe that was made non-blocking, and is full
                time.sleep(FLUSH_SECONDS)
            else:
                self.pieces += 1


def _most_at_once(raw: io.RawIOBase) -> int:
    """Return how many bytes the system writes to a stream without those of others in between."""
    try:
        is_pipe = stat.S_ISFIFO(os.fstat(raw.fileno()).st_mode)
    except (OSError, ValueError):  # no file of the system's
        is_pipe = False
    return int(getattr(select, "PIPE_BUF", PIECE_BYTES)) if is_pipe else PIECE_BYTES
