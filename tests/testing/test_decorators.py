"""mocked and serving as decorators, in every position, and by start and stop."""

# ruff: noqa: D102 -- these methods are what is decorated

import asyncio
from functools import partial

import pytest
import requests

from mock_p1 import mocked


def poll():
    """Ask the documented host for a job's status."""
    url = "https://developer-api.predictionone.sony.biz/v1/external/retrain_jobs/retrain-001"
    return requests.get(url, headers={"x-api-key": "k"}, timeout=5).json()["status"]


class Client:
    """Methods of every kind, decorated above and below what makes them so."""

    @mocked("stuck")
    @staticmethod
    def static_below():
        return poll()

    @staticmethod
    @mocked("stuck")
    def static_above():
        return poll()

    @mocked("stuck")
    @classmethod
    def of_class(cls):
        return poll()

    @mocked("stuck")
    @property
    def status(self):
        return poll()

    @mocked("stuck")
    async def asynchronous(self):
        return poll()

    def __call__(self):
        return poll()


class Asynchronous:
    async def __call__(self):
        return poll()


def test_every_position():
    """The mock is there while the body runs, whatever the function is made into."""
    client = Client()
    seen = {
        client.static_below(),
        Client.static_above(),
        client.of_class(),
        client.status,
        asyncio.run(client.asynchronous()),
        mocked("stuck")(client)(),
        asyncio.run(mocked("stuck")(Asynchronous())()),
        asyncio.run(mocked("stuck")(partial(client.asynchronous))()),
        asyncio.run(mocked("stuck")(partial(Asynchronous()))()),
        mocked("stuck")(partial(client))(),
        mocked("stuck")(client.of_class)(),
    }
    assert seen == {"job_waiting"}


@mocked("stuck", as_argument="mock")
def test_the_handle_as_an_argument(mock, request):
    """The function gets it by name, and pytest takes it for no fixture."""
    assert poll() == "job_waiting"
    mock.assert_polled(times=1)
    assert request is not None


def test_an_argument_that_there_is_not():
    """A function that could not take the handle is refused when it is decorated."""
    with pytest.raises(TypeError, match="has no argument 'mock'"):
        mocked(as_argument="mock")(lambda: None)


@pytest.mark.parametrize("thing", [17, Client])
def test_what_cannot_be_decorated(thing):
    """Something that is never called, or a class."""
    with pytest.raises(TypeError, match=r"cannot be decorated|not the class"):
        mocked()(thing)


def test_start_and_stop():
    """For setUp and tearDown; stop verifies as the end of a with block does."""
    starter = mocked("stuck")
    mock = starter.start()
    assert poll() == "job_waiting"
    mock.assert_polled(times=1)
    requests.get(f"{mock.url}/nothing", timeout=5)
    with pytest.raises(AssertionError, match="what Mock P1 does not imitate"):
        starter.stop()
    with pytest.raises(RuntimeError, match="not been started"):
        starter.stop()
