"""Where too many jobs are known only by a pattern, some are forgotten; the journal says so."""

import sys

import pytest

ANY = "jobs: {'*': {timeline: [{status: first, for: 1 poll}, {status: second}]}}"


@pytest.fixture
def crowded(mock):
    """A mock that remembers two transients."""
    return mock(ANY, jobs_max=2)


def test_the_journal_says_what_was_forgotten(crowded):
    """At the poll that it made way for, the key masked; and once."""
    for job in ("one", "two", "three", "three"):
        crowded.poll(job, "a-secret-api-key")
    notes = [entry.notes for entry in crowded.entries]
    assert notes[:2] == [(), ()]
    assert notes[2] == (
        (
            "too many jobs that only a pattern knows: "
            "one of key a-se…, polled the longest ago, begins anew"
        ),
    )
    assert notes[3] == ()


def test_what_was_polled_lately_stays(crowded):
    """The one polled the longest ago goes."""
    for job in ("one", "two", "one", "three"):
        crowded.poll(job)
    assert "two of key …" in crowded.entries[-1].notes[0]
    assert crowded.sees("one") == "second"
    assert crowded.sees("two") == "first"


def test_a_very_long_id_is_cut_in_the_note(crowded):
    """As everywhere in the journal."""
    for job in ("x" * 200, "two", "three"):
        crowded.poll(job)
    assert len(crowded.entries[-1].notes[0]) < 400


def test_the_key_of_a_guest_is_not_interned(crowded):
    """Python 3.12 never lets go of a text that was; random keys would add up for ever."""
    parts = ("a", "key", "made", "up", "just", "now")
    key = "-".join(parts)
    crowded.poll("one", key)
    assert sys.intern("-".join(parts)) is not key


@pytest.mark.slow
def test_a_load_test_has_room(mock):
    """Users at random poll 6,000 pairs of key and job; none of them goes backwards."""
    asked = mock(ANY)
    for _ in range(2):
        for number in range(6000):
            asked.poll(f"job-{number % 1000}", f"key-{number % 7}")
    assert asked.sees("job-0", "key-0") == "second"
    assert asked.engine.job_states.evicted == 0
