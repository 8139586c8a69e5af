"""``/__admin/next``: polls that are to fail."""

import pytest

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
    queue = [
        {"error": None, "fault": "timeout", "job": None, "times": 2},
        {"error": "invalid_api_key", "fault": None, "job": "slow", "times": 1},
    ]
    assert controls.get("/next") == {"waiting": 3, "queue": queue}


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
