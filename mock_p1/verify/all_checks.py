"""The one list of checks, for `mock-p1 verify` and for contract_tests/."""

from __future__ import annotations

from typing import Final

from mock_p1.verify import (
    assumed_checks,
    issue_key_checks,
    job_checks,
    status_checks,
    switch_checks,
    upload_checks,
)

CHECKS: Final = (
    *status_checks.CHECKS,
    *upload_checks.CHECKS,
    *switch_checks.CHECKS,
    *job_checks.CHECKS,  # after those that may follow a job to its end
    *assumed_checks.CHECKS,
    *issue_key_checks.CHECKS,  # last: a new key may end the one in use
)
"""In the order in which a server is asked."""
