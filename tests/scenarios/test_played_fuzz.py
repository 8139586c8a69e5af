"""What is accepted is explained, linted, masked and played, whatever it is."""

from itertools import islice

import pytest
from helpers.corpus import SCENARIOS
from helpers.engine_mock import PATH
from hypothesis import given, settings
from hypothesis import strategies as st

from mock_p1.analysis.explanation import call_explanations, explanations
from mock_p1.analysis.lint import lint_warnings
from mock_p1.base.clock import SECOND, VirtualClock
from mock_p1.base.messages import Request
from mock_p1.engine.engine import Engine
from mock_p1.scenario.files import bundled
from mock_p1.scenario.parser import parse
from mock_p1.scenario.problems import ScenarioError
from mock_p1.scenario.redaction import masked_problems, masked_text, unmasked_text

TEXTS = [*SCENARIOS, *(file.read_text(encoding="utf-8") for file in bundled().values())]
PIECES = st.sampled_from([
    *("1", "0", "-1", "1e9", "99999999", "null", "{}", "[]", "*", "a*", "'*a*b'", "&a ", "*a"),
    *("\n", "  ", ", ", ": ", "\t", "\r", "\x85", "\u2028", "%TAG !a! x\n", "---\n", "<<: "),
    *("${A}", "${B:-}", "variables: true\n", "x-y: 1\n", "api_key: demo-key", "calls: {}"),
    *("status: s", "error: job_may_be_deleted", "fault: timeout", "for: 1 poll", "for: 0s"),
    *("for: manual", "for: upload", "at_end: loop", "delay: 1h..2h", "model_id: 1", "seed: 7"),
    *("result: generated", "{fake: name}", "{fake: random_int, min: -9}", "{fake: random_number}"),
    *("\\e[2J", "\u202e", "\U0001f600", "ジョブ", "count: 1000000", "prefix: ''", "loop", "'"),
])  # fmt: skip


@st.composite
def mutated(draw):
    """Return the text of a scenario with lines left out and pieces put in."""
    text = draw(st.sampled_from(TEXTS))
    for _ in range(draw(st.integers(0, 3))):
        start, length = draw(st.integers(0, len(text))), draw(st.integers(0, 20))
        text = text[:start] + draw(PIECES | st.just("")) + text[start + length :]
    return text


def play(text):
    """Do with a text what every command does with it."""
    masked_text(text)
    try:
        scenario = parse(text, "f.yaml", lambda _: b"PK", {"A": "held", "B": ""})
    except ScenarioError as error:
        masked_problems(text, error.problems)
        return
    told = [*explanations(scenario), *call_explanations(scenario)]
    assert all(explanation.rows or explanation.calls for explanation in told)
    lint_warnings(scenario)
    engine = Engine(scenario, clock := VirtualClock())
    for job_id in [*islice(engine.state.directory.ids(), 3), "any"]:
        for _ in range(3):
            engine.handle(Request("GET", PATH + job_id, api_keys=("k",), base_url="http://mock"))
            clock.advance(30 * SECOND)


@pytest.mark.slow
@settings(max_examples=3 * settings.default.max_examples)
@given(text=mutated())
def test_what_is_accepted_is_played(text):
    """None of it is an error of the mock's own."""
    play(text)


@pytest.mark.slow
@pytest.mark.parametrize("text", TEXTS)
def test_what_fuzzing_begins_with(text):
    """Each of the corpus is played, or refused with its problems."""
    play(text)


@settings(max_examples=settings.default.max_examples)
@given(text=mutated())
def test_what_is_masked_and_sent_back_is_as_it_was(text):
    """Or it is said that two keys are shown alike."""
    try:
        back = unmasked_text(masked_text(text), text)
    except ValueError:
        return
    assert back.splitlines() == text.splitlines()
