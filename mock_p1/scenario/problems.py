"""What is wrong with a scenario: where, what, what was possible, what was perhaps meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class Problem(NamedTuple):
    """One thing wrong in a scenario: ``file:line:column: text``.

    Lines and columns count from 1; 0 is 'nowhere'.

    Examples:
        >>> try:
        ...     load_scenario("jobs: {r-1: {timeline: [{fault: timeuot}]}}")
        ... except ScenarioError as error:
        ...     problem = error.problems[0]
        >>> problem.line, problem.column, problem.text.partition(";")[0]
        (1, 33, "unknown fault 'timeuot'")
    """

    file: str
    line: int
    column: int
    text: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.text}"


class ScenarioError(ValueError):
    """A scenario that cannot be used.

    Examples:
        >>> from mock_p1 import Scenario, ScenarioError
        >>> try:
        ...     Scenario(jobs={"r-1": {"timeline": [{"fault": "timeuot"}]}})
        ... except ScenarioError as error:
        ...     print(error.problems[0].text.rpartition("; ")[2])
        did you mean timeout?
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(
            dict.fromkeys(
                sorted(problems, key=lambda problem: (problem.file, problem.line, problem.column))
            )
        )  # an alias leads to the same problem again
        super().__init__("\n".join(map(str, self.problems)))

    def __reduce__(self) -> tuple[type[ScenarioError], tuple[tuple[Problem, ...]]]:
        """Pickle by the problems, so that the error survives the way between processes."""
        return type(self), (self.problems,)
