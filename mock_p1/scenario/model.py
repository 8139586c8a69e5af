"""The typed model of a scenario: what its keys are, what each may say, and what it means.

Sentence, type and rule of a key stand here alone, those of a step in ``steps``, of a guess in
``contract.assumptions``: the JSON Schema and the errors come from them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal, TypeVar, cast

from mock_p1.base.duration_field import Duration  # noqa: TC001 -- pydantic reads the annotations
from mock_p1.base.patterns import ANY, PatternTable
from mock_p1.base.record import Field, LocatedRecord, Path, Record, Wrong
from mock_p1.base.rules import OneOf, WrittenText, as_written, wrong
from mock_p1.base.text import shorten, unknown
from mock_p1.contract.assumptions import Assumptions
from mock_p1.contract.errors import CREDENTIAL_ERRORS
from mock_p1.contract.operations import JOB_ID_LIMIT, OPERATIONS, RETRAIN_STATUS_CHECK
from mock_p1.scenario.calls import CallTimeline, calls_schema, wrong_calls
from mock_p1.scenario.document import INLINE, Attach, Document, ScenarioReading, located
from mock_p1.scenario.problems import Problem
from mock_p1.scenario.result_files import inline_files
from mock_p1.scenario.step_length import waits_for_file
from mock_p1.scenario.steps import (
    AnyStep,
    ErrorStep,
    StatusError,
    Step,
)

if TYPE_CHECKING:
    from pydantic.config import JsonDict


MAX_COUNT: Final = 1_000_000
"""Generated jobs, of all groups together: a search looks at each."""

MAX_GROUPS: Final = 1000
"""Groups of generated jobs; of an id that is a UUID each is asked."""

MAX_PAIRS: Final = 10_000_000
"""Jobs that name a key, times patterns of keys: each of the former is held against the latter."""

ACTIVE: Final = "active"

_Declared = TypeVar("_Declared", bound=Callable[..., None])
_RESERVED: Final = OPERATIONS.words_beside(RETRAIN_STATUS_CHECK, "retrain_job_id")
_OperationName = Annotated[str, OneOf("operation", tuple(OPERATIONS))]
KeyStateName = Literal["active", "invalid_api_key", "inactive_credential", "not_found_credential"]
KeyState = Annotated[str, OneOf("state of a key", (ACTIVE, *CREDENTIAL_ERRORS))]

_WAITS_FOR_FILE: Final[JsonDict] = {
    "required": ["for"],
    "properties": {"for": {"const": "upload"}},
}
_FILE_FIRST: Final[JsonDict] = {
    "allOf": [
        {"prefixItems": [{}], "items": {"not": _WAITS_FOR_FILE}},
        {"if": {"prefixItems": [_WAITS_FOR_FILE], "minItems": 1}, "then": {"minItems": 2}},
    ]
}
_UNSEEN: Final = (
    r"\u0000-\u001f\u007f-\u00a0\u00ad\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff"
)
_SENDABLE_KEY: Final[JsonDict] = {"propertyNames": {"pattern": rf"^(?! )[^{_UNSEEN}]+(?<! )$"}}
_JOB_ID: Final[JsonDict] = {
    "minLength": 1,
    "maxLength": JOB_ID_LIMIT,
    "pattern": "^[^/]*$",
    "not": {"enum": [*sorted(_RESERVED), ".", ".."]},
}
_ISSUED_ID: Final[JsonDict] = {**_JOB_ID, "pattern": "^[^/*]*$"}


def _wrong_end(data: dict[str, Any]) -> Iterator[tuple[Path, Wrong]]:
    """Yield an ``at_end`` that has no timeline whose end it could be."""
    if "at_end" in data and "timeline" not in data:
        what = "at_end: says what comes after the last step; write timeline: beside it"
        yield ("at_end",), wrong(what, of_key=True)


def _wrong_lengths(data: dict[str, Any]) -> Iterator[tuple[Path, Wrong]]:
    """Yield the steps of a job whose length is missing, or stands where it cannot."""
    timeline = data.get("timeline")
    if not isinstance(timeline, list):
        return
    loops = data.get("at_end") == "loop"
    for index, step in enumerate(timeline):
        if not isinstance(step, dict):
            continue
        if "for" not in step and (loops or index < len(timeline) - 1):
            which = "with at_end: loop every step" if loops else "every step but the last"
            what = f"for: is missing; {which} says how long it lasts: 2 polls, 90s or manual"
            yield ("timeline", index), wrong(what)
        elif not waits_for_file(step.get("for")):
            continue
        elif index > 0:
            what = "for: upload stands at a first step only: a job waits for its file once"
            yield ("timeline", index, "for"), wrong(what)
        elif loops or len(timeline) == 1:
            which = "a timeline that loops" if loops else "a timeline of one step"
            what = f"for: upload has no place in {which}: nothing comes after the file"
            yield ("timeline", index, "for"), wrong(what)


class Job(LocatedRecord):
    """One job: whose it is, and what polling it shows."""

    api_key: WrittenText | None = None
    """The only API key that sees the job; to all others it does not exist. A * fits anything."""
    at_end: Annotated[str, OneOf("at_end", ("stay", "loop"))] = "stay"
    """After the last step: stay there, or loop to the first."""
    timeline: (
        Annotated[list[AnyStep], Field(min_length=1, json_schema_extra=_FILE_FIRST)] | None
    ) = None
    """The steps, one after the other. Time begins to run at a key's first poll."""
    error: StatusError | None = None
    """Short for a timeline of one step that answers this error."""
    calls: Annotated[
        dict[str, CallTimeline], Field(json_schema_extra=calls_schema(of_job=True))
    ] = {}
    """How the other operations answer for this job alone; left out: as the scenario's calls."""

    schema_rules: ClassVar[dict[str, Any]] = {
        "oneOf": [{"required": ["timeline"]}, {"required": ["error"]}],
        "if": {"required": ["at_end"], "properties": {"at_end": {"const": "loop"}}},
        "then": {"properties": {"timeline": {"items": {"required": ["for"]}}}},
        "dependentRequired": {"at_end": ["timeline"]},
    }

    @property
    def steps(self) -> list[Step]:
        """The timeline, also where the job was written as an error alone."""
        if self.timeline:
            return list(self.timeline)
        return [ErrorStep(error=str(self.error), source=self.source)]

    @property
    def loops(self) -> bool:
        """Whether the timeline begins anew at its end."""
        return self.at_end == "loop" and self.timeline is not None

    @classmethod
    def rules(cls, data: dict[str, Any]) -> Iterator[tuple[Path, Wrong]]:
        """A job has a timeline or is an error; every step but the last says how long it lasts."""
        if ("timeline" in data) == ("error" in data):
            what = "a job has either timeline: (a list of steps) or error: (a documented error)"
            yield (), wrong(what)
        elif "error" in data:
            yield from _wrong_end(data)
        yield from wrong_calls(data.get("calls"), of_job=True)
        yield from _wrong_lengths(data)


class GeneratedJobs(Job):
    """Many jobs that share one timeline."""

    count: Annotated[int, Field(ge=1, le=MAX_COUNT)]
    """How many jobs."""
    prefix: Annotated[
        WrittenText | None,
        Field(json_schema_extra={"pattern": "^[^/*]*$", "maxLength": JOB_ID_LIMIT - 1}),
    ] = None
    """Ids are this and a number from 1; without it they are UUIDs, drawn by the seed."""

    @classmethod
    def rules(cls, data: dict[str, Any]) -> Iterator[tuple[Path, Wrong]]:
        """A prefix must make ids."""
        yield from super().rules(data)
        prefix, count = as_written(data.get("prefix", "")), data.get("count", 1)
        if not isinstance(prefix, str) or not isinstance(count, int) or not 1 <= count <= MAX_COUNT:
            return
        if text := wrong_id(f"{prefix}{count}"):
            yield ("prefix",), wrong(text)
        if "*" in prefix:
            yield ("prefix",), wrong("a prefix is taken to the letter; * has no meaning in it")


class RateLimit(Record):
    """At most ``polls`` polls by one key in any span of ``per``.

    More are answered 429, and move nothing.
    """

    polls: Annotated[int, Field(ge=1, le=MAX_COUNT)]
    """So many polls by one key, over all its jobs …"""
    per: Duration
    """… in any span of this length: 1m."""
    on: Annotated[list[_OperationName], Field(min_length=1)] = [RETRAIN_STATUS_CHECK.name]
    """The operations whose calls it counts; left out: the status check alone."""


class NewJobs(Job):
    """What a job does that a client creates by upload."""

    ids: (
        Annotated[
            list[Annotated[WrittenText, Field(json_schema_extra=_ISSUED_ID)]],
            Field(min_length=1),
        ]
        | None
    ) = None
    """The ids that are issued, in this order, anew for each caller; then UUIDs follow."""

    schema_rules: ClassVar[dict[str, Any]] = {
        "not": {"anyOf": [{"required": ["timeline", "error"]}, {"required": ["api_key"]}]},
        "dependentRequired": {"at_end": ["timeline"]},
    }

    @classmethod
    def rules(cls, data: dict[str, Any]) -> Iterator[tuple[Path, Wrong]]:
        """It may leave everything out; its ids can be asked for."""
        if "timeline" in data or "error" in data:
            yield from super().rules(data)
        else:
            yield from wrong_calls(data.get("calls"), of_job=True)
            yield from _wrong_end(data)
        if "api_key" in data:
            text = "a created job belongs to whoever created it; leave api_key: out"
            yield ("api_key",), wrong(text, of_key=True)
        ids = data.get("ids")
        seen: set[str] = set()
        for index, job_id in enumerate(ids if isinstance(ids, list) else ()):
            spelt = as_written(job_id)
            if not isinstance(spelt, str):
                continue
            if text := wrong_id(spelt) or ("" if "*" not in spelt else "an id has no * in it"):
                yield ("ids", index), wrong(text)
            elif spelt in seen:
                yield ("ids", index), wrong(f"the id {shorten(spelt)!r} stands here twice")
            seen.add(spelt)


def _read_as_a_file(declared: _Declared) -> _Declared:
    """Let a method that declares the keys of a file read them, known or not, as a file's."""

    @wraps(declared)
    def read_keys(self: Scenario, **keys: object) -> None:
        vars(self).update(vars(Scenario.from_mapping(keys, inline_files())))

    return cast("_Declared", read_keys)


class Scenario(Record):
    """A whole scenario: a file that was read, or the same keys given in Python.

    Args:
        description: What the scenario is for.
        seed: All invented values follow from it.
        api_keys: What each API key is; left out, every key is active.
        jobs: The jobs by their id, each as in YAML.
        generated_jobs: Many jobs at once.
        secret_keys: What each secret key is; left out, every one is active.
        new_jobs: What a job does that a client creates by upload.
        calls: How the operations beside the status check answer.
        rate_limit: How many calls one key may make in how long.
        assumptions: What the manual does not say, and this mock therefore assumes.

    Raises:
        ScenarioError: With every problem; a result file that is missing is one. Relative ones are
            looked for beside the file that makes the scenario.

    Examples:
        >>> from mock_p1 import Scenario
        >>> steps = [{"status": "job_running", "for": "2 polls"}, {"status": "job_finished"}]
        >>> Scenario(jobs={"retrain-001": {"timeline": steps}}).jobs["retrain-001"].steps[0].source
        'scenario:jobs.retrain-001.timeline[0]'
    """

    schema_: Annotated[str | None, Field(alias="$schema")] = None
    """Where editors find this schema."""
    description: str = ""
    """What the scenario is for, in a sentence."""
    variables: bool = False
    """Whether ${NAME} and ${NAME:-default} stand for environment variables; in files alone."""
    seed: int = 0
    """All invented values follow from it."""
    api_keys: Annotated[
        Annotated[dict[str, KeyState], Field(min_length=1)] | None,
        Field(json_schema_extra=_SENDABLE_KEY),
    ] = None
    """What each x-api-key is: active, or the error it is answered with. A * fits anything; exact \
names win, then the first pattern. Without api_keys every key is active."""
    secret_keys: Annotated[
        Annotated[dict[str, KeyState], Field(min_length=1)] | None,
        Field(json_schema_extra=_SENDABLE_KEY),
    ] = None
    """What each secret key is that asks for an API key: active, or the error it is answered with. \
A * fits anything. Without secret_keys every secret key is active."""
    jobs: Annotated[dict[str, Job], Field(json_schema_extra={"propertyNames": _JOB_ID})] = {}
    """The jobs by their retrain_job_id. A * fits anything; exact names win, then the first \
pattern."""
    generated_jobs: list[GeneratedJobs] = []
    """Many jobs at once."""
    new_jobs: NewJobs = NewJobs()
    """What a job does that a client creates by upload; left out: what "*" does, else what the \
first job does."""
    calls: Annotated[dict[str, CallTimeline], Field(json_schema_extra=calls_schema())] = {}
    """How the operations beside the status check answer; left out: success."""
    rate_limit: RateLimit | None = None
    """How many polls one key may make in how long; more are answered 429 with Retry-After."""
    assumptions: Assumptions = Assumptions()
    """What the manual does not say, and this mock therefore assumes."""

    _document: Document

    @_read_as_a_file
    def __init__(  # noqa: PLR0913 -- the keys of a scenario file
        self,
        *,
        description: str = "",
        seed: int = 0,
        api_keys: Mapping[str, KeyStateName] | None = None,
        jobs: Mapping[str, Mapping[str, object] | Job] = {},
        generated_jobs: Sequence[Mapping[str, object] | GeneratedJobs] = (),
        secret_keys: Mapping[str, KeyStateName] | None = None,
        new_jobs: Mapping[str, object] | NewJobs = {},  # noqa: B006 -- never run
        calls: Mapping[str, Sequence[object]] = {},
        rate_limit: Mapping[str, object] | RateLimit | None = None,
        assumptions: Mapping[str, object] | Assumptions = {},  # noqa: B006 -- never run
    ) -> None: ...

    @classmethod
    def from_mapping(cls, keys: Mapping[str, object], find: Attach) -> Scenario:
        """Return the scenario that a mapping with the keys of a file makes.

        Args:
            keys: What stands in the file, by key.
            find: Returns the bytes of a result file by its name; ValueError says why it cannot.

        Returns:
            The scenario.

        Raises:
            ScenarioError: With every problem.

        Examples:
            >>> step = {"status": "job_finished", "result": {"file": "real.zip"}}
            >>> keys = {"jobs": {"r-1": {"timeline": [step]}}}
            >>> Scenario.from_mapping(keys, lambda name: b"PK").files
            {'real.zip': b'PK'}
        """
        from pydantic_core import ValidationError  # noqa: PLC0415 -- takes long, and is needed late

        reading = ScenarioReading(find=find)
        problems: list[Problem] = []
        data = located(keys, INLINE, problems)
        if problems:
            raise reading.error(problems)
        try:
            scenario = cls.from_document(data, reading)
        except ValidationError as error:
            raise reading.error(reading.document.problems(error)) from None
        if scenario.variables:
            text = "variables: true is for files; leave it out, and write the values"
            raise reading.error([Problem(INLINE, 0, 0, text)])
        return scenario

    @classmethod
    def from_document(cls, data: object, reading: ScenarioReading) -> Scenario:
        """Return the scenario that a document's data makes.

        Args:
            data: What was read of it: mappings, lists and scalars.
            reading: The document, and what finds its result files.

        Returns:
            The scenario.

        Raises:
            pydantic.ValidationError: With every problem, by the path of keys.

        Examples:
            >>> from mock_p1.scenario.document import Document, ScenarioReading
            >>> reading = ScenarioReading(document=Document("mine.yaml"))
            >>> Scenario.from_document({"jobs": {}}, reading).name
            'mine.yaml'
        """
        from mock_p1.base.record_reader import read_record  # noqa: PLC0415 -- loads pydantic

        return read_record(cls, data, reading).replaced(_document=reading.document)

    @property
    def name(self) -> str:
        """What the scenario is called: its file as it was given, or a bundled name.

        Examples:
            >>> load_scenario("demo").name
            'demo.yaml'
        """
        return self._document.name

    @property
    def files(self) -> dict[str, bytes]:
        """The contents of the files named by ``result: {file: …}``.

        Examples:
            >>> load_scenario("demo").files
            {}
        """
        return self._document.files

    @property
    def text(self) -> str | None:
        """The text it was read from; None where it was made in Python, or of several files.

        Examples:
            >>> load_scenario("jobs: {r-1: {error: job_may_be_deleted}}").text
            'jobs: {r-1: {error: job_may_be_deleted}}'
        """
        return self._document.text

    @property
    def sources(self) -> tuple[str, ...]:
        """What the texts are called that it was read from; none where it was made in Python.

        Examples:
            >>> load_scenario("demo").sources
            ('demo.yaml',)
        """
        return self._document.sources

    def where(self, *path: str | int) -> str:
        """Say where a part stands.

        Args:
            *path: The keys and indices that lead to it.

        Returns:
            ``file:line``, or the path of keys where it was not read from a text.

        Examples:
            >>> load_scenario("jobs: {r-1: {error: job_may_be_deleted}}").where("jobs", "r-1")
            'scenario:1'
        """
        return self._document.where(*path)

    @classmethod
    def rules(cls, data: dict[str, Any]) -> Iterator[tuple[Path, Wrong]]:
        """Find what no type says: ids can be asked for, and keys that jobs name exist.

        Args:
            data: The scenario as it was read, before it is one.

        Yields:
            Each problem, with the path of keys that leads to it.

        Examples:
            >>> [path for path, _ in Scenario.rules({"jobs": {"a/b": {}}})]
            [('jobs', 'a/b')]
        """
        keys = _named(data.get("api_keys"))
        secrets = _named(data.get("secret_keys"))
        for part, names in (("api_keys", keys), ("secret_keys", secrets)):
            for key in names:
                if not key or key != key.strip() or not key.isprintable():
                    what = f"no client can send the key {shorten(key)!r}; a key is visible text"
                    yield (part, key), wrong(f"{what}, without blanks at its ends", of_key=True)
        for key in secrets:
            if key in keys and "*" not in key:
                what = f"{shorten(key)!r} is an API key too; a key is one of the two"
                yield ("secret_keys", key), wrong(what, of_key=True)
        yield from wrong_calls(data.get("calls"), of_job=False)
        known = PatternTable(keys) if "api_keys" in data else None
        groups = data.get("generated_jobs")
        yield from _too_many_generated(groups)
        jobs = [*_named(data.get("jobs")).values(), *(groups if isinstance(groups, list) else ())]
        if too_many := _too_many_pairs(jobs, keys):
            yield ("api_keys",), too_many
            return
        for job_id, job in _named(data.get("jobs")).items():
            if text := wrong_id(job_id):
                yield ("jobs", job_id), wrong(text, of_key=True)
            yield from _key_exists(("jobs", job_id), job, known)
        for index, group in enumerate(groups if isinstance(groups, list) else ()):
            yield from _key_exists(("generated_jobs", index), group, known)


def _named(part: object) -> dict[str, object]:
    """Return the entries of a part, as far as it is a mapping and their names are text."""
    return (
        {name: value for name, value in part.items() if isinstance(name, str)}
        if isinstance(part, dict)
        else {}
    )


def _too_many_generated(groups: object) -> Iterator[tuple[Path, Wrong]]:
    """Yield what is wrong with the number of generated jobs, all groups together."""
    if not isinstance(groups, list):
        return
    counts = [
        getattr(each, "count", each.get("count") if isinstance(each, dict) else 0)
        for each in groups
    ]
    jobs = sum(count for count in counts if isinstance(count, int) and 0 < count <= MAX_COUNT)
    if len(groups) > MAX_GROUPS:
        what = f"has {len(groups):,} groups; there may be {MAX_GROUPS:,}"
        yield ("generated_jobs",), wrong(f"generated_jobs: {what}", of_key=True)
    elif jobs > MAX_COUNT:
        what = f"makes {jobs:,} jobs; all groups together may make {MAX_COUNT:,}"
        yield ("generated_jobs",), wrong(f"generated_jobs: {what}", of_key=True)


def _too_many_pairs(jobs: list[object], keys: dict[str, object]) -> Wrong | None:
    """Return a problem where more jobs than can be looked up name a key out of many patterns."""
    naming = sum(isinstance(job, dict) and "api_key" in job for job in jobs)
    patterns = sum("*" in key for key in keys)
    if naming * patterns <= MAX_PAIRS:
        return None
    what = f"{patterns:,} patterns, and {naming:,} jobs that name a key: too many to look them up"
    return wrong(f"api_keys: {what}; write out the keys that jobs name", of_key=True)


def _key_exists(
    path: Path, job: object, known: PatternTable[object] | None
) -> Iterator[tuple[Path, Wrong]]:
    key = as_written(job.get("api_key")) if isinstance(job, dict) else None
    if not isinstance(key, str):
        return
    if known is None and not key:
        yield (*path, "api_key"), wrong("no client can send the key ''; leave api_key: out")
    elif known is not None and known.find(key) is None:
        yield (*path, "api_key"), wrong(unknown("API key", key, known.names))


def wrong_id(job_id: str) -> str | None:
    """Return what is wrong with the id of a job; None where nothing is."""
    if not 1 <= len(job_id) <= JOB_ID_LIMIT:
        what = f"the id {shorten(job_id)!r} has {len(job_id)} characters"
        return f"{what}; an id has 1 to {JOB_ID_LIMIT}"
    if "/" in job_id:
        return f"the id {job_id!r} has a slash in it: no client can ask for it"
    if job_id in _RESERVED:
        return f"{job_id!r} is a path of the API, never an id"
    if job_id in (".", ".."):
        return f"the id {job_id!r} is a step in a path: no client can ask for it"
    return None


def played_by_created(scenario: Scenario) -> Path | None:
    """Return where the job stands whose timeline created jobs play; None where there is no job.

    What ``new_jobs:`` leaves out is what ``"*"`` does, else what the first job does: of those under
    ``jobs:``, patterns too, and then of those generated. A created job whose id stands there plays
    that one.
    """
    new, jobs = scenario.new_jobs, scenario.jobs
    if new.timeline is not None or new.error is not None:
        return ("new_jobs",)
    if jobs:
        return ("jobs", ANY if ANY in jobs else next(iter(jobs)))
    return ("generated_jobs", 0) if scenario.generated_jobs else None
