"""The shapes of what ``/__admin`` takes and answers, as JSON Schema for its OpenAPI document."""

from __future__ import annotations

from typing import Any, Final

from mock_p1.base.clock import MAX_SPEED
from mock_p1.contract.errors import DOCUMENTED_ERRORS, FAULTS
from mock_p1.engine.driver import MAX_INJECTED

Schema = dict[str, Any]

TEXT: Final[Schema] = {"type": "string"}
COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
SECONDS: Final[Schema] = {"type": "number"}
FLAG: Final[Schema] = {"type": "boolean"}


def ref(name: str) -> Schema:
    """Return a reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def maybe(schema: Schema) -> Schema:
    """Return the schema of a value that may be null."""
    return {
        "type": [schema["type"], "null"],
        **{key: value for key, value in schema.items() if key != "type"},
    }


def every(schema: Schema) -> Schema:
    """Return the schema of a list."""
    return {"type": "array", "items": schema}


def whole(properties: Schema, optional: Schema | None = None) -> Schema:
    """Return the schema of an object that has all of ``properties``, may have ``optional``, and has nothing else."""
    return {
        "type": "object",
        "required": list(properties),
        "properties": {**properties, **(optional or {})},
        "additionalProperties": False,
    }


_PLACE: Final[Schema] = {
    "step": {"type": "integer", "minimum": 1},
    "since": {**SECONDS, "description": "When the step began, in seconds of the mock's clock."},
    "seen": {**COUNT, "description": "How many polls have seen the step."},
    "until": {
        **maybe(SECONDS),
        "description": "When time ends the step; null where time does not.",
    },
}
_TRACK: Final[Schema] = {
    "api_key": {**TEXT, "description": "Masked."},
    "caller": {**TEXT, "description": "Tells keys apart that look alike when masked."},
    "polls": COUNT,
    "last_poll": SECONDS,
    "waits_for": maybe(TEXT),
    **_PLACE,
}
_JOB: Final[Schema] = {
    "job_id": TEXT,
    "timeline": {**TEXT, "description": "Where the job's timeline stands in the scenario."},
    "step": {
        "type": "integer",
        "minimum": 1,
        "description": "Where the key that polled last finds it.",
    },
    "outcome": TEXT,
    "status": maybe(TEXT),
    "error": maybe(TEXT),
    "fault": maybe(TEXT),
    "waits_for": {**maybe(TEXT), "description": "null at the end of the timeline."},
    "polls": COUNT,
    "keys": {**COUNT, "description": "How many API keys have polled it."},
    "start_step": {
        "type": "integer",
        "minimum": 1,
        "description": "Where a key meets it that has not polled it yet.",
    },
    "tracks": {
        **every(ref("Track")),
        "description": "The job as each key sees it; the 20 that polled last.",
    },
}
_STEP: Final[Schema] = whole(
    {
        "step": {"type": "integer", "minimum": 1},
        "kind": {"enum": ["status", "error", "reply", "fault"]},
        "outcome": TEXT,
        "for": {
            **maybe(TEXT),
            "description": "2 polls, 1m30s or manual; null for the last step, which never ends.",
        },
        "polls": maybe(COUNT),
        "seconds": maybe(SECONDS),
        "source": {**TEXT, "description": "file:line"},
    },
    {
        "delay": {**every(SECONDS), "minItems": 2, "maxItems": 2},
        "message": TEXT,
        "download_url": FLAG,
    },
)
_TIMELINE: Final[Schema] = {
    "at_end": {"enum": ["stay", "loop"]},
    "api_key": maybe(TEXT),
    "steps": every(ref("Step")),
}
_SCENARIO: Final[Schema] = {
    "name": TEXT,
    "description": TEXT,
    "seed": {"type": "integer"},
    "jobs": COUNT,
    "api_keys": every(whole({"api_key": {**TEXT, "description": "Masked."}, "state": TEXT})),
    "problems": {
        **every(ref("Problem")),
        "description": "With --watch: what is wrong with the file since it was changed; the one before is played on.",
    },
}
_REQUEST: Final[Schema] = {
    "number": COUNT,
    "time": {**TEXT, "format": "date-time"},
    "at": SECONDS,
    "method": TEXT,
    "path": TEXT,
    "operation": {
        **maybe(TEXT),
        "description": "null where the mock does not imitate what was asked.",
    },
    "job_id": maybe(TEXT),
    "api_key": TEXT,
    "caller": TEXT,
    "outcome": TEXT,
    "status": maybe(TEXT),
    "error": maybe(TEXT),
    "fault": maybe(TEXT),
    "http_status": maybe({"type": "integer"}),
    "source": TEXT,
    "waits_for": maybe(TEXT),
    "notes": every(TEXT),
    "place": {"oneOf": [whole(_PLACE), {"type": "null"}]},
}
_FAILURE: Final[Schema] = {
    "error": maybe(TEXT),
    "fault": maybe(TEXT),
    "job": maybe(TEXT),
    "times": COUNT,
}
_CHOICES: Final[Schema] = {
    "error": {"enum": list(DOCUMENTED_ERRORS)},
    "fault": {"enum": list(FAULTS)},
}

SCHEMAS: Final[dict[str, Schema]] = {
    "Health": whole({"status": {"const": "ok"}, "version": TEXT, "scenario": TEXT}),
    "Track": whole(_TRACK),
    "Step": _STEP,
    "Timeline": whole({"name": TEXT, **_TIMELINE}),
    "Job": whole(_JOB),
    "JobWithSteps": whole(
        {**_JOB, "name": TEXT, **_TIMELINE, "curl": {**TEXT, "description": "Its key is masked."}}
    ),
    "JobPage": whole(
        {
            "total": COUNT,
            "offset": COUNT,
            "next": {
                **maybe(COUNT),
                "description": "The offset of the next page; null on the last.",
            },
            "jobs": every(ref("Job")),
            "timelines": {"type": "object", "additionalProperties": ref("Timeline")},
        }
    ),
    "Curl": whole(
        {
            "job_id": TEXT,
            "curl": {**TEXT, "description": "Its key is whole, to be pasted into a shell."},
        }
    ),
    "Move": {
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "properties": {"status": TEXT, "step": {"type": "integer", "minimum": 1}},
        "additionalProperties": False,
    },
    "Clock": whole(
        {
            "now": SECONDS,
            "time": {**TEXT, "format": "date-time"},
            "kind": {"enum": ["real", "virtual"]},
            "speed": SECONDS,
            "frozen": FLAG,
        }
    ),
    "Turn": {
        "type": "object",
        "minProperties": 1,
        "properties": {
            "advance": {"type": ["string", "number"], "description": "90s, 1h30m, or seconds."},
            "speed": {"type": "number", "exclusiveMinimum": 0, "maximum": MAX_SPEED},
            "freeze": FLAG,
        },
        "additionalProperties": False,
    },
    "Failure": {
        "type": "object",
        "properties": {
            **_CHOICES,
            "job": {**maybe(TEXT), "description": "Any job, where it is left out."},
            "times": {"type": "integer", "minimum": 1, "maximum": MAX_INJECTED, "default": 1},
        },
        "oneOf": [{"required": ["error"]}, {"required": ["fault"]}],
        "additionalProperties": False,
    },
    "Queue": whole({"waiting": COUNT, "queue": every(whole(_FAILURE))}),
    "Reset": whole({"reset": {"const": True}, "scenario": TEXT}),
    "Scenario": whole({**_SCENARIO, "text": maybe(TEXT), "bundled": every(TEXT)}),
    "Swapped": whole({**_SCENARIO, "kept": COUNT, "dropped": COUNT}),
    "BundledName": whole({"name": TEXT}),
    "Request": whole(_REQUEST),
    "Requests": whole({"count": COUNT, "last": COUNT, "requests": every(ref("Request"))}),
    "Count": whole({"count": COUNT}),
    "Deleted": whole({"deleted": COUNT}),
    "Refused": whole(
        {"error": TEXT, "message": TEXT, "remedy": TEXT},
        {"problems": every(ref("Problem"))},
    ),
    "Problem": whole({"file": TEXT, "line": COUNT, "column": COUNT, "text": TEXT}),
    "Empty": {"type": "object", "maxProperties": 0},
}
