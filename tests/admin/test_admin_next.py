"""``/__admin/next``: polls that are to fail."""

import pytest
from helpers.admin_client import JOBS, events

from mock_p1.admin.event_text import Stream
from mock_p1.contract.errors import DOCUMENTED_ERRORS, FAULTS
from mock_p1.contract.operations import RETRAIN_STATUS_CHECK


@pytest.mark.parametrize("error", RETRAIN_STATUS_CHECK.errors)
def test_the_next_poll_gets_the_error(controls, error):
    """Once; the job does not move."""
    controls.do("POST", "/next", {"error": error})
    assert controls.poll("slow").json["message"] == DOCUMENTED_ERRORS[error].message
    assert controls.poll("slow").json["status"] == "job_waiting"


def test_a_failure_waits_for_the_job_it_names(controls):
    """Other jobs go on."""
    controls.do("POST", "/next", {"error": "job_may_be_deleted", "job": "slow", "times": 2})
    assert controls.poll("held").status_code == 200
    assert [controls.poll("slow").status_code for _ in range(3)] == [400, 400, 200]


def test_the_queue_shows_what_waits(controls):
    """Those alike in a row stand as one."""
    controls.do("POST", "/next", {"fault": "timeout", "times": 2})
    controls.do("POST", "/next", {"error": "invalid_api_key", "job": "slow"})
    queue = controls.get("/next")["queue"]
    assert controls.get("/next")["waiting"] == 3
    assert [(row["error"], row["fault"], row["job"], row["times"]) for row in queue] == [
        (None, "timeout", None, 2),
        ("invalid_api_key", None, "slow", 1),
    ]


def test_calls_of_another_operation_fail_too(controls):
    """With `on`: the switch meets the error, the poll does not."""
    body = {"error": "not_found_classifier", "on": "retrain_model_switch"}
    assert controls.do("POST", "/next", body)["queue"][0]["on"] == "retrain_model_switch"
    assert controls.poll("slow").status_code == 200
    switch = controls.client.put(f"{JOBS}slow/update_model", headers={"x-api-key": "demo-key"})
    assert switch.json["message"] == "Not found classifier."


def test_a_literal_answer_is_queued(controls):
    """As a scenario writes it; the queue shows it so."""
    reply = {"status_code": 429, "retry_after": "5s", "body": {"wait": True}}
    queued = controls.do("POST", "/next", {"reply": reply})["queue"]
    assert queued[0]["reply"] == reply
    answer = controls.poll("slow")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "5")
    assert answer.json == {"wait": True}


@pytest.mark.parametrize("where", ["body", "query"])
def test_a_failure_for_one_key_strikes_no_other(controls, where):
    """Whose key stands in the body or in the query; the queue shows it masked."""
    body = {"error": "job_may_be_deleted"}
    if where == "body":
        controls.do("POST", "/next", {**body, "api_key": "demo-key"})
    else:
        controls.do("POST", "/next?api_key=demo-key", body)
    assert controls.get("/next")["queue"][0]["api_key"] == "de…"
    assert controls.poll("slow", "other-key").status_code == 200
    assert [controls.poll("slow").status_code for _ in range(2)] == [400, 200]


def test_the_failures_of_one_key_are_shown_and_taken_back(controls):
    """Those of others stay."""
    for key in ("demo-key", "other-key", "demo-key"):
        controls.do("POST", "/next", {"fault": "timeout", "api_key": key})
    assert controls.get("/next?api_key=demo-key")["waiting"] == 2
    assert controls.do("DELETE", "/next?api_key=demo-key") == {"deleted": 2}
    assert controls.get("/next")["waiting"] == 1


def test_a_key_that_stands_twice_and_differs_is_refused(controls):
    """Nobody knows which was meant."""
    body = {"fault": "timeout", "api_key": "demo-key"}
    controls.refused(400, "POST", "/next?api_key=other-key", body)
    controls.do("POST", "/next?api_key=demo-key", body)


def test_of_many_changes_of_the_queue_only_the_newest_is_told(controls):
    """Each would say the same; a long queue is not written for every call that shortens it."""
    controls.do("POST", "/next", {"error": "job_may_be_deleted", "times": 50})
    stream = Stream(controls.context)
    place = stream.end
    for _ in range(5):
        controls.poll("slow")
    told = events(stream.after(place)[0])
    assert [data["waiting"] for kind, data, _ in told if kind == "next"] == [45]
    assert [kind for kind, _, _ in told].count("poll") == 5


def test_the_count_down_of_the_queue_is_told(controls):
    """Each call that meets a failure is followed by how many wait."""
    controls.do("POST", "/next", {"error": "job_may_be_deleted", "times": 2})
    stream = Stream(controls.context)
    place = stream.end
    controls.poll("slow")
    told = {kind: data for kind, data, _ in events(stream.after(place)[0])}
    assert told["next"]["waiting"] == 1


def test_waiting_failures_are_taken_back(controls):
    """The answer says how many there were."""
    controls.do("POST", "/next", {"fault": "timeout", "times": 3})
    assert controls.do("DELETE", "/next") == {"deleted": 3}
    assert controls.poll("slow").status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"error": "job_may_be_deleted", "fault": "timeout"},
        {"error": "timeout"},
        {"error": "not_found_classifier"},
        {"fault": "job_may_be_deleted"},
        {"fault": ["timeout"]},
        {"fault": "timeout", "times": 0},
        {"fault": "timeout", "times": 100_001},
        {"fault": "timeout", "times": 2.5},
        {"fault": "timeout", "job": 7},
        {"fault": "timeout", "jobs": "slow"},
        {"fault": "timeout", "api_key": ""},
        {"fault": "timeout", "api_key": None},
        {"fault": "timeout", "on": "retrain"},
        {"error": "job_may_be_deleted", "on": "retrain_model_switch"},
        {"error": "invalid_api_key", "on": "file_upload"},
        {"fault": "timeout", "on": "get_api_key", "job": "slow"},
        {"reply": {"status_code": 700}},
        {"reply": {}},
        {"reply": {"status_code": 204, "body": "x"}},
        {"reply": {"status_code": 429, "retry_after": 5}},
        {"reply": 429},
        {"reply": {"status_code": 503}, "fault": "timeout"},
    ],
)
def test_a_failure_that_cannot_be_queued_is_refused(controls, body):
    """And nothing waits."""
    controls.refused(400, "POST", "/next", body)
    assert controls.get("/next")["waiting"] == 0


def test_every_fault_there_is_can_be_queued(controls):
    """By its name in the contract."""
    for fault in FAULTS:
        controls.do("POST", "/next", {"fault": fault})
    assert [row["fault"] for row in controls.get("/next")["queue"]] == list(FAULTS)


def test_a_slip_in_a_name_is_met_with_the_nearest_one(controls):
    """So that the next try is right."""
    assert (
        "did you mean timeout?"
        in controls.refused(400, "POST", "/next", {"fault": "timeot"})["message"]
    )


def test_what_is_wrong_inside_a_reply_is_named_with_its_place(controls):
    """As the keys stand in the body."""
    body = {"reply": {"status_code": 429, "retry_after": 5}}
    message = controls.refused(400, "POST", "/next", body)["message"]
    assert message.startswith("reply.retry_after must be a duration")


def test_a_failure_for_an_unknown_job_is_refused(controls):
    """It would wait for ever."""
    assert (
        controls.refused(404, "POST", "/next", {"fault": "timeout", "job": "slwo"})["error"]
        == "MOCK_P1_NO_SUCH_JOB"
    )


def test_the_queue_is_bounded(controls):
    """What does not fit any more is refused as a whole."""
    controls.do("POST", "/next", {"fault": "timeout", "times": 100_000})
    assert (
        controls.refused(409, "POST", "/next", {"fault": "timeout"})["error"]
        == "MOCK_P1_QUEUE_FULL"
    )
    assert controls.get("/next")["waiting"] == 100_000
