"""The table of operations: everything that is said of an operation is said here, once.

Routing, ``Allow``, the OpenAPI document, the errors that a step may name, notes in the journal,
state coverage, the fault matrix and the lists of the control API are all made from this table. An
update of the API is a change of this file. *Documented* means that the public manual says so;
*assumed* means that it is silent and the value is a best guess.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple
from urllib.parse import parse_qsl, unquote

from mock_p1.contract.errors import CREDENTIAL_ERRORS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Standing = Literal["documented", "assumed"]

API_KEY_HEADER: Final = "x-api-key"
"""The request header that carries the API key (documented)."""

DOCUMENTED_HOSTS: Final = (
    "https://developer-api.predictionone.sony.biz",
    "https://developer-api.easy-predictive-analytics.sony.com",
)
"""The hosts of the Japanese and of the English edition (documented); same paths, same errors."""

FINISHED: Final = "job_finished"
FAILED: Final = "job_failed"
"""The only status the manual names; with it comes ``download_url`` (documented, by example)."""

KNOWN_STATUSES: Final[Mapping[str, Standing]] = MappingProxyType(
    {
        "job_waiting": "assumed",
        "job_running": "assumed",
        FINISHED: "documented",
        FAILED: "assumed",
    }
)
"""The statuses the bundled scenarios use. A scenario may show any other."""

JOB_ID_LIMIT: Final = 200
"""An id has 1 to 200 characters; a longer one is never a job (assumed)."""

API_KEY_LIMIT: Final = 1000
"""A key longer than this is never known (assumed)."""


class Parameter(NamedTuple):
    """A parameter of a path or a query.

    Attributes:
        name: Its name.
        description: What it is.
        example: A value that works.
        type: Its JSON type.
        required: Whether a call needs it.
        standing: How well it is known.
        values: The values that are known, where they are a set.
    """

    name: str
    description: str
    example: str | int
    type: Literal["string", "integer"] = "string"
    required: bool = True
    standing: Standing = "documented"
    values: tuple[str, ...] = ()


class Field(NamedTuple):
    """A field of a reply.

    Attributes:
        name: Its name.
        description: What it is.
        example: A value that may come.
        type: Its JSON type.
        required: Whether it always comes.
        standing: How well it is known.
        fields: What an object has in it.
    """

    name: str
    description: str
    example: Any
    type: Literal["string", "integer", "object"] = "string"
    required: bool = True
    standing: Standing = "documented"
    fields: tuple[Field, ...] = ()


class Operation(NamedTuple):
    """One thing a client can ask for.

    Attributes:
        name: As the manual names it, in this project's spelling.
        method: The HTTP method.
        template: The path, with ``{parameters}``.
        summary: What it does, in a sentence.
        source: Where the manual says so.
        standing: How well it is known.
        needs: The credential that ``x-api-key`` carries; None where no key belongs.
        path: The parameters of the path.
        query: The parameters of the query.
        body: What the request carries: nothing, a raw file, or a JSON object of these fields, which
            the mock does not look into.
        reply: The fields of the reply, in their documented order; none where it is no JSON object.
        errors: The names of the documented errors that it answers.
        link: The field of another operation's reply that brings its URL. Such a path is the mock's
            own; empty where the path is the API's.
        polled: Whether asking again is the point of it.
    """

    name: str
    method: str
    template: str
    summary: str
    source: str
    standing: Standing = "documented"
    needs: Literal["API key", "secret key"] | None = "API key"
    path: tuple[Parameter, ...] = ()
    query: tuple[Parameter, ...] = ()
    body: Literal["none", "file"] | tuple[Field, ...] = "none"
    reply: tuple[Field, ...] = ()
    errors: tuple[str, ...] = ()
    link: str = ""
    polled: bool = False

    def url_path(self, **parameters: str) -> str:
        """Fill the template; the parameters must be percent-encoded already."""
        return self.template.format(**parameters)

    @property
    def has_job(self) -> bool:
        """Whether its path says which job it is about."""
        return "{retrain_job_id}" in self.template

    def __str__(self) -> str:
        return f"{self.method} {self.template}"


class Match(NamedTuple):
    """The operations at one path, by method, and the decoded parameters of the path."""

    operations: Mapping[str, Operation]
    parameters: Mapping[str, str]


@dataclass(slots=True, eq=False, repr=False)
class _Place:
    """A place in the tree of paths: what may follow, and the operations that end here."""

    literals: dict[str, _Place] = field(default_factory=dict)
    parameter: _Place | None = None
    parameter_name: str = ""
    operations: dict[str, Operation] = field(default_factory=dict)


class OperationTable(dict[str, Operation]):
    """The operations by name. The order of the rows decides nothing."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        super().__init__()
        self._root = _Place()
        for operation in operations:
            self.add(operation)

    def add(self, operation: Operation) -> None:
        """Add a row; ValueError where its name or its method and path are taken."""
        place = self._root
        for segment in operation.template.strip("/").split("/"):
            if segment.startswith("{"):
                place.parameter = place.parameter or _Place()
                place = place.parameter
                place.parameter_name = segment[1:-1]
            else:
                place = place.literals.setdefault(segment, _Place())
        if operation.name in self or operation.method in place.operations:
            raise ValueError(f"{operation.name} ({operation}) is in the table already")
        self[operation.name] = place.operations[operation.method] = operation
        if operation.method == "GET" and operation.link:
            place.operations["HEAD"] = operation  # storage answers both

    def match(self, path: str) -> Match | None:
        """Find what a raw (percent-encoded) path belongs to, whatever the method.

        A word of the API at the place of a parameter (``upload_url``) is never the parameter, and
        nor are dots alone, which clients and proxies resolve. Bytes that are not UTF-8 become
        U+FFFD.

        Returns:
            The operations and the parameters; None where nothing is imitated.
        """
        if not path.startswith("/"):
            return None
        place, parameters = self._root, {}
        for raw in path[1:].split("/"):
            segment = unquote(raw) if "%" in raw else raw
            following = place.literals.get(segment)
            if following is None:
                if place.parameter is None or segment in ("", ".", ".."):
                    return None
                following = place.parameter
                parameters[following.parameter_name] = segment
            place = following
        return Match(place.operations, parameters) if place.operations else None

    def words_beside(self, operation: Operation, parameter: str) -> frozenset[str]:
        """Return what can never be a parameter of a path: words of the API that stand there."""
        before = operation.template.partition(f"{{{parameter}}}")[0]
        beside = (each.template for each in self.values() if each.template.startswith(before))
        words = (template.removeprefix(before).partition("/")[0] for template in beside)
        return frozenset(word for word in words if not word.startswith("{"))


LONGEST_QUERY: Final = 100_000
"""Characters of a query that are read; what follows costs nothing."""


def query_of(text: str) -> list[tuple[str, str]]:
    """Return the parameters of a raw query, decoded, in their order; empty values are kept."""
    read = text[:LONGEST_QUERY]
    return parse_qsl(read, keep_blank_values=True, errors="replace") if read else []


_JOB: Final = Parameter(
    name="retrain_job_id",
    description="Issued when the upload URL was fetched.",
    example="retrain-001",
)

_JOB_METADATA: Final = Field(
    name="metadata",
    type="object",
    description="What the call was about.",
    example={"retrain_job_id": "retrain-001"},
    fields=(
        Field(
            name="retrain_job_id",
            description="The id that was asked for.",
            example="retrain-001",
        ),
    ),
)

GET_API_KEY: Final = Operation(
    name="get_api_key",
    method="GET",
    template="/v1/external/api-key",
    summary="An API key for the other calls, and how long it works.",
    source="Get API Key API",
    needs="secret key",
    query=(
        Parameter(
            name="credential_type",
            description="What the key is for. deploy stands in the Japanese edition alone.",
            example="retrain",
            values=("train", "retrain", "deploy"),
        ),
        Parameter(
            name="model_id",
            type="integer",
            description="The model of the prediction API. Needed with credential_type=retrain.",
            example=4821,
            required=False,
        ),
    ),
    reply=(
        Field(
            name="api_key",
            description="The key for the other calls.",
            example="3f2b8c1e-6a4d-4f0b-9c7e-2d5a1b3c4e6f",
        ),
        Field(
            name="end_date",
            description="When the key ends. Its format is not documented.",
            example="2026-12-26T00:00:00Z",
        ),
    ),
    errors=(
        *CREDENTIAL_ERRORS,
        "user_may_be_deleted",
        "model_may_be_deleted",
        "model_id_is_required",
    ),
)

RETRAIN_DATA_UPLOAD: Final = Operation(
    name="retrain_data_upload",
    method="GET",
    template="/v1/external/retrain_jobs/upload_url",
    summary="A new retrain job, and the URL to which its file is sent.",
    source="Retrain Data Upload API",
    query=(
        Parameter(
            name="filename", description="The name of the file to upload.", example="train.csv"
        ),
    ),
    reply=(
        Field(
            name="retrain_job_id",
            description="The id of the job that is issued.",
            example="retrain-001",
        ),
        Field(
            name="upload_url",
            description="Where the file is sent by PUT, without x-api-key. Retraining begins by "
            "itself when the upload is complete.",
            example="http://127.0.0.1:8191/uploads/4be0643f1d98573b/retrain-001/train.csv",
        ),
    ),
    errors=(
        *CREDENTIAL_ERRORS,
        "user_may_be_deleted",
        "model_may_be_deleted",
        "job_may_be_deleted",
        "not_found_configuration_file",
    ),
)

_TOKEN: Final = Parameter(
    name="token",
    description="A part that cannot be guessed. It names whose link this is.",
    example="4be0643f1d98573b",
    standing="assumed",
)
_FILE_NAME: Final = Parameter(
    name="file_name", description="The file's name.", example="train.csv", standing="assumed"
)

FILE_UPLOAD: Final = Operation(
    name="file_upload",
    method="PUT",
    template="/uploads/{token}/{retrain_job_id}/{file_name}",
    summary="The file behind upload_url: a PUT of its raw bytes, without x-api-key.",
    source="Retrain Data Upload API",
    standing="assumed",
    needs=None,
    path=(_TOKEN, _JOB, _FILE_NAME),
    body="file",
    link="upload_url",
)

RETRAIN_STATUS_CHECK: Final = Operation(
    name="retrain_status_check",
    method="GET",
    template="/v1/external/retrain_jobs/{retrain_job_id}",
    summary="Status of a retrain job, and the URL of its result once it is finished.",
    source="Retrain Status Check API",
    path=(_JOB,),
    reply=(
        Field(
            name="status",
            description="Where the job stands. Only job_finished is documented; any other text "
            "may come.",
            example="job_running",
        ),
        Field(
            name="model_id",
            type="integer",
            description="A model's id (assumed: that of the new model).",
            example=4821,
            required=False,
        ),
        Field(
            name="message",
            description="A message for people.",
            example="学習が完了しました。",
            required=False,
        ),
        Field(
            name="download_url",
            description="Comes with job_finished. A plain GET, without x-api-key, brings the "
            "result.",
            example="http://127.0.0.1:8191/results/4be0643f1d98573b/retrain-001/3/result.zip",
            required=False,
        ),
        _JOB_METADATA,
    ),
    errors=(*CREDENTIAL_ERRORS, "not_found_retrain_job", "job_may_be_deleted"),
    polled=True,
)

RESULT_DOWNLOAD: Final = Operation(
    name="result_download",
    method="GET",
    template="/results/{token}/{retrain_job_id}/{step}/{file_name}",
    summary="The result file behind download_url: a plain GET, without x-api-key.",
    source="Retrain Status Check API",
    standing="assumed",
    needs=None,
    path=(
        _TOKEN,
        _JOB,
        Parameter(
            name="step",
            description="The step of its timeline, from 1.",
            example="3",
            standing="assumed",
        ),
        _FILE_NAME,
    ),
    link="download_url",
)

RETRAIN_MODEL_SWITCH: Final = Operation(
    name="retrain_model_switch",
    method="PUT",
    template="/v1/external/retrain_jobs/{retrain_job_id}/update_model",
    summary="Puts the retrained model in the place of the one that predicts.",
    source="Retrain Model Switch API",
    path=(_JOB,),
    reply=(_JOB_METADATA,),
    errors=(
        *CREDENTIAL_ERRORS,
        "not_found_retrain_job",
        "not_found_classifier",
        "retrain_job_is_not_finished",
    ),
)

OPERATIONS: Final = OperationTable(
    (
        GET_API_KEY,
        RETRAIN_DATA_UPLOAD,
        FILE_UPLOAD,
        RETRAIN_STATUS_CHECK,
        RESULT_DOWNLOAD,
        RETRAIN_MODEL_SWITCH,
    )
)
"""What the mock imitates, in the order of the sequence. The engine has one handler for each."""


def operations_with(error: str) -> str:
    """Return the names of the operations that document an error, for a person to read."""
    return ", ".join(name for name, operation in OPERATIONS.items() if error in operation.errors)


def is_placeholder(job_id: str) -> bool:
    """Tell an id that the user forgot to fill in.

    As the manual's examples spell it: ``{…}``, YOUR_RETRAIN_JOB_ID.
    """
    return "{" in job_id or "}" in job_id or job_id == "YOUR_RETRAIN_JOB_ID"


class NotImitated(NamedTuple):
    """A path of the real service that this mock knows by name and does not answer."""

    method: str
    template: str
    name: str

    def __str__(self) -> str:
        return f"{self.name} ({self.method} {self.template})"


SIBLINGS: Final = tuple(
    NotImitated(method, f"/v1/external{path}", name)
    for method, path, name in (
        ("GET", "/data-sets/upload-url", "Train API: data upload"),
        ("GET", "/data-sets/{id}/info", "Train API: data set information"),
        ("GET", "/data-sets", "Train API: data sets"),
        ("DELETE", "/data-sets", "Train API: delete a data set"),
        ("POST", "/models", "Train API: training"),
        ("GET", "/models/results", "Train API: result"),
        ("GET", "/models", "Train API: models"),
        ("DELETE", "/models", "Train API: delete a model"),
        ("POST", "/classifiers", "Prediction API: deploy"),
        ("GET", "/classifiers", "Prediction API: status"),
        ("PATCH", "/classifiers", "Prediction API: update"),
        ("DELETE", "/classifiers", "Prediction API: delete"),
        ("PATCH", "/additional_info", "Prediction API: additional information"),
    )
)
"""Calls of the real service beside the retrain sequence (documented).

Named so that a 404 can say what they are.
"""
