"""``create_app``: who may use its controls under any WSGI server; swapping while polls come."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from helpers.admin_client import JOBS

import mock_p1
from mock_p1.base.messages import Request
from mock_p1.engine.engine import Engine
from mock_p1.scenario.files import load_scenario
from mock_p1.server.app import create_app_for


def status(app, path, **headers):
    """Return the HTTP status of a call to the app's controls."""
    return app.test_client().get(f"/__admin{path}", headers=headers).status_code


def test_an_app_is_open_to_this_machine():
    """By default."""
    app = mock_p1.create_app("demo")
    assert status(app, "/jobs") == 200
    assert status(app, "/jobs", Host="mock.internal") == 403


def test_an_app_takes_a_token():
    """For where it can be reached from elsewhere."""
    app = mock_p1.create_app("demo", admin_token="open-sesame")
    assert status(app, "/jobs") == 401
    assert status(app, "/jobs", Authorization="Bearer open-sesame") == 200


def test_an_app_takes_further_names_of_this_machine():
    """As its tools call it."""
    assert (
        status(
            mock_p1.create_app("demo", admin_hosts=["mock.internal"]), "/jobs", Host="mock.internal"
        )
        == 200
    )


def test_without_controls_a_question_for_health_is_no_entry():
    """The journal holds clients' requests alone."""
    engine = Engine(load_scenario("demo"))
    app = create_app_for(engine, admin=False)
    assert status(app, "/health") == status(app, "/ready") == 404
    assert len(engine.journal) == 0
    assert status(app, "/jobs") == 404
    assert len(engine.journal) == 1


def test_an_app_can_be_had_without_controls():
    """And still imitates the API."""
    app = mock_p1.create_app("demo", admin=False)
    assert status(app, "/jobs") == 404
    assert (
        app.test_client().get(f"{JOBS}retrain-001", headers={"x-api-key": "demo-key"}).status_code
        == 200
    )


def test_two_apps_have_controls_of_their_own():
    """Moving one leaves the other."""
    first, second = (
        mock_p1.create_app("demo").test_client(),
        mock_p1.create_app("demo").test_client(),
    )
    assert first.post("/__admin/jobs/retrain-001/step").json["step"] == 2
    assert second.get("/__admin/jobs/retrain-001").json["step"] == 1


def test_a_token_nobody_can_send_is_refused_when_the_app_is_made():
    """Rather than locking everybody out."""
    with pytest.raises(ValueError, match="admin token"):
        mock_p1.create_app("demo", admin_token="")


def test_a_scenario_is_swapped_between_two_polls():
    """Every poll is answered by one scenario or the other, never by half of each."""
    one, two = mock_p1.load_scenario("happy-path"), mock_p1.load_scenario("all-errors")
    engine = Engine(one)

    def poll(number):
        reply = engine.handle(
            Request("GET", f"{JOBS}job-{number % 50}", "", ("any-key",), "http://localhost")
        )
        return reply.status

    with ThreadPoolExecutor(4) as pool:
        polls = [pool.submit(poll, number) for number in range(2000)]
        for number in range(40):
            engine.load((one, two)[number % 2])
        assert {future.result() for future in polls} <= {200, 400}
    assert [entry.number for entry in engine.journal] == list(range(1001, 2001))
