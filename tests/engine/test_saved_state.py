"""A state that is saved and loaded: the mock goes on where it was, as if nothing had happened."""

import json
from zlib import decompress

import pytest
from helpers.story_player import Stage, play_directly
from helpers.story_strategies import stories
from hypothesis import given, note, settings

from mock_p1.base.clock import SECOND, RealClock, VirtualClock
from mock_p1.base.messages import Request
from mock_p1.engine import unread_states
from mock_p1.engine.driver import Driver
from mock_p1.engine.engine import Engine
from mock_p1.engine.saved_state import CannotLoad, digests, restore, saved
from mock_p1.engine.snapshot import page
from mock_p1.scenario.files import load_reply
from mock_p1.scenario.parser import parse
from mock_p1.server.upload_store import UploadStore

SEQUENCE = """
new_jobs:
  timeline: [{status: job_waiting, for: upload}, {status: job_finished, result: {rows: 3}}]
jobs: {a: {timeline: [{status: one, for: 3 polls}, {status: two}]}, "p*": {timeline: [{status: p}]}}
"""
FEWER = settings(max_examples=max(20, settings().max_examples // 3))


def through_json(state):
    """Return what a state is after it was written and read."""
    return json.loads(json.dumps(state))


def loaded(engine, clock=None, **options):
    """Return another mock of the same scenario that goes on with the state of this one."""
    other = Engine(engine.scenario, clock or VirtualClock(), **options)
    restore(other, through_json(saved(engine)))
    return other


def loaded_in_parts(engine, clock=None, **options):
    """Return one that reads what is large only when it is needed, as processes that share do."""
    other, aside = Engine(engine.scenario, clock or VirtualClock(), **options), {}
    restore(other, through_json(saved(engine, aside)), aside)
    return other


def used_states(engine):
    """Return the transient states, those used the longest ago first."""
    listed = engine.job_states.listed()
    return [listed.jobs[place] for place in listed.used]


@pytest.mark.slow
@pytest.mark.parametrize("loaded", [loaded, loaded_in_parts])
def test_a_story_goes_on_from_any_moment(loaded):
    """Whatever befell a mock: saved and loaded after each act, nobody sees a difference."""

    @FEWER
    @given(story=stories())
    def told(story):
        note(str(story))
        stage = Stage()
        whole = play_directly(story, stage)
        assert play_directly(story, stage, loaded) == whole

    told()


@pytest.mark.slow
@FEWER
@given(story=stories())
def test_what_is_saved_again_is_the_same(story):
    """Nothing gets lost on the way that no story asks for."""
    note(str(story))
    stage = Stage()
    play_directly(story, stage)
    state = through_json(saved(stage.engine))
    assert through_json(saved(loaded(stage.engine))) == state
    assert through_json(saved(loaded_in_parts(stage.engine))) == state


def many(mock):
    """Return a mock of 100 jobs, each polled by one of two keys or by both."""
    asked = mock(SEQUENCE, jobs_max=10_000)
    for number in range(100):
        asked.poll(f"p{number}", key="k" if number % 3 else "l")
        if number % 5 == 0:
            asked.poll(f"p{number}", key="l")
    asked.poll("a", key="l")
    asked.put(asked.create()[1])
    return asked


def poll(engine, job, key):
    """Poll a job."""
    engine.handle(Request("GET", f"/v1/external/retrain_jobs/{job}", api_keys=(key,)))


@pytest.mark.parametrize(("job", "key"), [("p99", "l"), ("p10", "l"), ("p10", "k"), ("p-new", "k")])
def test_a_poll_reads_one_part_and_the_start_none(mock, monkeypatch, job, key):
    """However many states there are, nothing is read but what stands beside the one asked for."""
    asked, unpacked = many(mock), []

    def unpack(packed):
        unpacked.append(packed)
        return decompress(packed)

    monkeypatch.setattr(unread_states, "decompress", unpack)
    other = loaded_in_parts(asked.engine, jobs_max=10_000)
    assert other.job_states.count == 102
    assert not unpacked
    poll(other, job, key)
    poll(other, job, key)
    assert len(unpacked) == 1
    assert other.job_states.count == 102 + (job == "p-new")


def test_only_the_states_that_are_needed_are_read(mock):
    """And those that stand beside them; the others are saved again as they stand there."""
    other = loaded_in_parts(many(mock).engine, jobs_max=10_000)
    aside = {}
    before = saved(other, aside)
    assert {type(job) for job in used_states(other)} == {unread_states.UnreadState}
    again = {}
    poll(other, "p99", "l")
    assert saved(other, again)["state"]["jobs"]["begins"] == before["state"]["jobs"]["begins"]
    assert again["states"] != aside["states"]
    unread = [type(job) is unread_states.UnreadState for job in used_states(other)]
    assert unread.count(False) <= unread_states.PART


@pytest.mark.parametrize(
    "before",
    [
        [],
        [("p99", "l")],
        [("p10", "l"), ("p-new", "k"), ("p-new", "l"), ("p10", "k")],
        [("a", "k")],
    ],
)
@pytest.mark.parametrize("seen", ["read", "evict", "reset", "swap", "list", "delete", "clear"])
def test_nobody_can_tell_which_states_were_read(mock, seen, before):
    """What befalls all of them befalls those too that were not read yet, and in the same order."""
    asked = many(mock)
    engines = [load(asked.engine, jobs_max=10_000) for load in (loaded, loaded_in_parts)]
    for engine in engines:
        for job, key in before:
            poll(engine, job, key)
        if seen == "evict":
            engine.job_states.make_room(-10_000 + 90)
        elif seen == "reset":
            Driver(engine).reset(key="l")
        elif seen == "swap":
            engine.load(parse(SEQUENCE.replace("status: p}", "status: q}")))
        elif seen == "list":
            assert page(engine, 0, 1000, polled=True).total == 102 + (("p-new", "k") in before)
        elif seen == "delete":
            Driver(engine).reset("p50")
        elif seen == "clear":
            Driver(engine).reset()
        for job in ("p101", "p50", "p3"):
            poll(engine, job, "l")
    one, other = (through_json(saved(engine)) for engine in engines)
    assert one == other


def test_a_new_state_comes_after_those_that_were_not_read(mock):
    """Whoever asks for the states of a job sees all, in the order they came."""
    engine = loaded_in_parts(many(mock).engine)
    poll(engine, "a", "k")
    assert [state.caller.name for state in engine.job_states.of("a")] == ["l", "k"]


def test_too_many_states_go_as_they_would_have_gone(mock):
    """Whoever loads with less room has forgotten the same; those asked for since are the newest."""
    asked = many(mock)
    engines = [load(asked.engine, jobs_max=60) for load in (loaded, loaded_in_parts)]
    for engine in engines:
        poll(engine, "p99", "l")
        poll(engine, "p-more", "l")
    one, other = (through_json(saved(engine)) for engine in engines)
    assert one == other
    assert one["state"]["jobs"]["evicted"] > 50


def test_columns_of_another_version(mock):
    """Entries are read by the names of their columns; what has one more says nothing else."""
    asked = many(mock)
    before = through_json(saved(asked.engine))
    other, state = Engine(asked.engine.scenario, VirtualClock()), through_json(before)
    journal = state["journal"]
    for row in [journal["columns"], *journal["rows"]]:
        assert row.pop() in {"delay_ns", 0}
        row.reverse()
    restore(other, state)
    assert through_json(saved(other))["journal"]["rows"] == before["journal"]["rows"]


def test_a_state_is_as_it_was_after_it_was_loaded(mock):
    """It may be loaded again."""
    engine = many(mock).engine
    state = through_json(saved(engine))
    for _ in range(2):
        other = Engine(engine.scenario, VirtualClock())
        restore(other, state)
    assert through_json(saved(other)) == through_json(state)


def test_counts_that_were_not_read_count(mock):
    """Those since the start go on, and what was counted meanwhile is added."""
    asked = many(mock)
    engine = loaded_in_parts(asked.engine)
    for engine_too in (asked.engine, engine):
        for job in ("p1", "p1", "new"):
            poll(engine_too, job, "l")
    assert [*engine.journal.totals] == [*asked.engine.journal.totals]
    Driver(engine).forget_requests()
    Driver(asked.engine).forget_requests()
    assert [*engine.journal.totals] == [*asked.engine.journal.totals]


def test_kinds_that_were_not_read_count_toward_the_limit(mock, monkeypatch):
    """Of too many, job and caller are not told apart any more, as without a start between."""
    monkeypatch.setattr("mock_p1.engine.totals.MAX_SHOWN", 120)
    asked = many(mock)
    engine = loaded_in_parts(asked.engine)
    for engine_too in (asked.engine, engine):
        for number in range(100, 110):
            poll(engine_too, f"p{number}", "l")
    assert [*engine.journal.totals] == [*asked.engine.journal.totals]
    assert engine.journal.totals.merged == asked.engine.journal.totals.merged > 0


EVERYTHING = """
rate_limit: {polls: 9, per: 1m}
new_jobs:
  timeline: [{status: job_waiting, for: upload}, {status: job_finished, result: {rows: 1}}]
calls: {get_api_key: [{error: inactive_credential, for: 2 calls}, ok]}
jobs: {a: {timeline: [{status: job_finished, result: {rows: 3, fails: 2}}]},
       "p*": {timeline: [{status: one, for: 3 polls}, {status: two}]}}
"""


def test_one_of_each_goes_on(mock):
    """Links that fail, limits, lists under calls, failures that wait, jobs moved on unseen."""
    asked = mock(EVERYTHING)
    asked.get_key("s")
    link = asked.result_path()
    asked.ask(link)
    asked.put(asked.create()[1])
    asked.driver.fail_next(load_reply({"status_code": 429, "retry_after": "5s"}), job_id="p1")
    asked.driver.step("p2")
    other = mock(EVERYTHING)
    other.engine = loaded(asked.engine)
    seen = [
        [
            each.get_key("s").status,
            each.key("s"),
            [each.ask(link).status for _ in range(2)],
            each.poll("p1"),
            each.sees("p2"),
            each.create()[0],
            [each.poll("p1").status for _ in range(9)],
            [upload.sha256 for upload in (kept.kept for kept in each.uploads)],
            each.entries,
        ]
        for each in (asked, other)
    ]
    assert seen[0] == seen[1]
    assert seen[0][0] == 400
    assert seen[0][2] == [503, 200]
    assert seen[0][4] == "two"
    assert 429 in seen[0][6]


def test_the_content_of_small_files_is_kept(mock):
    """And what was found in it; of a large one size, hash and notes are."""
    asked = mock(SEQUENCE, store=UploadStore())
    for data in (b"a,b\n1,2\n", b"a,b\n" * 400_000):
        asked.put(asked.create()[1], data)
    before = [upload.kept for upload in asked.uploads]
    found = [kept.inspection(10) for kept in before]
    small, large = [each.kept for each in loaded(asked.engine, store=UploadStore()).state.uploads]
    assert (small.content(), large.content()) == (b"a,b\n1,2\n", None)
    assert [each.inspection() for each in (small, large)] == found
    assert [each.sha256 for each in (small, large)] == [kept.sha256 for kept in before]


def test_a_running_clock_goes_on_as_fast(mock):
    """No time passes between saving and loading, and a frozen clock stays frozen."""
    asked = mock(SEQUENCE)
    real = [0]
    asked.engine.clock = RealClock(60, source=lambda: real[0])
    asked.engine.clock.advance(90 * SECOND)
    other = loaded(asked.engine, RealClock(source=lambda: real[0]))
    real[0] += SECOND
    assert other.clock.now_ns() == 150 * SECOND
    asked.engine.clock.freeze()
    frozen = loaded(asked.engine, RealClock(source=lambda: real[0])).clock
    assert (frozen.frozen, frozen.speed, frozen.now_ns()) == (True, 60, 150 * SECOND)


def test_the_date_goes_on_with_the_clock(mock):
    """A mock that is loaded shows the date that the saved one showed."""
    asked = mock(SEQUENCE)
    asked.wait(7200)
    other = loaded(asked.engine)
    now_ns = other.clock.now_ns()
    assert other.clock.date_at(now_ns) == asked.clock.date_at(now_ns)


def test_with_room_for_fewer_the_oldest_go(mock):
    """A mock that remembers fewer jobs than were saved forgets those used the longest ago."""
    asked = mock(SEQUENCE)
    for job in ("p1", "p2", "p3", "p1"):
        asked.poll(job)
    other = loaded(asked.engine, jobs_max=1)  # and one for the job that is named
    assert [*other.job_states.known()] == ["p1", "p3"]
    assert other.limits_reached() == {"jobs": 1}


def test_comments_and_descriptions_do_not_matter(mock):
    """A scenario that does the same is the same."""
    state = saved(mock(SEQUENCE).engine)
    restore(Engine(parse(f"description: new\n# and a comment\n{SEQUENCE}"), VirtualClock()), state)


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("f.yaml", SEQUENCE.replace("3 polls", "4 polls"), "f.yaml has changed .* (1 part: jobs);"),
        ("other.yaml", "jobs: {b: {}}", "it was saved while f.yaml was played, not other.yaml"),
        ("d/f.yaml", "jobs: {b: {}}", "d/f.yaml is not as f.yaml was when it was saved (2 parts: "),
        (r"d\f.yaml", "jobs: {b: {}}", r"d\\f.yaml is not as f.yaml was when it was saved"),
        ("f.yaml", f"seed: 8\n{SEQUENCE}", "it was saved under the seed 1, not 8"),
    ],
)
def test_another_scenario_is_refused(mock, name, text, told):
    """It says which one was played, or which parts have changed."""
    text = text.replace("b: {}", "b: {error: job_may_be_deleted}")
    state = saved(mock(f"seed: 1\n{SEQUENCE}").engine)
    other = Engine(parse(f"seed: 1\n{text}" if "seed" not in text else text, name), VirtualClock())
    with pytest.raises(CannotLoad, match=told.replace("(", r"\(").replace(")", r"\)")):
        restore(other, state)


@pytest.mark.parametrize(
    "breaking",
    [
        lambda state: state.pop("journal"),
        lambda state: state["state"]["jobs"]["states"].append({}),
        lambda state: state["state"]["jobs"]["states"][0].update(job_id="unknown"),
        lambda state: state["state"]["jobs"]["states"][0].update(state=[2, 0, 0]),
        lambda state: state["clock"].update(now_ns=-1),
        lambda state: state.update(scenario=None),
    ],
)
def test_a_broken_state_is_refused(mock, breaking):
    """Whatever is wrong with it, it is one error, and it says so."""
    asked = mock(SEQUENCE)
    asked.poll()
    state = through_json(saved(asked.engine))
    breaking(state)
    with pytest.raises(CannotLoad):
        restore(Engine(asked.engine.scenario, VirtualClock()), state)


def test_a_reset_after_loading_begins_with_nothing(mock):
    """It is the reset that everybody knows: nothing of the saved state comes back."""
    asked = mock(SEQUENCE)
    asked.poll()
    other = loaded(asked.engine)
    Driver(other).restart()
    assert (other.clock.now_ns(), len(other.journal), [*other.job_states.known()]) == (0, 0, [])


def test_a_scenario_is_known_again_by_later_versions():
    """Else no state that was saved before would go on; change a digest and the form changes."""
    text = """
api_keys: {k: active}
jobs:
  a:
    timeline:
      - {status: job_waiting, for: 2 polls, delay: 1s..2s}
      - {error: job_may_be_deleted, for: 90s}
      - {reply: {status_code: 503, retry_after: {date: 5s}}, for: manual}
      - {status: job_finished, result: {rows: 3, fails: 1}}
new_jobs: {timeline: [{status: s, for: upload}, {status: t}]}
calls: {retrain_model_switch: [{fault: timeout, done: true, for: 1 call}, {ok: true, for: 5s}, ok]}
"""
    assert digests(parse(text)) == {
        "api_keys": "c1a08672b51c914b",
        "jobs": "b10b66fcf954a9f8",
        "new_jobs": "29f7b8b972724bfd",
        "calls": "b7598045188232d3",
    }
