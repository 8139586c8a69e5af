"""``python docs/translations.py [--check]``: pages in Japanese, from catalogues of their English.

``docs/ja/NAME.po`` has each sentence of ``docs/NAME.md`` (or of ``README.md``), each comment of its
blocks of code, and what it is in Japanese. This brings the catalogues up to the pages and writes ``NAME.ja.md`` beside each; the site
makes its own when it is built. With ``--check`` nothing is written: exit 1 where something has no
translation, or a page is not what it should be.
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

MDPO_OFF, MDPO_ON = "<!-- mdpo-disable -->", "<!-- mdpo-enable -->"
END_OF_FIGURES = "<!-- end of figures -->"

BLOCK = re.compile(r"^```(?:python|yaml)\n.*?^```$", re.MULTILINE | re.DOTALL)
COMMENT = re.compile(r"(?<=[ \n])# (?!yaml-language-server)(\S.*)$", re.MULTILINE)

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
    """Return the English page of a catalogue; figures that a program writes are left out."""
    text = source_of(catalogue).read_text(encoding="utf-8")
    text = text.replace("<!-- figures:", f"{MDPO_OFF}\n\n<!-- figures:")
    return text.replace(END_OF_FIGURES, f"{END_OF_FIGURES}\n\n{MDPO_ON}")


def comments_in(text: str) -> dict[str, None]:
    """Return the comments in a page's blocks of code, each once."""
    return dict.fromkeys(each for block in BLOCK.findall(text) for each in COMMENT.findall(block))


def in_japanese(catalogue: Path) -> str:
    """Return a page in Japanese; what has no translation stays English."""
    said = {entry.msgid: entry.msgstr for entry in polib.pofile(str(catalogue))}

    def comment(found: re.Match[str]) -> str:
        return f"# {said.get(found[1]) or found[1]}"

    text = pofile_to_markdown(text_for(catalogue), [str(catalogue)], wrapwidth=0)
    text = BLOCK.sub(lambda block: COMMENT.sub(comment, block[0]), text)
    return f"{text}\n"


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
    for text in comments_in(text_for(catalogue)):
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
