"""Every YAML file that others read, and every YAML block of a page, has each key once.

PyYAML takes the last of several, docker and editors refuse them all.
"""

from pathlib import Path

import pytest
import yaml
from helpers.page_blocks import blocks_of
from helpers.strict_yaml import StrictLoader, read_yaml

import mock_p1

ROOT = Path(__file__).parents[2]
FOLDERS = (".", ".github/workflows", ".ci/*", "contract_tests", "deploy", "examples/*", "scenarios")
PACKAGE = Path(mock_p1.__file__).parent
FILES = [
    *(path for folder in FOLDERS for path in sorted(ROOT.glob(f"{folder}/*.y*ml"))),
    *sorted(PACKAGE.rglob("*.yaml")),
    *sorted(PACKAGE.rglob("*.yml")),
]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("examples/*.md")]


def keys_once(text):
    """Compose the documents of a text; tags that only their own reader knows are left alone."""
    assert [*yaml.compose_all(text, StrictLoader)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_a_file_has_each_key_once(path):
    """In each of its mappings."""
    keys_once(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_a_page_s_blocks_have_each_key_once(page):
    """Likewise."""
    for block in blocks_of(page.read_text(encoding="utf-8")):
        if block.language == "yaml":
            keys_once(block.text)


@pytest.mark.parametrize("text", ["a: 1\nb: 2\na: 1\n", "[{x: {a: , 'a': }}]", "? a\n? a\n"])
def test_a_key_that_stands_twice_is_seen(text):
    """At any depth, in every style, with its place."""
    with pytest.raises(yaml.MarkedYAMLError, match=r"(?s)key 'a' stands 2 times .* line 1,"):
        read_yaml(text)


def test_a_merged_key_may_be_overridden():
    """That is what merges are for, in a mapping that is merged again too."""
    text = "a: &a {x: 1}\nb: &b {<<: *a, x: 2}\nc: {<<: *b, x: 3}\n"
    assert read_yaml(text)["c"] == {"x": 3}
