"""The options that several commands share, so that they are named, checked and described once."""

from __future__ import annotations

import math
import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from mock_p1.base.clock import MAX_SPEED, SECOND
from mock_p1.base.durations import HOW_TO_WRITE, UNITS, parse_duration

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

ENVIRONMENT: Final = "MOCK_P1"
"""Every option is also an environment variable.

This, an underscore and the option's name, whatever the command.
"""

DEFAULT_HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 8191
MAX_PORT: Final = 65535
_UNITS: Final = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9}


class DocumentedCommand(click.Command):
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


command: partial[click.Command] = partial(click.command, cls=DocumentedCommand)
"""What every command of ours is made by."""


output = click.option(
    "--output",
    type=click.File("w", encoding="utf-8"),
    default="-",
    metavar="FILE",
    help="Write to a file, in UTF-8; a > of PowerShell 5.1 makes UTF-16 of it.",
)
"""Where a command writes a document; ``-`` is standard output."""


class Speed(click.FloatRange):
    """A speed of the mock's clock: above 0, and a number."""

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


def scenario_argument(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add SCENARIO: a bundled name or a file, ``demo`` unless given here or by MOCK_P1_SCENARIO."""
    return click.argument("scenario", default="demo", envvar="MOCK_P1_SCENARIO")(command)


def host_option(text: str) -> Callable[..., Any]:
    """Add ``--host``; ``text`` says what the command does with it."""
    return click.option("--host", default=DEFAULT_HOST, metavar="HOST", help=text)


def port_option(text: str) -> Callable[..., Any]:
    """Add ``--port``; ``text`` says what the command does with it."""
    return click.option(
        "--port", default=DEFAULT_PORT, type=click.IntRange(0, MAX_PORT), metavar="PORT", help=text
    )


def tls_option(text: str) -> Callable[..., Any]:
    """Add ``--tls``; ``text`` says what the command does with it."""
    return click.option("--tls", is_flag=True, help=text)


def tls_cert_option(text: str) -> Callable[..., Any]:
    """Add ``--tls-cert``; ``text`` says what the command does with it."""
    return click.option("--tls-cert", type=click.Path(path_type=Path), metavar="FILE", help=text)


def speed_option(text: str) -> Callable[..., Any]:
    """Add ``--speed``; ``text`` says what the command does with it."""
    return click.option("--speed", default=1.0, type=Speed(), metavar="FACTOR", help=text)
