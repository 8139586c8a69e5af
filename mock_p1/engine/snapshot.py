"""How a running engine looks from outside.

Its jobs, and where each one is for every key that polls it. Reads only.
"""

from __future__ import annotations

from heapq import nlargest
from itertools import chain, islice
from typing import TYPE_CHECKING, Final, NamedTuple

from mock_p1.engine.timeline import THE_FILE, State, settle, waits_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from mock_p1.base.patterns import Hit
    from mock_p1.engine.engine import Engine
    from mock_p1.engine.job_states import CreatedJob, JobState
    from mock_p1.engine.program import Program

MAX_TRACKS: Final = 20
"""A job polled with more keys than this is shown for those that polled last."""


class Track(NamedTuple):
    """One job as one API key sees it.

    The key is masked, ``caller`` tells alike ones apart; times in nanoseconds. ``file`` is what
    was uploaded, or is waited for, where the job was created by upload.
    """

    api_key: str
    caller: int
    polls: int
    last_ns: int
    state: State
    waits_for: str | None
    file: CreatedJob | None
    downloads: int
    switches: int


class JobView(NamedTuple):
    """One job: what it does, the step at which a new caller meets it, its tracks, newest first."""

    job_id: str
    program: Program
    start: int
    keys: int
    tracks: list[Track]


class Page(NamedTuple):
    """Some of the jobs, and how many there are in all."""

    jobs: list[JobView]
    total: int


def show(engine: Engine, job_id: str, key: str | None = None) -> JobView | None:
    """Return one job; None if there is none of this id, or none that a key can see."""
    if key is not None and not _is_seen(engine, job_id, key, engine.state.directory.find):
        return None
    with engine.lock:
        return _view(engine, job_id, engine.clock.now_ns(), key)


def page(  # noqa: PLR0913 -- each is a filter
    engine: Engine,
    offset: int,
    limit: int,
    *,
    containing: str = "",
    polled: bool = False,
    key: str | None = None,
) -> Page:
    """Return ``limit`` jobs from ``offset`` on.

    Those of the file, then those that only a pattern knows.

    ``containing`` leaves those whose id has this text in it (upper and lower case alike),
    ``polled`` those that were polled, ``key`` those that this API key or secret key can see.
    """
    with engine.lock:
        jobs = engine.state.directory
        states = engine.job_states
        met = list(states.known() if polled else states.unlisted())
    if not polled:
        met = [job_id for job_id in met if jobs.named(job_id) is None]
    everything = iter(met) if polled else chain(jobs.ids(), met)
    total = len(met) if polled else jobs.count + len(met)
    if containing or key is not None:
        part, find = containing.casefold(), (lambda _: None) if polled else jobs.named
        fitting = [
            job_id
            for job_id in everything
            if part in job_id.casefold() and (key is None or _is_seen(engine, job_id, key, find))
        ]
        everything, total = iter(fitting), len(fitting)
    ids = list(islice(everything, offset, offset + limit))
    with engine.lock:
        now = engine.clock.now_ns()
        views = [view for job_id in ids if (view := _view(engine, job_id, now, key))]
    return Page(views, total)


def _is_seen(
    engine: Engine, job_id: str, key: str, find: Callable[[str], Hit[Program] | None]
) -> bool:
    """Tell whether a key has met a job, or could see it as one of the file."""
    with engine.lock:
        theirs = engine.state.issued.whose(key)
        if any(theirs(job.caller.name) for job in engine.job_states.of(job_id)):
            return True
    hit = find(job_id)
    return hit is not None and hit.value.open_to(key)


def _view(engine: Engine, job_id: str, now_ns: int, key: str | None) -> JobView | None:
    jobs = list(engine.job_states.of(job_id))
    if key is not None:
        theirs = engine.state.issued.whose(key)
        jobs = [job for job in jobs if theirs(job.caller.name)]
    created = next((job for job in jobs if job.created), None)
    hit = engine.state.directory.find(job_id)
    if created is None and hit is None:
        return None
    program = hit.value if hit is not None and created is None else jobs[0].program
    newest = nlargest(MAX_TRACKS, jobs, key=lambda job: job.last_ns)
    tracks = [track for job in newest if (track := _track(job, now_ns))]
    return JobView(job_id, program, engine.job_states.start_of(job_id), len(jobs), tracks)


def _track(job: JobState, now_ns: int) -> Track | None:
    if job.waits_for_file:
        state = State(0, job.last_ns)
        waits: str | None = THE_FILE
    elif job.state is None:
        return None
    else:
        state = settle(job.program.plan, job.state, now_ns)
        waits = waits_for(job.program.plan, state, now_ns)
    return Track(
        job.caller.masked, job.caller.number, job.polls, job.last_ns, state, waits,
        job.created, job.downloads, job.switches,
    )  # fmt: skip
