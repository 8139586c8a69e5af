"""The names of errors and faults as types, so that a type checker finds a misspelt one.

A test holds them equal to the tables in ``operations``.
"""

from __future__ import annotations

from typing import Literal

ErrorName = Literal[
    "invalid_api_key",
    "inactive_credential",
    "not_found_credential",
    "not_found_retrain_job",
    "job_may_be_deleted",
]
"""The name of a documented error."""

FaultName = Literal[
    "connection_reset",
    "empty_response",
    "truncated_body",
    "malformed_json",
    "slow_body",
    "timeout",
]
"""The name of a failure of the network."""
