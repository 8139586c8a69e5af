"""The documented errors, to the letter, and the faults of the network that a scenario can play.

Which operation answers which error is said in ``contract.operations``.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

BAD_REQUEST: Final = (4001000204, "PREDA_EXTERNAL_BAD_REQUEST")
"""Code and error name of nearly every documented error; only the message tells them apart."""


@dataclass(frozen=True, slots=True)
class DocumentedError:
    """One row of the manual's tables of errors.

    Attributes:
        name: What this project calls it.
        message: The message, to the letter.
        reason: The manual's remark, translated; it is no field of the reply.
        code: The documented code; its first three digits are an HTTP status.
        error: The documented error name.
    """

    name: str
    message: str
    reason: str
    code: int = BAD_REQUEST[0]
    error: str = BAD_REQUEST[1]

    @property
    def http_status(self) -> int:
        """The HTTP status that the code begins with (assumed: the manual names none)."""
        return int(str(self.code)[:3])


_ERRORS: Final = {
    error.name: error
    for error in (
        DocumentedError("invalid_api_key", "invalid_api_key.", "the API key does not exist"),
        DocumentedError("inactive_credential", "Inactive_credential.", "the API key is wrong"),
        DocumentedError("not_found_credential", "Not_found_credential.", "the API key is wrong"),
        DocumentedError(
            "user_may_be_deleted",
            "This user may be deleted.",
            "user information may have been deleted",
        ),
        DocumentedError(
            "model_may_be_deleted", "This model may be deleted.", "the model may have been deleted"
        ),
        DocumentedError(
            "job_may_be_deleted", "This job may be deleted.", "the job may have been deleted"
        ),
        DocumentedError(
            "model_id_is_required", "Model id is required.", "the model id may not be given"
        ),
        DocumentedError(
            "not_found_retrain_job", "Not found retrain job.", "retrain_job_id is wrong"
        ),
        DocumentedError(
            "not_found_classifier",
            "Not found classifier.",
            "the prediction API may have been deleted",
        ),
        DocumentedError(
            "retrain_job_is_not_finished",
            "Retrain job is not finished.",
            "retraining is not complete",
        ),
        DocumentedError(
            "not_found_configuration_file",
            "Not found configuration_file.",
            "the configuration file may be deleted",
            5001000201,
            "PREDA_EXTERNAL_INTERNAL_SERVER_ERROR",
        ),
    )
}

DOCUMENTED_ERRORS: Final[Mapping[str, DocumentedError]] = MappingProxyType(_ERRORS)
"""The documented errors by their name in this project."""

CREDENTIAL_ERRORS: Final = ("invalid_api_key", "inactive_credential", "not_found_credential")
"""Those that judge the key; every operation that needs a key has them."""

FAULTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "connection_reset": "the connection is reset (RST) instead of an answer",
        "empty_response": "the connection is closed before a byte of the answer",
        "truncated_body": "the body ends before its Content-Length",
        "malformed_json": "a whole answer whose body is not JSON",
        "slow_body": "the body comes in small pieces with pauses",
        "timeout": "the request is taken and never answered",
    }
)
"""The network faults a step may be, and what each one is.

They are this mock's own, not the API's.
"""
