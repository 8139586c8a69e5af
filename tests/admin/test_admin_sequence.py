"""What clients did beside polling: uploads, downloads, switches; the timelines of those calls."""

from hashlib import sha256
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from helpers.admin_client import JOBS, Controls

from mock_p1.admin import sequence_routes
from mock_p1.engine.file_store import Inspection, RememberedFile
from mock_p1.scenario.parser import parse

SCENARIO = """
secret_keys: {one-secret: active, two-secret: active}
new_jobs:
  ids: [new-1, new-2]
  timeline: [{status: job_waiting, for: upload}, {status: job_finished, result: {rows: 3}}]
calls:
  retrain_model_switch:
    - {error: not_found_classifier, for: manual}
    - {reply: {status_code: 503}, done: true, for: 1 call}
    - ok
  retrain_data_upload: [{error: model_may_be_deleted, for: manual}, ok]
jobs: {a: {timeline: [{status: job_finished}]}}
"""
ONE = "one-secret"
FILE = b"a,b\n1,2\n"


@pytest.fixture
def plain():
    """The controls of a mock whose calls all succeed."""
    return Controls(parse(SCENARIO.replace("calls:", "x-calls:"), "sequence.yaml"))


def get_key(controls, secret=ONE, model=1):
    """Fetch a key."""
    query = {"credential_type": "retrain", "model_id": model}
    path, headers = "/v1/external/api-key", {"x-api-key": secret}
    return controls.client.get(path, headers=headers, query_string=query).json["api_key"]


def create(controls, key, name="train.csv"):
    """Create a job, and send its file; return its id."""
    made = controls.client.get(
        f"{JOBS}upload_url", headers={"x-api-key": key}, query_string={"filename": name}
    ).json
    assert controls.client.put(urlsplit(made["upload_url"]).path, data=FILE).status_code == 200
    return made["retrain_job_id"]


def download(controls, key, job="new-1"):
    """Download the result of a job."""
    url = controls.poll(job, key).json["download_url"]
    assert controls.client.get(urlsplit(url).path).status_code == 200


def switch(controls, key, job="new-1"):
    """Switch to the model of a job; return the answer."""
    return controls.client.put(f"{JOBS}{job}/update_model", headers={"x-api-key": key})


def test_an_upload_is_listed_with_what_came(plain):
    """Name, size and hash, when and by whom."""
    plain.pass_time(5)
    create(plain, get_key(plain))
    (upload,) = plain.get("/uploads")["uploads"]
    assert (upload["job_id"], upload["filename"], upload["size"]) == ("new-1", "train.csv", 8)
    assert (upload["complete"], upload["seconds"], upload["api_key"]) == (True, 5.0, "on…")
    assert upload["sha256"] == sha256(FILE).hexdigest()
    assert upload["content_kept"] is False
    assert "content was not kept" in upload["notes"][0]


def test_what_was_found_in_files_is_waited_for_ten_seconds_in_all(plain, monkeypatch):
    """Not ten for each."""
    waited, clock = [], iter(range(0, 1000, 4))
    monkeypatch.setattr(sequence_routes, "time", SimpleNamespace(monotonic=lambda: next(clock)))

    def inspection(_, timeout_seconds):
        waited.append(timeout_seconds)
        return Inspection(rows=1, columns=2)

    monkeypatch.setattr(RememberedFile, "inspection", inspection)
    key = get_key(plain)
    for _ in range(4):
        create(plain, key)
    waited.clear()
    rows = [(upload["rows"], upload["columns"]) for upload in plain.get("/uploads")["uploads"]]
    assert rows == [(1, 2)] * 4
    assert waited == [6, 2, 0, 0]


def test_a_download_is_listed(plain):
    """With the file's name."""
    key = get_key(plain)
    create(plain, key)
    download(plain, key)
    plain.client.get("/results/0000000000000000/new-1/2/result.zip")
    found = plain.get("/downloads?job=new-1")["downloads"]
    assert [(row["filename"], row["complete"], row["outcome"]) for row in found] == [
        ("result.zip", True, "result_sent"),
        ("result.zip", False, "HTTP 404"),
    ]


@pytest.mark.parametrize("asked", ["/downloads", "/requests", "/jobs/new-1"])
def test_a_download_that_is_still_sent_is_not_taken_yet(plain, asked):
    """Whatever is asked for first; once the client has it, it is."""

    def taken():
        found = plain.get(asked)
        if asked == "/jobs/new-1":
            return found["tracks"][0]["downloads"] == 1
        rows = found.get("downloads") or found["requests"]
        return not rows[-1]["notes"]

    key = get_key(plain)
    create(plain, key)
    download(plain, key)
    number = plain.engine.journal.last
    plain.engine.deliveries.sending(number)
    assert not taken()
    plain.engine.deliveries.sent(number)
    assert taken()


def test_a_switch_is_listed(plain):
    """One that was refused too."""
    key = get_key(plain)
    create(plain, key)
    switch(plain, key)
    switch(plain, key, "nothing")
    assert [(row["switched"], row["outcome"]) for row in plain.get("/switches")["switches"]] == [
        (True, "model_switched"),
        (False, "not_found_retrain_job"),
    ]


@pytest.mark.parametrize("what", ["uploads", "downloads", "switches", "requests"])
def test_rows_and_the_clock_have_one_time(plain, what):
    """Of every list, and of the clock: ``seconds`` since the mock began, and ``time`` as a date."""
    plain.pass_time(5)
    key = get_key(plain)
    create(plain, key)
    download(plain, key)
    switch(plain, key)
    shown = [plain.get("/clock"), plain.get(f"/{what}")[what][-1]]
    assert [row["seconds"] for row in shown] == [5.0, 5.0]
    assert shown[0]["time"] == shown[1]["time"]


@pytest.mark.parametrize("what", ["uploads", "downloads", "switches", "requests"])
def test_what_came_is_listed_by_key_and_caller(plain, what):
    """A secret key stands for all its keys; the caller is the same everywhere."""
    first, second = get_key(plain), get_key(plain, "two-secret")
    for key in (first, second):
        create(plain, key)
        download(plain, key)
        switch(plain, key)

    def listed(query=""):
        return plain.get(f"/{what}{query}")[what]

    mine = listed(f"?api_key={first}")
    callers = {row["caller"] for row in mine}
    assert 0 < len(mine) < len(listed())
    assert listed("?api_key=one-secret") == mine
    assert [row for row in listed() if row["caller"] in callers] == mine
    assert listed(f"?caller={mine[0]['caller']}") == mine
    assert listed("?api_key=nobody") == listed("?caller=00000000") == []


def test_the_journal_says_what_was_done(plain):
    """In place of an HTTP status."""
    key = get_key(plain)
    create(plain, key)
    download(plain, key)
    switch(plain, key)
    assert [row["outcome"] for row in plain.get("/requests")["requests"]] == [
        "key_issued",
        "job_issued",
        "file_taken",
        "job_finished",
        "result_sent",
        "model_switched",
    ]
    assert plain.get("/requests/count?outcome=file_taken") == {"count": 1}


def test_a_job_shows_its_file_downloads_and_switches(plain):
    """Where a client created it; before, that it waits for its file."""
    key = get_key(plain)
    plain.client.get(f"{JOBS}upload_url?filename=train.csv", headers={"x-api-key": key})
    (track,) = plain.get("/jobs/new-1")["tracks"]
    assert (track["waits_for"], track["file"]["complete"]) == ("its file", False)
    assert track["file"]["upload"] is None
    assert plain.get("/jobs/new-1")["steps"][0]["for"] == "upload"
    job = create(plain, key)
    download(plain, key, job)
    switch(plain, key, job)
    (track,) = plain.get(f"/jobs/{job}")["tracks"]
    number = plain.get(f"/uploads?job={job}")["uploads"][-1]["number"]
    file = {"filename": "train.csv", "size": 8, "complete": True, "upload": number}
    assert track["file"] == file
    assert (track["downloads"], track["switches"]) == (1, 1)


def test_the_line_for_the_shell_has_a_key_that_sees_the_created_job(plain):
    """That of the client which created it."""
    key = get_key(plain)
    job = create(plain, key)
    assert f"x-api-key: {key}" in plain.get(f"/jobs/{job}/curl")["curl"]


@pytest.fixture
def steered():
    """The controls of a mock whose calls fail until they are moved on."""
    return Controls(parse(SCENARIO, "sequence.yaml"))


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/calls/retrain_model_switch/step", {"job": "a"}),
        ("/jobs/a/step", {"on": "retrain_model_switch"}),
        ("/calls/retrain_model_switch/step", None),
        ("/calls/retrain_model_switch/step?api_key=demo-key", None),
    ],
)
def test_a_manual_element_of_calls_is_moved_on(steered, path, body):
    """By the operation or by the job; then its answer is lost, and counts all the same."""
    assert switch(steered, "demo-key", "a").json["message"] == "Not found classifier."
    steered.do("POST", path, body)
    assert [switch(steered, "demo-key", "a").status_code for _ in range(2)] == [503, 200]
    rows = [(row["switched"], row["outcome"]) for row in steered.get("/switches")["switches"]]
    assert rows == [
        (False, "not_found_classifier"),
        (True, "HTTP 503"),
        (True, "model_switched"),
    ]


def test_calls_without_a_job_are_moved_on(steered):
    """For every caller that met them; another key's stay."""
    for key in ("demo-key", "other-key"):
        assert (
            steered.client.get(f"{JOBS}upload_url", headers={"x-api-key": key}).status_code != 200
        )
    steered.do("POST", "/calls/retrain_data_upload/step", {"api_key": "demo-key"})
    create(steered, "demo-key")
    again = steered.client.get(f"{JOBS}upload_url", headers={"x-api-key": "other-key"})
    assert again.status_code != 200


@pytest.mark.parametrize(
    ("status", "path", "body"),
    [
        (404, "/calls/retrain/step", None),
        (404, "/calls/retrain_model_switch/step", {"job": "nothing"}),
        (409, "/calls/retrain_model_switch/step", None),
        (409, "/calls/result_download/step", None),
        (400, "/calls/get_api_key/step", {"job": "a"}),
        (400, "/calls/retrain_status_check/step", None),
        (400, "/jobs/a/step", {"on": "get_api_key"}),
        (400, "/jobs/a/step", {"on": "retrain"}),
        (409, "/jobs/a/step", {"on": "retrain_status_check"}),
    ],
)
def test_calls_that_cannot_be_moved_on_are_refused(steered, status, path, body):
    """With what to do instead."""
    steered.refused(status, "POST", path, body)


def test_the_content_of_a_file_is_there(plain, monkeypatch):
    """Byte by byte, by the number of its request; where it was not kept, that is said."""
    create(plain, get_key(plain))
    (upload,) = plain.get("/uploads")["uploads"]
    plain.refused(404, "GET", f"/uploads/{upload['number']}/content")
    monkeypatch.setattr(RememberedFile, "content", lambda _: FILE)
    reply = plain.call("GET", f"/uploads/{upload['number']}/content")
    assert (reply.status_code, reply.content_type) == (200, "application/octet-stream")
    assert reply.data == FILE


@pytest.mark.parametrize("number", ["0", "999999", "-1", "x", "1" * 5000, "%20"])
def test_there_is_no_content_of_what_is_not_kept(plain, number):
    """Nor of what is no number."""
    plain.refused(404, "GET", f"/uploads/{number}/content")
