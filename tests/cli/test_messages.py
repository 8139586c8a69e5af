"""The catalogue of what the command line says in Japanese is whole, and compiled."""

import ast
import importlib.util
import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

pytestmark = pytest.mark.slow  # reads the whole package, again and again

SCRIPT = Path(__file__).parents[2] / "docs" / "messages.py"


@pytest.fixture(scope="module")
def messages():
    """The script that keeps the catalogue."""
    spec = importlib.util.spec_from_file_location("messages", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def wanted(messages):
    """All texts that there are."""
    return messages.template()


def complaints(messages, wanted, **changes):
    """Return what is said of the catalogue after one of its messages was changed."""
    catalogue = messages.catalogue_now()
    message = next(each for each in catalogue if each.id and "{near}" in each.id)
    for name, value in changes.items():
        setattr(message, name, value)
    return [*messages.complaints(catalogue, wanted)]


def test_the_catalogue_is_whole(messages, capsys):
    """Every text has its translation, and what is compiled says the same."""
    assert messages.main(check=True) == 0, capsys.readouterr().out


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"string": ""}, "no translation of: "),
        ({"string": "もしかして?"}, "other places in the translation of: "),
        ({"flags": {"fuzzy"}}, "fuzzy: "),
    ],
)
def test_what_is_wrong_with_a_translation(messages, wanted, changes, complaint):
    """It is found: one that is missing, one for another text, one with other places."""
    (found,) = complaints(messages, wanted, **changes)
    assert found.startswith(complaint)


def test_a_text_that_is_new_and_one_that_is_gone(messages, wanted):
    """Both are found."""
    catalogue, more = messages.catalogue_now(), Catalog(locale="ja")
    for message in wanted:
        more.add(message.id, context=message.context)
    more.add("a text that is new")
    catalogue.add("a text that is gone", "消えた文")
    found = [*messages.complaints(catalogue, more)]
    assert found == ["no translation of: a text that is new", "stale: a text that is gone"]


def test_command_line_and_dashboard_are_of_one_style(messages):
    """Brackets and colons are ASCII's, figures have blanks around them, terms are the same."""
    japanese = "[ぁ-んァ-ヶ一-龠]"
    odd = re.compile(rf"[\uff08\uff09\uff1a]|{japanese}[0-9]|[0-9]{japanese}|実サービス|通信障害")
    assert [each.string for each in messages.catalogue_now() if odd.search(each.string)] == []


def test_texts_that_a_module_says(messages):
    """Values become places; docstrings, names, patterns and annotations are no texts."""
    source = '''
"""A docstring of it."""
PATTERN = re.compile("a b c")
HOW: "Final[a b]" = "a text of its own"

def told(value: "a b") -> "c d":
    """Another docstring."""
    key("name")
    return wrong(f"{shorten(value)!r} is {HOW}; {{braces}}") + plural(3, "poll")
'''
    assert set(messages.texts_in(source)) == {
        "a text of its own",
        "{value} is {how}; {{braces}}",
        "{count} poll",
        "{count} polls",
    }


def trees(folder):
    """Return the syntax trees of all modules in a folder."""
    return [ast.parse(path.read_text(encoding="utf-8")) for path in folder.rglob("*.py")]


def nodes(kind, folder):
    """Yield the nodes of a kind in all modules in a folder."""
    for tree in trees(folder):
        yield from (node for node in ast.walk(tree) if isinstance(node, kind))


def test_every_error_that_a_command_shows_is_looked_for(messages):
    """Ours that a command catches are in the list, so that their texts are found.

    Those of a scenario are found with its problems; what is private is told by no text of its own.
    """
    handlers = nodes(ast.ExceptHandler, messages.PACKAGE / "cli")
    caught = " ".join(ast.unparse(each.type) for each in handlers if each.type is not None)
    ours = {node.name for node in nodes(ast.ClassDef, messages.PACKAGE)}
    shown = {name for name in re.findall(r"\b[A-Z]\w+", caught) if name in ours}
    assert {"CannotListen", "CannotShareState"} < shown
    assert shown - messages.SHOWN == {"ScenarioError"}


def test_texts_of_errors_and_notes(messages):
    """Found by the error's name, or by the list that takes the note, in whatever module."""
    source = """
def act(call):
    call.notes.append(f"a note of {size}")
    others.append("no note of it")
    raise CannotListen(f"cannot hear {host}")
    raise KeyError("of no interest")
"""
    assert [*messages.texts_in(source, messages._shown)] == ["cannot hear {host}"]  # noqa: SLF001 -- what is tested
    assert [*messages.texts_in(source, messages._noted)] == ["a note of {size}"]  # noqa: SLF001 -- likewise


def test_the_catalogue_is_shipped(messages):
    """Both files stand in the package, wherever that is installed."""
    assert messages.MO.is_file()
    assert messages.MO.stat().st_size > 10_000
