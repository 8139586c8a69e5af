"""What a failing test's report says of a mock.

Every request, and for each job what it was waiting for.
"""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from mock_p1.analysis.poll_table import key_labels, poll_table
from mock_p1.base.durations import format_duration
from mock_p1.base.text import in_one_line, plural
from mock_p1.engine.timeline import THE_FILE, settle, waits_for

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence

    from mock_p1.engine.engine import Engine
    from mock_p1.engine.job_states import JobState
    from mock_p1.engine.journal import Entry
    from mock_p1.transports.responses_patch import Mock

MOST_JOBS: Final = 20


def report(engine: Engine, url: str, caught: Mock | None) -> str:
    """Describe a mock as it is now, for a person to read.

    ``caught`` is what catches requests, if it is in-process.
    """
    requests = list(engine.journal)
    head = (
        f"{engine.scenario.name} at {url}, {format_duration(engine.clock.now_ns())} after it began"
    )
    notes = [] if caught is None else list(_refused(caught))
    if told := unread(engine, url):
        notes.append(told)
    if requests:
        lines = map(in_one_line, (*notes, *_places(engine, requests)))
        return "\n".join((head, "", table_of_all(engine, requests), "", *lines))
    if not told:
        notes.append(_silence(url, in_process=caught is not None))
    return "\n".join((head, *map(in_one_line, notes)))


def unread(engine: Engine, url: str) -> str:
    """Say how many requests could not be read, and so are in no table; nothing where none was."""
    reached, said = engine.limits_reached(), []
    if count := reached.get("unreadable", 0):
        what = f"{plural(count, 'request')} could not be read as HTTP/1.1"
        said.append(f"{what}, as those of a client that uses https:// where it should use {url}")
    if count := reached.get("http2", 0):
        what = f"{plural(count, 'connection')} began with HTTP/2"
        said.append(f"{what}, which this server does not speak: have the client use HTTP/1.1")
    return "; ".join(said)


def table_of_all(engine: Engine, requests: Sequence[Entry], marked: Container[int] = ()) -> str:
    """Return a table of requests of any kind; the files that came are named in it."""
    uploads = {upload.number: upload for upload in engine.state.uploads}
    return poll_table(requests, marked, uploads=uploads)


def _silence(url: str, *, in_process: bool) -> str:
    if in_process:
        return (
            f"no request reached it: only requests to {url} "
            "that are made with `requests`, urllib3 or httpx in this process do; base_url= names "
            "another URL that the client uses, as in @pytest.mark.mock_p1(base_url='http://...'); "
            "for other clients, or another process, use the fixture mock_p1_server, or "
            "mock_p1.serving()"
        )
    return f"no request reached it: is {url} what the client was told to use?{_proxy_between(url)}"


def _proxy_between(url: str) -> str:
    """Say that this machine's settings send clients to a proxy, where they do for the URL."""
    from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415 -- imports much

    parts = urlsplit(url)
    if not {parts.scheme, "all"} & getproxies().keys() or proxy_bypass(parts.netloc):
        return ""
    name = "HTTPS_PROXY" if parts.scheme == "https" else "HTTP_PROXY"
    return (
        f" A proxy is set ({name}, ALL_PROXY or the system's settings) that a client would ask for "
        f"it; NO_PROXY={parts.hostname} keeps it from that"
    )


def _refused(caught: Mock) -> Iterator[str]:
    """Yield the requests that were for no URL that is mocked."""
    from mock_p1.transports.in_process import departure  # noqa: PLC0415 -- where it is loaded

    seen = Counter(
        (call.request.method, str(call.request.url))
        for call in caught.calls
        if isinstance(call.response, Exception)
        and str(call.response).startswith("Connection refused by Responses")
    )
    for (method, url), count in islice(seen.items(), MOST_JOBS):
        times = f" ({count} times)" * (count > 1)
        yield f"refused, because {departure(url, [caught.endpoint])}: {method} {url}{times}"


def _places(engine: Engine, requests: Sequence[Entry]) -> Iterator[str]:
    """Say of each job that was polled where it is, since when, and what it waits for.

    And which jobs never were.
    """
    labels = key_labels(requests)
    polled = dict.fromkeys(poll.job_id for poll in requests if poll.job_id is not None)
    with engine.lock:
        now = engine.clock.now_ns()
        records = [
            record
            for job_id in islice(polled, MOST_JOBS)
            for record in engine.job_states.of(job_id)
        ]
        places = [
            _place(record, now, labels if _shared(record, records) else None)
            for record in records[:MOST_JOBS]
        ]
        begun = {record.job_id for record in records}
        missed = [
            job_id
            for job_id in islice(polled, MOST_JOBS)
            if job_id not in begun and engine.state.directory.find(job_id)
        ]
    yield from places
    for (
        job_id
    ) in missed:  # an error of the key, or a failure that the test asked for, comes before the job
        yield f"{job_id} has not begun: each poll of it was answered without it"
    if (more := len(polled) - MOST_JOBS) > 0:
        yield f"… and {plural(more, 'more job')}"
    never = [
        job_id for job_id in islice(engine.state.directory.ids(), MOST_JOBS) if job_id not in polled
    ]
    if never:
        yield f"never polled, so not begun: {', '.join(never)}"


def _shared(record: JobState, records: Sequence[JobState]) -> bool:
    return sum(other.job_id == record.job_id for other in records) > 1


def _place(record: JobState, now: int, labels: Mapping[int, str] | None) -> str:
    """Say where one caller's job is; ``labels`` are what callers are called, if it is not alone."""
    name, caller = record.job_id, record.caller
    if labels is not None:
        name += f" (key {labels.get(caller.number, caller.masked)})"
    plan = record.program.plan
    if record.waits_for_file:
        return f"{name} waits for {THE_FILE}: no upload of it was complete"
    if record.state is None:
        return f"{name} has not begun"
    state = settle(plan, record.state, now)
    step = record.program.steps[state.position]
    shows = plan.shows[state.position]
    since = format_duration(max(0, now - state.since_ns))
    waits = waits_for(plan, state, now)
    then = f"waits for {waits}" if waits else "stays there"
    return f"{name} has been at {shows} ({step.source}) for {since}, and {then}"
