"""``mock-p1 init``: a scenario to start from, and what plays it; nothing is overwritten."""

import os
import re
import subprocess
import sys
from importlib import import_module
from runpy import run_path

import pytest
from helpers.strict_yaml import read_yaml

from mock_p1 import __version__, mocked
from mock_p1.cli.init import STARTER
from mock_p1.scenario.files import bundled

COMMENTED = (STARTER / "scenario.yaml").read_text(encoding="utf-8")
IN_JAPANESE = (STARTER / "scenario.ja.yaml").read_text(encoding="utf-8")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty current folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(folder):
    """What stands in a folder."""
    return [path.name for path in folder.iterdir()]


def tried(text):
    """Return a commented scenario with what is commented out in its end."""
    whole, rest = re.split(r"(?<=\n)# \S.*\n#\n(?=# calls:)", text)
    return whole + re.sub(r"(?m)^# ", "", rest)


def run_pytest(folder):
    """Run pytest there, as a user would; return what it says."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "MOCK_P1_"))}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
         "--import-mode=importlib", "-W", "error"],
        cwd=folder, env=kept, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip


def test_the_commented_scenario(run, folder):
    """By itself a scenario.yaml that can be used, without a warning; the next steps name it."""
    result = run("init")
    assert (result.exit_code, names(folder)) == (0, ["scenario.yaml"])
    assert "mock-p1 serve scenario.yaml" in result.output
    assert run("check", "--strict", "scenario.yaml").output == "1 file checked, no problem\n"


@pytest.mark.parametrize("text", [COMMENTED, IN_JAPANESE], ids=["en", "ja"])
def test_what_is_commented_out_is_right_too(run, folder, text):
    """Without the marks before its lines it can be used as it stands."""
    (folder / "tried.yaml").write_text(tried(text), encoding="utf-8")
    assert run("check", "--strict", "tried.yaml").exit_code == 0
    assert len(read_yaml((folder / "tried.yaml").read_text("utf-8"))["calls"]) == 4


def test_the_commented_scenario_in_japanese(run, folder):
    """Its comments, its description and what is printed are in Japanese, all else is the same."""
    result = run("init", "--lang", "ja")
    assert result.output == (
        "scenario.yaml を書き出しました\n\n次に使うコマンド:\n"
        "  mock-p1 explain scenario.yaml\n  mock-p1 serve scenario.yaml\n"
    )
    written = (folder / "scenario.yaml").read_text(encoding="utf-8")
    assert written == IN_JAPANESE.replace("FILE", "scenario.yaml")
    english, japanese = (read_yaml(tried(text)) for text in (COMMENTED, IN_JAPANESE))
    assert japanese.pop("description") != english.pop("description")
    assert japanese == english
    comments = re.findall(r"(?m)#\s+(.*[a-z]{3} [a-z]{3}.*)$", IN_JAPANESE.replace("FILE", ""))
    assert [comment for comment in comments if comment.isascii() and "mock-p1" not in comment] == []


@pytest.mark.parametrize("name", bundled())
def test_from_a_bundled_scenario(run, folder, name):
    """It is copied, and says where from; the line that leads to a schema beside it is not."""
    assert run("init", "--from", name, "mine.yaml").exit_code == 0
    text = (folder / "mine.yaml").read_text(encoding="utf-8")
    assert text.splitlines()[0].startswith(f"# Begun as the bundled scenario {name};")
    assert read_yaml(text) == read_yaml(bundled()[name].read_text(encoding="utf-8"))
    assert "yaml-language-server" not in text


def test_from_what_there_is_not(run, folder):
    """Wrong usage, with what there is; nothing is written."""
    result = run("init", "--from", "stcuk")
    assert (result.exit_code, names(folder)) == (2, [])
    assert "did you mean stuck?" in result.output


@pytest.mark.slow
def test_the_first_test_passes(run, folder):
    """With its conftest.py beside the scenario, in whichever folder."""
    assert run("init", "tests/my-training.yaml", "--pytest").exit_code == 0
    written = sorted(path.name for path in (folder / "tests").iterdir())
    assert written == ["conftest.py", "my-training.yaml", "test_my_training.py"]
    done = run_pytest(folder)
    assert "1 passed" in done.stdout, done.stdout
    test = (folder / "tests" / "test_my_training.py").read_text(encoding="utf-8")
    assert 'ended == "job_finished"\n    mock_p1.assert_interval(min="30s")' in test
    assert "mock_p1.assert_switched()" in test


@pytest.mark.slow
def test_the_first_test_can_fail(run, folder):
    """A client that stops at its first poll is found out."""
    run("init", "--pytest")
    conftest = folder / "conftest.py"
    text = conftest.read_text(encoding="utf-8")
    conftest.write_text(text.replace("if has_link or", "if True or"), "utf-8")
    assert "'job_running' == 'job_finished'" in run_pytest(folder).stdout


@pytest.mark.slow
def test_the_first_test_of_every_bundled_scenario_passes(run, folder):
    """Whatever it is about."""
    for name in bundled():
        assert run("init", f"{name}/scenario.yaml", "--from", name, "--pytest").exit_code == 0
    done = run_pytest(folder)
    assert f"{len(bundled())} passed" in done.stdout, done.stdout


IN_TROUBLE = """
new_jobs:
  timeline:
    - {status: job_waiting, for: upload}
    - {reply: {status_code: 429, retry_after: {date: 5m}, body: {}}, for: 1 poll}
    - {status: job_finished, for: 2 polls}
    - {status: job_finished, result: generated}
calls:
  result_download: [{fault: truncated_body, for: 1 call}, ok]
  retrain_model_switch: [{reply: {status_code: 503, retry_after: {date: 5m}}, for: 1 call}, ok]
"""


def test_the_client_waits_for_the_link_and_as_it_is_told():
    """A job may be finished before its link is there; Retry-After may be a date."""
    client_class = run_path(str(STARTER / "conftest.txt"))["RetrainClient"]
    with mocked(IN_TROUBLE, instant_sleep=True) as mock:
        client = client_class(mock.url, mock.secret_key, mock.model_id)
        assert client.retrain("train.csv", b"age,left\n31,no\n") == "job_finished"
        assert client.result.startswith(b"PK")
        mock.assert_respects_retry_after()
        mock.assert_switched()
        mock.assert_sequence()


@pytest.mark.slow
def test_a_client_that_is_there_is_kept(run, folder):
    """A second scenario's test takes the client of a conftest.py that has one."""
    run("init", "--pytest")
    (folder / "conftest.py").write_text("def client(mock_p1): ...\n", encoding="utf-8")
    result = run("init", "--from", "stuck", "stuck.yaml", "--pytest")
    assert "conftest.py" not in result.output
    assert (folder / "conftest.py").read_text(encoding="utf-8") == "def client(mock_p1): ...\n"
    assert 'ended == "job_running"' in (folder / "test_stuck.py").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("there", "options"),
    [
        ("scenario.yaml", []),
        ("conftest.py", ["--pytest"]),
        ("test_scenario.py", ["--pytest"]),
        ("compose.yaml", ["--compose"]),
    ],
)
def test_nothing_is_overwritten(run, folder, there, options):
    """One of the files is there: it is named, and none is written."""
    (folder / there).write_text("mine\n", encoding="utf-8")
    result = run("init", *options)
    assert result.exit_code == 1
    assert result.output.startswith(f"{there} is there already, and nothing was written")
    assert names(folder) == [there]
    assert (folder / there).read_text(encoding="utf-8") == "mine\n"


@pytest.mark.posix
def test_a_link_to_nothing_is_there_too(run, folder):
    """It is not followed to write somewhere else."""
    (folder / "scenario.yaml").symlink_to(folder / "elsewhere.yaml")
    assert run("init").exit_code == 1
    assert not (folder / "elsewhere.yaml").exists()


def test_compose_and_workflow(run, folder):
    """Both name the scenario by its path from here."""
    assert run("init", "mocks/a.yaml", "--compose", "--github").exit_code == 0
    compose = read_yaml((folder / "compose.yaml").read_text(encoding="utf-8"))
    assert compose["services"]["mock-p1"]["volumes"] == [
        "./mocks/a.yaml:/scenarios/scenario.yaml:ro"
    ]
    workflow = (folder / ".github" / "workflows" / "mock-p1.yml").read_text(encoding="utf-8")
    assert 'mock-p1 serve "mocks/a.yaml" --quiet &' in workflow
    assert "SCENARIO" not in workflow
    assert f'mock-p1@v{__version__}"' in workflow  # nobody says whose the name is on PyPI
    assert read_yaml(workflow)["jobs"]["test"]["steps"]


@pytest.mark.parametrize("name", ["a.json", "a", "a.txt"])
def test_a_file_that_is_no_yaml(run, folder, name):
    """Is wrong usage, with the name that would do."""
    result = run("init", name)
    assert (result.exit_code, names(folder)) == (2, [])
    assert "call it a.yaml" in result.output


def test_a_name_that_other_files_cannot_hold(run, folder):
    """Is refused where other files would name it, and taken where none does."""
    assert run("init", "a$b.yaml", "--compose").exit_code == 2
    assert names(folder) == []
    assert run("init", "a$b.yaml").exit_code == 0


def test_a_folder_that_cannot_be_made(run, folder):
    """Is one line, with the reason."""
    (folder / "file").write_text("", encoding="utf-8")
    result = run("init", "file/a.yaml")
    assert result.exit_code == 1
    assert "a.yaml cannot be written: " in result.output


@pytest.mark.parametrize(("is_windows", "quote"), [(False, "'"), (True, '"')])
def test_what_is_next_can_be_typed_as_it_stands(run, monkeypatch, tmp_path, is_windows, quote):
    """A name that a shell would take apart stands in quotes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(import_module("mock_p1.cli.init"), "IS_WINDOWS", is_windows)
    lines = run("init", "my mocks/first one.yaml").stdout.splitlines()
    assert f"  mock-p1 serve {quote}my mocks/first one.yaml{quote}" in lines
