"""``calls:``, how the operations beside the status check answer; each has a timeline of its own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final

from mock_p1.base.duration_field import SOME_TIME_PATTERN, span_in
from mock_p1.base.record import (
    BeforeValidator,
    Discriminator,
    Field,
    LocatedRecord,
    Path,
    PlainValidator,
    Reading,
    Tag,
    WithJsonSchema,
    Wrong,
)
from mock_p1.base.rules import OneOf, kind_of, wrong
from mock_p1.base.text import shorten, unknown
from mock_p1.contract.operations import OPERATIONS, RETRAIN_STATUS_CHECK
from mock_p1.scenario.step_length import (
    MAX_DIGITS,
    MAX_POLLS,
    SO_MANY_PATTERN,
    Delay,
    Stage,
    so_many,
)
from mock_p1.scenario.steps import FaultName, Literal, tag_of, unknown_error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import ValidationInfo
    from pydantic.config import JsonDict, JsonValue


_CALLS = re.compile(rf"([0-9]{{1,{MAX_DIGITS}}}) *(calls?|polls?)")
_ONE_POLL: Final = rf"(?![0-9]{{{MAX_DIGITS + 1}}})0*1 *polls?"
_HOW_LONG: Final = (
    "a number of calls (2 calls), a duration (500ms, 90s, 1h30m), 1 poll (until the job is polled "
    "again) or manual"
)
_UNTIL_POLLED: Final = [
    name
    for name, each in OPERATIONS.items()
    if each.has_job and not (each.polled or each.body == "file")
]
"""The operations of which an element may last until the job is polled again: it can be."""


def _length(value: object) -> Stage:
    """Return how long an element of ``calls:`` lasts."""
    if isinstance(value, Stage):
        return value
    if not isinstance(value, str):
        raise wrong(f"for: must be {_HOW_LONG}; it is {kind_of(value)}")
    text = value.strip()
    if text == "manual":
        return Stage()
    if found := _CALLS.fullmatch(text):
        if not 1 <= int(found[1]) <= MAX_POLLS:
            raise wrong(f"for: {text} can never be; write at least 1 call, at most {MAX_POLLS:,}")
        if not found[2].startswith("poll"):
            return Stage(polls=int(found[1]))
        if int(found[1]) > 1:
            raise _counts_polls(text, found[1])
        return Stage(until_poll=True)
    lasts_ns = span_in(
        text,
        lambda: f"for: {shorten(text)!r} is not {_HOW_LONG}",
        nothing=f"for: {shorten(text)} can never be; an element lasts longer than nothing",
    )
    return Stage(lasts_ns=lasts_ns)


def _counts_polls(text: str, number: str) -> Wrong:
    calls, names = so_many(number, "call"), ", ".join(_UNTIL_POLLED)
    return wrong(
        f"for: {text} counts polls; under calls: write {calls}; 1 poll (until the job is polled "
        f"again) is for {names}"
    )


_Length = Annotated[
    Stage,
    PlainValidator(_length),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": (
                rf"^\s*(manual|{SO_MANY_PATTERN} *calls?|{_ONE_POLL}|{SOME_TIME_PATTERN})\s*$"
            ),
        }
    ),
]


class CallStep(LocatedRecord):
    """One element of an operation's timeline."""

    for_: Annotated[_Length | None, Field(alias="for")] = None
    """How long it lasts: 2 calls, a duration (90s), 1 poll (until the job is polled again) or \
manual. The last element needs none."""

    delay: Delay | None = None
    """How long each answer is held back: 300ms, or drawn by the seed from a range: 100ms..2s."""


class OkCall(CallStep):
    """The operation succeeds, as far as the state of the job lets it."""

    ok: Annotated[bool, Field(json_schema_extra={"const": True})] = True
    """Success; written ok, or {ok: true, for: 2 calls}."""

    schema_rules: ClassVar[dict[str, Any]] = {"required": ["ok"]}

    @classmethod
    def rules(cls, data: dict[str, Any]) -> Iterator[tuple[Path, Wrong]]:
        """There is no other ok."""
        if data.get("ok") is not True:
            yield ("ok",), wrong(f"must be true; it is {kind_of(data.get('ok'))}")


class _Failing(CallStep):
    done: bool = False
    """Whether the act is done and only its answer is lost; left out, nothing is done."""


class ErrorCall(_Failing):
    """The operation answers one of its documented errors."""

    error: str
    """An error that the operation documents."""


class ReplyCall(_Failing):
    """The operation answers to the letter what the scenario says."""

    reply: Literal
    """A literal HTTP answer."""


class FaultCall(_Failing):
    """The network fails."""

    fault: FaultName
    """How the network fails."""


KINDS: Final[dict[str, type[CallStep]]] = {
    "ok": OkCall,
    "error": ErrorCall,
    "reply": ReplyCall,
    "fault": FaultCall,
}
"""The key that makes an element what it is, and its model."""


def _element(value: object, info: ValidationInfo) -> object:
    """Refuse what is no element, or more than one."""
    reading = Reading.of(info)
    if value == "ok" or reading.is_enough:
        return {"ok": True}
    kinds = ", ".join(KINDS)
    if isinstance(value, CallStep):
        return value
    if not isinstance(value, dict):
        reading.failed += 1
        raise wrong(f"must be ok, or a mapping with one of {kinds}; it is {kind_of(value)}")
    given = [kind for kind in KINDS if kind in value]
    if len(given) != 1:
        reading.failed += 1
        found = f"{', '.join(given)}: make it {len(given)}" if given else "none of them"
        raise wrong(f"an element of calls: is one of {kinds}; this one has {found}")
    return value


_Mapping = Annotated[
    Annotated[OkCall, Tag("<ok>")]
    | Annotated[ErrorCall, Tag("<error>")]
    | Annotated[ReplyCall, Tag("<reply>")]
    | Annotated[FaultCall, Tag("<fault>")],
    Discriminator(lambda value: tag_of(value, KINDS)),
]
_Ok = Annotated[str, OneOf("element", ("ok",))]
AnyCall = Annotated[_Mapping, BeforeValidator(_element, json_schema_input_type=_Mapping | _Ok)]
CallTimeline = Annotated[list[AnyCall], Field(min_length=1)]


def call_names(*, of_job: bool = False) -> list[str]:
    """Return the operations that may stand under ``calls:``; the status check has its timeline.

    ``of_job`` leaves out those that are about no job.
    """
    return [
        name
        for name, operation in OPERATIONS.items()
        if name != RETRAIN_STATUS_CHECK.name and (operation.has_job or not of_job)
    ]


def calls_schema(*, of_job: bool = False) -> JsonDict:
    """Return what a schema says of ``calls:``: the operations, and the errors of each."""
    names = call_names(of_job=of_job)
    elements: dict[str, JsonValue] = {}
    for name in names:
        errors = OPERATIONS[name].errors
        said: JsonDict = {"error": {"enum": [*errors]} if errors else False}
        if name not in _UNTIL_POLLED:
            said["for"] = {"not": {"pattern": "poll"}}
        elements[name] = {"items": {"properties": said}}
    return {"propertyNames": {"enum": [*names]}, "allOf": [{"properties": elements}]}


def wrong_calls(calls: object, *, of_job: bool) -> Iterator[tuple[Path, Wrong]]:
    """Yield what is wrong with a mapping under ``calls:``, beside what its elements say.

    ``of_job`` tells that it stands under one job, where only operations with a job have a place.
    """
    for name, elements in calls.items() if isinstance(calls, dict) else ():
        if name == RETRAIN_STATUS_CHECK.name:
            text = f"{name} is answered by the job's timeline:; write its errors and faults there"
            yield ("calls", name), wrong(text, of_key=True)
        elif name not in OPERATIONS:
            yield ("calls", name), wrong(unknown("operation", str(name), call_names()), of_key=True)
        elif of_job and not OPERATIONS[name].has_job:
            text = f"{name} is about no job; write it under the calls: of the whole scenario"
            yield ("calls", name), wrong(text, of_key=True)
        elif isinstance(elements, list):
            yield from _wrong_elements(name, elements)


def _wrong_elements(name: str, elements: list[object]) -> Iterator[tuple[Path, Wrong]]:
    errors = OPERATIONS[name].errors
    for index, element in enumerate(elements):
        path = ("calls", name, index)
        data = element if isinstance(element, dict) else {}
        error, length = data.get("error"), str(data.get("for")).strip()
        if name not in _UNTIL_POLLED and re.fullmatch(_ONE_POLL, length):
            yield (*path, "for"), _counts_polls(length, "1")
        if isinstance(error, str) and error not in errors:
            known = unknown_error(f"error of {name}", error, errors)
            yield (*path, "error"), wrong(f"{known}; anything else is written as reply:")
        if index < len(elements) - 1 and "for" not in data and (data or element == "ok"):
            text = "for: is missing; every element but the last says how long it lasts: 1 call, 90s"
            yield path, wrong(text)
