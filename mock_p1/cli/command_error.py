"""How a command ends when it cannot do what was asked.

Lines on stderr, an exit status, never a traceback.
"""

from __future__ import annotations

from typing import IO, Any

import click

from mock_p1.base.text import visible


class Failure(click.ClickException):
    """Ends a command with exit status 1.

    The message is shown as it is: one problem a line, each saying where.
    """

    def show(self, file: IO[Any] | None = None) -> None:
        """Write the message to stderr, or to ``file``."""
        click.echo(visible(self.message), file=file, err=file is None)
