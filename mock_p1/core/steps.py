"""The four kinds of step a timeline is made of, and what stands in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, NamedTuple

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    GetCoreSchemaHandler,
    InstanceOf,
    Tag,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)
from pydantic_core import CoreSchema, core_schema

from mock_p1.core import durations
from mock_p1.core.contract import DOCUMENTED_ERRORS, FAULTS
from mock_p1.core.model import OneOf, Path, Strict, WrittenText, Wrong, kind_of, wrong
from mock_p1.core.problems import nearest, unknown
from mock_p1.core.timeline import Stage
from mock_p1.core.values import problem_with

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_POLLS: Final = 1_000_000_000
MAX_ROWS: Final = 100_000
DEFAULT_ROWS: Final = 100

ErrorName = Annotated[str, OneOf("error", tuple(DOCUMENTED_ERRORS))]
FaultName = Annotated[str, OneOf("fault", tuple(FAULTS))]

_POLLS = re.compile(r"(\d{1,12}) *polls?", re.ASCII)
_FOR: Final = "a number of polls (2 polls), a duration (500ms, 90s, 1h30m) or manual"


def _limit(value: object) -> Stage:
    if isinstance(value, Stage):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise wrong(f"for: {value} has no unit; write {value} polls or {value}s")
    if not isinstance(value, str):
        raise wrong(f"for: must be {_FOR}; it is {kind_of(value)}")
    if value.strip() == "manual":
        return Stage()
    if found := _POLLS.fullmatch(value.strip()):
        if not 1 <= int(found[1]) <= MAX_POLLS:
            raise wrong(f"for: {value} can never be seen; a step lasts at least 1 poll and at most {MAX_POLLS:,}")
        return Stage(polls=int(found[1]))
    near = nearest(value.strip(" 0123456789"), ("polls", "manual"))
    meant = (
        "" if near is None else f"; did you mean {near if near == 'manual' else value.strip().split()[0] + ' polls'}?"
    )
    lasts = _nanoseconds(value, f"for: {value!r} is not {_FOR}{meant}")
    if lasts == 0:
        raise wrong(f"for: {value} can never be seen; a step lasts longer than nothing")
    return Stage(lasts=lasts)


def _nanoseconds(text: str, otherwise: str) -> int:
    try:
        return durations.parse_duration(text.strip())
    except ValueError as error:
        raise wrong(str(error) if "ten years" in str(error) else otherwise) from None


class Span(NamedTuple):
    """From ``low`` to ``high`` nanoseconds; equal where nothing is drawn."""

    low: int
    high: int


def _delay(value: object) -> Span:
    if isinstance(value, Span):
        return value
    how = "delay: must be a duration (300ms) or a range of two (100ms..2s)"
    if not isinstance(value, str):
        raise wrong(f"{how}; it is {kind_of(value)}")
    low, dots, high = value.partition("..")
    span = Span(*(_nanoseconds(part, f"{how}; it is {kind_of(value)}") for part in (low, high if dots else low)))
    if span.low > span.high:
        raise wrong(f"delay: {value} begins above its end; write {high}..{low}")
    return span


_DURATION_PATTERN: Final = durations.PATTERN.replace("(", "(?:")
_DELAY_PATTERN: Final = rf"^{_DURATION_PATTERN}(\.\.{_DURATION_PATTERN})?$"
Limit = Annotated[
    InstanceOf[Stage],
    BeforeValidator(_limit),
    WithJsonSchema(
        {"type": "string", "pattern": rf"^(manual|0*[1-9]\d* *polls?|{_DURATION_PATTERN})$", "description": _FOR}
    ),
]
Delay = Annotated[
    InstanceOf[Span], BeforeValidator(_delay), WithJsonSchema({"type": "string", "pattern": _DELAY_PATTERN})
]


class Fake(Strict):
    """A Faker provider and its arguments: ``{fake: sentence, nb_words: 4, locale: ja_JP}``."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"additionalProperties": True})
    open_keys: ClassVar[bool] = True

    fake: str
    locale: str = "en_US"

    @property
    def arguments(self) -> dict[str, Any]:
        """The provider's keyword arguments."""
        return dict(self.model_extra or {})


@dataclass(frozen=True)
class Draws:
    """Annotates a fake that must draw values of ``kind``."""

    kind: type

    def __get_pydantic_core_schema__(self, source: type, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Check by drawing once."""
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def _check(self, fake: Fake) -> Fake:
        if problem := problem_with(fake.fake, fake.locale, fake.arguments, self.kind):
            raise wrong(problem)
        return fake


def _branch(value: object) -> str:
    return "<fake>" if isinstance(value, dict | Fake) else "<literal>"


Whole = Annotated[Annotated[int, Tag("<literal>")] | Annotated[Fake, Draws(int), Tag("<fake>")], Discriminator(_branch)]
Words = Annotated[Annotated[str, Tag("<literal>")] | Annotated[Fake, Draws(str), Tag("<fake>")], Discriminator(_branch)]


class Result(Strict):
    """The file behind ``download_url``: so many rows of invented results, or a file of your own."""

    rows: int | None = Field(None, ge=1, le=MAX_ROWS)
    file: str | None = None

    @classmethod
    def rules(cls, data: dict[str, Any]) -> Iterator[tuple[Path, Wrong]]:
        """A result has rows or is a file, not both."""
        if ("rows" in data) == ("file" in data):
            yield (), wrong("result: takes either rows: or file:")

    @field_validator("file")
    @classmethod
    def _read(cls, name: str | None, info: ValidationInfo) -> str | None:
        if name is None or not isinstance(info.context, dict):
            return name
        if (attach := info.context["attach"]) is None:
            raise wrong(f"result.file {name!r} cannot be found: this scenario was not read from a file")
        try:
            info.context["files"][name] = attach(name)
        except ValueError as error:
            raise wrong(str(error)) from None
        return name


_Generated = Annotated[str, OneOf("result", ("generated",))]


def _result(value: object) -> object:
    if value == "generated":
        return Result(rows=DEFAULT_ROWS)
    if isinstance(value, dict | Result):
        return value
    raise wrong(f"result: must be generated, {{rows: 500}} or {{file: result.zip}}; it is {kind_of(value)}")


class Step(Strict):
    """What every step may have: how long it lasts, and how long each answer is held back."""

    for_: Limit | None = Field(None, alias="for")
    delay: Delay | None = None


class StatusStep(Step):
    """A step that answers a status."""

    status: str
    model_id: Whole | None = None
    message: Words | None = None
    download_url: Words | None = None
    result: Annotated[Result, BeforeValidator(_result, json_schema_input_type=Result | _Generated)] | None = None

    @classmethod
    def rules(cls, data: dict[str, Any]) -> Iterator[tuple[Path, Wrong]]:
        """A result makes the URL itself."""
        if "result" in data and "download_url" in data:
            yield ("download_url",), wrong("result: puts its own URL in download_url; keep one of the two", of_key=True)


class ErrorStep(Step):
    """A step that answers one of the five documented errors."""

    error: ErrorName


class FaultStep(Step):
    """A step in which the network fails."""

    fault: FaultName


_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_BODILESS: Final = (204, 304)
_OURS: Final = ("content-length", "transfer-encoding", "connection")


class Literal(Strict):
    """A literal HTTP answer. A ``body`` that is a mapping or a list is sent as JSON."""

    status_code: int = Field(ge=200, le=599)
    headers: dict[str, WrittenText] = {}
    body: str | dict[str, Any] | list[Any] = ""

    @classmethod
    def rules(cls, data: dict[str, Any]) -> Iterator[tuple[Path, Wrong]]:
        """Headers must be sendable, and a body must be allowed."""
        headers = data.get("headers")
        for name, value in headers.items() if isinstance(headers, dict) else ():
            if not _TOKEN.fullmatch(name):
                yield ("headers", name), wrong(f"{name!r} is no header name", of_key=True)
            elif name.lower() in _OURS:
                yield (
                    ("headers", name),
                    wrong(f"the server writes {name} itself; see fault: truncated_body", of_key=True),
                )
            elif not str(value).isascii() or not str(value).isprintable():
                yield ("headers", name), wrong(f"a header's value is printable ASCII; {name} is {kind_of(value)}")
        if data.get("status_code") in _BODILESS and data.get("body"):
            yield ("body",), wrong(f"an answer with status_code {data['status_code']} has no body", of_key=True)


class ReplyStep(Step):
    """A step that answers what the scenario says, to the letter."""

    reply: Literal


KINDS: Final[dict[str, type[Step]]] = {"status": StatusStep, "error": ErrorStep, "reply": ReplyStep, "fault": FaultStep}
"""The key that makes a step what it is, and its model."""


def _kind(value: object) -> str:
    keys = value if isinstance(value, dict) else type(value).model_fields if isinstance(value, Step) else {}
    return next((f"<{kind}>" for kind in KINDS if kind in keys), "<status>")


def _exactly_one(value: object) -> object:
    """Refuse what is no step at all, before the branches look at it."""
    if isinstance(value, Step):
        return value
    kinds = ", ".join(KINDS)
    if not isinstance(value, dict):
        raise wrong(f"a step must be a mapping with one of {kinds}; it is {kind_of(value)}")
    given = [kind for kind in KINDS if kind in value]
    if len(given) > 1:
        raise wrong(f"a step is one of {kinds}; this one is {' and '.join(given)}: make it {len(given)} steps")
    if not given:
        keys = [*KINDS, "for", "delay"]
        hints = [f"; {unknown('key', key, keys)}" for key in value if key not in keys and not key.startswith("x-")]
        raise wrong(f"a step is one of {kinds}; this one is none of them{''.join(hints[:1])}")
    return value


AnyStep = Annotated[
    Annotated[StatusStep, Tag("<status>")]
    | Annotated[ErrorStep, Tag("<error>")]
    | Annotated[ReplyStep, Tag("<reply>")]
    | Annotated[FaultStep, Tag("<fault>")],
    Discriminator(_kind),
    BeforeValidator(_exactly_one),
]
