"""Where the body of a request ends, by its headers: every transport refuses the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mock_p1.base.asgi_types import joined
from mock_p1.base.messages import Reply, error_reply

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


MAX_DIGITS: Final = 15
"""Digits of a length."""


class BadRequest(Exception):  # noqa: N818 -- the name of its HTTP status
    """What came is no request that can be answered; an answer of this status says so."""

    def __init__(
        self,
        message: str = "this is no HTTP/1.1 request that can be read",
        status: int = 400,
        error: str = "MOCK_P1_BAD_REQUEST",
    ) -> None:
        super().__init__(message)
        self.message: str = message
        self.status: int = status
        self.error: str = error
        self.before: bytes = b""
        """What had come of a body until then, where that is read and is not handed on yet."""

    @property
    def reply(self) -> Reply:
        """The answer."""
        return error_reply(self.status, self.error, self.message)


def length_of(headers: Iterable[tuple[bytes, bytes]]) -> int | None:
    """Return the length that all headers of a request say its body has, as ``body_length``."""
    named = (b"content-length", b"transfer-encoding")
    return body_length(joined((name, value.strip()) for name, value in headers if name in named))


def body_length(framing: Mapping[bytes, bytes], version: str = "1.1") -> int | None:
    """Return the length that the framing headers say; None where the body comes in chunks.

    BadRequest where they say none, or where two readers could disagree.
    """
    coding, length = framing.get(b"transfer-encoding"), framing.get(b"content-length", b"0")
    if coding is None:
        if not length.isdigit() or len(length) > MAX_DIGITS:
            raise BadRequest
        return int(length)
    if b"content-length" in framing or version == "1.0":
        raise BadRequest
    if coding.lower() != b"chunked":
        raise BadRequest(
            "the only Transfer-Encoding that is understood is chunked",
            501,
            "MOCK_P1_UNKNOWN_TRANSFER_ENCODING",
        )
    return None
