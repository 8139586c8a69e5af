"""From what a user names to a Scenario."""

import errno
import json
import os
import pickle
from io import BytesIO
from pathlib import Path
from types import MappingProxyType

import pytest

import mock_p1
from mock_p1.scenario import result_files
from mock_p1.scenario.files import bundled, load_scenario
from mock_p1.scenario.parser import parse
from mock_p1.scenario.problems import Problem, ScenarioError
from mock_p1.scenario.result_files import MAX_BYTES as MAX_RESULT_BYTES
from mock_p1.scenario.result_files import read_bounded

GOOD = "description: {}\njobs: {{a: {{timeline: [{{status: job_finished}}]}}}}\n"
HERE = GOOD.format("here")


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write(name, text=HERE):
    """Write a file below the current directory."""
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def refusal(source, **options):
    """Return why there is no such scenario."""
    with pytest.raises(ScenarioError) as caught:
        load_scenario(source, **options)
    return str(caught.value)


@pytest.mark.parametrize(
    "source", ["mine.yaml", "./mine.yaml", Path("mine.yaml"), "sub/../mine.yaml"]
)
def test_a_path(source):
    """As text or Path; problems and the journal call the file by it."""
    write("mine.yaml")
    write("sub/x.yaml")
    scenario = load_scenario(source)
    assert scenario.description == "here"
    assert scenario.where("jobs", "a").endswith("mine.yaml:2")


@pytest.mark.parametrize("suffix", [".yaml", ".yml", ".json"])
def test_names_of_files(suffix):
    """YAML under both its endings, and JSON."""
    write(f"mine{suffix}", '{"description": "here"}')
    assert load_scenario(f"mine{suffix}").description == "here"


@pytest.mark.parametrize("name", sorted(bundled()))
def test_a_bundled_name(name):
    """From any directory."""
    assert load_scenario(name).name == f"{name}.yaml"


def test_a_bare_name_is_a_bundled_one_first():
    """A file that happens to be called like it is named by its path."""
    write("demo")
    write("demo.yaml")
    assert load_scenario("demo").description != "here"
    assert load_scenario("demo.yaml").description == "here"


def test_a_folder_set_aside_for_scenarios_comes_first():
    """With or without the ending, before bundled names and the current directory."""
    write("set/demo.yaml", GOOD.format("set aside"))
    write("set/other.yml", GOOD.format("set aside"))
    write("other.yml")
    for name in ("demo", "demo.yaml", "other", "other.yml"):
        assert load_scenario(name, folder="set").description == "set aside"
    assert load_scenario("happy-path", folder=Path("set")).name == "happy-path.yaml"


def test_what_is_not_in_the_folder_is_looked_for_here():
    """A path is taken from the folder, then from the current directory."""
    write("mine.yaml")
    Path("set").mkdir()
    assert load_scenario("mine.yaml", folder="set").description == "here"


def test_a_scenario_is_itself():
    """Whoever has one already may hand it on."""
    scenario = load_scenario("demo")
    assert load_scenario(scenario) is scenario


def test_no_such_file():
    """What there is, and what comes nearest."""
    message = refusal("dmeo")
    assert message.startswith("dmeo: no such file")
    assert message.endswith("; did you mean demo?")
    assert all(name in message for name in bundled())


def test_the_folders_own_names_are_near_too():
    """A slip in one of them is understood."""
    write("set/retraining.yaml")
    assert refusal("retrainig", folder="set").endswith("; did you mean retraining?")


@pytest.mark.parametrize(
    "name", ["x" * 5000, "nul\0", "a/" * 3000, "", "..", "no/such/folder/x.yaml", "\ud800"]
)
def test_names_that_no_file_can_have(name):
    """They are refused in the same words."""
    with pytest.raises(ScenarioError):
        load_scenario(name)


def test_a_folder_without_scenario_files_is_no_scenario():
    """It is named as what it is."""
    Path("dir.yaml").mkdir()
    assert refusal("dir.yaml") == (
        "dir.yaml: is a folder, and holds no scenario file (.yaml, .yml, .json)"
    )


def test_a_file_that_may_not_be_read(monkeypatch):
    """The reason is the system's."""

    def denied(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    write("mine.yaml")
    monkeypatch.setattr(Path, "open", denied)
    assert refusal("mine.yaml") == "mine.yaml: cannot be read: Permission denied"


def test_a_scenario_error_survives_the_way_between_processes():
    """As under pytest-xdist."""
    error = ScenarioError(
        [Problem("f.yaml", 2, 1, "b"), Problem("f.yaml", 1, 3, "a"), Problem("f", 0, 0, "c")]
    )
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 -- our own
    assert again.problems == error.problems
    assert str(again) == "f: c\nf.yaml:1:3: a\nf.yaml:2:1: b"


def test_loading_is_public():
    """Under the package's own name."""
    assert mock_p1.load_scenario is load_scenario


WITH_FILE = "jobs: {{a: {{timeline: [{{status: job_finished, result: {{file: {}}}}}]}}}}\n"


@pytest.mark.parametrize("name", ["r.zip", "sub/r.zip", r"sub\r.zip", "./sub/../r.zip", "結果.zip"])
def test_a_result_file_beside_the_scenario(name):
    """Below its folder, with either slash."""
    write(f"set/{name}".replace("\\", "/"), "content")
    write("set/mine.yaml", WITH_FILE.format(name))
    assert load_scenario("set/mine.yaml").files == {name: b"content"}


@pytest.mark.parametrize(
    "name", ["../r.zip", r"..\r.zip", "sub/../../r.zip", "/r.zip", "//host/r.zip"]
)
def test_a_result_file_outside_the_folder(name):
    """Is never read."""
    write("r.zip", "secret")
    write("set/sub/x", "")
    write("set/mine.yaml", WITH_FILE.format(name))
    assert "lies outside the scenario's own folder" in refusal("set/mine.yaml")


def link(name, target):
    """Make a symbolic link, or skip the test where that is not allowed."""
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    try:
        Path(name).symlink_to(target)
    except OSError:  # Windows, without the privilege
        pytest.skip("symbolic links cannot be made here")


def test_a_link_that_leads_outside():
    """Where it leads is what counts."""
    write("secret.zip", "secret")
    link("set/r.zip", Path("../secret.zip"))
    write("set/mine.yaml", WITH_FILE.format("r.zip"))
    assert "lies outside the scenario's own folder" in refusal("set/mine.yaml")


def test_a_linked_folder_that_leads_outside():
    """Likewise."""
    write("secrets/r.zip", "secret")
    link("set/sub", Path("../secrets"))
    write("set/mine.yaml", WITH_FILE.format("sub/r.zip"))
    assert "lies outside the scenario's own folder" in refusal("set/mine.yaml")


def test_a_link_that_stays_inside():
    """Is a file like any other."""
    write("set/real.zip", "content")
    link("set/r.zip", "real.zip")
    write("set/mine.yaml", WITH_FILE.format("r.zip"))
    assert load_scenario("set/mine.yaml").files == {"r.zip": b"content"}


def test_links_in_a_circle():
    """Are no file."""
    link("set/r.zip", "s.zip")
    link("set/s.zip", "r.zip")
    write("set/mine.yaml", WITH_FILE.format("r.zip"))
    assert "result.file 'r.zip' " in refusal("set/mine.yaml")


@pytest.mark.parametrize(
    ("name", "what"),
    [("gone.zip", "does not exist"), ("sub", "does not exist"), ("n" * 5000, "'nnn")],
)
def test_a_result_file_that_is_not_there(name, what):
    """Nor is a folder one."""
    write("set/sub/x", "")
    write("set/mine.yaml", WITH_FILE.format(name))
    assert what in refusal("set/mine.yaml")


def test_a_result_file_that_is_too_large():
    """It would be held in memory."""
    with write("set/big.zip", "").open("wb") as file:
        file.truncate(MAX_RESULT_BYTES + 1)
    write("set/mine.yaml", WITH_FILE.format("big.zip"))
    assert "is larger than 100,000,000 bytes" in refusal("set/mine.yaml")


def test_a_result_file_is_read_once():
    """However many jobs show it."""
    read = []
    steps = "x-s: &s [{status: job_finished, result: {file: r.zip}}]\n"
    parse(
        steps + "jobs: {a: {timeline: *s}, b: {timeline: *s}}",
        attach=lambda name: read.append(name) or b"content",
    )
    assert read == ["r.zip"]


def test_a_result_file_is_read_once_however_it_is_spelt(monkeypatch):
    """Nor is it kept once for each spelling."""
    opened = []
    read = result_files.read_file
    monkeypatch.setattr(
        result_files,
        "read_file",
        lambda *given, **more: opened.append(given) or read(*given, **more),
    )
    write("set/r.zip", "content")
    names = ["r.zip", "./r.zip", ".//r.zip", "sub/../r.zip"]
    steps = "".join(f"{{status: s, for: 1 poll, result: {{file: {name}}}}}, " for name in names)
    write("set/mine.yaml", f"jobs: {{a: {{timeline: [{steps}{{status: job_finished}}]}}}}\n")
    assert set(load_scenario("set/mine.yaml").files) == set(names)
    assert len(opened) == 1


def test_result_files_have_a_bound_together(monkeypatch):
    """They are kept in memory."""
    monkeypatch.setattr(result_files, "MAX_TOGETHER", 9)
    write("set/r.zip", "content")
    write("set/s.zip", "content")
    steps = "[{status: s, for: 1 poll, result: {file: r.zip}}, {status: s, result: {file: s.zip}}]"
    write("set/mine.yaml", f"jobs: {{a: {{timeline: {steps}}}}}\n")
    assert "'s.zip' and those before it have more than 9 bytes together" in refusal("set/mine.yaml")


@pytest.mark.skipif(os.open not in os.supports_dir_fd, reason="opened by its whole path here")
@pytest.mark.parametrize("which", ["set/sub/r.zip", "set/sub"])
def test_a_link_that_takes_a_place_at_the_last_moment(which):
    """Between the look and the reading: it is not followed."""
    write("set/sub/r.zip", "content")
    path = Path("set/sub/r.zip").resolve()
    Path(which).rename("set/moved")
    link(which, Path("moved").absolute().parent / "set" / "moved")
    with pytest.raises(OSError, match=r"link|directory"):
        result_files.read_file(path, 100, below=Path("set").resolve())


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes here")
def test_a_pipe_is_not_waited_for():
    """Where a file is wanted."""
    os.mkfifo("pipe")
    with pytest.raises(OSError, match="no file"):
        result_files.read_file(Path("pipe"), 100)


def test_a_result_file_needs_a_folder():
    """A scenario that was not read from a file has none."""
    with pytest.raises(ScenarioError, match="this scenario was not read from a file"):
        parse(WITH_FILE.format("r.zip"))


@pytest.mark.parametrize(
    ("source", "what"),
    [
        (None, "it is of type NoneType"),
        (3, "it is of type int"),
        (b"demo", "it is of type bytes"),
        (["demo"], "it is of type list"),
    ],
)
def test_what_cannot_be_a_name(source, what):
    """Says what it must be, rather than that there is no such file."""
    message = refusal(source)
    assert message.startswith("scenario: must be ")
    assert what in message


@pytest.mark.parametrize(
    "text",
    [
        HERE,
        "jobs: {a: {timeline: [{status: job_finished}]}}",
        '{"jobs": {"a": {"timeline": [{"status": "job_finished"}]}}}',
        "\n\njobs:\n  a: {timeline: [{status: job_finished}]}\n",
        "# mine\njobs: {a: {timeline: [{status: job_finished}]}}",
        "---\njobs: {a: {timeline: [{status: job_finished}]}}",
    ],
)
def test_a_text_is_a_scenario(text):
    """YAML or JSON, of one line or many; its lines are told as those of a file."""
    scenario = load_scenario(text)
    line = 1 + text[: text.index("timeline")].count("\n")
    assert (list(scenario.jobs), scenario.name) == (["a"], "scenario")
    assert scenario.jobs["a"].steps[0].source == f"scenario:{line}"


def test_a_mistake_in_a_text_is_told_with_its_line():
    """As that of a file."""
    assert refusal("seed: 1\njob: {}").startswith("scenario:2:1: unknown key 'job'")


def test_a_mapping_is_a_scenario():
    """Of whatever kind, as the keys of a file."""
    mapping = MappingProxyType({"jobs": MappingProxyType({"a": {"error": "job_may_be_deleted"}})})
    assert load_scenario(mapping).jobs["a"].error == "job_may_be_deleted"


def test_a_name_that_is_far_too_long():
    """Is not repeated in full."""
    assert len(refusal("x" * 5000)) < 1000


@pytest.fixture
def no_case(monkeypatch):
    """Files are found by their names in any case, as on Windows and macOS."""

    def any_case(own):
        def found(path, *arguments, **options):
            entries = {entry.name.lower(): entry for entry in Path(path).parent.iterdir()}
            return own(entries.get(Path(path).name.lower(), path), *arguments, **options)

        return found

    for owner, name in [(Path, "stat"), (Path, "is_file"), (Path, "open"), (os, "open")]:
        monkeypatch.setattr(owner, name, any_case(getattr(owner, name)))


WITH_RESULT = "jobs: {a: {timeline: [{status: job_finished, result: {file: R.zip}}]}}"


def test_a_file_that_is_called_so_in_another_case_alone_is_warned_of(no_case):
    """Two systems find it, and the third does not: whoever writes it there learns that."""
    write("Mine.yaml")
    with pytest.warns(
        UserWarning, match=r"mine\.yaml is called Mine\.yaml: where systems tell case"
    ):
        assert load_scenario("mine.yaml").description == "here"


def test_so_is_a_result_file(no_case):
    """Likewise."""
    write("mine.yaml", WITH_RESULT)
    write("r.zip")
    with pytest.warns(UserWarning, match=r"R\.zip is called r\.zip: where systems tell case apart"):
        load_scenario("mine.yaml")


def test_a_system_that_tells_case_apart_names_the_other(tmp_path):
    """Where such a file is not found, what is said has its real name."""
    write("Mine.yaml", WITH_RESULT)
    write("r.zip")
    if Path("mine.yaml").exists():
        pytest.skip("this system does not tell case apart")
    assert refusal("mine.yaml").endswith("; did you mean Mine.yaml?")
    assert refusal("Mine.yaml").endswith("; did you mean r.zip?")


def test_folders_on_the_way_are_compared_too():
    """What is said of a file in a folder has the folder's real name."""
    write("Mine.yaml", WITH_RESULT.replace("R.zip", "Data/R.zip"))
    write("data/r.zip")
    if Path("DATA").exists():  # this system does not tell case apart
        with pytest.warns(UserWarning, match=r"Data/R\.zip is called data/r\.zip: where"):
            load_scenario("Mine.yaml")
    else:
        assert refusal("Mine.yaml").endswith("; did you mean data/r.zip?")


def test_what_a_link_leads_to_elsewhere_is_not_told(tmp_path):
    """Nobody learns the names of a folder that is not the scenario's own."""
    write("own/Mine.yaml", WITH_RESULT.replace("R.zip", "Link/R.zip"))
    write("other/r.zip")
    try:
        Path("own/link").symlink_to(tmp_path / "other")
    except OSError:
        pytest.skip("this system makes no links")
    assert "r.zip" not in refusal("own/Mine.yaml")


def test_a_folder_is_listed_once_for_all_its_files(monkeypatch):
    """However many result files stand in it."""
    jobs = {}
    for number in range(20):
        write(f"data/r{number}.zip")
        steps = [{"status": "job_finished", "result": {"file": f"data/r{number}.zip"}}]
        jobs[f"j{number}"] = {"timeline": steps}
    mine = write("mine.json", json.dumps({"jobs": jobs}))
    listed = []
    for name in ("listdir", "scandir"):
        own = getattr(os, name)
        monkeypatch.setattr(
            os, name, lambda folder, own=own: listed.append(str(folder)) or own(folder)
        )
    load_scenario(mine.absolute())
    assert listed.count(str(Path("data").absolute())) == 1


@pytest.mark.parametrize(("has", "size", "read"), [(5, 5, 5), (100, 3, 7), (100, 0, 7), (4, 9, 4)])
def test_a_file_that_changes_is_read_to_its_limit_alone(has, size, read):
    """Whatever size it had when it was looked at; one byte more says that there is more."""
    assert len(read_bounded(BytesIO(bytes(has)), size, 6)) == read
