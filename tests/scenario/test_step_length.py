"""What for: and delay: may say, and what editors are told about it."""

import re

import pytest
from helpers.schema_verdicts import SCHEMA
from hypothesis import given
from hypothesis import strategies as st

from mock_p1.contract.operations import OPERATIONS
from mock_p1.scenario import step_length
from mock_p1.scenario.calls import call_names
from mock_p1.scenario.json_schema import scenario_schema
from mock_p1.scenario.parser import parse
from mock_p1.scenario.problems import ScenarioError
from mock_p1.scenario.step_length import Span, Stage

PIECES = st.sampled_from(
    [
        *"0123456789. ",
        "..",
        "ms",
        "s",
        "m",
        "h",
        "d",
        " polls",
        "poll",
        " calls",
        "call",
        "manual",
        "x",
        "00",
    ]
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


@pytest.mark.slow
@given(TEXTS, st.sampled_from(["for", "delay"]))
def test_editors_are_told_the_same(text, key):
    """The schema's pattern fits what is accepted, and nothing else.

    Of figures out of range it may know or not.
    """
    pattern = scenario_schema()["$defs"]["StatusStep"]["properties"][key]["pattern"]
    found = read(key, text)
    if not (isinstance(found, str) and any(reason in found for reason in OUT_OF_RANGE)):
        assert (re.search(pattern, text) is None) == isinstance(found, str)


def read_call(text, name="result_download"):
    """Return how long an element of calls: lasts, or what is wrong with it."""
    try:
        scenario = parse(f"calls: {{{name}: [{{ok: true, for: '{text}'}}, ok]}}")
    except ScenarioError as error:
        return str(error)
    return scenario.calls[name][0].for_


CALLS_PATTERN = scenario_schema()["$defs"]["OkCall"]["properties"]["for"]["pattern"]


@pytest.mark.parametrize(
    ("text", "is_good"),
    [
        ("1 call", True),
        (" 2calls ", True),
        ("1000000000 calls", True),
        ("00000000000000000007 calls", True),
        ("000000000000000000007 calls", False),
        ("1000000001 calls", False),
        ("0 calls", False),
        ("1 poll", True),
        ("01polls", True),
        ("000000000000000000001 poll", False),
        ("2 polls", False),
        ("upload", False),
        ("2\u00a0calls", False),
        ("manual", True),
    ],
)
def test_how_many_calls_an_element_lasts(text, is_good):
    """As check and the schema have it, who agree."""
    assert isinstance(read_call(text), Stage) == is_good
    assert (re.search(CALLS_PATTERN, text) is not None) == is_good


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("2 polls", "under calls: write 2 calls; 1 poll (until the job is polled again) is for "),
        ("20polls", "under calls: write 20 calls; "),
        ("0 polls", "write at least 1 call, at most 1,000,000,000"),
    ],
)
def test_who_counts_polls_under_calls_is_told_what_to_write(text, says):
    """In the form that is accepted there."""
    assert says in read_call(text)


@pytest.mark.parametrize("name", call_names())
def test_what_may_last_until_a_poll(name):
    """What a client does with a job that it polls; file and schema agree."""
    found = read_call("1 poll", name)
    is_valid = SCHEMA.is_valid({"calls": {name: [{"ok": True, "for": "1 poll"}, "ok"]}})
    if name in ("result_download", "retrain_model_switch"):
        assert (found, is_valid) == (Stage(until_poll=True), True)
    else:
        assert ": for: 1 poll counts polls; under calls: write 1 call; 1 poll (until" in found
        assert not is_valid


@given(TEXTS)
def test_editors_are_told_the_same_of_calls(text):
    """The schema's pattern fits what is accepted under calls:, and nothing else."""
    found = read_call(text)
    if not (isinstance(found, str) and any(reason in found for reason in OUT_OF_RANGE)):
        assert (re.search(CALLS_PATTERN, text) is None) == isinstance(found, str)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*OPERATIONS, "get_api_keys", "Get_API_key", "", "ok", "file"])
@pytest.mark.parametrize("of_job", [False, True])
def test_the_names_under_calls_are_those_of_the_schema(name, of_job):
    """For the whole scenario, and for one job."""
    calls = f"calls: {{{name!r}: [ok]}}"
    text = f"jobs: {{a: {{timeline: [{{status: b}}], {calls}}}}}" if of_job else calls
    schema = scenario_schema()
    part = schema["$defs"]["Job"] if of_job else schema
    try:
        parse(text)
    except ScenarioError:
        is_good = False
    else:
        is_good = True
    assert (name in part["properties"]["calls"]["propertyNames"]["enum"]) == is_good


@pytest.mark.parametrize("length", ["upload", " upload", "upload ", "  upload  "])
@pytest.mark.parametrize(
    ("timeline", "problem"),
    [
        ("[{status: a, for: 1 poll}, {status: b, for: LENGTH}, {status: c}]", "first step only"),
        ("[{status: a, for: LENGTH}]", "a timeline of one step"),
    ],
)
def test_blanks_around_upload_hide_no_problem(length, timeline, problem):
    """It is read without them, and judged without them."""
    with pytest.raises(ScenarioError, match=problem):
        parse(f"new_jobs: {{timeline: {timeline.replace('LENGTH', repr(length))}}}")


@pytest.mark.parametrize("rest", ["", ", ids: [a]", ", error: invalid_api_key"])
def test_an_end_of_no_timeline_is_a_problem(rest):
    """Nothing that is written is silently ignored."""
    with pytest.raises(ScenarioError, match=r"1:12: at_end: says what comes after the last step"):
        parse(f"new_jobs: {{at_end: loop{rest}}}")


def test_a_long_text_is_read_and_not_remembered():
    """Blanks are many or few; a few short texts are what a timeline says again and again."""
    for_ = f"2{' ' * 5000}polls"
    before = step_length.stage_of.cache_info().currsize
    scenario = parse(f"jobs: {{a: {{timeline: [{{status: b, for: '{for_}'}}, {{status: c}}]}}}}")
    assert scenario.jobs["a"].steps[0].for_ == Stage(polls=2)
    assert step_length.stage_of.cache_info().currsize == before
