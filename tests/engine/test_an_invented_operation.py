"""The table is where an operation is added: a row and a handler, and everything else follows."""

from __future__ import annotations

import json

import pytest
from helpers.story_player import difference, open_transports
from helpers.story_strategies import Ask, Drive, Story
from helpers.transport_clients import JOBS, open_transport

from mock_p1 import create_app
from mock_p1.analysis.fault_matrix import matrix
from mock_p1.analysis.state_coverage import Coverage
from mock_p1.base.messages import Request, json_reply
from mock_p1.contract import errors
from mock_p1.contract.errors import DocumentedError
from mock_p1.contract.openapi_document import openapi
from mock_p1.contract.operations import OPERATIONS, Field, Operation, OperationTable, Parameter
from mock_p1.engine.call import Outcome
from mock_p1.engine.driver import Driver
from mock_p1.engine.engine import HANDLERS, Engine, Handler
from mock_p1.scenario.parser import parse

TOO_HOT = DocumentedError("too_hot", "The kettle is too hot.", "it boils", 4181000001, "TEAPOT")
BREW = Operation(
    name="brew",
    method="POST",
    template="/v1/external/kettles/{kettle_id}",
    summary="Makes tea.",
    source="Kettle API",
    path=(Parameter(name="kettle_id", description="Which one.", example="k-1"),),
    query=(Parameter(name="leaf", description="What is brewed.", example="sencha"),),
    body=(Field(name="sugar", description="How much.", example=2, type="integer"),),
    reply=(Field(name="leaf", description="What was brewed.", example="sencha"),),
    errors=("invalid_api_key", "not_found_credential", "too_hot"),
)
PATH = "/v1/external/kettles/k-1"
SCENARIO = """
api_keys: {demo-key: active}
jobs: {a: {timeline: [{status: s}]}}
calls: {brew: [ok]}
"""


@pytest.fixture
def brew(monkeypatch):
    """The invented operation, in the table as long as a test runs."""
    known = errors._ERRORS  # noqa: SLF001 -- the public mapping cannot be changed
    monkeypatch.setitem(known, TOO_HOT.name, TOO_HOT)
    OPERATIONS.add(BREW)
    monkeypatch.setitem(
        HANDLERS,
        BREW.name,
        Handler(
            lambda _state, _call: None,
            lambda state, call: Outcome(
                json_reply(200, {"leaf": call.query("leaf")}), state.scenario.name
            ),
        ),
    )
    yield BREW
    before = [each for each in OPERATIONS.values() if each is not BREW]
    OPERATIONS.clear()
    OPERATIONS.__init__(before)  # for the tree of paths, which takes no row out


@pytest.fixture
def scenario(brew):
    """A scenario that plays an error of the operation, made while the table has it."""
    del brew
    return parse(SCENARIO, "kettle.yaml")


def message(answer):
    """Return the message in an answer's body."""
    return json.loads(answer.body)["message"]


@pytest.mark.parametrize("way", ["flask", "live", "responses"])
def test_through_every_way_in(scenario, way):
    """Routed, refused with 405 and Allow, refused without a key, failing by fail_next."""
    with open_transport(way, scenario) as transport:
        assert json.loads(transport.send("POST", f"{PATH}?leaf=sencha").body) == {"leaf": "sencha"}
        wrong = transport.send("GET", PATH)
        assert (wrong.status, wrong.headers["allow"]) == (405, "POST")
        assert message(transport.send("POST", PATH, ())) == "invalid_api_key."
        transport.driver.fail_next("too_hot", on="brew")
        failed = transport.send("POST", PATH)
        assert (failed.status, message(failed)) == (418, "The kettle is too hot.")
        assert transport.send("GET", f"{JOBS}a").status == 200


def test_every_way_in_answers_alike(brew):
    """Those of asyncio too: the same answers, and the same rows of the journal."""
    asked = Ask("POST", f"{PATH}?leaf=sencha", ("demo-key",))
    del brew
    acts = (
        asked,
        Ask("POST", PATH, ("demo-key",), body=b"sugar"),
        Ask("PUT", PATH, ("demo-key",)),
        Ask("POST", PATH),
        Drive("fail_next", ("too_hot",), (("on", "brew"),)),
        asked,
    )
    with open_transports() as transports:
        story = Story(SCENARIO, acts)
        played = transports.play(story)
    assert difference(story, played) is None
    assert len(played) == 5


def test_it_is_described(brew):
    """In OpenAPI: its parameters, its body, its reply, its error."""
    document = openapi()
    described = document["paths"][brew.template]["post"]
    assert [each["name"] for each in described["parameters"]] == ["kettle_id", "leaf"]
    body = described["requestBody"]["content"]["application/json"]["schema"]
    assert (list(body["properties"]), body["required"]) == (["sugar"], ["sugar"])
    assert "418" in described["responses"]
    assert document["components"]["schemas"]["Brew"]["required"] == ["leaf"]


def test_it_is_noted_and_counted(scenario):
    """The journal says where a request departs from its row."""
    engine = Engine(scenario)
    engine.handle(Request("POST", PATH, "sugar=2", ("demo-key",), has_body=True))
    (entry,) = engine.journal
    assert entry.operation == "brew"
    assert entry.notes == ("has the query parameter 'sugar'; the API documents leaf",)


def test_it_is_in_the_fault_matrix_and_in_coverage(scenario):
    """Its own error at each of its moments; what was shown of it counts."""
    assert "too_hot-at-first-of-brew" in map(str, matrix(on="brew"))
    engine = Engine(scenario)
    coverage = Coverage()
    coverage.watch(engine)
    Driver(engine).fail_next("too_hot", on="brew")
    engine.handle(Request("POST", PATH, "leaf=a", ("demo-key",)))
    assert "brew: too_hot" in coverage.there["errors"] & coverage.shown["errors"]


def test_what_can_fail_is_listed(scenario):
    """Its own errors, and no other's."""
    driver = Driver(Engine(scenario))
    with pytest.raises(ValueError, match="too_hot"):
        driver.fail_next("job_may_be_deleted", on="brew")


def test_calls_know_its_errors(brew):
    """A scenario may play them, and is told of others."""
    del brew
    parse("jobs: {a: {timeline: [{status: s}]}}\ncalls: {brew: [{error: too_hot}]}")
    with pytest.raises(ValueError, match="job_may_be_deleted is an error of retrain_data_upload, "):
        parse("jobs: {a: {timeline: [{status: s}]}}\ncalls: {brew: [{error: job_may_be_deleted}]}")


def test_the_control_api_lists_it(brew):
    """GET /__admin/contract has its row, for the dashboard."""
    app = create_app("demo")  # Flask 2.2 reads no JSON for a client whose app is gone
    answered = app.test_client().get("/__admin/contract").get_json()
    row = next(row for row in answered["operations"] if row["name"] == brew.name)
    assert row["errors"] == list(brew.errors)


def test_the_404_says_it_is_imitated(scenario):
    """As a neighbour of what was asked for."""
    reply = Engine(scenario).handle(Request("POST", "/v1/external/kettles"))
    assert str(BREW) in json.loads(reply.body)["imitated"]
    assert json.loads(reply.body)["nearest"] == str(BREW)


def test_the_order_of_rows_decides_nothing():
    """A word of the API beats a parameter, whichever row comes first."""
    table = OperationTable(reversed(list(OPERATIONS.values())))
    found = table.match("/v1/external/retrain_jobs/upload_url")
    assert [operation.name for operation in found.operations.values()] == ["retrain_data_upload"]


def test_two_rows_cannot_share_a_place():
    """Nor a name."""
    with pytest.raises(ValueError, match="in the table already"):
        OPERATIONS.add(next(iter(OPERATIONS.values())))
