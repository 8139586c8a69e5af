"""Requests that this mock does not imitate.

A JSON 404 or 405 that explains, and a row in the journal that says why.
"""

import json
import re

import pytest

from mock_p1.contract.operations import OPERATIONS, SIBLINGS
from mock_p1.engine import not_imitated

TEXT = "jobs: {a: {timeline: [{status: job_finished}]}}"
API = "GET /v1/external/retrain_jobs/{retrain_job_id}"
LAST = "PUT /v1/external/retrain_jobs/{retrain_job_id}/update_model"


@pytest.mark.parametrize(
    ("path", "nearest"),
    [
        ("/", None),
        ("/favicon.ico", None),
        ("/v1/external/retrain_jobs", "GET /v1/external/retrain_jobs/upload_url"),
        ("/v1/external/retrain_jobs/", API),
        ("/v1/external/retrain_jobs/a/", "GET /v1/external/retrain_jobs/a"),
        ("//v1/external/retrain_jobs//a", "GET /v1/external/retrain_jobs/a"),
        ("/v1/external/retrain_jobs/b/../a", "GET /v1/external/retrain_jobs/a"),
        ("/v1/external/retrain_jobs/.", API),
        ("/v1/external/retrain_jobs/..", API),
        ("/v1/external/retrain_jobs/%2e%2e", API),
        ("/V1/External/Retrain_Jobs/a", API),
        ("/v2/external/retrain_jobs/a", API),
        ("/retrain_jobs/a", API),
        ("/v1/external/api_key", "GET /v1/external/api-key"),
        ("/v1/external/apikey", "GET /v1/external/api-key"),
        ("/v1/external/retrain-jobs/upload-url", "GET /v1/external/retrain_jobs/upload_url"),
        ("/v1/external/retrain_job/a/update-model", LAST),
        ("/results/a", None),
        ("/v1/external/retrain_jobs/a\nb/", "GET /v1/external/retrain_jobs/a\nb"),
        ("*", None),
        ("", None),
    ],
)
def test_a_path_that_is_nothing_here(mock, path, nearest):
    """What is imitated, and what comes nearest."""
    asked = mock(TEXT)
    reply = asked.ask(path)
    body = json.loads(reply.body)
    assert reply.status == 404
    assert reply.headers == (("Content-Type", "application/json"),)
    assert (body["error"], body["imitated"], body["nearest"]) == (
        "MOCK_P1_NOT_IMITATED",
        [str(operation) for operation in OPERATIONS.values()],
        nearest,
    )
    assert body["message"].endswith(LAST)
    meant = f"; did you mean {nearest}?" if nearest else ";"  # first: a log cuts what is long
    assert f"{meant} Mock P1 imitates" in body["message"]


@pytest.mark.parametrize("sibling", SIBLINGS, ids=str)
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_the_siblings_are_known_by_name(mock, sibling, method):
    """They are calls of the real service beside the retrain sequence, and not imitated."""
    path = sibling.template.replace("{id}", "1")
    body = json.loads(mock(TEXT).ask(path, "k", method=method).body)
    assert " is not imitated; Mock P1 imitates " in body["message"]
    assert body["message"].partition(" API:")[0] in ("Train", "Prediction")
    assert body["nearest"] is None


VERBS = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PURGE", "get", "", "M" * 100_000]


@pytest.mark.parametrize(
    ("operation", "method"),
    [
        pytest.param(operation, method, id=f"{operation.name}-{method[:9]}")
        for operation in OPERATIONS.values()
        for method in VERBS
        if method != operation.method
    ],
)
def test_a_method_that_the_api_does_not_have(mock, method, operation):
    """A 405 with Allow, whatever the verb."""
    path = re.sub(r"\{\w+\}", "1", operation.template)
    reply = mock(TEXT).ask(path, "k", method=method)
    body = json.loads(reply.body)
    allowed = "GET, HEAD" if operation.name == "result_download" else operation.method
    assert (reply.status, dict(reply.headers)["Allow"]) == (405, allowed)
    assert (body["error"], body["nearest"]) == ("MOCK_P1_METHOD_NOT_ALLOWED", str(operation))
    assert body["message"].endswith(f" is not allowed here; the API has {operation}")
    assert len(body["message"]) < 200


@pytest.mark.parametrize("path", ["/v1/external/retrain_jobs/a", "/nothing"])
def test_head_is_answered_without_a_body(mock, path):
    """With the headers of the answer that a body would have, or clients hang."""
    asked = mock(TEXT)
    reply = asked.ask(path, method="HEAD")
    assert reply.body == b""
    assert int(dict(reply.headers)["Content-Length"]) > 50


def test_the_journal_says_what_came_nearest(mock):
    """In a note, for the report of a failing test."""
    asked = mock(TEXT)
    asked.ask("/v1/external/retrain_jobs/a/", "k")
    asked.ask("/v1/external/retrain_jobs/a", "k", method="POST", has_body=True)
    lost, wrong = asked.entries
    assert "; did you mean GET /v1/external/retrain_jobs/a? " in lost.notes[0]
    assert wrong.notes == (
        f"POST is not allowed here; the API has {API}",
        "has a body; the API documents none",
    )
    assert (lost.unexpected, wrong.unexpected) == (True, True)
    assert (lost.operation, lost.job_id, lost.http_status, wrong.http_status) == (
        None,
        None,
        404,
        405,
    )


def test_no_job_moves(mock):
    """What is not imitated is no poll."""
    asked = mock("jobs: {a: {timeline: [{status: one, for: 1 poll}, {status: two}]}}")
    asked.poll("a", method="HEAD")
    asked.poll("a/")
    assert asked.sees() == "one"


@pytest.mark.parametrize("path", ["/v1/external/retrain_jobs/upload_url/", "/nothing"])
def test_of_a_query_there_nothing_is_noted(mock, path):
    """What was perhaps meant may document one."""
    asked = mock(TEXT)
    asked.ask(path, query="filename=train.csv")
    assert not [note for note in asked.entries[0].notes if "query" in note]


def test_a_long_path_is_not_compared_for_long(mock, monkeypatch):
    """With ten of its words is enough."""
    compared = []
    monkeypatch.setattr(not_imitated, "nearest", lambda word, _: compared.append(word))
    mock(TEXT).ask("/v1/external/" + "/".join(f"word-{number}" for number in range(1000)))
    assert len({*compared}) <= not_imitated.MOST_WORDS
