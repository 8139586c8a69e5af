"""``serve --workers``: processes on one port, in one shared state; those that die are replaced."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

import click

from mock_p1.base.addresses import is_loopback
from mock_p1.cli.command_error import Failure
from mock_p1.cli.options import INHERITED_SOCKETS
from mock_p1.cli.process import END_OF_PARENT, parent_watched
from mock_p1.server.server import (
    TOKEN_BYTES,
    CannotListen,
    Listening,
    listen,
    stopped_by_signals,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mock_p1.cli.log_lines import Format

VARIABLE: Final = "MOCK_P1_WORKERS"

LOOK_SECONDS: Final = 0.1
PAUSE_SECONDS: Final = 1.0
"""How long a worker is not replaced that has lived no longer."""

END_SECONDS: Final = 5.0

LAST_STANDARD: Final = 2
"""The number of stderr."""


def serve_by_workers(
    count: int, options: Mapping[str, Any], form: Format, *, exit_with_parent: bool
) -> None:
    """Serve with so many processes until a signal; exit as the first one does if it cannot.

    The log says once what has stopped them all.
    """
    if sys.platform == "win32":
        raise click.UsageError(
            "--workers is not for Windows, where processes cannot listen together; start several "
            "with --state and a --port each"
        )
    if options["state"] is None:
        raise click.UsageError(
            "--workers share a state; say where it is: --state redis://127.0.0.1:6379"
        )
    host, admin_token = options["host"], options["admin_token"]
    if admin_token is None and not is_loopback(host):
        admin_token = secrets.token_urlsafe(TOKEN_BYTES)
    _open_what_is_closed()
    try:
        sockets = listen(host, options["port"])
    except CannotListen as error:
        raise Failure(elsewhere(error)) from None
    try:
        with ExitStack() as stack:
            ended = threading.Event()
            why: list[str] = []

            def stop(by: str) -> None:
                why.append(by)
                ended.set()

            stack.enter_context(stopped_by_signals(stop))
            if exit_with_parent:
                stack.enter_context(parent_watched(lambda: stop(END_OF_PARENT)))
            workers = Workers(count, sockets, admin_token, form)
            stack.callback(workers.end)
            workers.run(ended)
        if not options["quiet"]:
            click.echo(form.stopped(why[0], None), err=True)
    finally:
        for listening in sockets:
            listening.close()


def elsewhere(error: CannotListen) -> str:
    """Say that a server cannot be where it was to be, and what to do."""
    return f"{error}; choose another with --host and --port, or --port 0 for any free port"


class Workers:
    """The processes, all started as this one was."""

    def __init__(
        self, count: int, sockets: Sequence[Listening], admin_token: str | None, form: Format
    ) -> None:
        self._numbers = [listening.fileno() for listening in sockets]
        self._form = form
        self._not_said: OSError | None = None  # why what the first one says cannot be handed on
        # not by -m, which would find the modules of the current folder before ours
        self._arguments = without_workers(sys.orig_argv[1:])
        self._environment = {
            **os.environ,
            INHERITED_SOCKETS: ",".join(map(str, self._numbers)),
            "MOCK_P1_EXIT_WITH_PARENT": "1",
            **({} if admin_token is None else {"MOCK_P1_ADMIN_TOKEN": admin_token}),
        }
        self._environment.pop(VARIABLE, None)
        self._all: list[subprocess.Popen[bytes] | None] = [None] * count
        self._begun = [0.0] * count

    def run(self, ended: threading.Event) -> None:
        """Start them, the first one first; replace those that die, until it is to end."""
        first, is_up = self._start(0, stdout=subprocess.PIPE), threading.Event()
        threading.Thread(target=self._relay, args=(first.stdout, is_up), daemon=True).start()
        while not is_up.wait(LOOK_SECONDS):
            if ended.is_set():
                return
            if first.poll() is not None and not is_up.is_set():
                raise SystemExit(first.returncode)
        for index in range(1, len(self._all)):
            self._start(index)
        while not ended.wait(LOOK_SECONDS):
            if self._not_said is not None:
                raise self._not_said
            for index, worker in enumerate(self._all):
                lived = time.monotonic() - self._begun[index]
                if worker is not None and worker.poll() is not None and lived > PAUSE_SECONDS:
                    click.echo(self._form.replaced(worker.pid), err=True)
                    self._start(index)

    def end(self) -> None:
        """End all, within a second if they do as they are told."""
        alive = [worker for worker in self._all if worker is not None and worker.poll() is None]
        for worker in alive:
            worker.terminate()
        until = time.monotonic() + END_SECONDS
        for worker in alive:
            try:
                worker.wait(max(0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                worker.kill()

    def _start(self, index: int, stdout: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        self._begun[index] = time.monotonic()
        self._all[index] = started = subprocess.Popen(  # noqa: S603 -- our own program
            [sys.executable, *self._arguments],
            env=self._environment | ({"MOCK_P1_QUIET": "1"} if index else {}),  # one logs for all
            pass_fds=self._numbers,
            stdout=stdout,
        )
        return started

    def _relay(self, lines: Iterable[bytes], is_up: threading.Event) -> None:
        """Hand on what the first worker says of all; it is up when it says anything."""
        for line in lines:
            is_up.set()
            try:
                click.echo(line, nl=False)
            except OSError as error:
                self._not_said = error


def _open_what_is_closed() -> None:
    """Let no socket be in the place of stdin, stdout or stderr, which each worker has anew."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= LAST_STANDARD:
        os.set_inheritable(number, True)  # noqa: FBT003 -- as the system takes it
    os.close(number)


def without_workers(arguments: Sequence[str]) -> list[str]:
    """Return the arguments without ``--workers`` and its number."""
    kept: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        if argument == "--workers":
            next(rest, None)
        elif not argument.startswith("--workers="):
            kept.append(argument)
    return kept


def inherited_sockets() -> list[Listening] | None:
    """Return the sockets that this worker listens on; None where it is none."""
    numbers = os.environ.pop(INHERITED_SOCKETS, "")
    return [Listening(fileno=int(number)) for number in numbers.split(",")] if numbers else None
