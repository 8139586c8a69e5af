"""Ids of jobs that a scenario generates by the thousand.

Nothing is kept of them: every id says its own number, and so which group it is of.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from mock_p1.scenario.model import MAX_COUNT, GeneratedJobs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MOST_DIGITS: Final = len(str(MAX_COUNT))
_UUID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


class Numbered:
    """Ids made of a prefix and a number from 1."""

    def __init__(self, prefix: str, count: int) -> None:
        self._prefix, self._count, self._digits = prefix, count, len(str(count))

    def __contains__(self, job_id: str) -> bool:
        number = job_id[len(self._prefix) :]
        return (
            job_id.startswith(self._prefix)
            and number.isdigit()
            and number.isascii()
            and number[0] != "0"
            and len(number) <= self._digits
            and int(number) <= self._count
        )

    def __iter__(self) -> Iterator[str]:
        return (f"{self._prefix}{number}" for number in range(1, self._count + 1))


class Uuids:
    """UUIDs, of version 4 in form, that follow from a seed. No two are alike.

    The first half of the digits is a digest of the number. The last twelve are the number itself,
    masked by a digest of that first half: so an id is recognised by reading its number and making
    it again.
    """

    def __init__(self, count: int, *seed: object) -> None:
        self._count = count
        self._start = blake2b("/".join(map(str, seed)).encode("utf-8", "replace"), digest_size=16)

    def __contains__(self, job_id: str) -> bool:
        if not _UUID.fullmatch(job_id):
            return False
        number = int(job_id[-12:], 16) ^ self._mask(job_id[:23])
        return number < self._count and self._make(number) == job_id

    def __iter__(self) -> Iterator[str]:
        return map(self._make, range(self._count))

    def _make(self, number: int) -> str:
        text = self._digest(b"%d" % number)
        variant = "89ab"[int(text[15], 16) & 3]
        head = f"{text[:8]}-{text[8:12]}-4{text[12:15]}-{variant}{text[16:19]}"
        return f"{head}-{number ^ self._mask(head):012x}"

    def _mask(self, head: str) -> int:
        return int(self._digest(head.encode())[:12], 16)

    def _digest(self, of: bytes) -> str:
        digest = self._start.copy()
        digest.update(b"/" + of)
        return digest.hexdigest()


class GeneratedIds:
    """The ids of a scenario's groups of generated jobs."""

    def __init__(self, groups: Sequence[GeneratedJobs], seed: int) -> None:
        self.of_groups: list[Numbered | Uuids] = [
            Uuids(group.count, seed, index)
            if group.prefix is None
            else Numbered(group.prefix, group.count)
            for index, group in enumerate(groups)
        ]
        self._by_prefix: dict[str, list[int]] = {}
        for index, group in enumerate(groups):
            self._by_prefix.setdefault(group.prefix or "", []).append(index)

    def group_of(self, job_id: str) -> int | None:
        """Return the number of the first group that makes an id, from 0; None where none does."""
        holders = (index for index in self._candidates(job_id) if job_id in self.of_groups[index])
        return min(holders, default=None)

    def _candidates(self, job_id: str) -> Iterator[int]:
        """Yield the groups that may hold an id: by what stands before its number, or is a UUID."""
        if not self.of_groups:
            return
        yield from self._by_prefix.get("", ())
        digits = len(job_id) - len(job_id.rstrip("0123456789"))
        for length in range(1, min(digits, len(job_id) - 1, _MOST_DIGITS) + 1):
            yield from self._by_prefix.get(job_id[:-length], ())


def uuid_of(*place: object) -> str:
    """Return a UUID, of version 4 in form, that depends on nothing but the parts of ``place``."""
    text = blake2b("\x1f".join(map(str, place)).encode("utf-8", "replace"), digest_size=16)
    digits = text.hexdigest()  # uuid.UUID takes longer, and loads for 2 ms
    variant = "89ab"[int(digits[16], 16) % 4]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def token_of(*place: object) -> str:
    """Return the part of a link that cannot be guessed: it follows from the parts of ``place``."""
    text = "\x1f".join(map(str, place)).encode("utf-8", "replace")
    return blake2b(text, digest_size=8, person=b"mock-p1-link").hexdigest()
