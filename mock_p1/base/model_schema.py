"""JSON Schemas of pydantic models in which the sentence below a field describes it."""

from __future__ import annotations

import ast
import inspect
import sys
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic.json_schema import GenerateJsonSchema

if TYPE_CHECKING:
    from pydantic_core import core_schema


class ModelSchema(GenerateJsonSchema):
    """Makes JSON Schemas without titles made of the keys' names, and without null as a default.

    Editors would show these before our sentences. The sentences are read from the source here:
    pydantic would do so for every class at import, and a start would take longer.
    """

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401, ARG002 -- pydantic's signature
        """Return whether a field has a title: none."""
        return False

    def default_schema(self, schema: Any) -> dict[str, Any]:  # noqa: ANN401 -- pydantic's signature
        """Return the schema of a value that may be left out."""
        made = super().default_schema(schema)
        return {key: value for key, value in made.items() if key != "default" or value is not None}

    def dict_schema(self, schema: core_schema.DictSchema) -> dict[str, Any]:
        """Return the schema of a mapping; of any values too, as pydantic from 2.11 on says it."""
        made = super().dict_schema(schema)
        return made if "patternProperties" in made else {"additionalProperties": True, **made}

    def model_schema(self, schema: core_schema.ModelSchema) -> dict[str, Any]:
        """Return the schema of a model."""
        made = super().model_schema(schema)
        shown: dict[str, Any] = made.get("properties", {})
        sentences: dict[str, str] = {}
        described = getattr(schema["cls"], "record", schema["cls"])
        for base in reversed(described.__mro__):
            sentences |= _sentences(base.__module__).get(base.__qualname__, {})
        for name, field in schema["cls"].model_fields.items():
            for key in {name, field.alias, field.serialization_alias} & shown.keys():
                if name in sentences:
                    shown[key]["description"] = sentences[name]
                if isinstance(field.json_schema_extra, dict):
                    shown[key] |= field.json_schema_extra  # pydantic 2.10: a default went before it
        return made


@cache
def _sentences(module: str) -> dict[str, dict[str, str]]:
    """Return the sentence below each field of each class of a module of this package."""
    if module.partition(".")[0] != __name__.partition(".")[0]:
        return {}
    try:
        tree = ast.parse(inspect.getsource(sys.modules[module]))
    except OSError:  # only what Python compiled is installed
        return {}
    return {
        node.name: {
            field.target.id: inspect.cleandoc(below.value.value)
            for field, below in zip(node.body, node.body[1:], strict=False)
            if isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
            and isinstance(below.value.value, str)
        }
        for node in tree.body
        if isinstance(node, ast.ClassDef)
    }
