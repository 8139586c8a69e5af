"""``--mock-p1-coverage``: counts what every mock of the run shows, and reports it.

Registered by the pytest plugin where the option is given.
"""

from __future__ import annotations

from typing import Any, Final

import pytest

from mock_p1.analysis.state_coverage import Coverage
from mock_p1.testing.run_state import watchers

WORKER_OUTPUT: Final = "mock_p1_coverage"


class CoveragePlugin:
    """The hooks of a run that counts."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._coverage = Coverage()
        self._wanted = float(config.getoption("mock_p1_coverage_fail_under") or 0)

        watchers.append(self._coverage.watch)

    def pytest_unconfigure(self) -> None:
        """Count no longer."""
        watchers.remove(self._coverage.watch)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:  # noqa: ANN401 -- xdist's, which may be missing
        """Take in what a worker of xdist saw."""
        if WORKER_OUTPUT in getattr(node, "workeroutput", {}):
            self._coverage.add(node.workeroutput[WORKER_OUTPUT])

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Hand over to the controller; or, in it, fail the run if less was shown than asked for."""
        if hasattr(self._config, "workeroutput"):
            self._config.workeroutput[WORKER_OUTPUT] = self._coverage.plain()
        elif self._coverage.percent < self._wanted and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the report."""
        terminalreporter.section("Mock P1 coverage", sep="-")
        for line in self._coverage.lines():
            terminalreporter.line(line)
        if self._coverage.percent < self._wanted:
            percent = int(self._coverage.percent)
            message = f"{percent} % is less than --mock-p1-coverage-fail-under={self._wanted:g}"
            terminalreporter.line(message, red=True)
