"""What for: and delay: may say, and what editors are told about it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_p1.scenario.json_schema import scenario_schema
from mock_p1.scenario.parser import parse
from mock_p1.scenario.problems import ScenarioError
from mock_p1.scenario.step_length import Span, Stage

PIECES = st.sampled_from(
    [*"0123456789. ", "..", "ms", "s", "m", "h", "d", " polls", "poll", "manual", "x", "00"]
)
TEXTS = st.lists(PIECES, max_size=6).map("".join)
OUT_OF_RANGE = ("longer than ten years", "can never be", "begins above its end")


def read(key, text):
    """Return what a step says, or what is wrong with it."""
    try:
        length = "" if key == "for" else "for: 1 poll, "
        step = f"{{status: s, {length}{key}: '{text}'}}"
        scenario = parse(f"jobs: {{a: {{timeline: [{step}, {{status: t}}]}}}}")
    except ScenarioError as error:
        return str(error)
    return getattr(scenario.jobs["a"].steps[0], f"{key}_" if key == "for" else key)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 poll", Stage(polls=1)),
        ("2 polls", Stage(polls=2)),
        ("2polls", Stage(polls=2)),
        (" 12  polls ", Stage(polls=12)),
        ("1000000000 polls", Stage(polls=10**9)),
        ("007 polls", Stage(polls=7)),
        ("1ms", Stage(lasts_ns=10**6)),
        ("1h30m", Stage(lasts_ns=5400 * 10**9)),
        ("1h 30m", Stage(lasts_ns=5400 * 10**9)),
        ("manual", Stage()),
        (" manual ", Stage()),
    ],
)
def test_how_long_a_step_lasts(text, expected):
    """Polls, time, or until somebody moves the job on."""
    assert read("for", text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("300ms", Span(300 * 10**6, 300 * 10**6)),
        ("100ms..2s", Span(10**8, 2 * 10**9)),
        ("100ms .. 2s", Span(10**8, 2 * 10**9)),
        ("0s..0s", Span(0, 0)),
        ("0s", Span(0, 0)),
    ],
)
def test_how_long_an_answer_is_held_back(text, expected):
    """A span, or a range of two."""
    assert read("delay", text) == expected


@given(TEXTS, st.sampled_from(["for", "delay"]))
def test_editors_are_told_the_same(text, key):
    """The schema's pattern fits what is accepted, and nothing else.

    Of figures out of range it may know or not.
    """
    pattern = scenario_schema()["$defs"]["StatusStep"]["properties"][key]["pattern"]
    found = read(key, text)
    if not (isinstance(found, str) and any(reason in found for reason in OUT_OF_RANGE)):
        assert (re.search(pattern, text) is None) == isinstance(found, str)
