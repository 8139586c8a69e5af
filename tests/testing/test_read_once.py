"""Tests' scenarios are taken from the user's cache folder, where that saves loading pydantic."""

from pathlib import Path

import pytest

from mock_p1.scenario import parser
from mock_p1.scenario.files import load_scenario, look_up
from mock_p1.scenario.kept import as_kept
from mock_p1.testing import read_once, run_state

TEXT = "jobs: {r-1: {timeline: [{status: s}]}}\n"


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    """A user's home, the one that the run began with; and nothing is loaded or read yet."""
    move_to(monkeypatch, tmp_path / "home")
    monkeypatch.setattr(run_state, "_first_home", [str(tmp_path / "home")] * 4)
    monkeypatch.setattr(read_once, "_PARSER", "not loaded yet")
    monkeypatch.setattr("mock_p1.scenario.recent._kept", {})
    monkeypatch.delenv("MOCK_P1_NO_CACHE", raising=False)
    return tmp_path / "home"


@pytest.fixture
def file(tmp_path):
    """A scenario file."""
    path = tmp_path / "mine.yaml"
    path.write_text(TEXT, encoding="utf-8")
    return path


def move_to(monkeypatch, home):
    """Let a folder be the user's home."""
    home.mkdir()
    for name in ("HOME", "USERPROFILE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(home))


def read(source):
    """Read a scenario as the fixtures do."""
    return look_up(source, (), (Path(),), parse=read_once.read_once)


def test_the_next_run_takes_what_one_has_kept(home, file, monkeypatch):
    """It is what was read, and nothing is checked again."""
    first = read(file)
    monkeypatch.setattr("mock_p1.scenario.recent._kept", {})
    monkeypatch.delattr(parser, "parse")
    assert len([*home.rglob("*.json")]) == 1
    assert as_kept(read(file)) == as_kept(first)


def test_nothing_is_kept_in_a_home_that_a_test_has_made(home, file, monkeypatch, tmp_path):
    """It may look at what is in there."""
    move_to(monkeypatch, tmp_path / "other")
    assert read(file).jobs
    assert [*home.iterdir(), *(tmp_path / "other").iterdir()] == []


@pytest.mark.parametrize(("value", "kept"), [("1", 0), ("true", 0), ("0", 1), ("", 1)])
def test_the_variable_turns_it_off(home, file, monkeypatch, value, kept):
    """As it does for serve."""
    monkeypatch.setenv("MOCK_P1_NO_CACHE", value)
    assert read(file).jobs
    assert len([*home.rglob("*.json")]) == kept


def test_the_text_of_a_test_is_not_kept(home):
    """It stands in the test's own file."""
    assert read(TEXT).jobs
    assert [*home.iterdir()] == []


def test_where_pydantic_is_loaded_nothing_is_kept(home, file, monkeypatch):
    """It would save nothing."""
    monkeypatch.setattr(read_once, "_PARSER", parser.__name__)
    assert as_kept(read(file)) == as_kept(load_scenario(file))
    assert [*home.iterdir()] == []


def test_without_a_home_a_scenario_is_read_in_full(file, monkeypatch):
    """As in some containers."""
    monkeypatch.setattr("mock_p1.server.user_folders.cache_folder", lambda: None)
    assert read(file).jobs
