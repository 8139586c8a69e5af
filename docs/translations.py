"""``python docs/translations.py [--check]``: pages in Japanese, from catalogues of their English.

``docs/ja/NAME.po`` has each sentence of ``docs/NAME.md`` (or of ``README.md``), each comment of its
blocks of code, and what it is in Japanese. This brings the catalogues up to the pages and writes
``NAME.ja.md`` beside each; the site makes its own when it is built. With ``--check`` nothing is
written: exit 1 where something has no translation, or a page is not what it should be. After
``python -m benchmarks.publish`` it brings new figures into ``README.ja.md``.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import polib
from mdpo.md2po import markdown_to_pofile
from mdpo.po2md import pofile_to_markdown

CODE = re.compile(r"(`[^`]+`|[\W\d]|\bx\b)+")
"""What is the same in every language: names in backticks, figures, crosses in a table."""

FIGURES = re.compile(r"<!-- figures: ([\w-]+) -->\n.*?<!-- end of figures -->", re.DOTALL)
"""What ``python -m benchmarks.publish`` writes into a page."""

STAND_IN = re.compile(r"`figures: ([\w-]+)`")
"""What stands for it while the page is translated."""

WORDS_OF_FIGURES = {
    "wanted": "目標",
    "reached": "実測",
    "yes": "達成",
    "by processor time": "CPU 時間で",
    "median (middle half)": "中央値(中央の半数)",
    "times": "倍",
    "polls a second": "ポーリング/秒",
    "p50, ms": "p50、ms",
    "p99, ms": "p99、ms",
    "first right reply, s": "最初の正しい応答まで、秒",
    "memory, MB": "メモリー、MB",
    "first right reply of `serve`, s": "`serve` の最初の正しい応答まで、秒",
    "memory of `serve` then, MB": "その時の `serve` のメモリー、MB",
    "mock-p1 serve, with its log": "mock-p1 serve、ログあり",
    "mock-p1 serve, with its log / mock-p1 serve": "mock-p1 serve、ログあり / mock-p1 serve",
    "WireMock, no journal": "WireMock、ジャーナルなし",
    "WireMock, journal of 1,000": "WireMock、ジャーナル 1,000 件",
    "mock-p1 serve / WireMock, no journal": "mock-p1 serve / WireMock、ジャーナルなし",
    "mock-p1 serve / WireMock, journal of 1,000": "mock-p1 serve / WireMock、ジャーナル 1,000 件",
    'until mocked("demo") is ready': 'mocked("demo") が使えるまで、ms',
    'until serving("demo") is ready': 'serving("demo") が使えるまで、ms',
    "mock-p1 --help, ms": "mock-p1 --help、ms",
    "mock-p1, the slowest completion, ms": "mock-p1 の補完 (最も遅いもの)、ms",
    "importing our plugin, by the clock": "プラグインのインポート、実時間、ms",
    "a poll under `mocked()` / a hand-written `responses` stub, by `requests.get`": (
        "ポーリング 1 回、`mocked()` / 手書きの `responses` のスタブ、`requests.get` で"
    ),
    "the same, over a session": "同じく、セッションで",
    "200 tests of five polls above empty ones, `mock_p1` / bare `responses`": (
        "ポーリング 5 回のテスト 200 個(空のテストとの差)、`mock_p1` / `responses` のみ"
    ),
    "the same, `mock_p1_server` / pytest-httpserver": (
        "同じく、`mock_p1_server` / pytest-httpserver"
    ),
    "until `mock_p1` is ready, after the first": "`mock_p1` が使えるまで(2 回目以降)",
    "until `mock_p1_server` is ready, after the first": "`mock_p1_server` が使えるまで(2 回目以降)",
    "importing the pytest plugin": "pytest プラグインのインポート",
    "one client's whole sequence, 8 requests": "1 クライアントの一連の流れ、8 リクエスト",
    "Polls a second, one core": "1 コアでの 1 秒あたりのポーリング数",
}
"""Cells and alternative texts of figures, as far as they are words; any other stays English."""

FORMS_OF_FIGURES = {
    r"\(([\d.]+) to ([\d.]+)\)": r"(\1〜\2)",
    r"\*\*no\*\*: (\d+%) less": r"**未達**: \1 不足",
    r"\*\*no\*\*: (\d+%) more": r"**未達**: \1 超過",
    r"load average (\d+) to (\d+) before": r"load average \1〜\2 before",
    r"Taken (\S+): (.+), (\d+) cores, (.+), (.+), load by (`.+`), load average (\S+) "
    r"before; medians of (\d+) rounds in turns\.": (
        r"\1 に測定: \2、\3 コア、\4、\5、負荷は \6、測定前のロードアベレージは \7。"
        r"交互に \8 回ずつ測った中央値です。"
    ),
}

BLOCK = re.compile(r"^```(?:js|python|sh|yaml)\n.*?^```$", re.MULTILINE | re.DOTALL)
ALTERNATIVE = re.compile(r'(?<= alt=")[^"]+')
COMMENT = re.compile(
    r"(?<=[ \n]# )(?!yaml-language-server)\S.*$|(?<=[; ] // )\S.*$",  # no division in Python
    re.MULTILINE,
)

ROOT = Path(__file__).parents[1]
CATALOGUES = ROOT / "docs" / "ja"


def source_of(catalogue: Path) -> Path:
    """Return the English page that a catalogue is of."""
    name = f"{catalogue.stem}.md"
    return ROOT / name if (ROOT / name).exists() else ROOT / "docs" / name


def page_of(catalogue: Path) -> Path:
    """Return the Japanese page of a catalogue, as it stands in a checkout."""
    return source_of(catalogue).with_suffix(".ja.md")


def text_for(catalogue: Path) -> str:
    """Return the English page of a catalogue; for figures that a program writes others stand in."""
    return FIGURES.sub(r"`figures: \1`", source_of(catalogue).read_text(encoding="utf-8"))


def figures_of(catalogue: Path) -> dict[str, str]:
    """Return the figures of a page by their names, in Japanese as far as it is known."""
    found = {}
    for each in FIGURES.finditer(source_of(catalogue).read_text(encoding="utf-8")):
        text = each[0]
        for word, said in WORDS_OF_FIGURES.items():
            text = text.replace(f"| {word} |", f"| {said} |").replace(f'"{word}"', f'"{said}"')
        for form, said in FORMS_OF_FIGURES.items():
            text = re.sub(form, said, text)
        found[each[1]] = text
    return found


def more_in(text: str) -> dict[str, None]:
    """Return what mdpo leaves out: comments in blocks of code, texts for pictures; each once."""
    comments = (each for block in BLOCK.findall(text) for each in COMMENT.findall(block))
    return dict.fromkeys((*ALTERNATIVE.findall(text), *comments))


def in_japanese(catalogue: Path) -> str:
    """Return a page in Japanese; what has no translation stays English."""
    said = {entry.msgid: entry.msgstr for entry in polib.pofile(str(catalogue))}

    def comment(found: re.Match[str]) -> str:
        return said.get(found[0]) or found[0]

    text = pofile_to_markdown(text_for(catalogue), [str(catalogue)], wrapwidth=0)
    text = BLOCK.sub(lambda block: COMMENT.sub(comment, block[0]), text)
    text = ALTERNATIVE.sub(lambda found: said.get(found[0]) or found[0], text)
    figures = figures_of(catalogue)
    return f"{STAND_IN.sub(lambda name: figures[name[1]], text)}\n"


def for_a_checkout(text: str) -> str:
    """Let the links of a Japanese page lead to pages in Japanese; README.ja.md's own stays."""
    names = "|".join(path.stem for path in CATALOGUES.glob("*.po"))
    return re.sub(rf"(?<=\]\()(?!README\b)((?:docs/|\.\./)?(?:{names}))\.md", r"\1.ja.md", text)


def updated(catalogue: Path) -> polib.POFile:
    """Return a catalogue with the sentences that its page has now, and no others."""
    before = polib.pofile(catalogue.read_text(encoding="utf-8")) if catalogue.exists() else ()
    said = {entry.msgid: entry.msgstr for entry in before}
    with TemporaryDirectory() as folder:
        copy = Path(folder, catalogue.name)
        copy.write_bytes(catalogue.read_bytes() if catalogue.exists() else b"")
        found = markdown_to_pofile(
            text_for(catalogue), po_filepath=str(copy), save=True, location=False,
            remove_not_found=True, wrapwidth=0,
        )  # fmt: skip
    for each in tuple(found):
        if each.obsolete:
            found.remove(each)
        elif CODE.fullmatch(each.msgid):
            each.msgstr = each.msgid
    for text in more_in(text_for(catalogue)):
        if found.find(text) is None:
            found.append(polib.POEntry(msgid=text, msgstr=said.get(text, "")))
    return found


def main(*, check: bool) -> int:
    """Write, or look whether there is something to write; return the exit status."""
    status = 0
    for path in sorted(CATALOGUES.glob("*.po")):
        catalogue = updated(path)
        missing = [e.msgid for e in catalogue if not (e.translated() or e.obsolete)]
        for text in missing:
            sys.stdout.write(f"{path.relative_to(ROOT)}: no translation of: {text}\n")
        status |= bool(missing)
        if not check:
            catalogue.save(str(path))
        text, page = for_a_checkout(in_japanese(path)), page_of(path)
        if not check:
            page.write_text(text, encoding="utf-8", newline="\n")
        elif not page.exists() or page.read_text(encoding="utf-8") != text:
            sys.stdout.write(f"{page.name} is not up to date: python docs/translations.py\n")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv[1:]))
