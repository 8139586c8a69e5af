"""Thousands of jobs in one line."""

from itertools import islice
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_p1.engine.job_ids import Numbered, Uuids

MANY = "generated_jobs: [{count: 100000, timeline: [{status: one, for: 1 poll}, {status: two}]}]"
PREFIXED = MANY.replace("count: 100000", "count: 100000, prefix: load-")
NOT_FOUND = "Not found retrain job."


def test_uuids_are_valid_and_unique():
    """A hundred thousand of version 4, in the usual spelling, no two alike."""
    ids = list(Uuids(100_000, 7, 0))
    assert len(set(ids)) == 100_000
    for text in ids[::1000]:
        made = UUID(text)
        assert (str(made), made.version, made.variant) == (text, 4, "specified in RFC 4122")


def test_uuids_follow_from_the_seed():
    """The same seed gives the same ids on every machine.

    Another seed, or another group, gives others.
    """
    assert list(Uuids(2, 7, 0)) == [
        "606f1b93-8d4f-44aa-a2dd-eaf858a7cd4a",
        "25984391-1926-4bc7-add1-3e06b2ac471e",
    ]
    assert not set(Uuids(100, 7, 0)) & set(Uuids(100, 8, 0))
    assert not set(Uuids(100, 7, 0)) & set(Uuids(100, 7, 1))


@given(st.integers(1, 1_000_000), st.integers(), st.data())
def test_every_uuid_of_a_group_is_recognised(count, seed, data):
    """Each says its own number, so that nothing need be remembered.

    The next one is none of them.
    """
    number = data.draw(st.integers(0, count - 1))
    ids = Uuids(count, seed)
    text = ids._make(number)
    assert text in ids
    assert ids._make(count) not in ids


def test_a_uuid_with_another_ones_number_is_not_recognised():
    """The number alone makes no id of ours."""
    ids = Uuids(100, 7)
    for text in ids:
        neighbour = f"{text[:24]}{int(text[24:], 16) ^ 1:012x}"
        assert text in ids
        assert neighbour not in ids


@given(st.uuids())
def test_no_other_uuid_is_recognised(other):
    """Whatever its version."""
    assert str(other) not in Uuids(1_000_000, 7)


@pytest.mark.parametrize(
    "change",
    [str.upper, lambda text: text[:-1], lambda text: "{" + text + "}", lambda text: text + "\n"],
)
def test_a_uuid_spelt_otherwise_is_another_id(change):
    """Ids are text."""
    ids = Uuids(1, 7)
    (text,) = ids
    assert text in ids
    assert change(text) not in ids


@pytest.mark.parametrize("job", ["load-1", "load-9", "load-99999", "load-100000"])
def test_numbers_of_a_prefix(mock, job):
    """From 1 to the count."""
    assert mock(PREFIXED).sees(job) == "one"


@pytest.mark.parametrize(
    "job",
    [
        "load-0",
        "load-100001",
        "load-01",
        "load-",
        "load",
        "load--1",
        "load-1.0",
        "load-%D9%A1",
        "load-1%20",
        "1",
    ],
)
def test_no_number_of_a_prefix(mock, job):
    """Nor other spellings of one."""
    assert mock(PREFIXED).sees(job) == NOT_FOUND


@given(st.text(max_size=5), st.integers(1, 10_000), st.data())
def test_a_prefix_and_its_numbers(prefix, count, data):
    """Membership is what listing gives."""
    ids = Numbered(prefix, count)
    number = data.draw(st.integers(0, 20_000))
    assert (f"{prefix}{number}" in ids) == (1 <= number <= count)
    assert list(islice(ids, 3)) == [f"{prefix}{n}" for n in range(1, min(count, 3) + 1)]


def test_each_generated_job_has_its_own_state(mock):
    """They share a timeline, not where they are in it."""
    asked = mock(MANY)
    first, second = islice(asked.engine.state.directory.ids(), 2)
    assert [asked.sees(job) for job in (first, first, second, second)] == [
        "one",
        "two",
        "one",
        "two",
    ]


def test_a_named_job_goes_before_a_generated_one(mock):
    """So that one of thousands can be made special."""
    asked = mock("""
        jobs: {load-2: {timeline: [{status: special}]}, load-*: {timeline: [{status: pattern}]}}
        generated_jobs: [{count: 3, prefix: load-, timeline: [{status: generated}]}]
    """)
    assert [asked.sees(f"load-{number}") for number in (1, 2, 3, 4)] == [
        "generated",
        "special",
        "generated",
        "pattern",
    ]


def test_ids_come_in_the_order_of_the_file(mock):
    """Named ones first, patterns not at all."""
    asked = mock("""
        generated_jobs:
          - {count: 2, prefix: b-, timeline: [{status: s}]}
          - {count: 1, prefix: "", timeline: [{status: s}]}
        jobs:
          z: {error: job_may_be_deleted}
          "*": {error: job_may_be_deleted}
          a: {error: job_may_be_deleted}
    """)
    assert list(asked.engine.state.directory.ids()) == ["z", "a", "b-1", "b-2", "1"]
    assert asked.engine.state.directory.count == 5


def test_the_engines_seed_goes_before_the_scenarios(mock):
    """Also for ids."""
    text = "seed: 1\ngenerated_jobs: [{count: 3, timeline: [{status: s}]}]"
    by_file, by_engine = (
        list(mock(text, seed=seed).engine.state.directory.ids()) for seed in (None, 2)
    )
    assert by_file != by_engine
    assert by_engine == list(mock(text.replace("seed: 1", "seed: 2")).engine.state.directory.ids())


def test_the_longest_prefix(mock):
    """As long as the longest id is an id."""
    prefix = "p" * 197
    text = f"generated_jobs: [{{count: 100, prefix: {prefix}, timeline: [{{status: one}}]}}]"
    assert mock(text).sees(f"{prefix}100") == "one"
