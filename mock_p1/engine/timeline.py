"""A job's timeline: where it is, and how a poll or the passing of time moves it.

Pure functions of plain values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from mock_p1.base.durations import format_duration
from mock_p1.base.text import plural

if TYPE_CHECKING:
    from mock_p1.scenario.step_length import Stage


THE_FILE: Final = "its file"
"""What a job waits for that begins when its file has come."""


class Plan(NamedTuple):
    """The stages of a timeline.

    ``lap_ns`` is how long one round takes where all of a loop's stages are timed. ``shows`` is what
    each stage answers, in a word or two.
    """

    stages: tuple[Stage, ...]
    loops: bool = False
    lap_ns: int | None = None
    shows: tuple[str, ...] = ()


class State(NamedTuple):
    """Where a job is: its step (from 0), when that began (ns), how many polls have seen it."""

    position: int
    since_ns: int
    seen: int = 0


def plan(stages: tuple[Stage, ...], *, loops: bool = False, shows: tuple[str, ...] = ()) -> Plan:
    """Make a plan; ValueError if there is no stage."""
    if not stages:
        raise ValueError("a timeline has at least one step")
    spans = [stage.lasts_ns for stage in stages]
    timed = [span for span in spans if span is not None]
    lap = sum(timed) if loops and len(timed) == len(spans) else None
    return Plan(stages, loops, lap, shows)


def following(plan: Plan, index: int) -> int | None:
    """Return the index of the step after ``index``, or None where the timeline ends there."""
    if index + 1 < len(plan.stages):
        return index + 1
    return 0 if plan.loops else None


def settle(plan: Plan, state: State, now: int) -> State:
    """Catch up over every timed step that has passed by ``now``.

    Each begins exactly where the one before it ended.
    """
    index, since, seen = state
    while (lasts := plan.stages[index].lasts_ns) is not None and now - since >= lasts:
        after = following(plan, index)
        if after is None:
            break
        if plan.lap_ns is not None and now - since >= plan.lap_ns:
            since += (now - since) // plan.lap_ns * plan.lap_ns  # whole rounds change nothing
        else:
            index, since, seen = after, since + lasts, 0
    return (
        state if index == state.position and since == state.since_ns else State(index, since, seen)
    )


def advance(plan: Plan, state: State | None, now: int) -> tuple[State, int]:
    """Count one poll at ``now``. Return the state after it and the index of the step that it sees.

    ``state`` is None before the first poll, which is when a timeline starts. A poll step of N is
    seen by exactly N polls; the next step begins with the answer to the last of them.
    """
    position, since, seen, index = stepped(plan, *(state or (0, now, 0)), now)
    return State(position, since, seen), index


def stepped(plan: Plan, index: int, since: int, seen: int, now: int) -> tuple[int, int, int, int]:
    """Do as ``advance`` does with a state's plain values, of which nothing is made."""
    stage = plan.stages[index]
    if stage.lasts_ns is not None and now - since >= stage.lasts_ns:
        index, since, seen = settle(plan, State(index, since, seen), now)
        stage = plan.stages[index]
    if stage.polls is not None and seen + 1 >= stage.polls:
        after = following(plan, index)
        if after is not None:
            return after, now, 0, index
    return index, since, seen + 1, index


def place_in_words(plan: Plan, state: State, now: int) -> str:
    """Say at which step the job is, and until when.

    ``job_running for 35s``, ``job_waiting for 2 more polls``, ``job_finished, and stays``.
    """
    return lead(plan, state.position) + (waits_for(plan, state, now) or "")


def lead(plan: Plan, position: int) -> str:
    """Say what stands before what is waited for: the same for all polls that a step sees."""
    shows = plan.shows[position] if plan.shows else f"step {position + 1}"
    if following(plan, position) is None:
        return f"{shows}, and stays"
    stage = plan.stages[position]
    is_span = stage.polls is not None or stage.lasts_ns is not None
    return f"{shows} {'for' if is_span else 'until'} "


def waits_for(plan: Plan, state: State, now: int) -> str | None:
    """Say what the job waits for.

    ``2 more polls``, ``35s``, ``a manual step``; None where it stays for ever.
    """
    position, since, seen = state
    if following(plan, position) is None:
        return None
    stage = plan.stages[position]
    if stage.polls is not None:
        return plural(stage.polls - seen, "more poll")
    if stage.lasts_ns is not None:
        return format_duration(max(0, since + stage.lasts_ns - now))
    return THE_FILE if stage.until_upload else "a manual step"
