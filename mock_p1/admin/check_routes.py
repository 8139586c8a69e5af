"""``/__admin/checks``: whether a client kept the rules, as the assertions in Python judge it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from mock_p1.admin import models, views
from mock_p1.admin.admin_error import bad
from mock_p1.admin.in_hand import admin_context
from mock_p1.admin.routes import Routes
from mock_p1.analysis.forgotten import Forgotten, describe_forgotten
from mock_p1.analysis.poll_table import is_poll, poll_table
from mock_p1.analysis.polls import describe_unexpected, listed, named, was_asked_to_wait
from mock_p1.analysis.sequence_judge import breaches, sequence_problem
from mock_p1.base.clock import SECOND

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mock_p1.engine.engine import Engine
    from mock_p1.engine.journal import Entry

SETTLES_SECONDS: Final = 1.0
"""How long it is waited for what a server is sending now, to judge it."""

routes: Routes = Routes()


@routes.call("GET", "/checks")
def check_client(query: models.ChecksQuery) -> models.Checks:
    """Whether the client kept the rules; why not, with the table of its calls.

    Always `sequence` and `no_unexpected`; `respects_retry_after` where a call was answered so;
    `interval` and `stopped_after` where the query asks. Each judges as the assertion of that name
    in Python does. `all_kept`, which fails, where the journal has forgotten calls: the others then
    judge by those that it has.
    """
    engine = admin_context().engine
    engine.settle(SETTLES_SECONDS)
    theirs = [e for e in views.of_key(engine, query.api_key) if query.job in (None, e.job_id)]
    checks = [
        models.Check(name=name, passed=not why, **({"why": why} if why else {}))
        for name, why in _judged(engine, theirs, query)
    ]
    return models.Checks(passed=all(check.passed for check in checks), checks=checks)


def _judged(
    engine: Engine, theirs: list[Entry], asked: models.ChecksQuery
) -> Iterator[tuple[models.CheckName, str]]:
    """Yield the name of each check, and what is wrong; nothing where it passes."""
    forgotten = describe_forgotten(engine, asked.job, asked.api_key)
    if forgotten:
        yield "all_kept", forgotten
    yield "sequence", _sequence(engine, theirs, asked.job, is_whole=not forgotten)
    unexpected = [entry for entry in theirs if entry.unexpected and engine.journal.is_judged(entry)]
    judging = partial(listed, engine, job=asked.job, forgotten=forgotten)
    yield "no_unexpected", describe_unexpected(judging(unexpected)) if unexpected else ""
    calls = judging(entry for entry in theirs if not entry.unexpected)
    if was_asked_to_wait(calls):
        yield "respects_retry_after", _failure(calls.assert_respects_retry_after)
    polls = judging(filter(is_poll, theirs))
    if asked.min_interval is not None or asked.max_interval is not None:
        bounds = [
            None if span is None else span / SECOND
            for span in (asked.min_interval, asked.max_interval)
        ]
        yield "interval", _failure(lambda: polls.assert_interval(*bounds))
    if (status := asked.stopped_after) is not None:
        yield "stopped_after", _failure(lambda: polls.assert_stopped_after(status))


def _sequence(engine: Engine, theirs: list[Entry], job: str | None, *, is_whole: bool) -> str:
    if is_whole and not any(map(engine.journal.is_judged, theirs)):
        about = "" if job is None else f" about {named(job)}"
        return f"the client made no call{about}, so there is none to judge"
    numbers = {entry.number for entry in theirs}
    wrong = [breach for breach in breaches(engine) if breach.entry.number in numbers]
    marked = {breach.entry.number for breach in wrong}
    return f"{sequence_problem(wrong)}\n\n{poll_table(theirs, marked)}" if wrong else ""


def _failure(check: Callable[[], None]) -> str:
    try:
        check()
    except Forgotten:  # another check says so
        return ""
    except AssertionError as error:
        return str(error)
    except ValueError as error:
        raise bad("VALUE", str(error), "send other values, or leave one out") from None
    return ""
