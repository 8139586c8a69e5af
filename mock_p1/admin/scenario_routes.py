"""``/__admin/scenario``: what is being played, and playing another one instead; checked first, swapped at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flask import Blueprint, Response, request

from mock_p1.admin.admin_error import AdminError, bad_body, bad_value
from mock_p1.admin.bodies import JSON_TYPE, object_of, query, read_body, text, wrong_type
from mock_p1.admin.context import answer, panel
from mock_p1.base.text import unknown
from mock_p1.scenario.files import bundled, load_scenario
from mock_p1.scenario.parser import parse
from mock_p1.scenario.problems import ScenarioError
from mock_p1.scenario.redaction import masked_key, masked_problems, masked_text

if TYPE_CHECKING:
    from mock_p1.admin.context import AdminContext
    from mock_p1.scenario.model import Scenario

YAML_TYPES: Final = (
    "application/yaml",
    "application/x-yaml",
    "text/yaml",
    "text/x-yaml",
    "text/vnd.yaml",
)
DEFAULT_NAME: Final = "scenario"
MAX_NAME: Final = 100

_HOW: Final = (
    f'send {{"name": "demo"}} or a scenario as {JSON_TYPE}, or a scenario as {YAML_TYPES[0]}: '
    f"curl -X PUT -H 'Content-Type: {YAML_TYPES[0]}' --data-binary @FILE"
)

routes = Blueprint("scenarios", __name__)


@routes.get("/scenario")
def show_scenario() -> Response:
    """Answer the scenario, its keys masked."""
    query(())
    return answer(
        {**about(panel()), "text": _text(panel().engine.scenario), "bundled": list(bundled())}
    )


@routes.put("/scenario")
def swap_scenario() -> Response:
    """Play another scenario, if nothing is wrong with it."""
    name = _shown_name(query(("name",)).get("name", DEFAULT_NAME))
    body = read_body()
    with panel().loading:
        kept, dropped = panel().driver.load(_scenario_in(body, name))
    return answer({**about(panel()), "kept": kept, "dropped": dropped})


def about(controls: AdminContext) -> dict[str, Any]:
    """Return what there is to say of the scenario in a few words.

    ``problems`` are those of the file that is watched: it has been changed, and cannot be played as
    it is now.
    """
    engine = controls.engine
    scenario = engine.scenario
    keys = scenario.api_keys or {}
    return {
        "name": scenario.name,
        "description": scenario.description,
        "seed": engine.seed,
        "jobs": engine.jobs.count,
        "api_keys": [{"api_key": masked_key(name), "state": keys[name]} for name in keys],
        **problems_of(controls),
    }


def problems_of(controls: AdminContext) -> dict[str, Any]:
    """Return what is wrong with the file that is watched."""
    return {"problems": [problem._asdict() for problem in controls.problems]}


def _text(scenario: Scenario) -> str | None:
    return None if scenario.text is None else masked_text(scenario.text)


def _shown_name(name: str) -> str:
    if 1 <= len(name) <= MAX_NAME and name.isprintable():
        return name
    raise bad_value(
        f"name must be 1 to {MAX_NAME} printable characters", "write ?name=my.yaml, or leave it out"
    )


def _scenario_in(body: bytes, name: str) -> Scenario:
    """Return the scenario that the body is, or names.

    AdminError with every problem if it cannot be used.
    """
    if request.mimetype not in (JSON_TYPE, *YAML_TYPES):
        sent = f"it is {request.mimetype!r}" if request.mimetype else "there is none"
        raise wrong_type(f"the Content-Type must be {JSON_TYPE} or {YAML_TYPES[0]}; {sent}", _HOW)
    if not body.strip():
        raise bad_body("the body is empty", _HOW)
    try:
        if request.mimetype == JSON_TYPE and _is_name(body):
            return _bundled(text(object_of(body, ("name",), '{"name": "demo"}')["name"], "name"))
        return parse(body, name)
    except ScenarioError as error:
        problems = masked_problems(body.decode("utf-8", "replace"), error.problems)
        raise AdminError(
            400,
            "MOCK_P1_INVALID_SCENARIO",
            f"the scenario has {len(problems)} problem{'' if len(problems) == 1 else 's'}: {problems[0]}",
            "mend every one of `problems` and send it again; the scenario before is still being played",
            problems=problems,
        ) from None


def _is_name(body: bytes) -> bool:
    """Tell a body that names a scenario from one that is a scenario.

    No scenario has the key ``name``.
    """
    if len(body) > MAX_NAME * 10:
        return False
    try:
        return "name" in object_of(body, ("name",), "")
    except AdminError:
        return False


def _bundled(name: str) -> Scenario:
    """Return a bundled scenario.

    No file is looked for: whoever may steer the mock may not read the disk with it.
    """
    if name not in bundled():
        raise bad_value(
            unknown("bundled scenario", name, bundled()),
            "name one of these, or send a scenario's text",
        )
    return load_scenario(name)
