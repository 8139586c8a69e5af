"""The report of a failing test in the JUnit file; pytest itself puts only captured output there.

Registered by the pytest plugin where such a file is written.
"""

from __future__ import annotations

from typing import Any, Final
from xml.etree.ElementTree import Element

import pytest

from mock_p1.base.text import printable

LONGEST: Final = 2000


class JUnitPlugin:
    """The hook of a run that writes a JUnit file."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Put what the report says of mocks into ``system-out`` of its test."""
        from _pytest.junitxml import xml_key  # noqa: PLC0415 -- private, and there is no other way

        log: Any = self._config.stash.get(xml_key, None)  # the worker of an xdist run has none
        for title, text in report.sections if log is not None else ():
            if title == "Mock P1":
                element = Element("system-out")
                element.text = "\n".join(printable(line, LONGEST) for line in text.splitlines())
                log.node_reporter(report).append(element)
