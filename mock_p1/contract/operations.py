"""The published API as data: its operations, its five errors, what is documented and what is assumed.

An update of the API is a change of this file. *Documented* means that the manual's page "Retrain Status Check API"
says so; *assumed* means that the manual is silent and the value is a best guess, which a scenario can override
under ``assumptions:``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, NamedTuple
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Mapping

Standing = Literal["documented", "assumed"]

API_KEY_HEADER: Final = "x-api-key"
"""The request header that carries the API key (documented)."""

DOCUMENTED_HOSTS: Final = (
    "https://developer-api.predictionone.sony.biz",
    "https://developer-api.easy-predictive-analytics.sony.com",
)
"""The hosts of the Japanese and of the English edition (documented); same paths, same errors."""

FINISHED: Final = "job_finished"
"""The only status the manual names.

With it comes ``download_url`` (documented, in the examples).
"""

KNOWN_STATUSES: Final[Mapping[str, Standing]] = MappingProxyType(
    {
        "job_waiting": "assumed",
        "job_running": "assumed",
        FINISHED: "documented",
        "job_failed": "assumed",
    }
)
"""The statuses the bundled scenarios use. A scenario may show any other."""

REPLY_FIELDS: Final = ("status", "model_id", "message", "download_url", "metadata")
"""The fields of a reply in their documented order; the middle three are optional."""

JOB_ID_LIMIT: Final = 200
"""An id has 1 to 200 characters; a longer one is never a job (assumed)."""

API_KEY_LIMIT: Final = 1000
"""A key longer than this is never known (assumed)."""


@dataclass(frozen=True, slots=True)
class DocumentedError:
    """One row of the manual's table of errors.

    ``about`` says which check answers it: that of the API key, or that of the job. ``reason`` is
    the manual's remark, translated; it is not a field of the reply.
    """

    name: str
    code: int
    error: str
    message: str
    reason: str
    about: Literal["api_key", "job"]


def _error(
    name: str, message: str, about: Literal["api_key", "job"], reason: str
) -> DocumentedError:
    return DocumentedError(name, 4001000204, "PREDA_EXTERNAL_BAD_REQUEST", message, reason, about)


DOCUMENTED_ERRORS: Final[Mapping[str, DocumentedError]] = MappingProxyType(
    {
        error.name: error
        for error in (
            _error("invalid_api_key", "invalid_api_key.", "api_key", "the API key does not exist"),
            _error(
                "inactive_credential", "Inactive_credential.", "api_key", "the API key is wrong"
            ),
            _error(
                "not_found_credential", "Not_found_credential.", "api_key", "the API key is wrong"
            ),
            _error(
                "not_found_retrain_job", "Not found retrain job.", "job", "retrain_job_id is wrong"
            ),
            _error(
                "job_may_be_deleted",
                "This job may be deleted.",
                "job",
                "the job may have been deleted",
            ),
        )
    }
)
"""The five documented errors by their name in this project.

They share one code; only the message differs.
"""

CREDENTIAL_ERRORS: Final = tuple(
    name for name, error in DOCUMENTED_ERRORS.items() if error.about == "api_key"
)

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


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing a client can ask for: a method and a path template with ``{parameters}``."""

    name: str
    method: str
    template: str
    standing: Standing
    summary: str
    reserved: frozenset[str] = frozenset()
    pattern: re.Pattern[str] = field(init=False, repr=False, compare=False)
    never: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Compile the template; a parameter is one path segment, and never a reserved one or dots alone."""
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(self.template))
        object.__setattr__(self, "pattern", re.compile(pattern))
        object.__setattr__(self, "never", self.reserved | {".", ".."})

    def path(self, **parameters: str) -> str:
        """Fill the template; the parameters must be percent-encoded already."""
        return self.template.format(**parameters)

    def __str__(self) -> str:
        return f"{self.method} {self.template}"


RETRAIN_STATUS_CHECK: Final = Operation(
    name="retrain_status_check",
    method="GET",
    template="/v1/external/retrain_jobs/{retrain_job_id}",
    standing="documented",
    summary="Status of a retrain job, and the URL of its result once it is finished.",
    reserved=frozenset({"upload_url"}),
)

RESULT_DOWNLOAD: Final = Operation(
    name="result_download",
    method="GET",
    template="/results/{retrain_job_id}/{step}/{file_name}",
    standing="assumed",
    summary="The result file behind download_url; a plain GET, without x-api-key.",
)

OPERATIONS: Final = (RETRAIN_STATUS_CHECK, RESULT_DOWNLOAD)
"""What the mock imitates. The engine has one handler for each."""


class Match(NamedTuple):
    """An imitated operation and its decoded path parameters."""

    operation: Operation
    parameters: Mapping[str, str]


def match(path: str) -> Match | None:
    """Find the operation a raw (percent-encoded) path belongs to, whatever the method.

    None if it is none.

    Dots alone are never an id (clients and proxies resolve them), nor is a path word of the API
    such as ``upload_url``. Bytes that are not UTF-8 become U+FFFD.
    """
    for operation in OPERATIONS:
        if found := operation.pattern.fullmatch(path):
            parameters = found.groupdict()
            if "%" in path:
                parameters = {name: unquote(value) for name, value in parameters.items()}
            return (
                Match(operation, parameters)
                if operation.never.isdisjoint(parameters.values())
                else None
            )
    return None


def is_placeholder(job_id: str) -> bool:
    """Tell an id that the user forgot to fill in, as the manual's examples spell it.

    ``{…}``, YOUR_RETRAIN_JOB_ID.
    """
    return "{" in job_id or "}" in job_id or job_id == "YOUR_RETRAIN_JOB_ID"


@dataclass(frozen=True, slots=True)
class NotImitated:
    """A path of the real service that this mock knows by name and does not answer."""

    method: str
    template: str
    name: str

    def __str__(self) -> str:
        return f"{self.name} ({self.method} {self.template})"


SIBLINGS: Final = (
    NotImitated("GET", "/v1/external/retrain_jobs/upload_url", "Retrain Data Upload API"),
    NotImitated(
        "PUT", "/v1/external/retrain_jobs/{retrain_job_id}/update_model", "Retrain Model Switch API"
    ),
)
"""The other two calls of the retrain sequence (documented).

Named so that a 404 can say what they are.
"""
