"""What the journal has forgotten of a client's calls: nobody is judged by it, or cleared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mock_p1.base.text import plural
from mock_p1.engine.callers import stand_ins

if TYPE_CHECKING:
    from mock_p1.engine.engine import Engine


class Forgotten(AssertionError):  # noqa: N818 -- says what is wrong
    """What is left of the client's calls shows nothing wrong, or too little, and is not all."""


def describe_forgotten(engine: Engine, job: str | None = None, key: str | None = None) -> str:
    """Say how many calls are to be judged that the journal has not; nothing where it has all.

    Of all calls, or of those about a job, or by the callers of a key.
    """
    with engine.lock:
        lost = engine.journal.forgotten()
        unassigned = lost and engine.journal.totals.unassigned
        whose = None if key is None else engine.state.issued.stand_in(key)
    count = sum(
        calls
        for (job_id, caller), calls in lost.items()
        if (job in (None, job_id) and whose in (None, *stand_ins(caller)))
        or (unassigned and not caller)
    )
    if not count:
        return ""
    return (
        f"not all calls can be judged: the journal has forgotten {plural(count, 'call')}, as it "
        f"keeps the newest {engine.journal.maximum:,} of all (serve --journal-max keeps more); a "
        "reset, or DELETE /__admin/requests, begins anew"
    )
