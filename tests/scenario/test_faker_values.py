"""Values that a scenario leaves to the mock to invent."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock

import pytest

from mock_p1.scenario import faker_values as values_module
from mock_p1.scenario.faker_values import Counted, draw, problems_with, seed_for
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


def test_two_that_read_fakes_leave_nothing_behind(monkeypatch):
    """Another begins while one tries a fake: what is drawn later is counted by neither."""
    drawing, waiting, lock = Event(), Event(), Lock()

    class Slow(Counted):
        def _count(self):
            drawing.set()
            waiting.wait(5)
            super()._count()

    class Told:
        def __enter__(self):
            if drawing.is_set():
                waiting.set()
            lock.acquire()

        def __exit__(self, *_):
            lock.release()

    monkeypatch.setattr(values_module, "_LOCK", Told())
    monkeypatch.setattr(values_module, "TRIED", 1)
    fake, first, second = ("random_int", "fr_FR", {}, int), Slow(), Counted()
    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(problems_with, *fake, first)
        assert drawing.wait(5)
        assert problems_with(*fake, second) == one.result() == []
    first.left = second.left = 0
    assert isinstance(draw("random_int", "fr_FR", {}, 1), int)


@pytest.mark.parametrize(
    "fake",
    [
        "text, max_nb_chars: 1000000000",
        "pystr, min_chars: 20000, max_chars: 20000",
        "bothify, text: \"{'#' * 2000000}\"".replace("{'#' * 2000000}", "#" * 2_000_000),
        "csv, num_rows: 1000000",
        "csv, num_rows: 1000, data_columns: [[a, [x, pystr, {max_chars: 100}]]]",
        "pylist, nb_elements: 1.0e+9",
        "json, num_rows: 101, data_columns: {a: {b: [c, pylist, {nb_elements: 100}]}}",
        "random_number, digits: -1000000000",
    ],
    ids=lambda fake: fake.partition(",")[0],
)
def test_a_fake_that_draws_beyond_measure_is_refused(fake):
    """Before it is drawn, whatever the argument is called and however deep it stands."""
    with pytest.raises(ScenarioError, match="would draw more than there may be"):
        parse(f"jobs: {{a: {{timeline: [{{status: s, message: {{fake: {fake}}}}}]}}}}")


def test_numbers_to_draw_from_may_be_large(mock):
    """They are values, not sizes."""
    text = (
        "jobs: {a: {timeline: [{status: s, "
        "model_id: {fake: random_int, min: 9999999, max: 99999999}, "
        "message: {fake: random_element, elements: ['1', '2']}}]}}"
    )
    assert json.loads(mock(text).poll().body)["model_id"] >= 9_999_999


def test_a_number_of_thousands_of_digits_is_refused():
    """No JSON reader would take it, and Python itself does not print it."""
    with pytest.raises(ScenarioError, match="draws a number of more than 300 digits"):
        parse(
            "jobs: {a: {timeline: [{status: s, model_id: "
            "{fake: random_number, digits: 5000, fix_len: true}}]}}"
        )


def test_the_same_fake_is_tried_once(monkeypatch):
    """A thousand jobs with the same fake cost no more than one."""
    tried = []
    monkeypatch.setattr(values_module, "_tried", lambda *_: tried.append(None) or "x")
    step = "{status: s, message: {fake: word}}"
    jobs = ", ".join(f"j{number}: {{timeline: [{step}]}}" for number in range(1000))
    parse(f"jobs: {{{jobs}}}")
    assert len(tried) == values_module.TRIED


def test_of_hundreds_of_providers_the_closest_are_named():
    """A list of all of them would help nobody."""
    with pytest.raises(ScenarioError) as caught:
        parse("jobs: {a: {timeline: [{status: s, message: {fake: sentnce}}]}}")
    message = str(caught.value)
    assert message.endswith("in all); did you mean sentence?")
    assert message.count(",") <= 6
