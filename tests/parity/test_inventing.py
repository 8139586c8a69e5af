"""What is invented is worth telling: whole scenarios of every kind, and jobs that really move."""

import re
from contextlib import suppress

import pytest
from helpers.scenario_strategies import read
from helpers.story_player import START
from helpers.story_strategies import Ask, Drive, Wait, stories
from hypothesis import Phase, given, settings

from mock_p1.base.clock import VirtualClock
from mock_p1.base.messages import Request
from mock_p1.contract.errors import DOCUMENTED_ERRORS, FAULTS
from mock_p1.engine.driver import Driver, NoSuchJob, NoSuchStep
from mock_p1.engine.engine import Engine

KINDS = [
    "status: ", "reply: ", r"model_id: \{fake", r"message: \{fake", r"message: \S", r"download_url: ",
    r"result: generated", r"rows: ", r"file: ", r"fails: [12]", r"retry_after: \d", r"retry_after: \{date",
    r"headers:", r"body:",
    r"for: \d polls?", r"for: \d+m?s", r"for: manual", r"delay: \d+m?s\b", r"delay: 1ms\.\.2s", r"at_end: loop",
    r"api_key: ", r"api_keys:", r'"\*"', r"generated_jobs:", r"prefix: ", r"rate_limit:", r"seed: ", r"description: ",
    r"error_http_status: \d", r"error_http_status: \{", r"error_body: ", r"error_code_type: ", r"missing_api_key: ",
    r"unknown_api_key: ", r"job_of_another_key: ", r"checked_first: ",
    *(f"error: {name}" for name in DOCUMENTED_ERRORS), *(f"fault: {name}" for name in FAULTS),
]  # fmt: skip
ANSWERS = {"HTTP 200", "HTTP 404", "HTTP 405", "HTTP 429", "job_waiting", "job_finished"}
ACTS = {Ask, Wait, "step", "set_status", "fail_next", "forgive", "reset"}


@pytest.fixture(scope="module")
def told():
    """Three hundred stories, always the same."""
    told = []

    @settings(max_examples=300, derandomize=True, database=None, phases=[Phase.generate])
    @given(stories())
    def listen(story):
        told.append(story)

    listen()
    return told


def test_every_part_of_a_scenario_is_invented(told):
    """Each key and each kind of value stands in some scenario."""
    texts = "\n".join(story.text for story in told)
    assert [kind for kind in KINDS if not re.search(kind, texts)] == []


def test_stories_lead_somewhere(told):
    """Every act happens, every error and most faults are met, and jobs move on to their second step and beyond."""
    acts, outcomes, positions = set(), set(), set()
    for story in told:
        engine = Engine(read(story.text), VirtualClock(START))
        for act in story.acts:
            acts.add(act.name if isinstance(act, Drive) else type(act))
            _do(engine, act)
        outcomes |= {entry.outcome for entry in engine.journal}
        positions |= {entry.place[1].position for entry in engine.journal if entry.place}
    assert acts == ACTS
    assert positions >= {0, 1, 2}
    assert {*DOCUMENTED_ERRORS, *ANSWERS} <= outcomes
    assert len(outcomes & set(FAULTS)) >= 4


def _do(engine, act):
    match act:
        case Ask():
            for _ in range(act.times):
                engine.handle(
                    Request(
                        act.method,
                        act.target.partition("?")[0],
                        api_keys=act.keys,
                        base_url="http://h",
                    )
                )
        case Wait():
            engine.clock.advance(act.span)
        case Drive():
            with suppress(NoSuchJob, NoSuchStep):
                getattr(Driver(engine), act.name)(*act.arguments)
