"""The one list of checks, for `mock-p1 verify` and for contract_tests/."""

from __future__ import annotations

from typing import Final

from mock_p1.verify import assumed_checks, error_checks, job_checks, reply_checks

DOCUMENTED: Final = (*reply_checks.CHECKS, *job_checks.CHECKS, *error_checks.CHECKS)
ASSUMED: Final = assumed_checks.CHECKS
CHECKS: Final = (*DOCUMENTED, *ASSUMED)
