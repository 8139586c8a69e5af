"""Uploaded files are looked at by a process of its own, which may hang, crash or be idle."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from mock_p1.engine.file_store import Inspection
from mock_p1.server.upload_inspection import Inspector, is_small

TABLE = b"a,b\n" + b"1,2\n" * 100
FOUND = Inspection(100, 2, ())
LONG = 60
"""Seconds that nothing here takes, also on a busy machine."""

THREAD = "mock-p1 upload inspection"


@pytest.fixture
def make():
    """Return a function that makes inspectors, which are closed at the end."""
    made = []

    def inspector(**options):
        made.append(Inspector(**{"idle_seconds": LONG, "limit_seconds": LONG, **options}))
        return made[-1]

    yield inspector
    for one in made:
        one.close()


def python(code):
    """Return the command of a process that does something else."""
    return [sys.executable, "-I", "-c", code]


def find(inspector, content=TABLE):
    """Return what is found in one file."""
    return inspector.look_at("t.csv", lambda: content).result(LONG)


def is_running(process_id):
    """Tell whether there is a process, also one that nobody has waited for."""
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


def test_bytes_and_paths_are_looked_at(make, tmp_path):
    """Both by the same process, one after the other."""
    inspector = make()
    file = tmp_path / "t.csv"
    file.write_bytes(TABLE)
    assert find(inspector) == FOUND
    process_id = inspector.process_id
    assert find(inspector, file) == FOUND
    assert inspector.process_id == process_id


def test_no_process_before_it_is_needed(make):
    """Most mocks never see a large file."""
    assert make().process_id is None


def test_many_files_at_once(make):
    """Each gets what was found in it."""
    inspector = make()
    contents = [b"a,b\n" + b"1,2\n" * number for number in range(100, 130)]
    found = [inspector.look_at("t.csv", lambda one=one: one) for one in contents]
    assert [one.result(LONG).rows for one in found] == list(range(100, 130))


def test_an_idle_process_ends_and_another_starts(make):
    """Nothing stays behind of the first, neither the process nor the thread."""
    inspector = make(idle_seconds=0)
    ended = []
    for _ in range(2):
        assert find(inspector) == FOUND
        for thread in threading.enumerate():
            if thread.name == THREAD:
                thread.join(LONG)
        ended.append(inspector.process_id)
    assert ended == [None, None]


@pytest.mark.skipif(sys.platform == "win32", reason="asks the system for a process as POSIX does")
def test_closing_ends_the_process():
    """It is no zombie either."""
    inspector = Inspector(idle_seconds=LONG)
    find(inspector)
    process_id = inspector.process_id
    inspector.close()
    assert inspector.process_id is None
    assert not is_running(process_id)


def test_closing_while_a_file_is_looked_at():
    """It ends at once, and whoever waits is answered."""
    asked = threading.Event()
    code = "import sys; sys.stdin.readline(); sys.stdin.read()"
    inspector = Inspector(limit_seconds=LONG, command=python(code))
    first = inspector.look_at("t.csv", lambda: asked.set() or TABLE)
    second = inspector.look_at("t.csv", lambda: TABLE)
    asked.wait(LONG)
    inspector.close()
    assert "ended early" in first.result(0).notes[0]
    assert second.result(0).notes == ("the file was not looked at: the mock has ended",)
    assert find(inspector).notes == ("the file was not looked at: the mock has ended",)


def test_a_file_that_takes_too_long(make):
    """The process is ended; another one looks at the next file."""
    inspector = make(limit_seconds=0.01, command=python("import sys; sys.stdin.read()"))
    for _ in range(2):
        assert find(inspector).notes == ("the file was not looked at: the time ran out (0.01 s)",)
        assert inspector.process_id is None


@pytest.mark.parametrize(
    "code",
    ["", "import sys; sys.stdin.readline()", "print('[1, 2', end='')", "raise SystemExit(1)",
     "import sys; sys.stdin.readline(); import os; os.abort()"],
    ids=["nothing", "ends", "half an answer", "exit", "crash"],
)  # fmt: skip
def test_a_process_that_ends_early_is_a_note(make, code):
    """Never an error, however it ended, and however much was to be written to it."""
    inspector = make(command=python(code))
    for content in (TABLE, b"x" * 1_000_000):
        note = "the file was not looked at: the process that looked at it ended early"
        assert find(inspector, content).notes == (note,)


@pytest.mark.parametrize("command", [["/no/such/program"], [""]])
def test_a_process_that_cannot_start_is_a_note(make, command):
    """The reason is in it."""
    assert "no process could be started (" in find(make(command=command)).notes[0]


def test_a_frozen_program_starts_no_process(make, monkeypatch):
    """It would start itself."""
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert "a frozen program has no Python to start" in find(make()).notes[0]


def test_content_that_had_to_go(make):
    """No process starts for it."""
    inspector = make()
    assert "had to go" in find(inspector, None).notes[0]
    assert inspector.process_id is None


def test_a_path_that_is_no_more(make, tmp_path):
    """The file may go while it waits."""
    assert "had to go" in find(make(), tmp_path / "gone").notes[0]


def run(code, *, folder=None):
    """Run Python as a user would, with every warning an error; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True, encoding="utf-8", check=False, cwd=folder, timeout=LONG,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


START = f"""
import sys
from mock_p1.server.upload_inspection import Inspector
if __name__ == "__main__":
    inspector = Inspector(limit_seconds={LONG})
    found = inspector.look_at("t.csv", lambda: {TABLE!r}).result({LONG})
    print(found.rows, inspector.process_id, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="asks the system for a process as POSIX does")
def test_the_process_ends_with_the_program():
    """Without a word, also where nobody closes anything."""
    rows, process_id = run(START).split()
    assert rows == "100"
    assert not is_running(int(process_id))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_the_process_ends_when_the_program_is_killed():
    """Its standard input ends, and then its standard output does."""
    code = START + "    import os, signal; os.kill(os.getpid(), signal.SIGKILL)\n"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        # this ends when nobody has the pipe any more: the inspecting process has its own instead
        process_id = int(process.stdout.read().split()[1])
    ended = subprocess.run(
        ["tail", f"--pid={process_id}", "-s", "0.01", "-f", "/dev/null"], check=False, timeout=LONG
    )
    if ended.returncode == 0:  # a tail that can wait for a process
        assert not is_running(process_id)


def test_a_file_of_our_name_in_the_working_folder_is_not_run(tmp_path):
    """The process imports what the program has imported."""
    (tmp_path / "json.py").write_text("raise SystemExit('the wrong one')")
    assert run(f"import sys; sys.path.remove('')\n{START}", folder=tmp_path).startswith("100 ")


def test_it_works_from_a_wheel_that_was_not_unpacked(tmp_path):
    """A ZIP on the module search path."""
    import zipfile  # noqa: PLC0415 -- nothing else here needs it

    import mock_p1  # noqa: PLC0415 -- likewise

    package = Path(mock_p1.__file__).parent
    wheel = tmp_path / "mock_p1.whl"
    with zipfile.ZipFile(wheel, "w") as packed:
        for file in package.rglob("*.py"):
            packed.write(file, Path("mock_p1") / file.relative_to(package))
    code = f"""{START}
    import mock_p1
    print(mock_p1.__file__)
"""
    code = f"import sys; sys.path.insert(0, {str(wheel)!r})\n{code}"
    first, second = run(code, folder=tmp_path).splitlines()
    assert first.startswith("100 ")
    assert second.startswith(str(wheel))


@pytest.mark.parametrize(
    ("content", "small"),
    [
        (TABLE, True),
        (b"a" * 16_384, True),
        (b"a" * 16_385, False),
        (b"\n" * 501, False),
        (b"\r" * 501, False),
        (b"PK\x03\x04", False),
    ],
)
def test_what_is_looked_at_without_a_process(content, small):
    """What takes less time than a poll."""
    assert is_small(content) is small
