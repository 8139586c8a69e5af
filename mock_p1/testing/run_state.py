"""What the plugin keeps of one test while it runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from mock_p1.testing.handle import Handle


@dataclass(slots=True)
class Run:
    """What is kept of one test while it runs."""

    handles: list[Handle] = field(default_factory=list)
    raised: bool = False
    reported: bool = False


def parametrizes_trouble(item: pytest.Item) -> bool:
    """Tell whether a test is parametrized by ``mock_p1_trouble``, as only its marker should."""
    marks = item.iter_markers("parametrize")
    return any("mock_p1_trouble" in str(mark.args[:1]) for mark in marks)


RUN = pytest.StashKey[Run]()
