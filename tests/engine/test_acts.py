"""Acts: the same ones in the same order lead every process to the same state."""

import json
import tracemalloc
from contextlib import suppress

import pytest
from helpers.engine_mock import Mock
from helpers.story_player import Stage, play_directly
from helpers.story_strategies import stories
from hypothesis import Phase, given, note, settings

from mock_p1.base.clock import VirtualClock
from mock_p1.base.messages import Request
from mock_p1.engine import acts
from mock_p1.engine.call import request_of
from mock_p1.engine.driver import Driver
from mock_p1.engine.file_store import KNOWN_ELSEWHERE, Inspection, RememberedFile
from mock_p1.engine.receiver import End
from mock_p1.engine.saved_state import restore, saved

FEWER = settings(max_examples=max(20, settings().max_examples // 3))


class Twin(acts.SharedEngine):
    """An engine whose acts another one does too, from what was written of them."""

    def __init__(self, scenario, clock=None, **options):
        super().__init__(scenario, clock, **options)
        self.other = acts.SharedEngine(scenario, VirtualClock(clock.date_at(0)), **options)
        self._is_at_work = False
        self.hand_over = self.do_both
        self.later = lambda asked: [tell(self.do_both(act)) for act, tell in asked]
        self.performing = lambda: self._is_at_work

    def do_both(self, act):
        """Do an act here and there; what came of it there is nobody's."""
        written = json.loads(json.dumps(act))
        self.other.clock.advance(self.clock.now_ns() - self.other.clock.now_ns())
        self._is_at_work = True
        try:
            return self.perform(act)
        finally:
            self._is_at_work = False
            with suppress(LookupError, ValueError):
                self.other.perform(written)


@pytest.mark.slow
def test_a_story_is_the_same_in_every_process(monkeypatch):
    """Whatever befell a mock: a process that only heard of the acts has the same state."""

    @settings(FEWER, phases=[Phase.explicit, Phase.reuse, Phase.generate])
    @given(story=stories())
    def told(story):
        note(str(story))
        stage = Stage()
        alone = play_directly(story, stage)
        with monkeypatch.context() as patched:
            patched.setattr("helpers.story_player.Engine", Twin)
            assert play_directly(story, stage) == alone
        stage.engine.do_both(["refresh"])
        one, other = saved(stage.engine), saved(stage.engine.other)
        assert json.loads(json.dumps(one)) == json.loads(json.dumps(other))

    told()


UPLOADS = """
new_jobs: {timeline: [{status: waiting, for: upload}, {status: running}]}
calls: {file_upload: [{reply: {status_code: 503, retry_after: 5s}, done: true, for: 1 call}, ok]}
jobs: {a: {error: job_may_be_deleted}}
"""


def twin(text=UPLOADS):
    """Return a mock whose engine has a twin."""
    asked = Mock(text)
    asked.engine = Twin(asked.engine.scenario, asked.clock)
    asked.driver = Driver(asked.engine)
    return asked


def test_an_upload_that_is_under_way_is_known_elsewhere():
    """A process that begins in the midst of it ends it as the others do."""
    asked = twin()
    path = asked.create()[1]
    taken = asked.begin_put(path, 8)
    late = acts.SharedEngine(asked.engine.scenario, VirtualClock())
    acts_of = asked.engine.other
    state = json.loads(json.dumps([saved(acts_of), acts_of.saved_receivers()]))
    restore(late, state[0])
    late.restore_receivers(state[1])
    ends = []
    asked.engine.hand_over = lambda act: (
        ends.append(json.loads(json.dumps(act))) or (acts.SharedEngine.perform(asked.engine, act))
    )
    taken.write(b"a,b\n1,2\n")
    taken.finish()
    late.perform(ends[0])
    acts_of.perform(ends[0])
    assert saved(late)["state"] == saved(acts_of)["state"]
    assert [*late.journal] == [*acts_of.journal]
    assert late.journal.last == 2


@pytest.mark.parametrize("keys", [(), ("k",), ("k", "l")])
@pytest.mark.parametrize("path", ["/v1/external/retrain_jobs/a", "/v1/external/api_key"])
def test_an_act_that_is_made_again_and_again_is_the_same(path, keys):
    """As text, and as the request that this process and all others see."""
    request = Request("GET", path, "a=b", keys, "http://m", headers=((b"x-api-key", b"k"),))
    for _ in range(2):
        _, seen, text = acts.asked_of(request)
        assert json.loads(text) == json.loads(json.dumps(acts.ask(request)))
        assert seen == request_of(json.loads(text)[1:])


@pytest.mark.parametrize("part", ["path", "query", "headers"])
def test_an_act_of_a_long_request_is_not_kept(part):
    """Clients decide how long a request is: many long ones take no more memory than one."""
    request = Request("GET", "/v1/external/retrain_jobs/a")

    def kept_by(many):
        tracemalloc.start()
        try:
            for number in range(many):
                long = f"/{number}".ljust(100_000, "x")
                value = ((b"x-note", long.encode()),) if part == "headers" else long
                acts.asked_of(request._replace(**{part: value}))
            return tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()

    kept_by(1)
    assert kept_by(20) < 1_000_000


def test_a_file_keeps_its_content_where_it_came():
    """Elsewhere its size, hash and what was found in it are known."""
    asked = twin("new_jobs: {timeline: [{status: w, for: upload}, {status: f}]}\njobs: {}")
    asked.put(asked.create()[1])
    engines = asked.engine, asked.engine.other
    here, there = (next(iter(engine.state.uploads)).kept for engine in engines)
    assert here.sha256 == there.sha256
    assert not there.is_kept


class Unread(RememberedFile):
    """A file that is looked at later than all are told of it."""

    is_looked_at = False


def test_a_file_that_is_looked_at_later_says_where_its_rows_are_known():
    """Elsewhere nobody would tell: it invites nobody to wait for what never comes."""
    asked = twin("new_jobs: {timeline: [{status: w, for: upload}, {status: f}]}\njobs: {}")
    taken = asked.begin_put(asked.create()[1], 8)
    taken.ended(End("complete", 8, ""), Unread(8, "0" * 64, Inspection(rows=1)))
    here, there = (
        next(iter(engine.state.uploads)).kept.inspection()
        for engine in (asked.engine, asked.engine.other)
    )
    assert here.rows == 1
    assert there == KNOWN_ELSEWHERE
    assert "came to another process" in there.notes[0]
    assert saved(asked.engine)["state"]["uploads"][0]["kept"]["found"] == there


def test_a_download_that_is_not_taken_is_known_elsewhere():
    """Its entry and the job's count; also that it was taken in the end."""
    asked = twin("jobs: {a: {timeline: [{status: job_finished, result: {rows: 2}}]}}")
    sent = asked.ask(asked.result_path())
    engines = asked.engine, asked.engine.other
    for taken, count in ((False, 0), (True, 1)):
        asked.engine.note_taken(sent.download, taken)
        for engine in engines:
            *_, last = engine.journal
            assert (last.done is not None) == taken
            assert [job.downloads for job in engine.state.jobs.of("a")] == [count]
    one, other = map(saved, engines)
    assert json.loads(json.dumps(one)) == json.loads(json.dumps(other))
