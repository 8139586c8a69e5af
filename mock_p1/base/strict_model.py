"""pydantic's models of records: every problem at once, in our words.

Whoever imports this loads pydantic; whatever a poll needs does not.
"""

from __future__ import annotations

from copy import deepcopy
from functools import cache, partial
from itertools import islice
from types import UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Final,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

import pydantic
from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    create_model,
)
from pydantic_core import CoreSchema, InitErrorDetails, core_schema

from mock_p1.base.record import (
    MAX_PROBLEMS,
    Later,
    Located,
    LocatedRecord,
    Path,
    Reading,
    Record,
)
from mock_p1.base.rules import kind_of, refuse_unknown, wrong

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mock_p1.base.record import Wrong


AnyRecord = TypeVar("AnyRecord", bound=Record)
_Function = TypeVar("_Function", bound="Callable[..., Any]")


def _once_for_each(function: _Function) -> _Function:
    """Return what ``cache`` does, by its own type: mypy takes no class for hashable."""
    return cast("_Function", cache(function))


def read_record(kind: type[AnyRecord], data: object, context: object = None) -> AnyRecord:
    """Return the record that data makes; ValidationError with every problem."""
    return cast("AnyRecord", adapter_of(kind).validate_python(data, context=context))


@_once_for_each
def adapter_of(kind: type[Record]) -> TypeAdapter[Any]:
    """Return what reads records of this kind."""
    return TypeAdapter(_real(kind))


class RecordModel(BaseModel):
    """What pydantic reads before it is a record."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        strict=True,
        extra="ignore",
        defer_build=True,
        json_schema_extra=lambda schema, model: _complete_schema(schema, model.record),
    )
    record: ClassVar[type[Record]]


@_once_for_each
def model_of(kind: type[Record]) -> type[RecordModel]:
    """Return the model of a record: its keys, as the annotations say them."""
    hints = get_type_hints(kind, localns={"JsonValue": pydantic.JsonValue}, include_extras=True)
    fields = {
        name: (_real(hints[name]), _default(getattr(kind, name, ...)))
        for name in kind.field_names
        if name not in ("source", "beside")
    }
    model: type[RecordModel] = create_model(
        kind.__name__,
        __base__=RecordModel,
        __module__=kind.__module__,
        __doc__=kind.__doc__,
        **cast("dict[str, Any]", fields),
    )
    model.record = kind
    return model


@_once_for_each
def known_keys(kind: type[Record]) -> dict[str, str]:
    """Return the keys there are, as they are written in a file, and the name of each here."""
    return {field.alias or name: name for name, field in model_of(kind).model_fields.items()}


@_once_for_each
def _never_empty(kind: type[Record]) -> tuple[str, ...]:
    """Return the keys that can be left out, and cannot be left empty instead."""
    fields = model_of(kind).model_fields.items()
    return tuple(field.alias or name for name, field in fields if field.default is None)


def _default(value: object) -> Any:  # noqa: ANN401 -- pydantic's
    """Return a default as pydantic takes it: a record is no JSON, and is not shown."""
    return pydantic.Field(default_factory=lambda: value) if isinstance(value, Record) else value


def _real(hint: Any) -> Any:  # noqa: ANN401 -- a type, or what is said of one
    """Return a type in which everything of pydantic's is pydantic's own."""
    if isinstance(hint, dict):  # a schema, into which pydantic before 2.11 writes a field's default
        return deepcopy(hint)
    if isinstance(hint, Later):
        named = {name: _real(value) for name, value in hint.named.items()}
        return getattr(pydantic, hint.name)(*map(_real, hint.args), **named)
    origin, inner = get_origin(hint), tuple(map(_real, get_args(hint)))
    if isinstance(hint, type) and issubclass(hint, Record):
        return Annotated[hint, AS_RECORD]
    if origin is None or not inner:
        return hint
    return (Union if origin is UnionType else origin)[inner]


class _AsRecord:
    """Annotates a kind of record, which pydantic does not know, with how it is read."""

    def __get_pydantic_core_schema__(
        self, kind: type[Record], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Read it by its model."""
        return core_schema.with_info_wrap_validator_function(
            partial(_read, kind), handler.generate_schema(model_of(kind))
        )


AS_RECORD: Final = _AsRecord()
"""What stands beside a record in an annotation of pydantic's."""


def _complete_schema(schema: dict[str, Any], kind: type[Record]) -> None:
    """Add to a record's JSON Schema what its types do not say."""
    if "beside" in kind.field_names:
        schema |= {"additionalProperties": True}
    else:
        schema |= {"additionalProperties": False, "patternProperties": {"^x-": {}}}
    schema |= kind.schema_rules
    for key, allowed in schema.get("properties", {}).items():  # a key is left out, never left empty
        kinds = [kind for kind in allowed.get("anyOf", ()) if kind != {"type": "null"}]
        if len(kinds) < len(allowed.get("anyOf", ())):
            rest = {
                name: value for name, value in allowed.items() if name not in ("anyOf", "default")
            }
            schema["properties"][key] = {
                **(kinds[0] if len(kinds) == 1 else {"anyOf": kinds}),
                **rest,
            }


def _read(
    kind: type[Record],
    data: Any,  # noqa: ANN401 -- whatever the file holds
    handler: ValidatorFunctionWrapHandler,
    info: ValidationInfo,
) -> Record:
    if isinstance(data, kind):
        return data
    reading = Reading.of(info)
    if reading.is_enough:
        return kind.of({})  # nobody sees it: the whole is refused
    if not isinstance(data, dict):
        listed = ", ".join(known_keys(kind))
        raise wrong(f"must be a mapping with keys out of {listed}; it is {kind_of(data)}")
    problems = list(islice(_problems_of(kind, data), MAX_PROBLEMS + 1))
    if len(problems) > MAX_PROBLEMS:
        problems[-1] = (
            (),
            wrong(f"more than {MAX_PROBLEMS:,} problems in one mapping; these are the first"),
        )
    try:
        made: BaseModel = handler(data)
    except ValidationError as error:
        problems += in_our_words(error)
    if problems:
        reading.failed += 1
        raise _raised(kind.__name__, problems)
    keys, read = known_keys(kind), vars(made)
    values = {name: read[name] for key, name in keys.items() if key in data}
    if "beside" in kind.field_names:
        values["beside"] = {key: value for key, value in data.items() if key not in keys}
    if isinstance(data, Located) and issubclass(kind, LocatedRecord):
        values["source"] = data.source
    return kind.of(values)


def _problems_of(kind: type[Record], data: dict[str, Any]) -> Iterator[tuple[Path, Wrong]]:
    """Yield what is wrong with a mapping as a whole: keys unknown or left empty, and its rules."""
    keys = known_keys(kind)
    if "beside" not in kind.field_names and not data.keys() <= keys.keys():
        yield from refuse_unknown(data, keys)
    if None in data.values():
        for key in _never_empty(kind):
            if key in data and data[key] is None:
                text = f"{key}: is empty; give it a value, or leave the key out"
                yield (key,), wrong(text, of_key=True)
    yield from kind.rules(data)


def all_of(problems: list[tuple[Path, Wrong]], *others: ValidationError | None) -> ValidationError:
    """Return one error that tells the problems, and those of the other errors."""
    found = [*problems, *(problem for error in others if error for problem in in_our_words(error))]
    return _raised("all", found)


def _raised(title: str, problems: list[tuple[Path, Wrong]]) -> ValidationError:
    return ValidationError.from_exception_data(
        title, [InitErrorDetails(type=problem, loc=path, input=None) for path, problem in problems]
    )


def in_our_words(error: ValidationError) -> Iterator[tuple[Path, Wrong]]:
    """Yield every problem with the path to it, in the words of this project."""
    for detail in error.errors(include_url=False):
        path = tuple(detail["loc"])
        if detail["type"] in ("key", "value"):
            yield path, wrong(detail["msg"], of_key=detail["type"] == "key")
        elif detail["type"] == "missing":
            yield path[:-1], wrong(f"the key {path[-1]!r} is missing")
        else:
            yield (
                path,
                wrong(
                    _sentence(detail["type"], detail.get("ctx", {}), detail["input"], detail["msg"])
                ),
            )


def _sentence(type_: str, context: dict[str, Any], given: object, otherwise: str) -> str:
    sentences = {
        "greater_than": "must be above {gt:g}",
        "greater_than_equal": "must be at least {ge}",
        "less_than_equal": "must be at most {le}",
        "too_short": "must have at least {min_length} entry",
        "too_long": "must have at most {max_length} entries",
        "string_type": "must be text",
        "int_type": "must be a whole number",
        "float_type": "must be a number",
        "bool_type": "must be true or false",
        "list_type": "must be a list (lines that begin with '- ')",
        "dict_type": "must be a mapping (key: value)",
    }
    if type_ not in sentences:
        return otherwise
    is_number = type_ == "string_type" and isinstance(given, int | float)
    hint = "; put it in quotes" if is_number else ""
    return f"{sentences[type_].format(**context)}; it is {kind_of(given)}{hint}"
