# ruff: noqa: RUF001 -- full-width characters are the point
"""Full-width characters, as a Japanese keyboard types them: what was meant is said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_p1 import Scenario, ScenarioError, load_scenario
from mock_p1.analysis.lint import lint_warnings
from mock_p1.scenario.files import load_scenarios
from mock_p1.scenario.full_width import MAX_LINE, narrow, with_hints
from mock_p1.scenario.problems import Problem

HEAD = "jobs:\n  a:\n    timeline:\n"


def problems(text):
    """Return the texts of what is wrong."""
    with pytest.raises(ScenarioError) as caught:
        load_scenario(text)
    return [problem.text for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (HEAD + "      - {status: s, for: ９０s}\n      - {status: s}\n", "90s"),
        (HEAD + "      - {status: s, for: 90　s}\n      - {status: s}\n", "90 s"),
        (HEAD + "      - {status: s, for: ３ ｐｏｌｌｓ}\n      - {status: s}\n", "3 polls"),
        ("seed: ７\n" + HEAD + "      - {status: s}\n", "7"),
        (HEAD + "      - {ｓｔａｔｕｓ: s}\n", "status"),
        (HEAD + "      - {status：s}\n", "status: s"),
        (HEAD + "      - status:　s\n", "status: s"),
        (HEAD + "      -　{status: s}\n", "' ' for a full-width blank (U+3000)"),
        (HEAD + "      － status: s\n", "'-' for '－'"),
        (HEAD + "      ー status: s\n", "'-' for 'ー'"),
        (HEAD + "      −　status: s\n", "'-' for '−'"),
        (HEAD + "      - {status: s、model_id: 5}\n", "', ' for '、'"),
        (HEAD + "      - {status: s，model_id: 5}\n", "', ' for '，'"),
        (HEAD + '      - {status: "s"、model_id: 5}\n', "', ' for '、'"),
        (HEAD + "      - {status: “s”、model_id: 5}\n", "'\"' for '“'"),
        (HEAD + "      - {status: ‘s’、model_id: 5}\n", "\"'\" for '‘'"),
        (HEAD + "      - ｛status: s}\n", "'{' for '｛'"),
        (HEAD + "      - {status: s, body: [1］, for: 1s}\n", "']' for '］'"),
        ("jobs:\n　a:\n    timeline:\n      - {status: s}\n", "a"),
        ("jobs:\n  a:\n    timeline: ［{status: s}］\n", "'[' for '［'"),
    ],
)
def test_what_was_meant(text, meant):
    """Digits, colons, blanks, commas, brackets and letters: a problem says how it is written."""
    hint = f"; full-width characters: did you mean {meant}?"
    assert [each for each in problems(text) if each.endswith(hint)] != []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("jobs：\n  a:\n    timeline:\n      - {status: s}\n", 1),
        ("jobs:\n  a：\n\n    timeline:\n      - {status: s}\n", 2),
        ("jobs：\n  retrain-００１：\n    timeline:\n      - {status: s}\n", 2),
        ("jobs：\n  retrain-\n    001\n    timeline:\n      - {status: s}\n", 1),
        ("jobs：\n  ａ\n    timeline：\n      error: invalid_api_key\n", 3),
    ],
)
def test_a_sign_in_the_line_before(text, line):
    """What follows is refused; the sign is named with the line that it stands in."""
    (said,) = problems(text)
    assert said.endswith(f"; full-width characters on line {line}: did you mean ': ' for '：'?")


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "      - {statu: s, message: 状態：実行中（３０％）、終わり}\n",
        HEAD + "      - {status: s, model_id: x}  # ここ：５、６\n",
        HEAD + '      - {status: s, message: "a：b", model_id: x}\n',
        HEAD + "      - {status: s, message: Status：ok, model_id: x}\n",
        HEAD + "      - {status: s, model_id: 五：５}\n",
        HEAD + "      - {statu: s, message: “終わり”、ー、［１］}\n",
        "jobs: {本番：１: {error: bogus}}\n",
        "description: 日程：\n  １：準備\n    timeline: x\n",
        "description: Status：ok\njobs:\n  retrain-\n  001\n    timeline: x\n",
    ],
)
def test_text_in_japanese_is_no_mistake(text):
    """Messages, comments and ids may have such characters, whatever is wrong beside them."""
    assert [each for each in problems(text) if "full-width" in each] == []


def test_a_text_of_several_lines():
    """Where all colons are full-width the file is one text: the first of them is named."""
    (said,) = problems("api_keys：\n  demo-key： active\njobs：\n  a：\n    error： e\n")
    assert said.endswith("'; full-width characters: did you mean ': ' for '：'?")


@pytest.mark.parametrize(
    ("job_id", "meant"),
    [
        ("retrain-００１", "retrain-001"),
        ("retrain－101", "retrain-101"),
        ("retrainー101", "retrain-101"),
        ("ｒetrain-1", "retrain-1"),
    ],
)
@pytest.mark.parametrize(
    "text",
    [
        "jobs: {{{}: {{error: job_may_be_deleted}}}}",
        "new_jobs: {{error: job_may_be_deleted, ids: [a, {}]}}",
        "generated_jobs: [{{count: 1, error: job_may_be_deleted, prefix: {}}}]",
    ],
)
def test_an_id_in_full_width(text, job_id, meant):
    """An id may be any text, so it is a warning, with what was perhaps meant."""
    found = [warning.text for warning in lint_warnings(load_scenario(text.format(job_id)))]
    said = f"{job_id!r} is an id with full-width characters among others; did you mean {meant}?"
    assert said in found


@pytest.mark.parametrize(
    "ids",
    [
        "再学習-００１",
        "本番１",
        "データ-1",
        "１２３",
        "ＡＢＣ",
        "retrain-００１, retrain-001",
        "é1",
    ],
)
def test_an_id_that_is_meant_so(ids):
    """It is Japanese, or full-width as a whole; or the other id is there, too."""
    text = f"new_jobs: {{error: job_may_be_deleted, ids: [{ids}]}}"
    assert lint_warnings(load_scenario(text)) == []


def test_no_key_is_shown():
    """Not with the line that it stands in, nor as what was meant by another one."""
    texts = problems("api_keys: ｛secret-of-mine: active｝\njobs: {}\n")
    texts += problems(
        "api_keys: {k: active}\njobs: {a: {api_key: ｋｅｙ１, error: invalid_api_key}}\n"
    )
    assert "full-width" in texts[0]
    assert [text for text in texts if "secret-of-mine" in text or "key1" in text] == []


def test_only_one_thing_is_said_to_be_meant():
    """The near match of the name as it was typed is left out."""
    (_, text) = problems(HEAD + "      - {ｓtatus: s}\n")
    assert text.count("did you mean") == 1
    assert text.endswith("did you mean status?")


def test_in_python():
    """Keys that were given in Python have no lines, and are looked at all the same."""
    steps = [{"status": "s", "for": "９０s"}, {"status": "s"}]
    with pytest.raises(ScenarioError, match="did you mean 90s"):
        Scenario(jobs={"a": {"timeline": steps}})


def test_of_several_files(tmp_path):
    """The line is looked for in the file that the problem is in."""
    (tmp_path / "a.yaml").write_text("description: 説明\n", encoding="utf-8")
    (tmp_path / "b.yaml").write_text(HEAD + "      － status: s\n", encoding="utf-8")
    with pytest.raises(ScenarioError, match="did you mean '-' for '－'"):
        load_scenarios([str(tmp_path)])


@pytest.mark.parametrize("status", ["ｊｏｂ＿ｆｉｎｉｓｈｅｄ", "”job_finished”", "job_finished　"])
def test_a_status_in_full_width(status):
    """Any status can be played, so it is a warning."""
    scenario = load_scenario(f"{HEAD}      - {{status: {status}}}\n")
    found = [warning.text for warning in lint_warnings(scenario)]
    assert [text for text in found if text.endswith("did you mean job_finished?")] != []


@given(text=st.text("：　９a-{、“'\\#\n", max_size=60), said=st.text(max_size=40))
def test_any_line_can_be_looked_at(text, said):
    """Whatever stands there, the place of a problem stays, and its words come first."""
    problem = Problem("f", 1, 1, said)
    (found,) = with_hints([problem], {"f": text})
    assert found[:3] == problem[:3]
    assert found.text.startswith(said.partition("; did you mean ")[0])
    assert isinstance(narrow(text), str)


def test_a_very_long_line_is_not_looked_at():
    """A file of one line may have a thousand problems."""
    line = "status：" + "a" * MAX_LINE
    problem = Problem("f", 1, 1, "something else")
    assert with_hints([problem], {"f": line}) == [problem]
