"""The journal notes a call that is asked again at once, after its connection broke."""

import json
from pathlib import Path

import pytest

from mock_p1.base.clock import SECOND, RealClock
from mock_p1.base.messages import Request
from mock_p1.engine.engine import Engine
from mock_p1.engine.repeats import AT_ONCE_NS, Repeats

MILLISECOND = 1_000_000
FAULT = "[{fault: connection_reset, for: 1 call}, ok]"
SCENARIO = f"""
jobs: {{a: {{timeline: [{{fault: connection_reset, for: 1 poll}}, {{status: job_finished}}]}}}}
new_jobs: {{timeline: [{{status: job_waiting, for: upload}}, {{status: job_finished}}]}}
calls: {{file_upload: {FAULT}, retrain_model_switch: {FAULT}}}
"""


PAGE = (Path(__file__).parents[2] / "docs" / "faults.md").read_text(encoding="utf-8")


@pytest.fixture
def asked(mock):
    """A mock in real time, which goes on by three milliseconds with each request."""
    asked, now = mock(SCENARIO), [0]
    clock = RealClock(source=lambda: now[0])
    asked.engine = Engine(asked.engine.scenario, clock)
    handle = asked.engine.handle

    def later(request):
        now[0] += asked.pause_ns
        return handle(request)

    asked.engine.handle, asked.pause_ns = later, 3 * MILLISECOND
    return asked


def upload(asked):
    """Create a job, and return what sends its file."""
    _, path = asked.create()
    return lambda: asked.ask(path, method="PUT")


CALLS = {
    "poll": lambda asked: asked.poll,
    "switch": lambda asked: asked.poll() and asked.poll() and asked.switch,
    "upload": upload,
}


@pytest.mark.parametrize("call", CALLS)
def test_a_call_that_is_repeated_at_once_is_noted(asked, call):
    """By its client, or its client's library: an upload and a switch like a poll."""
    ask = CALLS[call](asked)
    ask()
    ask()
    note = "asked again 3 ms later on connection_reset: the client, or its library, repeated it"
    assert [note in entry.notes for entry in asked.entries[-2:]] == [False, True]


def test_less_than_a_millisecond_is_not_nothing(asked):
    """It is rounded up."""
    asked.pause_ns = MILLISECOND // 10
    asked.poll(), asked.poll()
    assert "asked again 1 ms later" in "".join(asked.entries[-1].notes)


@pytest.mark.parametrize("call", CALLS)
def test_a_call_that_comes_later_is_a_new_one(asked, call):
    """A client that has waited has thought about it."""
    ask = CALLS[call](asked)
    ask()
    asked.pause_ns = 101 * MILLISECOND
    ask()
    assert "again" not in "".join(asked.entries[-1].notes)


def test_the_page_says_how_soon_it_must_come():
    """Whoever misses the note looks there."""
    assert f"noted of a call that comes within {AT_ONCE_NS // MILLISECOND} ms" in PAGE


@pytest.mark.parametrize("call", CALLS)
def test_a_client_that_waits_by_the_mocks_clock_has_waited(asked, call):
    """As one does whose sleep posts to /__admin/clock."""
    ask = CALLS[call](asked)
    ask()
    asked.engine.clock.advance(300_000 * MILLISECOND)
    ask()
    assert "again" not in "".join(asked.entries[-1].notes)


@pytest.mark.parametrize("speed", [60, 3600, 1_000_000])
def test_a_clock_that_runs_faster_is_no_wait(asked, speed):
    """Its own pace moves it far, while the client's library asks again at once."""
    asked.engine.clock.set_speed(speed)
    ask = CALLS["poll"](asked)
    ask()
    asked.engine.clock.advance(50 * MILLISECOND)
    ask()
    assert "asked again 3 ms later" in "".join(asked.entries[-1].notes)


def test_a_process_that_comes_later_knows_what_broke():
    """As the others do: their journals are one."""
    now = [SECOND]
    clock = RealClock(source=lambda: now[0])
    one, other = Repeats(clock), Repeats(clock)
    asked = Request("GET", "/v1/external/retrain_jobs/a", api_keys=("k",))
    one.note_break(asked, "connection_reset", 0)
    other.restore(json.loads(json.dumps(one.saved())))
    now[0] += SECOND // 100
    assert other.notes(asked) == one.notes(asked) != ()
