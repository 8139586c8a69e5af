"""The base of the scenario's models.

Unknown keys named, problems put in our words, all of them at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Self

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

from mock_p1.base.text import shorten, unknown

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

Path = tuple[str | int, ...]
Wrong = PydanticCustomError

MAX_PROBLEMS: Final = 1000
"""So many unknown keys and broken rules of one mapping are named.

Nobody reads on, and near matches take time.
"""


def wrong(text: str, *, of_key: bool = False) -> Wrong:
    """Return a problem with a value, or with the key itself; braces in the text are no template."""
    return Wrong("key" if of_key else "value", "{text}", {"text": text})


def _unknown_keys_refused(schema: dict[str, Any]) -> None:
    schema["additionalProperties"] = False
    schema["patternProperties"] = {"^x-": {}}
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

    model_config = ConfigDict(
        strict=True,
        frozen=True,
        extra="ignore",
        populate_by_name=True,
        json_schema_extra=_unknown_keys_refused,
    )
    open_keys: ClassVar[bool] = False

    @classmethod
    def known_keys(cls) -> list[str]:
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
            raise wrong(
                f"must be a mapping with keys out of {', '.join(cls.known_keys())}; it is {kind_of(data)}"
            )
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
            made = handler(data)
        except ValidationError as error:
            problems += in_our_words(error)
        if problems:
            raise _raised(cls.__name__, problems)
        return made

    @classmethod
    def _empty(cls, data: dict[str, Any]) -> Iterator[tuple[Path, Wrong]]:
        """Yield the keys that could be left out, and were left empty instead."""
        for name, field in cls.model_fields.items():
            key = field.alias or name
            if field.default is None and key in data and data[key] is None:
                yield (
                    (key,),
                    wrong(f"{key}: is empty; give it a value, or leave the key out", of_key=True),
                )


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
            return f"a list of {len(value)}" if value else "an empty list"
        case _:
            return "a mapping" if value else "an empty mapping"


@dataclass(frozen=True)
class OneOf:
    """Annotates a text that must be one of ``names``; ``what`` is what the names name."""

    what: str
    names: tuple[str, ...]

    def __get_pydantic_core_schema__(
        self, source: type, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Check before the text itself is checked, so that whatever stands there is held against the names."""
        return core_schema.no_info_before_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Let editors offer the names."""
        return {**handler(schema), "enum": list(self.names)}

    def _check(self, name: object) -> object:
        if not isinstance(name, str):
            raise wrong(f"must be one of {', '.join(self.names)}; it is {kind_of(name)}")
        if name not in self.names:
            raise wrong(unknown(self.what, name, self.names))
        return name


def as_written(value: object) -> object:
    """Return a number as it was written in the file; anything else as it is."""
    return getattr(value, "written", value)


WrittenText = Annotated[str, BeforeValidator(as_written, json_schema_input_type=str | int | float)]
"""Text, or a number taken as it was written."""
