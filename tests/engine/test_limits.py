"""Each limit of what is remembered is counted once it is reached, and has something to say."""

import re
from pathlib import Path

import pytest

import mock_p1
from mock_p1.engine.limits import LIMITS

PACKAGE = Path(mock_p1.__file__).parent
SCENARIO = """
jobs: {a: {timeline: [{status: job_finished, result: {rows: 5, fails: 1}}]}}
new_jobs: {timeline: [{status: job_waiting, for: upload}, {status: job_finished}]}
calls: {retrain_data_upload: [{reply: {status_code: 503}, for: 1 call}, ok]}
rate_limit: {polls: 10, per: 1m}
"""


def fails(asked, key):
    """Let the link of a result fail."""
    asked.ask(asked.result_path(key=key))


def uploads(asked, key):
    """Send a file for a job of the key's own."""
    asked.get_upload(key)
    asked.put(asked.create(key)[1])


REACHED = {
    "calls": ("call_timelines.MAX_PLACES", lambda asked, key: asked.get_upload(key)),
    "created_jobs": ("retrain_data_upload.MAX_CREATED", uploads),
    "issued_keys": ("get_api_key.MAX_ISSUED", lambda asked, key: asked.get_key(f"{key}-s")),
    "links": ("result_download.MAX_LINKS", fails),
    "rate_limit": ("rate_limit.MAX_CALLERS", lambda asked, key: asked.poll(key=key)),
    "resets": ("mock_state.MAX_RESETS", lambda asked, key: asked.driver.reset(key=key)),
    "uploads": ("uploads.MAX_UPLOADS", uploads),
    "used_keys": ("callers.MAX_WORDS", lambda asked, key: asked.poll(key=key)),
}


@pytest.mark.parametrize("name", REACHED)
def test_a_limit_is_counted_when_it_is_reached(mock, monkeypatch, name):
    """By two callers, where there is room for one; and not before."""
    limit, act = REACHED[name]
    monkeypatch.setattr(f"mock_p1.engine.{limit}", 1)
    asked = mock(SCENARIO)
    asked.poll(key="one")
    act(asked, "one")
    assert name not in asked.engine.limits_reached()
    asked.poll(key="two")
    try:
        act(asked, "two")
    except KeyError:  # it was refused a job, and has no URL to send its file to
        assert name == "created_jobs"
    assert asked.engine.limits_reached() == {name: 1}


def test_a_journal_that_is_full_is_counted(mock):
    """By the requests that have gone; those that were deleted, or never kept, do not count."""
    asked = mock(SCENARIO, journal_max=2)
    for left in (2, 5):
        for _ in range(left):
            asked.poll()
        asked.engine.limits_reached()
    assert asked.engine.limits_reached() == {"journal": 5}
    asked.driver.forget_requests()
    assert asked.engine.limits_reached() == {}
    nothing = mock(SCENARIO, journal_max=0)
    nothing.poll()
    assert nothing.engine.limits_reached() == {}


def test_every_limit_that_is_counted_has_something_to_say():
    """No log looks for words that there are not, and no words are for nothing."""
    code = "".join(path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py"))
    counted = set(re.findall(r'reached\["(\w+)"\] \+= ', code))
    assert counted | {"jobs", "journal", "kinds", "upload_contents"} == set(LIMITS)
