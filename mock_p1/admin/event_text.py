"""The stream of events, as text: what happened since a place in it. No sockets, no waiting.

Nothing is kept for a listener. The journal and the engine's list of changes are the buffer; a
listener's place is the pair of numbers it has read up to, which is also each event's id, so that a
client can resume where its connection broke.
"""

from __future__ import annotations

import re
from heapq import merge
from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING, Final, NamedTuple

from mock_p1._version import __version__
from mock_p1.admin import models, views
from mock_p1.admin.scenario_routes import summary, watched_problems
from mock_p1.base.messages import json_bytes
from mock_p1.contract.operations import RETRAIN_STATUS_CHECK
from mock_p1.engine import snapshot as overview
from mock_p1.engine.journal import Entry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mock_p1.admin.context import AdminContext
    from mock_p1.engine.change_log import Change

MAX_BATCH: Final = 10
"""So many events are written at once, some 6 KB: what is kept for a listener that does not read."""
HEARTBEAT: Final = b": still here\n\n"

_ID: Final = re.compile(r"([0-9a-f]{8})\.([0-9]{1,15})\.([0-9]{1,15})")


class Place(NamedTuple):
    """How far a listener has read.

    The number of the last request and of the last change it has seen.
    """

    request: int
    change: int


class Stream:
    """Writes the events of one engine."""

    def __init__(self, context: AdminContext) -> None:
        self._context, self._engine = context, context.engine

    @property
    def end(self) -> Place:
        """The place after everything that has happened."""
        return Place(self._engine.journal.last, self._engine.changes.last)

    def begin(self, last_event_id: str | None) -> tuple[bytes, Place]:
        """Return the greeting, and where a listener goes on.

        After the event it names, else after everything.
        """
        end = self.end
        found = _ID.fullmatch(last_event_id or "")
        place = (
            Place(int(found[2]), int(found[3])) if found and found[1] == self._context.run else None
        )
        resumed = place is not None and place.request <= end.request and place.change <= end.change
        place = place if resumed and place is not None else end
        greeting = {
            "run": self._context.run,
            "version": __version__,
            "resumed": resumed,
            "scenario": models.plain(summary(self._context)),
            "clock": models.plain(views.clock(self._engine)),
        }
        return b"retry: 1000\n" + self._event("hello", greeting, place), place

    def after(self, place: Place) -> tuple[bytes, Place]:
        """Return the events after a place, at most MAX_BATCH of them, and the place after those.

        What was dropped before the listener came to read it is told as one event, ``missed``.
        """
        entries, gone = self._engine.journal.after(place.request)
        changes = self._engine.changes.after(place.change)
        lost = changes[0].number - 1 - place.change if changes else 0
        text = []
        if gone or lost:
            place = Place(place.request + gone, place.change + lost)
            text.append(self._event("missed", {"requests": gone, "changes": lost}, place))
        newest = max((each.number for each in changes if each.kind == "next"), default=0)
        changes = [each for each in changes if each.kind != "next" or each.number == newest]
        both: tuple[Sequence[Entry | Change], ...] = (entries, changes)
        for happened in islice(merge(*both, key=attrgetter("moment_ns")), MAX_BATCH):
            if isinstance(happened, Entry):
                place = place._replace(request=happened.number)
                kind = "poll" if happened.operation == RETRAIN_STATUS_CHECK.name else "request"
                text.append(self._event(kind, views.entry(self._engine, happened), place))
            else:
                place = place._replace(change=happened.number)
                text.append(self._event(happened.kind, self._changed(happened), place))
        return b"".join(text), place

    def _changed(self, change: Change) -> object:
        """Return how the thing that was changed is now."""
        match change.kind:
            case "job":
                view = overview.show(self._engine, change.job_id or "")
                return {"job_id": change.job_id} if view is None else views.job(view)
            case "clock":
                return views.clock(self._engine)
            case "next":
                return views.failure_queue(self._context.driver.waiting())
            case "scenario" | "reset":
                return summary(self._context)
            case "problems":
                return watched_problems(self._context)
            case _:
                return {"last": self._engine.journal.last}

    def _event(self, kind: str, payload: object, place: Place) -> bytes:
        return b"id: %s\nevent: %s\ndata: %s\n\n" % (
            f"{self._context.run}.{place.request}.{place.change}".encode(),
            kind.encode(),
            json_bytes(models.plain(payload)),
        )
