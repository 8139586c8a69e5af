"""What a handle says while the store of a shared state does not answer."""

import pytest

from mock_p1 import StoreDown
from mock_p1.base.clock import RealClock
from mock_p1.engine.acts import SharedEngine
from mock_p1.scenario.files import load_scenario
from mock_p1.testing.handle import Handle


@pytest.fixture
def mock():
    """A handle of a part in a shared state, of which the store is frozen."""
    engine = SharedEngine(load_scenario("demo"), RealClock())

    def frozen(_):
        raise StoreDown("Timeout reading from socket")

    engine.hand_over = frozen
    return Handle(engine, "http://127.0.0.1:8191")


def test_it_says_whose_store_that_is(mock):
    """Whoever reads it in a test's output knows no store else."""
    told = r"the mock's store does not answer as it should: Timeout reading from socket"
    with pytest.raises(StoreDown, match=told) as caught:
        mock.polls()
    assert caught.value.why == "Timeout reading from socket"


def test_what_a_client_needs_is_there(mock):
    """A test of what a client does then needs these."""
    needed = mock.url, mock.api_key, mock.secret_key, mock.job_id, mock.model_id
    assert needed == ("http://127.0.0.1:8191", "demo-key", "demo-secret", "retrain-001", 1)
