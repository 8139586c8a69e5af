"""Has uploaded files looked at by a process of its own: started when needed, ended when idle.

A thread would hold the interpreter, and polls would wait for it.
"""

from __future__ import annotations

import atexit
import io
import json
import subprocess
import sys
import threading
from collections import deque
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mock_p1.engine.file_store import Inspection

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Content = Callable[[], bytes | Path | None]
    """Returns the bytes of a file, or where they are; None where they had to go."""

IDLE_SECONDS: Final = 5.0
LIMIT_SECONDS: Final = 8.0
"""The longest time for one file; shorter than what those who ask for findings wait."""

SMALL_BYTES: Final = 16_384
SMALL_LINES: Final = 500
"""A file up to this is looked at where it came: that takes less than 0.5 ms (measured)."""

LONGEST_ANSWER: Final = 1_000_000

_START: Final = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from mock_p1.server.upload_content import main; main()"
)


def is_small(content: bytes) -> bool:
    """Tell whether a file can be looked at right here; never a ZIP: it may unpack to anything."""
    from mock_p1.server.upload_content import ZIP_STARTS  # noqa: PLC0415 -- loads zipfile

    return (
        len(content) <= SMALL_BYTES
        and max(content.count(b"\n"), content.count(b"\r")) <= SMALL_LINES
        and not content.startswith(ZIP_STARTS)
    )


def inspect_small(content: bytes, file_name: str) -> Inspection:
    """Look at a small file at once."""
    from mock_p1.server.upload_content import inspect_content  # noqa: PLC0415 -- likewise

    return inspect_content(io.BytesIO(content), file_name)


class Inspector:
    """Looks at files, one after another, in the order in which they came."""

    def __init__(
        self,
        *,
        idle_seconds: float = IDLE_SECONDS,
        limit_seconds: float = LIMIT_SECONDS,
        command: Sequence[str] | None = None,
    ) -> None:
        self._idle_seconds, self._limit_seconds = idle_seconds, limit_seconds
        self._command = command
        self._changed = threading.Condition()
        self._waiting: deque[tuple[str, Content, Future[Inspection]]] = deque()
        self._thread: threading.Thread | None = None
        self._worker: _Worker | None = None
        self._is_closed = False

    @property
    def process_id(self) -> int | None:
        """The process that looks at files; None while there is none."""
        worker = self._worker
        return None if worker is None else worker.process.pid

    def look_at(self, file_name: str, content: Content) -> Future[Inspection]:
        """Have a file looked at; its content is asked for when its turn has come."""
        found: Future[Inspection] = Future()
        with self._changed:
            if self._is_closed:
                found.set_result(_nothing("the mock has ended"))
                return found
            self._waiting.append((file_name, content, found))
            if self._thread is None or not self._thread.is_alive():  # a fork has no threads
                atexit.register(self.close)  # at the exit the thread would be stopped, not ended
                self._worker = None  # in a fork: that of the process it was forked from
                self._thread = threading.Thread(
                    target=self._run, name="mock-p1 upload inspection", daemon=True
                )
                self._thread.start()
            self._changed.notify()
        return found

    def close(self) -> None:
        """End the process; files that wait are not looked at any more."""
        with self._changed:
            self._is_closed = True
            thread, worker = self._thread, self._worker
            while self._waiting:
                self._waiting.popleft()[2].set_result(_nothing("the mock has ended"))
            self._changed.notify()
            if thread is not None and thread.is_alive() and worker is not None:
                worker.process.kill()
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        while (waiting := self._next()) is not None:
            file_name, content, found = waiting
            found.set_result(self._look_at(file_name, content))

    def _next(self) -> tuple[str, Content, Future[Inspection]] | None:
        """Return the next file; None, with everything ended, where none has come for a while."""
        with self._changed:
            if not self._waiting and not self._is_closed:
                self._changed.wait(self._idle_seconds)
            if self._waiting:
                return self._waiting.popleft()
            self._end_worker()
            self._thread = None
            atexit.unregister(self.close)
            return None

    def _look_at(self, file_name: str, content: Content) -> Inspection:
        body = content()
        if body is None:
            return _nothing("its content had to go before its turn had come")
        try:
            worker = self._worker = self._worker or _Worker(self._command or _command())
        except OSError as error:
            return _nothing(f"no process could be started ({error})")
        if self._is_closed:
            worker.process.kill()
        answer = worker.ask(file_name, body, self._limit_seconds)
        if worker.ran_out_of_time or not answer.endswith(b"\n"):
            self._end_worker()
        if worker.ran_out_of_time:
            return _nothing(f"the time ran out ({self._limit_seconds:g} s)")
        if not answer.endswith(b"\n"):
            return _nothing("the process that looked at it ended early")
        rows, columns, notes = json.loads(answer)
        return Inspection(rows, columns, tuple(notes))

    def _end_worker(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.end()


class _Worker:
    """The process: asked about one file at a time."""

    def __init__(self, command: Sequence[str]) -> None:
        self.ran_out_of_time = False
        self.process = subprocess.Popen(  # noqa: S603 -- our own program
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )

    def ask(self, file_name: str, body: bytes | Path, limit_seconds: float) -> bytes:
        """Return its answer; an empty or a broken one where it has ended."""
        where = {"path": str(body)} if isinstance(body, Path) else {"size": len(body)}
        request = json.dumps({"name": file_name, **where}).encode() + b"\n"
        stdin, stdout = self.process.stdin, self.process.stdout
        if stdin is None or stdout is None:  # for the type checker: both are pipes
            return b""
        timer = threading.Timer(limit_seconds, self._give_up)
        timer.daemon = True
        timer.start()
        try:
            stdin.write(request if isinstance(body, Path) else request + body)
            stdin.flush()
            return stdout.readline(LONGEST_ANSWER)
        except OSError:  # it has ended
            return b""
        finally:
            timer.cancel()

    def _give_up(self) -> None:
        self.ran_out_of_time = True
        self.process.kill()

    def end(self) -> None:
        """End it. It has nothing to lose."""
        self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with suppress(OSError):  # what it did not read any more
                    pipe.close()
        self.process.wait()


def _command() -> list[str]:
    """Return what starts the process: our program, with the module search path of this process."""
    if getattr(sys, "frozen", False):
        raise OSError("a frozen program has no Python to start")
    return [sys.executable, "-I", "-c", _START, json.dumps([*map(str, sys.path)])]


def _nothing(why: str) -> Inspection:
    return Inspection(notes=(f"the file was not looked at: {why}",))
