"""The checks know nothing of the mock's own contract, so that a mistake in it cannot hide."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import mock_p1

ROOT = Path(__file__).parents[2]
PACKAGE = Path(mock_p1.__file__).parent
FILES = sorted([*(ROOT / "contract_tests").glob("*.py"), *(PACKAGE / "verify").glob("*.py")])


def _imports(file):
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_nothing_of_the_mock_is_imported_but_its_public_names(file):
    """From mock_p1 come its public names and the checks themselves, nothing else."""
    ours = {name for name in _imports(file) if name.partition(".")[0] == "mock_p1"}

    assert all(
        name == "mock_p1" or name.startswith("mock_p1.verify") or name == "mock_p1._version"
        for name in ours
    ), ours


def test_loading_the_checks_loads_nothing_of_the_core():
    """Nor does anything of the rest come in by another way."""
    script = (
        "import sys\n"
        "import mock_p1.verify.runner, mock_p1.verify.verify_report, mock_p1.verify.watch\n"
        "ours = [name for name in sys.modules if name.startswith('mock_p1.')]\n"
        "print([n for n in ours if '.verify' not in n and n != 'mock_p1._version'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"
