"""``/__admin/requests``: what was asked."""

from urllib.parse import urlsplit

import pytest
from helpers.admin_client import Controls


@pytest.fixture
def link(scenario):
    """The path of a result, as another mock of the same seed gives it out."""
    other = Controls(scenario)
    other.do("PUT", "/jobs/slow", {"status": "job_finished"})
    return urlsplit(other.poll("slow").json["download_url"]).path


@pytest.fixture
def asked(controls, link):
    """Controls after eight requests of several kinds."""
    for _ in range(3):
        controls.poll("slow")
        controls.pass_time(10)
    controls.poll("odd")
    controls.poll("slow", "nobody")
    controls.poll("slow", "expired-key")
    controls.client.get(link)
    controls.client.get("/v2/nothing")
    return controls


def test_a_row_says_what_was_asked_and_answered(asked):
    """Time, masked key, outcome, where the scenario says so, and what the job waited for."""
    row = asked.get("/requests")["requests"][1]
    assert (row["number"], row["at"], row["api_key"], row["job_id"]) == (2, 10.0, "de…", "slow")
    assert (row["method"], row["path"]) == ("GET", "/v1/external/retrain_jobs/slow")
    assert (row["outcome"], row["status"], row["http_status"]) == (
        "job_waiting",
        "job_waiting",
        200,
    )
    assert (row["source"], row["waits_for"]) == ("jobs.yaml:8", "1m30s")
    assert row["place"] == {
        "step": 2,
        "since": 10.0,
        "seen": 0,
        "until": 100.0,
        "ahead": [{"step": 3, "since": 100.0, "until": None}],
    }


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", [1, 2, 3, 4, 5, 6, 7, 8]),
        ("job=odd", [4]),
        ("status=job_waiting", [1, 2]),
        ("status=job_waiting&since=1", [2]),
        ("error=not_found_credential", [5]),
        ("fault=connection_reset", [4]),
        ("outcome=inactive_credential", [6]),
        ("operation=result_download", [7]),
        ("operation=none", [8]),
        ("since=6", [7, 8]),
        ("limit=2", [7, 8]),
        ("job=slow&limit=1", [7]),
        ("job=nobody-asked-for-it", []),
    ],
)
def test_rows_are_filtered(asked, query, numbers):
    """Every filter must fit; `limit` leaves the newest."""
    assert [row["number"] for row in asked.get(f"/requests?{query}")["requests"]] == numbers


def test_count_counts_all_that_fit_whatever_the_limit(asked):
    """In the list as in the count of its own."""
    assert asked.get("/requests?job=slow&limit=1")["count"] == 6
    assert asked.get("/requests/count?job=slow") == {"count": 6}


def test_a_reader_goes_on_from_where_it_was(asked):
    """`last` is what it gives as `since` the next time."""
    last = asked.get("/requests")["last"]
    assert asked.get(f"/requests?since={last}")["requests"] == []
    asked.poll("held")
    assert [row["job_id"] for row in asked.get(f"/requests?since={last}")["requests"]] == ["held"]


def test_requests_are_forgotten(asked):
    """Numbers go on, so that `since` keeps its meaning."""
    assert asked.do("DELETE", "/requests") == {"deleted": 8}
    assert asked.get("/requests") == {"count": 0, "last": 8, "requests": []}
    asked.poll("slow")
    assert asked.get("/requests?since=8")["requests"][0]["number"] == 9


@pytest.mark.parametrize(
    "query",
    ["since=-1", "since=x", "since=1e3", "since=" + "9" * 16, "limit=10001", "key=demo-key"],
)
def test_a_filter_that_cannot_be_used_is_refused(controls, query):
    """An unknown one too: it would let everything through."""
    controls.refused(400, "GET", f"/requests?{query}")


def test_calls_to_the_controls_are_no_requests(controls):
    """Nor are those of a browser for the page and its icon."""
    for path in ("/__admin/jobs", "/__admin/nothing", "/__admin/", "/favicon.ico", "/"):
        controls.client.get(path)
    assert controls.get("/requests/count") == {"count": 0}
