"""Every block of every page is tried by a test, or it is said here why it cannot be."""

from collections import Counter
from pathlib import Path

import pytest
from helpers.page_blocks import blocks_of

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
PAGES = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "examples/README.md"]
PAGES += sorted(
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "docs").glob("*.md")
    if not path.name.endswith(".ja.md")  # their blocks are those of the English pages
)
SHELL = "test_shell_blocks.py"
"""Reads each line as its shell does; it starts what never ends, or needs what is not ours."""

TRIED = {
    ("README.md", "python"): "test_readme_blocks.py",
    ("README.md", "console"): "test_readme_blocks.py",
    ("README.md", "yaml"): "test_readme_blocks.py",
    ("README.md", "text"): "test_readme_blocks.py",
    ("README.md", "sh"): "test_readme_claims.py",
    ("CONTRIBUTING.md", "sh"): SHELL,  # sets up the environment that runs this
    ("docs/ci.md", "yaml"): "test_ci_page.py",
    ("docs/ci.md", "text"): "test_ci_page.py",
    ("docs/ci.md", "sh"): "test_ci_page.py",
    ("docs/closed-clients.md", "sh"): "test_closed_clients_page.py",
    ("docs/closed-clients.md", "text"): "test_closed_clients_page.py",
    ("docs/closed-clients.md", "powershell"): SHELL,  # changes a Windows user's certificates
    ("docs/contract-checks.md", "console"): "test_guides.py",
    ("docs/contract-checks.md", "sh"): "test_guides.py",
    ("docs/in-process.md", "python"): "test_in_process_page.py",
    ("docs/other-languages.md", "js"): "test_other_languages_page.py",
    ("docs/parallel.md", "python"): "test_guides.py",
    ("docs/parallel.md", "yaml"): "test_guides.py",
    ("docs/parallel.md", "console"): "test_guides.py",
    ("docs/performance.md", "sh"): SHELL,  # takes ten minutes, and other mock servers
    ("docs/recipes.md", "python"): "test_recipes.py",
    ("docs/recipes.md", "yaml"): "test_recipes.py",
    ("docs/recipes.md", "text"): "test_recipes.py",
    ("docs/record.md", "console"): "test_record_page.py",
    ("docs/record.md", "yaml"): "test_record_page.py",
    ("docs/record.md", "python"): "test_record_page.py",
    ("docs/scale.md", "sh"): SHELL,  # serves until it is stopped; tests/cli starts the like
    ("docs/serving.md", "yaml"): "test_serving_page.py",
    ("docs/serving.md", "sh"): SHELL,  # likewise; load tools are run by tests/clients
    ("docs/serving.md", "nginx"): "../clients/test_behind_nginx.py",
    ("docs/serving.md", "bat"): SHELL,  # Windows'
    ("docs/serving.md", "powershell"): SHELL,  # likewise
    ("docs/state.md", "sh"): SHELL,  # serves until it is stopped; tests/cli starts the like
    ("docs/state.md", "python"): "test_state_page.py",
    ("docs/state.md", "yaml"): "../packaging/test_container.py",
    ("docs/tutorial.md", "sh"): SHELL,  # installs, and serves until it is stopped
    ("docs/tutorial.md", "python"): "test_tutorial.py",
    ("docs/tutorial.md", "text"): "test_tutorial.py",
    ("docs/tutorial.md", "console"): "test_tutorial.py",
    ("docs/tutorial.md", "yaml"): "test_tutorial.py",
}
"""Where the blocks of a page in a language are tried."""

DRAWN = {("docs/architecture.md", "text")}
"""Drawings."""


def test_every_page_s_blocks_have_a_test():
    """No more and no less than there are."""
    found = Counter(
        (page, block.language)
        for page in PAGES
        for block in blocks_of((ROOT / page).read_text(encoding="utf-8"))
    )
    assert found.keys() == TRIED.keys() | DRAWN


@pytest.mark.parametrize("file", sorted(set(TRIED.values())))
def test_each_of_these_tests_reads_pages(file):
    """It is there, and takes blocks from them."""
    text = (HERE / file).read_text("utf-8")
    assert "```" in text or "blocks_of" in text
