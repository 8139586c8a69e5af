"""The invalid files of the tests, and the smallest documents that they are made of.

One job, one step, one key.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mock_p1.scenario.yaml_nodes import BROKEN
from mock_p1.scenario.yaml_reader import read_tree

if TYPE_CHECKING:
    from collections.abc import Iterator

INVALID = sorted((Path(__file__).parents[1] / "invalid").glob("*.yaml"))
SPLIT = ("jobs", "api_keys", "assumptions")


def pieces(path: Path) -> list[Any]:
    """Return the pieces of a file that our own reader, which knows YAML 1.2, could make data of."""
    root = read_tree(path.read_text(encoding="utf-8"), lambda *_: None)
    return [] if root is None else [piece for piece in _pieces(root.plain()) if not _broken(piece)]


def _pieces(document: Any) -> Iterator[Any]:
    if not isinstance(document, dict):
        yield document
        return
    for key, value in document.items():
        if key in SPLIT and isinstance(value, dict) and value:
            for name, entry in value.items():
                yield from (
                    {key: {name: part}} for part in (_steps(entry) if key == "jobs" else [entry])
                )
        elif key == "generated_jobs" and isinstance(value, list):
            yield from ({key: [entry]} for entry in value)
        else:
            yield {key: value}


def _steps(job: Any) -> Iterator[Any]:
    """Yield a job with each of its steps alone, and one with empty steps that only say how long."""
    timeline = job.get("timeline") if isinstance(job, dict) else None
    if not isinstance(timeline, list) or len(timeline) < 2:
        yield job
        return
    yield from ({**job, "timeline": [step]} for step in timeline)
    bare = [
        {"error": "invalid_api_key", **({"for": "1 poll"} if "for" in step else {})}
        for step in timeline
    ]
    yield {"timeline": bare, **{key: job[key] for key in ("at_end",) if key in job}}


def _broken(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_broken, value.values()))
    return any(map(_broken, value)) if isinstance(value, list) else value is BROKEN
