"""What `/__admin` answers while the store of a shared state is down."""

import pytest
from prometheus_client.values import MultiProcessValue

from mock_p1.admin.context import AdminContext
from mock_p1.base.clock import RealClock
from mock_p1.engine.acts import SharedEngine, StoreDown
from mock_p1.scenario.files import load_scenario
from mock_p1.server.app import create_app_for


@pytest.fixture
def engine():
    """A part of a shared state."""
    return SharedEngine(load_scenario("demo"), RealClock())


@pytest.fixture
def client(engine):
    """A client of its control API."""
    return create_app_for(engine, AdminContext(engine)).test_client()


def stop(engine):
    """Have the store answer nothing."""

    def down(_):
        raise StoreDown("frozen")

    engine.hand_over = down
    engine.store_state = lambda: "down: frozen"


def test_it_is_ready_while_the_store_answers(client):
    """And says the same as when it is asked for its health."""
    assert client.get("/__admin/ready").json == client.get("/__admin/health").json


def test_it_is_not_ready_while_the_store_is_down(engine, client):
    """But well, so that nobody restarts it for that; it is ready again when the store is back."""
    before = engine.hand_over
    stop(engine)
    answer = client.get("/__admin/ready")
    assert (answer.status_code, answer.json["error"]) == (503, "MOCK_P1_STORE")
    assert "frozen" in answer.json["message"]
    assert client.get("/__admin/health").json["store"] == "down: frozen"
    engine.hand_over = before
    assert client.get("/__admin/ready").status_code == 200


def test_anybody_may_ask_whether_it_is_ready(engine):
    """As for its health: whoever looks after containers has no token."""
    client = create_app_for(engine, AdminContext(engine)).test_client()
    elsewhere = {"REMOTE_ADDR": "10.0.0.1"}
    assert client.get("/__admin/ready", environ_overrides=elsewhere).status_code == 200
    assert client.get("/__admin/jobs", environ_overrides=elsewhere).status_code == 403


def test_metrics_say_whether_the_store_answers(engine, client):
    """They are there when it does not, as that is when somebody looks."""
    assert "mock_p1_store_up 1.0" in client.get("/__admin/metrics").text
    stop(engine)
    answer = client.get("/__admin/metrics")
    assert answer.status_code == 200
    assert "mock_p1_store_up 0.0" in answer.text
    assert "mock_p1_jobs_unpolled" in answer.text


def test_the_stores_metric_is_in_nobodys_file(engine, client, monkeypatch, tmp_path):
    """Where the application under test keeps its own metrics for several processes."""
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    monkeypatch.setattr("prometheus_client.values.ValueClass", MultiProcessValue())
    assert "mock_p1_store_up 1.0" in client.get("/__admin/metrics").text
    stop(engine)
    assert "mock_p1_store_up 0.0" in client.get("/__admin/metrics").text
    assert not [*tmp_path.iterdir()]
