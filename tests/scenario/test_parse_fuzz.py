"""Whatever stands in a file, parse() returns a scenario or raises ScenarioError.

Every problem has a place.
"""

import re

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from mock_p1.engine.engine import Engine
from mock_p1.scenario import yaml_reader as yaml_tree
from mock_p1.scenario.parser import parse
from mock_p1.scenario.problems import ScenarioError

WORDS = st.sampled_from([
    "$schema", "description", "seed", "api_keys", "jobs", "generated_jobs", "assumptions",
    "timeline", "status", "error", "reply", "fault", "for", "delay", "at_end", "loop", "api_key",
    "model_id", "message", "download_url", "result", "generated", "rows", "file", "fake", "locale",
    "sentence", "count", "prefix", "status_code", "headers", "body", "error_http_status",
    "error_body", "active", "2 polls", "90s", "manual", "1s..2s", "timeout", "job_may_be_deleted",
    "*", "ci-*", "a", "", "x-y", "<<", "<status>", "..", "upload_url", "no\0", "é", "\ud800",
])  # fmt: skip
SCALARS = WORDS | st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(WORDS | st.text(max_size=3), inner, max_size=5)
    ),
    max_leaves=25,
)
MARKS = st.sampled_from(
    [
        *"[]{}:,-?|>&*!%@`#'\"~ \t\n",
        "- ",
        ": ",
        "<<",
        "&a ",
        "*a",
        "!!",
        "---",
        "...",
        "\r\n",
        "\x85",
    ]
)
"""Pieces of YAML, which random text seldom holds."""


def problems(source):
    """Return what is wrong with a source; let the engine have what is not."""
    try:
        Engine(parse(source, "f.yaml"))
    except ScenarioError as error:
        return error.problems or ["refused without a reason"]
    return ()


def check(source):
    """Parse, and hold the place of every problem against the text."""
    text = source if isinstance(source, str) else source.decode("latin-1")
    lines = re.split("\r\n|[\r\n\x85\u2028\u2029]", text)
    for file, line, column, what in problems(source):
        assert file == "f.yaml"
        assert 1 <= line <= len(lines) + 1
        assert 1 <= column <= len(text) + 1
        assert what
        assert "\n" not in what


@given(st.text())
@example("\ud800")
@example("[" * 100)
def test_any_text(text):
    """A text is a scenario or a list of problems."""
    check(text)


@given(st.binary())
@example(b"\xff\xfe\0")
def test_any_bytes(content):
    """So are bytes."""
    check(content)


@given(st.lists(MARKS | WORDS | st.text(max_size=3), max_size=40).map("".join))
def test_pieces_of_yaml(text):
    """So is anything that looks a little like YAML."""
    check(text)


@pytest.fixture
def without_libyaml(monkeypatch):
    """Read with PyYAML's own parser, as where its wheel has no libyaml."""
    monkeypatch.setattr(yaml_tree, "_LOADER", yaml.SafeLoader)


@pytest.mark.usefixtures("without_libyaml")
def test_without_libyaml():
    """PyYAML's own parser is slower and words its errors differently; nothing else changes."""

    @given(st.lists(MARKS | WORDS | st.text(max_size=3), max_size=40).map("".join))
    @example('"\\U00110000"')
    @example('"\\Uffffffff"')
    @example('jobs: {a: {timeline: [{status: "\\ud800", message: "\\ud800", result: generated}]}}')
    def any_text(text):
        check(text)

    any_text()


@given(DOCUMENTS)
def test_any_document(document):
    """So is every tree of the words that scenarios are made of, and every number."""
    check(yaml.dump(document, allow_unicode=True).encode("utf-8", "replace"))


@given(DOCUMENTS, DOCUMENTS)
def test_any_job_and_any_assumption(job, assumptions):
    """So is every tree in the places where scenarios go deep."""
    check(yaml.dump({"jobs": {"a": job}, "assumptions": assumptions}).encode("utf-8", "replace"))


@given(st.lists(DOCUMENTS, max_size=3), st.sampled_from(["jobs", "generated_jobs"]))
def test_any_steps(steps, part):
    """So is every timeline."""
    job = {"timeline": steps, **({"count": 2} if part == "generated_jobs" else {})}
    check(yaml.dump({part: {"a": job} if part == "jobs" else [job]}).encode("utf-8", "replace"))
