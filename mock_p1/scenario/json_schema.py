"""The JSON Schema of scenario files.

Made from the model, so that editors and `check` see the same file alike.

To what pydantic makes of the model this adds a sentence for every key, which editors show, and the
rules that a model cannot say by types (a job has a timeline or is an error).
"""

from __future__ import annotations

from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema

from mock_p1.contract.assumptions import BODILESS
from mock_p1.contract.operations import JOB_ID_LIMIT, OPERATIONS, RETRAIN_STATUS_CHECK
from mock_p1.scenario.model import Scenario
from mock_p1.scenario.steps import HEADER_NAME, SERVERS_HEADERS

ID: Final = "urn:mock-p1:scenario"

_STEP: Final = {
    "for": "How long the step lasts: 2 polls, a duration (500ms, 90s, 1h30m), or manual. The last step needs none.",
    "delay": "How long each answer is held back: 300ms, or drawn by the seed from a range: 100ms..2s.",
}
_JOB: Final = {
    "api_key": "The only API key that sees the job; to all others it does not exist. A * fits anything.",
    "at_end": "After the last step: stay there, or loop to the first.",
    "timeline": "The steps, one after the other. Time begins to run at a key's first poll.",
    "error": "Short for a timeline of one step that answers this error.",
}
DESCRIPTIONS: Final[dict[str, dict[str, str]]] = {
    "Scenario": {
        "$schema": "Where editors find this schema.",
        "description": "What the scenario is for, in a sentence.",
        "seed": "All invented values follow from it.",
        "api_keys": "What each x-api-key is: active, or the error it is answered with. A * fits anything; exact names "
        "win, then the first pattern. Without api_keys every key is active.",
        "jobs": "The jobs by their retrain_job_id. A * fits anything; exact names win, then the first pattern.",
        "generated_jobs": "Many jobs at once.",
        "rate_limit": "How many polls one key may make in how long; more are answered 429 with Retry-After.",
        "assumptions": "What the manual does not say, and this mock therefore assumes.",
    },
    "RateLimit": {
        "polls": "So many polls by one key, over all its jobs …",
        "per": "… in any span of this length: 1m.",
    },
    "Job": _JOB,
    "GeneratedJobs": {
        **_JOB,
        "count": "How many jobs.",
        "prefix": "Ids are this and a number from 1; without it they are UUIDs, drawn by the seed.",
    },
    "StatusStep": {
        **_STEP,
        "status": "The status that is answered. The manual names job_finished alone; any text is allowed.",
        "model_id": "A whole number, or a Faker provider: {fake: random_int, min: 1, max: 9999}.",
        "message": "A text, or a Faker provider: {fake: sentence}.",
        "download_url": "A URL of your own, or a Faker provider. With result: the mock writes its own.",
        "result": "A file that the mock serves at download_url: generated, {rows: 500} or {file: result.zip}.",
    },
    "ErrorStep": {**_STEP, "error": "One of the five documented errors."},
    "FaultStep": {**_STEP, "fault": "How the network fails."},
    "ReplyStep": {**_STEP, "reply": "A literal HTTP answer."},
    "Literal": {
        "status_code": "The HTTP status.",
        "headers": "The headers. Content-Length is written by the server.",
        "body": "A text, or a mapping or list that is sent as JSON.",
        "retry_after": "Writes Retry-After by the mock's clock: in seconds (30s), or as a date ({date: 30s}).",
    },
    "Result": {
        "rows": "So many rows of invented results.",
        "file": "A file beside the scenario, never outside its folder.",
        "fails": "How many downloads are answered 503 before the file comes.",
    },
    "RetryDate": {"date": "So far from now, by the mock's clock."},
    "Fake": {
        "fake": "A Faker provider; its arguments stand beside it.",
        "locale": "A Faker locale: ja_JP.",
    },
    "Assumptions": {
        "error_http_status": "The HTTP status of the documented errors: one for all, or one for each name.",
        "error_body": "The body of an error; {code}, {error} and {message} are filled in.",
        "error_code_type": "Whether the code is written as a number or in quotes.",
        "missing_api_key": "The error where x-api-key is missing or empty.",
        "unknown_api_key": "The error where the key is not among api_keys.",
        "job_of_another_key": "The error where a job has another api_key.",
        "checked_first": "Whether a wrong key or a wrong job is told first.",
    },
}
"""What editors show for each key of each model."""

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
_JOB_RULES: Final[dict[str, Any]] = {
    "oneOf": [{"required": ["timeline"]}, {"required": ["error"]}],
    "properties": {"timeline": {"allOf": [{"$ref": "#/$defs/HowLong"}]}},
    "if": {"required": ["at_end"], "properties": {"at_end": {"const": "loop"}}},
    "then": {"properties": {"timeline": {"items": _LASTS}}},
}
_UNSEEN: Final = (
    r"\u0000-\u001f\u007f-\u00a0\u00ad\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff"
)
_SENDABLE: Final = rf"^(?! )[^{_UNSEEN}]+(?<! )$"
_SERVERS: Final = "|".join(
    "".join(f"[{c.upper()}{c}]" if c.isalpha() else c for c in name) for name in SERVERS_HEADERS
)
_RETRY_AFTER: Final = "^[Rr][Ee][Tt][Rr][Yy]-[Aa][Ff][Tt][Ee][Rr]$"
_RULES: Final[dict[str, dict[str, Any]]] = {
    "Scenario": {
        "properties": {
            "api_keys": {"propertyNames": {"pattern": _SENDABLE}},
            "jobs": {
                "propertyNames": {
                    "minLength": 1,
                    "maxLength": JOB_ID_LIMIT,
                    "pattern": "^[^/]*$",
                    "not": {
                        "enum": [
                            *sorted(
                                OPERATIONS.words_beside(RETRAIN_STATUS_CHECK, "retrain_job_id")
                            ),
                            ".",
                            "..",
                        ]
                    },
                }
            },
        }
    },
    "Job": _JOB_RULES,
    "GeneratedJobs": {
        **_JOB_RULES,
        "properties": {
            **_JOB_RULES["properties"],
            "prefix": {"pattern": "^[^/*]*$", "maxLength": JOB_ID_LIMIT - 1},
        },
    },
    "Result": {"oneOf": [{"required": ["rows"]}, {"required": ["file"]}]},
    "StatusStep": {"not": {"required": ["result", "download_url"]}},
    "Literal": {
        "properties": {
            "headers": {
                "propertyNames": {
                    "pattern": f"^{HEADER_NAME}$",
                    "not": {"pattern": f"^({_SERVERS})$"},
                },
                "additionalProperties": {"pattern": "^([!-~]([ -~]*[!-~])?)?$"},
            }
        },
        "allOf": [
            {
                "if": {"properties": {"status_code": {"enum": list(BODILESS)}}},
                "then": {"properties": {"body": {"const": ""}}},
            },
            {
                "if": {"required": ["retry_after"]},
                "then": {
                    "properties": {"headers": {"propertyNames": {"not": {"pattern": _RETRY_AFTER}}}}
                },
            },
        ],
    },
}
"""What the model's types do not say."""


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
    for name, model in {**definitions, "Scenario": made}.items():
        _add(model, _RULES.get(name, {}))
        for key, described in DESCRIPTIONS.get(name, {}).items():
            model["properties"][key]["description"] = described
    head = {"$schema": GenerateJsonSchema.schema_dialect, "$id": ID}
    schema: dict[str, Any] = {
        **head,
        **made,
        "title": "A scenario of Mock P1",
        "$defs": definitions,
    }
    return schema


def _add(schema: dict[str, Any], rules: dict[str, Any]) -> None:
    """Put further rules into a schema, each where it belongs."""
    for key, rule in rules.items():
        if isinstance(rule, dict) and isinstance(inner := schema.get(key), dict):
            _add(inner, rule)
        else:
            schema[key] = rule
