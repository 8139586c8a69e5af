"""``mock-p1 scenarios`` lists what is bundled."""

from mock_p1.scenario.files import bundled, load_scenario


def test_every_bundled_scenario_is_listed_with_its_description(run):
    """One line each: the name, then the whole description, however long."""
    lines = [line.split(maxsplit=1) for line in run("scenarios").output.splitlines()]
    assert lines == [[name, load_scenario(name).description] for name in bundled()]


def test_piped_output_is_plain(run):
    """Piped, the list has no escape sequences and no blanks at the ends of lines."""
    output = run("scenarios").output
    assert "\x1b" not in output
    assert all(line == line.rstrip() for line in output.splitlines())


def test_from_anywhere(run, tmp_path, monkeypatch):
    """The bundled scenarios are found from any folder."""
    monkeypatch.chdir(tmp_path)
    assert "slow-training" in run("scenarios").output


def test_one_is_shown_as_it_stands(run):
    """--show prints the file, comments and all."""
    result = run("scenarios", "--show", "stuck")
    assert (result.exit_code, result.output) == (0, bundled()["stuck"].read_text(encoding="utf-8"))


def test_one_that_there_is_not(run):
    """Is wrong usage that says what there is."""
    result = run("scenarios", "--show", "stcuk")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "did you mean stuck?" in result.stderr
