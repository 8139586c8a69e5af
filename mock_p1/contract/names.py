"""The names of errors, faults and calls as types, so that a type checker finds a misspelt one.

A test holds them equal to the tables of errors and operations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Required, TypedDict

if TYPE_CHECKING:
    from collections.abc import Mapping

ErrorName = Literal[
    "invalid_api_key",
    "inactive_credential",
    "not_found_credential",
    "user_may_be_deleted",
    "model_may_be_deleted",
    "job_may_be_deleted",
    "model_id_is_required",
    "not_found_retrain_job",
    "not_found_classifier",
    "retrain_job_is_not_finished",
    "not_found_configuration_file",
]
"""The name of a documented error."""

OperationName = Literal[
    "get_api_key",
    "retrain_data_upload",
    "file_upload",
    "retrain_status_check",
    "result_download",
    "retrain_model_switch",
]
"""The name of a call that the mock imitates."""

FaultName = Literal[
    "connection_reset",
    "empty_response",
    "truncated_body",
    "malformed_json",
    "slow_body",
    "timeout",
]
"""The name of a failure of the network."""


class ReplyFields(TypedDict, total=False):
    """A literal answer, as ``reply:`` in a scenario has it.

    Examples:
        >>> busy: ReplyFields = {"status_code": 503, "body": "try again", "retry_after": "5s"}
        >>> mock.fail_next(busy)
    """

    status_code: Required[int]
    headers: Mapping[str, str]
    body: object
    retry_after: str | Mapping[str, str]
