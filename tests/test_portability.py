"""Tests say by a marker, or in their own words, that they need what Windows has not."""

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
POSIX_ALONE = {
    *("fork", "forkpty", "mkfifo", "geteuid", "getuid", "fchmod", "killpg", "setsid", "getpgid"),
    *("symlink_to", "hardlink_to", "sched_getaffinity", "getrlimit", "setrlimit", "openpty"),
    *("AF_UNIX", "SIGKILL", "SIGUSR1", "SIGHUP", "WIFSIGNALED", "add_signal_handler"),
}
MODULES = {"fcntl", "resource", "pwd", "grp", "termios", "pty"}
PLACES = re.compile(r"/(dev/(?!null)\w+|proc\b.*)")
SAYS_SO = re.compile(r"\.posix\b|win32|os\.name|sys\.platform|hasattr\(|pytest\.skip\(|/dev/full")


def needs(function):
    """Return what a test needs of POSIX."""
    found = set()
    for node in ast.walk(function):
        match node:
            case ast.Attribute(attr=name) if name in POSIX_ALONE:
                found.add(name)
            case ast.Import(names=names):
                found |= {each.name for each in names} & MODULES
            case ast.Constant(value=str() as text) if PLACES.fullmatch(text):
                found.add(text)
    return found


def unmarked(text):
    """Return the tests of a file that need POSIX and do not say so, by a mark or in their code."""
    tree = ast.parse(text)
    kept = {
        target.id: ast.unparse(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    if SAYS_SO.search(kept.get("pytestmark", "")):
        return {}
    tests = {
        node.name: node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test")
    }
    return {
        name: found
        for name, node in tests.items()
        if (found := needs(node))
        and not SAYS_SO.search(ast.unparse(node))
        and not any(
            SAYS_SO.search(kept.get(mark.id, ""))
            for mark in node.decorator_list
            if isinstance(mark, ast.Name)
        )
    }


@pytest.mark.slow
def test_every_test_that_needs_posix_says_so():
    """On Windows, and where `nox -s portability` acts it out, it is passed over."""
    found = {
        str(file.relative_to(TESTS)): missing
        for file in sorted(TESTS.rglob("test_*.py"))
        if (missing := unmarked(file.read_text(encoding="utf-8")))
    }
    assert found == {}


def test_one_that_does_not_say_so_is_found():
    """So that the search is one; a mark that stands under a name of its own counts."""
    text = "{}def test_a():\n    import os\n    os.mkfifo('a')\n"
    kept = "mark = pytest.mark.skipif(sys.platform == 'win32', reason='r')\n"
    assert unmarked(text.format("")) == {"test_a": {"mkfifo"}}
    assert unmarked(text.format("@pytest.mark.posix\n")) == {}
    assert unmarked(text.format(f"{kept}@mark\n")) == {}
    assert unmarked(text.format("pytestmark = pytest.mark.posix\n")) == {}
