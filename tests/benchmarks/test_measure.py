"""What the benchmarks make of what they measured."""

import pytest

from benchmarks.load import Connection, request
from benchmarks.measure import FEW, bests, in_turns, ratios, row
from benchmarks.report import table


def test_sides_take_turns():
    """Sides are run alternately, in the opposite order every other round.

    The first round only warms up.
    """
    order = []
    results = in_turns({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, 2)
    assert "".join(order) in ("abbaab", "baabba")
    assert results == {"a": [None, None], "b": [None, None]}


def test_one_round_is_not_warmed_up():
    """A single round is run once."""
    ran = []
    in_turns({"a": lambda: ran.append(1)}, 1)
    assert ran == [1]


def test_the_best_of_a_few_rounds_counts():
    """Of each few rounds in a row the fastest counts: what slows one round down does not show."""
    ours, theirs = [2.0] * FEW + [4.0] * FEW, [1.0] * FEW + [2.0] * FEW
    ours[1], theirs[FEW + 1] = 50.0, 70.0
    assert ratios(ours, theirs) == [2.0, 2.0]


def test_rounds_left_over():
    """Rounds that make no few of their own count with those before them; none is lost."""
    values = [float(number) for number in range(2 * FEW + 1)]
    assert bests(values, max) == [FEW - 1.0, 2.0 * FEW]
    assert bests(values[:1]) == [0.0]


@pytest.mark.parametrize(
    ("target", "reached"),
    [(("<=", 1.5), True), (("<=", 1.4), False), ((">=", 1.5), True), ((">=", 1.6), False)],
)
def test_target(target, reached):
    """A target is reached by the median."""
    assert row("x", "times", [1.0, 1.5, 9.0], 2, target).reached is reached


def test_missed_targets_are_seen():
    """The table marks a target that was missed, and leaves figures without one alone."""
    shown = table("speed", [row("x", "times", [2.0], 1, ("<=", 1)), row("y", "times", [2.0], 1)])
    assert "MISSED" in shown.splitlines()[2]
    assert "MISSED" not in shown.splitlines()[3]


class Wire:
    """A connection's socket that answers in pieces."""

    def __init__(self, *pieces):
        self.pieces = list(pieces)

    def recv(self, _size):
        """Return the next piece."""
        return self.pieces.pop(0)


def receiving(*pieces):
    """Return a connection to which these pieces come."""
    return Connection(lambda: Wire(*pieces), iter(()))


def test_reply_in_pieces():
    """A reply counts when all of it has come, however it was cut."""
    connection = receiving(b"HTTP/1.1 200 OK\r\nConte", b"nt-Length: 2\r\n\r\n{", b"}")
    assert [connection.receive() is not None for _ in range(3)] == [False, False, True]


def test_reply_in_chunks():
    """A reply without a length counts when its last chunk has come."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    connection = receiving(head, b"2\r\n{}\r\n", b"0\r\n\r\n")
    assert [connection.receive() is not None for _ in range(3)] == [False, False, True]


@pytest.mark.parametrize(
    "reply",
    [b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n", b""],
)
def test_other_replies_end_the_run(reply):
    """A reply that is no 200, one without a length, and a closed connection are no figures."""
    with pytest.raises(SystemExit):
        receiving(reply).receive()


def test_request():
    """The load generator sends plain GETs."""
    assert request("/x", "h:1", {"a": "b"}) == b"GET /x HTTP/1.1\r\nHost: h:1\r\na: b\r\n\r\n"


@pytest.mark.parametrize(("header", "over"), [(b"Connection: close\r\n", True), (b"", False)])
def test_closing_server(header, over):
    """A server that closes the connection after its reply is noticed."""
    connection = receiving(b"HTTP/1.1 200 OK\r\n" + header + b"Content-Length: 0\r\n\r\n")
    connection.receive()
    assert connection.is_over is over
