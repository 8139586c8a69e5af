"""A file that is downloaded in parts: which call has all of it, and what is missing of others.

Of a file of 60 bytes; ``lost`` is what the client has not taken to its end.
"""

import pytest
from helpers.engine_mock import Mock

from mock_p1.engine import parts as parts_file
from mock_p1.engine.journal import NOT_TAKEN
from mock_p1.engine.parts import Parts
from mock_p1.scenario.parser import parse

RESULT = "jobs: {a: {timeline: [{status: job_finished, result: {file: r.csv}}]}}"


@pytest.fixture
def mock():
    """A job whose result has 60 bytes."""
    mock = Mock("jobs: {}")
    mock.driver.load(parse(RESULT, attach=lambda *_: b"1,2,3\n" * 10))
    return mock


def play(mock, *calls):
    """Ask for parts, one call after another; return the places of those that have it all.

    ``-N`` says that the client has not taken the Nth to its end, ``+N`` that it has after all, a
    word after the part is the fault that strikes it.
    """
    path, numbers = mock.result_path(), []
    for call in calls:
        if isinstance(call, int):
            mock.engine.note_taken(numbers[abs(call) - 1], call > 0)
            continue
        wanted, _, fault = call.partition(" ")
        if fault:
            mock.driver.fail_next(fault, on="result_download")
        headers = () if wanted == "all" else ((b"range", f"bytes={wanted}".encode()),)
        mock.ask(path, headers=headers)
        numbers.append(mock.entries[-1].number)
    done = {entry.number for entry in mock.entries if entry.done}
    return [place for place, number in enumerate(numbers, 1) if number in done]


@pytest.mark.parametrize(
    ("calls", "complete"),
    [
        (["all", "-1"], [1]),
        (["all", "0-9", "20-"], [1]),
        (["all", "0-9", "20-", "10-19"], [1, 4]),
        (["0-29", "30-", "30-"], [2]),
        (["0-", "0-29", "30-"], [1, 3]),
    ],
)
def test_after_a_download_another_one_begins_with_nothing(mock, calls, complete):
    """What was had before fills no hole of it."""
    assert play(mock, *calls) == complete


@pytest.mark.parametrize(
    ("calls", "complete"),
    [
        (["0-29", -1, "30-"], []),
        (["0-29", "30-", -1], []),
        (["0-29", "30-", -2], []),
        (["30-", "0-29", -1], []),
        (["0-29", "30-", -1, "0-29"], [3]),
        (["0-29", "30-", -1, +1], [1]),
        (["0-29", "30-", -1, -2, +2, +1], [1]),
        (["0-", "30-", -1, -2], []),
    ],
)
def test_a_part_that_was_not_taken_is_missing(mock, calls, complete):
    """Whenever that is known, until it comes after all or is asked for again."""
    assert play(mock, *calls) == complete


@pytest.mark.parametrize(
    ("calls", "complete"),
    [
        (["all", -1, "20-"], [2]),
        (["all", -1, "20-", -2, "40-"], [3]),
        (["0-29", -1, "20-29", "30-"], [3]),
        (["all", "20-", -1], [2]),
        (["0-29", "30-", "50-", -2], [3]),
        (["all", -1, "all", "20-"], [2]),
    ],
)
def test_a_client_goes_on_where_it_has_broken_off(mock, calls, complete):
    """It has what comes before, also where it is known later that the part broke off."""
    assert play(mock, *calls) == complete


@pytest.mark.parametrize(
    ("calls", "complete"),
    [
        (["all truncated_body", "30-"], [2]),
        (["all truncated_body", "31-"], []),
        (["30-", "all truncated_body"], [2]),
        (["all connection_reset", "30-"], []),
        (["0-29 timeout", "30-"], []),
        (["0-29 malformed_json", "30-"], []),
        (["0-29 slow_body", "30-"], [2]),
        (["0-29 slow_body", -1, "30-"], []),
    ],
)
def test_of_a_part_that_a_fault_struck_counts_what_came(mock, calls, complete):
    """Half of it, all or nothing."""
    assert play(mock, *calls) == complete


def test_whole_files_side_by_side_count_each_by_itself(mock):
    """One that comes to its end is complete, whatever becomes of the other."""
    assert play(mock, "all", -1, "all", -2, +1) == [1]
    assert play(mock, "all", -1, "all", -2, +1, +2) == [1, 2]


def test_the_job_counts_downloads_and_the_journal_notes_what_is_missing(mock):
    """A call that no longer has it all takes its count back."""
    play(mock, "0-29", "30-", -1)
    [job] = mock.engine.job_states.of("a")
    assert job.downloads == 0
    assert [entry.notes for entry in mock.entries[1:]] == [(NOT_TAKEN,), ()]
    play(mock, "0-29", "30-")
    assert job.downloads == 1


def test_a_state_that_is_saved_in_the_midst_of_a_download(mock):
    """It goes on with the parts that it had."""
    parts = Parts("f", 60)
    parts.add(0, 30, 1)
    parts.add(30, 50, 2)
    parts.note(2, taken=False)
    again = Parts.restored(parts.saved())
    assert again.saved() == parts.saved()
    assert again.add(40, 60, 3)


def test_many_parts_are_kept_together(monkeypatch):
    """However many there are; of too many with gaps, those at the end of the file are forgotten."""
    monkeypatch.setattr(parts_file, "MAX_PARTS", 10)
    parts = Parts("f", 100)
    assert not any(parts.add(n, n + 1, n) for n in range(99))
    assert parts.add(99, 100, 99)
    gaps = Parts("f", 100)
    assert not any(gaps.add(n, n + 1, n) for n in range(0, 100, 2))
    assert len(gaps.saved()[2]) <= 10
