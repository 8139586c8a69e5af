"""Reads records by pydantic's validators: every problem at once, in our words.

What a record's annotations say is put together for pydantic's core here: to load pydantic itself
and have it make models takes as long as to check five thousand steps. ``strict_model`` makes models
all the same, for the JSON Schema and for who has a record in a model.
"""

from __future__ import annotations

from functools import cache, partial
from inspect import signature
from itertools import chain, islice
from types import NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Final,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from pydantic_core import InitErrorDetails, SchemaValidator, ValidationError, core_schema

from mock_p1.base.record import (
    MAX_PROBLEMS,
    Later,
    Located,
    LocatedRecord,
    Path,
    Reading,
    Record,
    Wrong,
)
from mock_p1.base.rules import kind_of, refuse_unknown, wrong

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pydantic import ValidationInfo

AnyRecord = TypeVar("AnyRecord", bound=Record)
_Function = TypeVar("_Function", bound="Callable[..., Any]")

_STRICT: Final = core_schema.CoreConfig(strict=True)
_SIMPLE: Final[dict[Any, Callable[[], Any]]] = {
    Any: core_schema.any_schema,
    bool: core_schema.bool_schema,
    int: core_schema.int_schema,
    str: core_schema.str_schema,
}
_BOUNDS: Final = ("ge", "le", "min_length")


def once_for_each(function: _Function) -> _Function:
    """Return what ``cache`` does, by its own type: mypy takes no class for hashable."""
    return cast("_Function", cache(function))


def read_record(kind: type[AnyRecord], data: object, context: object = None) -> AnyRecord:
    """Return the record that data makes; ValidationError with every problem."""
    return cast("AnyRecord", _reader(kind).validate_python(data, context=context))


@once_for_each
def _reader(kind: type[Record]) -> SchemaValidator:
    return SchemaValidator(_schema(kind))


@once_for_each
def _fields(kind: type[Record]) -> dict[str, tuple[str, Any]]:
    """Return the keys there are, as they are written in a file; of each its name here, its type."""
    hints = get_type_hints(kind, localns={"JsonValue": Later("JsonValue")}, include_extras=True)
    found = {}
    for name in kind.field_names:
        if name not in ("source", "beside"):
            notes = get_args(hints[name])[1:] if get_origin(hints[name]) is Annotated else ()
            said = [note.named for note in notes if isinstance(note, Later)]
            key = next((named["alias"] for named in said if "alias" in named), name)
            found[key] = (name, hints[name])
    return found


@once_for_each
def known_keys(kind: type[Record]) -> dict[str, str]:
    """Return the keys there are, as they are written in a file, and the name of each here."""
    return {key: name for key, (name, _) in _fields(kind).items()}


@once_for_each
def validator_of(kind: type[Record]) -> SchemaValidator:
    """Return what reads a record's keys, once it is known for a mapping."""
    fields = {
        name: core_schema.typed_dict_field(
            _schema(hint), required=not hasattr(kind, name), validation_alias=key
        )
        for key, (name, hint) in _fields(kind).items()
    }
    return SchemaValidator(core_schema.typed_dict_schema(fields, config=_STRICT))


def _schema(hint: Any) -> Any:  # noqa: ANN401, PLR0911 -- a table: a type, and its schema
    """Return what pydantic makes of a type, as far as records have it."""
    origin, inner = get_origin(hint), get_args(hint)
    if isinstance(hint, Later):
        return core_schema.no_info_plain_validator_function(_json_value)
    if origin is Annotated:
        made = _schema(inner[0])
        for note in inner[1:]:
            made = _with(note, made, inner[0])
        return made
    if origin is list:
        return core_schema.list_schema(_schema(inner[0]))
    if origin is dict:
        return core_schema.dict_schema(*map(_schema, inner))
    if origin in (Union, UnionType):
        choices = [_schema(each) for each in inner if each is not NoneType]
        made = choices[0] if len(choices) == 1 else core_schema.union_schema(choices)
        return core_schema.nullable_schema(made) if NoneType in inner else made
    if isinstance(hint, type) and issubclass(hint, Record):
        return core_schema.with_info_plain_validator_function(partial(read, hint))
    return _SIMPLE[hint]() if hint in _SIMPLE else None  # which has a plain validator beside it


def _with(note: Any, made: Any, of: Any) -> Any:  # noqa: ANN401 -- likewise
    """Return the schema of a type of which something is said beside it."""
    if not isinstance(note, Later):
        return note.__get_pydantic_core_schema__(of, lambda _: made)
    if note.name == "Field":
        bounded = made["schema"] if made["type"] == "nullable" else made
        bounded.update({name: note.named[name] for name in _BOUNDS if name in note.named})
    if note.name == "Discriminator":
        tags = (get_args(each)[-1].args[0] for each in get_args(of))
        choices = dict(zip(tags, made["choices"], strict=True))
        return core_schema.tagged_union_schema(choices, note.args[0])
    if not note.name.endswith("Validator"):  # Field too; the others are for the JSON Schema alone
        return made
    when, (function,) = note.name.removesuffix("Validator").lower(), note.args
    given = len(signature(function).parameters) - (when == "wrap")
    make = "_".join(("with" if given > 1 else "no", "info", when, "validator", "function"))
    return getattr(core_schema, make)(function, *(() if when == "plain" else (made,)))


def _json_value(value: object) -> object:
    from pydantic import JsonValue, TypeAdapter  # noqa: PLC0415 -- takes long, and is seldom needed

    return TypeAdapter(JsonValue).validate_python(value, strict=True)


def read(
    kind: type[Record],
    data: Any,  # noqa: ANN401 -- whatever the file holds
    info: ValidationInfo,
) -> Record:
    """Return the record that data makes, as a validator does; ValidationError as above."""
    if isinstance(data, kind):
        return data
    reading = Reading.of(info)
    if reading.is_enough:
        return kind.of({})  # nobody sees it: the whole is refused
    if not isinstance(data, dict):
        listed = ", ".join(known_keys(kind))
        raise wrong(f"must be a mapping with keys out of {listed}; it is {kind_of(data)}")
    keys, found = known_keys(kind), kind.rules(data)
    if None in data.values() or not data.keys() <= keys.keys():
        found = chain(_wrong_keys(kind, data), found)
    problems = [*islice(found, MAX_PROBLEMS + 1)]
    if len(problems) > MAX_PROBLEMS:
        problems[-1] = (
            (),
            wrong(f"more than {MAX_PROBLEMS:,} problems in one mapping; these are the first"),
        )
    try:
        values: dict[str, Any] = validator_of(kind).validate_python(data, context=info.context)
    except ValidationError as error:
        problems += in_our_words(error)
    if problems:
        reading.failed += 1
        raise _raised(kind.__name__, problems)
    if "beside" in kind.field_names:
        values["beside"] = {key: value for key, value in data.items() if key not in keys}
    if isinstance(data, Located) and issubclass(kind, LocatedRecord):
        values["source"] = data.source
    return kind.of(values)


def _wrong_keys(kind: type[Record], data: dict[str, Any]) -> Iterator[tuple[Path, Wrong]]:
    """Yield what is wrong with the keys of a mapping: unknown, or left empty."""
    keys = known_keys(kind)
    if "beside" not in kind.field_names:
        yield from refuse_unknown(data, keys)
    for key, name in keys.items():
        if getattr(kind, name, ...) is None and key in data and data[key] is None:
            text = f"{key}: is empty; give it a value, or leave the key out"
            yield (key,), wrong(text, of_key=True)


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
