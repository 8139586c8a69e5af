"""What `check` and the JSON Schema say of a document.

And why they may differ, which is written down here.
"""

from __future__ import annotations

import json
import re
from typing import Any

from jsonschema import Draft202012Validator

from mock_p1.scenario.json_schema import scenario_schema
from mock_p1.scenario.parser import parse
from mock_p1.scenario.problems import ScenarioError

SCHEMA = Draft202012Validator(scenario_schema())

FILES = ("own.zip", "モデル 1.bin")
"""The result files that there are."""

EXPLAINED = {
    r"unknown API key": "one part of the file refers to another; a schema sees each by itself",
    r"(unknown )?Faker (provider|locale)": ("what Faker can draw differs from version to version"),
    r"no such file": "a schema sees the text, not the files beside it",
    r"delay: .* begins above its end": "a schema cannot compare two durations",
    r".* is longer than ten years": "a schema cannot add up a duration",
    r".*: must be a whole number; it is the number -?[0-9]+\.0*$": (
        "to JSON Schema 1.0 is a whole number"
    ),
    r"for: is missing; every step but the last": "a schema counts to the twelfth step only",
    r"the id '.*' has \d+ characters": "a schema cannot add two lengths",
}
"""Problems that `check` finds and a schema cannot, by how their sentence begins.

And why it cannot.
"""


def problems(document: Any) -> list[str]:
    """Return what `check` says of a document."""
    try:
        parse(json.dumps(document), "f.yaml", _attach)
    except ScenarioError as error:
        return [problem.text for problem in error.problems]
    return []


def reason(problem: str, document: Any) -> str | None:
    """Return the pattern that explains why a schema cannot see a problem of a document.

    None if nothing does.
    """
    if problem.startswith("for: is missing") and not _has_a_step_beyond_the_twelfth(document):
        return None
    return next((pattern for pattern in EXPLAINED if re.match(pattern, problem)), None)


def _has_a_step_beyond_the_twelfth(value: Any) -> bool:
    if isinstance(value, dict):
        return len(value.get("timeline") or ()) > 12 or any(
            map(_has_a_step_beyond_the_twelfth, value.values())
        )
    return isinstance(value, list) and any(map(_has_a_step_beyond_the_twelfth, value))


def unexplained(document: Any) -> str | None:
    """Say where `check` and the schema differ over a document without a reason; None if nowhere."""
    found, refused = problems(document), [error.message for error in SCHEMA.iter_errors(document)]
    if refused and not found:
        return f"the schema alone refuses it: {refused}"
    if (
        found
        and not refused
        and (rest := [problem for problem in found if reason(problem, document) is None])
    ):
        return f"check alone refuses it: {rest}"
    return None


def _attach(name: str) -> bytes:
    if name not in FILES:
        raise ValueError("no such file")
    return b""
