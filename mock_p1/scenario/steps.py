"""The four kinds of step a timeline is made of, and what stands in them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final

from mock_p1.base.clock import SECOND
from mock_p1.base.duration_field import Duration  # noqa: TC001 -- pydantic reads the annotations
from mock_p1.base.record import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    LocatedRecord,
    Path,
    Reading,
    Record,
    Tag,
    WrapValidator,
    Wrong,
)
from mock_p1.base.rules import OneOf, WrittenText, kind_of, refuse_unknown, wrong
from mock_p1.base.text import shorten, unknown
from mock_p1.contract.assumptions import BODILESS
from mock_p1.contract.errors import FAULTS
from mock_p1.contract.operations import RETRAIN_STATUS_CHECK, operations_with
from mock_p1.scenario.document import ScenarioReading
from mock_p1.scenario.faker_fields import Whole, Words  # noqa: TC001 -- pydantic reads the annotations
from mock_p1.scenario.step_length import Delay, Limit  # noqa: TC001 -- likewise

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from pydantic import ValidationError, ValidationInfo, ValidatorFunctionWrapHandler


MAX_ROWS: Final = 100_000
MAX_FAILS: Final = 1000
DEFAULT_ROWS: Final = 100


def unknown_error(what: str, name: str, known: Collection[str]) -> str:
    """Say that a call does not document an error; or which calls do, and where it is written."""
    others = operations_with(name)
    if not others:
        return unknown(what, name, known)
    under = "timeline: / calls:" if RETRAIN_STATUS_CHECK.name in others else "calls:"
    listed = ", ".join(sorted(known)) or "none"
    return f"{name} is an error of {others}: write it there, under {under}; known here: {listed}"


StatusError = Annotated[str, OneOf("error", RETRAIN_STATUS_CHECK.errors, unknown_error)]
FaultName = Annotated[str, OneOf("fault", tuple(FAULTS))]


def _attached(name: str, info: ValidationInfo) -> str:
    """Read a result file, where a scenario is read."""
    if isinstance(info.context, ScenarioReading):
        try:
            info.context.attach(name)
        except ValueError as error:
            raise wrong(str(error)) from None
    return name


class Result(Record):
    """The file behind ``download_url``: so many rows of invented results, or a file of your own."""

    rows: Annotated[int | None, Field(ge=1, le=MAX_ROWS)] = None
    """So many rows of invented results."""
    file: Annotated[str, AfterValidator(_attached)] | None = None
    """A file beside the scenario, never outside its folder."""
    fails: Annotated[int, Field(ge=0, le=MAX_FAILS)] = 0
    """How many downloads are answered 503 before the file comes."""

    schema_rules: ClassVar[dict[str, Any]] = {
        "oneOf": [{"required": ["rows"]}, {"required": ["file"]}]
    }

    @classmethod
    def rules(cls, data: dict[str, Any]) -> Iterator[tuple[Path, Wrong]]:
        """A result has rows or is a file, not both."""
        if ("rows" in data) == ("file" in data):
            yield (), wrong("result: takes either rows: or file:")


_Generated = Annotated[str, OneOf("result", ("generated",))]


def _result(value: object) -> object:
    if value == "generated":
        return Result(rows=DEFAULT_ROWS)
    if isinstance(value, dict | Result):
        return value
    raise wrong(
        f"result: must be generated, {{rows: 500}} or {{file: result.zip}}; it is {kind_of(value)}"
    )


class Step(LocatedRecord):
    """What every step may have: how long it lasts, and how long each answer is held back."""

    for_: Annotated[Limit | None, Field(alias="for")] = None
    """How long the step lasts: 2 polls, a duration (500ms, 90s, 1h30m), or manual. The last step \
needs none."""
    delay: Delay | None = None
    """How long each answer is held back: 300ms, or drawn by the seed from a range: 100ms..2s."""


class StatusStep(Step):
    """A step that answers a status."""

    status: str
    """The status that is answered. The manual names job_finished alone; any text is allowed."""
    model_id: Whole | None = None
    """A whole number, or a Faker provider: {fake: random_int, min: 1, max: 9999}."""
    message: Words | None = None
    """A text, or a Faker provider: {fake: sentence}."""
    download_url: Words | None = None
    """A URL of your own, or a Faker provider. With result: the mock writes its own."""
    result: (
        Annotated[Result, BeforeValidator(_result, json_schema_input_type=Result | _Generated)]
        | None
    ) = None
    """A file that the mock serves at download_url: generated, {rows: 500} or {file: result.zip}."""

    schema_rules: ClassVar[dict[str, Any]] = {"not": {"required": ["result", "download_url"]}}

    @classmethod
    def rules(cls, data: dict[str, Any]) -> Iterator[tuple[Path, Wrong]]:
        """A result makes the URL itself."""
        if "result" in data and "download_url" in data:
            yield (
                ("download_url",),
                wrong("result: puts its own URL in download_url; keep one of the two", of_key=True),
            )


class ErrorStep(Step):
    """A step that answers a documented error of the status check."""

    error: StatusError
    """A documented error of the status check."""


class FaultStep(Step):
    """A step in which the network fails."""

    fault: FaultName
    """How the network fails."""


_HEADER_NAME: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_SERVERS_HEADERS: Final = ("content-length", "transfer-encoding", "connection")


def _any_case(name: str) -> str:
    """Return a regular expression for a name in whatever case; JSON Schema knows no flags."""
    return "".join(f"[{char.upper()}{char}]" if char.isalpha() else char for char in name)


def _body(value: object) -> object:
    if not isinstance(value, str | dict | list):
        raise wrong(f"body: must be text, a mapping or a list; it is {kind_of(value)}")
    if not isinstance(value, str):
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError, RecursionError):
            what = "has a value that JSON does not know, such as a set or NaN"
            raise wrong(f"body: {what}; what is no JSON can be written as text") from None
    return value


def _no_date(value: object) -> object:
    if isinstance(value, str) and re.search("GMT|[0-9]{4}-[0-9]{2}", value):
        raise wrong(f"{shorten(value)!r} is a date; write how far from now it is, as {{date: 5s}}")
    return value


class RetryDate(Record):
    """``Retry-After`` as an HTTP date, so far from now by the mock's clock."""

    date: Duration
    """So far from now, by the mock's clock."""


class Literal(Record):
    """A literal HTTP answer. A ``body`` that is a mapping or a list is sent as JSON.

    ``retry_after`` writes that header by the mock's clock: in seconds (``30s``), or as a date
    (``{date: 30s}``).
    """

    status_code: Annotated[int, Field(ge=200, le=599)]
    """The HTTP status."""
    headers: Annotated[
        dict[
            str,
            Annotated[
                WrittenText, Field(json_schema_extra={"pattern": "^([!-~]([ -~]*[!-~])?)?$"})
            ],
        ],
        Field(
            json_schema_extra={
                "propertyNames": {
                    "pattern": f"^{_HEADER_NAME}$",
                    "not": {"pattern": f"^({'|'.join(map(_any_case, _SERVERS_HEADERS))})$"},
                }
            }
        ),
    ] = {}
    """The headers. Content-Length is written by the server."""
    body: Annotated[str | dict[str, Any] | list[Any], BeforeValidator(_body)] = ""
    """A text, or a mapping or list that is sent as JSON."""
    retry_after: (
        Annotated[
            Annotated[Duration, BeforeValidator(_no_date), Tag("<seconds>")]
            | Annotated[RetryDate, Tag("<date>")],
            Discriminator(
                lambda value: "<date>" if isinstance(value, dict | RetryDate) else "<seconds>"
            ),
        ]
        | None
    ) = None
    """Writes Retry-After by the mock's clock: in seconds (30s), or as a date ({date: 30s})."""

    schema_rules: ClassVar[dict[str, Any]] = {
        "allOf": [
            {
                "if": {"properties": {"status_code": {"enum": list(BODILESS)}}},
                "then": {"properties": {"body": {"const": ""}}},
            },
            {
                "if": {"required": ["retry_after"]},
                "then": {
                    "properties": {
                        "headers": {
                            "propertyNames": {"not": {"pattern": f"^{_any_case('retry-after')}$"}}
                        }
                    }
                },
            },
        ]
    }

    @classmethod
    def rules(cls, data: dict[str, Any]) -> Iterator[tuple[Path, Wrong]]:
        """Headers must be sendable, and a body must be allowed."""
        headers = data.get("headers")
        for name, value in headers.items() if isinstance(headers, dict) else ():
            if text := _wrong_header(name, has_retry_after="retry_after" in data):
                yield ("headers", name), wrong(text, of_key=True)
            elif isinstance(value, str) and not (
                value.isascii() and value.isprintable() and value == value.strip()
            ):
                what = "a header's value is printable ASCII, no blank at its ends"
                yield ("headers", name), wrong(f"{what}; {name} is {kind_of(value)}")
        body = data.get("body", "")
        is_some = isinstance(body, str | dict | list) and body != ""  # {} is JSON
        if is_some and data.get("status_code") in BODILESS:
            text = f"an answer with status_code {data['status_code']} has no body; leave body: out"
            yield ("body",), wrong(text, of_key=True)

    @property
    def literal_wait(self) -> int | None:
        """The wait that a literal Retry-After header asks for in seconds, in nanoseconds.

        None without one.
        """
        value = next(
            (value for name, value in self.headers.items() if name.lower() == "retry-after"), ""
        )
        return int(value) * SECOND if re.fullmatch("[0-9]{1,9}", value) else None


def _wrong_header(name: str, *, has_retry_after: bool) -> str | None:
    if not re.fullmatch(_HEADER_NAME, name):
        return f"{name!r} is no header name"
    if name.lower() in _SERVERS_HEADERS:
        return f"the server writes {name} itself; see fault: truncated_body"
    if name.lower() == "retry-after" and has_retry_after:
        return "retry_after: writes this header; keep one of the two"
    return None


class ReplyStep(Step):
    """A step that answers what the scenario says, to the letter."""

    reply: Literal
    """A literal HTTP answer."""


KINDS: Final[dict[str, type[Step]]] = {
    "status": StatusStep,
    "error": ErrorStep,
    "reply": ReplyStep,
    "fault": FaultStep,
}
"""The key that makes a step what it is, and its model."""


def tag_of(value: object, kinds: Iterable[str]) -> str:
    """Return the tag of the kind that a mapping or a record is by its keys; else the first."""
    keys = value if isinstance(value, dict) else getattr(value, "field_names", ())
    return f"<{next(filter(keys.__contains__, kinds), None) or next(iter(kinds))}>"


_UNSEEN: Final = Step()
"""Stands for a step that nobody sees, since the whole is refused."""


def _exactly_one(
    value: object, handler: ValidatorFunctionWrapHandler, info: ValidationInfo
) -> Step:
    """Refuse what is no step, or more than one; what else is wrong in it is found all the same."""
    if isinstance(value, Step):
        return value
    reading = Reading.of(info)
    if reading.is_enough:
        return _UNSEEN
    given = [kind for kind in KINDS if kind in value] if isinstance(value, dict) else []
    if len(given) == 1:
        made: Step = handler(value)
        return made
    kinds = ", ".join(KINDS)
    if not isinstance(value, dict):
        reading.failed += 1
        raise wrong(f"a step must be a mapping with one of {kinds}; it is {kind_of(value)}")
    from mock_p1.base.record_reader import all_of, known_keys  # noqa: PLC0415 -- loads pydantic

    reading.failed += 1
    found = f"{', '.join(given)}: make it {len(given)} steps" if given else "none of them"
    models = [KINDS[kind] for kind in given or KINDS]
    problems = [
        ((), wrong(f"a step is one of {kinds}; this one has {found}")),
        *refuse_unknown(value, {key for model in models for key in known_keys(model)}),
    ]
    raise all_of(problems, *(_problems(model, value) for model in (models if given else [Step])))


def _problems(kind: type[Step], value: dict[str, Any]) -> ValidationError | None:
    """Return what is wrong with the keys of ``value`` that this kind of step knows."""
    from pydantic_core import ValidationError  # noqa: PLC0415 -- takes long, and is needed late

    from mock_p1.base.record_reader import known_keys, read_record  # noqa: PLC0415 -- loads pydantic

    try:
        read_record(kind, {key: value[key] for key in known_keys(kind) if key in value})
    except ValidationError as error:
        return error
    return None


AnyStep = Annotated[
    Annotated[StatusStep, Tag("<status>")]
    | Annotated[ErrorStep, Tag("<error>")]
    | Annotated[ReplyStep, Tag("<reply>")]
    | Annotated[FaultStep, Tag("<fault>")],
    Discriminator(lambda value: tag_of(value, KINDS)),
    WrapValidator(_exactly_one),
]
