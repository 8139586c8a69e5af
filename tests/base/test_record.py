"""Records: what stands in a mapping of a file, plain and immutable."""

import subprocess
import sys

import pytest

from mock_p1.base.record_reader import read_record
from mock_p1.scenario.model import Job, NewJobs
from mock_p1.scenario.steps import ErrorStep, StatusStep


def test_a_record_holds_what_was_written_alone():
    """What was left out is its kind's default."""
    step = read_record(StatusStep, {"status": "job_running", "for": "1 poll"})
    assert vars(step).keys() == {"status", "for_"}
    assert (step.message, step.source) == (None, "scenario")


def test_nothing_of_a_record_can_be_changed():
    """Whoever plays it sees what was checked; another one is made where something differs."""
    step = StatusStep(status="x")
    with pytest.raises(AttributeError, match="StatusStep is frozen: status cannot be changed"):
        step.status = "y"
    assert step.replaced(status="y") == StatusStep(status="y")
    assert step.status == "x"


def test_two_that_say_the_same_are_equal_wherever_they_stand():
    """Whether a default is written or left out; a record of another kind is never equal."""
    assert Job(error="x", source="a:1") == Job(error="x", source="b:2", at_end="stay")
    assert Job(error="x") != Job(error="y")
    assert ErrorStep(error="x") != Job(error="x")
    assert Job(error="x") != "x"


def test_what_was_left_out_is_nobodys_to_change():
    """A mapping or list that is added to is one's own."""
    NewJobs().calls["file_upload"] = []
    assert NewJobs().calls == {}


def test_a_record_shows_what_it_says():
    """For whoever prints one."""
    assert repr(NewJobs(ids=["a"])).startswith("NewJobs(api_key=None, at_end='stay',")


def test_records_load_no_pydantic():
    """Nor YAML: a start of a scenario that is kept needs neither."""
    code = (
        "import sys, mock_p1.scenario.kept, mock_p1.scenario.files, mock_p1.engine.engine; "
        "print(*{'pydantic', 'pydantic_core', 'yaml', 'faker'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True
    )
    assert done.stdout.split() == []
