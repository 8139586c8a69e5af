"""Every scenario that the design allows can be read, and says what its file says, and where."""

import json
import re

import yaml
from hypothesis import given
from hypothesis import strategies as st

from mock_p1.base.durations import UNITS, format_duration
from mock_p1.contract.errors import FAULTS
from mock_p1.contract.operations import RETRAIN_STATUS_CHECK
from mock_p1.engine.engine import Engine
from mock_p1.scenario.parser import parse
from mock_p1.scenario.step_length import Stage

VISIBLE = st.characters(codec="utf-8", categories=["L", "N", "P", "S"])
# what begins like a number is left out: PyYAML writes 0E0 without quotes, as in YAML 1.1; in 1.2,
# it is a number
TEXT = st.text(VISIBLE, max_size=20).filter(
    lambda text: not text[:1].isdigit() and not text.startswith(("+", "-", "."))
)
IDS = st.text(VISIBLE, min_size=1, max_size=20).filter(
    lambda text: "/" not in text and text not in (".", "..", "upload_url", "<<")
)
POLLS = st.integers(1, 1_000_000_000)
SPANS = st.integers(1, UNITS["d"] * 365 // UNITS["ms"]).map(
    lambda count: format_duration(count * UNITS["ms"])
)
FOR = POLLS.map(lambda count: f"{count} polls") | SPANS | st.just("manual")
STATUS = st.fixed_dictionaries(
    {"status": TEXT},
    optional={"model_id": st.integers(), "message": TEXT, "download_url": TEXT},
)
STEPS = (
    STATUS
    | st.fixed_dictionaries({"error": st.sampled_from(list(RETRAIN_STATUS_CHECK.errors))})
    | st.fixed_dictionaries({"fault": st.sampled_from(list(FAULTS))})
    | st.fixed_dictionaries(
        {"reply": st.fixed_dictionaries({"status_code": st.integers(205, 299), "body": TEXT})}
    )
)
TIMED = st.builds(lambda step, lasts: {**step, "for": lasts}, STEPS, FOR)
JOBS = st.builds(
    lambda steps, last: {"timeline": [*steps, last]}, st.lists(TIMED, max_size=4), STEPS
) | st.builds(
    lambda steps: {"timeline": steps, "at_end": "loop"}, st.lists(TIMED, min_size=1, max_size=4)
)
SCENARIOS = st.fixed_dictionaries(
    {"jobs": st.dictionaries(IDS, JOBS, min_size=1, max_size=3)},
    optional={"seed": st.integers(), "description": TEXT},
)


def lasting(text):
    """Return what `for:` means, by the design's own words."""
    if text is None or text == "manual":
        return Stage()
    if text.endswith(" polls"):
        return Stage(polls=int(text.removesuffix(" polls")))
    return None


@given(SCENARIOS, st.sampled_from(["block", "flow", "json"]))
def test_what_is_written_is_what_is_read(document, style):
    """In YAML of either style, and in JSON."""
    text = (
        json.dumps(document, ensure_ascii=False)
        if style == "json"
        else yaml.safe_dump(
            document, allow_unicode=True, default_flow_style=style == "flow", sort_keys=False
        )
    )
    scenario = parse(text)
    assert scenario.seed == document.get("seed", 0)
    assert scenario.description == document.get("description", "")
    assert list(scenario.jobs) == list(document["jobs"])
    for name, job in document["jobs"].items():
        read = scenario.jobs[name]
        assert read.loops == ("at_end" in job)
        for step, written in zip(read.steps, job["timeline"], strict=True):
            for key in ("status", "error", "fault", "model_id", "message", "download_url"):
                assert getattr(step, key, None) == written.get(key)
            expected = lasting(written.get("for"))
            assert (step.for_ or Stage()) == (expected or Stage(lasts_ns=step.for_.lasts_ns))
            if expected is None:
                assert format_duration(step.for_.lasts_ns) == written["for"]
    Engine(scenario)


@given(SCENARIOS)
def test_every_step_knows_its_line(document):
    """The line is the one where the step's list item begins."""
    text = yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=10_000)
    lines = text.split("\n")
    scenario = parse(text, "f.yaml")
    steps = []
    for name, job in scenario.jobs.items():
        for index in range(len(job.steps)):
            file, _, line = scenario.where("jobs", name, "timeline", index).rpartition(":")
            assert file == "f.yaml"
            steps.append(int(line))
    assert steps == [number for number, text in enumerate(lines, 1) if re.match(" +- ", text)]
