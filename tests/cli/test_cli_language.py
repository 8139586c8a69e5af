# ruff: noqa: RUF001 -- Japanese has signs of its own
"""``--lang``, ``MOCK_P1_LANG``, the system's language: what people read, and what stays English."""

import gettext
import io
import json
import os
import re
import socket
import subprocess
import sys
from string import Formatter
from unittest import mock

import pytest
from helpers.invalid_pieces import INVALID
from hypothesis import given
from hypothesis import strategies as st

from mock_p1 import ScenarioError, load_scenario
from mock_p1.admin.watcher import Broken
from mock_p1.base.extras import missing
from mock_p1.cli import COMMANDS, language
from mock_p1.cli.log_lines import FORMATS
from mock_p1.cli.translated_help import columns, wrap
from mock_p1.cli.translation import DOMAIN, LOCALES, Translation, load
from mock_p1.scenario.problems import Problem
from mock_p1.server.kept_scenarios import load_kept

JAPANESE = re.compile("[ぁ-んァ-ヶ一-龠]")
ENGLISH = re.compile(r"(?<![\w.'\"/-])[a-z]{2,} [a-z]{2,}(?![\w.'\"(/-])", re.ASCII)
"""Two words of English in a row; names of keys stand alone, or with commas between."""

ALIKE = {
    "{text} is not {how_to_write}.",
    "result: must be generated, {{rows: 500}} or {{file: result.zip}}; it is {value}",
}

BAD = "jobs: {a: {timelin: [{status: job_running}]}}\n"


def chosen(*arguments, **environment):
    """Return the language of a run."""
    language.choose(arguments, environment)
    return language._chosen[0]  # noqa: SLF001 -- what everything asks


@pytest.mark.parametrize(
    ("arguments", "environment", "expected"),
    [
        ((), {}, "en"),
        (("check", "--lang", "ja"), {}, "ja"),
        (("--help", "--lang=ja_JP.UTF-8"), {}, "ja"),
        (("--lang", "en", "check"), {"MOCK_P1_LANG": "ja", "LANG": "ja_JP.UTF-8"}, "en"),
        (("check", "--", "--lang", "ja"), {}, "en"),
        ((), {"MOCK_P1_LANG": "ja", "LANG": "en_US.UTF-8"}, "ja"),
        ((), {"MOCK_P1_LANG": "en", "LANG": "ja_JP.UTF-8"}, "en"),
        ((), {"LANG": "ja_JP.UTF-8"}, "ja"),
        ((), {"LANG": "ja"}, "ja"),
        ((), {"LANG": "jam_JM.UTF-8"}, "en"),
        ((), {"LANG": "fr_FR.UTF-8"}, "en"),
        ((), {"LC_ALL": "en_US.UTF-8", "LANG": "ja_JP.UTF-8"}, "en"),
        ((), {"LC_MESSAGES": "ja_JP.UTF-8", "LANG": "en_US.UTF-8"}, "ja"),
        ((), {"LC_ALL": "", "LANG": "ja_JP.UTF-8"}, "ja"),
        ((), {"LANGUAGE": "ja", "LANG": "en_US.UTF-8"}, "ja"),
        ((), {"LANGUAGE": "fr:ja:en", "LANG": "en_US.UTF-8"}, "ja"),
        ((), {"LANGUAGE": "en:ja", "LANG": "ja_JP.UTF-8"}, "en"),
        ((), {"LANGUAGE": "ja"}, "ja"),
        ((), {"LC_ALL": "C", "LANGUAGE": "ja", "LANG": "ja_JP.UTF-8"}, "en"),
        ((), {"LC_ALL": "C.UTF-8", "LANG": "ja_JP.UTF-8"}, "en"),
        ((), {"LANG": "POSIX", "LANGUAGE": "ja"}, "en"),
    ],
)
def test_which_language(arguments, environment, expected):
    """The option, then our variable, then the system's; C means none."""
    assert chosen(*arguments, **environment) == expected


@pytest.mark.parametrize(
    ("locale", "expected"),
    [("Japanese_Japan.932", "ja"), ("ja-JP", "ja"), ("English_United States.1252", "en")],
)
def test_the_locale_of_windows(monkeypatch, locale, expected):
    """Where no variable names a locale, the process has one all the same."""
    monkeypatch.setattr(language, "WINDOWS", True)
    monkeypatch.setattr("locale.setlocale", lambda _category: locale)
    assert chosen() == expected
    assert chosen(LANG="en_US") == "en"


def test_a_console_without_the_characters_is_spoken_to_in_english(monkeypatch):
    """Question marks help nobody."""
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="cp1252"))
    assert chosen(MOCK_P1_LANG="ja") == "en"


@pytest.mark.parametrize("encoding", ["cp932", "euc_jp", "utf-16"])
def test_a_console_with_the_characters(monkeypatch, encoding):
    """Whatever its encoding is called."""
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
    assert chosen(MOCK_P1_LANG="ja") == "ja"


@pytest.mark.parametrize(("given", "meant"), [("jp", "ja"), ("Japanes", "ja"), ("englsh", "en")])
def test_an_unknown_language(run, given, meant):
    """It exits 2, and says which was meant."""
    result = run("check", "demo", "--lang", given)
    assert result.exit_code == 2
    assert f"unknown language '{given}'; known: en, ja; did you mean {meant}?" in result.output


def test_an_unknown_language_in_the_variable(run, monkeypatch):
    """Likewise."""
    monkeypatch.setenv("MOCK_P1_LANG", "xx")
    result = run("check", "demo")
    assert (result.exit_code, "unknown language 'xx'" in result.output) == (2, True)


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_help_in_japanese(run, name):
    """Every sentence of every help page is Japanese, and no line is too wide for a terminal."""
    arguments = [name] if name else []
    english = run(*arguments, "--help", env={"COLUMNS": "80"}).output
    japanese = run(*arguments, "--help", "--lang", "ja", env={"COLUMNS": "80"}).output
    for option in re.findall(r"(?m)^  (-\S+(?:, --\w+)?) .*  ", english):
        assert f"\n  {option} " in japanese
    said = re.sub(r"\$\(.*|mock-p1 [\w. -]+|  +#.*|~/\S+", "", japanese)
    assert ENGLISH.findall(said) == []
    widest = max(80, *map(columns, english.splitlines()))
    assert [line for line in japanese.splitlines() if columns(line) > widest] == []


def test_columns_stand_below_each_other(run):
    """Each text on the help page begins in the same column, counted as a terminal shows it."""
    output = run("poll", "--help", "--lang", "ja", env={"COLUMNS": "80"}).output
    rows = output.partition("オプション:\n")[2].splitlines()
    begins = {columns(re.match(r"  (-\S+( \S+)?(, --help)?  +| +)", row)[0]) for row in rows}
    assert begins == {22}


TEXTS = st.text(st.sampled_from("ab -語字、。「」（ー"), max_size=60)


@given(text=TEXTS, width=st.integers(4, 30))
def test_nothing_is_lost_where_lines_break(text, width):
    """Lines hold all there was but the blanks, and are as narrow as they can be."""
    lines = wrap(text, width)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    for line in lines:
        assert columns(line) <= width or len(wrap(line, 1)) == 1 or line[-1] in "、。」ー"


def test_no_line_begins_with_a_full_stop():
    """Nor does one end with an opening bracket."""
    assert wrap("あいうえお。か", 10) == ["あいうえ", "お。か"]
    assert wrap("あい（うえ", 6) == ["あい", "（うえ"]


def test_no_line_ends_in_the_midst_of_a_word():
    """Of Katakana or Chinese characters, as far as that can be known."""
    assert wrap("結果をダウンロード", 10) == ["結果を", "ダウンロード"]
    assert wrap("次の環境変数", 8) == ["次の", "環境変数"]


def test_english_loads_no_translation():
    """Who reads English does not pay for it."""
    code = (
        "import sys; from mock_p1.cli import main\n"
        "try: main(['--help'])\n"
        "finally: print([name for name in sys.modules if 'translat' in name])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("\n[]\n")


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_problems_in_japanese(path):
    """Whatever is wrong with a file is said in Japanese, but for what libraries say."""
    say = load("ja").message
    try:
        load_scenario(path)
    except ScenarioError as error:
        texts = [problem.text for problem in error.problems]
    for text in texts:
        said = say(text)
        assert JAPANESE.search(said), text
        said = re.sub(r"'[^']*'|この.*使えません: .*", "", said)
        assert ENGLISH.findall(said) == [], said


def test_each_message_is_known_among_the_others():
    """With values in its places, every text of the catalogue becomes Japanese."""
    known = load("ja")
    catalogue = gettext.translation(DOMAIN, LOCALES, ["ja"])._catalog  # noqa: SLF001 -- all of it
    texts = [text for text in catalogue if isinstance(text, str) and text and "\4" not in text]
    assert len(texts) > 400
    for text in texts:
        names = {name for _, name, _, _ in Formatter().parse(text) if name is not None}
        whole = text.format_map({name: "7" if name == "count" else f"'{name}'" for name in names})
        said = re.sub(
            r"`[^`]*`|\"[^\"]*\"|mock-p1.*|curl .*|netsh .*|admin token|pip (?:un)?install",
            "",
            known.message(whole),
        )
        assert ENGLISH.findall(said) == []


def test_each_message_is_said_as_itself():
    """None is taken for another one, or put together of smaller ones.

    Two places without anything between them cannot be told apart; a full stop, and a text that
    another message says as well, may be either's.
    """
    known = load("ja")
    catalogue = gettext.translation(DOMAIN, LOCALES, ["ja"])._catalog  # noqa: SLF001 -- all of it
    for text, expected in catalogue.items():
        if not text or not isinstance(text, str) or "\4" in text or "}{" in text or text in ALIKE:
            continue
        names = [name for _, name, _, _ in Formatter().parse(text) if name is not None]
        values = {n: "7" if n == "count" else f"Ä{i}" for i, n in enumerate(names)}
        assert known.message(text.format_map(values)) == expected.format_map(values)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("unknown key 'timelin'; known: at_end, timeline; did you mean timeline?",
         "キーが不明です: 'timelin'。使えるもの: at_end, timeline。もしかして timeline ですか?"),
        ("error: is empty; give it a value, or leave the key out",
         "error: が空です。値を書くか、キーごと省いてください"),
        ("seed: must be a whole number; it is the text 'in all; it is'",
         "seed: 整数でなければなりません (現在の値: 文字列 'in all; it is')"),
        ("prefix: must be text; it is the number 5; put it in quotes",
         "prefix: 文字列でなければなりません (現在の値: 数値 5)。引用符で囲んでください"),
        ("the job never shows job_finished; it remains at job_running",
         "ジョブが job_finished になりません。最後は job_running のままになります"),
        ("the job never shows job_finished; it remains at xyz",
         "ジョブが job_finished になりません。最後は xyz のままになります"),
        ("the job never shows job_finished", "ジョブが job_finished になりません"),
        ("per: '1分' is not a duration such as 500ms, 90s, 1h30m or 2d",
         "per: '1分' は使えません。使えるもの: 時間 (500ms、90s、1h30m、2d など)"),
        ("1 problem in 1 of 3 files", "ファイル 3 個のうち 1 個に誤り 1 件"),
        ("http://h is not ready: the mock's store does not answer as it should: it wants more",
         "http://h は準備ができていません: モックのストアが正しく応答しません: it wants more"),
        ("--port-file x: No such file or directory",
         "--port-file x: ファイルまたはフォルダーがありません"),
        ("'r-００１' is an id with full-width characters among others; did you mean r-001?",
         "ID 'r-００１' に全角文字が混ざっています。もしかして r-001 ですか?"),
        ("unknown key 'at　end'; known: a; full-width characters: did you mean at end?",
         "キーが不明です: 'at　end'。使えるもの: a。全角文字があります。もしかして at end ですか?"),
    ],
)  # fmt: skip
def test_what_is_said(text, expected):
    """Texts that are made of others, with values in them."""
    assert load("ja").message(text) == expected


HEAD = "jobs:\n  a:\n    timeline:\n      "


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "jobs:\n  a：\n    timeline: []\n",
            "。2 行目に全角文字があります。'：' は ': ' の誤りではありませんか?",
        ),
        (
            "api_keys：\n  k： active\njobs：\n  a：\n    timeline：\n      status： job_running",
            "status： job_running')。全角文字があります。'：' は ': ' の誤りではありませんか?",
        ),
        (HEAD + "-　{status: s}\n", "全角の空白 (U+3000) は ' ' の誤りではありませんか?"),
        (
            "jobs:\n  a\n    timeline: []\n",
            " (字下げは正しいですか? 前の行の ':' は抜けていませんか?)",
        ),
        (HEAD + "- {status: s}\n     - {status: t}\n", " (字下げを確かめてください)"),
        (
            HEAD + "- {error: invalid_api_key, fault: timeout}\n",
            "これには error, fault があります。2 つのステップに分けてください",
        ),
    ],
)
def test_a_mistake_in_japanese(text, expected):
    """What is said of a file, to its last word."""
    with pytest.raises(ScenarioError) as caught:
        load_scenario(text)
    assert load("ja").message(caught.value.problems[0].text).endswith(expected)


def test_what_has_no_translation_stays():
    """A text that is not in the catalogue, whatever it looks like."""
    known = Translation({"a text of {name}": "{name} の文"})
    for text in ("", " ", "{", "a {name}", "; ", "a text", "other words that nobody knows"):
        assert known.message(text) == text


def test_a_sentence_of_others_is_not_torn_apart():
    """A small word of it, such as in and or, is no message of ours."""
    for text in (
        "what another library says in many words that nobody has translated",
        "what another library says, one or the other of two that nobody knows",
        "such an option needs a thing, which is not installed; type: pip install it",
        "was altered by somebody since then, or is not well",
        "http://127.0.0.1:1 is not quite well: there is some trouble",
        "there is some trouble; did you mean demo?",
        "there is some trouble; it is the number 5",
    ):
        assert load("ja").message(text) == text


def test_what_others_say_stays_after_a_colon():
    """The message around it is ours, and is translated."""
    said = load("ja").message("--state redis://h: what another library says of it")
    assert said == "--state redis://h: what another library says of it"
    said = load("ja").message("cannot be read: what another library says of it")
    assert said == "読み込めません: what another library says of it"


@given(text=st.text(max_size=80))
def test_any_text_can_be_asked_for(text):
    """Nothing raises, however odd a value is."""
    assert isinstance(load("ja").message(f"unknown key {text!r}; known: {text}"), str)


@pytest.mark.parametrize("form", ["json", "sarif", "github"])
def test_what_machines_read_stays(run, tmp_path, form):
    """The forms for programs are the same in each language."""
    path = tmp_path / "bad.yaml"
    path.write_text(BAD, encoding="utf-8")
    arguments = ("check", str(path), "stuck", "--format", form)
    english, japanese = run(*arguments), run(*arguments, "--lang", "ja")
    assert (japanese.output, japanese.exit_code) == (english.output, 1)


def test_findings_in_japanese(run, tmp_path):
    """The place and the mark of a warning, which editors read, stay; words are Japanese."""
    path = tmp_path / "bad.yaml"
    path.write_text(BAD, encoding="utf-8")
    result = run("check", str(path), "stuck", "--lang", "ja")
    assert f"\n{path}:1:12: キーが不明です: 'timelin'" in result.output
    assert re.search(
        r"(?m)^stuck.yaml:\d+: warning: ジョブが job_finished になりません", result.output
    )
    assert result.output.endswith("\nファイル 2 個のうち 1 個に誤り 2 件、警告 2 件\n")
    assert result.exit_code == 1


def test_an_unusable_scenario_in_japanese(run):
    """Whatever command meets it."""
    result = run("explain", "--lang", "ja", "stuk")
    assert (result.exit_code, "もしかして stuck ですか?" in result.output) == (1, True)


def test_wrong_usage_in_japanese(run):
    """Click's words and ours; the exit status stays."""
    result = run("--lang", "ja", "serve", "--port", "99999")
    assert (result.exit_code, "エラー: '--port' の値が正しくありません" in result.output) == (
        2,
        True,
    )
    assert "コマンドが不明です: 'chek'" in run("--lang", "ja", "chek").output


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["serve", "--port", "abc"], "'abc' は使えません。整数を指定してください"),
        (["serve", "--seed", "abc"], "'abc' は使えません。整数を指定してください"),
        (["serve", "--speed", "abc"], "'abc' は使えません。数値を指定してください"),
        (["verify", "http://127.0.0.1:1"], "--api-key を指定するか、--allow issue-key を"),
    ],
)
def test_what_is_wrong_with_options_in_japanese(run, arguments, expected):
    """Kinds of numbers, and what belongs together."""
    assert expected in run("--lang", "ja", *arguments).output


TO_NOBODY = ("http://127.0.0.1:1", "--api-key", "k")
RECORD = ("record", *TO_NOBODY, "--job-id", "a")
REFUSED = [
    ["serve", "--port", "TAKEN"],
    ["serve", "--host", "no-such-host.invalid"],
    ["serve", "--host", ""],
    ["serve", "--state", "http://x"],
    ["serve", "--state", "redis://:a/b@h"],
    ["serve", "--state", "redis://:a@"],
    ["serve", "--state", "redis://h/a"],
    ["serve", "--state", "redis://h?a=b"],
    ["serve", "--state", "redis://h?db=a"],
    ["serve", "--state", "redis://h?db="],
    ["serve", "--state", "redis://h?protocol=1"],
    ["serve", "--state", "redis://h?ssl_ca_certs=a"],
    ["serve", "--state", "rediss://h?ssl_ca_certs=a"],
    ["serve", "--state", "unix://a"],
    ["serve", "--state", "redis://h", "--state-name", "{}"],
    ["serve", "--load", "none.json"],
    ["serve", "--load", "empty.json"],
    ["serve", "--load", "half.json"],
    ["serve", "--load", "json.json"],
    ["serve", "--load", "old.json"],
    ["serve", "--load", "changed.json", "--save", "changed.json"],
    ["serve", "--load", "folder"],
    ["serve", "--save", "folder"],
    ["serve", "--save", "none/x"],
    ["serve", "--save", "bad.yaml"],
    ["serve", "--watch", "none.yaml"],
    ["serve", "--watch", "demo", "stuck"],
    ["serve", "--public-url", "x"],
    ["serve", "--trusted-proxies", "x"],
    ["serve", "--cors", "x"],
    ["serve", "--prt", "1"],
    ["serve", "--no-admin", "--admin-token", "x"],
    ["serve", "--tls-host", "x"],
    ["serve", "--tls-cert", "bad.yaml"],
    ["serve", "--workers", "2"],
    ["poll", *TO_NOBODY, "--file", "none.csv"],
    ["poll", *TO_NOBODY, "--job-id", "a", "--download", "bad.yaml"],
    ["poll", *TO_NOBODY, "--job-id", "a", "--download", "none/x"],
    ["poll", *TO_NOBODY, "--job-id", "a", "--ca-file", "folder"],
    ["poll", "127.0.0.1", "--api-key", "k", "--job-id", "a"],
    [*RECORD, "-o", "bad.yaml"],
    [*RECORD, "-o", "folder"],
    [*RECORD, "-o", "none/x.yaml"],
    [*RECORD, "-o", "x.yaml", "--append", "--force"],
    ["record", "http://127.0.0.1:1", "-o", "x.yaml", "--proxy", "--until", "x"],
    ["record", "http://127.0.0.1:1", "-o", "x.yaml", "--proxy", "--port", "TAKEN"],
    ["verify", *TO_NOBODY],
    ["verify", *TO_NOBODY, "--job-id", "a", "--against", "none"],
    ["verify", *TO_NOBODY, "--job-id", "a", "--allow", "upload", "--file", "none"],
    ["verify", *TO_NOBODY, "--job-id", "a", "--junit-xml", "none/x"],
    ["init", "bad.yaml"],
    ["init", "x.txt"],
    ["init", "--from", "none", "x.yaml"],
    ["init", "--pytest", "x$.yaml"],
    ["healthcheck", "--port", "1"],
    ["healthcheck", "--port", "0", "--host", "127.0.0.1"],
    ["openapi", "--output", "folder"],
    ["explain", "stuck", "--job", "stuk"],
    ["check", "folder"],
]
"""What beginners meet; ``TAKEN`` is a port that another program has."""

NO_SENTENCES = re.compile(r"'[^']*'|`[^`]*`|\[OPTIONS\].*|mock-p1 .*")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with files that commands refuse, in which they run."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    files = {
        "bad.yaml": BAD,
        "empty.json": "",
        "half.json": '{"mock_p1_state": 1, "sav',
        "json.json": "{}",
        "old.json": '{"mock_p1_state": 0}',
        "changed.json": '{"mock_p1_state": 1}',
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("arguments", REFUSED, ids=" ".join)
def test_a_refusal_in_japanese(run, folder, arguments):
    """Every line of it, to its last word."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = run("--lang", "ja", *(port if each == "TAKEN" else each for each in arguments))
    assert result.exit_code in {1, 2}
    for line in result.output.splitlines():
        assert not line or JAPANESE.search(line)
        if sys.platform != "win32":  # which says its reasons in words of its own
            assert ENGLISH.findall(NO_SENTENCES.sub("", line)) == []


@pytest.mark.parametrize("library", ["time-machine", "watchfiles", "cryptography", "redis"])
def test_what_is_not_installed_in_japanese(monkeypatch, library):
    """With the line to type."""
    monkeypatch.setattr("mock_p1.base.extras.find_spec", lambda _: None)
    text = missing("--option", library, "extra")
    assert load("ja").message(text) == (
        f"--option には {library} が必要ですが、インストールされていません。"
        '次を実行してください: pip install "mock-p1[extra]"'
    )


def test_a_question_in_japanese(run, folder):
    """Before something is removed."""
    cache = folder / "cache"
    load_kept(["demo"], cache)
    with mock.patch("mock_p1.cli.clean.cache_folder", return_value=cache):
        result = run("--lang", "ja", "clean", "--tls-dir", "folder", input="n\n")
    assert result.stderr.startswith("ファイル 1 個を削除しますか?")
    assert result.stderr.endswith("何も削除していません\n")


def test_a_mistake_in_a_file_that_is_watched(monkeypatch):
    """Is told in the language, as ``check`` tells it; the JSON log is the same in each."""
    broken = Broken("a.yaml", (Problem("a.yaml", 1, 2, "unknown fault 'x'; known: timeout"),))
    english = FORMATS["json"].reload(broken)
    monkeypatch.setattr(language, "_chosen", ["ja"])
    assert FORMATS["text"].reload(broken).splitlines() == [
        "a.yaml:1:2: 障害が不明です: 'x'。使えるもの: timeout",
        "a.yaml: 今の内容は再生していません。前のシナリオのままです",
    ]
    assert FORMATS["json"].reload(broken) == english


def test_bundled_scenarios_in_japanese(run):
    """Each is described in Japanese; a file is shown as it stands."""
    rows = run("scenarios", "--lang", "ja").output.splitlines()
    assert [row for row in rows if not JAPANESE.search(row)] == []
    shown = run("scenarios", "--show", "stuck", "--lang", "ja").output
    assert shown == run("scenarios", "--show", "stuck").output


def test_completion_says_what_commands_do(run):
    """A shell that shows it gets it in the language too."""
    env = {"_MOCK_P1_COMPLETE": "fish_complete", "COMP_WORDS": "mock-p1", "COMP_CWORD": "che"}
    assert "check\tシナリオファイルを検査し" in run(env={**env, "MOCK_P1_LANG": "ja"}).output


def test_errors_in_python_stay(monkeypatch):
    """What a test compares does not depend on the machine's language, nor on ours."""
    monkeypatch.setenv("MOCK_P1_LANG", "ja")
    monkeypatch.setenv("LANG", "ja_JP.UTF-8")
    with pytest.raises(ScenarioError, match="unknown key 'timelin'; known: "):
        load_scenario(BAD)


@pytest.mark.slow
def test_a_process_in_a_japanese_system():
    """From its variables to what it writes, byte by byte."""
    done = subprocess.run(
        [sys.executable, "-m", "mock_p1", "check", "demo"],
        capture_output=True,
        env={**os.environ, "LANG": "ja_JP.UTF-8", "PYTHONUTF8": "1"},
        check=True,
    )
    assert done.stdout.decode() == "ファイル 1 個を検査しました: 誤りなし\n"


def test_json_of_explain_stays(run):
    """A document for programs is the same in each language."""
    english = run("explain", "stuck", "--format", "json").output
    assert json.loads(english)
    assert run("explain", "stuck", "--format", "json", "--lang", "ja").output == english
