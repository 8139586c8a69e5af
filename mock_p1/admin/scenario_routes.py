"""``/__admin/scenario``: what is being played, and playing another one instead, checked first.

Also ``/__admin/health`` and ``/__admin/contract``: what the mock is, and what it imitates.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from flask import request

from mock_p1._version import __version__
from mock_p1.admin import models
from mock_p1.admin.admin_error import AdminError, bad
from mock_p1.admin.bodies import JSON_TYPE, checked, read_body, wrong_type
from mock_p1.admin.in_hand import admin_context
from mock_p1.admin.routes import Routes
from mock_p1.base.text import plural, shorten, unknown
from mock_p1.contract.errors import FAULTS
from mock_p1.contract.operations import OPERATIONS
from mock_p1.engine.acts import SharedEngine
from mock_p1.scenario.bundled import bundled
from mock_p1.scenario.files import load_scenario
from mock_p1.scenario.parser import parse
from mock_p1.scenario.problems import ScenarioError
from mock_p1.scenario.redaction import masked_key, masked_problems, masked_text, unmasked_text

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
MOST_NAMED: Final = 20
"""So many files of a scenario, or jobs that are gone, are named."""

_REMEDY: Final = (
    f'send {{"name": "demo"}} or a scenario as {JSON_TYPE}, or a scenario as {YAML_TYPES[0]}: '
    f"curl -X PUT -H 'Content-Type: {YAML_TYPES[0]}' --data-binary @FILE"
)
_AS_JSON: Final = {
    "anyOf": [
        {"$ref": "#/components/schemas/ScenarioName"},
        {
            "type": "object",
            "not": {"required": ["name"]},
            "description": "A scenario; `mock-p1 schema` prints its JSON Schema.",
        },
    ]
}
_CONTENT: Final = {
    JSON_TYPE: {"schema": _AS_JSON, "examples": {"1": {"value": {"name": "demo"}}}},
    **{
        kind: {"schema": {"description": "A scenario, as the text of a scenario file."}}
        for kind in YAML_TYPES
    },
}

routes: Routes = Routes()


@routes.call("GET", "/health", open_to_all=True)
def show_health() -> models.Health:
    """Is it well? Open to all."""
    context = admin_context()
    engine = context.engine
    known = {} if context.authority_state is None else {"authority": context.authority_state}
    if isinstance(engine, SharedEngine):
        known["store"] = engine.store_state()
    return models.Health(
        status="ok",
        version=__version__,
        scenario=engine.scenario.name,
        jobs_max=engine.job_states.maximum,
        limits_reached=engine.limits_reached(),
        **known,
    )


@routes.call("GET", "/ready", open_to_all=True, errors=(503,))
def show_ready() -> models.Health:
    """Can it answer clients? As `health`, but 503 while the store of `serve --state` is down."""
    return show_health()


@routes.call("GET", "/contract")
def show_contract() -> models.Contract:
    """The operations, errors and faults there are, by name."""
    same = ("name", "method", "summary", "polled", "has_job")
    operations = [
        models.ContractOperation(
            **{name: getattr(operation, name) for name in same},
            path=operation.template,
            errors=list(operation.errors),
        )
        for operation in OPERATIONS.values()
    ]
    return models.Contract(operations=operations, faults=list(FAULTS))


@routes.call("GET", "/scenario")
def show_scenario() -> models.ScenarioText:
    """The scenario, its keys masked."""
    context = admin_context()
    text = context.engine.scenario.text
    return models.ScenarioText(
        **vars(summary(context)),
        text=None if text is None else masked_text(text),
        bundled=list(bundled()),
        started_with=context.engine.first_scenario.name,
        as_started=context.engine.scenario is context.engine.first_scenario,
    )


@routes.call("GET", "/scenario/text", errors=(404,), content_type=YAML_TYPES[0])
def whole_scenario() -> bytes:
    """The text of the scenario, to be kept in a file: its keys are whole."""
    scenario = admin_context().engine.scenario
    if scenario.text is not None:
        return scenario.text.encode()
    why, remedy = "the scenario was made in Python", "see GET jobs"
    if files := scenario.sources:
        more = "…" if len(files) > MOST_NAMED else ""
        why = f"the scenario was read from {plural(len(files), 'file')}"
        remedy = f"take them as they are: {', '.join(files[:MOST_NAMED])}{more}"
    raise AdminError(404, "MOCK_P1_NO_TEXT", why, remedy)


@routes.call("PUT", "/scenario", content=_CONTENT)
def swap_scenario(query: models.ScenarioQuery) -> models.ScenarioSwap:
    """Play another scenario. Jobs whose timeline did not change keep their state."""
    context, body = admin_context(), read_body()
    with context.loading:
        if query.masked == "true":
            body = _unmasked(body, context.engine.scenario.text or "")
        scenario = _scenario_in(body, query.name)
        states = context.engine.job_states
        with context.engine.lock:
            before = {job_id: sum(1 for _ in states.of(job_id)) for job_id in states.known()}
        kept, dropped = context.driver.load(scenario)
    gone = [
        job_id
        for job_id in before
        if next(states.of(job_id), None) is None
        and context.engine.state.directory.find(job_id) is None
    ]
    return models.ScenarioSwap(
        **vars(summary(context)),
        kept=kept,
        dropped=dropped,
        gone=sum(before[job_id] for job_id in gone),
        gone_jobs=gone[:MOST_NAMED],
    )


def summary(context: AdminContext) -> models.ScenarioSummary:
    """Return what there is to say of the scenario in a few words."""
    scenario = context.engine.scenario
    keys = scenario.api_keys or {}
    return models.ScenarioSummary(
        name=scenario.name,
        description=scenario.description,
        seed=context.engine.seed,
        played_after=context.engine.played_after,
        jobs=context.engine.state.directory.count,
        api_keys=[models.ApiKey(api_key=masked_key(key), state=keys[key]) for key in keys],
        **vars(watched_problems(context)),
    )


def watched_problems(context: AdminContext) -> models.WatchedProblems:
    """Return what is wrong with the file that is watched."""
    return models.WatchedProblems(
        problems=[models.Problem(**problem._asdict()) for problem in context.problems]
    )


def _unmasked(body: bytes, before: str) -> bytes:
    try:
        return unmasked_text(body.decode(), before).encode()
    except ValueError as error:  # also of bytes that are no UTF-8
        raise bad(
            "BODY", str(error), "send the text with its keys, and without masked=true"
        ) from None


def _scenario_in(body: bytes, name: str) -> Scenario:
    """Return the scenario that the body is, or names.

    AdminError with every problem if it cannot be used.
    """
    if request.mimetype not in (JSON_TYPE, *YAML_TYPES):
        raise wrong_type(f"{JSON_TYPE} or {YAML_TYPES[0]}", _REMEDY)
    if not body.strip():
        raise bad("BODY", "the body is empty", _REMEDY)
    named = _named(body) if request.mimetype == JSON_TYPE else None
    try:
        return parse(body, name) if named is None else _named_scenario(named)
    except ScenarioError as error:
        problems = masked_problems(body.decode("utf-8", "replace"), error.problems)
    count = plural(len(problems), "problem")
    remedy = (
        "mend every one of `problems` and send it again; the scenario before is still being played"
    )
    if request.mimetype in YAML_TYPES and b"\n" not in body:
        remedy = f"if this was a file of several lines, curl -d has joined them: {_REMEDY}"
    raise AdminError(
        400,
        "MOCK_P1_INVALID_SCENARIO",
        f"the scenario has {count}: {problems[0]}",
        remedy,
        problems=problems,
    )


def _named(body: bytes) -> dict[str, Any] | None:
    """Return a body that names a scenario; None for one that is a scenario.

    No scenario has the key ``name``, nor ``scenario``, under which many would look for it.
    """
    if len(body) > models.MAX_NAME * 10:
        return None
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    name = value
    if isinstance(value, dict) and value.keys() == {"scenario"}:
        name = value["scenario"]
    if isinstance(name, str) and "\n" not in name:  # that would be the text of one
        named = json.dumps({"name": shorten(name)})
        raise bad("BODY", f"a bundled scenario is asked for by {named}", _REMEDY)
    return value if isinstance(value, dict) and value.keys() == {"name"} else None


def _named_scenario(named: dict[str, Any]) -> Scenario:
    """Return a bundled scenario, or the one that the mock was started with.

    No file is looked for: whoever may steer the mock may not read the disk with it.
    """
    name = checked(models.ScenarioName, named, _REMEDY).name
    first = admin_context().engine.first_scenario
    if name == first.name and name not in bundled():
        return first
    if name not in bundled():
        text = unknown("bundled scenario", name, bundled())
        raise bad("VALUE", text, "name one of these, or send a scenario's text")
    return load_scenario(name)
