"""Bytes that nobody means: whatever comes on a socket, the server answers or hangs up."""

import re
import socket
from contextlib import suppress

import pytest
from helpers.corpus import PIECES, REQUESTS
from helpers.transport_clients import open_transport
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

ENOUGH = 100_000
"""Bytes that are read of what may have no end, such as live events."""

STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) ")


@pytest.fixture(scope="module")
def live(scenario):
    """A server that all examples meet, one after the other."""
    with open_transport("live", scenario) as opened:
        opened.scenario = scenario
        yield opened


@st.composite
def mutated(draw):
    """Return a request or two, cut, joined, and with pieces put in."""
    data = b"".join(draw(st.lists(st.sampled_from(REQUESTS), min_size=1, max_size=2)))
    for _ in range(draw(st.integers(0, 4))):
        start, length = draw(st.integers(0, len(data))), draw(st.integers(0, 30))
        piece = draw(st.sampled_from(PIECES) | st.binary(max_size=4))
        data = data[:start] + piece + data[start + length :]
    return data


def answers(live, data):
    """Send bytes and no more, and return what comes back."""
    with live.connect() as connection:
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        found = b""
        with suppress(ConnectionResetError):
            while (piece := connection.recv(65536)) and len(found) < ENOUGH:
                found += piece
                if b"text/event-stream" in found:
                    break
        return found


BOUNDED = settings(
    max_examples=3 * settings.default.max_examples,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.mark.slow
@BOUNDED
@given(data=mutated())
@example(data=b"")
def test_what_comes_on_a_socket_is_answered_or_ends(live, caplog, data):
    """In HTTP, never by an error of the server's own; and the next client is well."""
    live.driver.load(live.scenario)  # an example may have sent another
    found = answers(live, data)
    assert not found or STATUS.match(found), found[:200]
    assert not [status for status in STATUS.findall(found) if status == b"500"], found[:2000]
    assert live.send("GET", "/__admin/health", host="127.0.0.1").status == 200
    assert not caplog.records, caplog.text


@pytest.mark.parametrize("data", REQUESTS)
def test_what_fuzzing_begins_with(live, data):
    """Each of the corpus is answered, or the connection ends."""
    found = answers(live, data)
    assert not found or STATUS.match(found)
    assert b" 500 " not in found[:20]
