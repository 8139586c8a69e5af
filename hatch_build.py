"""What hatchling does beside pyproject.toml: a wheel brings the contract tests."""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ContractTests(BuildHookInterface):
    """Puts ``contract_tests`` into a wheel, where ``--pyargs mock_p1.contract_tests`` finds it.

    Not into an editable one: pytest would take ``mock_p1`` for one of its modules, and warn.
    """

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the folder; ``version`` is ``standard`` or ``editable``."""
        if version == "standard":
            build_data["force_include"]["contract_tests"] = "mock_p1/contract_tests"
