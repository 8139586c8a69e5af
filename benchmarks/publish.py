"""``python -m benchmarks.publish``: what was measured last, into the pages and their charts.

A page has a place for figures between ``<!-- figures: NAME -->`` and ``<!-- end of figures -->``;
what stands there is made from ``results/newest.json``, and nothing else of the page is touched.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks.charts import THEMES, Bar, chart
from benchmarks.contenders import CONTENDERS, OURS
from benchmarks.plugin import IMPORTING
from benchmarks.processes import ROOT
from benchmarks.profile import SHARE, WHOLE

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable

    Row = dict[str, Any]

NEWEST: Final = Path(__file__).parent / "results" / "newest.json"
PAGES: Final = ("README.md", "docs/performance.md")
CHARTS: Final = "docs/charts"
_PLACE: Final = re.compile(
    r"(?<=<!-- figures: )(?P<name>[\w-]+) -->\n.*?(?=<!-- end of figures -->)", re.DOTALL
)


class Results:
    """The figures of one run of all benchmarks."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.machine: dict[str, Any] = document["machine"]
        self.versions: dict[str, str] = document["versions"]
        self._rows: dict[str, list[Row]] = document["benchmarks"]

    def rows(self, name: str, unit: str) -> list[Row]:
        """Return the rows of a benchmark that have this unit; none where it was not run."""
        return [each for each in self._rows.get(name, []) if each["unit"] == unit]

    def row(self, name: str, what: str, unit: str) -> Row | None:
        """Return one of them."""
        return next((each for each in self.rows(name, unit) if each["what"] == what), None)

    def all(self) -> Iterable[tuple[str, Row]]:
        """Yield every row, and the name of its benchmark."""
        return ((name, row) for name, rows in self._rows.items() for row in rows)


def pages(results: Results) -> dict[str, str]:
    """Return the pages with these figures, by their path."""
    made = {}
    for path in PAGES:
        text = (ROOT / path).read_text(encoding="utf-8")
        text = _PLACE.sub(lambda found: f"{found['name']} -->\n{_text_of(found, results)}\n", text)
        made[path] = text.replace(f'"{CHARTS}', '"charts') if "/" in path else text
    return made


def _text_of(place: re.Match[str], results: Results) -> str:
    name = place["name"]
    if name in FIGURES:
        return FIGURES[name](results)
    return _picture(name.removeprefix("chart-"), charts(results))


def _picture(name: str, charts: Container[str]) -> str:
    title, light, dark = CHARTED[name][0], *(f"{CHARTS}/{name}-{theme}.svg" for theme in THEMES)
    if light not in charts:
        return "Not measured this time."
    source = f'<source media="(prefers-color-scheme: dark)" srcset="{dark}">'
    return f'<picture>{source}<img alt="{title}" src="{light}"></picture>'


def charts(results: Results) -> dict[str, str]:
    """Return the charts of these figures, by their path."""
    made = {}
    for name, (title, benchmark, unit, ending) in CHARTED.items():
        rows = [row for row in results.rows(benchmark, unit) if row["what"].endswith(ending)]
        if name == "profile":
            rows = [row for row in rows if row["what"] != WHOLE]
        bars = [
            Bar(
                row["what"].removesuffix(ending), row["median"], row["low"], row["high"],
                is_ours=name == "profile" or row["what"].startswith("mock"),
            )
            for row in rows
        ]  # fmt: skip
        for theme, colours in THEMES.items() if bars else ():
            made[f"{CHARTS}/{name}-{theme}.svg"] = chart(title, bars, rows[0]["digits"], colours)
    return made


CHARTED: Final = {
    "polls": ("Polls a second, one core", "serve", "replies/s", ""),
    "start": ("Seconds until the first right reply", "start", "s", ""),
    "memory": ("Memory after the start, MB", "start", "MB", ""),
    "profile": ("Microseconds of a poll", "profile", "us", ""),
    "fixtures": ("200 tests of five polls: seconds that they add", "fixtures", "s", " adds"),
}
"""Of each its title, and the rows that it shows: their benchmark, unit, and how they end."""


def about(results: Results) -> str:
    """Say when and where the figures were taken."""
    machine = results.machine
    return (
        f"Taken {machine['taken']}: {machine['processor']}, {machine['cores']} cores, "
        f"{machine['system']} {machine['architecture']}, {machine['python']}, load by "
        f"`{machine['load']}`, load average {_busy_before(machine)} before; "
        f"medians of {machine['rounds']} rounds in turns."
    )


def _busy_before(machine: dict[str, Any]) -> str:
    """Say how busy the machine was: of several runs, from the least to the most."""
    values = sorted([machine["busy"], *machine.get("busy_of", {}).values()])
    return " to ".join(dict.fromkeys(f"{each:.0f}" for each in (values[0], values[-1])))


def _speed(results: Results) -> str:
    names = [each.name for each in CONTENDERS if each.name not in SHOWN_BY_THE_CHART_ALONE]
    rows = [
        [
            name, _figure(results.row("serve", name, "replies/s")),
            *(_figure(results.row("serve", name, f"ms, {share} %")) for share in (50, 99)),
            _figure(results.row("start", name, "s")), _figure(results.row("start", name, "MB")),
        ]
        for name in names
    ]  # fmt: skip
    head = ["", "polls a second", "p50, ms", "p99, ms", "first right reply, s", "memory, MB"]
    return f"{about(results)}\n\n{_table(head, rows)}"


def _servers(results: Results) -> str:
    rows = [
        [
            each.name, each.does, _with_spread(results.row("serve", each.name, "replies/s")),
            *(_figure(results.row("serve", each.name, f"ms, {share} %")) for share in (50, 99)),
            _figure(results.row("serve", each.name, "us of processor")),
            _figure(results.row("serve", each.name, "us in the kernel")),
            _busy(results, each.name),
            _with_spread(results.row("start", each.name, "s")),
            _figure(results.row("start", each.name, "MB")),
        ]
        for each in CONTENDERS
    ]  # fmt: skip
    head = [
        "server", "answers", "polls a second", "p50, ms", "p99, ms", "µs of its core",
        "of them in the kernel", "core busy", "first right reply, s", "memory, MB",
    ]  # fmt: skip
    return _table(head, rows)


def _busy(results: Results, name: str) -> str:
    """Return how much of the time a server's core was at work."""
    rate = results.row("serve", name, "replies/s")
    cost = results.row("serve", name, "us of processor")
    return f"{rate['median'] * cost['median'] / 1e6:.0%}" if rate and cost else ""


def _targets(results: Results) -> str:
    rows = [
        [
            _IN_WORDS.get((name, row["unit"]), row["what"]),
            _wanted(row), _with_spread(row), _verdict(row),
            _figure(results.row(name, row["what"], "times, by processor")),
        ]
        for name, row in results.all()
        if row["target"] and (name in ("serve", "start", "fixtures") or row["what"] == IMPORTING)
    ]  # fmt: skip
    return _table(["", "wanted", "reached", "", "by processor time"], rows)


_IN_WORDS: Final = {
    ("start", "s"): "first right reply of `serve`, s",
    ("start", "MB"): "memory of `serve` then, MB",
}


def _verdict(row: Row) -> str:
    if row["reached"]:
        return "yes"
    sign, wanted = row["target"].split()
    beyond = "more" if sign == "<=" else "less"
    return f"**no**: {abs(row['median'] / float(wanted) - 1):.0%} {beyond}"


def _others(results: Results) -> str:
    rows = [
        [
            each["what"], name, _with_spread(each), each["unit"].replace("us", "µs"),
            _wanted(each), _verdict(each) if each["target"] else "",
        ]
        for name, each in results.all()
        if name in ("mocked", "plugin", "many", "created", "memory", "uploads", "scale")
    ]  # fmt: skip
    return _table(["what", "benchmark", "figure", "", "wanted", ""], rows)


def _wanted(row: Row) -> str:
    return (row["target"] or "").replace("<=", "≤").replace(">=", "≥")


IN_TESTS: Final = (
    ("a poll under `mocked()` / a hand-written `responses` stub, by `requests.get`",
     "mocked", "mocked() / stub, requests.get", "times"),
    ("the same, over a session", "mocked", "mocked() / stub, Session.get", "times"),
    ("200 tests of five polls above empty ones, `mock_p1` / bare `responses`",
     "fixtures", "mock_p1 / responses", "times"),
    ("the same, `mock_p1_server` / pytest-httpserver",
     "fixtures", "mock_p1_server / pytest-httpserver", "times"),
    ("until `mock_p1` is ready, after the first",
     "fixtures", 'until mocked("demo") is ready', "ms"),
    ("until `mock_p1_server` is ready, after the first",
     "fixtures", 'until serving("demo") is ready', "ms"),
    ("importing the pytest plugin", "plugin", IMPORTING, "ms"),
    ("one client's whole sequence, 8 requests",
     "sequence", f"{OURS}, whole sequence, 8 requests", "ms"),
)  # fmt: skip
"""What README says of tests: in its words, and the row that it is."""


def _in_tests(results: Results) -> str:
    there = [(words, results.row(name, what, unit)) for words, name, what, unit in IN_TESTS]
    rows = [[words, _with_spread(row), row["unit"]] for words, row in there if row]
    return _table(["", "median (middle half)", ""], rows)


def _rows_of(name: str, *units: str) -> Callable[[Results], str]:
    def made(results: Results) -> str:
        rows = [
            [each["what"], _with_spread(each), each["unit"].replace("us", "µs")]
            for unit in units
            for each in results.rows(name, unit)
        ]
        return _table(["", "median (middle half)", ""], rows) if rows else "Not measured this time."

    return made


def _profile(results: Results) -> str:
    rows = results.rows("profile", "us")
    whole = rows[0]["median"]
    parts = [[each["what"], _figure(each), f"{each['median'] / whole:.0%}"] for each in rows]
    return _table(["", "µs", "share"], parts)


def _tricks(results: Results) -> str:
    saved = results.rows("profile", "us saved")
    rows = []
    for each in saved:
        share = results.row("profile", each["what"], SHARE)
        little = share is None or share["median"] < LEAST
        rows.append(
            [each["what"], _with_spread(each), _figure(share), "**little**" if little else ""]
        )
    return _table(["trick", "saves, µs", f"{SHARE}", f"under {LEAST} %"], rows)


LEAST: Final = 3
"""A trick that saves a smaller share of a poll, in per cent, is not worth its lines."""

SHOWN_BY_THE_CHART_ALONE: Final = ("granian", "mountebank", "Prism", "Mockoon", "pytest-httpserver")


def _versions(results: Results) -> str:
    return ", ".join(f"{name} {number}" for name, number in results.versions.items()) + "."


FIGURES: Final = {
    "about": about,
    "versions": _versions,
    "speed": _speed,
    "servers": _servers,
    "targets": _targets,
    "in-tests": _in_tests,
    "sequence": _rows_of("sequence", "ms", "times"),
    "fixtures": _rows_of("fixtures", "s", "times", "ms"),
    "profile": _profile,
    "tricks": _tricks,
    "waits": _rows_of("waits", "ms"),
    "others": _others,
}
"""What makes the text of each place."""


def _table(head: list[str], rows: list[list[str]]) -> str:
    columns = zip(*rows, strict=True)
    aligned = ["--:" if all(map(_is_number, column)) else "---" for column in columns]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [head, aligned, *rows])


def _is_number(cell: str) -> bool:
    return cell.removeprefix("-")[:1].isdigit() or not cell


def _figure(row: Row | None) -> str:
    return "" if row is None else f"{row['median']:,.{row['digits']}f}"


def _with_spread(row: Row | None) -> str:
    if row is None or row["low"] == row["high"]:
        return _figure(row)
    low, high = (f"{row[side]:,.{row['digits']}f}" for side in ("low", "high"))
    return f"{_figure(row)} ({low} to {high})"


def newest() -> Results:
    """Return the figures that are kept."""
    return Results(json.loads(NEWEST.read_text(encoding="utf-8")))


def main() -> None:
    """Write the pages and the charts."""
    results = newest()
    made = charts(results)
    for old in (ROOT / CHARTS).glob("*.svg"):
        if f"{CHARTS}/{old.name}" not in made:
            old.unlink()
    for path, text in {**pages(results), **made}.items():
        (ROOT / path).parent.mkdir(exist_ok=True)
        (ROOT / path).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
