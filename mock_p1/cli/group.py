"""A click group that imports a command when it is called, after the recipe in click's own pages.

So ``--version`` and ``--help`` cost next to nothing. It also holds what is the same for every
command: how colours are turned off, that no output fails over its encoding, and what an unusable
scenario looks like.
"""

from __future__ import annotations

import atexit
import errno
import gc
import os
import sys
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from mock_p1.base.text import unknown
from mock_p1.cli.command_error import Failure, Translated
from mock_p1.cli.language import choose, said, translation
from mock_p1.cli.spoken_command import SpokenCommand, lang_option
from mock_p1.scenario.problems import ScenarioError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from click.shell_completion import CompletionItem

WINDOWS: Final = os.name == "nt"
NOT_WRITTEN: Final = frozenset(
    getattr(errno, name, errno.ENOSPC) for name in ("ENOSPC", "EDQUOT", "EFBIG", "EIO")
)
"""Why a disk or a device takes no output."""


if hasattr(gc, "freeze"):  # PyPy does without
    atexit.register(gc.freeze)  # what is left then goes with the process, and need not be searched

COMPLETING: Final = "_MOCK_P1_COMPLETE"
"""What a shell sets when it asks how a line could go on: click's name for it."""


class LazyCommand(NamedTuple):
    """Where a command lives (``module:attribute``), and its line on the group's help page."""

    import_path: str
    summary: str


class LazyGroup(SpokenCommand, click.Group):
    """A group whose commands are imported when called."""

    def __init__(
        self,
        *args: Any,  # noqa: ANN401 -- click's
        lazy_subcommands: Mapping[str, LazyCommand],
        **kwargs: Any,  # noqa: ANN401 -- click's
    ) -> None:
        super().__init__(*args, **kwargs)
        self.lazy_subcommands = lazy_subcommands
        self.params.append(lang_option(hidden=False))

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- click's signature
        """Return the names in the order of the table."""
        return list(self.lazy_subcommands)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command and return it, or None if there is none of this name."""
        if cmd_name in self.lazy_subcommands:
            module, attribute = self.lazy_subcommands[cmd_name].import_path.split(":")
            command: click.Command = getattr(import_module(module), attribute)
            return command
        return super().get_command(ctx, cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the arguments begin with.

        An unknown one is a usage error that says what there is.
        """
        name, known = args[0], self.lazy_subcommands
        if name not in known and not name.startswith("-") and not ctx.resilient_parsing:
            ctx.fail(unknown("command", name, known))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 -- click's signature
        """Write the list of commands from the table, without importing one."""
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, command.summary) for name, command in self.lazy_subcommands.items()]
            )

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the commands that begin so from the table, without importing one, and options."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415 -- only a shell needs it

        items = [
            CompletionItem(name, help=said(command.summary))
            for name, command in self.lazy_subcommands.items()
            if name.startswith(incomplete)
        ]
        return items + click.Command.shell_complete(self, ctx, incomplete)

    def main(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401 -- click's signature
        """Run as a program does: parse the arguments, run the command, exit."""
        if os.environ.get(COMPLETING, "").startswith("powershell"):  # which click does not know
            import_module("mock_p1.cli.completion")
        options.setdefault("complete_var", COMPLETING)  # whatever the program is called by
        given = args[0] if args else options.get("args")
        choose(sys.argv[1:] if given is None else given, os.environ)
        _never_fail_over_encoding()
        # pydantic would look for plugins in every installed package, and none concerns us
        os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
        try:
            return super().main(*args, **options)
        except OSError as error:
            if error.errno not in NOT_WRITTEN:
                raise
            _drop_output()
            with suppress(OSError):
                click.echo(said(f"the output cannot be written: {error.strerror}"), err=True)
            sys.exit(1)

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # noqa: ANN401 -- click's
    ) -> click.Context:
        """Read the arguments that stand before the command."""
        try:
            return super().make_context(info_name, args, parent, **extra)
        except click.ClickException as error:
            raise _in_the_language(error) from None

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 -- click's signature
        """Run the command; an unusable scenario ends it with every problem on a line of its own."""
        if os.environ.get("NO_COLOR"):
            ctx.color = False
        try:
            return super().invoke(ctx)
        except ScenarioError as error:
            problems = (each._replace(text=said(each.text)) for each in error.problems)
            raise Failure("\n".join(map(str, problems))) from None
        except click.ClickException as error:
            raise _in_the_language(error) from None
        except OSError as error:
            if WINDOWS and error.errno == errno.EINVAL:
                # how Windows says that the reader of a pipe has gone away; click takes it quietly
                raise BrokenPipeError(errno.EPIPE, str(error)) from None
            raise


def _in_the_language(error: click.ClickException) -> click.ClickException:
    return error if translation() is None else Translated(error, said)


def _drop_output() -> None:
    """Let what is still to be written go nowhere, so that Python does not fail over it at its end.

    A stream that a test has put in the place of stdout has no number, and does not fail.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            with suppress(OSError, ValueError):
                os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _never_fail_over_encoding() -> None:
    """Let characters that a console or a file's encoding lacks become question marks."""
    for stream in (sys.stdout, sys.stderr):
        if getattr(stream, "errors", None) in ("strict", "surrogateescape") and hasattr(
            stream, "reconfigure"
        ):
            stream.reconfigure(errors="replace")
