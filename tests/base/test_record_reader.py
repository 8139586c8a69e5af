"""What reads records judges what stands at a key as pydantic's own model of the record does."""

import pytest
from pydantic_core import ValidationError

from mock_p1.base.record import KINDS
from mock_p1.base.record_reader import known_keys, read_record, validator_of
from mock_p1.base.strict_model import model_of
from mock_p1.scenario import model  # noqa: F401 -- which makes all kinds of records

VALUES = [
    None, True, 0, -1, 1, 250, 1001, 10**12, 1.0, 0.5, float("nan"), "", "x", "7", "90s", "0s",
    "manual", "upload", "1 poll", "100ms..2s", "active", "generated", "accept",
    "job_may_be_deleted", "timeout", "loop", [], ["x"], [1], [{}], [["x"]],
    ["retrain_status_check"], ["ok"], {}, {"x": "active"}, {"x": 1}, {1: "active"}, {"x":
    ["ok"]}, {"x": []}, {"x": [set()]}, {"fake": 1}, {"fake": "pyint"}, {"fake": "sentence"},
    {"rows": 0}, {"rows": 5}, {"date": "1s"}, {"status": "x"}, [{"status": "x"}], {"error":
    "x"}, [{"error": "x", "fault": "y"}], {"not_found_key": 400}, {"status_code": 99},
    {"status_code": 200, "body": {1: set()}}, set(), b"x", object,
]  # fmt: skip


def found(read, data):
    """Return what is wrong with data: of what kind, where, and in which words."""
    try:
        read(data)
    except ValidationError as error:
        return [(each["type"], each["loc"], each["msg"]) for each in error.errors()]
    return []


@pytest.mark.parametrize("name", KINDS)
def test_every_value_of_every_key_is_judged_as_by_pydantics_model(name):
    """And a key that is missing; each bound, union and validator of ours counts in both."""
    kind = KINDS[name]
    ours, theirs = validator_of(kind).validate_python, model_of(kind).model_validate
    judged = [found(ours, {})]
    assert judged[0] == found(theirs, {})
    for key in known_keys(kind):
        for value in VALUES:
            data = {key: value}
            judged.append(found(ours, data))
            assert judged[-1] == found(theirs, data), data
    assert not known_keys(kind) or any(judged)


def test_what_stands_in_an_error_body_is_json():
    """Whatever JSON has, however deep; and nothing else."""
    kind = KINDS["Assumptions"]
    read_record(kind, {"error_body": {"a": [1, {"b": None, "c": [True, 1.5, "x"]}]}})
    with pytest.raises(ValidationError, match="not a valid JSON value"):
        read_record(kind, {"error_body": {"a": [{"b": set()}]}})
