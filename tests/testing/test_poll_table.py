"""The table of polls in failing tests: long runs are told in few lines."""

import re
from urllib.parse import unquote

import pytest
from helpers.engine_mock import PATH, Mock

from mock_p1.analysis.poll_table import poll_table

SCENARIO = """
jobs:
  a: {timeline: [{status: job_waiting, for: 100s}, {status: job_running}]}
  b: {timeline: [{status: job_running}]}
"""


@pytest.fixture
def asked():
    """A mock that nobody has asked yet."""
    return Mock(SCENARIO)


def poll(asked, times, seconds=10, job="a", **more):
    """Poll a job in a steady rhythm."""
    for _ in range(times):
        asked.poll(job, **more)
        asked.wait(seconds)


def lines(asked, *marked, **options):
    """Return the table's rows without the head, blanks made one, marks and numbers first."""
    rows = poll_table(asked.entries, marked, **options).splitlines()[1:]
    return [re.sub(" +", " ", row.strip()) for row in rows]


def firsts(rows):
    """Return what each row begins with: a mark, a number, or how many are left out."""
    return [re.match(r"> \d+|\d+|… .*|#\d+", row)[0] for row in rows]


def test_equal_rows_become_one(asked):
    """Their first and last stay; between them one line says how many, and how far apart."""
    poll(asked, 25)
    assert firsts(lines(asked)) == [
        "1", "… 8 equal, 10s apart", "10", "11", "… 13 equal, 10s apart", "25",
    ]  # fmt: skip


def test_an_uneven_rhythm_is_told(asked):
    """By the shortest and the longest interval."""
    poll(asked, 3, 1, "b")
    poll(asked, 4, 5, "b")
    assert firsts(lines(asked)) == ["1", "… 5 equal, 1s to 5s apart", "7"]


@pytest.mark.parametrize("times", [1, 2, 3, 4])
def test_a_few_equal_rows_stay(asked, times):
    """A line in their place would save nothing."""
    poll(asked, times, job="b")
    assert len(lines(asked)) == times


def test_marked_rows_and_their_neighbours_stay(asked):
    """What broke a rule is seen with what was before and after."""
    poll(asked, 40, 1, "b")
    assert firsts(lines(asked, 20)) == [
        "1", "… 15 equal, 1s apart", *map(str, range(17, 20)), "> 20", *map(str, range(21, 24)),
        "… 16 equal, 1s apart", "40",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "odd", [{"job": "nothing"}, {"key": "other"}, {"query": "x=1"}], ids=["job", "key", "note"]
)
def test_rows_that_differ_stay(asked, odd):
    """In the job, the key, or what is noted of them."""
    poll(asked, 10, job="b")
    poll(asked, 1, **({"job": "b"} | odd))
    poll(asked, 10, job="b")
    shown = [row for row in firsts(lines(asked)) if not row.startswith("#")]
    assert shown == [
        "1", "… 8 equal, 10s apart", "10", "11", "12", "… 8 equal, 10s apart", "21",
    ]  # fmt: skip


def test_all_rows_where_all_are_asked_for(asked):
    """The table that a test prints by itself has a line for each poll."""
    poll(asked, 50, job="b")
    assert len(lines(asked, most=None)) == 50


def test_what_is_left_out_is_counted_whole(asked):
    """Also where the middle that is left out has lines that stand for several rows."""
    for _ in range(30):
        poll(asked, 10, 1, "b")
        poll(asked, 1, 1, "a")
    shown = firsts(lines(asked))
    hidden = sum(int(row.split()[1]) for row in shown if row.startswith("…"))
    assert hidden + sum(row.isdigit() for row in shown) == 330
    assert len(shown) == 41


@pytest.mark.parametrize("hostile", ["%0Afake", "%1B%5B2J", "%E2%80%A8", "%C2%9B31m"])
@pytest.mark.parametrize("where", ["id", "path"])
def test_what_a_client_sends_begins_no_line_and_moves_no_cursor(asked, hostile, where):
    """Be it the id of a job, or a path as a server of another kind may hand it over."""
    asked.ask(f"{PATH}{hostile}" if where == "id" else f"/v2/{unquote(hostile)}", "k")
    rows = poll_table(asked.entries).splitlines()
    assert [row[:1] for row in rows] == [" ", " ", *"#" * len(asked.entries[0].notes)]
    assert all(row.isprintable() for row in rows)


def test_a_note_is_written_out_and_whole(asked):
    """However long it is."""
    asked.ask("/v1/external/" + "x" * 100 + "\x1b\n")
    (note,) = [row for row in poll_table(asked.entries).splitlines() if row.startswith("#")]
    assert note.isprintable()
    assert note.endswith("/update_model")


def test_where_a_step_stands_is_shown_whole(asked):
    """However long its path is."""
    path = f"/{'folder/' * 40}mine.yaml"
    poll(asked, 1)
    entries = [entry._replace(source=f"{path}:7") for entry in asked.entries]
    assert f" {path}:7 " in poll_table(entries)
