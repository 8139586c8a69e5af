"""A scenario file that changes under a running mock.

Swapped if it is good, reported if it is not.
"""

import errno
import os
import sys
from pathlib import Path

import pytest
from helpers.admin_client import Controls, events

from mock_p1.admin.event_text import Stream
from mock_p1.admin.watcher import MOST_SHOWN, Broken, Reload, Reloaded
from mock_p1.scenario.files import load_scenario
from mock_p1.scenario.problems import ScenarioError

GOOD = """\
api_keys: {demo-key: active}
jobs:
  same: {timeline: [{status: job_waiting, for: 1 poll}, {status: job_finished}]}
  other: {timeline: [{status: job_waiting, for: 1 poll}, {status: job_finished}]}
"""
CHANGED = GOOD.replace(
    "other: {timeline: [{status: job_waiting", "other: {timeline: [{status: job_queued"
)
BROKEN = GOOD.replace("job_waiting, for: 1 poll", "job_waiting, for: 1 pole", 1)


@pytest.fixture
def file(tmp_path):
    """The file that is watched."""
    file = tmp_path / "mine.yaml"
    file.write_text(GOOD, encoding="utf-8")
    return file


class Watched(Controls):
    """A mock that plays a file; ``look`` has it look at it, ``told`` is what it said since."""

    def __init__(self, file):
        super().__init__(load_scenario(file))
        self.file, self.told = file, []
        self.reload = Reload(self.context, file, self.told.append)
        self.look()

    def look(self, touched=frozenset()):
        """Look, and return what was said of it."""
        self.told.clear()
        self.reload.look(touched)
        return list(self.told)

    def write(self, text):
        """Change the file, and look."""
        self.file.write_text(text, encoding="utf-8")
        return self.look({self.file.name})


@pytest.fixture
def watched(file):
    """A mock that plays the file."""
    return Watched(file)


def test_a_file_that_is_as_it_was_is_left_alone(watched):
    """Nothing is said, and nobody is told of a swap."""
    assert watched.told == []
    assert watched.look() == []
    assert watched.engine.changes.last == 0


def test_a_reset_plays_the_file_as_it_is_now(watched):
    """Not as it was when the mock started."""
    watched.write(CHANGED)
    watched.do("PUT", "/scenario", {"name": "demo"})
    watched.do("POST", "/reset")
    assert watched.poll("other").json["status"] == "job_queued"


def test_a_changed_file_is_swapped_at_once(watched):
    """The next poll sees the new timeline."""
    watched.write(CHANGED)
    assert watched.poll("other").json["status"] == "job_queued"


def test_a_job_whose_timeline_did_not_change_goes_on(watched):
    """The others begin anew; how many of each is said."""
    for job in ("same", "other"):
        watched.poll(job)
    assert watched.write(CHANGED) == [Reloaded(str(watched.file), 1, 1)]
    assert watched.poll("same").json["status"] == "job_finished"
    assert watched.poll("other").json["status"] == "job_queued"


def test_listeners_are_told_of_the_swap(watched):
    """As of one by the control API."""
    stream = Stream(watched.context)
    place = stream.end
    watched.write(CHANGED)
    ((kind, data, _),) = events(stream.after(place)[0])
    assert (kind, data["name"], data["problems"]) == ("scenario", str(watched.file), [])


def test_a_broken_file_leaves_the_old_one_playing(watched):
    """No job loses its state."""
    watched.poll("same")
    watched.write(BROKEN)
    assert watched.poll("same").json["status"] == "job_finished"


def test_a_broken_file_is_reported_with_file_and_line(watched):
    """Every problem, in the house form."""
    (said,) = watched.write(BROKEN + "sed: 7\n")
    assert isinstance(said, Broken)
    assert [(problem.file, problem.line) for problem in said.problems] == [
        (str(watched.file), 3),
        (str(watched.file), 5),
    ]
    assert str(said.problems[1]) == f"{watched.file}:5:1: {said.problems[1].text}"
    assert "did you mean seed?" in said.problems[1].text


def test_the_control_api_shows_the_problems(watched):
    """Beside the scenario that is still played, until the file is mended."""
    watched.write(BROKEN)
    shown = watched.get("/scenario")
    assert [problem["line"] for problem in shown["problems"]] == [3]
    assert "1 poll}" in shown["text"]
    watched.write(CHANGED)
    assert watched.get("/scenario")["problems"] == []


def test_listeners_are_told_of_the_problems(watched):
    """Those who come later learn of them in the greeting."""
    stream = Stream(watched.context)
    place = stream.end
    watched.write(BROKEN)
    ((kind, data, _),) = events(stream.after(place)[0])
    assert (kind, [problem["line"] for problem in data["problems"]]) == ("problems", [3])
    ((_, greeting, _),) = events(stream.begin(None)[0])
    assert greeting["scenario"]["problems"] == data["problems"]


def test_a_file_that_is_as_before_once_more_is_good_again(watched):
    """Though nothing has changed since it was played, the problems go, and that is said."""
    watched.poll("same")
    watched.write(BROKEN)
    assert watched.write(GOOD) == [Reloaded(str(watched.file), 1, 0)]
    assert watched.context.problems == ()


def test_the_same_problems_are_said_once(watched):
    """An editor may write a file several times."""
    assert len(watched.write(BROKEN)) == 1
    assert watched.write(BROKEN) == []


def test_keys_in_problems_are_masked(watched):
    """In the log and on the dashboard."""
    text = GOOD.replace("demo-key: active", "my-secret-key: actve")
    (said,) = watched.write(text.replace("same: {", "same: {api_key: other-secret-key, "))
    told = "\n".join(map(str, said.problems))
    assert "secret" not in told
    assert "my-s…" in told
    assert "secret" not in str(watched.get("/scenario")["problems"])


def test_what_variables_held_is_masked_in_problems(watched, monkeypatch):
    """As keys of the file are; also as a part of a value, and where it is no key at all."""
    monkeypatch.setenv("KEY_OF_TEST", "my-secret-key")
    keys = "variables: true\napi_keys: {'${KEY_OF_TEST}': actve, 'a.${KEY_OF_TEST}': actve}\n"
    part = "same: {api_key: 'b.${KEY_OF_TEST}', at_end: '${KEY_OF_TEST}', "
    text = GOOD.replace("same: {", part).replace("api_keys: {demo-key: active}\n", "")
    (said,) = watched.write(keys + text)
    told = "\n".join(map(str, said.problems))
    assert "actve" in told
    assert "b.my…" in told
    assert "secret" not in told
    assert "secret" not in str(watched.get("/scenario")["problems"])


def test_of_very_many_problems_the_dashboard_gets_the_first(watched):
    """The log has them all."""
    (said,) = watched.write(GOOD + "".join(f"wrong-{number}: 1\n" for number in range(300)))
    shown = watched.get("/scenario")["problems"]
    assert (len(said.problems), len(shown)) == (300, MOST_SHOWN + 1)
    assert shown[-1]["text"].startswith("200 more problems")
    watched.write(GOOD + "".join(f"wrong-{number}: 1\n" for number in range(MOST_SHOWN + 1)))
    assert watched.get("/scenario")["problems"][-1]["text"].startswith("1 more problem;")


def test_a_file_that_is_deleted_and_comes_back(watched):
    """Meanwhile the old one plays on, and the trouble is named."""
    text = watched.file.read_text(encoding="utf-8")
    watched.file.unlink()
    (said,) = watched.look()
    assert str(said.problems[0]).startswith(f"{watched.file}: cannot be read: ")
    assert watched.poll("same").status_code == 200
    assert watched.write(text) == [Reloaded(str(watched.file), 1, 0)]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "loop of links"])
def test_what_is_no_file_any_more_is_said(watched, kind):
    """It is neither waited for nor played, and the look after it is a look as before."""
    watched.file.unlink()
    if kind == "pipe":
        os.mkfifo(watched.file)
    elif kind == "device":
        watched.file.symlink_to("/dev/zero")
    elif kind == "folder":
        watched.file.mkdir()
        (watched.file / "inner.yaml").write_text(CHANGED, encoding="utf-8")
    else:
        watched.file.symlink_to(watched.file)
    (said,) = watched.look({watched.file.name})
    assert str(said.problems[0]).startswith(f"{watched.file}: cannot be read: ")
    assert watched.file.parent in watched.reload.folders()
    assert watched.poll("other").json["status"] == "job_waiting"
    watched.file.rename(watched.file.with_name("old"))
    assert len(watched.write(CHANGED)) == 1
    assert watched.poll("other").json["status"] == "job_queued"


def test_a_file_that_is_replaced_is_noticed_though_nothing_told_of_it(watched):
    """On drives that tell of nothing, a look is enough; and so it is for symbolic links."""
    fresh = watched.file.with_suffix(".new")
    fresh.write_text(CHANGED, encoding="utf-8")
    fresh.replace(watched.file)
    assert len(watched.look()) == 1


def test_a_file_written_within_one_tick_of_the_clock_is_noticed_when_it_is_told_of(watched):
    """Same size, same date: the telling counts."""
    before = watched.file.stat()
    watched.file.write_text(GOOD.replace("job_waiting", "job_pending"), encoding="utf-8")
    os.utime(watched.file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert watched.look({"another.yaml"}) == []
    assert len(watched.look({watched.file.name})) == 1


def test_a_result_file_counts(file, tmp_path):
    """A scenario whose result is another one is another scenario."""
    (tmp_path / "results").mkdir()
    result = tmp_path / "results" / "r.zip"
    result.write_bytes(b"one")
    file.write_text(
        "jobs: {a: {timeline: [{status: x, result: {file: results/r.zip}}]}}", encoding="utf-8"
    )
    watched = Watched(file)
    assert {result.parent, file.parent} <= watched.reload.folders()
    result.write_bytes(b"another")
    assert len(watched.look()) == 1
    url = watched.poll("a").json["download_url"]
    assert watched.client.get(url).data == b"another"


def test_a_missing_result_file_is_waited_for(file, tmp_path):
    """The scenario is played as soon as the file is there."""
    watched = Watched(file)
    (said,) = watched.write("jobs: {a: {timeline: [{status: x, result: {file: later/r.zip}}]}}")
    assert "does not exist" in said.problems[0].text
    (tmp_path / "later").mkdir()
    (tmp_path / "later" / "r.zip").write_bytes(b"x")
    assert len(watched.look()) == 1
    assert watched.poll("a").json["status"] == "x"


def test_what_the_control_api_swapped_in_stays_until_the_file_changes(watched):
    """Looking at the same file again does not undo it."""
    watched.do("PUT", "/scenario", {"name": "stuck"})
    assert watched.look({watched.file.name}) == []
    assert watched.get("/scenario")["name"] == "stuck.yaml"
    watched.write(CHANGED)
    assert watched.get("/scenario")["name"] == str(watched.file)


def test_a_bundled_scenario_can_be_watched():
    """By its name."""
    watched = Watched("demo")
    assert watched.told == []
    assert watched.get("/scenario")["name"] == "demo.yaml"


def test_the_folder_behind_a_link_is_watched_too(file, tmp_path):
    """As where a container mounts its configuration."""
    link = tmp_path / "here" / "link.yaml"
    link.parent.mkdir()
    try:
        link.symlink_to(file)
    except OSError:
        pytest.skip("Windows makes links for administrators only")
    watched = Watched(link)
    assert {link.parent, file.parent} <= watched.reload.folders()
    file.write_text(CHANGED, encoding="utf-8")
    assert [said.name for said in watched.look()] == [str(link)]


def test_a_scenario_that_is_none_is_refused():
    """At the start, as anywhere."""
    with pytest.raises(ScenarioError, match="no such file"):
        Reload(Controls(load_scenario("demo")).context, "nothing.yaml", print)


@pytest.fixture
def locked(monkeypatch):
    """Files that another program has to itself, as Windows has them."""
    locked, own = set(), os.open

    def sharing(path, *arguments, **options):
        if Path(path) in locked:
            raise PermissionError(errno.EACCES, "Permission denied")
        return own(path, *arguments, **options)

    monkeypatch.setattr(os, "open", sharing)
    return locked


def test_a_file_that_is_locked_for_a_moment_is_looked_at_again(watched, locked):
    """Nothing is said of it, and the next look, a second later, finds what it is."""
    watched.file.write_text(CHANGED, encoding="utf-8")
    locked.add(watched.file)
    assert watched.look({watched.file.name}) == []
    locked.clear()
    assert [type(told) for told in watched.look()] == [Reloaded]


def test_a_file_that_stays_locked_is_said_once_and_played_when_it_is_free(watched, locked):
    """Also where nothing of it has changed meanwhile."""
    watched.file.write_text(CHANGED, encoding="utf-8")
    locked.add(watched.file)
    told = [type(told) for _ in range(3) for told in watched.look()]
    locked.clear()
    assert [*told, *map(type, watched.look())] == [Broken, Reloaded]
