"""Finds the program of a job's id: named jobs, then generated ones, then patterns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mock_p1.base.patterns import Hit, PatternTable
from mock_p1.contract.operations import JOB_ID_LIMIT, is_placeholder
from mock_p1.engine.compiler import compile_calls, compile_job, compile_new_jobs
from mock_p1.engine.job_ids import Numbered, Uuids
from mock_p1.scenario.model import MAX_COUNT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mock_p1.engine.program import CallProgram, Program
    from mock_p1.scenario.model import GeneratedJobs, Scenario


_MOST_DIGITS: Final = len(str(MAX_COUNT))


class Directory:
    """The jobs of a scenario, and how its operations answer."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        named = {
            job_id: compile_job(scenario, job, "jobs", job_id)
            for job_id, job in scenario.jobs.items()
        }
        self._named = PatternTable(named)
        self._ids = [job_id for job_id in scenario.jobs if "*" not in job_id]
        self._groups = [
            _Group(compile_job(scenario, group, "generated_jobs", index), group, seed, index)
            for index, group in enumerate(scenario.generated_jobs)
        ]
        self._by_prefix: dict[str, list[_Group]] = {}
        for group in self._groups:
            self._by_prefix.setdefault(group.prefix, []).append(group)
        self.new_jobs: Program | None = compile_new_jobs(
            scenario, named, (group.program for group in self._groups)
        )
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
        holders = [group for group in self._candidates(job_id) if job_id in group.ids]
        if not holders:
            return None
        first = min(holders, key=lambda group: group.index)
        return Hit(job_id, first.program, exact=True)

    def _candidates(self, job_id: str) -> Iterator[_Group]:
        """Yield the groups that may hold an id: by what stands before its number, or is a UUID."""
        if not self._groups:
            return
        yield from self._by_prefix.get("", ())
        digits = len(job_id) - len(job_id.rstrip("0123456789"))
        for length in range(1, min(digits, len(job_id) - 1, _MOST_DIGITS) + 1):
            yield from self._by_prefix.get(job_id[:-length], ())

    def created(self, job_id: str) -> Program | None:
        """Return what a job does that a client creates under this id.

        An id that the scenario names plays that job; any other what ``new_jobs`` says.
        """
        hit = self.named(job_id)
        if hit is None or self.new_jobs is None:
            return self.new_jobs
        program, calls = hit.value, self.new_jobs.calls
        if not calls:
            return program
        merged = self._merged.get(id(program))  # a directory never lets go of its programs
        if merged is None:
            merged = program._replace(calls={**calls, **program.calls})
            self._merged[id(program)] = merged
        return merged

    @property
    def count(self) -> int:
        """How many ids are named or generated."""
        return len(self._ids) + sum(group.count for group in self._groups)

    def ids(self) -> Iterator[str]:
        """Yield every id that is named or generated, in the order of the file."""
        yield from self._ids
        for group in self._groups:
            yield from group.ids

    def examples(self) -> Iterator[str]:
        """Yield the first id of each group of generated jobs."""
        return (next(iter(group.ids)) for group in self._groups)


class _Group:
    """Generated jobs: one program for many ids."""

    def __init__(self, program: Program, group: GeneratedJobs, seed: int, index: int) -> None:
        self.program, self.count, self.index = program, group.count, index
        self.prefix = group.prefix or ""
        self.ids = (
            Uuids(group.count, seed, index)
            if group.prefix is None
            else Numbered(group.prefix, group.count)
        )
