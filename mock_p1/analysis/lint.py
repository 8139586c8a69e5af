"""What in a usable scenario was probably not meant.

What never finishes, cannot be reached, or does nothing.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations, islice, starmap
from typing import TYPE_CHECKING, Final, NamedTuple

from mock_p1.analysis.call_lint import IS_MANUAL, CallLint, is_repeated, repeated, shows_finished
from mock_p1.analysis.step_label import step_label
from mock_p1.base.patterns import ANY, PatternTable, fits, sorted_patterns
from mock_p1.base.text import shorten
from mock_p1.contract.operations import FAILED, FINISHED, KNOWN_STATUSES
from mock_p1.engine.job_ids import GeneratedIds
from mock_p1.scenario.full_width import meant_by_id, narrow
from mock_p1.scenario.model import ACTIVE, GeneratedJobs, Job, Scenario
from mock_p1.scenario.step_length import Stage
from mock_p1.scenario.steps import StatusStep

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mock_p1.base.record import Path
    from mock_p1.scenario.steps import Step


ALIKE: Final = 0.9
"""From here on two statuses are so alike that one is taken for a slip: a letter, or two."""

MOST_LETTERS: Final = 2
"""Statuses whose lengths differ by more are less alike; to compare them would take long."""


NO_JOB: Final = "there is no job: every poll is answered with not_found_retrain_job"

NOT_ASCII: Final = "a key with characters beyond ASCII, which most clients cannot send in a header"

MAX_COMPARED: Final = 200
"""So many patterns, or groups of jobs, are compared with each other."""


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
    calls, keys = CallLint(scenario), PatternTable(scenario.api_keys or {})
    found = [*_keys(scenario), *_ids(scenario), *_patterns(scenario), *_generated(scenario)]
    found += starmap(LintWarning, calls.of_scenario())
    jobs: list[tuple[Path, Job, str]] = [
        *((("jobs", name), job, name) for name, job in scenario.jobs.items()),
        *(
            (("generated_jobs", index), group, f"generated_jobs/{index}")
            for index, group in enumerate(scenario.generated_jobs)
        ),
        (("new_jobs",), scenario.new_jobs, "new_jobs"),
    ]
    for path, job, name in jobs:
        warned = [*_of_job(scenario, job, path), *calls.of_job(job, path)]
        if not calls.is_issued(path):  # whoever creates a job sees it
            warned[:0] = _of_its_key(scenario, job, path, keys)
        found += (LintWarning(source, text, name) for source, text in warned)
    return found


def _keys(scenario: Scenario) -> Iterator[LintWarning]:
    secrets = scenario.secret_keys
    no_secret = secrets is not None and ACTIVE not in secrets.values()
    if no_secret:
        text = "no secret key is active: Get API Key always answers a credential error"
        yield LintWarning(scenario.where("secret_keys"), text)
    if scenario.api_keys is not None and ACTIVE not in scenario.api_keys.values():
        but = "" if no_secret else ", but with a key from Get API Key"
        text = f"no key is active: every poll is answered with a credential error{but}"
        yield LintWarning(scenario.where("api_keys"), text)
    for part, keys in (("api_keys", scenario.api_keys), ("secret_keys", secrets)):
        unsendable = (key for key in keys or () if not key.isascii())
        yield from (LintWarning(scenario.where(part, key), NOT_ASCII) for key in unsendable)
    issued = scenario.new_jobs.timeline is not None or scenario.new_jobs.error is not None
    if not (scenario.jobs or scenario.generated_jobs or issued):
        yield LintWarning(scenario.name, NO_JOB)


def _ids(scenario: Scenario) -> Iterator[LintWarning]:
    issued, groups = enumerate(scenario.new_jobs.ids or []), enumerate(scenario.generated_jobs)
    written: list[tuple[str, Path, str]] = [
        *((job_id, ("jobs", job_id), job_id) for job_id in scenario.jobs),
        *((job_id, ("new_jobs", "ids", index), "new_jobs") for index, job_id in issued),
        *(
            (group.prefix or "", ("generated_jobs", index, "prefix"), f"generated_jobs/{index}")
            for index, group in groups
        ),
    ]
    known = {job_id for job_id, _, _ in written}
    for job_id, path, about in written:
        if not job_id.isascii() and (meant := meant_by_id(job_id)) and meant not in known:
            text = (
                f"{shorten(job_id)!r} is an id with full-width characters among others; "
                f"did you mean {shorten(meant)}?"
            )
            yield LintWarning(scenario.where(*path), text, about)


def _patterns(scenario: Scenario) -> Iterator[LintWarning]:
    parts = {
        "api_keys": [*(scenario.api_keys or {})],
        "secret_keys": [*(scenario.secret_keys or {})],
        "jobs": [*scenario.jobs],
    }
    for part, names in parts.items():
        patterns = sorted_patterns(names)
        if len(patterns) > MAX_COMPARED:
            yield LintWarning(
                scenario.where(part),
                f"{len(patterns):,} patterns: the first {MAX_COMPARED} alone were compared",
            )
        for first, second in combinations(patterns[:MAX_COMPARED], 2):
            if found := _of_pair(first, second):
                about = second if part == "jobs" else None
                yield LintWarning(scenario.where(part, second), found, about)


def _of_pair(first: str, second: str) -> str | None:
    """Return what is wrong with two patterns in this order, if something is."""
    if fits(second, first):  # a pattern's * is a character like any other, which only a * matches
        return f"{second!r} is never tried: {first!r} comes first and fits all of it"
    if ANY in (first, second):  # a bare * takes what is left, and is meant to
        return None
    if not fits(first, second) and _overlap(first, second):  # else an exception, as meant
        return f"what fits both {first!r} and {second!r} goes to {first!r}, which comes first"
    return None


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
    generated = GeneratedIds(groups, scenario.seed)
    for name in scenario.jobs if groups else ():
        if ANY not in name and generated.group_of(name) is not None:
            yield LintWarning(
                scenario.where("jobs", name),
                f"{name!r} is generated too; the named job is the one that answers",
                name,
            )
    for (_, first), (index, second) in combinations(islice(enumerate(groups), MAX_COMPARED), 2):
        if _shares_ids(first, second) or _shares_ids(second, first):
            makes = f"prefix {second.prefix!r} makes ids that {first.prefix!r} makes too"
            yield LintWarning(
                scenario.where("generated_jobs", index), f"{makes}; the first group answers them"
            )


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


def _of_its_key(
    scenario: Scenario, job: Job, path: Path, keys: PatternTable[str]
) -> Iterator[tuple[str, str]]:
    hit = None if job.api_key is None else keys.find(job.api_key)
    if hit is not None and hit.value != ACTIVE:
        yield (
            scenario.where(*path, "api_key"),
            f"no poll sees this job: its api_key {job.api_key!r} is {hit.value}",
        )


def _of_job(scenario: Scenario, job: Job, path: Path) -> Iterator[tuple[str, str]]:
    if job.timeline is None:
        return  # `error:` alone says all there is to say
    steps = job.steps
    if job.loops:
        yield (
            scenario.where(*path, "at_end"),
            "the timeline begins anew at its end: a client that polls on sees no end",
        )
    elif steps[-1].for_ is not None:
        yield (
            scenario.where(*path, "timeline", len(steps) - 1),
            "for: does nothing here; the last step never ends",
        )
    for index, step in enumerate(steps):
        if is_repeated(step):
            yield scenario.where(*path, "timeline", index), repeated("GET", "polls")
        status = step.status if isinstance(step, StatusStep) else FINISHED
        if status not in KNOWN_STATUSES and (meant := _status_meant(shorten(status))):
            text = f"the status {shorten(status)!r} looks misspelt; did you mean {meant}?"
            yield scenario.where(*path, "timeline", index), text
        is_before_end = status in KNOWN_STATUSES and status != FINISHED
        for key in ("result", "download_url") if is_before_end else ():
            if getattr(step, key):
                text = (
                    f"{key}: gives a link with {status}: "
                    f"a client that does not wait for {FINISHED} would pass"
                )
                yield scenario.where(*path, "timeline", index), text
    yield from _ending(scenario, job, steps, path)


@lru_cache(256)  # which a file says again and again
def _status_meant(status: str) -> str:
    """Return the status that was perhaps meant by another one; nothing where it is like none."""
    from difflib import get_close_matches  # noqa: PLC0415 -- takes long, and slips are rare

    spelt = narrow(status).casefold().strip("\"' ")
    alike = [name for name in KNOWN_STATUSES if abs(len(name) - len(spelt)) <= MOST_LETTERS]
    return next(iter(get_close_matches(spelt, alike, 1, ALIKE)), "")


def _ending(
    scenario: Scenario, job: Job, steps: list[Step], path: Path
) -> Iterator[tuple[str, str]]:
    shown = [step_label(step) for step in steps]
    if FINISHED not in shown and shown[-1] == FAILED and not job.loops:
        return  # it is meant to fail, and a client that waits for the end sees one
    if FINISHED not in shown:
        if any(map(shows_finished, steps)):
            return  # in a reply to the letter
        end = "" if job.loops else f"; it remains at {shown[-1]}"
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
    lengths, manual = [step.for_ for step in steps[:finished]], Stage()
    if manual in lengths:
        yield scenario.where(*path, "timeline", lengths.index(manual)), IS_MANUAL
