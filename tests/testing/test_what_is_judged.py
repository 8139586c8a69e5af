"""Which calls a client is judged by: its own, since the last reset, as long as all are known."""

import json

import pytest
from helpers.handle_calls import SCENARIO, Caller

from mock_p1 import mocked
from mock_p1.analysis.forgotten import Forgotten
from mock_p1.analysis.state_coverage import Coverage
from mock_p1.base.messages import Request
from mock_p1.engine.driver import Driver
from mock_p1.engine.journal import BY_HAND, MAX_RESTARTS
from mock_p1.testing import mocks

POLL = "/v1/external/retrain_jobs/old-001"


def by_hand(mock, job="old-001", key="file-key"):
    """Poll as the dashboard does."""
    path = f"/v1/external/retrain_jobs/{job}"
    mock._engine.handle(Request("GET", path, "", (key,), mock.url, note=BY_HAND))  # noqa: SLF001 -- no client does


def reset_key(mock, key):
    """Begin anew for one key, as the control API does."""
    Driver(mock._engine).reset(key=key)  # noqa: SLF001 -- likewise


def whole(caller):
    """Do all of it, rightly; return the job."""
    caller.fetch_key("secret-1")
    job, url = caller.create()
    caller.put(url)
    caller.poll(job)
    caller.mock.advance("30s")
    caller.poll(job)
    caller.download(caller.finish(job))
    caller.switch(job)
    return job


@pytest.fixture
def short(monkeypatch):
    """A mock whose journal keeps four calls."""
    monkeypatch.setattr(mocks, "JOURNAL_MAX", 4)
    with mocked(SCENARIO) as mock:
        yield mock


JUDGES = {
    "sequence": lambda mock: mock.assert_sequence(),
    "stopped_after": lambda mock: mock.assert_stopped_after("job_finished"),
    "interval": lambda mock: mock.assert_interval(min="30s"),
    "backoff": lambda mock: mock.assert_backoff(factor=1),
    "respects_retry_after": lambda mock: mock.assert_respects_retry_after(),
    "stopped_after_what_was_never_shown": lambda mock: mock.assert_stopped_after("job_failed"),
    "polled": lambda mock: mock.assert_polled(times=3),
    "downloaded": lambda mock: mock.assert_downloaded(),
    "switched": lambda mock: mock.assert_switched(),
}
OF_A_RUN = ("sequence", "stopped_after", "interval", "polled", "downloaded", "switched")


def polls(mock, count, wait="30s", key=None):
    """Poll so often, at this pace."""
    for _ in range(count):
        Caller(mock, key).poll("old-001")
        mock.advance(wait)


@pytest.mark.parametrize("name", sorted(JUDGES.keys() - {"stopped_after", "polled"}))
def test_nobody_is_judged_by_a_part(short, name):
    """What is missing could tell of a breach, or be what the client is blamed for not to have."""
    if name == "respects_retry_after":
        short.fail_next({"status_code": 503, "retry_after": "10s"}, times=5)
    polls(short, 5)
    with pytest.raises(Forgotten, match="has forgotten 1 call, as it keeps the newest 4 of"):
        JUDGES[name](short)


def test_a_job_may_have_come_to_its_end_in_a_call_that_is_forgotten(short):
    """Nobody is blamed for having dropped it."""
    caller = Caller(short)
    job, url = caller.create()
    caller.put(url)
    for each in (job, job, "old-001"):
        caller.poll(each)
    with pytest.raises(Forgotten):
        short.assert_stopped_after("job_finished")


def test_a_count_that_is_right_by_chance(short):
    """There were more."""
    polls(short, 5)
    with pytest.raises(Forgotten):
        short.assert_polled(times=4)


def test_what_can_be_seen_still_is_wrong(short):
    """The message is that of the breach; more of them may be forgotten."""
    polls(short, 5, wait="1s")
    with pytest.raises(AssertionError, match="polls 2 and 3 are 1s apart"):
        short.assert_interval(min="30s")


def test_what_can_be_seen_still_is_right(short):
    """A switch that was made was made, and a client that polled has polled."""
    polls(short, 5)
    Caller(short).switch("old-001")
    short.assert_switched("old-001")
    short.assert_polled()


def test_a_reset_forgets_nothing_that_is_judged(short):
    """Judging begins anew, of all or of one job."""
    polls(short, 5)
    short.reset("old-001")
    polls(short, 2)
    short.assert_interval(min="30s", job="old-001")
    polls(short, 3)
    short.reset()
    polls(short, 2)
    short.assert_interval(min="30s")


def test_calls_about_other_jobs_may_be_forgotten(short):
    """Where one job is judged, as long as all calls about it are known."""
    caller = Caller(short)
    polls(short, 4)
    job, url = caller.create()
    caller.put(url)
    caller.poll(job)
    short.assert_sequence(job)
    with pytest.raises(Forgotten):
        short.assert_sequence()


def test_a_mistake_that_is_forgotten(monkeypatch):
    """Its count is not: the end of the mock says that there was one."""
    monkeypatch.setattr(mocks, "JOURNAL_MAX", 4)
    starter = mocked(SCENARIO)
    mock = starter.start()
    Caller(mock).call("GET", "/nothing")
    polls(mock, 4)
    with pytest.raises(Forgotten):
        starter.stop()


def test_long_tests_without_a_mistake(short):
    """Pass: the mock counts mistakes also where it keeps no rows."""
    polls(short, 9)
    short.assert_no_unexpected()


@pytest.mark.parametrize("calls", range(1, 8))
def test_a_right_client_is_blamed_for_nothing_that_is_forgotten(monkeypatch, calls):
    """However much is missing of what it did."""
    monkeypatch.setattr(mocks, "JOURNAL_MAX", calls)
    with mocked(SCENARIO) as mock:
        whole(Caller(mock))
        with pytest.raises(Forgotten):
            mock.assert_sequence()


@pytest.mark.parametrize("kept", [1, 2])
def test_a_poll_after_a_download_that_is_forgotten(monkeypatch, kept):
    """It may have failed: then the client is right to ask again."""
    monkeypatch.setattr(mocks, "JOURNAL_MAX", kept)
    with mocked(SCENARIO) as mock:
        polls(mock, 3)
        with pytest.raises(Forgotten):
            mock.assert_stopped_after("job_finished")


def test_a_key_that_was_issued_by_a_call_that_is_forgotten(monkeypatch):
    """Its caller is not blamed for another one; by how many kinds of calls there are."""
    with mocked(SCENARIO, seed=1) as mock:
        caller = Caller(mock)
        second = [caller.fetch_key("secret-1") for _ in range(2)][1]
    monkeypatch.setattr(mocks, "JOURNAL_MAX", 4)
    for kinds in (1, 100):
        monkeypatch.setattr("mock_p1.engine.totals.MAX_KINDS", kinds)
        with mocked(SCENARIO, seed=1) as mock:
            polls(mock, kinds)
            Caller(mock).fetch_key("secret-1")
            polls(mock, 3)
            Caller(mock, second).poll("old-001")
            assert Caller(mock).fetch_key("secret-1") == second
            with pytest.raises(Forgotten):
                mock.assert_sequence()


def test_an_end_that_another_one_was_shown_by_a_call_that_is_forgotten(short):
    """Of a call with a key that does not work nobody knows whose it is."""
    polls(short, 1)
    for _ in range(3):
        Caller(short).create()
    Caller(short, "no-key").switch("old-001")
    with pytest.raises(Forgotten):
        short.assert_sequence()


def test_a_poll_by_hand_blames_nobody(sequence, caller):
    """Neither its pace, nor that it came after the end, nor that there was one more."""
    job = whole(caller)
    by_hand(sequence, job, caller.key)
    for name in OF_A_RUN:
        JUDGES[name](sequence)
    assert sequence.requests()[-1].notes == (BY_HAND,)
    assert len(sequence.polls(job)) == 4


@pytest.mark.parametrize(
    ("judge", "told"),
    [
        (lambda mock: mock.assert_sequence(), "switched to job 'old-001' before a poll had shown"),
        (lambda mock: mock.assert_stopped_after("job_finished"), "never showed job_finished"),
        (lambda mock: mock.assert_polled(), "it was never polled"),
        (lambda mock: mock.wait_for(timeout=0), "was polled 0 times within 0 s"),
    ],
)
def test_a_poll_by_hand_excuses_nobody(sequence, caller, judge, told):
    """The client has not seen its answer; the message says that it is not judged."""
    by_hand(sequence)
    caller.switch("old-001")
    with pytest.raises(AssertionError, match=told) as caught:
        judge(sequence)
    assert "1 call not judged: from before a reset, or by the dashboard" in str(caught.value)


def test_a_poll_by_hand_covers_nothing(sequence):
    """A suite whose client never polled has not shown what polls show."""
    coverage = Coverage()
    coverage.watch(sequence._engine)  # noqa: SLF001 -- as the plugin does
    by_hand(sequence)
    assert not any(coverage.shown.values())


@pytest.mark.parametrize("key", ["secret-1", "issued"])
def test_a_right_client_once_more_after_a_reset_of_its_key(sequence, caller, key):
    """Nothing is between the two runs, and each count is that of the second."""
    whole(caller)
    sequence.advance("1s")
    reset_key(sequence, caller.key if key == "issued" else key)
    whole(caller)
    for name in OF_A_RUN:
        JUDGES[name](sequence)


@pytest.mark.parametrize("whose", [None, "file-key"])
def test_a_poller_once_more_after_a_reset_of_its_job(sequence, whose):
    """Of the job for all, or for its key."""
    polls(sequence, 3, "1m")
    Driver(sequence._engine).reset("old-001", key=whose)  # noqa: SLF001 -- as the control API does
    polls(sequence, 1)
    sequence.assert_stopped_after("job_finished")
    sequence.assert_polled(times=1)


def test_a_reset_of_another_key_changes_nothing(sequence):
    """Nor one of its own key for another job."""
    polls(sequence, 2, "1s")
    reset_key(sequence, "other-key")
    Driver(sequence._engine).reset("old-001", key="other-key")  # noqa: SLF001 -- likewise
    with pytest.raises(AssertionError, match="s apart"):
        sequence.assert_interval(min="30s")


def test_what_was_wrong_before_a_reset_is_forgiven(sequence, caller):
    """As after a reset of everything."""
    caller.switch("old-001")
    caller.call("GET", "/nothing")
    reset_key(sequence, caller.key)
    caller.poll("old-001")
    sequence.assert_sequence()
    sequence.assert_no_unexpected()


def test_what_was_right_before_a_reset_counts_no_more(sequence, caller):
    """The job begins anew, and nobody has done anything with it since."""
    job = whole(caller)
    sequence.reset(job)
    for judge in (sequence.assert_downloaded, sequence.assert_switched):
        with pytest.raises(AssertionError, match="not judged: from before a reset"):
            judge(job)
    with pytest.raises(AssertionError, match="made no call about"):
        sequence.assert_sequence(job)


def test_what_a_key_knew_before_its_reset_it_knows_no_more(sequence, caller):
    """Its job has to be created again, its key to be issued, its end to be shown."""
    job = whole(caller)
    reset_key(sequence, "secret-1")
    caller.poll(job)
    assert caller.key == caller.fetch_key("secret-1")
    caller.poll(job)
    with pytest.raises(AssertionError) as caught:
        sequence.assert_sequence()
    first, *more = str(caught.value).partition("\n\n")[0].splitlines()
    assert first.endswith("used an API key before Get API Key had issued it")
    assert not more


def test_a_download_that_failed_before_a_reset_excuses_no_poll_after_it(sequence, caller):
    """The client polls on for nothing."""
    sequence.fail_next("connection_reset", on="result_download")
    caller.download(caller.poll("old-001")["download_url"])
    sequence.reset("old-001")
    polls(sequence, 2)
    with pytest.raises(AssertionError, match="poll 4 came after"):
        sequence.assert_stopped_after("job_finished")


def test_a_state_that_is_loaded_is_judged_as_before(tmp_path):
    """What was reset is known there too, and what an earlier version has saved of it."""
    file = tmp_path / "state.json"
    with mocked(SCENARIO) as mock:
        polls(mock, 2, "1s")
        reset_key(mock, "file-key")
        polls(mock, 2)
        mock.reset("old-001")
        mock.save(file)
    with mocked(SCENARIO, load=file) as mock:
        polls(mock, 2)
        mock.assert_polled(times=2)
        state = mock._engine.journal.saved()  # noqa: SLF001 -- what is in the file
        assert [row[0] for row in state["restarts"]] == [2, 4]
        state["restarts"] = [row[:2] for row in state["restarts"] if row[1]]
        other = type(mock._engine.journal)()  # noqa: SLF001 -- likewise
        other.restore(json.loads(json.dumps(state)))
        assert [other.is_judged(entry) for entry in other] == [False] * 4 + [True] * 2


def test_a_state_that_has_forgotten_calls(monkeypatch, tmp_path):
    """They are known to be forgotten where more could be kept, too."""
    monkeypatch.setattr(mocks, "JOURNAL_MAX", 2)
    with mocked(SCENARIO) as mock:
        polls(mock, 3)
        mock.save(tmp_path / "state.json")
    monkeypatch.undo()
    with mocked(SCENARIO, load=tmp_path / "state.json") as mock:
        polls(mock, 1)
        with pytest.raises(Forgotten, match="has forgotten 1 call,"):
            mock.assert_interval(min="30s")


def test_resets_are_remembered_within_bounds(sequence, caller):
    """Of very many the newest; the same one again is one."""
    journal = sequence._engine.journal  # noqa: SLF001 -- nobody else shows them
    caller.poll("old-001")
    journal.note_restart("first", None)
    for number in range(MAX_RESTARTS):
        journal.note_restart("old-001", None)
        journal.note_restart(f"job-{number}", None)
    assert len(journal.saved()["restarts"]) == MAX_RESTARTS
    assert journal.begun_after("first", 0) == 0
    assert journal.begun_after("old-001", 0) == 1


def test_calls_before_a_reset_of_a_key_are_not_missed(short):
    """However many others came since: all of the key's own are kept."""
    polls(short, 3)
    reset_key(short, "file-key")
    polls(short, 4, key="other-key")
    reset_key(short, "other-key")
    polls(short, 2)
    short.assert_interval(min="30s")
    polls(short, 3)
    with pytest.raises(Forgotten, match="has forgotten 1 call,"):
        short.assert_interval(min="30s")


def test_what_is_too_much_is_wrong_however_much_is_missing(short):
    """A count that is passed already is told as that."""
    polls(short, 6)
    with pytest.raises(AssertionError, match="should have been polled once; it was polled"):
        short.assert_polled(times=1)


def test_what_a_reset_forgave_is_not_missed(short):
    """Calls that the mock does not imitate, of before a reset of their key."""
    Caller(short).call("GET", "/nothing")
    reset_key(short, "file-key")
    polls(short, 5)
    short.assert_no_unexpected()


def test_state_knows_what_came_before_a_reset(tmp_path, monkeypatch):
    """A mock that goes on with a saved state misses no more calls than the one that saved it."""
    monkeypatch.setattr(mocks, "JOURNAL_MAX", 4)
    with mocked(SCENARIO) as mock:
        polls(mock, 3)
        mock.reset("old-001")
        polls(mock, 3)
        mock.save(tmp_path / "state.json")
    with mocked(SCENARIO, load=tmp_path / "state.json") as mock:
        polls(mock, 1)
        mock.assert_interval(min="30s", job="old-001")
        polls(mock, 1)
        with pytest.raises(Forgotten, match="has forgotten 1 call,"):
            mock.assert_interval(min="30s", job="old-001")
