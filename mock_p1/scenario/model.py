"""The typed model of a scenario file.

What it says and what it means; where it came from is kept beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator  # noqa: TC003 -- pydantic reads the annotations
from typing import Annotated, Any, Final, Self

from pydantic import Field, PrivateAttr

from mock_p1.base.duration_field import Duration  # noqa: TC001 -- pydantic reads the annotations
from mock_p1.base.patterns import PatternTable
from mock_p1.base.strict_model import OneOf, Path, Strict, WrittenText, Wrong, as_written, wrong
from mock_p1.base.text import shorten, unknown
from mock_p1.contract.assumptions import Assumptions, StatusError  # noqa: TC001 -- pydantic reads the annotations
from mock_p1.contract.errors import CREDENTIAL_ERRORS
from mock_p1.contract.operations import JOB_ID_LIMIT, OPERATIONS, RETRAIN_STATUS_CHECK
from mock_p1.scenario.calls import CallTimeline, wrong_calls
from mock_p1.scenario.steps import AnyStep, ErrorStep, Step

MAX_COUNT: Final = 1_000_000
ACTIVE: Final = "active"
_JOB_ID: Final = "retrain_job_id"

_OperationName = Annotated[str, OneOf("operation", tuple(OPERATIONS))]
KeyState = Annotated[str, OneOf("state of a key", (ACTIVE, *CREDENTIAL_ERRORS))]


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
            yield (
                ("timeline", index),
                wrong(f"for: is missing; {which} says how long it lasts: 2 polls, 90s or manual"),
            )
        elif step.get("for") == "upload" and index > 0:
            yield (
                ("timeline", index, "for"),
                wrong("for: upload stands at a first step only: a job waits for its file once"),
            )
        elif step.get("for") == "upload" and (loops or len(timeline) == 1):
            which = "a timeline that loops" if loops else "a timeline of one step"
            yield (
                ("timeline", index, "for"),
                wrong(f"for: upload has no place in {which}: nothing comes after the file"),
            )


class Job(Strict):
    """One job: whose it is, and what polling it shows."""

    api_key: WrittenText | None = None
    at_end: Annotated[str, OneOf("at_end", ("stay", "loop"))] = "stay"
    timeline: Annotated[list[AnyStep], Field(min_length=1)] | None = None
    error: StatusError | None = None
    calls: dict[str, CallTimeline] = {}
    """How the other operations answer for this job alone; left out: as the scenario's calls."""

    @property
    def steps(self) -> list[Step]:
        """The timeline, also where the job was written as an error alone."""
        return list(self.timeline) if self.timeline else [ErrorStep(error=str(self.error))]

    @property
    def loops(self) -> bool:
        """Whether the timeline begins anew at its end."""
        return self.at_end == "loop" and self.timeline is not None

    @classmethod
    def rules(cls, data: dict[str, Any]) -> Iterator[tuple[Path, Wrong]]:
        """A job has a timeline or is an error, and every step but the last says how long it lasts."""
        if ("timeline" in data) == ("error" in data):
            yield (
                (),
                wrong(
                    "a job has either timeline: (a list of steps) or error: (a documented error)"
                ),
            )
        yield from wrong_calls(data.get("calls"), of_job=True)
        yield from _wrong_lengths(data)


class GeneratedJobs(Job):
    """Many jobs that share one timeline."""

    count: int = Field(ge=1, le=MAX_COUNT)
    prefix: WrittenText | None = None

    @classmethod
    def rules(cls, data: dict[str, Any]) -> Iterator[tuple[Path, Wrong]]:
        """A prefix must make ids."""
        yield from super().rules(data)
        prefix, count = as_written(data.get("prefix", "")), data.get("count", 1)
        if not isinstance(prefix, str) or not isinstance(count, int) or not 1 <= count <= MAX_COUNT:
            return
        if text := _wrong_id(f"{prefix}{count}"):
            yield ("prefix",), wrong(text)
        if "*" in prefix:
            yield ("prefix",), wrong("a prefix is taken to the letter; * has no meaning in it")


class RateLimit(Strict):
    """At most ``polls`` polls by one key in any span of ``per``.

    More are answered 429, and move nothing.
    """

    polls: int = Field(ge=1, le=MAX_COUNT)
    per: Duration
    on: Annotated[list[_OperationName], Field(min_length=1)] = [RETRAIN_STATUS_CHECK.name]
    """The operations whose calls it counts; left out: the status check alone."""


class NewJobs(Job):
    """What a job does that a client creates by upload."""

    ids: Annotated[list[WrittenText], Field(min_length=1)] | None = None
    """The ids that are issued, in this order, anew for each caller; then UUIDs follow."""

    @classmethod
    def rules(cls, data: dict[str, Any]) -> Iterator[tuple[Path, Wrong]]:
        """It may leave everything out; its ids can be asked for."""
        if "timeline" in data or "error" in data:
            yield from super().rules(data)
        else:
            yield from wrong_calls(data.get("calls"), of_job=True)
        if "api_key" in data:
            text = "a created job belongs to whoever created it; leave api_key: out"
            yield ("api_key",), wrong(text, of_key=True)
        ids = data.get("ids")
        seen: set[str] = set()
        for index, job_id in enumerate(ids if isinstance(ids, list) else ()):
            spelt = as_written(job_id)
            if not isinstance(spelt, str):
                continue
            if text := _wrong_id(spelt) or ("" if "*" not in spelt else "an id has no * in it"):
                yield ("ids", index), wrong(text)
            elif spelt in seen:
                yield ("ids", index), wrong(f"the id {shorten(spelt)!r} stands here twice")
            seen.add(spelt)


class Scenario(Strict):
    """A whole scenario file."""

    schema_: str | None = Field(
        None, alias="$schema", description="Where editors find the JSON Schema."
    )
    description: str = ""
    seed: int = 0
    api_keys: Annotated[dict[str, KeyState], Field(min_length=1)] | None = None
    secret_keys: Annotated[dict[str, KeyState], Field(min_length=1)] | None = None
    """What each secret key is that asks for an API key: active, or the error it is answered with.
    A * fits anything. Without secret_keys every secret key is active."""
    jobs: dict[str, Job] = {}
    generated_jobs: list[GeneratedJobs] = []
    new_jobs: NewJobs = NewJobs()
    """What a job does that a client creates by upload; left out: what "*" does, else what the first
    job does."""
    calls: dict[str, CallTimeline] = {}
    """How the operations beside the status check answer; left out: success."""
    rate_limit: RateLimit | None = None
    assumptions: Assumptions = Assumptions()

    _name: str = PrivateAttr("scenario")
    _line: Callable[[Path], int] | None = PrivateAttr(None)
    _files: dict[str, bytes] = PrivateAttr(default_factory=dict)
    _text: str | None = PrivateAttr(None)

    @property
    def name(self) -> str:
        """What the scenario is called: its file as it was given, or a bundled name."""
        return self._name

    @property
    def files(self) -> dict[str, bytes]:
        """The contents of the files named by ``result: {file: …}``."""
        return self._files

    @property
    def text(self) -> str | None:
        """The text it was read from; None where it was made in Python."""
        return self._text

    def located(
        self, name: str, line: Callable[[Path], int], files: dict[str, bytes], text: str
    ) -> Self:
        """Remember where the scenario came from.

        ``line`` returns the line that a path of keys leads to.
        """
        self._name, self._line, self._files, self._text = name, line, files, text
        return self

    def relocated(self, shift: Callable[[Path], Path]) -> Self:
        """Remember that paths of this changed copy lead to other ones of the file.

        ``shift`` returns them.
        """
        if (line := self._line) is not None:
            self._line = lambda path: line(shift(path))
        return self

    def where(self, *path: str | int) -> str:
        """Return ``file:line`` of a part, or the scenario's name where it was not read from a text."""
        return f"{self._name}:{self._line(path)}" if self._line else self._name

    @classmethod
    def rules(cls, data: dict[str, Any]) -> Iterator[tuple[Path, Wrong]]:
        """Ids can be asked for, and keys that jobs name exist."""
        keys = _named(data.get("api_keys"))
        secrets = _named(data.get("secret_keys"))
        for part, names in (("api_keys", keys), ("secret_keys", secrets)):
            for key in names:
                if not key or key != key.strip() or not key.isprintable():
                    what = (
                        f"no client can send the key {shorten(key)!r}; a key is visible text, "
                        "without blanks at its ends"
                    )
                    yield (part, key), wrong(what, of_key=True)
        for key in secrets:
            if key in keys and "*" not in key:
                what = f"{shorten(key)!r} is an API key too; a key is one of the two"
                yield ("secret_keys", key), wrong(what, of_key=True)
        yield from wrong_calls(data.get("calls"), of_job=False)
        known = PatternTable(keys) if "api_keys" in data else None
        for job_id, job in _named(data.get("jobs")).items():
            if text := _wrong_id(job_id):
                yield ("jobs", job_id), wrong(text, of_key=True)
            yield from _key_exists(("jobs", job_id), job, known)
        groups = data.get("generated_jobs")
        for index, group in enumerate(groups if isinstance(groups, list) else ()):
            yield from _key_exists(("generated_jobs", index), group, known)


def _named(part: object) -> dict[str, object]:
    """Return the entries of a part of the file, as far as it is a mapping and their names are text."""
    return (
        {name: value for name, value in part.items() if isinstance(name, str)}
        if isinstance(part, dict)
        else {}
    )


def _key_exists(
    path: Path, job: object, known: PatternTable[object] | None
) -> Iterator[tuple[Path, Wrong]]:
    if known is not None and isinstance(job, dict):
        key = as_written(job.get("api_key"))
        if isinstance(key, str) and known.find(key) is None:
            yield (*path, "api_key"), wrong(unknown("API key", key, known.names))


def _wrong_id(job_id: str) -> str | None:
    if not 1 <= len(job_id) <= JOB_ID_LIMIT:
        return f"the id {shorten(job_id)!r} has {len(job_id)} characters; an id has 1 to {JOB_ID_LIMIT}"
    if "/" in job_id:
        return f"the id {job_id!r} has a slash in it: no client can ask for it"
    if job_id in OPERATIONS.words_beside(RETRAIN_STATUS_CHECK, _JOB_ID):
        return f"{job_id!r} is a path of the API, never an id"
    if job_id in (".", ".."):
        return f"the id {job_id!r} is a step in a path: no client can ask for it"
    return None
