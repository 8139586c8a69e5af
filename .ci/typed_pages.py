"""Writes each Python block of the pages as a module for type checkers: ``typed_pages.py FOLDER``.

What a page leaves out is filled in: names that an earlier block defines or that every block has,
and types of parameters. A mock is a Handle, a test returns nothing, all else may be anything, so
that it is our calls that are checked, and not the reader's client.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import mock_p1

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HANDLES = {"mock", "mock_p1", "mock_p1_server"}
NOT_INSTALLED = ("buggy", "retraining")
"""Modules that a page imports and shows just before."""
HEADER = "from __future__ import annotations\nimport pytest\nimport typing\nimport mock_p1"


def main(folder: Path) -> None:
    """Write the modules, and a project of pyright's own for them."""
    folder.mkdir(parents=True)
    (folder / "pyrightconfig.json").write_text("{}", encoding="utf-8")
    pages = sorted({*(ROOT / "docs").glob("*.md")} - {*(ROOT / "docs").glob("*.ja.md")})
    for page in [ROOT / "README.md", *pages]:
        homes = dict.fromkeys(mock_p1.__all__, "mock_p1")
        for number, text in enumerate(BLOCK.findall(page.read_text(encoding="utf-8")), 1):
            name = f"{page.stem.lower()}_{number}"
            module = ast.parse(text)
            (folder / f"{name}.py").write_text(typed(module, homes), encoding="utf-8")
            homes |= dict.fromkeys(defined_in(module), name)


def typed(module: ast.Module, homes: dict[str, str]) -> str:
    """Return a block with its types, and with imports of what it leaves out."""
    module.body = [
        node
        for node in module.body
        if not (isinstance(node, ast.ImportFrom) and node.module in NOT_INSTALLED)
    ]
    used = {node.id for node in ast.walk(module) if isinstance(node, ast.Name)}
    own = defined_in(module) | {alias.name for node in module.body for alias in names_of(node)}
    lines = [HEADER]
    lines += [f"from {homes[name]} import {name}" for name in sorted((used - own) & homes.keys())]
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            is_test = node.name.startswith(("test_", "__init__"))
            node.returns = ast.Name("None" if is_test else "typing.Any")
            for argument in [*node.args.args, node.args.vararg, node.args.kwarg]:
                if argument and argument.arg != "self":
                    handle = argument.arg in HANDLES
                    argument.annotation = ast.Name("mock_p1.Handle" if handle else "typing.Any")
    return "\n".join([*lines, ast.unparse(module), ""])


def defined_in(module: ast.Module) -> set[str]:
    """Return the names of a module's own functions and classes."""
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return {node.name for node in module.body if isinstance(node, kinds)}


def names_of(node: ast.stmt) -> list[ast.alias]:
    """Return what an import brings; nothing for any other statement."""
    return node.names if isinstance(node, ast.Import | ast.ImportFrom) else []


if __name__ == "__main__":
    main(Path(sys.argv[1]))
