"""``POST /__admin/snapshot``: the state into the file that the server was given."""

from mock_p1.server.state_file import StateFile, read_state


def test_the_state_is_written(controls, tmp_path):
    """It answers where, and how large the file is."""
    controls.context.save = StateFile(controls.engine, tmp_path / "s.json").save
    answer = controls.do("POST", "/snapshot")
    assert answer["file"] == str((tmp_path / "s.json").resolve())
    assert answer["size"] == (tmp_path / "s.json").stat().st_size
    assert read_state(tmp_path / "s.json")


def test_without_a_file(controls):
    """It says how to start the mock."""
    refused = controls.refused(409, "POST", "/snapshot")
    assert refused["remedy"] == "start it with mock-p1 serve --save FILE"


def test_what_cannot_be_written(controls, tmp_path):
    """It says why."""
    controls.context.save = StateFile(controls.engine, tmp_path / "no" / "s.json").save
    refused = controls.refused(507, "POST", "/snapshot")
    assert refused["message"].startswith("the state cannot be written: No such file")
