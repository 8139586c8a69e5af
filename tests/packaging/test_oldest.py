"""The oldest dependencies that are allowed are the ones that CI tests with."""

import re
import tomllib
from itertools import chain
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_constraints_are_the_lower_bounds():
    """.ci/oldest.txt pins every dependency, of all extras too, to its bound in pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    required = {*project["dependencies"], *chain(*project["optional-dependencies"].values())}
    others = [line for line in required if not line.startswith("mock-p1[")]
    bounds = [re.match(r"([\w.-]+)>=([\d.]+)", line).groups() for line in others]
    pinned = (ROOT / ".ci" / "oldest.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in pinned if not line.startswith("#")] == sorted(
        f"{name}=={low}" for name, low in bounds
    )
