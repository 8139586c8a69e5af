"""What keeps a poll cheap, each as something that can be switched off: see ``profile``."""

# ruff: noqa: SLF001 -- what stands inside of the mock is what is measured

from __future__ import annotations

import math
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from unittest import mock

from mock_p1.engine.job_states import JobState, JobStates
from mock_p1.engine.journal import Journal, Kept, as_entry
from mock_p1.server import http_message, http_protocol, server
from mock_p1.server.http_protocol import Connections, HttpProtocol
from mock_p1.transports.asgi import AsgiApp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Trick(NamedTuple):
    """One of them, the context in which it is switched off, and the polls that show it.

    ``same`` are those of one job over one connection, ``turns`` those of two jobs in turn, ``new``
    each over a connection of its own.
    """

    what: str
    off: Callable[[], Any]
    polls: str = "same"


@contextmanager
def _patched(owner: object, **instead: Any) -> Iterator[None]:
    with ExitStack() as stack:
        for name, value in instead.items():
            stack.enter_context(mock.patch.object(owner, name, value))
        yield


def _heads_are_read_anew() -> Any:
    plain_request = HttpProtocol._plain_request

    def forgetting(self: HttpProtocol, *arguments: Any) -> Any:
        request = plain_request(self, *arguments)
        self._known = None
        return request

    return _patched(HttpProtocol, _plain_request=forgetting)


def _rows_are_made_at_once() -> Any:
    """As if each row were written out, in words, when its poll is answered."""
    number = Journal.__init__

    def eager(self: Journal, *arguments: Any) -> None:
        number(self, *arguments)
        keep = self.keep

        def keep_in_words(kept: Kept) -> None:
            keep(kept)
            entry = as_entry(kept)
            _ = {**entry._asdict(), "then": entry.then, "outcome": entry.outcome}

        self.keep = keep_in_words

    return _patched(Journal, __init__=eager)


def _dates_are_made_anew() -> Any:
    date = property(lambda _: _date, lambda *_: None)  # stands before what an instance is given
    return mock.patch.object(Connections, "date", date, create=True)


def _date() -> bytes:
    return f"date: {format_datetime(datetime.now(UTC), usegmt=True)}\r\n".encode()


TRICKS: Final = (
    Trick("a head that its connection has sent before is not read again", _heads_are_read_anew),
    Trick(
        "nor is one that differs from it but in its path",
        lambda: _patched(HttpProtocol, _like=lambda *_: None),
        "turns",
    ),
    Trick(
        "headers that any connection has sent before are not read again",
        lambda: _patched(http_message, _known_fields=http_message._read_fields),
        "new",
    ),
    Trick(
        "path and key lead straight to where the job is",
        lambda: _patched(JobStates, by_path=lambda *_: None),
    ),
    Trick(
        "a step's reply is made once",
        lambda: _patched(JobState, answer=property(lambda _: None, lambda *_: None)),
    ),
    Trick(
        "status line and headers are made once",
        lambda: _patched(http_protocol, reply_head=http_protocol.reply_head.__wrapped__),
    ),
    Trick("rows of the journal are put in words when they are read", _rows_are_made_at_once),
    Trick(
        "where a poll is counted is remembered with the job",
        lambda: _patched(JobState, tally=property(lambda _: None, lambda *_: None)),
    ),
    Trick("the Date is made twice a second", _dates_are_made_anew),
)

SERVED: Final = {
    "polls need neither a task nor an ASGI scope": lambda: _patched(
        AsgiApp, plain_request=lambda *_, **__: None
    ),
    "uvloop": lambda: _patched(server, _loop_factory=lambda: None),
}
"""Those that only a whole server shows."""

SHARED_WRITE: Final = "answers to polls that come together share a write"
ONE_LISTENER: Final = "eight listening sockets"
SWITCHES: Final = {
    **SERVED,
    SHARED_WRITE: lambda: _patched(http_protocol, SHORT_ANSWER=-1),
    ONE_LISTENER: lambda: _patched(server, LISTENERS=1),
}
"""What a server can be started without."""


def one_client_goes_on() -> Any:
    """As if nobody had a turn before all was read that one client sent at once."""
    return _patched(http_protocol, IN_A_TURN=math.inf)
