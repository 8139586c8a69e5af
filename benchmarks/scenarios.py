"""The scenario files that are measured: as small, or as large, as a measurement needs."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks.clients import API_KEY
from mock_p1.contract.operations import RETRAIN_STATUS_CHECK

if TYPE_CHECKING:
    from collections.abc import Iterator

ONE_ID = "job-000001"
PREFIX = "job-"

_TIMELINE = "timeline: [{status: job_running, for: 1000000000 polls}, {status: job_finished}]"
_KEY = f"api_keys: {{{API_KEY}: active, {API_KEY}-*: active}}\n"

ONE = f"{_KEY}jobs:\n  {ONE_ID}: {{{_TIMELINE}}}\n"
"""One job. Every poll moves its state."""

ANY = f'{_KEY}jobs:\n  "*": {{{_TIMELINE}}}\n'
"""No job of its own; every id leads to one by the pattern."""


def generated(count: int, *, prefix: bool) -> str:
    """Many generated jobs, with a prefix or with UUIDs."""
    how = f"count: {count}, prefix: {PREFIX}" if prefix else f"count: {count}"
    return f"{_KEY}generated_jobs:\n  - {{{how}, {_TIMELINE}}}\n"


@contextmanager
def written(text: str) -> Iterator[Path]:
    """Put a scenario into a file for as long as it is needed."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "scenario.yaml"
        path.write_text(text, encoding="utf-8")
        yield path


def path_of(job_id: str) -> str:
    """Return the path that a client polls."""
    return RETRAIN_STATUS_CHECK.url_path(retrain_job_id=job_id)
