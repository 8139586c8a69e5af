"""``/__admin/metrics``: polls by outcome, jobs by status and the time that answers took, in Prometheus' words.

A request is counted by one small function; what is costly is done when somebody asks, and prometheus-client is not
imported before.
"""

from __future__ import annotations

from collections import Counter
from itertools import islice
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from flask import Blueprint, Response, request

from mock_p1._version import __version__
from mock_p1.admin import views
from mock_p1.admin.bodies import query
from mock_p1.admin.context import panel
from mock_p1.base.latency import BOUNDS
from mock_p1.base.text import shorten
from mock_p1.contract.operations import OPERATIONS, RETRAIN_STATUS_CHECK
from mock_p1.engine.timeline import settle

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from flask import Flask
    from prometheus_client import Metric

    from mock_p1.admin.context import AdminContext
    from mock_p1.base.latency import Latency
    from mock_p1.engine.engine import Engine
    from mock_p1.engine.journal import Entry

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
MAX_LABELS: Final = 100
"""Statuses are free text: the first so many are told apart and all others count as OTHER, so that series do not grow
without end where scenarios are swapped for ever."""

MAX_KEPT: Final = 1000
OTHER: Final = "other"
AT_ONCE: Final = 500
"""Jobs that are looked at before polls get their turn again."""

_BEGAN: Final = "mock_p1.began"

routes = Blueprint("metrics", __name__)


@routes.get("/metrics")
def show() -> Response:
    """Answer the figures."""
    query(())
    return Response(of(panel()).text(), content_type=CONTENT_TYPE)


def of(controls: AdminContext) -> Metrics:
    """Return the figures of an engine; the first call begins to count."""
    if controls.metrics is None:
        controls.metrics = Metrics(controls.engine, controls.latency)
    return controls.metrics


def measure(app: Flask, controls: AdminContext) -> None:
    """Let an app time its answers of the imitated API.

    Under ASGI they are not its own, and are timed there.
    """
    of(controls)
    imitated = set(OPERATIONS)

    def begin() -> None:
        if request.endpoint in imitated:
            request.environ[_BEGAN] = perf_counter()

    def end(response: Response) -> Response:
        if _BEGAN in request.environ:
            controls.latency.note(perf_counter() - request.environ[_BEGAN])
        return response

    app.before_request(begin)
    app.after_request(end)


class Metrics:
    """Counts the requests of one engine from now on.

    Makes a text of that, and of how its jobs are.
    """

    def __init__(self, engine: Engine, latency: Latency) -> None:
        self._engine, self._latency = engine, latency
        self._counts: dict[tuple[Any, ...], int] = {}
        self._registry: Any = None
        engine.journal.listen(self._count)

    def _count(self, entry: Entry) -> None:
        """Count one request; the engine's lock is held."""
        key = entry[5], entry[7:11]  # operation; HTTP status, status, error and fault
        try:
            self._counts[key] += 1
        except KeyError:
            if len(self._counts) >= MAX_KEPT:
                key = entry[5], (None, OTHER, None, None)
            self._counts[key] = self._counts.get(key, 0) + 1

    def text(self) -> bytes:
        """Return the figures of this moment."""
        from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415 -- see above

        if self._registry is None:
            self._registry = CollectorRegistry(auto_describe=False)
            self._registry.register(self)
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """Yield the figures, as prometheus-client asks for them."""
        from prometheus_client import core  # noqa: PLC0415 -- see above

        with self._engine.lock:
            counts, forgotten = dict(self._counts), self._engine.job_states.forgotten
        about = {"version": __version__, "scenario": _label(self._engine.scenario.name)}
        yield core.InfoMetricFamily("mock_p1", "The mock, and what it plays.", value=about)
        yield _family(
            core.CounterMetricFamily(
                "mock_p1_polls", "Polls by what they saw.", labels=("kind", "outcome")
            ),
            _capped(_by_outcome(counts), (OTHER, OTHER)),
        )
        yield _family(
            core.CounterMetricFamily(
                "mock_p1_requests", "Requests by operation.", labels=("operation",)
            ),
            _by_operation(counts),
        )
        jobs, polled = census(self._engine)
        yield _family(
            core.GaugeMetricFamily(
                "mock_p1_jobs", "Jobs, once for each key, by their status.", labels=("status",)
            ),
            _capped(Counter(dict(jobs.most_common())), (OTHER,)),
        )
        unpolled = max(0, self._engine.jobs.count - polled)
        yield core.GaugeMetricFamily(
            "mock_p1_jobs_unpolled", "Jobs that nobody has polled.", value=unpolled
        )
        yield core.CounterMetricFamily(
            "mock_p1_forgotten",
            "Jobs forgotten because too many came that only a pattern knows.",
            value=forgotten,
        )
        yield core.HistogramMetricFamily(
            "mock_p1_answer_seconds",
            "Time from a request of the imitated API to its answer, with the delays that the scenario asks for.",
            buckets=_buckets(self._latency),
            sum_value=self._latency.total,
        )


def census(engine: Engine) -> tuple[Counter[tuple[str, ...]], int]:
    """Count the jobs that were polled, for every key, by what they would show now.

    And the scenario's own of them.
    """
    found: Counter[tuple[str, ...]] = Counter()
    own = 0
    with engine.lock:
        ids = iter(list(engine.job_states.known()))
    while some := list(islice(ids, AT_ONCE)):
        with engine.lock:
            now = engine.clock.now_ns()
            for job_id in some:
                records = list(engine.job_states.of(job_id))
                own += bool(records) and not records[0].program.is_pattern
                for record in records:
                    if record.state is not None:
                        at = settle(record.program.plan, record.state, now).position
                        found[(_label(views.label(record.program.steps[at])),)] += 1
    return found, own


def _by_outcome(counts: dict[tuple[Any, ...], int]) -> Counter[tuple[str, ...]]:
    found: Counter[tuple[str, ...]] = Counter()
    for (operation, (http_status, status, error, fault)), count in counts.items():
        if operation == RETRAIN_STATUS_CHECK.name:
            kind = "status" if status else "error" if error else "fault" if fault else "reply"
            found[kind, _label(status or error or fault or f"HTTP {http_status}")] += count
    return found


def _by_operation(counts: dict[tuple[Any, ...], int]) -> Counter[tuple[str, ...]]:
    found: Counter[tuple[str, ...]] = Counter()
    for (operation, _), count in counts.items():
        found[(operation or "not_imitated",)] += count
    return found


def _capped(counts: Counter[tuple[str, ...]], other: tuple[str, ...]) -> Counter[tuple[str, ...]]:
    """Return the counts of the first, and one of all others."""
    kept = Counter(dict(islice(counts.items(), MAX_LABELS)))
    if len(counts) > MAX_LABELS:
        kept[other] += counts.total() - kept.total()
    return kept


def _family(family: Any, counts: Counter[tuple[str, ...]]) -> Metric:  # noqa: ANN401 -- prometheus-client's
    for labels, count in sorted(counts.items()):
        family.add_metric(labels, count)
    made: Metric = family
    return made


def _buckets(latency: Latency) -> list[tuple[str, float]]:
    """Return the counts as Prometheus wants them: each with all that are below it."""
    bounds: Iterable[str] = (*map(str, BOUNDS), "+Inf")
    below = 0
    found = []
    for bound, count in zip(bounds, list(latency.counts), strict=True):
        below += count
        found.append((bound, float(below)))
    return found


def _label(text: str) -> str:
    """Return text that can be a label: not endless, and such as UTF-8 can write."""
    return shorten(text, 120).encode("utf-8", "replace").decode("utf-8")
