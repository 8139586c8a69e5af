"""The handle and the whole sequence: what a client needs, what came, and driving other calls."""

import hashlib
from datetime import timedelta

import pytest
import requests
from helpers.handle_calls import SCENARIO, TABLE, Caller

from mock_p1 import NoSuchJob, NoSuchStep, Poll, Upload, mocked
from mock_p1.engine.driver import Driver


def fails(assertion, *arguments, **named):
    """Return the first line of a failure."""
    with pytest.raises(AssertionError) as caught:
        assertion(*arguments, **named)
    return str(caught.value).splitlines()[0]


def test_what_a_client_needs(sequence):
    """A secret key and a model that bring a key, which works."""
    assert (sequence.secret_key, sequence.model_id) == ("secret-1", 1)
    caller = Caller(sequence)
    assert caller.fetch_key() != "file-key"
    assert caller.poll("old-001")["status"] == "job_finished"


def test_any_secret_key_where_none_is_written(start):
    """The word that is shown works."""
    with start("demo") as mock:
        caller = Caller(mock, "none")
        caller.fetch_key()
        assert caller.key != "none"


def test_the_job_that_is_meant(sequence, caller):
    """The one that was created last, also by another caller; else the first of the file."""
    assert sequence.job_id == "old-001"
    first, second = caller.create()[0], caller.create()[0]
    assert sequence.job_id == second
    third = Caller(sequence, "other-key").create()[0]
    assert sequence.job_id == third
    assert first != third
    sequence.reset()
    assert sequence.job_id == "old-001"


def test_the_job_that_is_meant_after_a_caller_was_reset(sequence, caller):
    """The one that is left."""
    first = caller.create()[0]
    Caller(sequence, "other-key").create()
    Driver(sequence._engine).reset(key="other-key")  # noqa: SLF001 -- as the control API does
    assert sequence.job_id == first


def test_the_same_id_of_two_callers(start):
    """It is created last by whoever did so last."""
    with start(SCENARIO.replace("new_jobs:", "new_jobs:\n  ids: [one, two]")) as mock:
        caller = Caller(mock)
        caller.create(), caller.create()
        assert mock.job_id == "two"
        Caller(mock, "other-key").create()
        assert mock.job_id == "one"


def test_an_upload_says_everything(sequence, caller):
    """Name, size, hash, rows, columns, content, notes, and when it came."""
    sequence.advance("30s")
    before = sequence.now
    job = caller.upload("sales.csv")
    caller.upload("other.csv")
    upload, _ = sequence.uploads()
    assert isinstance(upload, Upload)
    assert (upload.job_id, upload.filename, upload.size) == (job, "sales.csv", len(TABLE))
    assert (upload.sha256, upload.content) == (hashlib.sha256(TABLE).hexdigest(), TABLE)
    assert (upload.rows, upload.columns, upload.complete) == (150, 2, True)
    assert timedelta(0) <= upload.moment - before < timedelta(seconds=30)
    assert upload.seconds >= 30
    assert "604 bytes came" in upload.notes
    assert [each.filename for each in sequence.uploads(job)] == ["sales.csv"]
    assert sequence.uploads("old-001") == []


def test_notes_on_a_file(sequence, caller):
    """What the manual says otherwise, and where the request departs from it."""
    _, url = caller.create()
    caller.put(url, b"x\n1\n", key="k")
    (upload,) = sequence.uploads()
    text = "\n".join(upload.notes)
    assert "has 1 row" in text
    assert "carries x-api-key" in text


@pytest.mark.slow
def test_a_large_file_is_waited_for(start):
    """Its notes come from another process; the mock's clock stands still meanwhile."""
    options = {"instant_sleep": True}
    with start(SCENARIO, **options) as mock:
        caller = Caller(mock)
        _, url = caller.create()
        caller.put(url, b"x,y\n" + b"12345,67890\n" * 100_000)
        before = mock.now
        mock.assert_uploaded(rows=100_000)
        assert mock.now == before


def test_an_upload_that_broke_off(sequence, caller):
    """The job still waits, and each way to ask says why."""
    job, url = caller.create()
    caller.break_off(url, 500)
    (upload,) = sequence.uploads()
    assert (upload.complete, upload.size, upload.sha256, upload.content) == (False, 500, None, None)
    assert caller.poll(job)["status"] == "job_waiting"
    sequence.advance("10d")
    assert caller.poll(job)["status"] == "job_waiting"
    why = (
        f"job {job!r} still waits for its file: the client broke off after 500 bytes of 'train.csv'"
    )
    assert fails(sequence.assert_uploaded) == why
    assert "file_upload: train.csv broke off after 500 bytes" in sequence.report()
    last = sequence.report().splitlines()
    assert any(line.startswith(f"{job} waits for its file") for line in last)
    assert sequence.polls(job).last.waits_for == "its file"
    caller.put(url)
    sequence.assert_uploaded()
    assert [each.complete for each in sequence.uploads()] == [False, True]


def test_a_file_of_one_row(sequence, caller):
    """Has 1 row, not 1 rows."""
    _, url = caller.create()
    caller.put(url, b"x\n1\n")
    assert " has 1 row; asked for: 2;" in fails(sequence.assert_uploaded, rows=2)


def test_assert_uploaded(sequence, caller):
    """The job that was created last, the file that came last, its name and its rows."""
    asked_none = "the client never asked for an upload URL, so no file was uploaded"
    assert fails(sequence.assert_uploaded) == asked_none
    job, url = caller.create()
    begun_none = f"job {job!r} still waits for its file: no upload of it was begun"
    assert fails(sequence.assert_uploaded) == begun_none
    caller.put(url)
    sequence.assert_uploaded()
    sequence.assert_uploaded(job, filename="train.csv", rows=150)
    assert fails(sequence.assert_uploaded, filename="b.csv") == (
        f"job {job!r} was sent 'train.csv'; 'b.csv' was asked for"
    )
    assert fails(sequence.assert_uploaded, rows=2000).startswith(
        f"'train.csv' of job {job!r} has 150 rows; asked for: 2,000"
    )
    other, _ = caller.create("b.csv")
    assert fails(sequence.assert_uploaded).startswith(f"job {other!r} still waits")
    sequence.assert_uploaded(job)
    assert fails(sequence.assert_uploaded, "old-001") == (
        "job 'old-001' was sent no file: no upload of it was begun"
    )


def test_assert_uploaded_of_a_form(sequence, caller):
    """What ``files=`` sends is no file that can be trained with, though the mock takes it."""
    job, url = caller.create()
    caller.send("PUT", url, files={"file": ("train.csv", b"x,y\n1,2\n")})
    assert fails(sequence.assert_uploaded).startswith(
        f"'train.csv' of job {job!r} is no file that can be trained with: the body is a multipart"
    )


def test_assert_uploaded_of_nothing(sequence, caller):
    """A file that was read to its end before comes empty."""
    job, url = caller.create()
    caller.put(url, b"")
    assert fails(sequence.assert_uploaded).startswith(
        f"'train.csv' of job {job!r} came empty, with 0 bytes: "
    )


def test_assert_uploaded_after_a_reset(sequence, caller):
    """What came before it is told apart from what never came."""
    job, url = caller.create()
    caller.put(url)
    sequence.reset(job)
    assert fails(sequence.assert_uploaded) == (
        f"job {job!r} was reset after call 2 had sent its file: no upload of it was begun since"
    )
    caller.break_off(url, 7)
    assert fails(sequence.assert_uploaded) == (
        f"job {job!r} was reset after call 2 had sent its file: "
        "the client broke off after 7 bytes of 'train.csv'"
    )
    caller.put(url)
    sequence.assert_uploaded()
    Driver(sequence._engine).reset(key=caller.key)  # noqa: SLF001 -- as the control API does
    assert fails(sequence.assert_uploaded) == (
        "the client asked for no upload URL after the reset, so no file was uploaded"
    )


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ({"status_code": 503}, "call 2 was answered HTTP 503"),
        ("connection_reset", "call 2 was answered connection_reset after"),
    ],
)
def test_assert_uploaded_says_what_was_in_the_way(sequence, caller, what, says):
    """A refusal, or a fault of the network."""
    _, url = caller.create()
    sequence.fail_next(what, on="file_upload")
    caller.put(url)
    assert says in fails(sequence.assert_uploaded)


def test_assert_downloaded(sequence, caller):
    """Whole downloads count, and no others."""
    job = caller.upload()
    link = caller.finish(job)
    text = f"the result of job {job!r} should have been downloaded once; it never was"
    assert fails(sequence.assert_downloaded) == text
    sequence.fail_next("truncated_body", on="result_download")
    caller.download(link)
    assert fails(sequence.assert_downloaded) == f"{text}; call 4 was answered truncated_body"
    caller.download(link)
    sequence.assert_downloaded()
    caller.download(link)
    assert "once; it was downloaded twice" in fails(sequence.assert_downloaded, job)
    sequence.assert_downloaded(times=2)
    assert [each.complete for each in sequence.downloads()] == [False, True, True]
    assert [each.job_id for each in sequence.downloads(job)] == [job] * 3
    assert sequence.downloads("old-001") == []


TWO = """
secret_keys: {one: active, two: active}
new_jobs:
  ids: [same]
  timeline: [{status: job_waiting, for: upload}, {status: job_finished, result: {rows: 3}}]
"""


@pytest.fixture
def two_callers(start):
    """A mock, and two callers that have each downloaded a job of the same id."""
    with start(TWO) as mock:
        callers = Caller(mock), Caller(mock)
        for caller, secret in zip(callers, ("one", "two"), strict=True):
            caller.fetch_key(secret)
            caller.link = caller.finish(caller.upload())
            caller.download(caller.link)
        yield mock, callers


def test_downloads_are_counted_by_caller(two_callers):
    """The same id of two callers is two jobs; the message calls them as the table does."""
    mock, (one, two) = two_callers
    mock.assert_downloaded("same", times=1)
    two.download(two.link)
    assert fails(mock.assert_downloaded, "same") == (
        "the result of job 'same' should have been downloaded once by each key; "
        f"it was downloaded once by {one.key[:4]}…, twice by {two.key[:4]}…"
    )
    with pytest.raises(AssertionError, match="downloaded twice by each key"):
        mock.assert_downloaded("same", times=2)


def test_a_report_tells_jobs_of_the_same_id_apart(two_callers):
    """By the keys that the table shows, also where a call to a link was the last."""
    mock, callers = two_callers
    *_, first, second = mock.report().splitlines()
    for caller, line in zip(callers, (first, second), strict=True):
        assert line.startswith(f"same (key {caller.key[:4]}…) has been at job_finished")
        assert f"  {caller.key[:4]}…  same" in mock.report()


def test_a_switch_of_one_caller_is_enough(two_callers):
    """Of those that have a job of this id."""
    mock, (one, _) = two_callers
    one.switch("same")
    mock.assert_switched("same")


def test_assert_switched(sequence, caller):
    """The answer may be lost; a refusal is told."""
    text = "the model of job 'old-001' was not switched: the client never asked for it"
    assert fails(sequence.assert_switched) == text
    job = caller.upload()
    caller.switch(job)
    said = fails(sequence.assert_switched)
    assert said.startswith(f"the model of job {job!r} was not switched: call 3 was answered")
    assert said.endswith("retrain_job_is_not_finished")
    caller.finish(job)
    caller.switch(job)
    sequence.assert_switched()
    first, second = sequence.switches(job)
    assert isinstance(first, Poll)
    assert (first.complete, second.complete, first.caller) == (False, True, second.caller)
    assert sequence.switches("old-001") == []


@pytest.mark.parametrize("finished", [True, False])
def test_a_switch_whose_answer_was_lost(start, finished):
    """It counts, if it was done."""
    calls = "calls: {retrain_model_switch: [{fault: connection_reset, done: true}]}"
    with start(SCENARIO + calls) as mock:
        caller = Caller(mock)
        job = caller.upload()
        if finished:
            caller.finish(job)
        caller.switch(job)
        assert mock.switches()[0].complete is finished
        assert mock.requests()[-1].fault == "connection_reset"


@pytest.mark.parametrize(
    "call",
    [
        *("uploads", "downloads", "switches"),
        *("assert_uploaded", "assert_downloaded", "assert_switched"),
    ],
)
def test_unknown_job(sequence, caller, call):
    """A job that nobody knows is a slip of the test."""
    caller.upload()
    with pytest.raises(NoSuchJob, match=r"unknown job 'old-01'; .*did you mean old-001\?"):
        getattr(sequence, call)("old-01")


def test_polls_of_a_created_job(sequence, caller):
    """It is known before it is polled."""
    job = caller.upload()
    assert sequence.polls(job) == []


def test_fail_next_of_another_call(sequence, caller):
    """An error that it documents, a fault, or an answer to the letter."""
    job = caller.upload()
    caller.finish(job)
    on = "retrain_model_switch"
    sequence.fail_next("not_found_classifier", on=on)
    sequence.fail_next("timeout", on="result_download", job=job)
    sequence.fail_next({"status_code": 429, "retry_after": "5s", "body": {"a": 1}}, times=2, on=on)
    assert caller.switch(job).json()["message"] == "Not found classifier."
    for answer in (caller.switch(job), caller.switch(job)):
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "5")
        assert answer.json() == {"a": 1}
    assert caller.switch(job).ok
    assert sequence.switches()[1].retry_after == 5
    assert "struck before the act" in sequence.switches()[0].notes[0]


@pytest.mark.parametrize(
    ("what", "on", "says"),
    [
        (
            "not_found_classifier",
            "result_download",
            "is no error of result_download, but of retrain_model_switch",
        ),
        ("timeout", "switch", "unknown operation 'switch'"),
        ({"status": 429}, "file_upload", "^reply.status: unknown key 'status'"),
        ({"status_code": "no"}, "file_upload", "reply.status_code: must be a whole number"),
        ({"status_code": 429, "retry_after": "5"}, "file_upload", "reply.retry_after"),
    ],
)
def test_failures_that_cannot_be(sequence, what, on, says):
    """Said at once, with what there is."""
    with pytest.raises(ValueError, match=says):
        sequence.fail_next(what, on=on)


def test_step_of_another_call(start):
    """What is manual under calls: moves on by hand; of the job that is meant."""
    calls = """
calls:
  retrain_model_switch: [{error: not_found_classifier, for: manual}, ok]
  get_api_key: [{error: user_may_be_deleted, for: manual}, ok]
"""
    with start(SCENARIO + calls) as mock:
        caller = Caller(mock)
        with pytest.raises(NoSuchStep, match="get_api_key"):
            mock.step(on="get_api_key")
        assert caller.fetch_key() == "file-key"
        with pytest.raises(ValueError, match="get_api_key is about no job; leave the job out"):
            mock.step("old-001", on="get_api_key")
        mock.step(on="get_api_key")
        assert caller.fetch_key() != "file-key"
        job, other = caller.upload(), caller.upload()
        for each in (job, other):
            caller.finish(each)
            assert not caller.switch(each).ok
        mock.step(on="retrain_model_switch")
        assert [caller.switch(each).ok for each in (job, other)] == [False, True]
        mock.step(job, on="retrain_model_switch")
        assert caller.switch(job).ok


def test_step_of_a_created_job(sequence, caller):
    """Moved on without a file."""
    job, _ = caller.create()
    sequence.step()
    assert caller.poll(job)["status"] == "job_running"
    sequence.set_status("job_finished")
    assert caller.poll(job)["status"] == "job_finished"


def test_the_report_names_every_call(sequence, caller):
    """In words, with what came of it."""
    caller.fetch_key()
    job = caller.upload()
    caller.download(caller.finish(job))
    caller.switch(job)
    report = sequence.report()
    for text in (
        "get_api_key: key_issued",
        "retrain_data_upload: job_issued",
        "file_upload: train.csv, 604 bytes, 150 rows",
        "result_download: result_sent",
        "retrain_model_switch: model_switched",
    ):
        assert text in report


def test_a_lost_answer_in_the_report():
    """What was done, and what the client saw."""
    calls = "calls: {retrain_model_switch: [{fault: timeout, done: true}]}"
    with mocked(SCENARIO + calls) as mock:
        caller = Caller(mock)
        job = caller.upload()
        caller.finish(job)
        caller.switch(job)
        assert "retrain_model_switch: model_switched; then timeout" in mock.report()


def test_a_form_sent_as_a_file_is_noted_once(sequence, caller):
    """By the journal at once; looking into the file says it no second time."""
    _, url = caller.create()
    requests.put(url, files={"file": ("train.csv", b"a,b\n1,2\n")}, timeout=10)
    entry = list(sequence._engine.journal)[-1]  # noqa: SLF001 -- what is noted without being asked
    assert "multipart form" in entry.notes[0]
    notes = sequence.uploads()[-1].notes
    assert [note for note in notes if "multipart form" in note] == [notes[0]]


BUSY = "[{reply: {status_code: 503, retry_after: 60s}, for: 1 call}, ok]"
ANSWERED = "call {} ({}) was answered with Retry-After 1m; call {} came after 1"


def all_twice(caller):
    """Make each call of the sequence but the polls twice, a second apart."""

    def twice(act):
        act()
        caller.mock.advance("1s")
        return act()

    twice(caller.fetch_key)
    twice(lambda: caller.call("GET", "/retrain_jobs/upload_url", params={"filename": "a.csv"}))
    job, url = caller.create()
    twice(lambda: caller.put(url))
    link = caller.finish(job)
    twice(lambda: caller.download(link))
    twice(lambda: caller.switch(job))


@pytest.mark.parametrize(
    ("operation", "calls"),
    [
        ("get_api_key", (1, 2)),
        ("retrain_data_upload", (3, 4)),
        ("file_upload", (6, 7)),
        ("result_download", (9, 10)),
        ("retrain_model_switch", (11, 12)),
    ],
)
def test_retry_after_of_every_call(start, operation, calls):
    """A client that comes back after a second fails, and is told by which call."""
    with start(f"{SCENARIO}calls: {{{operation}: {BUSY}}}") as mock:
        all_twice(Caller(mock))
        first, second = calls
        says = fails(mock.assert_respects_retry_after)
        assert says.startswith(ANSWERED.format(first, operation, second))


def test_retry_after_of_calls_that_go_on_side_by_side(start):
    """Two jobs are created at the same time: each waits as told, and neither is the other's."""

    def ask(*names):
        for name in names:
            caller.call("GET", "/retrain_jobs/upload_url", params={"filename": name})

    with start(SCENARIO) as mock:
        caller = Caller(mock)
        busy = {"status_code": 503, "retry_after": "30s"}
        mock.fail_next(busy, times=2, on="retrain_data_upload")
        ask("a.csv", "b.csv")
        mock.advance("30s")
        ask("a.csv", "b.csv")
        mock.assert_respects_retry_after()
        mock.fail_next(busy, times=2, on="retrain_data_upload")
        ask("c.csv", "d.csv")
        mock.advance("10s")
        ask("c.csv", "d.csv")
        assert "with Retry-After 30s" in fails(mock.assert_respects_retry_after)


def test_retry_after_of_a_download_that_is_respected(start):
    """There is something to judge, and nothing wrong; other calls may come meanwhile."""
    with start(f"{SCENARIO}calls: {{result_download: {BUSY}}}") as mock:
        caller = Caller(mock)
        job = caller.upload()
        link = caller.finish(job)
        caller.download(link)
        caller.switch(job)
        mock.advance("60s")
        caller.download(link)
        mock.assert_respects_retry_after()
        mock.assert_respects_retry_after(job)
        never = "job 'old-001' was never answered with Retry-After, so there is nothing to respect"
        assert fails(mock.assert_respects_retry_after, "old-001") == never
