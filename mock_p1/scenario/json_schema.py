"""The JSON Schema of scenario files.

Made from the model, whose fields carry a sentence and what their types do not say, so that editors
and `check` see the same file alike.
"""

from __future__ import annotations

from typing import Any, Final

from mock_p1.base.model_schema import ModelSchema
from mock_p1.base.strict_model import adapter_of
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


def scenario_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a scenario file."""
    made = adapter_of(Scenario).json_schema(by_alias=True, schema_generator=ModelSchema)
    definitions = {**made.pop("$defs"), "HowLong": _HOW_LONG}
    for job in ("Job", "GeneratedJobs", "NewJobs"):
        timeline = definitions[job]["properties"]["timeline"]
        timeline["allOf"] = [*timeline["allOf"], {"$ref": "#/$defs/HowLong"}]
    return {
        "$schema": ModelSchema.schema_dialect,
        "$id": ID,
        **made,
        "title": "A scenario of Mock P1",
        "description": "A whole scenario file.",
        "$defs": definitions,
    }
