"""A click group that imports a command when it is called, so that ``--version`` and ``--help`` cost next to nothing.

It also holds what is the same for every command: where its environment variables are, how colours are turned off, that
no output fails over its encoding, and what an unusable scenario looks like.
"""

from __future__ import annotations

import errno
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from mock_p1.base.text import unknown
from mock_p1.cli.command_error import Failure
from mock_p1.scenario.problems import ScenarioError

if TYPE_CHECKING:
    from collections.abc import Mapping

ENVIRONMENT: Final = "MOCK_P1"
"""Every option is also an environment variable.

This, an underscore and the option's name, whatever the command.
"""


WINDOWS: Final = os.name == "nt"


class Command(NamedTuple):
    """Where a command lives (``module:attribute``), and its line on the group's help page."""

    place: str
    summary: str


class LazyGroup(click.Group):
    """A group whose commands are named in a table and imported when called."""

    def __init__(self, name: str, table: Mapping[str, Command], *, version: str, help: str) -> None:  # noqa: A002 -- click's word
        settings = {"help_option_names": ["-h", "--help"]}
        super().__init__(name, help=help, context_settings=settings)
        self._table = table
        click.version_option(version, prog_name=name, message="%(prog)s %(version)s")(self)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- click's signature
        """Return the names in the order of the table."""
        return list(self._table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 -- click's signature
        """Import a command and return it, or None if there is none of this name."""
        if cmd_name not in self._table:
            return None
        module, attribute = self._table[cmd_name].place.split(":")
        command: click.Command = getattr(import_module(module), attribute)
        command.context_settings = {
            "auto_envvar_prefix": ENVIRONMENT,
            "show_default": True,
            **command.context_settings,
        }
        for option in command.params:
            if isinstance(option, click.Option):
                option.show_envvar = True
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the arguments begin with.

        An unknown one is a usage error that says what there is.
        """
        name = args[0]
        if name not in self._table and not name.startswith("-") and not ctx.resilient_parsing:
            ctx.fail(unknown("command", name, self._table))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 -- click's signature
        """Write the list of commands from the table, without importing one."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.summary) for name, command in self._table.items()])

    def main(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401 -- click's signature
        """Run as a program does: parse the arguments, run the command, exit."""
        _never_fail_over_encoding()
        return super().main(*args, **options)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 -- click's signature
        """Run the command; an unusable scenario ends it with every problem on a line of its own."""
        if os.environ.get("NO_COLOR"):
            ctx.color = False
        try:
            return super().invoke(ctx)
        except ScenarioError as error:
            raise Failure(str(error)) from None
        except OSError as error:
            if (
                WINDOWS and error.errno == errno.EINVAL
            ):  # how Windows tells that the reader of a pipe has gone away
                raise BrokenPipeError(
                    errno.EPIPE, str(error)
                ) from None  # which click takes quietly
            raise


def _never_fail_over_encoding() -> None:
    """Let characters that a console or a file's encoding lacks become question marks rather than errors."""
    for stream in (sys.stdout, sys.stderr):
        if getattr(stream, "errors", None) in ("strict", "surrogateescape") and hasattr(
            stream, "reconfigure"
        ):
            stream.reconfigure(errors="replace")
