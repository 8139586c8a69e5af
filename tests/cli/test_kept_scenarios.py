"""The cache folder: what is taken from it, when it is stale, and that it never gets in the way."""

import os
import stat
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from mock_p1.scenario import parser
from mock_p1.scenario.files import load_scenario
from mock_p1.scenario.kept import as_kept
from mock_p1.scenario.problems import ScenarioError
from mock_p1.server import kept_scenarios, user_folders
from mock_p1.server.kept_scenarios import MOST_KEPT, load_kept
from mock_p1.server.user_folders import cache_folder

POSIX = pytest.mark.skipif(os.name != "posix", reason="owners and modes of POSIX")
JOB = "jobs: {r-1: {timeline: [{status: %s}]}}\n"
WITH_FILE = "jobs: {r-1: {timeline: [{status: x, result: {file: own.zip}}]}}\n"


@pytest.fixture
def folder(tmp_path):
    """The folder in which scenarios are kept; there is none yet."""
    return tmp_path / "cache" / "scenarios"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """The folder in which the files of a test stand."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


@pytest.fixture(autouse=True)
def in_full(monkeypatch):
    """What was read in the ordinary way, by its name."""
    names = []
    one, several = parser.parse, parser.parse_several

    def parse(source, name="text", *arguments, **options):
        names.append(name)
        return one(source, name, *arguments, **options)

    def parse_several(sources, name, *arguments):
        names.append(name)
        return several(sources, name, *arguments)

    monkeypatch.setattr(parser, "parse", parse)
    monkeypatch.setattr(parser, "parse_several", parse_several)
    return names


def write(name, text):
    """Write a scenario file."""
    Path(name).parent.mkdir(exist_ok=True)
    Path(name).write_text(text, encoding="utf-8")


def test_the_second_time_nothing_is_checked(folder, in_full):
    """What comes out of the folder is what was read."""
    first, second = (load_kept(["demo"], folder) for _ in range(2))
    assert in_full == ["demo.yaml"]
    assert as_kept(second) == as_kept(first)


def test_several_files_are_kept_as_one(folder, in_full):
    """A folder likewise; the order of the files counts."""
    write("a.yaml", JOB % "x")
    write("b.yaml", "seed: 7\n")
    for names in (["a.yaml", "b.yaml"], ["b.yaml", "a.yaml"], ["."]):
        first, second = (load_kept(names, folder) for _ in range(2))
        assert as_kept(second) == as_kept(first)
    assert in_full == ["a.yaml, b.yaml", "b.yaml, a.yaml", "."]


def test_another_text_is_read_anew(folder, in_full):
    """Also of the same length and age; the old one comes back with its text."""
    for status in ("x", "y", "x"):
        write("a.yaml", JOB % status)
        os.utime("a.yaml", (1, 1))
        assert load_kept(["a.yaml"], folder).jobs["r-1"].steps[0].status == status
    assert in_full == ["a.yaml", "a.yaml"]


def test_a_further_file_in_a_folder_is_read_anew(folder, in_full):
    """And so is a folder in which a file is called otherwise: places name it."""
    write("a.yaml", JOB % "x")
    load_kept(["."], folder)
    write("b.yaml", "seed: 7\n")
    assert load_kept(["."], folder).seed == 7
    Path("b.yaml").rename("c.yaml")
    assert load_kept(["."], folder).sources == ("a.yaml", "c.yaml")
    assert in_full == ["."] * 3


def test_one_file_and_a_folder_of_one_are_told_apart(folder, in_full):
    """Even where both are called alike."""
    write("a.yaml", JOB % "x")
    load_kept(["a.yaml"], folder)
    Path("a.yaml").rename("z.yaml")
    Path("a.yaml").mkdir()
    Path("z.yaml").rename("a.yaml/a.yaml")
    assert load_kept(["a.yaml"], folder).sources == (str(Path("a.yaml", "a.yaml")),)
    assert len(in_full) == 2


@pytest.mark.parametrize("part", ["version", "python", "code", *kept_scenarios.READERS])
def test_what_other_code_checked_is_read_anew(folder, in_full, tmp_path, monkeypatch, part):
    """Another version of ours, of Python or of a library; in a checkout, another file."""
    room = tmp_path / "package" / "scenario"
    room.mkdir(parents=True)
    (room / "model.py").touch()
    for library, file in kept_scenarios.READERS.items():
        (tmp_path / library).mkdir()
        (tmp_path / library / file).write_text("VERSION = '1'", encoding="utf-8")
    monkeypatch.setattr(kept_scenarios, "_HERE", tmp_path / "package")
    monkeypatch.setattr(
        kept_scenarios,
        "find_spec",
        lambda name: SimpleNamespace(origin=str(tmp_path / name / "__init__.py")),
    )
    load_kept(["demo"], folder)
    load_kept(["demo"], folder)
    if part == "version":
        monkeypatch.setattr(kept_scenarios, "__version__", "0.0.0")
    elif part == "python":
        monkeypatch.setattr(kept_scenarios.sys, "version_info", (3, 99))
    elif part == "code":
        os.utime(room / "model.py", (1, 1))
    else:
        file = tmp_path / part / kept_scenarios.READERS[part]
        file.write_text("VERSION = '2'", encoding="utf-8")
    load_kept(["demo"], folder)
    assert in_full == ["demo.yaml"] * 2


def test_without_faker_there_is_nothing_to_tell(folder, in_full, monkeypatch):
    """Whether it is not installed, or where it cannot be looked at."""

    def fails(name):
        raise ValueError(f"{name}.__spec__ is None")

    for find_spec in (lambda _name: None, fails):
        monkeypatch.setattr(kept_scenarios, "find_spec", find_spec)
        load_kept(["demo"], folder)
    assert in_full == ["demo.yaml"]


def test_a_result_file_is_always_the_one_of_now(folder, in_full):
    """The scenario says nothing of what is in it."""
    write("a.yaml", WITH_FILE)
    for content in (b"one", b"two"):
        Path("own.zip").write_bytes(content)
        assert load_kept(["a.yaml"], folder).files == {"own.zip": content}
    assert in_full == ["a.yaml"]


def test_a_result_file_that_is_gone_is_a_problem_as_ever(folder):
    """With its place."""
    write("a.yaml", WITH_FILE)
    Path("own.zip").touch()
    load_kept(["a.yaml"], folder)
    Path("own.zip").unlink()
    with pytest.raises(ScenarioError, match=r"a\.yaml:1:.*own\.zip' does not exist"):
        load_kept(["a.yaml"], folder)


def test_what_variables_hold_is_never_kept(folder, in_full, monkeypatch):
    """It may be secret; so such a scenario is read in full, and follows its variables."""
    write("a.yaml", "variables: true\n" + JOB % "'${SAID}'")
    for said in ("x-secret", "y-secret"):
        monkeypatch.setenv("SAID", said)
        assert load_kept(["a.yaml"], folder).jobs["r-1"].steps[0].status == said
    assert not folder.exists()
    assert len(in_full) == 2


def test_what_variables_hold_is_never_kept_of_several_files(folder, monkeypatch):
    """Nor of a folder, where one file of them says that it has variables."""
    write("one/a.yaml", "variables: true\n" + JOB % "'${SAID}'")
    write("one/b.yaml", "api_keys: {demo-key: active}\n")
    for said in ("x-secret", "y-secret"):
        monkeypatch.setenv("SAID", said)
        assert load_kept(["one"], folder).jobs["r-1"].steps[0].status == said
    assert not folder.exists()


def test_a_folder_in_which_others_may_write_is_not_used(folder, in_full):
    """Nor one below it: they could put another in its place."""
    if not hasattr(os, "getuid"):
        pytest.skip("Windows' folders have no such rights")
    write("a.yaml", JOB % "x")
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.parent.chmod(0o777)
    for _ in range(2):
        load_kept(["a.yaml"], folder)
    assert len(in_full) == 2


def test_a_scenario_with_problems_is_not_kept(folder):
    """They are told each time."""
    write("a.yaml", "jobs: {r-1: {}}\n")
    for _ in range(2):
        with pytest.raises(ScenarioError, match="a job has either"):
            load_kept(["a.yaml"], folder)
    assert not folder.exists()


def test_a_warning_comes_each_time(folder, monkeypatch):
    """A file that Windows and macOS alone find is warned of, kept or not."""
    write("a.yaml", WITH_FILE)
    Path("own.zip").touch()
    names = "mock_p1.scenario.result_files._in_other_case"
    monkeypatch.setattr(names, lambda *_: "OWN.zip")
    for _ in range(2):
        with pytest.warns(UserWarning, match=r"own\.zip is called OWN\.zip"):
            load_kept(["a.yaml"], folder)


def test_a_text_in_the_place_of_a_name_is_read(folder):
    """As it is without the folder."""
    assert [*load_kept([JOB % "x"], folder).jobs] == ["r-1"]
    assert not folder.exists()


def test_without_a_folder_it_is_read(in_full):
    """Where nobody has a home, or the cache was turned off."""
    assert load_kept(["demo"], None) == load_scenario("demo")
    assert in_full == ["demo.yaml"] * 2


def damaged(kind, whole):
    """Return what may stand in the place of a kept scenario."""
    first, _, rest = whole.partition(b"\n")
    return {
        "empty": b"",
        "cut": whole[:-1],
        "changed": whole.replace(b"job_waiting", b"job_wasting"),
        "unsealed": rest,
        "another's": b"0" * len(first) + b"\n" + rest,
        "binary": bytes(range(256)) * 100,
        "deep": b"[" * 1_000_000,
        "large": b" " * (kept_scenarios.LARGEST_BYTES + 1),
    }[kind]


@pytest.mark.parametrize(
    "kind", ["empty", "cut", "changed", "unsealed", "another's", "binary", "deep", "large"]
)
def test_a_broken_file_is_read_past_and_made_anew(folder, in_full, kind):
    """Nobody is told, and the next start is quick again."""
    first = load_kept(["demo"], folder)
    (file,) = folder.iterdir()
    file.write_bytes(damaged(kind, file.read_bytes()))
    assert load_kept(["demo"], folder) == first
    assert load_kept(["demo"], folder) == first
    assert len(in_full) == 2


def test_a_sealed_file_of_other_content_is_read_past(folder, in_full, monkeypatch):
    """As one is that a version of ours had left that writes otherwise."""
    with monkeypatch.context() as patch:
        patch.setattr(kept_scenarios, "as_kept", lambda _scenario: '["Popen", ["true"]]')
        load_kept(["demo"], folder)
    assert load_kept(["demo"], folder) == load_scenario("demo")
    assert len(in_full) == 3


def test_a_folder_in_the_place_of_a_file_is_read_past(folder):
    """Nothing can be kept there, and nothing is lost."""
    load_kept(["demo"], folder)
    (file,) = folder.iterdir()
    file.unlink()
    file.mkdir()
    assert load_kept(["demo"], folder) == load_scenario("demo")
    assert [*folder.iterdir()] == [file]


def test_a_file_in_the_place_of_the_folder_is_no_error(folder):
    """Nor is any other reason for which the folder cannot be made."""
    folder.parent.mkdir()
    folder.touch()
    assert load_kept(["demo"], folder) == load_scenario("demo")


@pytest.mark.parametrize("name", ["open", "mkdir", "replace", "fdopen"])
def test_a_folder_that_cannot_be_written_is_no_error(folder, monkeypatch, name):
    """A file system that is full, or read-only; and nothing half is left."""

    def fails(*_arguments, **_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, name, fails)
    assert load_kept(["demo"], folder).name == "demo.yaml"
    monkeypatch.undo()
    assert [*folder.glob("*")] == []


@POSIX
def test_only_the_user_can_read_what_is_kept(folder):
    """A scenario may hold keys."""
    load_kept(["demo"], folder)
    (file,) = folder.iterdir()
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder, file)] == [0o700, 0o600]


@POSIX
@pytest.mark.parametrize("mode", [0o770, 0o707, 0o755, 0o777])
def test_a_folder_that_others_can_use_is_left_alone(folder, in_full, mode):
    """What is in it may be another's, and is neither read nor added to."""
    load_kept(["demo"], folder)
    (file,) = folder.iterdir()
    folder.chmod(mode)
    load_kept(["demo"], folder)
    load_kept(["slow-training"], folder)
    assert in_full == ["demo.yaml", "demo.yaml", "slow-training.yaml"]
    assert [*folder.iterdir()] == [file]


@POSIX
def test_a_folder_of_another_user_is_left_alone(folder, in_full, monkeypatch):
    """Whoever it belongs to could put anything into it."""
    load_kept(["demo"], folder)
    monkeypatch.setattr(os, "getuid", lambda: 4711)
    load_kept(["demo"], folder)
    assert len(in_full) == 2


@POSIX
def test_a_link_in_the_place_of_the_folder_is_left_alone(folder, in_full, tmp_path):
    """It leads where another wants it."""
    (tmp_path / "other").mkdir(mode=0o700)
    folder.parent.mkdir()
    folder.symlink_to(tmp_path / "other")
    load_kept(["demo"], folder)
    load_kept(["demo"], folder)
    assert len(in_full) == 2
    assert not [*(tmp_path / "other").iterdir()]


@POSIX
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a system without pipes that have names")
def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(folder):
    """Nobody would ever write into it."""
    load_kept(["demo"], folder)
    (file,) = folder.iterdir()
    file.unlink()
    os.mkfifo(file)
    assert load_kept(["demo"], folder) == load_scenario("demo")


def test_so_many_are_kept(folder):
    """The oldest go first, and with them what a start that was killed left behind; nothing else."""
    load_kept(["demo"], folder)
    (first,) = folder.iterdir()
    os.utime(first, (5, 5))
    not_ours = folder / "mine.json"
    not_ours.touch()
    os.utime(not_ours, (1, 1))
    behind = [folder / f"{number:064x}.json.{number:016x}.new" for number in range(MOST_KEPT)]
    for number, path in enumerate(behind):
        path.touch()
        os.utime(path, (10 + number, 10 + number))
    load_kept(["slow-training"], folder)
    left = {*folder.iterdir()}
    assert len(left - {not_ours}) == MOST_KEPT
    assert not {first, behind[0]} & left
    assert {not_ours, behind[1]} <= left


def test_what_was_just_kept_does_not_go_first(folder):
    """Nor where a clock that was wrong has dated all others later."""
    folder.parent.mkdir()
    folder.mkdir(mode=0o700)
    later = [folder / f"{number:064x}.json" for number in range(MOST_KEPT)]
    for path in later:
        path.touch()
        os.utime(path, (2**33, 2**33))
    load_kept(["slow-training"], folder)
    assert len({*folder.iterdir()} - {*later}) == 1


def test_what_would_be_very_large_is_not_kept(folder, monkeypatch):
    """As it would not be read again."""
    monkeypatch.setattr(kept_scenarios, "LARGEST_BYTES", 1000)
    load_kept(["demo"], folder)
    assert not folder.exists()


@pytest.mark.parametrize(
    ("platform", "variables", "place"),
    [
        ("linux", {"XDG_CACHE_HOME": "{}/xdg"}, "xdg/mock-p1/scenarios"),
        ("linux", {"XDG_CACHE_HOME": "relative"}, "home/.cache/mock-p1/scenarios"),
        ("linux", {"XDG_CACHE_HOME": ""}, "home/.cache/mock-p1/scenarios"),
        ("freebsd14", {}, "home/.cache/mock-p1/scenarios"),
        ("darwin", {"XDG_CACHE_HOME": "{}/xdg"}, "home/Library/Caches/mock-p1/scenarios"),
        ("win32", {"LOCALAPPDATA": "{}/local"}, "local/mock-p1/scenarios"),
        ("win32", {}, "home/AppData/Local/mock-p1/scenarios"),
    ],
)
def test_the_folder_is_where_each_platform_has_it(
    monkeypatch, tmp_path, platform, variables, place
):
    """By its variable, else in the home."""
    monkeypatch.setattr(user_folders.sys, "platform", platform)
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format(tmp_path))
    assert cache_folder() == tmp_path / place


@pytest.mark.skipif(sys.platform != "linux", reason="users without a home, as containers have")
@pytest.mark.parametrize("home", ["", None])
def test_without_a_home_there_is_no_folder(monkeypatch, home):
    """None called ~ in the working directory, and none in the root."""
    import pwd  # noqa: PLC0415 -- only here

    def nobody(_: int) -> None:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("HOME")
    if home is not None:
        monkeypatch.setenv("HOME", home)
    assert cache_folder() is None


@pytest.mark.slow
@pytest.mark.parametrize("option", [[], ["--no-cache"]])
@pytest.mark.parametrize("more", [[], ["--together"]])
def test_check_keeps_what_it_checks(run, monkeypatch, folder, option, more):
    """So that a start is quick; unless it is told not to."""
    monkeypatch.setattr("mock_p1.cli.check.cache_folder", lambda: folder)
    write("a.yaml", JOB % "job_finished")
    result = run("check", *more, *option, "a.yaml")
    assert result.output == run("check", *more, *option, "a.yaml").output
    assert folder.exists() == (not option)


@pytest.mark.slow
def test_serve_takes_what_is_kept(serve, tmp_path):
    """Another start of the same scenario finds it; the variable turns that off."""
    write("a.yaml", JOB % "job_finished")
    cache = {name: str(tmp_path) for name in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME")}
    serve("a.yaml", **cache, MOCK_P1_NO_CACHE="1")
    assert not [*tmp_path.rglob("*.json")]
    first = serve("a.yaml", **cache)
    (file,) = tmp_path.rglob("*.json")
    written = file.stat().st_mtime_ns
    second = serve("a.yaml", **cache)
    assert file.stat().st_mtime_ns == written
    first, second = (each.announcement.partition("  start")[0] for each in (first, second))
    assert first.partition("\n")[2] == second.partition("\n")[2]


SERVED = """
import sys
from mock_p1.cli import main
from mock_p1.server.server import Server

def run(self, *_, **__):
    print("pydantic_core" in sys.modules)

Server.run = run
main()
"""


@pytest.mark.slow
def test_serve_loads_no_pydantic_where_the_scenario_is_kept(tmp_path, monkeypatch):
    """With its log too: it would double the time of a start."""
    for name in ("HOME", "USERPROFILE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path))
    command = [sys.executable, "-c", SERVED, "serve", "--port", "0", "demo"]
    first, second = (
        subprocess.run(
            command, capture_output=True, check=False, encoding="utf-8", timeout=60
        ).stdout.split()
        for _ in range(2)
    )
    assert (first[-1], second[-1]) == ("True", "False")
