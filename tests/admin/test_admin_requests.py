"""``/__admin/requests``: what was asked."""

import json
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
    assert (row["number"], row["seconds"], row["api_key"], row["job_id"]) == (
        2,
        10.0,
        "de…",
        "slow",
    )
    assert (row["method"], row["path"]) == ("GET", "/v1/external/retrain_jobs/slow")
    assert (row["outcome"], row["status"], row["http_status"]) == (
        "job_waiting",
        "job_waiting",
        200,
    )
    assert (row["source"], row["waits_for"]) == ("jobs.yaml:8", "1m30s")
    assert row["place"] == {
        "step": 2,
        "since_seconds": 10.0,
        "seen": 0,
        "until_seconds": 100.0,
        "ahead": [{"step": 3, "since_seconds": 100.0, "until_seconds": None}],
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


@pytest.mark.parametrize(
    ("query", "near"),
    [
        ("operation=retrain_status_chek", "retrain_status_check"),
        ("error=invalid_api_kye", "invalid_api_key"),
        ("fault=timeuot", "timeout"),
        ("fault=broken_of", "broken_off"),
        ("operation=nonee", "none"),
    ],
)
@pytest.mark.parametrize("path", ["/requests", "/requests/count", "/requests/export"])
def test_a_name_that_there_is_not_is_refused(controls, path, query, near):
    """A count of what cannot be asked for is always 0: a check of it would always pass."""
    message = controls.refused(400, "GET", f"{path}?{query}")["message"]
    assert message.endswith(f"did you mean {near}?")


def test_totals_of_an_operation_that_there_is_not_are_refused(controls):
    """The other filters of the totals are open."""
    message = controls.refused(400, "GET", "/requests/totals?operation=poll")["message"]
    assert message.startswith("unknown operation 'poll'; known: ")


def test_calls_to_the_controls_are_no_requests(controls):
    """Nor are those of a browser for the page and its icon."""
    for path in ("/__admin/jobs", "/__admin/nothing", "/__admin/", "/favicon.ico", "/"):
        controls.client.get(path)
    assert controls.get("/requests/count") == {"count": 0}


@pytest.mark.parametrize("journal_max", [0, 2])
def test_counts_are_true_whatever_the_journal_keeps(scenario, journal_max):
    """By job, outcome, operation and key."""
    controls = Controls(scenario, journal_max=journal_max)
    for _ in range(5):
        controls.poll("slow")
    controls.poll("odd")
    controls.poll("slow", "nobody")
    for query, count in (
        ("", 7),
        ("?job=slow", 6),
        ("?outcome=not_found_credential", 1),
        ("?operation=retrain_status_check&error=not_found_credential", 1),
        ("?api_key=demo-key", 6),
        ("?operation=none", 0),
    ):
        assert controls.get(f"/requests/count{query}") == {"count": count}, query


def test_counts_begin_anew_with_a_reset_and_totals_go_on(controls):
    """Both are told."""
    controls.poll("slow")
    controls.do("POST", "/reset")
    controls.poll("slow")
    controls.poll("slow")
    totals = controls.get("/requests/totals?job=slow&operation=retrain_status_check")
    assert (totals["since_reset"], totals["since_start"], totals["kinds"]) == (2, 3, 1)
    row = totals["totals"][0]
    assert row.pop("caller") == controls.get("/requests")["requests"][0]["caller"]
    assert row == {
        "job_id": "slow", "operation": "retrain_status_check", "outcome": "job_waiting",
        "since_reset": 2, "since_start": 3,
    }  # fmt: skip


def test_totals_show_the_most_first(asked):
    """And no more than are asked for."""
    totals = asked.get("/requests/totals?limit=1")
    assert (totals["since_start"], totals["kinds"] > 1) == (8, True)
    assert [row["since_start"] for row in totals["totals"]] == [2]


def test_of_too_many_kinds_the_totals_stay_true(scenario, monkeypatch):
    """Only whose and which they were is not known."""
    monkeypatch.setattr("mock_p1.engine.totals.MAX_SHOWN", 3)
    controls = Controls(scenario)
    for number in range(10):
        controls.poll(f"any-{number}")
    totals = controls.get("/requests/totals")
    assert (totals["since_start"], totals["kinds"]) == (10, 4)
    assert [row["since_start"] for row in totals["totals"] if row["job_id"] is None] == [7]
    assert (totals["unassigned"], controls.get("/health")["limits_reached"]) == (7, {"kinds": 7})
    assert controls.get("/requests/count?job=any-9") == {"count": 0, "unassigned": 7}


def test_ids_that_are_none_keep_no_job_from_being_counted(controls, monkeypatch):
    """There is less room for what somebody made up."""
    monkeypatch.setattr("mock_p1.engine.totals.MAX_KINDS", 2)
    for number in range(5):
        controls.poll(f"%7B{number}%7D")
    for _ in range(2):
        controls.poll("slow")
    assert controls.get("/requests/count?job=slow") == {"count": 2, "unassigned": 3}
    assert controls.get("/requests/totals")["since_start"] == 7


def test_the_journal_can_be_read_whole_line_by_line(asked):
    """The oldest first; the next ones by the number of the last."""
    numbers, rows = [], True
    while rows:
        reply = asked.call("GET", f"/requests/export?limit=3&since={max(numbers, default=0)}")
        assert reply.headers["Content-Type"] == "application/x-ndjson"
        rows = [json.loads(line) for line in reply.text.splitlines()]
        numbers += [row["number"] for row in rows]
    assert numbers == [1, 2, 3, 4, 5, 6, 7, 8]
    (first,) = asked.call("GET", "/requests/export?limit=1").text.splitlines()
    assert json.loads(first) == asked.get("/requests")["requests"][0]


def test_an_export_is_of_all_that_the_journal_has(controls):
    """A page of it would be taken for the whole."""
    for _ in range(150):
        controls.poll("slow")
    assert len(controls.call("GET", "/requests/export").text.splitlines()) == 150


def test_a_reset_makes_room_for_further_kinds(scenario, monkeypatch):
    """Kinds of before do not keep job and caller from those that come."""
    monkeypatch.setattr("mock_p1.engine.totals.MAX_SHOWN", 3)
    controls = Controls(scenario)
    for number in range(5):
        controls.poll(f"any-{number}")
    controls.do("POST", "/reset")
    controls.poll("slow")
    assert controls.get("/requests/count?job=slow") == {"count": 1}


def test_polls_of_a_known_job_are_counted_after_the_requests_were_forgotten(controls):
    """Its state goes on, its count begins anew."""
    for _ in range(3):
        controls.poll("held")
    controls.do("DELETE", "/requests")
    for _ in range(2):
        controls.poll("held")
    assert controls.get("/requests/count?job=held") == {"count": 2}
    assert controls.get("/requests/totals?job=held")["since_start"] == 5
