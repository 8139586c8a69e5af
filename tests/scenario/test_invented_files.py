"""Schema and `check` agree over files that nobody thought of.

Such as are in order, and such as are spoilt.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from helpers.scenario_strategies import documents, written
from helpers.schema_verdicts import SCHEMA, problems, unexplained
from hypothesis import given, note
from hypothesis import strategies as st

ODD_VALUES = [
    None, True, 0, -1, 1, 1.5, 201, 204,
    "", " ", "x", "active", "0s", "3s", "1 poll", "0 polls", "9s..1s", "a/b", "*",
    [], {}, [1], {"x": 1}, {"date": "3s"}, {"rows": 0}, {"fake": "name"}, [{"status": "a"}],
]  # fmt: skip
ODD_KEYS = [
    "",
    "for",
    "status",
    "error",
    "result",
    "download_url",
    "api_key",
    "at_end",
    "x-note",
    "upload_url",
    "a/b",
    "*",
]


@pytest.mark.slow
@given(documents())
def test_what_check_accepts_the_schema_accepts(document):
    """Whole scenarios with everything in them."""
    note(written(document))
    assert problems(document) == []
    assert [error.message for error in SCHEMA.iter_errors(document)] == []


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Return every place of a document: what it is in, and its key or index there."""
    keys = (
        list(value)
        if isinstance(value, dict)
        else range(len(value))
        if isinstance(value, list)
        else ()
    )
    return [place for key in keys for place in [(value, key), *_places(value[key])]]


@st.composite
def spoilt(draw: st.DrawFn) -> Any:
    """Draw a scenario in which something was replaced, left out, renamed or added."""
    document = deepcopy(draw(documents()))
    holder, key = draw(st.sampled_from(_places(document)))
    acts = ["replace", "leave out", *(["rename", "add"] if isinstance(holder, dict) else [])]
    match draw(st.sampled_from(acts)):
        case "replace":
            holder[key] = draw(st.sampled_from(ODD_VALUES))
        case "leave out":
            del holder[key]
        case "rename":
            holder[draw(st.sampled_from(ODD_KEYS))] = holder.pop(key)
        case "add":
            holder[draw(st.sampled_from(ODD_KEYS))] = draw(st.sampled_from(ODD_VALUES))
    return document


@pytest.mark.slow
@given(spoilt())
def test_what_is_spoilt_is_judged_alike(document):
    """Both refuse it or both accept it, but for the differences that are explained."""
    note(written(document))
    found = unexplained(document)
    assert found is None, found
