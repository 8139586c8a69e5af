"""What a scenario compiles to: programs of jobs and of calls. Plain data."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from mock_p1.base.patterns import fits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from mock_p1.engine.rate_limit import RetryAfter
    from mock_p1.engine.timeline import Plan
    from mock_p1.scenario.calls import CallStep
    from mock_p1.scenario.steps import Step


class ProgramStep(NamedTuple):
    """One step, the ``file:line`` it came from, and what it will be journaled as.

    ``frame`` is what its reply has before and after the job's id, where jobs differ in nothing
    else. ``asked_wait_ns`` is how long the answer asks a client to wait; ``retry`` writes that
    header, if it is not literal.
    """

    position: int
    step: Step
    source: str
    status: str | None = None
    error: str | None = None
    fault: str | None = None
    http_status: int | None = None
    retry: RetryAfter | None = None
    asked_wait_ns: int | None = None
    frame: tuple[bytes, bytes] | None = None


class CallProgramStep(NamedTuple):
    """One element of an operation's timeline, and the ``file:line`` it came from.

    ``turn`` says which of its calls this is: the element's position, and how many met it before.
    ``until_poll`` tells that no call gets past it before the job is polled.
    """

    step: CallStep
    source: str
    turn: tuple[int, int] = (0, 0)
    until_poll: bool = False


class CallProgram(NamedTuple):
    """How one operation answers: the plan that calls and time move, and what stands in it."""

    plan: Plan
    steps: tuple[CallProgramStep, ...]


class Program(NamedTuple):
    """What a job does: the plan that time and polls move, and the step behind each stage.

    ``name`` is where it stands in the scenario: ``jobs/retrain-001``, ``jobs/*``,
    ``generated_jobs/0``, ``new_jobs``. ``calls`` holds how other operations answer for this job
    alone, by the operation's name.
    """

    plan: Plan
    steps: tuple[ProgramStep, ...]
    api_key: str | None
    name: str
    calls: Mapping[str, CallProgram]

    @property
    def is_pattern(self) -> bool:
        """Whether it is any job's that fits a pattern; no id of a job has a ``*``."""
        return "*" in self.name

    def does_the_same(self, other: Program) -> bool:
        """Tell whether both show the same steps for the same spans, wherever they stand."""
        said, others = ([step.step for step in each.steps] for each in (self, other))
        return self.plan == other.plan and said == others

    def stands_at(self, position: int) -> ProgramStep:
        """Return the step that says where a job stands that has come to this position.

        The last one up to there with a status or an error: a fault or a literal reply spoils an
        answer, and changes nothing of the job. Where there is none before, the step itself.
        """
        passed = (self.steps[place] for place in range(position, -1, -1))
        return next((step for step in passed if step.status or step.error), self.steps[position])

    def open_to(self, key: str) -> bool:
        """Tell whether the job can be seen with this key."""
        return self.api_key is None or fits(key, self.api_key)


class Refusal(NamedTuple):
    """A documented error that answers a request, the ``file:line`` that says so, and notes."""

    error: str
    source: str
    notes: Iterable[str] = ()


_UNFILLED = re.compile(
    r"none|null|nil|undefined|\[object object\]|your[-_ ].*|<.*>|\$\w+|%\w+%|.*[{}].*",
    re.IGNORECASE | re.DOTALL,
)
"""What stands there where nobody has filled a value in, or a variable was never set."""

_WRAPPED = re.compile(
    r"""b?(['"]).*\1|(bearer|basic|token|(x-)?api-?key)[\s:=].*""", re.IGNORECASE | re.DOTALL
)


_MARKS = ("\ufeff", "%EF%BB%BF")
_ENDS = ("\n", "\r", "%0A", "%0D")
_FULL_WIDTH = re.compile("[\uff01-\uff5e]")


def odd_marks(value: str, shown: str = "") -> Iterator[str]:
    """Say what a value has that is hard to see; ``shown`` follows each."""
    bare = value.removeprefix("\ufeff").rstrip("\r\n")
    if value[:9].upper().startswith(_MARKS):
        yield f"begins with a byte-order mark, as editors write into a file{shown}"
    if value[-3:].upper().endswith(_ENDS):
        yield f"ends with a line end, as text read from a file does{shown}"
    if bare != bare.strip(" "):
        yield f"begins or ends with a blank{shown}"
    if not bare.isprintable():
        yield f"has characters that cannot be seen{shown}"


def odd_notes(name: str, value: str, is_known_in_other_case: Callable[[], bool]) -> Iterator[str]:
    """Say why a key, or the id of a job, that is unknown can be none; nothing where it may be."""
    if _UNFILLED.fullmatch(value):
        yield f"its {name} looks like a placeholder that was not filled in"
    elif _WRAPPED.fullmatch(value):
        yield f"its {name} has more than the value in it: quotes, or a word such as Bearer"
    yield from (f"its {name} {odd}" for odd in odd_marks(value))
    if _FULL_WIDTH.search(value):
        yield f"its {name} has full-width characters"
    if is_known_in_other_case():
        yield f"its {name} differs in upper and lower case alone from one that is known"
