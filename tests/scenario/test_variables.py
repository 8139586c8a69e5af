"""``${NAME}`` and ``${NAME:-default}`` in files that say ``variables: true``."""

import pytest

from mock_p1 import Scenario, load_scenario
from mock_p1.base.record import MAX_PROBLEMS
from mock_p1.scenario.parser import parse
from mock_p1.scenario.problems import ScenarioError

JOBS = "jobs: {a: {timeline: [{status: job_finished}]}}\n"


@pytest.fixture
def read(tmp_path, monkeypatch):
    """Read a file that says ``variables: true``, with the variables that are given."""

    def read(text, **variables):
        for name in ("A", "B"):
            monkeypatch.delenv(name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        file = tmp_path / "v.yaml"
        file.write_text(f"variables: true\n{text}\n{JOBS}", encoding="utf-8")
        return load_scenario(file)

    return read


def problems(read, text, **variables):
    """Return where and what is wrong with such a file."""
    with pytest.raises(ScenarioError) as caught:
        read(text, **variables)
    return [(problem.line, problem.column, problem.text) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("${A}", "x"),
        ("${A:-other}", "x"),
        ("${B:-other}", "other"),
        ("${B:-}", ""),
        ("${B:-a: b, c}", "a: b, c"),
        ("<${A}${A}>", "<xx>"),
        ("$${A}", "${A}"),
        ("$$${A}", "$${A}"),
        ("$A and $ and {A}", "$A and $ and {A}"),
    ],
)
def test_what_stands_for_what(read, written, seen):
    """A default stands for a variable that is not set; two signs are one."""
    assert read(f'description: "{written}"', A="x").description == seen


def test_an_empty_variable_is_as_none_where_there_is_a_default(read):
    """As shells have it."""
    assert read('description: "${A:-x}${A}"', A="").description == "x"


def test_without_quotes_it_may_be_a_number(read):
    """With them it is text."""
    assert read("seed: ${A}", A="12").seed == 12
    assert problems(read, 'seed: "${A}"', A="12")[0][:2] == (2, 7)


def test_keys_are_replaced_too(read):
    """API keys are keys of a mapping."""
    scenario = read("api_keys: {'${A}': active, b: inactive_credential}", A="secret")
    assert scenario.api_keys == {"secret": "active", "b": "inactive_credential"}


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("api_keys: {'${A}': active}", 12),
        ("secret_keys: {'${A}': active}", 15),
        ("generated_jobs: [{count: 1, api_key: '${A}', timeline: [{status: x}]}]", 38),
    ],
)
def test_no_key_is_made_of_an_empty_variable(read, text, column):
    """Nor does the name of the variable, which anybody may read, become one."""
    found = problems(read, text, A="")
    assert [(each[1], each[2].partition(";")[0]) for each in found] == [
        (column, "no client can send the key ''")
    ]


def test_what_it_holds_is_never_yaml(read):
    """A value is a value, whatever stands in it."""
    held = "x\nseed: 7 # {[&*!|>'\"%@`"
    assert read("description: ${A}", A=held).description == held
    assert read("description: ${A}", A="${B}").description == "${B}"


def test_the_text_that_is_shown_keeps_the_variables(read):
    """What they hold may be secret."""
    assert "s3cret" not in read('description: "${A}"', A="s3cret").text


def test_aliases_are_replaced_once(read):
    """And everywhere."""
    scenario = read("x-a: &a '${A}'\ndescription: *a", A="$${A}")
    assert scenario.description == "$${A}"


@pytest.mark.parametrize(
    ("text", "place", "what"),
    [
        ("description: ${APPEL}", (2, 14), "the variable APPEL is not set; ${APPEL:-default}"),
        ("description: 'x ${APPEL}'", (2, 14), "did you mean APPLE?"),
        ("api_keys: {'${APPEL}': active}", (2, 12), "the variable APPEL is not set"),
        ("description: ${", (2, 14), "no variable begins at '${'; write ${NAME}"),
        ("description: ${1}", (2, 14), "no variable begins at '${1}'"),
        ("description: ${A-x}", (2, 14), "no variable begins at '${A-x}'"),
        ("description: ${ESC}", (2, 14), "the variable ESC holds a character"),
        ("api_keys: {'${APPLE}': active, pie: active}", (2, 32), "the same key as one on line 2"),
    ],
)
def test_mistakes_are_named_with_their_place(read, text, place, what):
    """Each alone, without another problem that follows from it."""
    ((*found, said),) = problems(read, text, APPLE="pie", ESC="\x1b[2J")
    assert tuple(found) == place
    assert what in said


def test_all_mistakes_are_named_at_once(read):
    """A bounded number of them."""
    assert len(problems(read, "description: ${A}${B}\nseed: ${A}")) == 3
    many = "\n".join(f"x-{number}: ${{A}}" for number in range(MAX_PROBLEMS + 5))
    assert len(problems(read, many)) == MAX_PROBLEMS + 1


def test_what_they_make_is_bounded(read):
    """A large one that is named often."""
    found = problems(read, "\n".join(f"x-{n}: ${{A}}" for n in range(200)), A="x" * 100_000)
    assert "have more than 5,000,000 characters in all" in found[0][2]


@pytest.mark.parametrize("said", ["", "variables: false\n"])
def test_a_file_that_does_not_say_so_is_left_as_it_is(tmp_path, said):
    """Such signs may stand in any text."""
    file = tmp_path / "v.yaml"
    file.write_text(f"{said}description: ${{HOME}}\n{JOBS}", encoding="utf-8")
    assert load_scenario(file).description == "${HOME}"


def test_a_text_that_is_no_file_may_not_read_them():
    """It may be sent by somebody else: nobody gets at the variables by PUT."""
    with pytest.raises(ScenarioError, match="variables: true is for files"):
        parse(f"variables: true\ndescription: ${{HOME}}\n{JOBS}")
    with pytest.raises(ScenarioError, match="variables: true is for files"):
        Scenario(variables=True, jobs={"a": {"timeline": [{"status": "x"}]}})
    assert parse(f"description: ${{HOME}}\n{JOBS}").description == "${HOME}"
