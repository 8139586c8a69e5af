"""The JSON Schema of scenario files.

Made from the model, whose fields carry a sentence and what their types do not say, so that editors
and `check` see the same file alike.
"""

from __future__ import annotations

from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema

from mock_p1.scenario.model import Scenario

ID: Final = "urn:mock-p1:scenario"

_STEPS_SEEN: Final = 12
"""So many steps of a timeline are asked for `for:`.

A schema can count no further than it is long.
"""

_LASTS: Final = {"required": ["for"]}
_HOW_LONG: Final = {
    "description": "Every step but the last says how long it lasts.",
    "allOf": [
        {"if": {"minItems": number + 1}, "then": {"prefixItems": [True] * (number - 1) + [_LASTS]}}
        for number in range(1, _STEPS_SEEN)
    ],
}


class _Generator(GenerateJsonSchema):
    """Leaves out what editors would show before our sentences.

    Titles made of the keys' names, and empty defaults.
    """

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401, ARG002 -- pydantic's signature
        return False

    def default_schema(self, schema: Any) -> dict[str, Any]:  # noqa: ANN401 -- pydantic's signature
        made = super().default_schema(schema)
        return {key: value for key, value in made.items() if key != "default" or value is not None}


def scenario_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a scenario file."""
    made = Scenario.model_json_schema(by_alias=True, schema_generator=_Generator)
    definitions = {**made.pop("$defs"), "HowLong": _HOW_LONG}
    for job in ("Job", "GeneratedJobs", "NewJobs"):
        timeline = definitions[job]["properties"]["timeline"]
        timeline["allOf"] = [*timeline["allOf"], {"$ref": "#/$defs/HowLong"}]
    head = {"$schema": GenerateJsonSchema.schema_dialect, "$id": ID}
    words = {"title": "A scenario of Mock P1", "description": "A whole scenario file."}
    return {**head, **made, **words, "$defs": definitions}
