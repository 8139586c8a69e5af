"""The thread that looks after a scenario file, and what tells it of changes."""

import queue
import shutil
import threading
from contextlib import contextmanager
from itertools import repeat

import pytest
import watchfiles
from helpers.admin_client import Controls

from mock_p1.admin import watcher as reload
from mock_p1.admin.watcher import Broken, Reload, Reloaded, changes_below, watching
from mock_p1.scenario.files import load_scenario

SECONDS = 20
"""At most; a change is told of within a tenth of a second where the system tells of it."""


def text(status):
    """Return a scenario whose one job shows this status."""
    return f"jobs: {{a: {{timeline: [{{status: {status}}}]}}}}"


@pytest.fixture
def file(tmp_path):
    """A file in a folder of its own."""
    file = tmp_path / "played" / "mine.yaml"
    file.parent.mkdir()
    file.write_text(text("before"), encoding="utf-8")
    return file


@pytest.fixture
def told():
    """What was said of the file."""
    return queue.SimpleQueue()


@pytest.fixture
def controls(file):
    """A mock that plays the file."""
    return Controls(load_scenario(file))


def until(told, kind):
    """Wait for something to be said.

    A file that is just being written may be reported as broken for a moment.
    """
    while not isinstance(told.get(timeout=SECONDS), kind):
        pass


@contextmanager
def written_again_and_again(file):
    """Write a file twenty times a second: nobody outside knows at which moment a watch begins."""
    done = threading.Event()

    def write():
        while not done.wait(0.05):
            file.write_text(text("after"), encoding="utf-8")

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def test_every_telling_is_a_look(controls, file, told):
    """Until the end."""
    changes = queue.SimpleQueue()
    with watching(Reload(controls.context, file, told.put), lambda *_: iter(changes.get, None)):
        for status in ("one", "two"):
            file.write_text(text(status), encoding="utf-8")
            changes.put({"mine.yaml"})
            told.get(timeout=SECONDS)
            assert controls.poll("a").json["status"] == status
        changes.put(None)


def test_it_ends_when_it_is_told_to(controls, file, told):
    """And looks at nothing any more."""
    ended = threading.Event()

    def changes(_, done):
        done.wait(SECONDS)
        file.write_text(text("too_late"), encoding="utf-8")
        yield {"mine.yaml"}
        ended.set()

    with watching(Reload(controls.context, file, told.put), changes):
        pass
    assert told.empty()
    assert not ended.is_set()


@pytest.mark.slow
@pytest.mark.parametrize(
    "way", ["in place", "replaced", "deleted and made again", "with its folder"]
)
def test_a_change_on_disk_is_noticed(controls, file, told, way, monkeypatch):
    """Whichever way an editor writes: the real thing, from the disk to the next poll."""
    monkeypatch.setattr(
        reload, "PATIENCE", 0.05
    )  # where a folder goes and comes, nothing tells of it
    with watching(Reload(controls.context, file, told.put)):
        if way == "in place":
            file.write_text(text("after"), encoding="utf-8")
        elif way == "replaced":
            fresh = file.with_suffix(".new")
            fresh.write_text(text("after"), encoding="utf-8")
            fresh.replace(file)
        else:
            file.unlink() if way == "deleted and made again" else shutil.rmtree(file.parent)
            until(told, Broken)
            file.parent.mkdir(exist_ok=True)
            file.write_text(text("after"), encoding="utf-8")
        until(told, Reloaded)
        assert controls.poll("a").json["status"] == "after"


def test_the_system_tells_of_a_change(file, monkeypatch):
    """By name, long before a look at the time would be due."""
    monkeypatch.setattr(reload, "PATIENCE", 1000.0)
    done = threading.Event()
    changes = changes_below(lambda: {file.parent}, done)
    assert next(changes) == frozenset()
    with written_again_and_again(file):
        assert next(changes) == {"mine.yaml"}
    done.set()
    assert list(changes) == []


def test_a_folder_that_was_made_again_is_watched_again(file, monkeypatch):
    """The one that was watched is another one, of the same name."""
    monkeypatch.setattr(reload, "PATIENCE", 0.05)
    changes = changes_below(lambda: {file.parent}, threading.Event())
    assert next(changes) == frozenset()
    with written_again_and_again(file):
        while "mine.yaml" not in next(changes):
            pass
    file.parent.rename(
        file.parent.with_name("gone")
    )  # so that the system cannot use its number again
    file.parent.mkdir()
    with written_again_and_again(file.with_name("again.yaml")):
        assert any("again.yaml" in next(changes) for _ in range(SECONDS * 10))


def test_where_the_system_watches_no_more_the_file_is_looked_at_all_the_same(file, monkeypatch):
    """Its limit of watches may be reached."""

    def refuse(*_, **__):
        raise OSError("OS file watch limit reached")

    monkeypatch.setattr(watchfiles, "watch", refuse)
    monkeypatch.setattr(reload, "PATIENCE", 0.001)
    changes = changes_below(lambda: {file.parent}, threading.Event())
    assert [next(changes) for _ in range(3)] == list(repeat(frozenset(), 3))
