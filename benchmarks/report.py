"""Shows figures: a table for people, JSON for programs, and the machine they were taken on."""

from __future__ import annotations

import json
import os
import platform
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.measure import Row

_LIBRARIES = ("uvicorn", "httptools", "flask", "requests", "responses", "pytest")


def machine(load_tool: str) -> dict[str, str | int]:
    """Return what the figures depend on, without anything that names this very machine."""
    return {
        "system": platform.system(),
        "architecture": platform.machine(),
        "cores": os.cpu_count() or 0,
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "libraries": ", ".join(f"{name} {version(name)}" for name in _LIBRARIES),
        "load": load_tool,
    }


def table(title: str, rows: Sequence[Row]) -> str:
    """Return one benchmark's figures as lines of text."""
    lines = [("", "median", "middle half", "", "target", "")]
    for row in rows:
        middle = f"{_figure(row.low, row)} to {_figure(row.high, row)}"
        target = f"{row.target[0]} {_figure(row.target[1], row)}" if row.target else ""
        verdict = "" if row.reached is None else "reached" if row.reached else "MISSED"
        lines.append((row.what, _figure(row.median, row), middle, row.unit, target, verdict))
    widths = [max(len(line[column]) for line in lines) for column in range(6)]
    shown = [
        f"  {what:{widths[0]}}  {median:>{widths[1]}}  {middle:>{widths[2]}}  {unit:{widths[3]}}  "
        f"{target:{widths[4]}}  {verdict}".rstrip()
        for what, median, middle, unit, target, verdict in lines
    ]
    return "\n".join([title, *shown, ""])


def as_json(machine: Mapping[str, str | int], results: Mapping[str, Sequence[Row]]) -> str:
    """Return everything as one JSON document."""
    rows = {
        name: [
            {
                "what": row.what, "unit": row.unit,
                "median": row.median, "low": row.low, "high": row.high,
                "target": " ".join(map(str, row.target)) if row.target else None,
                "reached": row.reached,
            }
            for row in rows
        ]
        for name, rows in results.items()
    }  # fmt: skip
    return json.dumps({"machine": machine, "benchmarks": rows}, indent=2)


def say(text: str) -> None:
    """Print at once, so that a long run shows how far it is."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _figure(value: float, row: Row) -> str:
    return f"{value:,.{row.digits}f}"
