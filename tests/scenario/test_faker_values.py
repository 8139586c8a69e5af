"""Values that a scenario leaves to the mock to invent."""

import json
import random
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from uuid import uuid4

import pytest

from mock_p1.scenario import faker_values as values_module
from mock_p1.scenario.faker_values import draw, seed_for
from mock_p1.scenario.parser import parse
from mock_p1.scenario.problems import ScenarioError

FAKES = """
seed: {seed}
jobs:
  "*":
    timeline:
      - status: job_finished
        model_id: {{fake: random_int, min: 1, max: 1000000}}
        message: {{fake: sentence, nb_words: 6, locale: ja_JP}}
        download_url: {{fake: url}}
"""


def values(mock, seed=7, job="a", engine_seed=None):
    """Return the reply's body."""
    return json.loads(mock(FAKES.format(seed=seed), seed=engine_seed).poll(job).body)


def test_a_fake_draws_values_of_the_fields_type(mock):
    """A whole number for model_id, text for the others."""
    body = values(mock)
    assert 1 <= body["model_id"] <= 1_000_000
    assert body["message"].endswith("。")
    assert body["download_url"].startswith("http")


def test_the_same_seed_draws_the_same(mock):
    """In another run, whatever was drawn before."""
    first = values(mock)
    draw("name", "ja_JP", {}, 99)
    assert values(mock) == first


def test_another_seed_draws_otherwise(mock):
    """All of it follows from the seed."""
    assert values(mock)["message"] != values(mock, seed=8)["message"]


def test_the_engines_seed_goes_before_the_files(mock):
    """So that a whole scenario can be drawn anew."""
    assert values(mock, seed=7, engine_seed=8) == values(mock, seed=8)


def test_another_job_draws_otherwise(mock):
    """Jobs of one pattern are not all alike."""
    assert values(mock, job="a")["message"] != values(mock, job="b")["message"]


def test_every_poll_of_a_step_sees_the_same(mock):
    """Also with another key, at another base URL."""
    asked = mock(FAKES.format(seed=7))
    assert len({asked.poll(key=key).body for key in ("k", "k", "other")}) == 1


def test_fields_of_a_step_are_drawn_apart(mock):
    """Two fields with the same provider differ."""
    text = (
        "jobs: {a: {timeline: [{status: s, message: {fake: uuid4}, download_url: {fake: uuid4}}]}}"
    )
    body = json.loads(mock(text).poll().body)
    assert body["message"] != body["download_url"]


def test_the_seed_of_a_field_is_pinned():
    """The seed of a field is the same on every machine.

    What Faker draws with it is Faker's to keep.
    """
    assert seed_for(7, "a", 0, "message") == 11803031159878153949


def test_numbers_in_arguments_are_plain_numbers(mock):
    """Whatever a provider does with them."""
    text = (
        "jobs: {a: {timeline: [{status: s, model_id: {fake: random_element, elements: [3, 3]}}]}}"
    )
    assert json.loads(mock(text).poll().body)["model_id"] == 3


class Lingering:
    """A Faker that takes its time between being seeded and drawing."""

    def seed_instance(self, seed):
        """Begin a sequence."""
        self.seed = seed

    def word(self):
        """Return the sequence that was begun last."""
        Event().wait(0.02)
        return self.seed


def test_drawing_from_many_threads(monkeypatch):
    """A Faker is shared by every engine of the process: seeding and drawing are one act."""
    faker = Lingering()
    monkeypatch.setattr(values_module, "_faker", lambda _: faker)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda seed: draw("word", "en_US", {}, seed), range(4))) == [
            0,
            1,
            2,
            3,
        ]


@pytest.mark.parametrize("provider", ["date", "iso8601", "time", "year", "credit_card_expire"])
def test_a_value_that_goes_by_todays_date_is_refused(provider):
    """The seed alone must decide; tomorrow it would not."""
    with pytest.raises(ScenarioError, match="goes by today's date"):
        parse(f"jobs: {{a: {{timeline: [{{status: s, message: {{fake: {provider}}}}}]}}}}")


class Headstrong:
    """A Faker one of whose providers draws past the seed, as some of the real ones do (``passport_gender``)."""

    def __init__(self, provider):
        self.provider = provider

    def seed_instance(self, seed):
        """Begin a sequence, in vain."""


@pytest.mark.parametrize(
    "drawn",
    [lambda: random.choice("MF"), lambda: str(uuid4())],  # noqa: S311 -- it is what is tested
    ids=["random", "urandom"],
)
def test_a_value_that_is_drawn_past_the_seed_is_refused(monkeypatch, drawn):
    """What draws from the chance of the process, or of the machine, would invent another value in another run."""
    monkeypatch.setattr(values_module, "_faker", lambda _: Headstrong(drawn))
    monkeypatch.setattr(values_module, "_providers", lambda _: ("provider",))
    with pytest.raises(ScenarioError, match="'provider' draws by a chance of its own"):
        parse("jobs: {a: {timeline: [{status: s, message: {fake: provider}}]}}")


def test_reading_leaves_a_profiler_alone():
    """Whoever profiles the reading of scenarios goes on profiling.

    And only the check for dates is left out.
    """
    events = []
    before = sys.getprofile()
    sys.setprofile(lambda *event: events.append(event[1]))
    try:
        parse("jobs: {a: {timeline: [{status: s, message: {fake: word}}]}}")
        assert sys.getprofile() is not None
    finally:
        sys.setprofile(before)
    assert events


def test_no_profiler_is_left_behind():
    """The watch for dates ends with the reading."""
    parse("jobs: {a: {timeline: [{status: s, message: {fake: word}}]}}")
    assert sys.getprofile() is None


def test_of_hundreds_of_providers_the_closest_are_named():
    """A list of all of them would help nobody."""
    with pytest.raises(ScenarioError) as caught:
        parse("jobs: {a: {timeline: [{status: s, message: {fake: sentnce}}]}}")
    message = str(caught.value)
    assert message.endswith("in all); did you mean sentence?")
    assert message.count(",") <= 6
