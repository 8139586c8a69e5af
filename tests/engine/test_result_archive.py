"""The archive behind download_url."""

import csv
import io
import json
import zipfile
from hashlib import sha256

import pytest

from mock_p1.engine.not_imitated import NO_LINK
from mock_p1.engine.result_archive import archive

GENERATED = """
seed: 7
jobs: {a: {timeline: [{status: w, for: 1 poll}, {status: job_finished, result: generated}]}}
"""


def fetch(asked, job="a", polls=2):
    """Poll a job to its end and fetch what download_url leads to."""
    for _ in range(polls):
        reply = asked.poll(job)
    url = json.loads(reply.body)["download_url"]
    return asked.ask(url.removeprefix("http://mock"))


def tables(content):
    """Return the archive's files as rows of text."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        assert packed.testzip() is None
        return {
            name: list(csv.reader(io.StringIO(packed.read(name).decode())))
            for name in packed.namelist()
        }


def test_the_same_seed_gives_the_same_bytes():
    """On every machine and with every Python: the digest is pinned."""
    assert (
        sha256(archive(7, 100)).hexdigest()
        == "b72fe4cbf7dead65d4d43c203cd115289d36ec7b909b969ce009d64c515efed0"
    )


def test_the_bytes_of_a_scenario_are_pinned(mock):
    """From the seed in the file to the last byte of the download."""
    assert (
        sha256(fetch(mock(GENERATED)).body).hexdigest()
        == "a2d02bd71b22573641063eb44ce2515248928db911b65d771e99ef3b858c861a"
    )


def test_it_is_a_zip_with_the_three_files():
    """Those that the desktop edition's training writes."""
    assert list(tables(archive(7, 5))) == [
        "metrics.csv",
        "analysis_summary.csv",
        "evaluation_raw_data.csv",
    ]


def test_figures_agree_with_each_other():
    """The accuracy is that of the rows; the rows are as many as asked for."""
    read = tables(archive(7, 250))
    head, *rows = read["evaluation_raw_data.csv"]
    assert head == ["row", "actual", "predicted", "probability"]
    assert [row[0] for row in rows] == [str(number) for number in range(1, 251)]
    assert all(
        0 <= float(row[3]) <= 1 and (row[2] == "yes") == (float(row[3]) >= 0.5) for row in rows
    )
    metrics = dict(read["metrics.csv"])
    assert float(metrics["accuracy"]) == round(sum(row[1] == row[2] for row in rows) / 250, 4)
    assert (
        metrics["evaluated_rows"] == dict(read["analysis_summary.csv"])["evaluation_rows"] == "250"
    )


@pytest.mark.parametrize("rows", [1, pytest.param(100_000, marks=pytest.mark.slow)])
def test_from_one_row_to_the_most_there_may_be(rows):
    """Both ends of the range."""
    assert len(tables(archive(7, rows))["evaluation_raw_data.csv"]) == rows + 1


def test_another_seed_or_job_gives_another_result(mock):
    """Results are not all alike."""
    star = "jobs: {'*': {timeline: [{status: job_finished, result: {rows: 3}}]}}"
    asked, other = mock(star), mock(f"seed: 8\n{star}")
    assert (
        len({fetch(asked, "a", 1).body, fetch(asked, "b", 1).body, fetch(other, "a", 1).body}) == 3
    )


def test_download_url_answers_without_a_key(mock):
    """A plain GET, as the manual's examples do it."""
    reply = fetch(mock(f"api_keys: {{k: active}}\n{GENERATED}"))
    assert reply.status == 200
    headers = dict(reply.headers)
    assert headers["Content-Type"] == "application/zip"
    disposition = "attachment; filename=\"result.zip\"; filename*=UTF-8''result.zip"
    assert headers["Content-Disposition"] == disposition


def test_a_result_of_so_many_rows(mock):
    """As many as the scenario says; a hundred where it says nothing."""
    asked = mock(
        "jobs: {a: {timeline: [{status: s, result: {rows: 3}}]}, "
        "b: {timeline: [{status: s, result: generated}]}}"
    )
    counts = [len(tables(fetch(asked, job, 1).body)["evaluation_raw_data.csv"]) - 1 for job in "ab"]
    assert counts == [3, 100]


@pytest.mark.parametrize(
    ("part", "other"),
    [
        ("/2/", "/1/"),
        ("/2/", "/3/"),
        ("/2/", "/0/"),
        ("/2/", "/-1/"),
        ("/2/", "/x/"),
        ("/2/", "/%D9%A2/"),
        ("/2/", "/99999999999999999999/"),
        ("/2/", f"/{'2' * 100_000}/"),
        ("result.zip", "other.zip"),
        ("/a/", "/b/"),
        ("/a/", f"/{'i' * 100_000}/"),
        ("/results/", "/results/0"),
    ],
)
def test_a_link_that_leads_to_nothing(mock, part, other):
    """A link is used as it was given out; a JSON 404 says so."""
    asked = mock(GENERATED)
    asked.poll()
    reply = asked.ask(asked.result_path().replace(part, other))
    body = json.loads(reply.body)
    assert (reply.status, body["error"]) == (404, "MOCK_P1_NO_RESULT")
    assert "links are used as they stand" in body["message"]
    assert NO_LINK in asked.entries[-1].notes
    assert len(body["message"]) < 500


def test_a_link_of_before_a_reset_leads_to_nothing(mock):
    """Also where the job shows a new one."""
    asked = mock(GENERATED)
    asked.poll()
    before = asked.result_path()
    asked.driver.reset()
    asked.poll()
    after = asked.result_path()
    assert (asked.ask(before).status, asked.ask(after).status) == (404, 200)


def test_the_same_job_of_two_callers_has_two_links(mock):
    """A link names whose it is."""
    asked = mock("jobs: {a: {timeline: [{status: job_finished, result: generated}]}}")
    assert asked.result_path("a", "k-1") != asked.result_path("a", "k-2")
