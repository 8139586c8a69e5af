"""The base of the scenario's models.

Unknown keys named, problems put in our words, all of them at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic.functional_validators import ModelWrapValidatorHandler  # noqa: TC002 -- pydantic reads the annotations
from pydantic.json_schema import SkipJsonSchema  # noqa: TC002 -- pydantic reads the annotations
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema

from mock_p1.base.text import shorten, unknown

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

Path = tuple[str | int, ...]
Wrong = PydanticCustomError

MAX_PROBLEMS: Final = 1000
"""So many problems are named, of one mapping and in all.

Nobody reads on, and near matches take time.
"""


class Located(dict[str, Any]):
    """A mapping that knows where it stands: ``file:line``."""

    __slots__ = ("source",)  # there may be a million of them

    source: str


@dataclass
class Reading:
    """What one validation shares (pydantic's context): how many parts have failed so far."""

    failed: int = 0

    @staticmethod
    def of(info: ValidationInfo) -> Reading:
        """Return what this validation shares; a model made by itself shares nothing."""
        return info.context if isinstance(info.context, Reading) else Reading()

    @property
    def is_enough(self) -> bool:
        """Whether more has failed than anybody reads; what follows need not be looked at."""
        return self.failed > MAX_PROBLEMS


def wrong(text: str, *, of_key: bool = False) -> Wrong:
    """Return a problem with a value, or with the key itself; braces in the text are no template."""
    return Wrong("key" if of_key else "value", "{text}", {"text": text})


def _complete_schema(schema: dict[str, Any], model: type[Strict]) -> None:
    """Add to a model's JSON Schema what its types do not say."""
    if not model.open_keys:
        schema |= {"additionalProperties": False, "patternProperties": {"^x-": {}}}
    schema |= model.schema_rules
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


class Strict(BaseModel):
    """A mapping with a fixed set of keys; those that begin with ``x-`` are ignored."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        strict=True,
        frozen=True,
        extra="ignore",
        populate_by_name=True,
        json_schema_extra=_complete_schema,
    )
    open_keys: ClassVar[bool] = False
    """Whether other keys may stand beside those of the model."""
    schema_rules: ClassVar[dict[str, Any]] = {}
    """What ``rules`` refuses, as far as a JSON Schema can say it."""

    @classmethod
    def known_keys(cls) -> list[str]:
        """Return the keys there are, as they are written in a file."""
        fields = cls.model_fields.items()
        return [field.alias or name for name, field in fields if not field.exclude]

    @classmethod
    def rules(cls, data: dict[str, Any]) -> Iterator[tuple[Path, Wrong]]:  # noqa: ARG003 -- for those who override it
        """Yield what is wrong with the mapping as a whole, each with the path to it."""
        yield from ()

    @model_validator(mode="wrap")
    @classmethod
    def _every_problem_at_once(
        cls,
        data: Any,  # noqa: ANN401 -- whatever the file holds
        handler: ModelWrapValidatorHandler[Self],
        info: ValidationInfo,
    ) -> Self:
        if isinstance(data, cls):
            return data
        reading = Reading.of(info)
        if reading.is_enough:
            # nobody sees it: the whole is refused
            return cls.model_construct()  # type: ignore[return-value]  # -- of pydantic's plugin
        if not isinstance(data, dict):
            keys = ", ".join(cls.known_keys())
            raise wrong(f"must be a mapping with keys out of {keys}; it is {kind_of(data)}")
        unknown_keys = () if cls.open_keys else refuse_unknown(data, cls.known_keys())
        problems = list(
            islice(chain(unknown_keys, cls._empty(data), cls.rules(data)), MAX_PROBLEMS + 1)
        )
        if len(problems) > MAX_PROBLEMS:
            problems[-1] = (
                (),
                wrong(f"more than {MAX_PROBLEMS:,} problems in one mapping; these are the first"),
            )
        try:
            made = handler(cls._with_source(data))
        except ValidationError as error:
            problems += in_our_words(error)
        if problems:
            reading.failed += 1
            raise _raised(cls.__name__, problems)
        return made

    @classmethod
    def _with_source(cls, data: dict[str, Any]) -> dict[str, Any]:
        return data

    @classmethod
    def _empty(cls, data: dict[str, Any]) -> Iterator[tuple[Path, Wrong]]:
        """Yield the keys that could be left out, and were left empty instead."""
        for name, field in cls.model_fields.items():
            key = field.alias or name
            if field.default is None and key in data and data[key] is None:
                text = f"{key}: is empty; give it a value, or leave the key out"
                yield (key,), wrong(text, of_key=True)


class LocatedModel(Strict):
    """A mapping that knows where it stands."""

    source: SkipJsonSchema[str] = Field("scenario", exclude=True, repr=False)
    """``file:line``, or the path of keys where the scenario was not read from a text."""

    @classmethod
    def _with_source(cls, data: dict[str, Any]) -> dict[str, Any]:
        return data | {"source": data.source} if isinstance(data, Located) else data


def all_of(problems: list[tuple[Path, Wrong]], *others: ValidationError | None) -> ValidationError:
    """Return one error that tells the problems, and those of the other errors."""
    found = [*problems, *(problem for error in others if error for problem in in_our_words(error))]
    return _raised("all", found)


def _raised(title: str, problems: list[tuple[Path, Wrong]]) -> ValidationError:
    return ValidationError.from_exception_data(
        title, [InitErrorDetails(type=problem, loc=path, input=None) for path, problem in problems]
    )


def refuse_unknown(data: dict[str, Any], known: Collection[str]) -> Iterator[tuple[Path, Wrong]]:
    """Yield a problem for each key that is not known and does not begin with ``x-``."""
    for key in data:
        if key not in known and not str(key).startswith("x-"):
            yield (str(key),), wrong(unknown("key", str(key), known), of_key=True)


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
    bounds = {
        "greater_than": "must be above {gt:g}",
        "greater_than_equal": "must be at least {ge}",
        "less_than_equal": "must be at most {le}",
        "too_short": "must have at least {min_length} entry",
        "too_long": "must have at most {max_length} entries",
    }
    kinds = {
        "string_type": "must be text",
        "int_type": "must be a whole number",
        "float_type": "must be a number",
        "bool_type": "must be true or false",
        "list_type": "must be a list (lines that begin with '- ')",
        "dict_type": "must be a mapping (key: value)",
    }
    if type_ in kinds:
        hint = (
            "; put it in quotes"
            if type_ == "string_type" and isinstance(given, int | float)
            else ""
        )
        return f"{kinds[type_]}; it is {kind_of(given)}{hint}"
    if type_ in bounds:
        return f"{bounds[type_].format(**context)}; it is {kind_of(given)}"
    return otherwise


def kind_of(value: object) -> str:  # noqa: PLR0911 -- a table
    """Say what a value is, for 'it is …'."""
    match value:
        case None:
            return "empty"
        case bool():
            return str(value).lower()
        case int() | float():
            return f"the number {shorten(str(getattr(value, 'written', value)))}"
        case str():
            return f"the text {shorten(value)!r}"
        case list():
            return f"a list of {len(value)}" if value else "an empty list"
        case Mapping():
            return "a mapping" if value else "an empty mapping"
        case _:
            return f"of type {type(value).__name__}"


@dataclass(frozen=True)
class OneOf:
    """Annotates a text that must be one of ``names``; ``what`` is what the names name."""

    what: str
    names: tuple[str, ...]

    def __get_pydantic_core_schema__(
        self, source: type, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Check before the text itself is checked: whatever stands there is held against names."""
        return core_schema.with_info_before_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Let editors offer the names."""
        return {**handler(schema), "enum": list(self.names)}

    def _check(self, name: object, info: ValidationInfo) -> object:
        if isinstance(name, str) and name in self.names:
            return name
        reading = Reading.of(info)
        if reading.is_enough:
            return self.names[0]
        reading.failed += 1
        if not isinstance(name, str):
            raise wrong(f"must be one of {', '.join(self.names)}; it is {kind_of(name)}")
        raise wrong(unknown(self.what, name, self.names))


def as_written(value: object) -> object:
    """Return a number as it was written in the file; anything else as it is."""
    return getattr(value, "written", value)


def _text_as_written(value: object, info: ValidationInfo) -> object:
    text, reading = as_written(value), Reading.of(info)
    if reading.is_enough:
        return ""
    reading.failed += not isinstance(text, str)
    return text


WrittenText = Annotated[
    str, BeforeValidator(_text_as_written, json_schema_input_type=str | int | float)
]
"""Text, or a number taken as it was written."""
