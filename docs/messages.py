"""``python docs/messages.py [--check]``: what command line and dashboard say in Japanese.

Brings ``mock_p1/locale/ja/LC_MESSAGES/mock_p1.po`` up to the program's own texts, and compiles it
into the ``.mo`` beside it, and into ``ja.json`` for the dashboard. Nothing is marked in the
program: the texts of help pages are asked of click, the dashboard's are those it gives to ``t``,
and those of problems, lint warnings, refusals and the journal's notes are read from the source,
where an f-string becomes a message with ``{places}``. With ``--check`` nothing is written: exit 1
where a text has no translation, or one that is fuzzy, stale, or has other places, or where what is
compiled is not up to date.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from datetime import UTC, datetime
from gettext import GNUTranslations
from inspect import cleandoc
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
from mock_p1.cli.log_lines import NOT_PLAYED
from mock_p1.cli.translated_help import paragraphs
from mock_p1.cli.translation import COUNT
from mock_p1.scenario.files import bundled, read_scenario
from mock_p1.verify.network_errors import KINDS
from mock_p1.verify.questions import PERMISSIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PACKAGE = Path(mock_p1.__file__).parent
PO = PACKAGE / "locale" / "ja" / "LC_MESSAGES" / "mock_p1.po"
MO = PO.with_suffix(".mo")
PAGE = PACKAGE / "admin" / "static"
JSON = PAGE / "ja.json"
NO_DATE = datetime(2026, 11, 1, tzinfo=UTC)
"""Else the files would be others with each run."""

SOURCES = {
    "base": ("duration_field", "durations", "record_reader", "rules", "text"),
    "contract": ("assumptions",),
    "scenario": (
        *("calls", "document", "faker_fields", "faker_values", "files", "full_width"),
        *("merging", "model", "parser", "problems", "result_files", "step_length", "steps"),
        *("variables", "yaml_nodes", "yaml_reader"),
    ),
    "analysis": ("call_lint", "lint"),
    "admin": (
        *("access", "admin_error", "blueprint", "bodies", "body_limit", "check_routes"),
        *("control_routes", "job_routes", "request_routes", "scenario_routes", "sequence_routes"),
        "watcher",
    ),
    "engine": ("directory", "driver"),
    "verify": ("credentials", "url"),
    "server": ("upload_content", "upload_table"),
    "cli": ("check", "group", "language", "options", "scenarios"),
}
"""Where a text for people may stand, by room: each that reads like one is taken."""

RAISED = {
    "base": ("extras", "proxies"),
    "transports": ("cors",),
    "cli": (
        *("clean", "demo", "explain", "healthcheck", "init", "local_authority", "poll", "process"),
        *("record_service", "serve_scenario", "serve_state", "tls", "verify", "verify_against"),
        "workers",
    ),
    "verify": ("client", "preflight", "sequence"),
    "recording": ("appending", "job_recorder"),
}
"""The modules of which only errors are translated: what they print is read by programs too."""

OF_ERRORS = {"_hint", "_write", "_write_all", "missing", "elsewhere"}
"""Their functions that make nothing but errors."""

SHOWN = {
    *("Failure", "UsageError", "BadParameter", "Unreachable", "CannotWrite", "CannotListen"),
    *("CannotShareState", "CannotLoad", "CannotSecure", "StoreDown", "LostState", "BehindState"),
}
"""The errors of which a command shows the text, in whatever module they are raised."""

OF_SHOWN = {
    *("_what_is_no_json", "_why", "other_than_api", "share", "listen", "_no_password"),
    *("explain_network_error", "_tls", "_perhaps", "_plays_another"),
}
"""The functions, in any module, that make a part of such a text."""

NOTED = {"Inspection", "_nothing", "add_note"}
"""The calls that make a note in the journal, beside those of a list called ``notes``."""

OF_NOTES = re.compile(r"(?!_query).*notes")
"""The functions that make nothing else; but for those of several pieces, see NOTES."""

WITH_NOTES = {"engine", "server"}
WITHOUT_TEXTS = {"testing", "oneclock", "contract_tests"}
"""The rooms where notes are made, and those that no command speaks of; the last is in wheels."""

NOTES = (
    "has a query string; the API documents none",
    "{field} cannot be used: {error}",
    "{field} is {kind}; time only moves forward",
    "{field} is far more than ten years, the longest there is",
    "no x-api-key",
    "an API key was sent where a secret key belongs",
    "a secret key was sent where an API key belongs",
    "this API key has ended",
    "no x-api-key; the request has {names}",
    "its x-api-key is empty",
    "has more than one x-api-key",
    "credential_type is missing or empty; the API documents {known}",
    "credential_type is {value}; the API documents {known}",
    "model_id is {value}; the API documents a whole number",
    "model_id has {n} digits",
    "filename is missing",
    "filename is empty",
    "filename has {n} characters; file systems take {most}",
    "filename begins with a byte-order mark, as editors write into a file: {value}",
    "filename ends with a line end, as text read from a file does: {value}",
    "filename begins or ends with a blank: {value}",
    "its {it} begins with a byte-order mark, as editors write into a file",
    "its {it} ends with a line end, as text read from a file does",
    "its {it} begins or ends with a blank",
    "its {it} has characters that cannot be seen",
    "filename is not UTF-8",
    "filename is not ASCII ({value}); how the service takes it is not documented",
    "filename has characters that cannot be seen: {value}",
    "filename is a path ({value}); the API documents the name of the file",
    "filename is {value}, which is no name",
    "has the query parameters {names}; the API documents {known}",
    "has the query parameter {name} more than once; the first one counts",
    "has the query parameter {names}; the API documents {known}",
    (
        "carries {what}, which does not belong here: the real link leads to another host, "
        "which then has the key"
    ),
    " and {n} more",
    "the body is a multipart form; this PUT takes the file as it is (curl -T FILE)",
    "the client broke off after {size}; the job still waits for its file",
    "the client broke off after {size}",
    "1 byte came",
    "{n} bytes came",
    "the job has failed",
    "the model was switched to already",
    "asked again {n} ms later on {fault}: the client, or its library, repeated it",
    "struck before the act: nothing was done",
    "struck after the act: it counts, only its answer was lost",
    "the act is done, and its answer comes in the end",
    "asked by the dashboard or the control API, not by a client",
    "the client did not wait for this answer",
    "the client has not taken this answer to its end",
    "the client had closed its side before this answer, and may have gone",
    "{what} is not imitated; Mock P1 imitates {known}",
    "nothing is imitated at {path}; Mock P1 imitates {known}",
    "nothing is imitated at {path}; did you mean {near}? Mock P1 imitates {known}",
    "its URL was not given out by this mock, or before a reset or under another scenario",
    "the file of this job has come already",
    (
        "the file is larger than {limit_bytes} bytes, the most that this mock takes; "
        "mock-p1 serve --upload-max 500MB takes more"
    ),
    "the mock has no room: {why}; POST /__admin/reset, or start it anew",
    "{most} jobs are created already",
    "{most} API keys are issued already",
    "{method} is not allowed here; the API has {known}",
)
"""What the journal notes of a request; the engine makes some of these of several pieces."""

REASONS = (
    *("No such file or directory", "Permission denied", "Is a directory", "Not a directory"),
    *("File exists", "No space left on device", "Read-only file system", "File name too long"),
    *("Address already in use", "Cannot assign requested address", "Connection refused"),
    *("Connection reset by peer", "Network is unreachable", "No route to host"),
    *("Connection timed out", "Input/output error", "Operation not permitted"),
)
"""Why the system does not do something, as Linux says it."""

BY_COMMANDS = (
    # what stands in errors of commands
    *("cannot be written to", "is not there", "remove the file", "leave out --load"),
    *("an older version", "another version"),
    (
        "the proxy on the way to {host} did not let us through; see HTTPS_PROXY, HTTP_PROXY and "
        "NO_PROXY"
    ),
    "the environment names no proxy that could be asked; see HTTPS_PROXY, HTTP_PROXY and NO_PROXY",
    # what commands say on stderr, or ask
    *("Could not reach: {error}", "Stopped; {output} is not written."),
    *("Stopped before there was a verdict.", "Replace a real model at {base}?"),
    *("Remove {files}?", NOT_PLAYED, *PERMISSIONS.values()),
    *("Port could not be cast to integer value as {value}", "Port out of range 0-65535"),
    # the system's own, the most frequent, as some are shown
    *REASONS,
    *map(str.lower, REASONS),
    *("Error {n} connecting to {where}. {reason}.", "Timeout connecting to server"),
    "invalid username-password pair or user is disabled.",
    "invalid username-password pair or user is disabled",
    *("Timeout reading from {where}", "Invalid value for {name} in connection URL."),
)
"""What commands say beside what is found in them."""

OTHERS = (
    # what init prints
    *("wrote {path}", "Next:"),
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
    *("Option {option} does not take a value.", "integer", "integer range"),
    *("number", "Could not open file {file}: {reason}"),
    *("File {file} does not exist.", "File {file} is a directory."),
    *("File {file} is not readable.", "Path {file} does not exist."),
    "File is not a zip file",
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

OF_COMMANDS = (
    *(
        "mock_p1/cli",
        "mock_p1/verify",
        "mock_p1/recording",
        "mock_p1/transports",
        "mock_p1/base/extras",
    ),
    *("mock_p1/base/proxies", "mock_p1/server/server.py", "mock_p1/server/state_file.py"),
    "mock_p1/server/store_url.py",
)
"""Where texts stand that only a terminal shows."""

OF_THE_PAGE = "page"
"""The context of the dashboard's own words, which are only ever said whole."""

LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"')
SENTENCE = re.compile(r"[A-Z{][^/]*[a-z}] [^/]*[.}a-z]$")
"""What a text of a script reads like that is given to ``t`` by another name."""

COUNTED = {"plural": 1, "unknown": 0, "unknown_error": 0, "OneOf": 0}
"""The calls that take a word for what is counted or named, and which argument that is."""

WORDS = {"empty", "none"}
"""Single words that are texts; others are keys."""

NOT_TEXTS = re.compile(
    r".*(\\|\[\^|\(\?|\{1,|\.\.\.|Any\]|PathLike)|[A-Z]\w+\]|.{0,3}\{\w+\}.{0,3}\{\w+\}.{0,3}$"
    r"|every step but the last says|A scenario of Mock P1|A whole scenario file|Bearer realm"
    r"|its \{it\} \{odd\}"
    r"|HELLO must be called|Authentication required|A scenario, as the text"
    r"|A scenario; `mock-p1 schema`",
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
    yield from paragraphs(cleandoc(command.help or "").partition("\f")[0])
    for parameter in command.get_params(context):
        if isinstance(parameter, click.Option):
            yield parameter.help or ""
            if isinstance(parameter.show_default, str):
                yield parameter.show_default


def texts_of_scenarios() -> Iterator[str]:
    """Yield what the bundled scenarios are for."""
    for path in bundled().values():
        yield " ".join(read_scenario(path).description.split())


def texts_of_page() -> Iterator[str]:
    """Yield what the dashboard says by itself: in its HTML by a mark, in its scripts by ``t``."""
    page = (PAGE / "index.html").read_text(encoding="utf-8")
    yield from (" ".join(text.split()) for text in re.findall(r"data-t(?: hidden)?>([^<]+)<", page))
    yield from re.findall(r'data-t-label="([^"]+)"', page)
    for path in sorted(PAGE.glob("*.js")):
        script = path.read_text(encoding="utf-8")
        for call in re.finditer(r"\b(?:t|many)\(", script):
            found = LITERAL.findall(_arguments(script[call.end() :]))
            yield from (text for text in found if re.search("[A-Za-z]", text))
        yield from (text for text in LITERAL.findall(script) if SENTENCE.match(text))
    yield from ("errors", "faults")


def _arguments(script: str) -> str:
    """Return what stands before the bracket that closes a call, without what is called in it."""
    depth = 0
    for index, sign in enumerate(script):
        depth += (sign == "(") - (sign == ")")
        if depth < 0:
            return re.sub(r"[=!]== *\"[^\"]*\"", "", script[:index])
    return script


def texts_in(
    source: str, nodes: Callable[[ast.AST], Iterator[ast.AST]] = ast.walk
) -> Iterator[str]:
    """Yield the texts in a module that people may read, or those in some of its nodes."""
    tree = ast.parse(source)
    skipped = set(_not_said(tree))
    for node in nodes(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name in COUNTED and len(node.args) > COUNTED[name]:
                yield from _counted(name, node.args[COUNTED[name]])
        if id(node) not in skipped and (text := _text(node)) is not None and _is_said(text):
            yield text


def _raised(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) or getattr(node, "name", "") in OF_ERRORS:
            yield from ast.walk(node)


def _shown(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if getattr(node, "name", "") in OF_SHOWN | SHOWN or _called(node)[-1] in SHOWN:
            yield from ast.walk(node)


def _noted(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        *owners, name = _called(node)
        is_added = name in {"append", "extend"} and owners[-1].endswith("notes")
        is_maker = isinstance(node, ast.FunctionDef) and OF_NOTES.fullmatch(node.name)
        if is_added or is_maker or name in NOTED:
            yield from ast.walk(node)


def _called(node: ast.AST) -> list[str]:
    """Return the name of what a call calls, in its parts; an empty one where it is no call."""
    return ast.unparse(node.func).split(".") if isinstance(node, ast.Call) else [""]


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
    name = "number" if name == COUNT else name
    while name in taken:
        name += "_"
    return name


def _is_said(text: str) -> bool:
    if text in WORDS or text == STRUCTURE:
        return True
    words = re.sub(r"\{\w+\}", "", text)
    return " " in text and len(re.findall("[A-Za-z]", words)) > 1 and NOT_TEXTS.match(text) is None


def all_texts() -> Iterator[tuple[str, str]]:
    """Yield all texts that there are, each with the file that it stands in."""
    yield from ((_literal(text), "mock_p1/cli") for text in texts_of_help() if text)
    for room, names in SOURCES.items():
        yield from ((text, f"mock_p1/{room}/{name}.py") for name in names
                    for text in texts_in(_source(room, name)))  # fmt: skip
    for room, names in RAISED.items():
        yield from ((text, f"mock_p1/{room}/{name}.py") for name in names
                    for text in texts_in(_source(room, name), _raised))  # fmt: skip
    for path in sorted(PACKAGE.rglob("*.py")):
        place = path.relative_to(PACKAGE)
        found = [_shown] * (place.parts[0] not in WITHOUT_TEXTS)
        found += [_noted] * (place.parts[0] in WITH_NOTES)
        for nodes in found:
            for text in texts_in(path.read_text(encoding="utf-8"), nodes):
                yield text, f"mock_p1/{place.as_posix()}"
    yield from ((text, "mock_p1/engine") for text in NOTES)
    yield from ((text, "mock_p1/cli") for text in BY_COMMANDS)
    yield from ((text, "docs/messages.py") for text in OTHERS)
    yield from ((_with_places(text), "mock_p1/verify") for _, text in KINDS if "proxy" not in text)
    yield from ((_literal(text), "scenarios") for text in texts_of_scenarios())


def _source(room: str, name: str) -> str:
    return (PACKAGE / room / f"{name}.py").read_text(encoding="utf-8")


def template() -> Catalog:
    """Return the catalogue of all texts, without translations."""
    catalogue = Catalog(domain="mock_p1", fuzzy=False)
    for text, place in all_texts():
        catalogue.add(text, locations=[(place, None)])
    for text in texts_of_page():
        catalogue.add(text, locations=[("mock_p1/admin/static", None)], context=OF_THE_PAGE)
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
    known = {(message.id, message.context): message for message in catalogue if message.id}
    for message in wanted:
        found = known.pop((message.id, message.context), None)
        if not message.id:
            continue
        if found is None or not found.string:
            yield f"no translation of: {message.id}"
        elif found.fuzzy:
            yield f"fuzzy: {message.id}"
        elif places(found.string) != places(message.id):
            yield f"other places in the translation of: {message.id}"
    yield from (f"stale: {text}" for text, _ in known)


def compiled(catalogue: Catalog) -> dict[str, str]:
    """Return what the ``.mo`` of a catalogue says."""
    file = BytesIO()
    write_mo(file, catalogue)
    file.seek(0)
    return said_by(file)


def for_the_page(catalogue: Catalog) -> str:
    """Return as JSON what the dashboard says: its own words, and texts that the mock hands it."""
    words: dict[str, str] = {}
    messages: dict[str, str] = {}
    for message in catalogue:
        if message.id and any(not place.startswith(OF_COMMANDS) for place, _ in message.locations):
            kept = words if message.context == OF_THE_PAGE else messages
            kept[str(message.id)] = str(message.string)
    known = {"words": dict(sorted(words.items())), "messages": dict(sorted(messages.items()))}
    return f"{json.dumps(known, ensure_ascii=False, indent=0)}\n"


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
        catalogue.project, catalogue.version, catalogue.last_translator = "mock-p1", "", "Mock P1"
        catalogue.creation_date = catalogue.revision_date = NO_DATE
        catalogue.fuzzy, catalogue.msgid_bugs_address = False, ""
        catalogue.header_comment = "# What Mock P1 says, in Japanese."
        with PO.open("wb") as file:
            write_po(file, catalogue, width=100, include_lineno=False, sort_by_file=True)
        with MO.open("wb") as file:
            write_mo(file, catalogue)
        JSON.write_text(for_the_page(catalogue), encoding="utf-8", newline="\n")
    wrong = [*complaints(catalogue, wanted)]
    if check:
        with MO.open("rb") as file:
            if said_by(file) != compiled(catalogue):
                wrong.append(f"{MO.name} is not up to date: python docs/messages.py")
        if JSON.read_text(encoding="utf-8") != for_the_page(catalogue):
            wrong.append(f"{JSON.name} is not up to date: python docs/messages.py")
    for text in wrong:
        sys.stdout.write(f"{PO.name}: {text}\n")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv[1:]))
