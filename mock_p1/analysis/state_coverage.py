"""State coverage: which statuses, transitions, errors and faults of the scenarios a suite made the mock show."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from mock_p1.analysis.step_label import step_label
from mock_p1.contract.errors import DOCUMENTED_ERRORS
from mock_p1.scenario.steps import StatusStep

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mock_p1.engine.engine import Engine
    from mock_p1.engine.journal import Entry
    from mock_p1.scenario.model import Job, Scenario

ARROW: Final = " -> "
_MOST: Final = 12


@dataclass(slots=True)
class Coverage:
    """What there is to show, and what was shown.

    Each is a set of names; a transition is ``before -> after``.
    """

    there: dict[str, set[str]] = field(
        default_factory=lambda: {"statuses": set(), "transitions": set()}
    )
    shown: dict[str, set[str]] = field(
        default_factory=lambda: {"statuses": set(), "transitions": set(), "errors": set()}
    )

    def watch(self, engine: Engine) -> None:
        """Count what this engine's scenario has, and from now on what it shows."""
        for kind, names in what_there_is(engine.scenario).items():
            self.there[kind] |= names
        last: dict[tuple[str | None, int], str] = {}

        def note(entry: Entry) -> None:
            if entry.operation != "retrain_status_check":
                return
            if entry.status is not None:
                self.shown["statuses"].add(entry.status)
            if entry.error is not None:
                self.shown["errors"].add(entry.error)
            before, last[entry.job_id, entry.caller] = (
                last.get((entry.job_id, entry.caller)),
                entry.outcome,
            )
            if before is not None and before != entry.outcome:
                self.shown["transitions"].add(f"{before}{ARROW}{entry.outcome}")

        engine.journal.listen(note)

    def add(self, other: dict[str, Any]) -> None:
        """Take in what another process saw, as ``plain`` gave it."""
        for mine, theirs in ((self.there, other["there"]), (self.shown, other["shown"])):
            for kind, names in theirs.items():
                mine.setdefault(kind, set()).update(names)

    def plain(self) -> dict[str, Any]:
        """Return it as lists, to be sent to another process."""
        return {
            "there": {kind: sorted(names) for kind, names in self.there.items()},
            "shown": {kind: sorted(names) for kind, names in self.shown.items()},
        }

    @property
    def percent(self) -> float:
        """How much of what there is was shown, from 0 to 100.

        The five documented errors count as there always.
        """
        rows = list(self._rows())
        return (
            100 * sum(len(shown) for _, _, shown in rows) / sum(len(there) for _, there, _ in rows)
        )

    def lines(self) -> Iterator[str]:
        """Yield the report: for each kind how many of how many, and which are missing."""
        for kind, there, shown in self._rows():
            missing = sorted(there - shown)
            more = f", … ({len(missing)} in all)" if len(missing) > _MOST else ""
            listed = f"   not shown: {', '.join(missing[:_MOST])}{more}" if missing else ""
            yield f"{kind:<18} {len(shown)} of {len(there)}{listed}"
        yield f"{'in all':<18} {int(self.percent)} %"

    def _rows(self) -> Iterator[tuple[str, set[str], set[str]]]:
        errors = set(DOCUMENTED_ERRORS)
        yield "documented errors", errors, self.shown["errors"] & errors
        for kind in ("statuses", "transitions"):
            yield kind, self.there[kind], self.shown[kind] & self.there[kind]


def what_there_is(scenario: Scenario) -> dict[str, set[str]]:
    """Return the statuses of a scenario's jobs, and the transitions between what its steps show."""
    statuses: set[str] = set()
    transitions: set[str] = set()
    for job in (*scenario.jobs.values(), *scenario.generated_jobs):
        statuses |= {step.status for step in job.steps if isinstance(step, StatusStep)}
        transitions |= {
            f"{before}{ARROW}{after}"
            for before, after in pairwise(_shown_by(job))
            if before != after
        }
    return {"statuses": statuses, "transitions": transitions}


def _shown_by(job: Job) -> list[str]:
    names = [step_label(step) for step in job.steps]
    return [*names, names[0]] if job.loops else names


def merged(parts: Iterable[dict[str, Any]]) -> Coverage:
    """Return the coverage of several processes together."""
    whole = Coverage()
    for part in parts:
        whole.add(part)
    return whole
