"""pydantic's models of records, for the JSON Schema.

Whoever imports this loads pydantic; whatever a poll needs, or a file that is checked, does not.
"""

from __future__ import annotations

from copy import deepcopy
from types import UnionType
from typing import (
    Annotated,
    Any,
    ClassVar,
    Final,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

import pydantic
from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, TypeAdapter, create_model
from pydantic_core import CoreSchema, core_schema

from mock_p1.base.record import Later, Record
from mock_p1.base.record_reader import once_for_each, read


def adapter_of(kind: type[Record]) -> TypeAdapter[Any]:
    """Return what knows the JSON Schema of a record."""
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


@once_for_each
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
        """Read it as everywhere; its model tells the JSON Schema."""
        return core_schema.with_info_wrap_validator_function(
            lambda data, _, info: read(kind, data, info), handler.generate_schema(model_of(kind))
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
