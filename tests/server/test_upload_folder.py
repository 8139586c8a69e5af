"""The folder of large uploads: a living process keeps its own, an ended one's is removed."""

import os
import shutil
import stat
import subprocess
import sys
import tempfile

import pytest

from mock_p1.server import upload_folder
from mock_p1.server.upload_folder import ATTEMPTS, PREFIX, UploadFolder, remove_left_behind

posix = pytest.mark.skipif(sys.platform == "win32", reason="as POSIX does it")


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    """Let every temporary folder be made in a place of the test's own."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def folder():
    """Return a folder that is removed at the end."""
    made = UploadFolder()
    yield made
    made.close()


def left_behind(temporary, name="x"):
    """Make what a process that was killed leaves behind."""
    path = temporary / f"{PREFIX}{name}"
    path.mkdir()
    for file in ("lock", "1.upload"):
        (path / file).write_bytes(b"x")
    return path


def program(temporary, code):
    """Start a program that makes a folder, and says so; it goes on when its standard input ends."""
    code = (
        f"import os, sys, tempfile; tempfile.tempdir = {str(temporary)!r}\n"
        "from mock_p1.server.upload_folder import UploadFolder, remove_left_behind\n"
        "folder = UploadFolder(); folder.new_file().close()\n"
        f"print(folder.path, flush=True); sys.stdin.read()\n{code}"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8",
    )  # fmt: skip


@posix
def test_only_its_owner_may_look_into_it(folder):
    """Uploads may hold what is nobody else's business."""
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700


def test_closing_removes_it_with_its_files(folder, temporary):
    """A second time does nothing."""
    folder.new_file().close()
    assert folder.is_usable
    folder.close()
    folder.close()
    assert not folder.is_usable
    assert list(temporary.iterdir()) == []


def test_files_have_names_of_their_own(folder):
    """Whatever the uploads were called."""
    with folder.new_file() as one, folder.new_file() as other:
        assert one.name != other.name


def test_a_folder_nobody_holds_any_more_is_removed(temporary):
    """Without a word."""
    UploadFolder()
    assert list(temporary.iterdir()) == []


def test_what_ended_processes_left_behind_is_removed(temporary):
    """Everything of our name; nothing else."""
    left_behind(temporary)
    (temporary / f"{PREFIX}without-lock").mkdir()
    (temporary / f"{PREFIX}file").write_bytes(b"")
    (temporary / "other").mkdir()
    remove_left_behind()
    assert {path.name for path in temporary.iterdir()} == {"other", f"{PREFIX}file"}


def test_a_folder_in_use_is_not_removed(folder):
    """Also where it is the same process that looks."""
    remove_left_behind()
    assert folder.is_usable


def test_the_folder_of_a_living_process_is_not_removed(temporary):
    """By another; at its end it goes, and after a kill the next start removes it."""
    with program(temporary, "os._exit(1)") as process:
        path = process.stdout.readline().strip()
        remove_left_behind()
        assert [str(entry) for entry in temporary.iterdir()] == [path]
    assert [str(entry) for entry in temporary.iterdir()] == [path]
    remove_left_behind()
    assert list(temporary.iterdir()) == []


def test_it_is_removed_at_the_end_of_the_program(temporary):
    """Nobody has to close anything."""
    with program(temporary, "") as process:
        assert os.path.isdir(process.stdout.readline().strip())  # noqa: PTH112 -- a line of text
    assert list(temporary.iterdir()) == []


FORK = """
child = os.fork()
if child:
    os.waitpid(child, 0)
    print(folder.is_usable, flush=True)
else:
    print(folder.is_usable, flush=True)
    {what}
"""


@posix
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("what", ["pass", "folder.close()", "del folder", "remove_left_behind()"])
def test_a_fork_does_not_remove_the_folder_of_the_first(temporary, what):
    """Neither at its end nor before; nor does it write there."""
    with program(temporary, FORK.format(what=what)) as process:
        path, child, first = process.communicate()[0].splitlines()
    assert path.startswith(str(temporary))
    assert (child, first) == ("False", "True")
    assert list(temporary.iterdir()) == []


def test_a_link_of_our_name_is_not_followed(temporary, tmp_path_factory):
    """It could lead to anything."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "precious").write_bytes(b"x")
    try:
        (temporary / f"{PREFIX}link").symlink_to(elsewhere, target_is_directory=True)
    except OSError:
        pytest.skip("no links can be made here")
    remove_left_behind()
    assert [path.name for path in elsewhere.iterdir()] == ["precious"]


@posix
def test_another_users_folder_is_left_alone(temporary, monkeypatch):
    """Even by root."""
    path = left_behind(temporary)
    owner = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    remove_left_behind()
    assert (path / "1.upload").exists()


def test_a_new_folder_that_another_process_removes_is_made_again(monkeypatch):
    """Between its making and its locking it looks left behind."""
    lock, calls = upload_folder._locked, []  # noqa: SLF001 -- the moment between is in there

    def late(path):
        calls.append(path)
        if len(calls) == 1:
            shutil.rmtree(path.parent)
        return lock(path)

    monkeypatch.setattr(upload_folder, "_locked", late)
    folder = UploadFolder()
    assert folder.is_usable
    assert len(calls) == 2
    folder.close()


@posix
def test_a_lock_file_that_has_been_replaced_is_no_lock(tmp_path, monkeypatch):
    """Whoever locks the new one would not see that the old one is locked."""
    path = tmp_path / "lock"

    def replaced(descriptor, operation):
        path.unlink()
        path.touch()

    monkeypatch.setattr(upload_folder.fcntl, "flock", replaced)
    with pytest.raises(FileNotFoundError):
        upload_folder._locked(path)  # noqa: SLF001 -- likewise


def test_a_place_where_nothing_can_be_locked(monkeypatch, temporary):
    """It is given up after a few attempts, and nothing is left behind."""
    calls = []

    def never(path):
        calls.append(path)
        raise OSError("no locks here")

    monkeypatch.setattr(upload_folder, "_locked", never)
    with pytest.raises(OSError, match="no locks here"):
        UploadFolder()
    assert len(calls) == ATTEMPTS
    assert list(temporary.iterdir()) == []


def test_no_temporary_folder_at_all(monkeypatch):
    """There is nothing to remove then."""
    monkeypatch.setattr(tempfile, "tempdir", "/no/such/folder")
    remove_left_behind()
    with pytest.raises(OSError, match="/no/such/folder"):
        UploadFolder()
