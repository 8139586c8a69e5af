"""docs/state.md is true: its test passes, what stands in the file is named, refusals are ours."""

import json
import re
from pathlib import Path

import pytest
import yaml

from mock_p1.base.clock import RealClock
from mock_p1.cli.serve import serve
from mock_p1.engine.engine import Engine
from mock_p1.engine.saved_state import CannotLoad, saved
from mock_p1.scenario.files import load_scenario
from mock_p1.scenario.parser import parse
from mock_p1.server.state_file import load_state, write_state

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "state.md").read_text(encoding="utf-8")


def paths(value, depth, *before):
    """Yield the paths of keys in a state, down to where the page stops."""
    for key, inner in value.items():
        if isinstance(inner, dict) and depth and inner:
            yield from paths(inner, depth - 1, *before, key)
        else:
            yield ".".join((*before, key))


def test_all_that_stands_in_the_file_is_named():
    """No more and no less."""
    state = json.loads(json.dumps(saved(Engine(load_scenario("demo"), RealClock()))))
    table = PAGE.partition("| in `saved` |")[2]
    rows = re.findall(r"^\|((?: `[\w.]+`)+) \|", table, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`([\w.]+)`", row)}
    inside = {"scenario.parts", "journal.totals"}  # whose keys are the scenario's, or many
    found = {
        next((each for each in inside if path.startswith(each)), path) for path in paths(state, 2)
    }
    assert found == named


def refusals(tmp_path):
    """Yield what is said of files that cannot be gone on with."""
    file = tmp_path / "s.json"
    write_state(Engine(load_scenario("demo"), RealClock()), file)
    whole = file.read_text("utf-8")
    text = f"{load_scenario('demo').text}\n  more: {{error: job_may_be_deleted}}"
    changed, elsewhere = parse(text, "demo.yaml"), parse(text, "d2/demo.yaml")
    other = load_scenario("slow-training")
    demo = load_scenario("demo")
    for scenario, seed, content in [
        (other, None, whole),
        (changed, None, whole),
        (elsewhere, None, whole),
        (demo, 8, whole),
        (demo, None, '{"mock_p1_state": 0}'),
        (demo, None, whole.replace('"seed": 7', '"seed": 8')),
        (demo, None, whole[:100]),
        (demo, None, ""),
        (demo, None, "jobs:"),
        (demo, None, "{}"),
    ]:
        file.write_text(content, encoding="utf-8")
        with pytest.raises(CannotLoad) as caught:
            load_state(Engine(scenario, RealClock(), seed=seed), file)
        yield str(caught.value)


def test_what_it_says_is_what_is_said(tmp_path):
    """Each refusal of the table, and no other."""
    table = PAGE.partition("| it says |")[2].partition("## The file")[0]
    cells = re.findall(r"^\| (`.*?) \| [a-z]", table, re.MULTILINE)
    shown = [text for cell in cells for text in re.findall(r"`([^`]+)`", cell)]
    for text, said in zip(shown, refusals(tmp_path), strict=True):
        assert text in said


def test_its_test_passes(pytester):
    """The block is a file of tests."""
    [block] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    pytester.makepyfile(block)
    pytester.runpytest("-p", "no:randomly").assert_outcomes(passed=1)


def test_what_compose_is_told():
    """It is YAML; its command has options of ours, and keeps the state in the volume."""
    (block,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    service = yaml.safe_load(block)["services"]["mock-p1"]
    (command, _, *words) = service["command"]
    known = {option for parameter in serve.params for option in parameter.opts}
    assert (command, {word for word in words if word.startswith("--")} <= known) == ("serve", True)
    (mounted,) = [volume.partition(":")[2] for volume in service["volumes"]]
    assert all(path.startswith(f"{mounted}/") for path in words if path.startswith("/"))
