"""The PUT of a file: when a job begins, and what a PUT is answered."""

import json
from hashlib import sha256

import pytest

from mock_p1.base.messages import Fault
from mock_p1.engine.file_store import CountingStore
from mock_p1.engine.not_imitated import NO_LINK

NEW = """
new_jobs:
  timeline:
    - {status: job_waiting, for: upload}
    - {status: job_running, for: 90s}
    - {status: job_finished, result: generated}
"""
POLLED = "new_jobs: {timeline: [{status: job_waiting, for: 2 polls}, {status: job_running}]}"


def test_the_put_is_answered_like_a_storages(mock):
    """200 with an ETag and no body; the status is an assumption."""
    asked = mock(NEW)
    reply = asked.put(asked.create()[1], b"x")
    digest = sha256(b"x").hexdigest()[:32]
    assert (reply.status, reply.headers, reply.body) == (200, (("ETag", f'"{digest}"'),), b"")
    other = mock(NEW + "assumptions: {upload_reply: 204}")
    assert other.put(other.create()[1]).status == 204


def test_time_begins_when_the_file_has_come(mock):
    """However long the client takes before."""
    asked = mock(NEW)
    job, path = asked.create()
    asked.wait(1000)
    asked.put(path)
    asked.wait(89)
    assert asked.sees(job) == "job_running"
    asked.wait(1)
    assert asked.sees(job) == "job_finished"


@pytest.mark.parametrize("text", [NEW, POLLED])
def test_a_job_says_that_it_waits_for_its_file(mock, text):
    """Whether or not its first step says so."""
    asked = mock(text)
    job, path = asked.create()
    asked.poll(job)
    asked.put(path)
    asked.poll(job)
    assert asked.entries[1].waits_for == "its file"
    assert asked.entries[-1].waits_for != "its file"


def test_polls_before_the_file_use_up_nothing(mock):
    """They show the first step."""
    asked = mock(POLLED)
    job, path = asked.create()
    assert [asked.sees(job) for _ in range(5)] == ["job_waiting"] * 5
    asked.put(path)
    assert [asked.sees(job) for _ in range(3)] == ["job_waiting", "job_waiting", "job_running"]


def test_before_the_file_a_poll_may_be_an_error(mock):
    """Where a scenario assumes so."""
    asked = mock(NEW + "assumptions: {before_upload: not_found_retrain_job}")
    job, path = asked.create()
    assert asked.sees(job) == "Not found retrain job."
    asked.put(path)
    assert asked.sees(job) == "job_running"


@pytest.mark.parametrize(("size", "said"), [(0, "0 bytes"), (1, "1 byte"), (1000, "1,000 bytes")])
def test_how_much_came_before_a_client_broke_off(mock, size, said):
    """Is counted in bytes, or is one."""
    asked = mock(NEW)
    _, path = asked.create()
    taken = asked.begin_put(path, 2000)
    taken.write(b"x" * size)
    taken.abort()
    assert asked.entries[1].notes[0].startswith(f"the client broke off after {said};")


def test_a_client_that_breaks_off_leaves_the_job_where_it_was(mock):
    """The journal says how much came; the URL can be used again."""
    asked = mock(NEW)
    job, path = asked.create()
    taken = asked.begin_put(path, 100)
    taken.write(b"x" * 40)
    taken.abort()
    assert asked.sees(job) == "job_waiting"
    assert (
        "the client broke off after 40 bytes; the job still waits for its file"
        in asked.entries[1].notes
    )
    assert [(upload.complete, upload.size) for upload in asked.uploads] == [(False, 40)]
    assert asked.put(path).status == 200
    assert asked.sees(job) == "job_running"


def test_the_last_byte_decides(mock):
    """Not the second last, and not the head."""
    asked = mock(NEW)
    job, path = asked.create()
    taken = asked.begin_put(path, 2)
    taken.write(b"ab")
    assert asked.sees(job) == "job_waiting"
    taken.finish()
    assert asked.sees(job) == "job_running"


def test_an_empty_file_is_a_file(mock):
    """With a length of nought, or none at all."""
    asked = mock(NEW)
    (one, first), (two, second) = asked.create(), asked.create()
    assert asked.put(first, b"").status == 200
    assert asked.ask(second, method="PUT").status == 200
    assert asked.sees(one) == asked.sees(two) == "job_running"
    assert [upload.size for upload in asked.uploads] == [0, 0]


@pytest.mark.parametrize(
    ("part", "other"), [("/uploads/", "/uploads/0"), ("train.csv", "other.csv"), ("train.csv", "")]
)
def test_an_unknown_url_leads_to_nothing(mock, part, other):
    """A JSON 404 that says what a link is."""
    asked = mock(NEW)
    _, path = asked.create()
    reply = asked.put(path.replace(part, other))
    assert reply.status == 404
    assert json.loads(reply.body)["error"] in ("MOCK_P1_NO_UPLOAD", "MOCK_P1_NOT_IMITATED")
    assert any(what in asked.entries[-1].notes[0] for what in (NO_LINK, "nothing is imitated"))


def test_a_url_that_is_used_up(mock):
    """A job that runs takes no other file."""
    asked = mock(NEW)
    job, path = asked.create()
    asked.put(path)
    reply = asked.put(path)
    assert (reply.status, json.loads(reply.body)["error"]) == (403, "MOCK_P1_UPLOAD_USED")
    assert asked.sees(job) == "job_running"


def test_a_job_that_waits_takes_another_file(mock):
    """Which replaces the first: the job begins anew."""
    asked = mock(POLLED)
    job, path = asked.create()
    asked.put(path)
    asked.sees(job)
    assert asked.put(path).status == 200
    assert [asked.sees(job) for _ in range(3)] == ["job_waiting", "job_waiting", "job_running"]
    assert asked.put(path).status == 403


def test_a_job_whose_answer_is_spoilt_waits_still(mock):
    """A fault at a poll changes nothing of the job: another file is taken."""
    asked = mock(
        POLLED.replace("{status: job_running", "{fault: timeout, for: 1 poll}, {status: s")
    )
    job, path = asked.create()
    asked.put(path)
    asked.poll(job), asked.poll(job)
    assert asked.put(path).status == 200


@pytest.mark.parametrize(("way", "status"), [("replace", 200), ("refuse", 403)])
def test_a_second_file_as_assumed(mock, way, status):
    """Always taken, or never."""
    asked = mock(f"{POLLED}\nassumptions: {{second_upload: {way}}}")
    job, path = asked.create()
    asked.put(path)
    assert asked.put(path).status == status
    del job


def test_of_two_at_the_same_time_one_wins(mock):
    """The one that is complete first; the other is refused when it is."""
    asked = mock(NEW)
    _, path = asked.create()
    first, second = asked.begin_put(path, 1), asked.begin_put(path, 1)
    first.write(b"1")
    second.write(b"2")
    assert (second.finish().status, first.finish().status) == (200, 403)
    assert [upload.complete for upload in asked.uploads] == [True, False]


def test_a_file_that_is_too_large(mock):
    """Known by its length, or when it has come; the job still waits."""
    asked = mock(NEW, store=CountingStore(10))
    job, path = asked.create()
    assert asked.put(path, b"x" * 11).status == 413
    taken = asked.begin_put(path)
    assert taken.write(b"x" * 10) is None
    reply = taken.write(b"x")
    said = json.loads(reply.body)
    assert (reply.status, said["error"]) == (413, "MOCK_P1_FILE_TOO_LARGE")
    assert said["message"] in asked.entries[-1].notes
    assert asked.sees(job) == "job_waiting"
    assert asked.put(path, b"x" * 10).status == 200


def test_a_fault_before_the_act_comes_at_half_of_the_body(mock):
    """And nothing is taken."""
    asked = mock(NEW + "calls: {file_upload: [{fault: connection_reset, for: 1 call}, ok]}")
    job, path = asked.create()
    taken = asked.begin_put(path, 100)
    assert taken.write(b"x" * 49) is None
    assert isinstance(taken.write(b"x"), Fault)
    assert asked.sees(job) == "job_waiting"
    assert asked.entries[1].fault == "connection_reset"
    assert asked.put(path).status == 200


def test_a_fault_after_the_act_loses_only_the_answer(mock):
    """The job begins; the journal says so."""
    asked = mock(
        NEW + "calls: {file_upload: [{fault: empty_response, done: true, for: 1 call}, ok]}"
    )
    job, path = asked.create()
    assert isinstance(asked.put(path), Fault)
    assert asked.sees(job) == "job_running"
    assert "struck after the act: it counts, only its answer was lost" in asked.entries[1].notes


def test_an_old_key_stops_no_upload(mock):
    """The link alone counts."""
    asked = mock(NEW + "assumptions: {key_lifetime: 1s}")
    job, path = asked.create(asked.key())
    asked.wait(10)
    assert asked.put(path).status == 200
    assert asked.sees(job, asked.key()) == "job_running"


def test_a_key_sent_to_the_link_is_noted(mock):
    """It would be in the hands of a storage host."""
    asked = mock(NEW)
    _, path = asked.create()
    asked.put(path, api_keys=("k",))
    assert any(
        "carries x-api-key, which does not belong here" in note for note in asked.entries[1].notes
    )


def test_moved_by_hand_without_a_file(mock):
    """Both step and set_status move a job on that waits for its file."""
    asked = mock(NEW)
    job, _ = asked.create()
    asked.driver.step(job)
    assert asked.sees(job) == "job_running"
    asked.driver.set_status(job, "job_finished")
    assert asked.sees(job) == "job_finished"


def test_what_came_is_remembered(mock):
    """Name, size and digest of each."""
    asked = mock(NEW)
    job, path = asked.create()
    asked.put(path, b"abc")
    (upload,) = asked.uploads
    assert (upload.job_id, upload.file_name, upload.size, upload.complete) == (
        job,
        "train.csv",
        3,
        True,
    )
    assert upload.kept.sha256 == sha256(b"abc").hexdigest()


def test_a_slow_answer_comes_after_the_act(mock):
    """It arrives whole in the end, so the file it answers for was taken."""
    asked = mock(
        "jobs: {a: {timeline: [{status: job_finished}]}}\n"
        "calls: {file_upload: [{fault: slow_body}]}"
    )
    _, path = asked.create()
    assert asked.put(path).kind == "slow_body"
    assert [upload.complete for upload in asked.uploads] == [True]


@pytest.mark.parametrize("fault", ["slow_body", "truncated_body", "malformed_json"])
def test_a_file_is_taken_where_the_client_reads_200(mock, fault):
    """The answer has no body that could be spoilt: a right client believes its status."""
    asked = mock(NEW + f"calls: {{file_upload: [{{fault: {fault}, for: 1 call}}, ok]}}")
    job, path = asked.create()
    asked.put(path)
    assert asked.sees(job) == "job_running"


def test_a_fault_amid_a_file_is_held_back_as_its_element_says(mock):
    """By its delay, as every other element."""
    calls = "calls: {file_upload: [{fault: connection_reset, delay: 5s}]}\n"
    asked = mock(calls + NEW)
    _, path = asked.create()
    assert asked.put(path).delay_ns == 5_000_000_000


def test_a_file_said_to_be_too_large_is_listed_as_one_that_is(mock):
    """Whether its length says so or its bytes do: one upload, not complete."""
    asked = mock(NEW, store=CountingStore(limit_bytes=10))
    _, path = asked.create()
    assert asked.begin_put(path, 11).status == 413
    assert asked.begin_put(path).write(b"x" * 11).status == 413
    assert [(each.complete, each.size) for each in asked.uploads] == [(False, 0), (False, 11)]


def test_a_second_file_that_replaces_the_first_is_noted(mock):
    """Where the scenario lets it."""
    asked = mock(NEW + "assumptions: {second_upload: replace}")
    _, path = asked.create()
    asked.put(path)
    asked.put(path)
    assert any("replaces" in note for note in asked.entries[-1].notes)


def test_an_upload_is_listed_at_the_time_when_it_ended(mock):
    """A file takes its time; an answer that refuses it, too."""
    asked = mock(NEW)
    _, path = asked.create()
    taken = asked.begin_put(path, 100)
    asked.wait(60)
    taken.abort()
    assert asked.entries[-1].moment_ns == asked.clock.now_ns()


def test_what_a_step_asks_for_is_heard_before_the_file_has_come(mock):
    """Its delay and its Retry-After."""
    steps = "{status: job_waiting, for: upload, delay: 3s}, {status: job_running}"
    asked = mock(f"new_jobs: {{timeline: [{steps}]}}")
    job, _ = asked.create()
    assert asked.poll(job).delay_ns == 3_000_000_000


def test_what_came_is_in_the_journal(mock):
    """Its size and its SHA-256; of one byte, in the singular."""
    asked = mock(NEW)
    _, path = asked.create()
    asked.put(path, b"x")
    assert asked.entries[-1].notes[-2:] == ("1 byte came", f"SHA-256 {sha256(b'x').hexdigest()}")


def test_a_refused_file_says_why_in_the_journal(mock):
    """Its answer alone would be seen by the client only."""
    asked = mock(NEW)
    job, path = asked.create()
    asked.put(path)
    asked.poll(job)
    assert asked.put(path).status == 403
    assert "has come already" in " ".join(asked.entries[-1].notes)


@pytest.mark.parametrize("fault", ["slow_body", "truncated_body", "malformed_json"])
def test_no_answer_is_called_lost_that_comes_whole(mock, fault):
    """The client reads 200: the journal says so."""
    asked = mock(NEW)
    _, path = asked.create()
    asked.driver.fail_next(fault, on="file_upload")
    asked.put(path)
    assert asked.entries[-1].done == "file_taken"
    assert "lost" not in " ".join(asked.entries[-1].notes)
