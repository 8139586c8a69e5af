"""The six network faults, each written as a script that any transport can act out."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

from mock_p1.base.clock import SECOND
from mock_p1.base.messages import Fault, Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from mock_p1.contract.operations import Operation

_ANSWERED: Final = ("truncated_body", "malformed_json")
WHOLE: Final = "slow_body"
"""The fault whose answer arrives whole in the end: it cannot come without the act."""

SLOW_PIECES: Final = 10
SLOW_PAUSE: Final = 1 * SECOND
"""A slow body comes in ten pieces, a second of the mock's clock before each."""

LONGEST_CHARACTER: Final = 4
"""Bytes that a character of UTF-8 has at most."""

TIMEOUT_LIMIT: Final = 300 * SECOND
"""A request that is never answered is let go after five minutes of the mock's clock."""


def says_success(fault: str, operation: Operation) -> bool:
    """Tell a fault after which a client may rightly believe that the act was done.

    A slow body is whole in the end; and the answer to a file has no body that could be spoilt.
    """
    return fault == WHOLE or (operation.body == "file" and fault in _ANSWERED)


def script(kind: str, reply: Reply) -> Reply | Fault:
    """Return how the fault of this name spoils ``reply``.

    KeyError if there is none of this name.
    """
    return _SCRIPTS[kind](reply)


def _truncated(reply: Reply) -> Fault:
    if not reply.body:  # its head alone is the whole answer
        return Fault("truncated_body", "complete", reply)
    return Fault("truncated_body", "close", reply, ((0, reply.body[: len(reply.body) // 2]),))


def _malformed(reply: Reply) -> Reply:
    half = reply.body[: len(reply.body) // 2]
    try:
        half.decode()
    except UnicodeDecodeError as error:
        if len(half) - error.start < LONGEST_CHARACTER:  # cut in the midst of one
            half = half[: error.start]
    return reply._replace(body=half)


def _slow(reply: Reply) -> Fault:
    if not reply.body:  # nothing comes in pieces: the answer itself is late
        return Fault("slow_body", "complete", reply, delay_ns=SLOW_PIECES * SLOW_PAUSE)
    ends = [len(reply.body) * count // SLOW_PIECES for count in range(SLOW_PIECES + 1)]
    pieces = tuple((SLOW_PAUSE, reply.body[start:end]) for start, end in pairwise(ends))
    return Fault("slow_body", "complete", reply, pieces)


_SCRIPTS: Final[dict[str, Callable[[Reply], Reply | Fault]]] = {
    "connection_reset": lambda _: Fault("connection_reset", "reset"),
    "empty_response": lambda _: Fault("empty_response", "close"),
    "truncated_body": _truncated,
    "malformed_json": _malformed,
    "slow_body": _slow,
    "timeout": lambda _: Fault("timeout", "close", delay_ns=TIMEOUT_LIMIT),
}
