"""Shows figures: a table for people, JSON for programs, and the machine they were taken on."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.measure import Row

    Results = Mapping[str, Sequence[Row]]

_LIBRARIES: Final = (
    "mock-p1", "uvloop", "httptools", "uvicorn", "flask", "waitress", "requests", "responses",
    "requests-mock", "respx", "httpx", "pytest", "pytest-httpserver",
)  # fmt: skip
_PROGRAMS: Final = (("nginx", "-v"), ("wrk", "-v"), ("node", "-v"), ("java", "-version"))
_OF_NODE: Final = ("wiremock", "@mbtest/mountebank", "@stoplight/prism-cli", "@mockoon/cli")
_PEERS: Final = Path(__file__).parent.parent / ".peers"
NOISE: Final = 0.05
"""A figure that differs by less is never said to have got worse, however narrow its spread is."""


def machine(load_tool: str) -> dict[str, Any]:
    """Return what the figures depend on, without anything that names this very machine.

    ``busy`` is its load average before anything is measured: what else it has to do.
    """
    return {
        "taken": datetime.now(UTC).date().isoformat(),
        "system": platform.system(),
        "architecture": platform.machine(),
        "processor": _processor(),
        "cores": os.cpu_count() or 0,
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "load": load_tool,
        "busy": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
    }


def _processor() -> str:
    listed = Path("/proc/cpuinfo")
    if listed.exists() and (
        found := re.search(r"model name\s*: (.+)", listed.read_text(encoding="utf-8"))
    ):
        return found[1]
    return platform.processor()


def versions() -> dict[str, str]:
    """Return the version of everything that is installed and may be measured."""
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    for name, option in _PROGRAMS:
        if path := shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin"):
            done = subprocess.run(
                [path, option], capture_output=True, check=False, encoding="utf-8"
            )
            if number := re.search(r"\d+(\.\d+)+", done.stdout + done.stderr):
                found[name] = number[0]
    for package in _PEERS.glob("venv/**/*.dist-info"):
        name, _, number = package.name.removesuffix(".dist-info").partition("-")
        if name in ("granian", "moto", "pytest_httpserver"):
            found[name.replace("_", "-")] = number
    for name in _OF_NODE:
        package = _PEERS / "node_modules" / name / "package.json"
        if package.exists():
            found[name] = json.loads(package.read_text(encoding="utf-8"))["version"]
    return found


def table(title: str, rows: Sequence[Row], worse: Mapping[tuple[str, str], float]) -> str:
    """Return one benchmark's figures as lines of text.

    ``worse`` are the former figures of those that have got worse.
    """
    lines = [("", "median", "middle half", "", "target", "")]
    for row in rows:
        middle = f"{_figure(row.low, row)} to {_figure(row.high, row)}"
        target = f"{row.target[0]} {_figure(row.target[1], row)}" if row.target else ""
        verdict = "" if row.reached is None else "reached" if row.reached else "MISSED"
        if (row.what, row.unit) in worse:
            verdict += f" WORSE, was {_figure(worse[row.what, row.unit], row)}"
        lines.append((row.what, _figure(row.median, row), middle, row.unit, target, verdict))
    widths = [max(len(line[column]) for line in lines) for column in range(6)]
    shown = [
        f"  {what:{widths[0]}}  {median:>{widths[1]}}  {middle:>{widths[2]}}  {unit:{widths[3]}}  "
        f"{target:{widths[4]}}  {verdict.strip()}".rstrip()
        for what, median, middle, unit, target, verdict in lines
    ]
    return "\n".join([title, *shown, ""])


def as_json(machine: Mapping[str, Any], versions: Mapping[str, str], results: Results) -> str:
    """Return everything as one JSON document."""
    rows = {
        name: [
            {
                "what": row.what, "unit": row.unit, "digits": row.digits,
                "median": round(row.median, 6), "low": round(row.low, 6),
                "high": round(row.high, 6), "better": row.better,
                "target": " ".join(map(str, row.target)) if row.target else None,
                "reached": row.reached,
            }
            for row in rows
        ]
        for name, rows in results.items()
    }  # fmt: skip
    document = {"machine": machine, "versions": versions, "benchmarks": rows}
    return json.dumps(document, indent=1) + "\n"


def got_worse(
    rows: Sequence[Row], before: Sequence[Mapping[str, Any]], *, same_machine: bool
) -> dict[tuple[str, str], float]:
    """Return the former figures of ours that got worse, by what they are and their unit.

    Worse is a figure whose spread lies beyond the former one, and which differs by more than NOISE.
    Between two machines only ratios are compared.
    """
    former = {(each["what"], each["unit"]): each for each in before}
    found = {}
    for row in rows:
        old = former.get((row.what, row.unit))
        if old is None or not (same_machine or row.unit.startswith("times")):
            continue
        if row.better == "less":
            is_worse = row.low > old["high"] and row.median > old["median"] * (1 + NOISE)
        else:
            is_worse = row.high < old["low"] and row.median < old["median"] * (1 - NOISE)
        if is_worse and row.better is not None:
            found[row.what, row.unit] = old["median"]
    return found


def say(text: str) -> None:
    """Print at once, so that a long run shows how far it is."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _figure(value: float, row: Row) -> str:
    return f"{value:,.{row.digits}f}"
