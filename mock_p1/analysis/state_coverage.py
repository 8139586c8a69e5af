"""State coverage: which operations a suite called, and what it made the mock show.

What there is comes from the table of operations (each of them, and its errors) and from the
scenarios played (their statuses, and what follows what in a timeline). A name is an operation, or
one and what it showed: ``retrain_model_switch: not_found_classifier``; a transition is ``before ->
after``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from mock_p1.analysis.step_label import http_label, step_label
from mock_p1.contract.operations import OPERATIONS, RETRAIN_STATUS_CHECK
from mock_p1.engine.journal import BY_HAND
from mock_p1.scenario.steps import StatusStep

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mock_p1.engine.engine import Engine
    from mock_p1.engine.journal import Entry
    from mock_p1.scenario.model import Job, Scenario

ARROW: Final = " -> "
KINDS: Final = ("operations", "errors", "statuses", "transitions")
_POLL: Final = RETRAIN_STATUS_CHECK.name
_MOST: Final = 12


def _sets() -> dict[str, set[str]]:
    return {kind: set() for kind in KINDS}


@dataclass(slots=True)
class Coverage:
    """What there is to show, and what was shown: sets of names by kind."""

    there: dict[str, set[str]] = field(
        default_factory=lambda: {
            **_sets(),
            "operations": set(OPERATIONS),
            "errors": {
                f"{operation.name}: {error}"
                for operation in OPERATIONS.values()
                for error in operation.errors
            },
        }
    )
    shown: dict[str, set[str]] = field(default_factory=_sets)

    def watch(self, engine: Engine) -> None:
        """Count what this engine's scenario has, and from now on what it shows."""
        for kind, names in what_there_is(engine.scenario).items():
            self.there[kind] |= names
        last: dict[tuple[str | None, str | None, int], str] = {}

        def note(entry: Entry) -> None:
            """Count what a request made the mock show; the journal calls this for each."""
            operation = entry.operation
            if operation is None or BY_HAND in entry.notes:
                return
            self.shown["operations"].add(operation)
            if entry.status is not None:
                self.shown["statuses"].add(f"{operation}: {entry.status}")
            if entry.error is not None:
                self.shown["errors"].add(f"{operation}: {entry.error}")
            place = (operation, entry.job_id, entry.caller)
            before, after = last.get(place), _shown_in(entry)
            last[place] = after
            if before is not None and before != after:
                self.shown["transitions"].add(f"{operation}: {before}{ARROW}{after}")

        engine.journal.listen(note)

    def add(self, other: dict[str, Any]) -> None:
        """Take in what another process saw, as ``plain`` gave it."""
        for mine, theirs in ((self.there, other["there"]), (self.shown, other["shown"])):
            for kind, names in theirs.items():
                mine[kind].update(names)

    def plain(self) -> dict[str, Any]:
        """Return it as lists, to be sent to another process."""
        return {
            "there": {kind: sorted(names) for kind, names in self.there.items()},
            "shown": {kind: sorted(names) for kind, names in self.shown.items()},
        }

    @property
    def percent(self) -> float:
        """How much of what there is was shown, from 0 to 100.

        Every operation in the table and its errors count as there always.
        """
        rows = list(self._rows())
        return (
            100 * sum(len(shown) for _, _, shown in rows) / sum(len(there) for _, there, _ in rows)
        )

    def lines(self) -> Iterator[str]:
        """Yield the report: for each operation and kind how many, and which are missing."""
        rows = list(self._rows())
        width = max(len(title) for title, _, _ in rows)
        for title, there, shown in rows:
            missing = sorted(name.partition(": ")[2] or name for name in there - shown)
            more = f", … ({len(missing)} in all)" if len(missing) > _MOST else ""
            listed = f"   not shown: {', '.join(missing[:_MOST])}{more}" if missing else ""
            yield f"{title:<{width}} {len(shown)} of {len(there)}{listed}"
        yield f"{'in all':<{width}} {int(self.percent)} %"

    def _rows(self) -> Iterator[tuple[str, set[str], set[str]]]:
        yield "operations called", self.there["operations"], self.shown["operations"]
        for operation in OPERATIONS:
            for kind in KINDS:
                there = {name for name in self.there[kind] if name.startswith(f"{operation}: ")}
                if there:
                    yield f"{operation} {kind}", there, there & self.shown[kind]


def what_there_is(scenario: Scenario) -> dict[str, set[str]]:
    """Return the statuses and transitions of a scenario's timelines, those of ``calls:`` too."""
    found: dict[str, set[str]] = {"statuses": set(), "transitions": set()}
    jobs = (*scenario.jobs.values(), *scenario.generated_jobs, scenario.new_jobs)
    timelines = [
        (name, [step_label(element) for element in elements])
        for calls in (scenario.calls, *(job.calls for job in jobs))
        for name, elements in calls.items()
    ]
    for job in jobs:
        if job.timeline is None and job.error is None:
            continue
        statuses = {step.status for step in job.steps if isinstance(step, StatusStep)}
        found["statuses"] |= {f"{_POLL}: {status}" for status in statuses}
        timelines.append((_POLL, _labels(job)))
    for name, labels in timelines:
        found["transitions"] |= {
            f"{name}: {before}{ARROW}{after}"
            for before, after in pairwise(labels)
            if before != after
        }
    return found


def _labels(job: Job) -> list[str]:
    names = [step_label(step) for step in job.steps]
    return [*names, names[0]] if job.loops else names


def _shown_in(entry: Entry) -> str:
    if entry.operation == _POLL or entry.http_status is None or entry.error or entry.fault:
        return entry.outcome
    return http_label(entry.http_status)
