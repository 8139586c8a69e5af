"""The base of the scenario's models: unknown keys named, problems put in our words, all of them at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema

from mock_p1.core.problems import shorten, unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

Path = tuple[str | int, ...]


Wrong = PydanticCustomError


def wrong(text: str, *, of_key: bool = False) -> Wrong:
    """Return a problem with a value, or with the key itself; braces in the text are no template."""
    return Wrong("key" if of_key else "value", "{text}", {"text": text})


def _unknown_keys_refused(schema: dict[str, Any]) -> None:
    schema["additionalProperties"] = False
    schema["patternProperties"] = {"^x-": {}}


class Strict(BaseModel):
    """A mapping with a fixed set of keys; those that begin with ``x-`` are ignored."""

    model_config = ConfigDict(
        strict=True, frozen=True, extra="ignore", populate_by_name=True, json_schema_extra=_unknown_keys_refused
    )
    open_keys: ClassVar[bool] = False

    @classmethod
    def keys(cls) -> list[str]:
        """Return the keys there are, as they are written in a file."""
        return [field.alias or name for name, field in cls.model_fields.items()]

    @classmethod
    def rules(cls, data: dict[str, Any]) -> Iterator[tuple[Path, Wrong]]:  # noqa: ARG003 -- for those who override it
        """Yield what is wrong with the mapping as a whole, each with the path to it."""
        yield from ()

    @model_validator(mode="wrap")
    @classmethod
    def _every_problem_at_once(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:  # noqa: ANN401 -- whatever the file holds
        if isinstance(data, cls):
            return data
        if not isinstance(data, dict):
            raise wrong(f"must be a mapping with keys out of {', '.join(cls.keys())}; it is {kind_of(data)}")
        problems: list[tuple[Path, Wrong]] = [] if cls.open_keys else list(_unknown_keys(cls.keys(), data))
        problems += cls.rules(data)
        try:
            made = handler(data)
        except ValidationError as error:
            problems += _in_our_words(error)
        if problems:
            raise ValidationError.from_exception_data(
                cls.__name__, [InitErrorDetails(type=problem, loc=path, input=None) for path, problem in problems]
            )
        return made


def _unknown_keys(known: list[str], data: dict[str, Any]) -> Iterator[tuple[Path, Wrong]]:
    for key in data:
        if key not in known and not str(key).startswith("x-"):
            yield (str(key),), wrong(unknown("key", str(key), known), of_key=True)


def _in_our_words(error: ValidationError) -> Iterator[tuple[Path, Wrong]]:
    for detail in error.errors(include_url=False):
        path = tuple(detail["loc"])
        if detail["type"] in ("key", "value"):
            yield path, wrong(detail["msg"], of_key=detail["type"] == "key")
        elif detail["type"] == "missing":
            yield path[:-1], wrong(f"the key {path[-1]!r} is missing")
        else:
            yield path, wrong(_sentence(detail["type"], detail.get("ctx", {}), detail["input"], detail["msg"]))


def _sentence(type_: str, context: dict[str, Any], given: object, otherwise: str) -> str:
    bounds = {
        "greater_than_equal": "must be at least {ge}",
        "less_than_equal": "must be at most {le}",
        "too_short": "must have at least {min_length} entry",
        "too_long": "must have at most {max_length} entries",
    }
    kinds = {
        "string_type": "must be text",
        "int_type": "must be a whole number",
        "bool_type": "must be true or false",
        "list_type": "must be a list (lines that begin with '- ')",
        "dict_type": "must be a mapping (key: value)",
    }
    if type_ in kinds:
        hint = "; put it in quotes" if type_ == "string_type" and isinstance(given, int | float) else ""
        return f"{kinds[type_]}; it is {kind_of(given)}{hint}"
    if type_ in bounds:
        return f"{bounds[type_].format(**context)}; it is {kind_of(given)}"
    return otherwise


def kind_of(value: object) -> str:
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
            return "an empty list" if not value else f"a list of {len(value)}"
        case _:
            return "a mapping"


@dataclass(frozen=True)
class OneOf:
    """Annotates a text that must be one of ``names``; ``what`` is what the names name."""

    what: str
    names: tuple[str, ...]

    def __get_pydantic_core_schema__(self, source: type, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Check after the text itself was checked."""
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Let editors offer the names."""
        return {**handler(schema), "enum": list(self.names)}

    def _check(self, name: str) -> str:
        if name not in self.names:
            raise wrong(unknown(self.what, name, self.names))
        return name


def _as_written(value: object) -> object:
    return getattr(value, "written", value)


WrittenText = Annotated[str, BeforeValidator(_as_written, json_schema_input_type=str | int | float)]
"""Text, or a number taken as it was written."""
