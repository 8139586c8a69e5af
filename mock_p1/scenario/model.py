"""The typed model of a scenario file.

What it says and what it means; where it came from is kept beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator  # noqa: TC003 -- pydantic reads the annotations
from typing import Annotated, Any, Final, Self

from pydantic import Field, PrivateAttr

from mock_p1.base.patterns import PatternTable
from mock_p1.base.strict_model import OneOf, Path, Strict, WrittenText, Wrong, as_written, wrong
from mock_p1.base.text import shorten, unknown
from mock_p1.contract.assumptions import Assumptions, ErrorName  # noqa: TC001 -- pydantic reads the annotations
from mock_p1.contract.operations import CREDENTIAL_ERRORS, JOB_ID_LIMIT, RETRAIN_STATUS_CHECK
from mock_p1.scenario.step_length import Duration  # noqa: TC001 -- pydantic reads the annotations
from mock_p1.scenario.steps import AnyStep, ErrorStep, Step

MAX_COUNT: Final = 1_000_000
ACTIVE: Final = "active"

KeyState = Annotated[str, OneOf("state of a key", (ACTIVE, *CREDENTIAL_ERRORS))]


class Job(Strict):
    """One job: whose it is, and what polling it shows."""

    api_key: WrittenText | None = None
    at_end: Annotated[str, OneOf("at_end", ("stay", "loop"))] = "stay"
    timeline: Annotated[list[AnyStep], Field(min_length=1)] | None = None
    error: ErrorName | None = None

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
                wrong("a job has either timeline: (a list of steps) or error: (one of the five)"),
            )
        timeline = data.get("timeline")
        if not isinstance(timeline, list):
            return
        loops = data.get("at_end") == "loop"
        for index, step in enumerate(timeline if loops else timeline[:-1]):
            if isinstance(step, dict) and "for" not in step:
                which = "with at_end: loop every step" if loops else "every step but the last"
                yield (
                    ("timeline", index),
                    wrong(
                        f"for: is missing; {which} says how long it lasts: 2 polls, 90s or manual"
                    ),
                )


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


class Scenario(Strict):
    """A whole scenario file."""

    schema_: str | None = Field(
        None, alias="$schema", description="Where editors find the JSON Schema."
    )
    description: str = ""
    seed: int = 0
    api_keys: Annotated[dict[str, KeyState], Field(min_length=1)] | None = None
    jobs: dict[str, Job] = {}
    generated_jobs: list[GeneratedJobs] = []
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
        for key in keys:
            if not key or key != key.strip() or not key.isprintable():
                what = f"no client can send the key {shorten(key)!r}; a key is visible text, without blanks at its ends"
                yield ("api_keys", key), wrong(what, of_key=True)
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
    if job_id in RETRAIN_STATUS_CHECK.reserved:
        return f"{job_id!r} is a path of the API, never an id"
    if job_id in (".", ".."):
        return f"the id {job_id!r} is a step in a path: no client can ask for it"
    return None
