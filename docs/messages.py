"""``python docs/messages.py [--check]``: what the command line says in Japanese.

Brings ``mock_p1/locale/ja/LC_MESSAGES/mock_p1.po`` up to the program's own texts, and compiles it
into the ``.mo`` beside it. Nothing is marked in the program: the texts of help pages are asked of
click; those of problems and lint warnings are read from the source, where an f-string becomes a
message with ``{places}``. With ``--check`` nothing is written: exit 1 where a text has no
translation, or one that is fuzzy, stale, or has other places, or where the ``.mo`` is another one.
"""

from __future__ import annotations

import ast
import re
import sys
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING

import click
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

import mock_p1
from mock_p1.cli import main as commands
from mock_p1.cli.translated_help import paragraphs
from mock_p1.scenario.files import bundled, read_scenario

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(mock_p1.__file__).parent
PO = PACKAGE / "locale" / "ja" / "LC_MESSAGES" / "mock_p1.po"
MO = PO.with_suffix(".mo")

SOURCES = {
    "base": ("duration_field", "durations", "rules", "strict_model", "text"),
    "contract": ("assumptions",),
    "scenario": (
        *("calls", "document", "faker_fields", "faker_values", "files"),
        *(
            "full_width",
            "merging",
            "model",
            "parser",
            "problems",
            "result_files",
            "step_length",
            "steps",
            "variables",
        ),
        *("yaml_nodes", "yaml_reader"),
    ),
    "analysis": ("call_lint", "lint"),
    "cli": ("check", "group", "language", "options", "scenarios"),
}
"""Where a text for people may stand, by room: each that reads like one is taken."""

OTHERS = (
    ", ",
    # click's own
    *("Usage:", "Options", "Commands", "Show this message and exit."),
    *("Show the version and exit.", "env var: ", "default: ", "required"),
    *("Usage: {usage}", "Try '{command}' for help.", "Error: {error}"),
    *("Invalid value: {error}", "Invalid value for {parameter}: {error}"),
    "Invalid value for {parameter} (env var: {variable}): {error}",
    *("Missing argument {parameter}.", "Missing option {parameter}.", "Missing command."),
    *("No such option {option}.", "No such option: {option}", "No such command {command}."),
    *(" Did you mean {option}?", " (Did you mean one of: {options}?)"),
    *("{value} is not one of {choices}.", "{value} is not in the range {range}."),
    *("{value} is not a valid {kind}.", "Got unexpected extra argument ({argument})"),
    *("Got unexpected extra arguments ({arguments})", "Option {option} requires an argument."),
    "Option {option} does not take a value.",
    # libyaml's, the most frequent
    *("mapping values are not allowed in this context", "did not find expected key"),
    *("did not find expected '-' indicator", "could not find expected ':'"),
    *("found character that cannot start any token", "found unexpected end of stream"),
    *("did not find expected ',' or ']'", "did not find expected ',' or '}}'"),
    *("found undefined tag handle", "block sequence entries are not allowed in this context"),
    *("did not find expected node content", "found unknown escape character"),
    "{problem} while parsing a block mapping that begins on line {line}",
    "{problem} while parsing a block collection that begins on line {line}",
    "{problem} while parsing a flow mapping that begins on line {line}",
    "{problem} while parsing a flow sequence that begins on line {line}",
    "{problem} while scanning a quoted scalar that begins on line {line}",
    "{problem} while scanning a simple key that begins on line {line}",
)
"""What libraries say of what a user has written."""

COUNTED = {"plural": 1, "unknown": 0, "OneOf": 0}
"""The calls that take a word for what is counted or named, and which argument that is."""

WORDS = {"empty", "none"}
"""Single words that are texts; others are keys."""

NOT_TEXTS = re.compile(
    r".*(\\|\[\^|\(\?|\{1,|\.\.\.|Any\]|PathLike)|[A-Z]\w+\]|.{0,3}\{\w+\}.{0,3}\{\w+\}.{0,3}$"
    r"|every step but the last says|A scenario of Mock P1|A whole scenario file",
    re.IGNORECASE | re.DOTALL,
)
"""Regular expressions, annotations, places that only follow each other, the schema's words."""

NO_TEXTS = {"help", "metavar", "json_schema_extra", "pattern"}
"""Arguments that are no texts, or those of the help pages."""

NO_NAMES = {"str", "strip", "format", "context", "get", "or", "else", "name", "join"}
"""What a place is not called after, though it is the last word there."""

STRUCTURE = "{subject}: {text}"
PLACE = re.compile(r"\{(?P<name>[a-z_]*)(:[a-z])?\}")


def texts_of_help() -> Iterator[str]:
    """Yield what the help pages say."""
    context = click.Context(commands, info_name="mock-p1")
    yield from _of_command(commands, context)
    for name, lazy in commands.lazy_subcommands.items():
        yield lazy.summary
        if (command := commands.get_command(context, name)) is not None:
            yield from _of_command(command, click.Context(command, context, name))


def _of_command(command: click.Command, context: click.Context) -> Iterator[str]:
    yield from paragraphs(re.sub(r"(?m)^ {4}", "", command.help or "").partition("\f")[0])
    for parameter in command.get_params(context):
        if isinstance(parameter, click.Option):
            yield parameter.help or ""
            if isinstance(parameter.show_default, str):
                yield parameter.show_default


def texts_of_scenarios() -> Iterator[str]:
    """Yield what the bundled scenarios are for."""
    for path in bundled().values():
        yield " ".join(read_scenario(path).description.split())


def texts_in(source: str) -> Iterator[str]:
    """Yield the texts in a module that people may read."""
    tree = ast.parse(source)
    skipped = set(_not_said(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name in COUNTED and len(node.args) > COUNTED[name]:
                yield from _counted(name, node.args[COUNTED[name]])
        if id(node) not in skipped and (text := _text(node)) is not None and _is_said(text):
            yield text


def _counted(call: str, node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.IfExp):
        yield from _counted(call, node.body)
        yield from _counted(call, node.orelse)
    if (word := _text(node)) is None:
        return
    yield from (f"{{count}} {word}", f"{{count}} {word}s") if call == "plural" else (word,)


def _not_said(tree: ast.AST) -> Iterator[int]:
    """Yield what is no text: docstrings, annotations, and pieces of a text that is whole."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield from (id(part) for part in node.values)
        for part in _parts_not_said(node):
            yield from (id(each) for each in ast.walk(part) if isinstance(each, ast.Constant))


def _parts_not_said(node: ast.AST) -> list[ast.AST]:  # noqa: PLR0911 -- a table
    match node:
        case ast.Expr(value=ast.Constant() as docstring):
            return [docstring]
        case ast.JoinedStr():
            return [*node.values]
        case ast.AnnAssign(annotation=annotation) | ast.arg(annotation=ast.expr() as annotation):
            return [annotation]
        case ast.FunctionDef(returns=ast.expr() as returned):
            return [returned]
        case ast.Call(
            func=ast.Name(id="TypeVar" | "cast")
            | ast.Attribute(attr="compile" | "startswith" | "removeprefix" | "partition")
        ):
            return [node]
        case ast.Call():  # what the help pages have, and what are no words
            return [word.value for word in node.keywords if word.arg in NO_TEXTS]
    return []


def _text(node: ast.AST) -> str | None:
    """Return a text or an f-string as a message; values are places."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return _with_places(node.value)
    if not isinstance(node, ast.JoinedStr):
        return None
    text, names = "", []
    for part in node.values:
        if isinstance(part, ast.FormattedValue):
            names.append(_name(part.value, names))
            text += f"{{{names[-1]}}}"
        elif isinstance(part, ast.Constant):
            text += _literal(str(part.value))
    return text


def _literal(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _with_places(text: str) -> str:
    """Return a text that is filled in by ``format`` as a message, or one without places."""
    if not PLACE.search(text):
        return _literal(text) if " " in text else text
    numbers = iter(range(1, 10))
    return PLACE.sub(lambda found: f"{{{found['name'] or f'n{next(numbers)}'}}}", text)


def _name(value: ast.expr, taken: list[str]) -> str:
    """Return what a place is called: the last word of what stands in it."""
    words = re.findall(r"[A-Za-z_]{2,}", re.sub(r"'[^']*'", "", ast.unparse(value)))
    words = [word.strip("_").lower() for word in words]
    name = next((word for word in reversed(words) if word not in NO_NAMES), "it")
    while name in taken:
        name += "_"
    return name


def _is_said(text: str) -> bool:
    if text in WORDS or text == STRUCTURE:
        return True
    words = re.sub(r"\{\w+\}", "", text)
    return " " in text and len(re.findall("[A-Za-z]", words)) > 1 and NOT_TEXTS.match(text) is None


def template() -> Catalog:
    """Return all texts that there are, each with the files that it stands in."""
    catalogue = Catalog(domain="mock_p1", fuzzy=False)
    for text in filter(None, texts_of_help()):
        catalogue.add(_literal(text), locations=[("mock_p1/cli", None)])
    for room, names in SOURCES.items():
        for name in names:
            source = (PACKAGE / room / f"{name}.py").read_text(encoding="utf-8")
            for text in texts_in(source):
                catalogue.add(text, locations=[(f"mock_p1/{room}/{name}.py", None)])
    for text in OTHERS:
        catalogue.add(text, locations=[("docs/messages.py", None)])
    for text in texts_of_scenarios():
        catalogue.add(_literal(text), locations=[("scenarios", None)])
    return catalogue


def catalogue_now() -> Catalog:
    """Return the catalogue as it stands."""
    with PO.open("rb") as file:
        return read_po(file, locale="ja", domain="mock_p1")


def places(text: str) -> list[str]:
    """Return the places of a message, in any order; ValueError where it is no template."""
    return sorted(name for _, name, _, _ in Formatter().parse(text) if name is not None)


def complaints(catalogue: Catalog, wanted: Catalog) -> Iterator[str]:
    """Yield what is wrong with a catalogue."""
    known = {message.id: message for message in catalogue if message.id}
    for message in wanted:
        found = known.pop(message.id, None)
        if not message.id:
            continue
        if found is None or not found.string:
            yield f"no translation of: {message.id}"
        elif found.fuzzy:
            yield f"fuzzy: {message.id}"
        elif places(found.string) != places(message.id):
            yield f"other places in the translation of: {message.id}"
    yield from (f"stale: {text}" for text in (*known, *catalogue.obsolete))


def compiled(catalogue: Catalog) -> dict[str, str]:
    """Return what the ``.mo`` of a catalogue says."""
    file = BytesIO()
    write_mo(file, catalogue)
    file.seek(0)
    return said_by(file)


def said_by(file: object) -> dict[str, str]:
    """Return what an open ``.mo`` says, without its head."""
    return {k: v for k, v in GNUTranslations(file)._catalog.items() if k}  # noqa: SLF001 -- no other way


def main(*, check: bool) -> int:
    """Write, or look whether there is something to write; return the exit status."""
    wanted = template()
    catalogue = catalogue_now() if PO.exists() else Catalog(locale="ja", domain="mock_p1")
    if not check:
        catalogue.update(wanted, no_fuzzy_matching=False)
        catalogue.obsolete.clear()
        catalogue.header_comment = "# What the command line of Mock P1 says, in Japanese."
        with PO.open("wb") as file:
            write_po(file, catalogue, width=100, include_lineno=False, sort_by_file=True)
        with MO.open("wb") as file:
            write_mo(file, catalogue)
    wrong = [*complaints(catalogue, wanted)]
    if check:
        with MO.open("rb") as file:
            if said_by(file) != compiled(catalogue):
                wrong.append(f"{MO.name} is not up to date: python docs/messages.py")
    for text in wrong:
        sys.stdout.write(f"{PO.name}: {text}\n")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv[1:]))
