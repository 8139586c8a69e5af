"""What is kept of one test while it runs; ``mocked`` needs it without pytest.

Its classes are written out: the plugin is imported in every run, and a dataclass takes 0.5 ms.
"""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest

    from mock_p1.engine.engine import Engine
    from mock_p1.engine.mock_state import InjectedFailure
    from mock_p1.server.loop_thread import LoopThread
    from mock_p1.testing.handle import Handle

MOST_REPORTED: Final = 3
TROUBLE: Final = "mock_p1_trouble"


class Judged:
    """A mock of a fixture, and what of it is judged with the test that runs.

    ``asked_before`` is the number of the last request that came before the test began.
    """

    __slots__ = ("asked_before", "check", "fixture", "handle")

    def __init__(self, handle: Handle, fixture: str, *, check: bool) -> None:
        self.handle: Handle = handle
        self.fixture: str = fixture
        self.check: bool = check
        self.asked_before: int = 0

    @property
    def last(self) -> int:
        """The number of the last request."""
        return self.handle._engine.journal.last  # noqa: SLF001 -- a handle shows tests no engine

    @property
    def unmet(self) -> list[InjectedFailure]:
        """What ``fail_next`` has queued, and no call has met."""
        queued = self.handle._queued  # noqa: SLF001 -- likewise
        waiting = self.handle._engine.state.injected  # noqa: SLF001 -- likewise
        unmet: list[InjectedFailure] = []
        for failure, _ in queued:
            if failure not in unmet:
                times = sum(times for each, times in queued if each == failure)
                unmet += [failure] * (waiting.count(failure) >= times)
        return unmet


class Run:
    """What is kept of one test while it runs.

    ``outer`` is the test that runs this one, as tests of pytest plugins do; ``begun`` are the mocks
    that began last, whoever began them.
    """

    __slots__ = ("begun", "item", "judged", "outer", "raised", "reported")

    def __init__(self, item: pytest.Item, outer: Run | None, judged: list[Judged]) -> None:
        self.item: pytest.Item = item
        self.outer: Run | None = outer
        self.judged: list[Judged] = judged
        self.begun: deque[Handle] = deque(maxlen=MOST_REPORTED)
        self.raised: bool = False
        self.reported: bool = False

    def reported_handles(self) -> Iterator[Handle]:
        """Yield the handles that a report of the test is about, each once."""
        mine = [
            each.handle
            for each in self.judged
            if each.fixture in getattr(self.item, "fixturenames", ())
            or each.last > each.asked_before
        ]
        module = sys.modules.get("mock_p1.testing.handle")  # loaded, if there is any handle
        arguments = getattr(self.item, "funcargs", {}).values()
        handed = [each for each in arguments if module and isinstance(each, module.Handle)]
        yield from dict.fromkeys([*mine, *handed, *self.begun])


watchers: Final[list[Callable[[Engine], None]]] = []
"""Each is told of every engine that is started from now on, before its first request."""

living: Final[list[Judged]] = []
"""The mocks of ``mock_p1_for`` that have not ended."""

setting_up: Final[list[pytest.FixtureRequest]] = []
"""The fixtures that are being set up, the innermost last."""

current: Run | None = None
"""The test that runs."""


def begin(item: pytest.Item) -> Run:
    """Begin to keep what is known of a test."""
    global current  # noqa: PLW0603 -- one test runs at a time
    current = Run(item, current, list(living))
    for each in living:
        each.asked_before = each.last
    return current


def end(run: Run) -> None:
    """Keep nothing of a test any longer."""
    global current  # noqa: PLW0603 -- likewise
    current = run.outer


def tell(handle: Handle, engine: Engine) -> None:
    """Let those know of a mock that has begun who have asked for it."""
    if current is not None:
        current.begun.append(handle)
    for watch in watchers:
        watch(engine)


_threads: Final[dict[pytest.Config, LoopThread]] = {}
_lock: Final = threading.Lock()


def thread_of_the_run(start: Callable[[], LoopThread]) -> LoopThread | None:
    """Return the thread for all servers of this run of pytest; None outside of one.

    It ends with the run. A process that was forked gets one of its own.
    """
    if current is None:
        return None
    config = current.item.config
    with _lock:
        thread = _threads.get(config)
        if thread is None or not thread.is_alive:
            thread = _threads[config] = start()
            config.add_cleanup(lambda: _threads.pop(config, thread).close())
    return thread


def parametrizes_trouble(item: pytest.Item) -> bool:
    """Tell whether a test is parametrized by ``mock_p1_trouble``, as only its marker should."""
    return any(TROUBLE in str(mark.args[:1]) for mark in item.iter_markers("parametrize"))


def _home() -> list[str | None]:
    """Return what says where this user's folders are."""
    names = ("HOME", "USERPROFILE", "XDG_CACHE_HOME", "LOCALAPPDATA")
    return [os.environ.get(name) for name in names]


_first_home: Final = _home()


def is_at_home() -> bool:
    """Tell whether this user's folders are where they were when the run began.

    A test may have put another home in the place of the user's, and look at what is in there.
    """
    return _home() == _first_home
