"""``mock-p1 completion``: shells complete commands, options and names of scenarios."""

from __future__ import annotations

import os
from typing import ClassVar, Final

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    add_completion_class,
    split_arg_string,
)

from mock_p1.cli.group import COMPLETING
from mock_p1.cli.options import command

PROGRAM: Final = "mock-p1"


class PowerShellComplete(ShellComplete):
    """Windows PowerShell 5.1 and PowerShell 7, which click does not know."""

    name: ClassVar[str] = "powershell"
    source_template: ClassVar[str] = """\
Register-ArgumentCompleter -Native -CommandName %(prog_name)s -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $env:%(complete_var)s = 'powershell_complete'
    $env:_MOCK_P1_WORDS = $commandAst.ToString()
    $env:_MOCK_P1_WORD = $wordToComplete
    try {
        %(prog_name)s | ForEach-Object {
            $value, $help = $_ -split "`t", 2
            if (-not $help) { $help = $value }
            $kind = 'System.Management.Automation.CompletionResult'
            New-Object $kind $value, $value, 'ParameterValue', $help
        }
    } finally {
        $names = '%(complete_var)s', '_MOCK_P1_WORDS', '_MOCK_P1_WORD'
        $names | ForEach-Object { Remove-Item "Env:$_" }
    }
}
"""

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the one that is begun, and that."""
        begun = os.environ.get("_MOCK_P1_WORD", "")
        words = split_arg_string(os.environ.get("_MOCK_P1_WORDS", ""))[1:]
        return (words[:-1] if begun and words else words), begun

    def format_completion(self, item: CompletionItem) -> str:
        """Return a line: the word, and what it means; files PowerShell finds itself."""
        return "" if item.type == "file" else f"{item.value}\t{item.help or ''}"


add_completion_class(PowerShellComplete)

CLASSES: Final[dict[str, type[ShellComplete]]] = {
    each.name: each for each in (BashComplete, ZshComplete, FishComplete, PowerShellComplete)
}


@command()
@click.argument("shell", type=click.Choice([*CLASSES]))
def completion(shell: str) -> None:
    """Print the lines that make SHELL complete commands, options and names of scenarios.

    \b
      bash        put into ~/.bashrc:  eval "$(mock-p1 completion bash)"
      zsh         put into ~/.zshrc:   eval "$(mock-p1 completion zsh)"
      fish        mock-p1 completion fish > ~/.config/fish/completions/mock-p1.fish
      powershell  put into $PROFILE:   mock-p1 completion powershell | Out-String | iex
    """  # noqa: D301 -- \b is click's mark for lines to be kept
    shell_class = CLASSES[shell]
    # not source(): for bash it asks which version there is, wherever this runs
    source = shell_class(click.get_current_context().find_root().command, {}, PROGRAM, COMPLETING)
    click.echo(source.source_template % source.source_vars())
