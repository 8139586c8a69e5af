"""What the pages say of speed is what was measured last, and so are the charts."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from benchmarks.charts import THEMES, Bar, chart
from benchmarks.publish import CHARTS, FIGURES, PAGES, ROOT, Results, charts, newest, pages

ANEW = "python -m benchmarks.publish makes them anew"


@pytest.mark.parametrize("page", PAGES)
def test_the_figures_of_a_page(page):
    """They are those of the kept results, to the last digit."""
    assert pages(newest())[page] == (ROOT / page).read_text(encoding="utf-8"), ANEW


def test_the_charts():
    """They show the kept results, and there is none that shows something else."""
    there = {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
        for path in (ROOT / CHARTS).glob("*.svg")
    }
    assert charts(newest()) == there, ANEW


def test_the_kept_results_are_whole():
    """What the pages compare was run, at its full size, on one machine that is described."""
    results = newest()
    assert {name for name, _ in results.all()} >= {"serve", "start", "sequence", "profile"}
    assert "quick" not in results.machine
    assert {"taken", "processor", "cores", "python", "load", "busy"} <= set(results.machine)
    assert "mock-p1" in results.versions


def test_every_kind_of_figures_has_a_place():
    """On one of the pages: none is made for nobody."""
    text = "".join((ROOT / page).read_text(encoding="utf-8") for page in PAGES)
    assert [name for name in FIGURES if f"<!-- figures: {name} -->" not in text] == []


def test_new_figures_change_page_and_chart():
    """Another result is seen by both."""
    results = newest()
    row = results.row("serve", "nginx", "replies/s")
    row["median"] = row["low"] = row["high"] = 123456789.0
    for page in PAGES:
        assert "123,456,789" in pages(results)[page]
    assert "123,456,789" in charts(results)[f"{CHARTS}/polls-light.svg"]


def test_what_was_missed_is_said():
    """A target that was missed stands there with how far away it is."""
    row = {"what": "x", "unit": "times", "digits": 2, "median": 0.3, "low": 0.3, "high": 0.3}
    missed = {**row, "target": ">= 0.4", "reached": False, "better": "more"}
    document = {"machine": {}, "versions": {}, "benchmarks": {"serve": [missed]}}
    assert "| x | ≥ 0.4 | 0.30 | **no**: 25% less |  |" in FIGURES["targets"](Results(document))


@pytest.mark.parametrize("theme", THEMES)
def test_a_chart(theme):
    """It is well-formed, its bars are as long as their figures, and ours has another colour."""
    colours = THEMES[theme]
    bars = [Bar("ours & co", 50, 45, 55, is_ours=True), Bar("other", 100, 100, 100, is_ours=False)]
    root = ET.fromstring(chart("Polls <a second>", bars, 1, colours))  # noqa: S314 -- our own
    rects = [each for each in root.iter() if each.tag.endswith("}rect")]
    assert [each.get("fill") for each in rects] == [colours.ours, colours.others]
    ours, other = (float(each.get("width")) for each in rects)
    assert other == 2 * ours
    words = [each.text for each in root.iter() if each.tag.endswith("}text")]
    assert words == ["Polls <a second>", "ours & co", "50.0", "other", "100.0"]


def test_the_kept_file_is_one_that_is_taken_again():
    """What --against compares with is the file that the pages are made from."""
    file = Path(ROOT, "benchmarks", "results", "newest.json")
    assert set(json.loads(file.read_text(encoding="utf-8"))) == {
        "machine", "versions", "benchmarks",
    }  # fmt: skip
