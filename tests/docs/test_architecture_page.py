"""The page of the architecture speaks of what is there."""

import re
from pathlib import Path

import mock_p1

ROOT = Path(__file__).parents[2]
PACKAGE = Path(mock_p1.__file__).parent
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def test_every_room_has_its_row():
    """And there is no row for a room that is not there."""
    rows = re.findall(r"^\| `(\w+)/` \|", PAGE, re.MULTILINE)
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert set(rows) == rooms - {"contract_tests"}  # which a wheel has there


def test_every_file_that_is_named_exists():
    """Whoever looks for something finds it where the page says."""
    named = re.findall(r"`([\w/]+\.py)`", PAGE)
    assert named
    assert [n for n in named if not any((base / n).is_file() for base in (ROOT, PACKAGE))] == []


def test_the_glossary_is_in_order():
    """Each word stands once, by the alphabet."""
    glossary = PAGE.partition("## Glossary")[2].partition("##")[0]
    words = re.findall(r"^\| ([\w ]+?)(?: ·.*?)? \|", glossary, re.MULTILINE)[1:]
    assert words == sorted(set(words))
