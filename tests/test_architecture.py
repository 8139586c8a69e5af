"""Imports go one way, outside libraries stay in their rooms, and what everybody loads is light."""

import ast
import subprocess
import sys
from collections import Counter
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import mock_p1

PACKAGE = Path(mock_p1.__file__).parent
FILES = sorted(
    path
    for path in PACKAGE.rglob("*.py")
    if path.relative_to(PACKAGE).parts[0] != "contract_tests"  # in a wheel: tests, not a room
)

ROOMS = {
    "base": set(),
    "contract": {"base"},
    "scenario": {"base", "contract"},
    "engine": {"base", "contract", "scenario"},
    "analysis": {"base", "contract", "scenario", "engine"},
    "transports": {"base", "contract", "scenario", "engine"},
    "admin": {"base", "contract", "scenario", "engine", "analysis"},
    "server": {"base", "contract", "scenario", "engine", "transports", "admin"},
    "oneclock": {"base"},
    "testing": {
        *("base", "contract", "scenario", "engine", "analysis", "transports"),
        *("admin", "server", "oneclock", "recording", "verify"),
    },
    "verify": set(),
    "recording": {"base", "contract", "scenario", "verify"},
    "cli": {
        *("base", "contract", "scenario", "engine", "analysis", "transports"),
        *("admin", "server", "oneclock", "testing", "verify", "recording"),
    },
}
"""What each room of the package may import; the root, which holds the version and lazy names, is
open to all."""

TRANSPORTS = {
    "wsgi": {"flask", "werkzeug"},
    "asgi": set(),
    "cors": set(),
    "in_process": set(),
    "network_guard": set(),
    "urllib3_connection": {"urllib3"},
    "httpx_transport": {"httpx", "anyio"},
    "responses_patch": {"responses", "requests"},
}
"""The outside libraries that each transport may import."""

PURE = {
    "base": {
        "pydantic": {"record", "rules", "record_reader", "strict_model", "model_schema"},
        "pydantic_core": {"record", "rules", "record_reader", "strict_model", "model_schema"},
    },
    "contract": {"pydantic": {"assumptions"}},
    "scenario": {
        "pydantic": {
            "model",
            "steps",
            "faker_fields",
            "parser",
            "document",
            "calls",
        },
        "pydantic_core": {"faker_fields", "model", "parser", "steps"},
        "yaml": {"yaml_reader", "parser", "redaction"},
        "faker": {"faker_values"},
    },
    "engine": {"werkzeug": {"conditional"}},
    "analysis": {},
}
"""The rooms that open nothing, and where in them an outside library may be used."""


def is_for_types(node):
    """Tell `if TYPE_CHECKING:`."""
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def nodes(tree, *, at_start=False):
    """Yield the nodes of a module; with ``at_start`` only those that run when it is imported."""
    for node in ast.iter_child_nodes(tree):
        if at_start and (
            is_for_types(node) or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        ):
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
    return {name for name in imports(path, **options) if name in MODULES} - {
        package
        for name in imports(path, **options)
        if (package := name.rpartition(".")[0]) != name and name in MODULES and package != "mock_p1"
    }


def libraries(path):
    """Return the outside libraries that a file imports."""
    names = {name.partition(".")[0] for name in imports(path)}
    return names - sys.stdlib_module_names - {"mock_p1", "_typeshed"}


def offenders():
    """Yield every import that runs against the order of the rooms."""
    for name, path in MODULES.items():
        here = room(name)
        if here in ("", "__main__", "_version"):
            continue  # the root: lazy names, the version, and `python -m mock_p1`
        for other in sorted(ours(path)):
            if other == "mock_p1":
                yield f"{name} imports the root; take what it needs from where it is made"
            elif room(other) not in ROOMS[here] | {here, "_version"}:
                yield f"{name} imports {other}; {here} may import {', '.join(sorted(ROOMS[here]))}"


def test_imports_go_one_way():
    """Types and lazy imports count; all offenders are named at once."""
    assert list(offenders()) == []


def test_every_room_is_known():
    """A new one must be given its place."""
    assert {room(module) for module in MODULES} == {*ROOMS, "", "__main__", "_version"}


def test_nothing_imports_in_a_circle():
    """Nowhere, with types and lazy imports counted."""
    graph = {
        name: ours(path) - {name, name.rpartition(".")[0], "mock_p1"}
        for name, path in MODULES.items()
        if name != "mock_p1"
    }
    assert set(TopologicalSorter(graph).static_order()) == set(graph)


def test_a_file_name_occurs_once():
    """Whoever looks for a name finds one file."""
    stems = Counter(path.stem for path in FILES if path.stem not in ("__init__", "__main__"))
    assert [stem for stem, count in stems.items() if count > 1] == []


def in_pure_rooms():
    """Yield the files of the rooms that open nothing."""
    return [path for path in FILES if path.parent.name in PURE]


def test_the_heart_has_few_libraries():
    """Beyond the standard library, each in few files; no framework, no network."""
    found = {
        f"{module_of(path)}: {name}"
        for path in in_pure_rooms()
        for name in libraries(path)
        if path.stem not in PURE[path.parent.name].get(name, ())
    }
    assert found == set()


OPENS = {"socket", "asyncio", "subprocess", "http", "urllib.request", "os", "shutil", "tempfile"}
MAY_OPEN = {name: {"os", "pathlib"} for name in ("bundled", "files", "result_files", "whole_files")}
"""The files of these rooms that open files."""


def test_the_heart_neither_sleeps_nor_opens_anything():
    """No socket, no file, no thread, no process; real time in the clock alone."""
    found = set()
    for path in in_pure_rooms():
        allowed = MAY_OPEN.get(path.stem, set())
        found |= {
            f"{module_of(path)}: {n}" for n in imports(path) & (OPENS | {"pathlib"}) - allowed
        }
        if path.stem != "clock":
            found |= {f"{module_of(path)}: {n}" for n in imports(path) & {"time"}}
        tree = ast.parse(path.read_text(encoding="utf-8"))
        called = {ast.unparse(node.func) for node in nodes(tree) if isinstance(node, ast.Call)}
        fine = {"datetime.now"} if path.stem == "clock" else set()
        wrong = called & {"open", "sleep", "Thread", "datetime.now", "print", "input"} - fine
        found |= {f"{module_of(path)}: {name}()" for name in wrong}
    assert found == set()


def test_a_transport_has_its_own_library_alone():
    """None imports another one's."""
    found = {
        f"{module_of(path)}: {name}"
        for path in FILES
        if path.parent.name == "transports" and path.stem != "__init__"
        for name in libraries(path) - TRANSPORTS[path.stem]
    }
    assert found == set()


HEAVY = {
    "flask",
    "werkzeug",
    "responses",
    "requests",
    "faker",
    "pydantic",
    "pydantic_core",
    "uvicorn",
    "yaml",
    "click",
    "rich",
}


LIGHT = ("mock_p1", "mock_p1.transports.network_guard", "mock_p1.testing.plugin")


def test_what_everybody_loads_is_light():
    """`import mock_p1`, the plugin of every pytest run, and the guard of a child: no library."""
    code = (
        "import sys, pytest; before = set(sys.modules); "
        f"import {', '.join(LIGHT)}; print(*(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True
    )
    loaded = set(done.stdout.split())
    assert loaded >= set(LIGHT)
    assert not {name.partition(".")[0] for name in loaded} & HEAVY


POLLED = """
import http.client, sys, urllib.parse
from mock_p1 import serving

with serving("demo") as mock:
    def get(path):
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(mock.url).netloc)
        connection.request("GET", path, headers={"x-api-key": "demo-key"})
        return connection.getresponse().status
    polled = get("/v1/external/retrain_jobs/retrain-001")
    loaded = {name.partition(".")[0] for name in sys.modules}
    print(polled, *sorted(loaded & {"flask", "werkzeug", "jinja2", "faker", "rich"}))
    print(get("/__admin/health"), "flask" in sys.modules)
"""


@pytest.mark.slow
def test_a_server_that_is_only_polled_loads_no_flask():
    """Half of the time of a start is saved; the control API is there when it is asked for."""
    done = subprocess.run(
        [sys.executable, "-c", POLLED], capture_output=True, encoding="utf-8", check=True
    )
    assert done.stdout.splitlines() == ["200", "200 True"]


KEPT = """
import sys, urllib.request
from pathlib import Path
from mock_p1.server.kept_scenarios import load_kept
from mock_p1.testing.mocks import serving

with serving(load_kept(["demo"], Path(sys.argv[1]))) as mock:
    url = f"{mock.url}/v1/external/retrain_jobs/retrain-001"
    asked = urllib.request.Request(url, headers={"x-api-key": "demo-key"})
    with urllib.request.urlopen(asked) as reply:
        loaded = {name.partition(".")[0] for name in sys.modules}
        print(reply.status, *sorted(loaded & {"flask", "pydantic", "pydantic_core", "yaml"}))
"""


@pytest.mark.slow
def test_a_kept_scenario_is_played_without_pydantic_and_yaml(tmp_path):
    """They take half of the time of a start, and are loaded the first time alone."""
    first, second = (
        subprocess.run(
            [sys.executable, "-c", KEPT, tmp_path / "kept"],
            capture_output=True,
            encoding="utf-8",
            check=True,
        ).stdout.split()
        for _ in range(2)
    )
    assert first == ["200", "pydantic_core", "yaml"]
    assert second == ["200"]


def test_the_root_names_what_it_promises():
    """Every public name leads somewhere, and dir() shows them."""
    for name in mock_p1.__all__:
        assert getattr(mock_p1, name) is not None
    assert set(mock_p1.__all__) <= set(dir(mock_p1))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = mock_p1.nothing
