"""What `serve --watch` says of its scenario file.

That it was played anew, or what is wrong with it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, TextIO

from mock_p1.admin.watcher import Broken, Reloaded
from mock_p1.base.text import printable
from mock_p1.cli.request_log import Writer

if TYPE_CHECKING:
    from collections.abc import Callable

    Outcome = Reloaded | Broken

MAX_SHOWN: Final = 2000


class ReloadLog:
    """Writes what came of every change. Quiet, it writes only what is wrong."""

    def __init__(self, form: Callable[[Outcome], str], stream: TextIO, *, quiet: bool) -> None:
        self._form, self._write, self._quiet = form, Writer(stream).write, quiet

    def __call__(self, outcome: Outcome) -> None:
        """Write it; where nobody reads the log any more, do nothing."""
        if self._quiet and not isinstance(outcome, Broken):
            return
        try:
            self._write(f"{self._form(outcome)}\n".encode("utf-8", "replace"))
        except (OSError, ValueError):
            return  # its pipe is closed


def as_text(outcome: Outcome) -> str:
    """Return it for a person: every problem in the house form, and what that means."""
    if isinstance(outcome, Broken):
        last = f"{outcome.name}: not played as it is now; the scenario before is still being served"
        return "\n".join(printable(line, MAX_SHOWN) for line in (*map(str, outcome.problems), last))
    kept = f"{outcome.kept:,} of {outcome.kept + outcome.dropped:,} jobs under way"
    return printable(
        f"{outcome.name}: changed, and swapped in; {kept} go on, the others begin anew", MAX_SHOWN
    )


def as_json(outcome: Outcome) -> str:
    """Return it for a program: a JSON object on one line."""
    if isinstance(outcome, Broken):
        problems = [problem._asdict() for problem in outcome.problems]
        return json.dumps(
            {"event": "scenario_broken", "scenario": outcome.name, "problems": problems}
        )
    return json.dumps(
        {
            "event": "reloaded",
            "scenario": outcome.name,
            "kept": outcome.kept,
            "dropped": outcome.dropped,
        }
    )


FORMATS: Final = {"text": as_text, "json": as_json}
"""The formats by name, as those of the log of requests."""
