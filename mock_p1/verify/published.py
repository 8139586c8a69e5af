"""What the manual publishes of the retrain sequence, written down from its pages alone.

Under `Documented facts` stands what the pages say, to the letter; under `Assumed facts` what they
leave open and this project takes for likely. Nothing here is shared with the mock's own statement
of the contract.
"""

from __future__ import annotations

from typing import Final, NamedTuple

# Documented facts

API_KEY_HEADER: Final = "x-api-key"
API_KEY_PATH: Final = "/v1/external/api-key"
UPLOAD_URL_PATH: Final = "/v1/external/retrain_jobs/upload_url"
STATUS_PATH: Final = "/v1/external/retrain_jobs/{retrain_job_id}"
SWITCH_PATH: Final = "/v1/external/retrain_jobs/{retrain_job_id}/update_model"
FINISHED: Final = "job_finished"
RETRAIN: Final = "retrain"

FIELDS: Final[dict[str, type]] = {
    "status": str,
    "model_id": int,
    "message": str,
    "download_url": str,
    "metadata": dict,
}
"""The fields of a status reply in the order of the page, and their types.

model_id, message and download_url are optional.
"""

METADATA: Final = {"retrain_job_id": str}
ISSUED_KEY_FIELDS: Final = {"api_key": str, "end_date": str}
UPLOAD_URL_FIELDS: Final = {"retrain_job_id": str, "upload_url": str}
SWITCH_FIELDS: Final = {"metadata": dict}


class PublishedError(NamedTuple):
    """A row of a page's table of errors."""

    message: str
    code: int = 4001000204
    error: str = "PREDA_EXTERNAL_BAD_REQUEST"


ERRORS: Final = {
    "invalid_api_key": PublishedError("invalid_api_key."),
    "inactive_credential": PublishedError("Inactive_credential."),
    "not_found_credential": PublishedError("Not_found_credential."),
    "user_may_be_deleted": PublishedError("This user may be deleted."),
    "model_may_be_deleted": PublishedError("This model may be deleted."),
    "job_may_be_deleted": PublishedError("This job may be deleted."),
    "model_id_is_required": PublishedError("Model id is required."),
    "not_found_retrain_job": PublishedError("Not found retrain job."),
    "not_found_classifier": PublishedError("Not found classifier."),
    "retrain_job_is_not_finished": PublishedError("Retrain job is not finished."),
    "not_found_configuration_file": PublishedError(
        "Not found configuration_file.", 5001000201, "PREDA_EXTERNAL_INTERNAL_SERVER_ERROR"
    ),
}
"""The errors of all four calls, by the names that scenario files give them."""

CREDENTIAL_ERRORS: Final = ("invalid_api_key", "inactive_credential", "not_found_credential")
API_KEY_ERRORS: Final = (
    *CREDENTIAL_ERRORS,
    "user_may_be_deleted",
    "model_may_be_deleted",
    "model_id_is_required",
)
UPLOAD_ERRORS: Final = (
    *CREDENTIAL_ERRORS,
    "user_may_be_deleted",
    "model_may_be_deleted",
    "job_may_be_deleted",
    "not_found_configuration_file",
)
SWITCH_ERRORS: Final = (
    *CREDENTIAL_ERRORS,
    "not_found_retrain_job",
    "not_found_classifier",
    "retrain_job_is_not_finished",
)
STATUS_ERRORS: Final = (*CREDENTIAL_ERRORS, "not_found_retrain_job", "job_may_be_deleted")

# Where the pages say so

PAGE: Final = 'the public manual, page "Retrain Status Check API"'
BODY: Final = "manual: Response, body"
ERROR_TABLE: Final = "manual: Response, error message"
EXAMPLES: Final = "manual: examples 1 and 2"
KEY_PAGE: Final = "manual: Get API Key"
UPLOAD_PAGE: Final = "manual: Retrain Data Upload"
SWITCH_PAGE: Final = "manual: Retrain Model Switch"

# Assumed facts

REPLY_HTTP_STATUS: Final = 200
ERROR_FIELDS: Final = ("code", "error", "message")
OTHER_STATUSES: Final = ("job_waiting", "job_running", "job_failed")
KEY_LIFETIME_DAYS: Final = 30
END_DATE_FORMAT: Final = "%Y-%m-%dT%H:%M:%SZ"
UPLOAD_HTTP_STATUS: Final = 200


def error_http_status(name: str) -> int:
    """Return the HTTP status that an error is assumed to have: its code's first three digits."""
    return ERRORS[name].code // 10**7
