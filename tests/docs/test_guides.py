"""docs/parallel.md and docs/contract-checks.md: what they show is run; their options are ours."""

import re
import shlex
from dataclasses import fields
from pathlib import Path

import click
import pytest
import yaml
from helpers.page_blocks import Session, blocks_of, commands, fits

from mock_p1.cli import main
from mock_p1.cli.serve import serve
from mock_p1.cli.verify import verify
from mock_p1.verify.credentials import Credentials

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {name: (DOCS / f"{name}.md").read_text(encoding="utf-8") for name in (
    "parallel", "contract-checks",
)}  # fmt: skip


@pytest.mark.slow
@pytest.mark.posix
@pytest.mark.parametrize("page", PAGES)
def test_a_page_s_commands_print_what_it_shows(page, tmp_path):
    """In one session, with its files beside."""
    blocks = blocks_of(PAGES[page])
    for block in blocks:
        if block.file:
            (tmp_path / block.file).write_text(block.text, encoding="utf-8")
    with Session(tmp_path) as session:
        for block in (each for each in blocks if each.language == "console"):
            for command, shown in commands(block.text):
                printed = session.run(f"{command} 2>/dev/null".replace("& 2>/dev/null", "&"))
                assert fits(printed.splitlines(), shown), (command, printed)


@pytest.mark.parametrize("page", PAGES)
def test_a_command_of_a_shell_block_has_these_options(page):
    """It is not run, since it is for a service that is not ours."""
    for block in (each for each in blocks_of(PAGES[page]) if each.language == "sh"):
        program, *words = shlex.split(block.text)
        given = {word for word in words if word.startswith("--")}
        if program == "mock-p1":
            command = main.get_command(click.Context(main), words[0])
            assert given <= {o for parameter in command.params for o in parameter.opts}
        else:
            assert program == "pytest"
            assert given - {"--pyargs"} <= options_of_the_contract_tests()


def options_of_the_contract_tests():
    """The options that they add to pytest's."""
    text = (DOCS.parent / "contract_tests" / "conftest.py").read_text(encoding="utf-8")
    keys = {f"--{field.name.replace('_', '-')}" for field in fields(Credentials)}
    return keys | set(re.findall(r'"(--[a-z-]+)"', text))


def test_the_options_that_pages_name_are_there():
    """Of the server, and of the checks."""
    known = {option for each in (serve, verify) for p in each.params for option in p.opts}
    others = {"--test", "--against"}
    for page in PAGES.values():
        prose = re.sub(r"```.*?```", "", page, flags=re.DOTALL)
        assert set(re.findall(r"(?<![\w-])(--[a-z][a-z-]+)", prose)) <= known | others


def test_the_conftest_that_is_shown_gives_each_test_a_key(pytester, monkeypatch):
    """And the scenario that is shown takes it."""
    monkeypatch.setenv("RETRAIN_API_URL", "http://127.0.0.1:1")
    shown = {block.file: block.text for block in blocks_of(PAGES["parallel"]) if block.file}
    (pattern, *_) = yaml.safe_load(shown["workers.yaml"])["api_keys"]
    pytester.makeconftest(shown["conftest.py"])
    pytester.makepyfile(f"""
        from fnmatch import fnmatch
        seen = set()
        def test_a(api): seen.add(api[1])
        def test_b(api): seen.add(api[1])
        def test_c(): assert len(seen) == 2 and all(fnmatch(key, {pattern!r}) for key in seen)
    """)
    result = pytester.runpytest("-p", "no:randomly", "-p", "no:xdist")
    result.assert_outcomes(passed=3)
