"""Polls and time move a job alike in every transport."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from helpers.transport_clients import HOST, JOBS

from mock_p1.base.clock import SECOND


def status(transport, job):
    """Poll once; return the status."""
    return json.loads(transport.send("GET", JOBS + job).body)["status"]


def test_a_poll_step_is_seen_by_exactly_so_many_polls(transport):
    """After two polls of `for: 2 polls` the third sees the next step."""
    assert [status(transport, "two-polls") for _ in range(4)] == [
        "job_waiting",
        "job_waiting",
        "job_running",
        "job_running",
    ]


def test_time_moves_a_job_and_nothing_else_does(transport):
    """Polls leave a timed step alone; its end is exact to the nanosecond."""
    seen = [status(transport, "timed")]
    for span in (10 * SECOND - 1, 1, 9 * SECOND, SECOND):
        transport.engine.clock.advance(span)
        seen.append(status(transport, "timed"))
    assert seen == ["job_waiting", "job_waiting", "job_running", "job_running", "job_failed"]


def test_one_poll_after_a_long_silence_catches_up(transport):
    """As many steps as have passed are passed at once."""
    status(transport, "timed")
    transport.engine.clock.advance(3600 * SECOND)
    assert status(transport, "timed") == "job_failed"


def test_a_delay_passes_on_the_mocks_clock(transport):
    """An answer held back for 3 s moves the clock by 3 s, and holds the test back by nothing."""
    assert status(transport, "late") == "job_waiting"
    assert transport.engine.clock.now_ns() == 3 * SECOND
    assert status(transport, "late") == "job_running"
    assert transport.engine.clock.now_ns() == 3 * SECOND


def test_a_forced_failure_reaches_the_client_and_does_not_move_the_job(transport):
    """fail_next answers so many polls; the job goes on where it was."""
    transport.driver.fail_next("job_may_be_deleted", times=2)
    polls = [transport.send("GET", JOBS + "two-polls").status for _ in range(4)]
    assert polls == [400, 400, 200, 200]
    assert status(transport, "two-polls") == "job_running"


@pytest.mark.slow
def test_64_threads_see_a_step_of_500_polls_exactly_500_times(transport):
    """Deciding and advancing is one act, whoever asks at the same time."""
    with ThreadPoolExecutor(64) as threads:
        answers = list(threads.map(lambda _: transport.send("GET", JOBS + "many").body, range(700)))
    assert sum(b"job_waiting" in answer for answer in answers) == 500
    assert sum(b"job_running" in answer for answer in answers) == 200


def test_polls_sent_at_once_on_one_connection_are_all_answered(live_transport):
    """A client need not wait for an answer before it asks again."""
    poll = f"GET {JOBS}two-polls HTTP/1.1\r\nHost: {HOST}\r\nx-api-key: demo-key\r\n"
    answers = live_transport.everything(
        f"{poll}\r\n{poll}\r\n{poll}Connection: close\r\n\r\n".encode()
    )
    assert [answers.count(status) for status in (b"200 OK", b"job_waiting", b"job_running")] == [
        3,
        2,
        1,
    ]
