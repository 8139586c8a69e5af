"""The oldest dependencies that are allowed are the ones that CI tests with."""

import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

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


BESIDE = sorted((ROOT / ".ci" / "beside").glob("*.txt"))


@pytest.mark.parametrize("path", BESIDE, ids=lambda path: path.stem)
def test_other_projects_versions_are_allowed(path):
    """What Airflow, a Django and a Flask 2.2 project pin stays as it is, beside every extra.

    `nox -s beside` asks a resolver, which sees what our dependencies depend on too.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    ours = [*project["dependencies"], *chain(*(extras[name] for name in extras if name != "test"))]
    lines = path.read_text(encoding="utf-8").splitlines()
    pinned = dict(line.split("==") for line in lines if not line.startswith("#"))
    pinned = {canonicalize_name(name): version for name, version in pinned.items()}
    given = [each for each in map(Requirement, ours) if each.name in pinned]
    assert len(given) > 4
    assert [f"{each}: {pinned[each.name]}" for each in given
            if pinned[each.name] not in each.specifier] == []  # fmt: skip
