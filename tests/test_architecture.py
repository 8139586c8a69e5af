"""Imports go one way, every outside library stays in its room, and what everybody loads is light."""

import ast
import subprocess
import sys
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import mock_p1

PACKAGE = Path(mock_p1.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))

ROOMS = {
    "core": set(),
    "verifying": set(),
    "loading": {"core"},
    "doors": {"core"},
    "control": {"core", "loading", "doors"},
    "testing": {"core", "loading", "doors", "control"},
    "cli": {"core", "loading", "doors", "control", "testing", "verifying"},
}
"""What each room of the package may import; the root, which holds the version and lazy names, is open to all."""

DOORS = {
    "flask": ({"flask", "werkzeug"}, "flask_"),
    "in-process": ({"responses", "requests", "urllib3"}, "responses_"),
    "server": ({"uvicorn", "httptools"}, ""),
}
"""The outside libraries of each door, and how its files begin; the server's are all the others."""

CORE_LIBRARIES = {
    "pydantic": {"model", "scenario", "steps", "spans", "fakes", "overload", "parse", "schema"},
    "pydantic_core": {"model", "fakes"},
    "yaml": {"yaml_tree", "parse"},
    "faker": {"values", "results"},
}
"""Where in the core an outside library may be used."""


def is_for_types(node):
    """Tell `if TYPE_CHECKING:`."""
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def nodes(tree, *, at_start=False):
    """Yield the nodes of a module; with ``at_start`` only those that run when it is imported."""
    for node in ast.iter_child_nodes(tree):
        if at_start and (is_for_types(node) or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)):
            continue
        yield node
        yield from nodes(node, at_start=at_start)


@cache
def imports(path, *, at_start=False):
    """Return the modules that a file imports, by their full names."""
    found = set()
    for node in nodes(ast.parse(path.read_text(encoding="utf-8")), at_start=at_start):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are written in full"
            found |= {str(node.module)} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def module_of(path):
    """Return the full name of a file's module."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in FILES}


def room(module):
    """Return the room of one of our modules; the root is none."""
    return module.split(".")[1] if "." in module else ""


def ours(path, **options):
    """Return those of our own modules that a file imports."""
    return {name for name in imports(path, **options) if name in MODULES}


def libraries(path):
    """Return the outside libraries that a file imports."""
    names = {name.partition(".")[0] for name in imports(path)}
    return names - sys.stdlib_module_names - {"mock_p1", "_typeshed"}


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_imports_go_one_way(path):
    """From core to doors to control and testing to cli; nobody imports the command line."""
    here = room(module_of(path))
    if here in ("", "__main__"):
        return  # the root: lazy names, and `python -m mock_p1`
    allowed = ROOMS[here] | {here, ""}
    assert {name for name in ours(path) if room(name) not in allowed} == set()


def test_every_room_is_known():
    """A new one must be given its place."""
    assert {room(module) for module in MODULES} == {*ROOMS, "", "__main__"}


def test_nothing_imports_in_a_circle():
    """Of what runs when modules are imported."""
    graph = {
        name: ours(path, at_start=True) - {name, name.rpartition(".")[0], "mock_p1"} for name, path in MODULES.items()
    }
    assert set(TopologicalSorter(graph).static_order()) == set(MODULES)


CORE = [path for path in FILES if path.parent.name == "core"]


@pytest.mark.parametrize("path", CORE, ids=module_of)
def test_the_core_is_pure(path):
    """Beyond the standard library it has four libraries, each in few files; no framework, no network."""
    assert {name for name in libraries(path) if path.stem not in CORE_LIBRARIES.get(name, ())} == set()


@pytest.mark.parametrize("path", CORE, ids=module_of)
def test_the_core_neither_sleeps_nor_opens_anything(path):
    """No socket, no file, no thread, no process; real time in the clock alone."""
    forbidden = {"socket", "asyncio", "subprocess", "http", "urllib.request", "os", "pathlib", "shutil", "tempfile"}
    assert not imports(path) & forbidden
    if path.stem != "clock":
        assert "time" not in imports(path)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    called = {ast.unparse(node.func) for node in nodes(tree) if isinstance(node, ast.Call)}
    allowed = {"datetime.now"} if path.stem == "clock" else set()
    assert called & {"open", "sleep", "Thread", "datetime.now", "print", "input"} <= allowed


def door_of(stem):
    """Return the door that a file of the room belongs to."""
    return next(name for name, (_, begins) in DOORS.items() if stem.startswith(begins))


@pytest.mark.parametrize("path", [path for path in FILES if path.parent.name == "doors"], ids=module_of)
def test_no_door_imports_another_door(path):
    """Nor another door's library."""
    here = door_of(path.stem)
    others = {door_of(name.split(".")[2]) for name in ours(path) if name.startswith("mock_p1.doors.")}
    assert others <= {here}
    assert libraries(path) <= DOORS[here][0]


HEAVY = {"flask", "werkzeug", "responses", "requests", "faker", "pydantic", "uvicorn", "yaml", "click", "rich"}


@pytest.mark.parametrize("module", ["mock_p1", "mock_p1.testing.pytest_plugin"])
def test_what_everybody_loads_is_light(module):
    """`import mock_p1`, and the plugin that every pytest run of every project imports, load no library."""
    code = f"import sys, pytest\nbefore = set(sys.modules)\nimport {module}\nprint(*(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    loaded = set(done.stdout.split())
    assert module in loaded
    assert not {name.partition(".")[0] for name in loaded} & HEAVY


def test_the_root_names_what_it_promises():
    """Every public name leads somewhere, and dir() shows them."""
    for name in mock_p1.__all__:
        assert getattr(mock_p1, name) is not None
    assert set(mock_p1.__all__) <= set(dir(mock_p1))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = mock_p1.nothing
