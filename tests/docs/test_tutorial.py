"""The tutorial is walked through: each block, in its order, as a reader would."""

import os
from pathlib import Path

import pytest
from helpers.page_blocks import Session, blocks_of, commands, fits

PAGE = (Path(__file__).parents[2] / "docs" / "tutorial.md").read_text(encoding="utf-8")
BLOCKS = blocks_of(PAGE)


def test_every_block_is_of_a_kind_that_is_walked_through():
    """A file has a name; all else is a command, those that serve or install only read elsewhere."""
    assert {block.language for block in BLOCKS if block.file} == {"python", "yaml", "text"}
    assert {block.language for block in BLOCKS if not block.file} == {"console", "sh"}


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="the commands are run by a POSIX shell")
def test_a_reader_meets_what_the_page_says(tmp_path, monkeypatch):
    """Files are written as they come, commands print what stands below them."""
    monkeypatch.setenv("NO_COLOR", "1")
    with Session(tmp_path) as session:
        for language, text, file in BLOCKS:
            if file:
                (tmp_path / file).write_text(text, encoding="utf-8")
            elif language == "console":
                for command, shown in commands(text):
                    printed = session.run(command)
                    assert fits(printed.splitlines(), shown), f"$ {command}\n{printed}"
