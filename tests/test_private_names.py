"""The canaries: a library that took a private name away is named, before anything else fails."""

import ast
import inspect
import re
import textwrap
import time
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from itertools import chain
from pathlib import Path

import pytest
import time_machine
from helpers.private_names import NOT_EVERYWHERE, PRIVATE_NAMES

import mock_p1

PACKAGE = Path(mock_p1.__file__).parent
SOURCES = {path: path.read_text(encoding="utf-8") for path in sorted(PACKAGE.rglob("*.py"))}
LISTED = {name for names in PRIVATE_NAMES.values() for name in names} | set(NOT_EVERYWHERE)
PUBLIC = {"_replace", "_asdict", "_make", "_fields", "_typeshed"}
"""Documented in spite of their underscores, and a module of types."""
OWN = ("_mock_p1", "_MOCK_P1_")
"""How what we leave on objects of others begins, and click's variables for completion."""


def is_private(name):
    """Tell names of one leading underscore, which are somebody's own, and pydantic's of two."""
    return (
        name.startswith("_")
        and bool(re.fullmatch(r"_[A-Za-z]\w*(?<!_)|__pydantic_\w+__", name))
        and not name.startswith(OWN)
        and (name not in PUBLIC)
    )


@cache
def nodes():
    """Return the nodes of each file of the package."""
    return {path: list(ast.walk(ast.parse(text))) for path, text in SOURCES.items()}


@cache
def own_names():
    """Return the private names that the package makes itself."""
    made = {path.stem for path in SOURCES}
    for node in chain.from_iterable(nodes().values()):
        match node:
            case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                made.add(node.name)
            case ast.Name(ctx=ast.Store()):
                made.add(node.id)
            case ast.Attribute(value=ast.Name(id="self"), ctx=ast.Store()):
                made.add(node.attr)
            case ast.Assign(targets=[ast.Name(id="__slots__")], value=value):
                made |= set(ast.literal_eval(value))
            case ast.alias(asname=str()):
                made.add(node.asname)
            case ast.arg():
                made.add(node.arg)
    return {name for name in made if is_private(name)}


def used_in(file):
    """Yield the private names that a file uses: attributes, imports and names in strings."""
    for node in file:
        match node:
            case ast.Attribute(attr=name) if is_private(name):
                yield name
            case ast.Constant(value=str() as name) | ast.keyword(arg=str() as name):
                if is_private(name):
                    yield name
            case ast.ImportFrom(module=str() as module):
                _, *below = module.split(".")
                names = (*below, *(alias.name for alias in node.names))
                yield from filter(is_private, names)


def overridden():
    """Yield the private methods of other libraries' classes that classes of ours replace."""
    for path, file in nodes().items():
        classes = {node.name for node in file if isinstance(node, ast.ClassDef)}
        if not classes:
            continue
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        module = import_module(".".join(parts).removesuffix(".__init__"))
        for name in classes:
            made = getattr(module, name, None)
            if not isinstance(made, type):
                continue
            foreign = [base for base in made.__mro__ if not base.__module__.startswith("mock_p1")]
            for attribute, value in vars(made).items():
                if not (is_private(attribute) and inspect.isroutine(value)):
                    continue
                if value in (getattr(base, attribute, None) for base in foreign):
                    continue  # as `random.Random` gives to each class that is made of it
                if any(attribute in vars(base) for base in foreign if base is not object):
                    yield attribute


def resolve(path):
    """Return what a dotted name leads to; AttributeError or ImportError where that is nothing."""
    parts = path.split(".")
    if len(parts) == 1:
        import_module(path)
        return
    for length in range(len(parts) - 1, 0, -1):
        try:
            found = import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for name in parts[length:-1]:
            found = getattr(found, name)
        if hasattr(found, parts[-1]) or parts[-1] in attributes_of(found):
            return
        break
    raise AttributeError(path)


@cache
def attributes_of(found):
    """Return the attributes that a class gives its instances, or a function's parameters."""
    if inspect.isroutine(found):
        return set(inspect.signature(found).parameters)
    names = set()
    for base in inspect.getmro(found) if isinstance(found, type) else ():
        if base is not object:
            source = textwrap.dedent(inspect.getsource(base))
            names |= set(re.findall(r"\bself\.(\w+)\s*(?::[^=\n]+)?=[^=]", source))
    return names


def release_of(library):
    """Return a library with its release; what comes with Python has Python's."""
    try:
        return f"{library} {version(library)}"
    except PackageNotFoundError:
        return f"{library} of this Python"


@pytest.mark.parametrize("library", PRIVATE_NAMES)
def test_every_private_name_is_still_there(library):
    """A library that has moved is named, with what we lose by it."""
    gone = []
    for path, reason in PRIVATE_NAMES[library].items():
        try:
            resolve(path)
        except (AttributeError, ImportError):
            gone.append(f"{release_of(library)} has no {path} any more ({reason})")
    assert not gone, "\n".join(gone)


def test_time_machine_asks_what_start_returned():
    """Its ``time_ns``, replaced on the instance, is what all dates are made of."""
    travel = time_machine.travel(0, tick=False)
    try:
        travel.start().time_ns = lambda: 5_000_000_000
        assert time.time() == 5
    finally:
        travel.stop()


def test_every_private_name_that_is_used_is_listed():
    """One that is used without being listed would break without being named."""
    known = {path.rpartition(".")[2] for path in LISTED} | own_names()
    used = {
        (str(p.relative_to(PACKAGE)), name) for p, file in nodes().items() for name in used_in(file)
    }
    assert {f"{file}: {name}" for file, name in used if name not in known} == set()


@pytest.mark.slow
def test_every_private_method_that_is_replaced_is_listed():
    """A class of ours that replaces one would not be called any more."""
    assert set(overridden()) - {path.rpartition(".")[2] for path in LISTED} == set()


def test_every_name_that_is_listed_is_used():
    """The list does not outlive what it lists."""
    words = set(re.findall(r"\w+", "\n".join(SOURCES.values())))
    assert {path for path in LISTED if path.rpartition(".")[2] not in words} == set()
