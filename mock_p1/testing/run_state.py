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


RUN = pytest.StashKey[Run]()
