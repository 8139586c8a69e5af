"""A state as a file: whole or not at all, and refused with a reason."""

import json
import sys

import pytest

from mock_p1.base.clock import VirtualClock
from mock_p1.base.messages import Request
from mock_p1.engine.engine import Engine
from mock_p1.engine.saved_state import CannotLoad
from mock_p1.scenario.files import load_scenario
from mock_p1.server.state_file import StateFile, load_state, read_state, write_state

POLL = Request("GET", "/v1/external/retrain_jobs/retrain-001", api_keys=("demo-key",))


@pytest.fixture
def engine():
    """A mock of the demo, polled once."""
    engine = Engine(load_scenario("demo"), VirtualClock())
    engine.handle(POLL)
    return engine


def test_what_is_written_is_loaded(engine, tmp_path):
    """By another mock of the same scenario, which then counts on."""
    written = write_state(engine, tmp_path / "s.json")
    other = Engine(load_scenario("demo"), VirtualClock())
    load_state(other, tmp_path / "s.json")
    other.handle(POLL)
    assert [entry.number for entry in other.journal] == [1, 2]
    assert written.size == (tmp_path / "s.json").stat().st_size


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_it_is_for_its_owner_alone(engine, tmp_path):
    """It holds keys."""
    write_state(engine, tmp_path / "s.json")
    assert (tmp_path / "s.json").stat().st_mode & 0o777 == 0o600


def test_what_cannot_be_written_leaves_what_was(engine, tmp_path, monkeypatch):
    """A full disk: the file before is whole, and nothing lies beside it."""
    file = tmp_path / "s.json"
    write_state(engine, file)
    before = file.read_bytes()
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(OSError, match="full"):
        write_state(engine, file)
    assert [*tmp_path.iterdir()] == [file]
    assert file.read_bytes() == before


@pytest.mark.posix
def test_a_link_stays_one(engine, tmp_path):
    """The file that it leads to is replaced."""
    (tmp_path / "link.json").symlink_to(tmp_path / "s.json")
    write_state(engine, tmp_path / "link.json")
    assert (tmp_path / "link.json").is_symlink()
    assert read_state(tmp_path / "s.json")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "the file is empty"),
        ("jobs: {}", "is no JSON, so no state of a mock"),
        ("[" * 100_000, "is no JSON, so no state of a mock"),
        ('{"jobs": {}}', "is JSON, but no state that a mock has saved"),
        ("[1]", "is JSON, but no state that a mock has saved"),
        ('{"mock_p1_state": 0}', "was saved by an older version of the mock, in form 0; this one"),
        ('{"mock_p1_state": 2}', "was saved by another version of the mock, in form 2; this one"),
        ('{"mock_p1_state": 1}', "was changed by hand since it was saved, or is not whole"),
    ],
)
def test_a_foreign_file_is_refused(tmp_path, content, told):
    """By what it is."""
    (tmp_path / "s.json").write_text(content, encoding="utf-8")
    with pytest.raises(CannotLoad, match=told):
        read_state(tmp_path / "s.json")


def test_a_file_that_is_not_there(tmp_path):
    """Or that is a folder: which, and why."""
    for path in (tmp_path / "s.json", tmp_path):
        with pytest.raises(CannotLoad) as caught:
            read_state(path)
        assert str(caught.value).startswith(f"{path}: ")


def test_a_file_that_breaks_off(engine, tmp_path):
    """Cut anywhere, it is refused."""
    write_state(engine, tmp_path / "s.json")
    content = (tmp_path / "s.json").read_bytes()
    (tmp_path / "s.json").write_bytes(content[: len(content) // 2])
    with pytest.raises(CannotLoad, match="is not whole: it breaks off"):
        read_state(tmp_path / "s.json")


def test_a_file_that_was_edited(engine, tmp_path):
    """Laid out anew it is the same; changed it is refused."""
    file = tmp_path / "s.json"
    write_state(engine, file)
    state = json.loads(file.read_bytes())
    file.write_text(json.dumps(state, indent=2), encoding="utf-8")
    read_state(file)
    state["saved"]["seed"] += 1
    file.write_text(json.dumps(state), encoding="utf-8")
    with pytest.raises(CannotLoad, match="changed by hand"):
        read_state(file)


def test_it_is_written_only_when_something_has_happened(engine, tmp_path):
    """By time; when asked, always."""
    file = StateFile(engine, tmp_path / "s.json")
    file.save()
    (tmp_path / "s.json").unlink()
    file.save_news()
    assert not (tmp_path / "s.json").exists()
    engine.handle(POLL)
    file.save_news()
    assert len(read_state(tmp_path / "s.json")["journal"]["rows"]) == 2


def test_it_is_written_by_time(engine, tmp_path):
    """By a thread, and once more in the end; what goes wrong is told, and tried again."""
    told = []
    file = StateFile(engine, tmp_path / "new" / "s.json")
    file.save_news, save = (lambda: told.append(1) or save()), file.save_news

    def first_wrong(error):
        assert isinstance(error, FileNotFoundError)
        (tmp_path / "new").mkdir(exist_ok=True)

    with file.saved_every(0.001, first_wrong):
        while not (tmp_path / "new" / "s.json").exists():
            pass
    assert told
    assert read_state(tmp_path / "new" / "s.json")
