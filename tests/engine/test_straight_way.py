"""A further poll, whose path and key lead straight to its job, is answered as any other request."""

import json
import random
from datetime import UTC, datetime

import pytest
from helpers.straight_way import JOBS, Ordinary

from mock_p1.base.clock import SECOND, VirtualClock
from mock_p1.base.messages import Request
from mock_p1.engine.driver import Driver
from mock_p1.engine.engine import Engine
from mock_p1.scenario.parser import parse

SCENARIO = f"""
api_keys: {{k: active, old: inactive_credential, "a, b": active, None: active}}
secret_keys: {{s: active}}
jobs:{JOBS}  c:
    api_key: k
    timeline:
      - {{status: x, for: 3s, delay: 1s..4s}}
      - {{error: job_may_be_deleted, for: 2 polls}}
      - {{status: job_running, for: 10s, delay: 2s}}
      - {{status: job_finished}}
  "x}}": {{timeline: [{{status: job_running}}]}}
  YOUR_RETRAIN_JOB_ID: {{timeline: [{{status: job_running}}]}}
  undefined: {{timeline: [{{status: job_running}}]}}
  "retrain-*": {{timeline: [{{status: job_waiting, for: 3 polls}}, {{status: job_finished}}]}}
"""
PLAYED = parse(SCENARIO)
OTHER = parse(SCENARIO.replace("for: 2 polls", "for: 3 polls").replace("  b: {", "  d: {"))
API = "/v1/external"
IDS = [
    "a", "b", "c", "d", "%61", "a/", "zz", "a%2Fb", "x%7D", "YOUR_RETRAIN_JOB_ID", "retrain-1",
    "ret%72ain-1", "retrain-2", "retrain-3", "retrain-4", "retrain-5", "undefined", "%3Cjob%3E",
    "%22a%22",
]  # fmt: skip
KEYS = [
    ("k",),
    ("old",),
    ("k", "k"),
    (),
    (" k ",),
    ("a, b",),
    ("",),
    ("s",),
    ("Bearer k",),
    ("None",),
]


def asked(chance, issued):
    """Return a request: most are polls, with keys that were issued too."""
    if chance.random() < 0.05:
        query = f"credential_type=retrain&model_id={chance.randint(1, 3)}"
        return Request("GET", f"{API}/api-key", query, ("s",), "http://h")
    keys = chance.choice(KEYS + [(key,) for key in issued] * 4)
    if chance.random() < 0.02:
        return Request("GET", f"{API}/retrain_jobs/upload_url", "filename=a.csv", keys, "http://h")
    return Request(
        chance.choice(["GET"] * 8 + ["HEAD", "PUT"]),
        f"{API}/retrain_jobs/{chance.choice(IDS)}",
        chance.choice(["", "", "x=1"]),
        keys,
        chance.choice(["http://h", "http://h", "https://g"]),
        chance.random() < 0.1,
        ((b"host", b"h"),),
        chance.choice(["", "", "a note"]),
    )


def acts(chance):
    """Return what somebody does to a mock."""
    job, key = chance.choice("abc"), chance.choice("ks")
    span = chance.choice([SECOND // 10, SECOND, 5 * SECOND, 3600 * SECOND, 40 * 86400 * SECOND])
    fault, played = chance.choice(["timeout", "connection_reset"]), chance.choice([PLAYED, OTHER])
    return chance.choice(
        [
            lambda driver: driver.advance(span),
            lambda driver: driver.advance(span),
            lambda driver: driver.step(job),
            lambda driver: driver.reset(),
            lambda driver: driver.reset(job),
            lambda driver: driver.reset(key=key),
            lambda driver: driver.fail_next(fault, 1, job),
            lambda driver: driver.fail_next(fault, 1, key=key),
            lambda driver: driver.forgive(),
            lambda driver: driver.load(played),
            lambda driver: driver.forget_requests(),
            lambda driver: driver.set_status(job, "job_finished"),
        ]
    )


def outcome(act, driver):
    """Return what came of an act, or why there is nothing."""
    try:
        return act(driver)
    except (LookupError, ValueError) as error:
        return repr(error)


@pytest.mark.parametrize("seed", range(12))
def test_a_further_poll_is_answered_and_noted_as_in_the_ordinary_way(seed):
    """Whatever was asked, and done to the mock, before; where states are forgotten, too."""
    chance, issued = random.Random(seed), []  # noqa: S311 -- nothing secret
    start = datetime(2026, 1, 1, tzinfo=UTC)
    mocks = [
        kind(PLAYED, VirtualClock(start), seed=1, journal_max=50, jobs_max=2)
        for kind in (Engine, Ordinary)
    ]
    for _ in range(250):
        if chance.random() < 0.88:
            request = asked(chance, issued)
            straight, ordinary = [mock.handle(request) for mock in mocks]
            if request.path.endswith("api-key") and straight.status == 200:
                issued.append(json.loads(straight.body)["api_key"])
        else:
            act = acts(chance)
            straight, ordinary = [outcome(act, Driver(mock)) for mock in mocks]
        assert straight == ordinary
        here, there = map(list, (mock.journal for mock in mocks))
        assert here == there
    here, there = [mock.journal.totals.saved() for mock in mocks]
    assert here == there
