"""assert_sequence: each clause with clients that keep it and clients that do not."""

import pytest
import requests
from helpers.handle_calls import SCENARIO, TABLE, Caller

from mock_p1 import NoSuchJob, load_scenario
from mock_p1.analysis.fault_matrix import InjectedFault, with_fault
from mock_p1.analysis.sequence_judge import breaches
from mock_p1.base.clock import SECOND, VirtualClock
from mock_p1.base.messages import Request
from mock_p1.engine.engine import Engine


def wrong(mock, job=None):
    """Return the first line of the failure, and the numbers of the calls that are marked."""
    with pytest.raises(AssertionError) as caught:
        mock.assert_sequence(job)
    lines = str(caught.value).splitlines()
    return lines[0], [int(line.split()[1]) for line in lines if line.startswith(">")]


def whole(caller):
    """Do all of it; return the job."""
    caller.fetch_key()
    job, url = caller.create()
    caller.poll("old-001")
    caller.put(url)
    caller.poll(job)
    caller.download(caller.finish(job))
    caller.switch(job)
    return job


def test_a_right_client(sequence, caller):
    """All calls in their order, a job of the file polled beside."""
    whole(caller)
    sequence.assert_sequence()
    sequence.assert_sequence(sequence.job_id)


@pytest.mark.parametrize("name", ["connection_reset", "malformed_json"])
def test_a_fault_that_a_right_client_never_meets(start, name):
    """It stops at job_finished: the fault behind that spoils no switch."""
    with start(with_fault(load_scenario(SCENARIO), InjectedFault(name, "after"))) as mock:
        caller = Caller(mock)
        job = caller.upload()
        caller.download(caller.finish(job))
        assert caller.switch(job).status_code == 200
        mock.assert_switched()
        mock.assert_sequence()


def test_nothing_to_judge(sequence, caller):
    """A client that made no call has not kept the order."""
    assert wrong(sequence)[0] == "the client made no call about a job, so there is none to judge"
    caller.poll("old-001")
    sequence.assert_sequence()
    with pytest.raises(NoSuchJob, match="unknown job 'old-01'"):
        sequence.assert_sequence("old-01")


def test_key_of_a_run_before(start):
    """A key that was kept from another run works only when it is issued again."""
    with start(SCENARIO, check=False) as mock:
        kept = Caller(mock).fetch_key()
    with start(SCENARIO.replace("api_keys: {file-key: active, other-key: active}", "")) as mock:
        caller = Caller(mock, kept)
        caller.poll("old-001")
        assert caller.fetch_key() == kept
        caller.poll("old-001")
        text, marked = wrong(mock)
        assert text == "call 1 used an API key before Get API Key had issued it"
        assert marked == [1]


def test_keys_that_need_no_issue(sequence, caller):
    """A key of the file, a renewed key, and one that has ended and is renewed."""
    caller.poll("old-001")
    caller.fetch_key()
    job = caller.upload()
    sequence.advance("40d")
    caller.poll(job)
    caller.switch(job)
    caller.fetch_key()
    caller.poll(job)
    caller.switch(job)
    text, marked = wrong(sequence)
    assert (text.split(" before ")[0], marked) == (f"call 6 switched to job {job!r}", [6])


def test_a_switch_with_an_ended_key_is_made_again(sequence, caller):
    """The key ended after job_finished was shown: the same caller, so nothing is out of order."""
    caller.fetch_key()
    job = caller.upload()
    caller.finish(job)
    sequence.advance("40d")
    assert caller.switch(job).status_code == 400
    caller.fetch_key()
    assert caller.switch(job).ok
    sequence.assert_sequence()
    sequence.assert_switched()


def test_a_switch_that_is_made_again(sequence, caller):
    """Once is enough, where the client was told that it had worked."""
    job = caller.upload()
    caller.finish(job)
    caller.switch(job)
    sequence.assert_sequence()
    caller.switch(job)
    number = sequence.switches(job)[-1].number
    assert wrong(sequence) == (f"call {number} switched to job {job!r} again", [number])


@pytest.mark.slow
@pytest.mark.parametrize("step", ["fault: timeout", "fault: malformed_json", "ok: true, delay: 1s"])
def test_a_switch_whose_answer_may_be_lost_is_made_again(start, step):
    """Nobody who cannot know that it was done is blamed."""
    done = ", done: true" if step.startswith("fault") else ""
    calls = f"calls: {{retrain_model_switch: [{{{step}{done}, for: 1 call}}, ok]}}"
    with start(SCENARIO + calls) as mock:
        caller = Caller(mock)
        job = caller.upload()
        caller.finish(job)
        caller.patience_seconds = 0.5 if "timeout" in step else 10
        caller.switch(job)
        caller.patience_seconds = 10
        caller.switch(job)
        mock.assert_sequence()


def test_poll_before_the_upload(sequence, caller):
    """An issued job is polled too early; afterwards is right."""
    job, url = caller.create()
    caller.poll(job)
    caller.put(url)
    caller.poll(job)
    text, marked = wrong(sequence)
    assert text == f"call 2 polled job {job!r} before its upload was complete"
    assert marked == [2]


def test_poll_before_it_was_issued(start):
    """A job that the scenario names under ids: alone, polled before it was issued."""
    scenario = SCENARIO.replace("new_jobs:", "new_jobs:\n  ids: [mine, old-001]")
    with start(scenario) as mock:
        caller = Caller(mock)
        caller.poll("old-001")
        caller.poll("mine")
        caller.upload()
        caller.upload()
        assert wrong(mock) == ("call 2 polled job 'mine' before it was issued", [2])


def test_an_upload_that_was_refused_is_none(sequence, caller):
    """A client that does not look at the answer of its PUT."""
    job, url = caller.create()
    sequence.fail_next({"status_code": 503}, on="file_upload")
    caller.put(url)
    caller.poll(job)
    assert wrong(sequence)[1] == [3]


@pytest.mark.parametrize("fault", ["connection_reset", "empty_response", "malformed_json"])
@pytest.mark.parametrize("done", ["true", "false"])
def test_lost_answers_of_an_upload(start, fault, done):
    """Who cannot know whether the file came may send it again, or look at the job first."""
    calls = f"calls: {{file_upload: [{{fault: {fault}, done: {done}, for: 1 call}}, ok]}}"
    with start(SCENARIO + calls) as mock:
        caller = Caller(mock)
        job, url = caller.create()
        caller.put(url)
        caller.poll(job)
        caller.put(url)
        caller.poll(job)
        mock.assert_sequence()


def test_a_file_sent_again(sequence, caller):
    """One file for each URL, also where the second one is refused."""
    job, url = caller.create()
    caller.put(url)
    caller.put(url)
    text, marked = wrong(sequence)
    assert (text, marked) == (f"call 3 sent the file of job {job!r} again", [3])


def test_an_upload_that_failed_is_made_again(sequence, caller):
    """Refused, then taken."""
    job, url = caller.create()
    sequence.fail_next({"status_code": 503, "retry_after": "5s"}, times=2, on="file_upload")
    assert [caller.put(url).status_code for _ in range(3)] == [503, 503, 200]
    caller.poll(job)
    sequence.assert_sequence()


def test_a_job_that_was_reset_takes_its_file_again(sequence, caller):
    """Its URL stays; what was before the reset is another course."""
    job, url = caller.create()
    caller.put(url)
    caller.download(caller.finish(job))
    sequence.reset(job)
    caller.put(url)
    caller.poll(job)
    sequence.assert_sequence()
    sequence.reset(job)
    caller.poll(job)
    assert wrong(sequence)[1] == [7]


@pytest.mark.parametrize("act", ["download", "switch"])
def test_too_early(sequence, caller, act):
    """Download and switch come after a poll has shown the end, not merely after the end."""
    job = caller.upload()
    other = caller.upload()
    link = caller.finish(job)
    sequence.advance("2h")
    getattr(caller, act)(link.replace(job, other) if act == "download" else other)
    did = "downloaded" if act == "download" else "switched to"
    text, marked = wrong(sequence)
    assert text == f"call 6 {did} job {other!r} before a poll had shown job_finished"
    assert marked == [6]
    sequence.assert_sequence(job)


def test_an_end_that_was_never_shown(sequence, caller):
    """A poll whose answer was lost has shown nothing; one that came slowly has."""
    job = caller.upload()
    sequence.advance("2h")
    sequence.fail_next("connection_reset")
    caller.poll(job)
    caller.switch(job)
    assert wrong(sequence)[1] == [4]


@pytest.mark.parametrize(
    "what", ["slow_body", {"status_code": 200, "body": {"status": "job_finished"}}]
)
def test_an_end_that_was_shown_in_another_way(sequence, caller, what):
    """A slow answer, or a literal one, shows job_finished too."""
    job = caller.upload()
    sequence.advance("2h")
    sequence.fail_next(what)
    if what == "slow_body" and sequence.url.startswith("http://"):
        sequence._engine.clock.set_speed(1000)  # noqa: SLF001 -- ten seconds of the mock's clock
    assert caller.poll(job)["status"] == "job_finished"
    caller.switch(job)
    sequence.assert_sequence()


@pytest.mark.parametrize("act", ["download", "switch"])
def test_polled_on(sequence, caller, act):
    """After the result has come, or the model was switched, there is nothing to ask for."""
    job = caller.upload()
    link = caller.finish(job)
    getattr(caller, act)(link if act == "download" else job)
    caller.poll(job)
    text, marked = wrong(sequence)
    assert text == f"call 5 polled job {job!r} after its {act} (call 4) was complete"
    assert marked == [5]


@pytest.mark.parametrize("fault", ["truncated_body", "connection_reset", "malformed_json"])
def test_a_download_that_broke_may_be_followed_by_a_poll(sequence, caller, fault):
    """A fresh link, and the result again."""
    job = caller.upload()
    link = caller.finish(job)
    sequence.fail_next(fault, on="result_download")
    caller.download(link)
    caller.download(caller.poll(job)["download_url"])
    caller.switch(job)
    sequence.assert_sequence()
    sequence.assert_downloaded()


def test_a_switch_that_failed_may_be_followed_by_a_poll(sequence, caller):
    """Whatever came before it."""
    job = caller.upload()
    caller.download(caller.finish(job))
    sequence.fail_next("not_found_classifier", on="retrain_model_switch")
    caller.switch(job)
    caller.poll(job)
    caller.switch(job)
    sequence.assert_sequence()
    caller.poll(job)
    assert wrong(sequence)[1] == [8]


@pytest.mark.parametrize("what", ["upload", "download", "wrong verb"])
def test_key_sent_to_storage(sequence, caller, what):
    """Whoever gets the file gets the key; whatever was answered."""
    job, url = caller.create()
    caller.put(url, key=caller.key if what == "upload" else None)
    link = caller.finish(job)
    caller.download(link, key="any" if what == "download" else None)
    caller.send("POST", url, caller.key if what == "wrong verb" else None)
    text, marked = wrong(sequence)
    assert text.partition(" ")[2].partition(" ")[2].startswith("sent a key to the URL of a file")
    assert marked == [{"upload": 2, "download": 4, "wrong verb": 5}[what]]


@pytest.mark.parametrize("what", ["upload", "download"])
def test_key_sent_to_storage_in_another_header(sequence, caller, what):
    """As a client does that sets its key for the whole session."""
    caller.fetch_key()
    job, url = caller.create()
    bearer = {"Authorization": f"Bearer {caller.key}"}
    requests.put(url, TABLE, headers=bearer if what == "upload" else {}, timeout=10)
    link = caller.finish(job)
    requests.get(link, headers=bearer if what == "download" else {}, timeout=10)
    text, marked = wrong(sequence)
    assert "sent a key to the URL of a file" in text
    assert marked == [3 if what == "upload" else 5]


def test_an_empty_key_is_no_leak(sequence, caller):
    """A header without a key gives nothing away."""
    job, url = caller.create()
    caller.put(url, key="")
    caller.poll(job)
    sequence.assert_sequence()


def test_two_jobs_side_by_side(sequence, caller):
    """Each is judged by its own calls."""
    (one, first), (two, second) = caller.create("a.csv"), caller.create("b.csv")
    caller.put(second)
    caller.poll(two)
    caller.put(first)
    caller.poll(one)
    caller.download(caller.finish(two))
    caller.finish(one)
    caller.switch(one)
    caller.switch(two)
    sequence.assert_sequence()


def test_two_callers(sequence, caller):
    """What one was shown, the other was not."""
    other = Caller(sequence, "other-key")
    caller.poll("old-001")
    other.poll("old-001")
    caller.switch("old-001")
    other.poll("old-001")
    other.switch("old-001")
    sequence.assert_sequence()
    sequence.reset()
    caller.poll("old-001")
    other.switch("old-001")
    assert wrong(sequence)[1] == [7]


def test_one_caller_with_two_keys(sequence, caller):
    """All keys of one secret key and model are one caller."""
    caller.fetch_key()
    job = caller.upload()
    caller.finish(job)
    caller.fetch_key()
    caller.switch(job)
    sequence.assert_sequence()


def test_broken_off_and_polled(sequence, caller):
    """A client that breaks off has sent nothing yet."""
    job, url = caller.create()
    caller.break_off(url)
    caller.poll(job)
    assert wrong(sequence)[1] == [3]
    caller.put(url)
    caller.poll(job)
    assert wrong(sequence)[1] == [3]


def test_the_message_has_all_calls(sequence, caller):
    """Every call is a row; each kind of breach is said once."""
    job, url = caller.create()
    caller.poll(job)
    caller.poll(job)
    caller.put(url)
    caller.switch(job)
    with pytest.raises(AssertionError) as caught:
        sequence.assert_sequence()
    lines = str(caught.value).splitlines()
    assert lines[:3] == [
        f"call 2 polled job {job!r} before its upload was complete (and 1 more)",
        f"call 5 switched to job {job!r} before a poll had shown job_finished",
        "",
    ]
    rows = [" ".join(line.split()) for line in lines[4:9]]
    assert "retrain_data_upload: job_issued" in rows[0]
    assert rows[1].startswith("> 2 0s") or rows[1].startswith("> 2")
    assert rows[1].endswith("its file")
    assert "file_upload: train.csv, 604 bytes, 150 rows" in rows[3]
    assert "retrain_model_switch: retrain_job_is_not_finished" in rows[4]


@pytest.mark.parametrize(("later", "wrong_calls"), [(19, 1), (20, 0)])
def test_an_answer_that_is_held_back_is_not_seen_before_it_comes(later, wrong_calls):
    """As of a server whose client gave up, and switches the model though it saw no end."""
    scenario = "jobs: {a: {timeline: [{status: job_finished, delay: 20s, model_id: 2}]}}"
    engine = Engine(load_scenario(scenario), VirtualClock())
    path = "/v1/external/retrain_jobs/a"
    engine.handle(Request("GET", path, "", ("k",)))
    engine.clock.advance(later * SECOND)
    engine.handle(Request("PUT", f"{path}/update_model", "", ("k",)))
    assert len(breaches(engine)) == wrong_calls
