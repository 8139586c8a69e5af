"""What in a usable scenario was probably not meant.

What never finishes, cannot be reached, or does nothing.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

from mock_p1.analysis.step_label import step_label
from mock_p1.base.patterns import ANY, best_name, fits, sorted_patterns
from mock_p1.contract.operations import FINISHED
from mock_p1.engine.directory import Directory
from mock_p1.scenario.model import ACTIVE
from mock_p1.scenario.step_length import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mock_p1.scenario.model import GeneratedJobs, Job, Scenario

    Path = tuple[str | int, ...]


class LintWarning(NamedTuple):
    """One thing that was probably not meant.

    ``job`` is the id or pattern it is about, or ``generated_jobs/0`` for a group, if it is about a
    single one.
    """

    source: str
    text: str
    job: str | None = None

    def __str__(self) -> str:
        return f"{self.source}: {self.text}"


def lint_warnings(scenario: Scenario) -> list[LintWarning]:
    """Return all lint_warnings: of the file as a whole first, then job by job."""
    found = [*_keys(scenario), *_patterns(scenario), *_generated(scenario)]
    for name, job in scenario.jobs.items():
        found += (
            LintWarning(source, text, name)
            for source, text in _of_job(scenario, job, ("jobs", name))
        )
    for index, group in enumerate(scenario.generated_jobs):
        path = ("generated_jobs", index)
        found += (
            LintWarning(source, text, f"generated_jobs/{index}")
            for source, text in _of_job(scenario, group, path)
        )
    return found


def _keys(scenario: Scenario) -> Iterator[LintWarning]:
    if scenario.api_keys is not None and ACTIVE not in scenario.api_keys.values():
        yield LintWarning(
            scenario.where("api_keys"),
            "no key is active: every poll is answered with a credential error",
        )
    if not scenario.jobs and not scenario.generated_jobs:
        yield LintWarning(
            scenario.name, "there is no job: every poll is answered with not_found_retrain_job"
        )


def _patterns(scenario: Scenario) -> Iterator[LintWarning]:
    for part, names in (("api_keys", scenario.api_keys or {}), ("jobs", scenario.jobs)):
        for first, second in combinations(sorted_patterns(names), 2):
            if ANY in (first, second) and not fits(second, first):
                continue  # a bare * takes what is left, and is meant to
            source, about = scenario.where(part, second), second if part == "jobs" else None
            if fits(
                second, first
            ):  # a pattern's * is a character like any other, which only a * can match
                yield LintWarning(
                    source,
                    f"{second!r} is never tried: {first!r} comes first and fits all of it",
                    about,
                )
            elif not fits(first, second) and _overlap(
                first, second
            ):  # the narrower one first is an exception, as meant
                yield LintWarning(
                    source,
                    f"what fits both {first!r} and {second!r} goes to {first!r}, which comes first",
                    about,
                )


def _overlap(first: str, second: str) -> bool:
    """Tell whether some text fits both patterns.

    What stands before the first * and after the last must agree.
    """
    heads = first.partition(ANY)[0], second.partition(ANY)[0]
    tails = first.rpartition(ANY)[2], second.rpartition(ANY)[2]
    return (heads[0].startswith(heads[1]) or heads[1].startswith(heads[0])) and (
        tails[0].endswith(tails[1]) or tails[1].endswith(tails[0])
    )


def _generated(scenario: Scenario) -> Iterator[LintWarning]:
    groups = scenario.generated_jobs
    alone = scenario.model_copy(update={"jobs": {}})
    generated = Directory(alone, scenario.seed) if groups else None
    for name in scenario.jobs:
        if generated and ANY not in name and generated.find(name):
            yield LintWarning(
                scenario.where("jobs", name),
                f"{name!r} is generated too; the named job is the one that answers",
                name,
            )
    for (_, first), (index, second) in combinations(enumerate(groups), 2):
        if _shares_ids(first, second) or _shares_ids(second, first):
            text = f"prefix {second.prefix!r} makes ids that {first.prefix!r} makes too; the first group answers them"
            yield LintWarning(scenario.where("generated_jobs", index), text)


def _shares_ids(shorter: GeneratedJobs, longer: GeneratedJobs) -> bool:
    """Tell whether the longer prefix's lowest id, its number 1, is one of the other's numbers."""
    if (
        shorter.prefix is None
        or longer.prefix is None
        or not longer.prefix.startswith(shorter.prefix)
    ):
        return False
    lowest = f"{longer.prefix.removeprefix(shorter.prefix)}1"
    return (
        lowest.isascii() and lowest.isdigit() and lowest[0] != "0" and int(lowest) <= shorter.count
    )


def _of_job(scenario: Scenario, job: Job, path: Path) -> Iterator[tuple[str, str]]:
    keys = scenario.api_keys
    if job.api_key is not None and keys is not None:
        name = best_name(job.api_key, keys)
        if name is not None and keys[name] != ACTIVE:
            yield (
                scenario.where(*path, "api_key"),
                f"no poll sees this job: its api_key {job.api_key!r} is {keys[name]}",
            )
    if job.timeline is None:
        return  # `error:` alone says all there is to say
    if job.loops:
        yield (
            scenario.where(*path, "at_end"),
            "the timeline begins anew at its end: a client that polls on sees no end",
        )
    elif job.steps[-1].for_ is not None:
        yield (
            scenario.where(*path, "timeline", len(job.steps) - 1),
            "for: does nothing here; the last step never ends",
        )
    yield from _ending(scenario, job, path)


def _ending(scenario: Scenario, job: Job, path: Path) -> Iterator[tuple[str, str]]:
    shown = [step_label(step) for step in job.steps]
    if FINISHED not in shown:
        end = "" if job.loops else f"; it stays at {shown[-1]}"
        last = scenario.where(*path, "timeline", len(shown) - 1)
        yield last, f"the job never shows {FINISHED}{end}"
        return
    finished = shown.index(FINISHED)
    later = next(
        (index for index in range(finished + 1, len(shown)) if shown[index] != FINISHED), None
    )
    if later is not None and not job.loops:
        text = f"a client that stops at {FINISHED}, as it should, never reaches this step"
        yield scenario.where(*path, "timeline", later), text
    by_hand = next(
        (index for index, step in enumerate(job.steps[:finished]) if step.for_ == Stage()),
        None,
    )
    if by_hand is not None:
        text = "what follows is reached only when a test or the control API moves the job on"
        yield scenario.where(*path, "timeline", by_hand), text
