"""What the manual's page "Retrain Status Check API" publishes, written down from the page and from nowhere else.

Under `Documented facts` stands what the page says, to the letter; under `Assumed facts` what it leaves open and this
project takes for likely. Nothing here is shared with the mock's own statement of the contract.
"""

from __future__ import annotations

from typing import Final, NamedTuple

# Documented facts

API_KEY_HEADER: Final = "x-api-key"
PATH: Final = "/v1/external/retrain_jobs/{retrain_job_id}"
FINISHED: Final = "job_finished"

FIELDS: Final = {
    "status": str,
    "model_id": int,
    "message": str,
    "download_url": str,
    "metadata": dict,
}
"""The fields of a reply in the order of the page, and their types. model_id, message and download_url are optional."""

METADATA: Final = {"retrain_job_id": str}


class PublishedError(NamedTuple):
    """A row of the page's table of errors."""

    code: int
    error: str
    message: str


ERRORS: Final = {
    "invalid_api_key": PublishedError(4001000204, "PREDA_EXTERNAL_BAD_REQUEST", "invalid_api_key."),
    "inactive_credential": PublishedError(
        4001000204, "PREDA_EXTERNAL_BAD_REQUEST", "Inactive_credential."
    ),
    "not_found_credential": PublishedError(
        4001000204, "PREDA_EXTERNAL_BAD_REQUEST", "Not_found_credential."
    ),
    "not_found_retrain_job": PublishedError(
        4001000204, "PREDA_EXTERNAL_BAD_REQUEST", "Not found retrain job."
    ),
    "job_may_be_deleted": PublishedError(
        4001000204, "PREDA_EXTERNAL_BAD_REQUEST", "This job may be deleted."
    ),
}
"""The five errors, by the names that scenario files give them."""

CREDENTIAL_ERRORS: Final = ("invalid_api_key", "inactive_credential", "not_found_credential")

# Where the page says so

PAGE: Final = 'the public manual, page "Retrain Status Check API"'
BODY: Final = "manual: Response, body"
ERROR_TABLE: Final = "manual: Response, error message"
EXAMPLES: Final = "manual: examples 1 and 2"

# Assumed facts

REPLY_HTTP_STATUS: Final = 200
ERROR_HTTP_STATUS: Final = 400
ERROR_FIELDS: Final = ("code", "error", "message")
OTHER_STATUSES: Final = ("job_waiting", "job_running", "job_failed")
