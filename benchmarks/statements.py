"""``python -m benchmarks.statements [FOLDER …]``.

Counts the statements of Python files: what the package costs to read. Docstrings, comments and
blank lines count nothing, so that explaining is free and shortening lines gains nothing.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import Final

PACKAGE: Final = Path(__file__).parents[1] / "mock_p1"


def statements(source: str) -> int:
    """Return how many statements a text of Python has, docstrings (of names, too) not counted."""
    nodes = [each for each in ast.walk(ast.parse(source)) if isinstance(each, ast.stmt)]
    return sum(not _is_docstring(each) for each in nodes)


def _is_docstring(node: ast.stmt) -> bool:
    value = node.value if isinstance(node, ast.Expr) else None
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


def count(folder: Path) -> int:
    """Return how many statements the Python files in and below a folder have."""
    return sum(statements(path.read_text(encoding="utf-8")) for path in folder.rglob("*.py"))


def main() -> None:
    """Show the statements of each room, or of the folders that are named."""
    folders = [Path(name) for name in sys.argv[1:]]
    rooms = folders or sorted({path.parent for path in PACKAGE.glob("*/*.py")})
    for room in rooms:
        sys.stdout.write(f"{count(room):6,}  {room.name}\n")
    if not folders:
        sys.stdout.write(f"{count(PACKAGE):6,}  in all\n")


if __name__ == "__main__":
    main()
