"""How tests read their scenarios: each once, and one that was checked before without pydantic."""

from __future__ import annotations

import os
import sys
from functools import partial
from typing import TYPE_CHECKING, Final

from mock_p1.scenario.files import Found
from mock_p1.scenario.recent import parse_once
from mock_p1.testing import run_state

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mock_p1.scenario.document import Attach
    from mock_p1.scenario.model import Scenario

_PARSER: Final = "mock_p1.scenario.parser"
_NO: Final = ("", "0", "false", "no", "off")


def _parse(
    source: str | bytes, name: str, attach: Attach, variables: Mapping[str, str] | None = None
) -> Scenario:
    """Do what ``parse`` does; where pydantic is not loaded yet, without it if it can.

    Only a file's scenario is kept, as by ``serve``, and only in the home that the run began with.
    """
    may_keep = run_state.is_at_home() and os.environ.get("MOCK_P1_NO_CACHE", "0") in _NO
    if may_keep and isinstance(source, bytes) and _PARSER not in sys.modules:
        from mock_p1.server.kept_scenarios import read_kept  # noqa: PLC0415 -- once in a run
        from mock_p1.server.user_folders import cache_folder  # noqa: PLC0415 -- likewise

        if folder := cache_folder():
            return read_kept(Found(name, [(source, name)], attach), folder)
    from mock_p1.scenario.parser import parse  # noqa: PLC0415 -- loads YAML and pydantic

    return parse(source, name, attach, variables)


read_once: Final[Callable[..., Scenario]] = partial(parse_once, parse=_parse)
"""Does what ``parse`` does for who only looks at the scenario: see ``parse_once``."""
