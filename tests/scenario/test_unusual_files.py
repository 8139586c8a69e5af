"""Files that are merely unusual: they work."""

import json

import pytest

from mock_p1.scenario.parser import parse

TEXT = """\
description: 再学習を二回待つ。
jobs:
  再学習-001:
    timeline:
      - {status: 待機中, for: 2 polls}
      - {status: job_finished, message: 完了しました 🎉}
"""


@pytest.mark.parametrize(
    "content",
    [
        TEXT,
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("utf-16"),
        TEXT.replace("\n", "\r\n").encode(),
        TEXT.replace("\n", "\r").encode(),
        TEXT.replace("\n", "\r\n").encode("utf-8-sig"),
        b"\xfe\xff" + TEXT.encode("utf-16-be"),
        TEXT.encode("utf-32"),
        "\ufeff" + TEXT,
        "--- # the document\n" + TEXT + "...\n",
        "%YAML 1.2\n---\n" + TEXT,
        TEXT.rstrip("\n"),
    ],
    ids=["text", "utf-8", "bom", "utf-16", "crlf", "cr", "bom+crlf", "utf-16-be", "utf-32",
         "text+bom", "dashes", "directive", "no newline"],
)  # fmt: skip
def test_encodings_and_line_ends(content):
    """A byte-order mark, Windows line ends and Japanese text are no matter."""
    scenario = parse(content)
    assert scenario.description == "再学習を二回待つ。"
    (step, last) = scenario.jobs["再学習-001"].steps
    assert step.status == "待機中"
    assert last.message == "完了しました 🎉"


def test_lines_are_counted_alike_with_windows_line_ends():
    """A problem's place is the one that an editor shows."""
    scenario = parse(TEXT.replace("\n", "\r\n").encode("utf-8-sig"), "f.yaml")
    assert scenario.where("jobs", "再学習-001", "timeline", 1) == "f.yaml:6"


def test_json_is_yaml():
    """A scenario may be written in JSON."""
    text = (
        '{"$schema": "x", "jobs": {"a": {"timeline": [{"status": "job_finished", "model_id": 7}]}}}'
    )
    assert parse(text).jobs["a"].steps[0].model_id == 7


@pytest.mark.parametrize(
    ("escaped", "expected"),
    [
        (r"\ud83c\udf89", "🎉"),
        (r"\uD83C\uDF89!", "🎉!"),
        (r"\\ud83c\\udf89", r"\ud83c\udf89"),
        (r"\\\ud83c\udf89", "\\🎉"),
        (r"\/\t\u00e9", "/\té"),
    ],
)
def test_json_escapes(escaped, expected):
    """JSON writes a character above U+FFFF as two escapes, which YAML does not know.

    Tabs may indent it.
    """
    text = f'\n{{\n\t"description": "{escaped}"\n}}'
    assert json.loads(text)["description"] == expected
    assert parse(text).description == expected


def test_anchors_aliases_and_merges():
    """Steps are written once and used many times; keys of one's own go before merged ones."""
    scenario = parse("""
        x-wait: &wait {status: job_waiting, for: 2 polls}
        x-more: &more {message: merged, model_id: 1}
        jobs:
          a: &a
            timeline:
              - *wait
              - {<<: [*more, {model_id: 2, download_url: u}], status: job_finished, message: own}
          b: *a
    """)
    last = scenario.jobs["b"].steps[1]
    assert (last.message, last.model_id, last.download_url) == ("own", 1, "u")
    assert scenario.jobs["a"] == scenario.jobs["b"]


def test_keys_that_begin_with_x_are_ignored():
    """At every level, so that anchors have a place to live."""
    scenario = parse("""
        x-a: 1
        jobs:
          a:
            x-b: 2
            timeline:
              - status: job_finished
                x-c: 3
                result: {rows: 1, x-d: 4}
                message: {fake: word, x-e: 5}
        assumptions: {x-f: 6}
    """)
    assert list(scenario.jobs) == ["a"]


def test_words_of_yaml_1_1_are_text():
    """Only true and false are truth values, and 12:30 is no number."""
    scenario = parse(
        "jobs: {a: {timeline: [{status: yes, for: 1 poll}, {status: off, message: 12:30}]}}"
    )
    assert [step.status for step in scenario.jobs["a"].steps] == ["yes", "off"]


@pytest.mark.parametrize("number", ["007", "1e3", "0x10", "1_000", "4821", "1.50", "-0"])
def test_numbers_as_ids_keep_their_writing(number):
    """An id is text, whatever YAML would make of it; so are the api_key of a job and a prefix."""
    scenario = parse(f"""
        api_keys: {{{number}: active}}
        jobs: {{{number}: {{api_key: {number}, error: job_may_be_deleted}}}}
        generated_jobs: [{{count: 1, prefix: {number}, timeline: [{{status: job_finished}}]}}]
    """)
    assert list(scenario.jobs) == list(scenario.api_keys) == [number]
    assert scenario.jobs[number].api_key == scenario.generated_jobs[0].prefix == number


def test_a_key_may_be_an_anchor_or_an_alias():
    """Its text is what counts."""
    scenario = parse(
        "x-id: &id 007\n"
        "jobs: {*id : {error: job_may_be_deleted}, &b b: {error: job_may_be_deleted}}"
    )
    assert list(scenario.jobs) == ["007", "b"]


def test_a_whole_number_of_any_size():
    """A seed or a model_id may be as long as it likes."""
    scenario = parse(
        f"seed: {'9' * 300}\njobs: {{a: {{timeline: [{{status: s, model_id: {'8' * 300}}}]}}}}"
    )
    assert scenario.seed == int("9" * 300)
    assert scenario.jobs["a"].steps[0].model_id == int("8" * 300)


def test_quotes_make_text():
    """What looks like a number or a truth value is text in quotes."""
    scenario = parse(
        """jobs: {a: {timeline: [{status: "true", for: '1 poll'}, {status: '007', message: ""}]}}"""
    )
    assert [step.status for step in scenario.jobs["a"].steps] == ["true", "007"]
    assert scenario.jobs["a"].steps[1].message == ""


def test_a_scenario_without_jobs():
    """Every job is unknown; keys can be tried all the same."""
    assert parse("api_keys: {k: active}").jobs == {}
