"""``mock-p1 clean``: what is kept in the user's folders, and its removal."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Final

import click

from mock_p1.base.text import plural, printable
from mock_p1.cli.command_error import Failure
from mock_p1.cli.language import said
from mock_p1.cli.options import command
from mock_p1.cli.tls import CERTIFICATE, KEY, CannotSecure, data_folder
from mock_p1.server.user_folders import cache_folder

_LEFT: Final = r"(\.[0-9a-f]{16}\.new)?"
"""How a file ends that a start left behind when it was killed."""

AUTHORITY: Final = re.compile(f"({re.escape(CERTIFICATE)}|{re.escape(KEY)}){_LEFT}")
SCENARIO: Final = re.compile(rf"[0-9a-f]{{64}}\.json{_LEFT}")


@command()
@click.option(
    "--tls-dir",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Where --tls keeps its authority, instead of your folder for settings.",
)
@click.option("--yes", is_flag=True, help="Remove it without asking.")
def clean(*, tls_dir: Path | None, yes: bool) -> None:
    """List what mock-p1 keeps in your own folders, and remove it.

    That is the authority of --tls, in whose place clients have to trust a new one at its next
    start, and scenarios that were read before. pip uninstall mock-p1 removes the rest.
    """
    scenarios = _kept(cache_folder(), SCENARIO)
    authority = {}
    with suppress(CannotSecure):
        authority = _kept(tls_dir or data_folder(), AUTHORITY)
    if not (files := [*authority, *scenarios]):
        click.echo("nothing is kept")
        return
    for file, size in authority.items():
        click.echo(f"{_shown(file)}  {plural(size, 'byte')}")
    if scenarios:
        sizes = plural(sum(scenarios.values()), "byte")
        click.echo(f"{_shown(files[-1].parent)}  {plural(len(scenarios), 'file')}, {sizes}")
    if not (yes or _agreed(len(files))):
        raise Failure("nothing was removed")
    for file in files:
        try:
            file.unlink(missing_ok=True)
        except OSError as error:
            raise Failure(f"{file} cannot be removed: {error.strerror or error}") from None
    for folder in {file.parent for file in files}:
        with suppress(OSError):  # something else is in it, or it is a mount
            folder.rmdir()
            if folder.parent.name == "mock-p1":
                folder.parent.rmdir()
    click.echo(f"removed {plural(len(files), 'file')}")


def _shown(path: Path) -> str:
    return printable(str(path), 1000)


def _agreed(count: int) -> bool:
    """Ask on stderr; no answer is no."""
    try:
        return click.confirm(said(f"Remove {plural(count, 'file')}?"), err=True)
    except click.Abort:
        click.echo(err=True)
        return False


def _kept(folder: Path | None, ours: re.Pattern[str]) -> dict[Path, int]:
    """Return the files of ours in a folder, and no other, with their sizes.

    Nobody's home holds none.
    """
    found: dict[Path, int] = {}
    try:
        for file in sorted(folder.iterdir()) if folder is not None and folder.is_dir() else ():
            if ours.fullmatch(file.name):
                with suppress(FileNotFoundError):  # another one has removed it just now
                    found[file] = file.lstat().st_size
    except OSError as error:
        raise Failure(f"{folder} cannot be read: {error.strerror or error}") from None
    return found
