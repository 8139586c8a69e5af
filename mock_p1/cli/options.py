"""The options that several commands share, so that they are named, checked and described once."""

from __future__ import annotations

import math
import os
import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

import click

from mock_p1.base.clock import MAX_SPEED, SECOND
from mock_p1.base.durations import HOW_TO_WRITE, UNITS, parse_duration
from mock_p1.base.text import nearest, printable
from mock_p1.cli.language import said
from mock_p1.cli.spoken_command import SpokenCommand, lang_option
from mock_p1.scenario.bundled import bundled
from mock_p1.verify.exceptions import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

    from click.shell_completion import CompletionItem

ENVIRONMENT: Final = "MOCK_P1"
"""Every option is also an environment variable.

This, an underscore and the option's name, whatever the command.
"""

INHERITED_SOCKETS: Final = "MOCK_P1_INHERITED_SOCKETS"
"""A variable that sets no option: the sockets that a worker inherits, by their numbers."""

STOPPED: Final = 130
"""The exit status after Ctrl-C, as shells have it: 128 and the signal's number."""

DEFAULT_HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 8191
MAX_PORT: Final = 65535
_UNITS: Final = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9}
_LINK_VALUE: Final = re.compile(r"(tcp|udp|sctp)://", re.IGNORECASE)
_LINK_NAME: Final = re.compile(
    rf"{ENVIRONMENT}_(?:ENV_.+|NAME|(?:.+_)?(?:SERVICE_(?:HOST|PORT(?:_.+)?)|PORT_[0-9]+_.+))"
)
"""What Kubernetes and Docker call the variables that they invent for a service `mock-p1`."""


class DocumentedCommand(SpokenCommand):
    """A command whose help page shows defaults and environment variables."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 -- click's
        super().__init__(*args, **kwargs)
        self.context_settings: MutableMapping[str, Any] = {
            "auto_envvar_prefix": ENVIRONMENT,
            "show_default": True,
            **self.context_settings,
        }
        for option in self.params:
            if isinstance(option, click.Option):
                option.show_envvar = True
        self.params.append(lang_option(hidden=True))  # which `mock-p1 --help` shows

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # noqa: ANN401 -- click's
    ) -> click.Context:
        """Read arguments and variables; those that are no settings of ours are left aside."""
        links = _without_links()
        if parent is not None and info_name != "healthcheck":  # which runs every few seconds
            _tell_of_variables(links, self, parent)
        return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 -- click's
        """Run it; what no service can be asked with is a usage error like any other."""
        try:
            return super().invoke(ctx)
        except UsageError as error:
            raise click.UsageError(str(error), ctx) from None


def _without_links() -> list[str]:
    """Take away the variables that Kubernetes and Docker invent for a service of our name.

    Return their names.
    """
    ours = [name for name in os.environ if name.startswith(f"{ENVIRONMENT}_")]
    links = [n for n in ours if _LINK_NAME.fullmatch(n) or _LINK_VALUE.match(os.environ[n])]
    for name in links:
        del os.environ[name]
    return sorted(links)


def _tell_of_variables(links: list[str], command: click.Command, parent: click.Context) -> None:
    """Say on stderr which variables set nothing."""
    if links:
        text = (
            f"{', '.join(map(printable, links))}: made by Kubernetes or Docker for a service of "
            "this name; no settings of the mock, and ignored"
        )
        click.echo(said(text), err=True)
    given = {name for name in os.environ if name.upper().startswith(f"{ENVIRONMENT}_")}
    if not (strange := given - _variables(command) - {INHERITED_SOCKETS}):
        return
    known = _variables(command)
    group = parent.command
    if isinstance(group, click.Group):
        for name in group.list_commands(parent):
            if (other := group.get_command(parent, name)) is not None:
                known |= _variables(other)
    for name in sorted(strange - known):
        begin = len(ENVIRONMENT) + 1  # what all have in common is no likeness
        near = nearest(name[begin:], (each[begin:] for each in known))
        meant = f"; did you mean {ENVIRONMENT}_{near}?" if near else ""
        text = f"{printable(name)} is no variable of mock-p1, and ignored{meant}"
        click.echo(said(text), err=True)


def _variables(command: click.Command) -> set[str]:
    """Return the names of the variables that a command reads."""
    return {
        str(each.envvar or f"{ENVIRONMENT}_{str(each.name).upper()}")
        for each in command.params
        if each.envvar or isinstance(each, click.Option)
    }


command: partial[click.Command] = partial(click.command, cls=DocumentedCommand)
"""What every command of ours is made by."""


output_option: Callable[[Any], Any] = click.option(
    "--output",
    type=click.File("w", encoding="utf-8"),
    default="-",
    metavar="FILE",
    help="Write to a file, in UTF-8; a > of PowerShell 5.1 makes UTF-16 of it.",
)
"""Where a command writes a document; ``-`` is standard output."""


class Speed(click.FloatRange):
    """A speed of the mock's clock: above 0, and a number."""

    name = "number"

    def __init__(self) -> None:
        super().__init__(min=0, max=int(MAX_SPEED), min_open=True)

    def convert(
        self,
        value: Any,  # noqa: ANN401 -- click's signature
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> float:
        """Turn a text into a speed, or fail as a usage error."""
        speed: float = super().convert(value, param, ctx)
        if math.isnan(speed):  # which is neither below nor above a limit
            self.fail(f"{value} is not in the range 0<x<={MAX_SPEED:.0f}.", param, ctx)
        return speed


def span(_context: click.Context, _parameter: click.Parameter, text: str) -> float:
    """Turn a duration as scenarios have them (``10m``) into seconds, or fail as a usage error."""
    try:
        return parse_duration(text) / SECOND
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def duration_or_zero(value: str | float) -> float:
    """Return the seconds of an option's value.

    A duration such as 90s, or a bare number of seconds.
    """
    text = str(value).strip()
    try:
        return parse_duration(text if text[-1:].isalpha() else f"{text}s") / UNITS["s"]
    except ValueError:
        raise click.BadParameter(f"{text!r} is not {HOW_TO_WRITE}.") from None


def duration(value: str | float) -> float:
    """Likewise, but longer than nothing."""
    if seconds := duration_or_zero(value):
        return seconds
    raise click.BadParameter("it must be longer than nothing.")


def size(_context: click.Context, _parameter: click.Parameter, text: str) -> int:
    """Turn a size (``100MB``, ``5000``) into bytes, or fail as a usage error."""
    found = re.fullmatch(r"\s*([0-9]{1,15})\s*([KMG]?)B?\s*", text, re.IGNORECASE)
    if found is None or not int(found[1]):
        raise click.BadParameter(f"{text!r} is no size; write 100MB, 500KB, 2GB, or bytes: 5000")
    return int(found[1]) * _UNITS[found[2].upper()]


def scenario_argument(*, required: bool = False) -> Callable[..., Any]:
    """Add SCENARIO, once or more: a bundled name, a file or a folder; or by MOCK_P1_SCENARIO."""
    return click.argument(
        "scenario",
        nargs=-1,
        type=Several(),
        envvar="MOCK_P1_SCENARIO",
        required=required,
        shell_complete=complete_scenario,
    )


def complete_scenario(
    _context: click.Context, _parameter: click.Parameter, begun: str
) -> list[CompletionItem]:
    """Return the bundled names that begin so; else the shell is to look for files."""
    from click.shell_completion import CompletionItem  # noqa: PLC0415 -- only a shell needs it

    names = [CompletionItem(name) for name in bundled() if name.startswith(begun)]
    return names or [CompletionItem(begun, type="file")]


class Several(click.types.StringParamType):
    """A text, of which a variable holds several as PATH does."""

    envvar_list_splitter: ClassVar[str] = os.pathsep


cache_option: Callable[[Any], Any] = click.option(
    "--no-cache",
    is_flag=True,
    help="Read scenarios in full, and keep none in your cache folder.",
)
"""Whether scenarios that were checked before are taken from the user's cache folder."""


def host_option(text: str) -> Callable[..., Any]:
    """Add ``--host``; ``text`` says what the command does with it."""
    return click.option(
        "--host", default=DEFAULT_HOST, metavar="HOST", callback=_without_brackets, help=text
    )


def _without_brackets(_context: click.Context, _parameter: click.Parameter, host: str) -> str:
    """Take an address of IPv6 as URLs have it, too."""
    return host[1:-1] if host[:1] + host[-1:] == "[]" else host


def port_option(text: str) -> Callable[..., Any]:
    """Add ``--port``; ``text`` says what the command does with it."""
    return click.option(
        "--port", default=DEFAULT_PORT, type=click.IntRange(0, MAX_PORT), metavar="PORT", help=text
    )


def timeout_option(default: str) -> Callable[..., Any]:
    """Add ``--timeout``, of what a command asks of a service."""
    return click.option(
        "--timeout", default=default, type=duration, help="How long one answer may take."
    )


ca_file_option: Callable[[Any], Any] = click.option(
    "--ca-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Certificates to trust (PEM), in place of those of REQUESTS_CA_BUNDLE, or the usual ones.",
)
"""Whose certificates a service may have that a command asks."""


def tls_option(text: str) -> Callable[..., Any]:
    """Add ``--tls``; ``text`` says what the command does with it."""
    return click.option("--tls", is_flag=True, help=text)


def tls_cert_option(text: str) -> Callable[..., Any]:
    """Add ``--tls-cert``; ``text`` says what the command does with it."""
    return click.option("--tls-cert", type=click.Path(path_type=Path), metavar="FILE", help=text)


def speed_option(text: str) -> Callable[..., Any]:
    """Add ``--speed``; ``text`` says what the command does with it."""
    return click.option("--speed", default=1.0, type=Speed(), metavar="FACTOR", help=text)
