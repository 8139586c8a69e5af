"""``/__admin/metrics``: polls by outcome and jobs by status, as Prometheus reads them.

It needs the extra ``mock-p1[metrics]``.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Final

from flask import current_app

from mock_p1._version import __version__
from mock_p1.admin import views
from mock_p1.admin.admin_error import AdminError
from mock_p1.admin.in_hand import admin_context
from mock_p1.admin.routes import Routes
from mock_p1.base.text import shorten
from mock_p1.contract.operations import RETRAIN_STATUS_CHECK
from mock_p1.engine.acts import SharedEngine, StoreDown
from mock_p1.engine.timeline import settle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client import Metric

    from mock_p1.engine.engine import Engine
    from mock_p1.engine.journal import Entry
    from mock_p1.engine.totals import Kind

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
MAX_LABELS: Final = 100
"""Statuses are free text: the first so many are told apart, all others count as OTHER, so that
series do not grow without end where scenarios are swapped for ever."""
OTHER: Final = "other"
JOBS_AT_ONCE: Final = 500
"""Jobs that are looked at before polls get their turn again."""

Labels = tuple[str, ...]

_COLLECTOR: Final = "mock_p1.metrics"

routes: Routes = Routes()


@routes.call("GET", "/metrics", content_type=CONTENT_TYPE, errors=(501,))
def show_metrics() -> bytes:
    """Polls by outcome and jobs by status, in Prometheus' text format."""
    try:
        from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415 -- an extra
    except ImportError:
        raise AdminError(
            501,
            "MOCK_P1_EXTRA_MISSING",
            "metrics need prometheus-client, which is not installed",
            "install the extra: pip install 'mock-p1[metrics]'",
        ) from None
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_collector())
    return generate_latest(registry)


def _collector() -> Collector:
    """Return what counts the requests of the app in hand; the first call begins to count."""
    engine, extensions = admin_context().engine, current_app.extensions
    with engine.lock:
        if _COLLECTOR not in extensions:
            extensions[_COLLECTOR] = Collector(engine)
        found: Collector = extensions[_COLLECTOR]
    return found


class Collector:
    """Counts the requests of one engine since its start.

    By no counters or gauges of prometheus-client's: under ``PROMETHEUS_MULTIPROC_DIR`` these would
    keep their values in files among those of the application that is tested, from scrape to scrape.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._polls: Counter[Labels] = Counter()
        self._requests: Counter[Labels] = Counter()
        for kind, _, count in engine.journal.totals:
            self._count(kind, count)
        engine.journal.listen(self._count)

    def _count(self, entry: Entry | Kind, times: int = 1) -> None:
        """Count one request, or several of a kind; the engine's lock is held."""
        self._requests[(entry.operation or "not_imitated",)] += times
        if entry.operation == RETRAIN_STATUS_CHECK.name:
            kinds = (kind for kind in ("status", "error", "fault") if getattr(entry, kind))
            labels = next(kinds, "reply"), _label(entry.outcome)
            if labels not in self._polls and len(self._polls) >= MAX_LABELS:
                labels = OTHER, OTHER
            self._polls[labels] += times

    def collect(self) -> Iterator[Metric]:
        """Yield the figures of this moment, as prometheus-client asks for them."""
        from prometheus_client import core  # noqa: PLC0415 -- an extra

        engine, is_up = self._engine, False
        with suppress(StoreDown):
            engine.refresh()
            is_up = True
        with engine.lock:
            polls, asked = self._polls.copy(), self._requests.copy()
            reached = engine.limits_reached()
        by_status, polled = census(engine)
        shown = Counter(dict(by_status.most_common(MAX_LABELS)))
        if rest := by_status.total() - shown.total():
            shown[(OTHER,)] += rest
        unpolled: Counter[Labels] = Counter({(): max(0, engine.state.directory.count - polled)})
        limits: Counter[Labels] = Counter({(name,): count for name, count in reached.items()})
        about = {"version": __version__, "scenario": _label(engine.scenario.name)}
        yield core.InfoMetricFamily("mock_p1", "The mock, and what it plays.", value=about)
        counter, gauge = core.CounterMetricFamily, core.GaugeMetricFamily
        for kind, name, labels, counts, text in (
            (counter, "mock_p1_polls", ("kind", "outcome"), polls,
             "Polls since the start, by what they saw."),
            (counter, "mock_p1_requests", ("operation",), asked,
             "Requests since the start, by operation."),
            (gauge, "mock_p1_jobs", ("status",), shown,
             "Jobs, once for each key, by their status."),
            (gauge, "mock_p1_jobs_unpolled", (), unpolled,
             "Jobs that nobody has polled."),
            (gauge, "mock_p1_limits_reached", ("limit",), limits,
             ("How often limits were reached since the start, by their names in /__admin/health; "
              "of the journal, how many requests have gone from it since the last reset.")),
        ):  # fmt: skip
            family = kind(name, text, labels=labels)
            for values, count in sorted(counts.items()):
                family.add_metric(values, count)
            yield family
        if isinstance(engine, SharedEngine):
            text = "Whether the store that this process shares its state in answers."
            yield core.GaugeMetricFamily("mock_p1_store_up", text, value=is_up)


def census(engine: Engine) -> tuple[Counter[Labels], int]:
    """Count the jobs that were polled, for every key, by what they would show now.

    And those of them that the scenario names or generates.
    """
    found: Counter[Labels] = Counter()
    own = 0
    with engine.lock:
        ids = iter(list(engine.job_states.known()))
    while some := list(islice(ids, JOBS_AT_ONCE)):
        with engine.lock:
            now_ns = engine.clock.now_ns()
            for job_id in some:
                records = list(engine.job_states.of(job_id))
                own += bool(records) and not records[0].program.is_pattern
                for record in records:
                    if record.state is not None:
                        position = settle(record.program.plan, record.state, now_ns).position
                        found[(_label(views.label(record.program.steps[position])),)] += 1
    return found, own


def _label(text: str) -> str:
    """Return text that can be a label: not endless, and such as UTF-8 can write."""
    return shorten(text, 120).encode("utf-8", "replace").decode("utf-8")
