"""Scenarios that tests ask for again and again are read once, while nothing has changed."""

from functools import partial
from pathlib import Path

import pytest

from mock_p1 import ScenarioError, load_scenario, mocked
from mock_p1.engine.engine import Engine
from mock_p1.scenario import recent
from mock_p1.scenario.files import look_up
from mock_p1.scenario.parser import parse
from mock_p1.scenario.recent import made_once, parse_once

TEXT = "jobs: {%s: {timeline: [{status: s}]}}"
WITH_FILE = "jobs: {r-1: {timeline: [{status: job_finished, result: {file: real.zip}}]}}"


@pytest.fixture(autouse=True)
def kept(monkeypatch):
    """Nothing is kept of other tests."""
    kept = {}
    monkeypatch.setattr(recent, "_kept", kept)
    return kept


@pytest.fixture
def file(tmp_path):
    """A scenario file with a result file beside it."""
    tmp_path.joinpath("real.zip").write_bytes(b"PK-1")
    path = tmp_path / "mine.yaml"
    path.write_text(WITH_FILE, encoding="utf-8")
    return path


def found(path):
    """Find a scenario as the fixtures do."""
    return look_up(path, (), (Path(),), parse=partial(parse_once, parse=parse))


def test_an_unchanged_file_is_read_once(file):
    """Who asks again gets the same scenario."""
    assert found(file) is found(file)


def test_a_changed_file_is_read_anew(file):
    """By its content, not by its date."""
    first = found(file)
    file.write_text(TEXT % "r-2", encoding="utf-8")
    assert [*found(file).jobs] == ["r-2"]
    assert [*first.jobs] == ["r-1"]


def test_a_changed_result_file_is_read_anew(file):
    """Also where the scenario file itself has not changed."""
    found(file)
    file.with_name("real.zip").write_bytes(b"PK-2")
    assert found(file).files == {"real.zip": b"PK-2"}


def test_a_result_file_that_has_gone_is_a_problem(file):
    """Told as at the first reading."""
    found(file)
    file.with_name("real.zip").unlink()
    with pytest.raises(ScenarioError, match=r"mine\.yaml:1:.*'real\.zip' does not exist"):
        found(file)


def test_the_same_text_in_two_files_is_two_scenarios(file):
    """Each says its own name, in messages and in the journal."""
    other = file.with_name("other.yaml")
    other.write_bytes(file.read_bytes())
    assert [Path(found(each).name).name for each in (file, other)] == ["mine.yaml", "other.yaml"]


def test_what_the_environment_has_a_part_in_is_read_anew(tmp_path, monkeypatch):
    """A variable may say something else the next time."""
    path = tmp_path / "mine.yaml"
    text = "variables: true\ndescription: ${WHAT}\n"
    path.write_text(text + TEXT % "r-1", encoding="utf-8")
    for what in ("small", "large"):
        monkeypatch.setenv("WHAT", what)
        assert found(path).description == what


def test_few_and_small_ones_are_kept(kept, file):
    """So that a long run of many files does not fill the memory."""
    file.with_name("real.zip").write_bytes(bytes(recent.LARGEST_BYTES))
    found(file)
    assert kept == {}
    for number in range(recent.MOST + 5):
        found(TEXT % f"r-{number}")
    texts = [text for text, _ in kept]
    assert texts == [TEXT % f"r-{number}" for number in range(5, recent.MOST + 5)]


def test_who_loads_a_scenario_has_it_for_himself(file):
    """What `load_scenario` returns may be changed by who called it."""
    assert load_scenario(file) is not load_scenario(file)


def test_what_was_made_of_a_shared_scenario_is_shared(file):
    """For one seed; another one makes other values."""
    shared = found(file)
    one, same, other = (Engine(shared, seed=seed).state.directory for seed in (1, 1, 2))
    assert one is same
    assert other is not one


def test_what_was_made_of_any_other_scenario_is_not(file):
    """A copy of a shared one too, as the fault matrix makes them, has programs of its own."""
    shared = found(file)
    copy = shared.replaced(jobs={})
    assert made_once(shared, "what", lambda: "of the shared one") == "of the shared one"
    assert made_once(copy, "what", lambda: "of the copy") == "of the copy"
    assert made_once(shared, "what", lambda: "anew") == "of the shared one"


def test_mocks_of_one_scenario_share_no_state():
    """A test begins where the file does, whatever the one before it has polled."""
    for _ in range(2):
        with mocked("happy-path") as mock:
            assert mock._engine.journal.last == 0  # noqa: SLF001 -- handles show no engine
            mock.advance("1h")
            mock.assert_polled(times=0)
