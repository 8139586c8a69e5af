"""What the parts of ``/__admin`` share: the engine they steer, and who may steer it."""

from __future__ import annotations

import secrets
from threading import BoundedSemaphore, Lock
from typing import TYPE_CHECKING, Final

from mock_p1.admin.access import AccessPolicy
from mock_p1.engine.driver import Driver

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mock_p1.engine.engine import Engine
    from mock_p1.engine.saved_state import SavedFile
    from mock_p1.scenario.problems import Problem

POLICY: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Headers of every answer below ``/__admin``.

Kept by no cache, shown in no frame, read by no other origin.
"""

MAX_THREADS: Final = 4


class AdminContext:
    """What the control API of one engine works with."""

    def __init__(self, engine: Engine, access: AccessPolicy | None = None) -> None:
        self.engine: Engine = engine
        self.driver: Driver = Driver(engine)
        self.access: AccessPolicy = access or AccessPolicy()
        self.run: str = secrets.token_hex(4)
        """Tells this run of the mock from any other: no stream of another run is resumed."""
        self.loading: Lock = Lock()
        """Held while a scenario is checked and swapped: one at a time."""
        self.threads: BoundedSemaphore = BoundedSemaphore(MAX_THREADS)
        """How many threads of a WSGI server may be held by those who listen to events.

        It has few.
        """
        self.authority: Path | None = None
        """The file of the authority that a client has to trust, where it made the certificate."""
        self.authority_state: str | None = None
        """How long that authority lives, and whether this start has made it."""
        self.save: Callable[[], SavedFile] | None = None
        """Writes the whole state to the file that was given for it; None where none was."""
        self.problems: tuple[Problem, ...] = ()
        """What is wrong with the scenario file that is watched, API keys masked.

        Nothing where none is.
        """

    def tell_problems(self, problems: tuple[Problem, ...]) -> None:
        """Keep what is wrong with the file that is watched, and tell all listeners."""
        self.problems = problems
        self.engine.changes.note("problems", self.engine.clock.now_ns())
