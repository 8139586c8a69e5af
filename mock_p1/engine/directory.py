"""Finds the program of a job's id: named jobs, then generated ones, then patterns."""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING, Final

from mock_p1.base.patterns import Hit, PatternTable
from mock_p1.base.text import COMPARED, unknown
from mock_p1.contract.operations import JOB_ID_LIMIT, is_placeholder
from mock_p1.engine.compiler import compile_calls, compile_job, compile_new_jobs
from mock_p1.engine.job_ids import GeneratedIds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mock_p1.engine.program import CallProgram, Program
    from mock_p1.scenario.model import Scenario


MOST_OF_CLIENTS: Final = COMPARED // 2
"""So many jobs that the scenario does not name are looked at for one that was meant."""


class Directory:
    """The jobs of a scenario, and how its operations answer."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        named = {
            job_id: compile_job(scenario, job, "jobs", job_id)
            for job_id, job in scenario.jobs.items()
        }
        self._named = PatternTable(named)
        self._ids = [job_id for job_id in scenario.jobs if "*" not in job_id]
        groups = scenario.generated_jobs
        self._generated = [
            compile_job(scenario, group, "generated_jobs", index)
            for index, group in enumerate(groups)
        ]
        self._generated_ids = GeneratedIds(groups, seed)
        self.count: int = len(self._ids) + sum(group.count for group in groups)
        """How many ids are named or generated."""
        self.new_jobs: Program | None = compile_new_jobs(scenario, named, self._generated)
        self._new_calls = compile_calls(scenario, scenario.new_jobs.calls, "new_jobs")
        self._merged: dict[int, Program] = {}
        self.new_ids: list[str] = scenario.new_jobs.ids or []
        self.calls: dict[str, CallProgram] = compile_calls(scenario, scenario.calls)

    def find(self, job_id: str) -> Hit[Program] | None:
        """Return the program of an id, or None.

        What can be no id, or was left unfilled, fits no pattern.
        """
        if not isinstance(job_id, str):  # a test may hand over anything, such as a number of polls
            return None
        if hit := self.named(job_id):
            return hit
        if len(job_id) > JOB_ID_LIMIT or "/" in job_id or is_placeholder(job_id):
            return None
        return self._named.by_pattern(job_id)

    def named(self, job_id: str) -> Hit[Program] | None:
        """Return the program of an id that the scenario names or generates, or None."""
        if hit := self._named.exact(job_id):
            return hit
        group = self._generated_ids.group_of(job_id)
        return None if group is None else Hit(job_id, self._generated[group], exact=True)

    def knows_in_other_case(self, job_id: str) -> bool:
        """Tell whether there would be a job, were it not for upper and lower case in its id."""
        return self._named.knows_in_other_case(job_id) or self.named(job_id.lower()) is not None

    def created(self, job_id: str) -> Program | None:
        """Return what a job does that a client creates under this id.

        An id that the scenario names plays that job, with the lists of calls of ``new_jobs`` for
        operations that it has none for; any other what ``new_jobs`` says.
        """
        hit = self.named(job_id)
        if hit is None or self.new_jobs is None:
            return self.new_jobs
        program, calls = hit.value, self._new_calls
        if not calls:
            return program
        merged = self._merged.get(id(program))  # a directory never lets go of its programs
        if merged is None:
            merged = program._replace(calls={**calls, **program.calls})
            self._merged[id(program)] = merged
        return merged

    def program_of(self, job_id: str, created: bool) -> Program | None:  # noqa: FBT001 -- as is asked
        """Return what a job does, ``created`` by a client or not; None where it does nothing.

        Where clients can create no job, there is none at all.
        """
        if created:
            return self.created(job_id)
        hit = self.find(job_id)
        return None if hit is None else hit.value

    def ids(self) -> Iterator[str]:
        """Yield every id that is named or generated, in the order of the file."""
        return chain(self._ids, *self._generated_ids.of_groups)

    def no_job(self, job_id: str, others: Iterable[str] = ()) -> str:
        """Say that there is no job of this id, and which there are, those of clients included."""
        more = [each for each in dict.fromkeys(others) if self.named(each) is None]
        known = [*more[:MOST_OF_CLIENTS], *islice(self.ids(), COMPARED)]
        return unknown("job", job_id, known, self.count + len(more))

    def examples(self) -> Iterator[str]:
        """Yield the first id of each group of generated jobs."""
        return (next(iter(ids)) for ids in self._generated_ids.of_groups)
