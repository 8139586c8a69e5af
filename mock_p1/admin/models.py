"""What ``/__admin`` takes and answers: the one source of its OpenAPI document and of its checks.

Queries and bodies are checked against these models, answers are made of them. A key that may be
left out is never null; in an answer every key is there, except where a default says otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal, Self, TypeVar, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    model_validator,
)

from mock_p1.base.clock import MAX_SPEED
from mock_p1.base.durations import HOW_TO_WRITE, LONGEST, PATTERN, UNITS, nanoseconds
from mock_p1.base.rules import OneOf, kind_of, wrong
from mock_p1.base.strict_model import AS_RECORD
from mock_p1.base.text import shorten
from mock_p1.contract.errors import DOCUMENTED_ERRORS, FAULTS
from mock_p1.contract.operations import OPERATIONS, RETRAIN_STATUS_CHECK, operations_with
from mock_p1.engine.driver import MAX_INJECTED
from mock_p1.engine.receiver import BROKEN_OFF
from mock_p1.scenario.bundled import bundled
from mock_p1.scenario.steps import Literal as LiteralReply  # noqa: TC001 -- pydantic reads the annotations

if TYPE_CHECKING:
    from pydantic_core import CoreSchema

MAX_DIGITS: Final = 15
MAX_PAGE: Final = 1000
MAX_ENTRIES: Final = 10_000
MAX_NAME: Final = 100
NOT_IMITATED: Final = "none"
"""How the filter names requests of no operation."""

T = TypeVar("T")


class _NeverNull:
    """Annotates a key that may be left out, but cannot be null."""

    def __get_pydantic_core_schema__(
        self, source: type, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Check the value alone, without None."""
        return handler.generate_schema(get_args(source)[0])


LeftOut = Annotated[T | None, _NeverNull()]
Count = Annotated[int, Field(ge=0)]
StepNumber = Annotated[int, Field(ge=1)]
DateTime = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
OperationName = Annotated[str, OneOf("operation", tuple(OPERATIONS))]
OperationFilter = Annotated[str, OneOf("operation", (*OPERATIONS, NOT_IMITATED))]
ErrorName = Annotated[str, OneOf("error", tuple(DOCUMENTED_ERRORS))]


def _digits(value: str) -> int:
    """Read a number of a query; only digits, so that nothing is guessed."""
    if value.isascii() and value.isdigit() and len(value) <= MAX_DIGITS:
        return int(value)
    raise wrong(f"must be a whole number of at most {MAX_DIGITS} digits; it is {shorten(value)!r}")


def _whole(value: object) -> object:
    """Take 1.0 for 1, as JSON does."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _key(value: object) -> object:
    if value == "":
        raise wrong("is empty; leave it out where every key is meant")
    return value


def _nanoseconds(value: object) -> int:
    """Read a span of time that is text, or seconds."""
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise wrong(f"must be {HOW_TO_WRITE}, or seconds; it is {kind_of(value)}")
    if isinstance(value, str) and value.lstrip().startswith("-"):
        raise wrong(f"is {kind_of(value)}; time only moves forward")
    try:
        return nanoseconds(value)
    except ValueError as error:
        raise wrong(f"cannot be used: {error}") from None


def _printable(name: str) -> str:
    if 1 <= len(name) <= MAX_NAME and name.isprintable():
        return name
    raise wrong(f"must be 1 to {MAX_NAME} printable characters, such as my.yaml")


DIGITS: Final = BeforeValidator(_digits)
WHOLE: Final = BeforeValidator(_whole)
Span = Annotated[
    int,
    BeforeValidator(
        _nanoseconds,
        json_schema_input_type=Annotated[str, Field(pattern=f"^ *{PATTERN}$")]
        | Annotated[float, Field(ge=0, le=LONGEST / UNITS["s"])],
    ),
]
"""Text or seconds, read as nanoseconds."""

Key = Annotated[str, BeforeValidator(_key), Field(min_length=1)]
"""An API key, or a secret key, which stands for all the keys that were issued for it."""


class _Model(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(
        defer_build=True, strict=True, frozen=True, extra="forbid"
    )


class Query(_Model):
    """The parameters of a query; by itself it has none."""


class Body(_Model):
    """A JSON object that a call takes."""

    examples: ClassVar[tuple[str, ...]] = ("{}",)
    """What a refusal shows, as JSON."""


def _either(schema: dict[str, Any], model: type[_OneKey]) -> None:
    schema["oneOf"] = [{"required": [name]} for name in model.one_of]


class _OneKey(Body):
    """A body that has just one of some keys."""

    model_config: ClassVar[ConfigDict] = ConfigDict(json_schema_extra=_either)
    one_of: ClassVar[tuple[str, ...]] = ()

    @model_validator(mode="after")
    def _has_one(self) -> Self:
        if sum(name in self.model_fields_set for name in self.one_of) != 1:
            raise wrong(f"must have either {' or '.join(self.one_of)}", of_key=True)
        return self


# Queries


class KeyQuery(Query):
    """Whose: those of one key alone."""

    api_key: LeftOut[Key] = None
    """An API key, or a secret key."""


class JobQuery(KeyQuery):
    """Which job, and whose."""

    job: LeftOut[str] = None


class FilesQuery(JobQuery):
    """Of which job, and whose; every filter must fit."""

    caller: LeftOut[str] = None


class JobsQuery(KeyQuery):
    """Which jobs, and how many."""

    offset: Annotated[int, Field(ge=0, le=10**9), DIGITS] = 0
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE), DIGITS] = 100
    containing: str = ""
    """Only jobs whose id has this text in it."""
    polled: Annotated[Literal["true", "false"], OneOf("value of polled", ("true", "false"))] = (
        "false"
    )
    """Only jobs that were polled."""


class EntryFilter(FilesQuery):
    """Which entries of the journal; every filter must fit."""

    status: LeftOut[str] = None
    error: LeftOut[ErrorName] = None
    fault: LeftOut[Annotated[str, OneOf("fault", (*FAULTS, BROKEN_OFF))]] = None
    outcome: LeftOut[str] = None
    operation: LeftOut[OperationFilter] = None
    """``none`` for requests that the mock does not imitate."""
    since: Annotated[int, Field(ge=0, le=10**MAX_DIGITS - 1), DIGITS] = 0
    """Only entries with a higher number."""


class ChecksQuery(JobQuery):
    """Whose calls are judged, and by what beside the rules that always hold."""

    stopped_after: LeftOut[str] = None
    """A status, or an error, that the client should have seen, and not polled again behind.

    Of every job that it polled, unless it met another end of it.
    """
    min_interval: LeftOut[Span] = None
    """The shortest interval between two polls of one job by one key."""
    max_interval: LeftOut[Span] = None


class EntriesQuery(EntryFilter):
    """Which entries, and how many of the newest."""

    limit: Annotated[int, Field(ge=1, le=MAX_ENTRIES), DIGITS] = 100


class ExportQuery(EntryFilter):
    """Which entries, and how many of the oldest."""

    limit: Annotated[int, Field(ge=1, le=MAX_ENTRIES), DIGITS] = MAX_ENTRIES


class TotalsQuery(FilesQuery):
    """Which requests, and how many kinds of them."""

    operation: LeftOut[OperationFilter] = None
    """``none`` for requests that the mock does not imitate."""
    outcome: LeftOut[str] = None
    limit: Annotated[int, Field(ge=1, le=MAX_ENTRIES), DIGITS] = 1000


class ScenarioQuery(Query):
    """What to call a scenario that is sent."""

    name: Annotated[str, BeforeValidator(_printable), Field(min_length=1, max_length=MAX_NAME)] = (
        "scenario"
    )
    masked: Annotated[Literal["true", "false"], OneOf("value of masked", ("true", "false"))] = (
        "false"
    )
    """Whether the text has the keys of the scenario before as they are shown, masked."""


class EventsQuery(Query):
    """Where to go on."""

    last_event_id: str = ""
    """The header Last-Event-ID, for clients without headers."""


# Bodies


class Nothing(Body):
    """An empty object, or no body at all."""


class KeyBody(Body):
    """Whose: those of one key alone."""

    examples: ClassVar[tuple[str, ...]] = ('{"api_key": "demo-key"}', "{}")

    api_key: LeftOut[Key] = None
    """An API key, or a secret key; the query takes it too."""


class WhatToReset(KeyBody):
    """What begins anew: one job, the calls of one key, or, where both are left out, everything."""

    examples: ClassVar[tuple[str, ...]] = (
        "{}",
        '{"job": "retrain-001"}',
        '{"api_key": "demo-key"}',
    )

    job: LeftOut[str] = None


class JobStep(KeyBody):
    """What moves on: the job, or its timeline of another operation."""

    examples: ClassVar[tuple[str, ...]] = ("{}", '{"on": "retrain_model_switch"}')

    on: LeftOut[OperationName] = None
    """An operation under ``calls:``."""


class CallsStep(KeyBody):
    """For which job, and whose."""

    examples: ClassVar[tuple[str, ...]] = ("{}", '{"job": "retrain-001"}')

    job: LeftOut[str] = None


class JobMove(KeyBody, _OneKey):
    """Where to put a job: at a status, or at a step."""

    examples: ClassVar[tuple[str, ...]] = ('{"status": "job_finished"}', '{"step": 2}')
    one_of: ClassVar[tuple[str, ...]] = ("status", "step")

    status: LeftOut[str] = None
    step: LeftOut[Annotated[int, Field(ge=1), WHOLE]] = None


class ClockChange(Body):
    """How to turn the clock; all of it, or nothing, is done."""

    model_config: ClassVar[ConfigDict] = ConfigDict(json_schema_extra={"minProperties": 1})
    examples: ClassVar[tuple[str, ...]] = (
        '{"advance": "90s"}',
        '{"speed": 60}',
        '{"freeze": true}',
    )

    advance: LeftOut[Span] = None
    """90s, 1h30m, or seconds."""
    speed: LeftOut[Annotated[float, Field(gt=0, le=MAX_SPEED)]] = None
    """How many seconds pass in a real one; to stop the clock, freeze it."""
    freeze: LeftOut[bool] = None

    @model_validator(mode="after")
    def _has_any(self) -> Self:
        if not self.model_fields_set:
            raise wrong("says nothing to do", of_key=True)
        return self


def _by_operation(schema: dict[str, Any], model: type[_OneKey]) -> None:
    """Say which errors each operation documents, and which are about a job."""
    _either(schema, model)
    schema["allOf"] = []
    for name, operation in OPERATIONS.items():
        given = {} if name == RETRAIN_STATUS_CHECK.name else {"required": ["on"]}
        errors = {"enum": list(operation.errors)} if operation.errors else False
        properties = (
            {"error": errors} if operation.has_job else {"error": errors, "job": {"type": "null"}}
        )
        schema["allOf"].append(
            {
                "if": {"properties": {"on": {"const": name}}, **given},
                "then": {"properties": properties},
            }
        )


class FailNext(KeyBody, _OneKey):
    """Which failure to queue, for which calls, and how often."""

    model_config: ClassVar[ConfigDict] = ConfigDict(json_schema_extra=_by_operation)
    examples: ClassVar[tuple[str, ...]] = (
        '{"error": "job_may_be_deleted"}',
        '{"fault": "timeout", "job": "retrain-001", "times": 3}',
        '{"reply": {"status_code": 429, "retry_after": "5s"}, "on": "retrain_model_switch"}',
    )
    one_of: ClassVar[tuple[str, ...]] = ("error", "fault", "reply")

    error: LeftOut[ErrorName] = None
    """An error that the operation documents."""
    fault: LeftOut[Annotated[str, OneOf("fault", tuple(FAULTS))]] = None
    reply: LeftOut[Annotated[LiteralReply, AS_RECORD]] = None
    """A literal answer, as a scenario writes it."""
    on: OperationName = RETRAIN_STATUS_CHECK.name
    """The operation whose calls fail."""
    job: str | None = None
    """Any job, where it is left out."""
    times: Annotated[int, Field(ge=1, le=MAX_INJECTED), WHOLE] = 1

    @model_validator(mode="after")
    def _fits_its_operation(self) -> Self:
        operation = OPERATIONS[self.on]
        if self.error is not None and self.error not in operation.errors:
            known = ", ".join(operation.errors) or "none"
            raise wrong(
                f"has an error that {self.on} does not document, but "
                f"{operations_with(self.error)}, which on may name; "
                f"errors of {self.on}: {known}"
            )
        if self.job is not None and not operation.has_job:
            raise wrong(f"names a job, and {self.on} is about none; leave job out")
        return self


def _bundled_names(schema: dict[str, Any]) -> None:
    schema["examples"] = list(bundled())


class ScenarioName(Body):
    """A bundled scenario, or the one that the mock was started with, by its name."""

    examples: ClassVar[tuple[str, ...]] = ('{"name": "demo"}',)

    name: Annotated[str, Field(json_schema_extra=_bundled_names)]


# Answers


class Answer(_Model):
    """A JSON object that a call answers."""


class Problem(Answer):
    """What is wrong with a scenario, and where."""

    file: str
    line: Count
    column: Count
    text: str


class AdminErrorBody(Answer):
    """Why a call was not done, and what to do about it."""

    error: str
    message: str
    remedy: str
    problems: LeftOut[list[Problem]] = None


class Health(Answer):
    """That the mock is well, and what it plays."""

    status: Literal["ok"]
    version: str
    scenario: str
    jobs_max: int
    """How many pairs of caller and job that only a pattern knows are remembered."""
    limits_reached: dict[str, Count]
    """How often each limit was reached since the start, by its name. `journal` is how many requests
    have gone from the journal since the last reset, as is usual; nothing else should stand here."""
    authority: LeftOut[str] = None
    """Of `serve --tls`: whether this start has made its authority, and when it ends."""
    store: LeftOut[str] = None
    """Of `serve --state`: `ok`, or why the store does not answer; then clients are answered 503."""


class ContractOperation(Answer):
    """An operation of the imitated API."""

    name: str
    method: str
    path: str
    summary: str
    errors: list[str]
    """The documented errors that it answers."""
    polled: bool
    """Whether asking again is the point of it."""
    has_job: bool
    """Whether its path says which job it is about."""


class Contract(Answer):
    """What the mock imitates, and the faults that it can play."""

    operations: list[ContractOperation]
    faults: list[str]


class FuturePlace(Answer):
    """A step that only time leads to."""

    step: StepNumber
    since_seconds: float
    """When the step begins, in seconds since the mock began, by its clock."""
    until_seconds: float | None
    """When time ends the step, likewise; null where time does not."""


class Place(FuturePlace):
    """Where a job is on its timeline."""

    seen: Count
    """How many polls have seen the step."""
    ahead: list[FuturePlace]
    """The steps that time alone leads to, in order; the next 20."""


class TrackFile(Answer):
    """The file of a job that a client created."""

    filename: str
    size: Count
    """In bytes; 0 until it has come."""
    complete: bool
    """Whether it has come, whole."""
    upload: Count | None
    """The number of the request that brought it, as `uploads` has it; null until it has come."""


class Track(Place):
    """One job as one caller sees it."""

    api_key: str
    """Masked."""
    caller: str
    """Tells keys apart that look alike when masked."""
    polls: Count
    last_polled_seconds: float
    """When that was, in seconds since the mock began, by its clock."""
    waits_for: str | None
    file: TrackFile | None
    """null where no client created the job."""
    downloads: Count
    """How often its result was sent."""
    switches: Count
    """How often the model was switched to it."""


class Step(Answer):
    """One step of a timeline."""

    step: StepNumber
    kind: Literal["status", "error", "reply", "fault"]
    outcome: str
    lasts: Annotated[str | None, Field(serialization_alias="for")]
    """2 polls, 1m30s, upload or manual; null for the last step, which never ends."""
    polls: Count | None
    for_seconds: float | None
    """How long the step lasts; null where time does not end it."""
    source: str
    """file:line"""
    delay_seconds: LeftOut[Annotated[list[float], Field(min_length=2, max_length=2)]] = None
    """For how long answers are held back: at least, and at most."""
    message: LeftOut[str] = None
    download_url: LeftOut[bool] = None


class Timeline(Answer):
    """What a job does, step by step."""

    name: str
    at_end: Literal["stay", "loop"]
    api_key: str | None
    steps: list[Step]


class Job(Answer):
    """Where a job is: as the key finds it that polled last, and as every key does."""

    job_id: str
    timeline: str
    """Where the job's timeline stands in the scenario."""
    step: StepNumber
    outcome: str
    status: str | None
    error: str | None
    fault: str | None
    waits_for: str | None
    """null at the end of the timeline."""
    polls: Count
    keys: Count
    """How many API keys have polled it."""
    start_step: StepNumber
    """Where a key meets it that has not polled it yet."""
    tracks: list[Track]
    """The job as each key sees it; the 20 that polled last."""


class JobWithSteps(Job, Timeline):
    """One job, and what it does."""

    curl: str
    """A line for the shell that polls it; its key is masked."""


class JobPage(Answer):
    """Some of the jobs, and their timelines by name."""

    total: Count
    offset: Count
    next: Count | None
    """The offset of the next page; null on the last."""
    jobs: list[Job]
    timelines: dict[str, Timeline]


class Curl(Answer):
    """A line for the shell that polls a job."""

    job_id: str
    curl: str
    """Its key is whole, to be pasted into a shell."""


class Clock(Answer):
    """What the clock shows, and how it runs."""

    seconds: float
    """Since the mock began, as the rows of the journal have it."""
    time: DateTime
    """The date that the clock shows, in UTC."""
    kind: Literal["real", "virtual"]
    speed: float
    frozen: bool


class QueuedFailure(Answer):
    """Failures alike that stand in a row in the queue."""

    error: str | None
    fault: str | None
    reply: dict[str, Any] | None
    """As it was sent."""
    on: str
    """The operation."""
    job: str | None
    api_key: str | None
    """Masked; null where it is for every key."""
    times: Count


class FailureQueue(Answer):
    """The failures that wait for a call."""

    waiting: Count
    queue: list[QueuedFailure]


class Deleted(Answer):
    """How many were deleted."""

    deleted: Count


class ResetDone(Answer):
    """What was asked for begins anew."""

    reset: Literal[True]
    scenario: str


class ApiKey(Answer):
    """A key of the scenario."""

    api_key: str
    """Masked."""
    state: str


class WatchedProblems(Answer):
    """What is wrong with the file that is watched since it was changed.

    The scenario before is played on.
    """

    problems: list[Problem]


class ScenarioSummary(WatchedProblems):
    """What is played, in a few words."""

    name: str
    description: str
    seed: int
    played_after: Count
    """The number of the last request before it was played."""
    jobs: Count
    api_keys: list[ApiKey]


class ScenarioText(ScenarioSummary):
    """What is played, and what else could be."""

    text: str | None
    """null where the scenario was made in Python, or read from several files."""
    bundled: list[str]
    started_with: str
    """The name of the scenario that a reset brings back; it can be asked for by it."""
    as_started: bool
    """Whether that one is what is played."""


class ScenarioSwap(ScenarioSummary):
    """What is played now, and what became of the jobs: of each, once for every key."""

    kept: Count
    dropped: Count
    gone: Count
    """How many of those that were dropped are of jobs that there are no more."""
    gone_jobs: list[str]
    """Their ids, the first few."""


class Saved(Answer):
    """The state that was written."""

    file: str
    size: Count
    """Its bytes."""
    saved_at: str
    """The real date, in UTC."""


class CallsStepped(Answer):
    """The timeline of an operation has moved on."""

    operation: str
    job: str | None


class _Request(Answer):
    """What is said of every request."""

    number: Count
    time: DateTime
    seconds: float
    """Since the mock began, by its clock."""
    job_id: str | None
    api_key: str
    """Masked. Of a call to a link, which takes no key, that of whose link it is; `notes` say
    whether a key was sent."""
    caller: str
    """The same for all requests of a key, and of the keys that were issued for one model."""


class Upload(_Request):
    """A file that came, or a part of it."""

    filename: str
    size: Count
    """How many bytes came."""
    complete: bool
    """Whether all of it came, and was taken."""
    sha256: str | None
    rows: int | None
    columns: int | None
    content_kept: bool
    notes: list[str]
    """What is odd in the file."""


class Uploads(Answer):
    """What came, oldest first."""

    uploads: list[Upload]


class _Answered(_Request):
    outcome: str
    http_status: int | None
    """null where no answer came, or came cut or slowly: of each fault but malformed_json."""


class Download(_Answered):
    """A call of a download link."""

    filename: str
    complete: bool
    """Whether the result was sent, and the client has taken it to its end, as far as is known."""
    notes: list[str]
    """What the journal notes on the call, as that the client has not taken it to its end."""


class Downloads(Answer):
    """What was downloaded, oldest first."""

    downloads: list[Download]


class Switch(_Answered):
    """A call of Retrain Model Switch."""

    switched: bool
    """Whether the model was switched, also where the answer was lost."""


class Switches(Answer):
    """What was switched, oldest first."""

    switches: list[Switch]


class Entry(_Request):
    """One request and its outcome."""

    method: str
    path: str
    operation: str | None
    """null where the mock does not imitate what was asked."""
    outcome: str
    """The status, error or fault; what a call has done, such as model_switched; else HTTP 503."""
    done: str | None
    """What a call has done, also where its answer was lost."""
    status: str | None
    error: str | None
    fault: str | None
    http_status: int | None
    """null where no answer came, or came cut or slowly: of each fault but malformed_json."""
    source: str
    waits_for: str | None
    notes: list[str]
    place: Place | None


class PollAnswer(Answer):
    """What a poll was answered with; null where nothing came."""

    number: Count
    http_status: int | None
    fault: str | None
    content_type: str | None
    body: str | None
    """As text, so far as it came."""


class Entries(Answer):
    """The newest entries that fit, how many fit in all, and the number of the newest of all."""

    count: Count
    last: Count
    requests: list[Entry]


CheckName = Literal[
    "all_kept", "sequence", "no_unexpected", "respects_retry_after", "interval", "stopped_after"
]


class Check(Answer):
    """A rule, and whether the client kept it."""

    name: CheckName
    passed: bool
    why: LeftOut[str] = None
    """What is wrong, and the calls as a table; only where it failed."""


class Checks(Answer):
    """Whether all checks passed, and each."""

    passed: bool
    checks: list[Check]


class EntryCount(Answer):
    """How many entries fit."""

    count: Count
    unassigned: LeftOut[Count] = None
    """Of how many requests since the last reset caller and job are not known, since there were too
    many kinds: they are in no count by `job`, `caller` or `api_key`."""


class TotalRow(Answer):
    """How many requests of one kind there were."""

    caller: str
    """Whose, as the journal names it."""
    job_id: str | None
    operation: str
    outcome: str
    since_reset: Count
    since_start: Count


class Totals(Answer):
    """How many requests there were, and of which kinds.

    Of very many kinds only operation and outcome are told apart.
    """

    since_reset: Count
    since_start: Count
    kinds: Count
    """How many rows there are; ``limit`` may show fewer."""
    totals: list[TotalRow]
    unassigned: LeftOut[Count] = None
    """Of how many requests since the last reset caller and job are not known, since there were too
    many kinds: they are in no count by `job`, `caller` or `api_key`."""


def plain(answer: object) -> object:
    """Return an answer as JSON has it; what was left out is not in it."""
    if isinstance(answer, Answer):
        return answer.model_dump(by_alias=True, exclude_unset=True)
    return answer
