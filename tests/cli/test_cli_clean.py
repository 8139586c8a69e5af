"""``mock-p1 clean``: lists what is kept in the user's folders, and removes that alone."""

from pathlib import Path

import pytest

from mock_p1.cli import local_authority, tls
from mock_p1.server.kept_scenarios import load_kept


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder in which an authority is kept."""
    folder = tmp_path / "mock-p1"
    monkeypatch.setattr("mock_p1.cli.clean.data_folder", lambda: folder)
    return folder


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """The folder in which scenarios are kept."""
    cache = tmp_path / "cache" / "mock-p1" / "scenarios"
    monkeypatch.setattr("mock_p1.cli.clean.cache_folder", lambda: cache)
    return cache


def keep(folder):
    """Keep an authority there, as --tls does."""
    folder.mkdir(mode=0o700)
    local_authority.local_context(folder, "127.0.0.1", ())


def test_what_is_kept_is_listed_and_removed(run, folder):
    """Each file by its path; the folder goes with the last."""
    keep(folder)
    files = sorted(path.name for path in folder.iterdir())
    result = run("clean", "--yes")
    assert result.exit_code == 0
    listed = [Path(line.rsplit("  ", 1)[0]).name for line in result.output.splitlines()[:-1]]
    assert sorted(listed) == files
    assert result.output.endswith(f"removed {len(files)} files\n")
    assert not folder.exists()


def test_it_asks_before(run, folder):
    """Without an answer, or with another one than yes, nothing is removed: exit 1."""
    keep(folder)
    files = sorted(folder.iterdir())
    for answer in ("", "n\n"):
        assert run("clean", input=answer).exit_code == 1
    assert sorted(folder.iterdir()) == files
    assert run("clean", input="y\n").exit_code == 0
    assert not folder.exists()


def test_what_is_not_ours_stays(run, folder):
    """And so does its folder."""
    keep(folder)
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    assert "notes.txt" not in run("clean", "--yes").output
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]


def test_the_key_of_the_authority_is_not_lost_among_scenarios(run, folder, cache):
    """It has a line of its own; all scenarios together have one, with their folder."""
    keep(folder)
    load_kept(["demo"], cache)
    load_kept(["stuck"], cache)
    lines = run("clean", "--yes").output.splitlines()
    assert len(lines) == 4
    assert lines[0].startswith(f"{folder / 'authority-key.pem'}  ")
    assert lines[2].startswith(f"{cache}  2 files, ")


def test_kept_scenarios_go_too(run, folder, cache):
    """With their folder, and what a start left behind that was killed."""
    load_kept(["demo"], cache)
    (kept,) = cache.iterdir()
    (cache / f"{kept.name}.{'0' * 16}.new").write_text("", encoding="utf-8")
    assert run("clean", "--yes").output.endswith("removed 2 files\n")
    assert not cache.parent.exists()


def test_nothing_is_kept(run, folder):
    """Then there is nothing to ask."""
    assert run("clean").output == "nothing is kept\n"


def test_a_folder_of_ones_own(run, tmp_path):
    """That serve was told by --tls-dir, or by its variable."""
    keep(tmp_path / "own")
    result = run("clean", "--yes", env={"MOCK_P1_TLS_DIR": str(tmp_path / "own")})
    assert "removed 2 files" in result.output


def test_nobody_s_home(run, monkeypatch):
    """Where there is no folder for settings nothing can be kept."""

    def none():
        raise tls.CannotSecure("no home")

    monkeypatch.setattr("mock_p1.cli.clean.data_folder", none)
    assert run("clean").output == "nothing is kept\n"


def test_what_cannot_be_removed(run, folder, monkeypatch):
    """Is one line, with the reason."""
    keep(folder)

    def refuse(_path, **_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refuse)
    result = run("clean", "--yes")
    assert result.exit_code == 1
    assert result.stderr.endswith("cannot be removed: Permission denied\n")


def test_what_another_one_removes_meanwhile_is_not_missed(run, cache, monkeypatch):
    """Two may clean at once."""
    files = [cache / f"{number:064x}.json" for number in range(3)]
    cache.mkdir(parents=True)
    for file in files[:2]:
        file.touch()
    monkeypatch.setattr(Path, "iterdir", lambda _: iter(files))
    assert run("clean", "--yes").output.endswith("removed 2 files\n")


def test_a_folder_that_cannot_be_read(run, cache, monkeypatch):
    """One line says which."""

    def refused(_):
        raise PermissionError(13, "Permission denied")

    cache.mkdir(parents=True)
    monkeypatch.setattr(Path, "iterdir", refused)
    result = run("clean", "--yes")
    assert (result.exit_code, result.output) == (
        1,
        f"{cache} cannot be read: Permission denied\n",
    )
