"""``mock-p1 check``: every problem of scenario files on a line of its own, and an exit status."""

import errno
import gc
import os
import re
import sys

import pytest

GOOD = "jobs: {a: {error: job_may_be_deleted}}\n"
BAD = "descripton: x\njobs:\n  a: {error: job_may_be_delted}\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty current folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_good_file(run, folder):
    """A file that can be used: exit 0, and the count."""
    (folder / "good.yaml").write_text(GOOD, encoding="utf-8")
    result = run("check", "good.yaml")
    assert (result.exit_code, result.output) == (0, "1 file checked, no problem\n")


def test_nothing_is_searched_for_garbage_while_a_file_is_checked(run, folder, monkeypatch):
    """What is read of a large file stays as long as it is checked: a search would find nothing."""
    searching = []

    def lint_warnings(_scenario):
        searching.append(gc.isenabled())
        return []

    monkeypatch.setattr("mock_p1.analysis.lint.lint_warnings", lint_warnings)
    assert run("check", "demo", "stuck").exit_code == 0
    assert searching == [False, False]
    assert gc.isenabled()


def test_bundled_name(run, folder):
    """A bundled scenario is checked by its name."""
    assert run("check", "demo", "happy-path").output == "2 files checked, no problem\n"


def test_what_was_probably_not_meant(run, folder):
    """A warning is a line of its own, and no reason to fail."""
    result = run("check", "stuck", "demo")
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "stuck.yaml:8: warning: the job never shows job_finished; it remains at job_running",
        "stuck.yaml:10: warning: the job never shows job_finished; it remains at job_waiting",
        "2 files checked, no problem, 2 warnings",
    ]


def test_strict(run, folder):
    """With --strict a warning fails too; where there is none, nothing changes."""
    assert run("check", "stuck", "--strict").exit_code == 1
    assert run("check", "demo", "--strict").exit_code == 0


def test_a_warning_of_a_whole_file(run, folder):
    """Has no line."""
    (folder / "none.yaml").write_text("description: nothing\n", encoding="utf-8")
    assert run("check", "none.yaml").output.startswith("none.yaml: warning: there is no job: ")


def test_for_github(run, folder):
    """Problems and warnings are commands that mark lines; odd names are escaped."""
    (folder / "a,b.yaml").write_text(BAD, encoding="utf-8")
    lines = run("check", "--format", "github", "a,b.yaml", "stuck").output.splitlines()
    assert lines[0].startswith("::error file=a%2Cb.yaml,line=1,col=1::unknown key 'descripton'")
    assert lines[2].startswith("::warning file=stuck.yaml,line=8::the job never shows")
    assert lines[-1] == "2 problems in 1 of 2 files, 2 warnings"


@pytest.mark.posix  # where a name may hold what a drive of Windows has
def test_a_drive_is_a_part_of_the_name(run, folder):
    """Its colon, the first of the place, parts nothing."""
    (folder / "C:\\a.yaml").write_text("jobs: {a: {timeline: [{status: s}]}}", encoding="utf-8")
    shown = run("check", "C:\\a.yaml").output
    assert shown.startswith("C:\\a.yaml:1: warning: the job never shows")
    marked = run("check", "--format", "github", "C:\\a.yaml").output
    assert marked.startswith("::warning file=C%3A\\a.yaml,line=1::the job")


def test_github_takes_no_percent_sign(run, folder):
    """Of a text as of a file's name: it stands for what is escaped."""
    text = "jobs: {'a%b': {timeline: [{status: '100%'}]}}"
    (folder / "c%d.yaml").write_text(text, encoding="utf-8")
    line = run("check", "--format", "github", "c%d.yaml").output.splitlines()[0]
    assert line.startswith("::warning file=c%25d.yaml,line=1::")
    assert line.endswith(" it remains at 100%25")


def test_every_problem_in_the_house_form(run, folder):
    """Each problem is a line file:line:column.

    What, what was possible, what was perhaps meant; exit 1.
    """
    (folder / "bad.yaml").write_text(BAD, encoding="utf-8")
    result = run("check", "bad.yaml")
    first, second, summary = result.output.splitlines()
    assert result.exit_code == 1
    assert first.startswith("bad.yaml:1:1: unknown key 'descripton'; known: ")
    assert first.endswith("did you mean description?")
    assert second.startswith("bad.yaml:3:14: unknown error 'job_may_be_delted'; known: ")
    assert summary == "2 problems in 1 of 1 file"


def test_one_bad_file_among_good_ones(run, folder):
    """All files are checked, whatever is wrong with one of them."""
    for name, text in (("a.yaml", GOOD), ("b.yaml", BAD), ("c.yaml", BAD)):
        (folder / name).write_text(text, encoding="utf-8")
    result = run("check", "a.yaml", "b.yaml", "c.yaml")
    assert (result.exit_code, result.output.splitlines()[-1]) == (1, "4 problems in 2 of 3 files")


def test_folder(run, folder):
    """A folder stands for the scenario files in it.

    .yaml, .yml and .json, but not a JSON Schema or a note.
    """
    for name in ("a.yaml", "b.yml"):
        (folder / name).write_text(GOOD, encoding="utf-8")
    (folder / "c.json").write_text(
        '{"jobs": {"a": {"error": "job_may_be_deleted"}}}', encoding="utf-8"
    )
    (folder / "scenario.schema.json").write_text("{}", encoding="utf-8")
    (folder / "notes.txt").write_text("no scenario", encoding="utf-8")
    assert run("check", ".").output == "3 files checked, no problem\n"


def test_files_that_are_one_scenario(run, folder):
    """With --together: what two say of one thing is a problem, and a part is no scenario."""
    (folder / "set").mkdir()
    (folder / "set" / "jobs.yaml").write_text(GOOD, encoding="utf-8")
    keys = folder / "set" / "keys.yaml"
    keys.write_text("api_keys: {k: active}\n", encoding="utf-8")
    assert run("check", "--together", "set").output == "1 scenario checked, no problem\n"
    alone = run("check", "set").output
    assert "keys.yaml: warning: there is no job: " in alone
    assert "if another file has the jobs, check both with --together" in alone
    keys.write_text(GOOD, encoding="utf-8")
    assert run("check", "set").exit_code == 0
    result = run("check", "--together", "set/jobs.yaml", "set/keys.yaml")
    assert result.exit_code == 1
    assert "jobs: 'a' stands in set/jobs.yaml:1 already\n" in result.output.replace("\\", "/")
    assert result.output.endswith("1 problem in 1 of 1 scenario\n")


def test_standard_input_is_no_part_of_several(run, folder):
    """It has no place among files."""
    assert run("check", "--together", "-", "demo").exit_code == 2


def test_folder_without_scenarios(run, folder):
    """A folder with nothing to check is a problem, not a success."""
    result = run("check", str(folder))
    assert result.exit_code == 1
    assert "the folder holds no scenario file (.yaml, .yml, .json)" in result.output


def test_standard_input(run, folder):
    """- reads standard input, which problems call <stdin>."""
    assert run("check", "-", input=GOOD).exit_code == 0
    assert run("check", "-", input=BAD).output.startswith("<stdin>:1:1: unknown key")


def test_unknown_name(run, folder):
    """What is neither a file nor bundled: what there is, and the near match."""
    result = run("check", "dmo")
    assert result.exit_code == 1
    assert result.output.startswith(
        "dmo: no such file, and no bundled scenario of that name; bundled: all-errors, "
    )
    assert "did you mean demo?" in result.output


def test_file_without_a_suffix(run, folder):
    """A file is checked under any name it has."""
    (folder / "plain").write_text(BAD, encoding="utf-8")
    assert run("check", "plain").output.startswith("plain:1:1: unknown key")


@pytest.mark.parametrize(
    "name", ["", "a\0b", "a" * 5000, f"{'a' * 5000}.yaml", "no/such/file.yaml"]
)
def test_impossible_names(run, folder, name):
    """No name, however odd, is more than a line that says so."""
    result = run("check", name)
    assert (result.exit_code, "no such file" in result.output) == (1, True)


def test_unreadable_file(run, folder, monkeypatch):
    """A file that may not be read is a problem with its reason."""
    (folder / "secret.yaml").write_text(GOOD, encoding="utf-8")
    run("check", "demo")  # so that all code has been read

    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", refuse)
    result = run("check", "secret.yaml")
    assert (
        result.exit_code,
        "secret.yaml: cannot be read: Permission denied" in result.output,
    ) == (1, True)


def test_unreadable_folder(run, folder, monkeypatch):
    """A folder that may not be read is a problem with its reason."""

    def refuse(_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("pathlib.Path.iterdir", refuse)
    result = run("check", ".")
    assert (
        result.exit_code,
        ".: the folder cannot be read: Permission denied" in result.output,
    ) == (1, True)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes among its files")
def test_pipe(run, folder):
    """A pipe, such as bash's <(…), is read like a file."""
    read, write = os.pipe()
    with os.fdopen(write, "w", encoding="utf-8") as pipe:
        pipe.write(BAD)
    result = run("check", f"/dev/fd/{read}")
    os.close(read)
    assert f"/dev/fd/{read}:1:1: unknown key" in result.output


def test_nothing_to_check(run):
    """Without a file: a usage error."""
    assert run("check").exit_code == 2


def test_no_colour_without_a_terminal(run, folder):
    """Piped, the summary has no colour."""
    assert "\x1b" not in run("check", "demo").output


def test_colour_on_a_terminal(run, folder):
    """On a terminal the summary has one."""
    assert "\x1b[32m" in run("check", "demo", color=True).output


def test_no_color(run, folder):
    """NO_COLOR turns it off there too."""
    assert "\x1b" not in run("check", "demo", color=True, env={"NO_COLOR": "1"}).output


def test_escape_sequences_do_not_reach_the_terminal(run, tmp_path):
    """Whatever a file is called, and whatever stands in it; explain and serve likewise."""
    file = tmp_path / "a\u202eb.yaml"
    file.write_text(
        'description: "a\\x1b[31m\\u202E"\n'
        'jobs: {"r\\u202E1": {timeline: [{status: "x\\x1b[2J", for: 1 poll}, {status: "\\x85"}]}}',
        encoding="utf-8",
    )
    for arguments in (["check", str(file)], ["explain", str(file)], ["check", f"{file}\x1b"],
                      ["explain", f"{file}\x1b"]):  # fmt: skip
        output = run(*arguments, color=True).output
        plain = re.sub("\x1b\\[[0-9;]*m", "", output) if arguments[0] == "check" else output
        assert plain.replace("\n", "").isprintable(), arguments
