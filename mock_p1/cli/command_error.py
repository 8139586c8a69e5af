"""How a command ends when it cannot do what was asked.

Lines on stderr, an exit status, never a traceback.
"""

from __future__ import annotations

from io import StringIO
from typing import IO, TYPE_CHECKING, Any

import click

from mock_p1.base.text import visible

if TYPE_CHECKING:
    from collections.abc import Callable


class Failure(click.ClickException):
    """Ends a command with exit status 1.

    The message is shown as it is: one problem a line, each saying where.
    """

    def show(self, file: IO[Any] | None = None) -> None:
        """Write the message to stderr, or to ``file``."""
        click.echo(visible(self.message), file=file, err=file is None)


class Translated(click.ClickException):
    """Ends a command as another error does, whose lines are said in another language."""

    def __init__(self, error: click.ClickException, said: Callable[[str], str]) -> None:
        super().__init__(error.message)
        self.exit_code: int = error.exit_code  # type: ignore[misc]  # -- else its class's
        self._error = error
        self._said = said

    def show(self, file: IO[Any] | None = None) -> None:
        """Write to stderr, or to ``file``, what the other one would have written."""
        output = StringIO()
        self._error.show(output)
        lines = map(self._said, output.getvalue().rstrip("\n").split("\n"))
        click.echo("\n".join(lines), file=file, err=file is None)
