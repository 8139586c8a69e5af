"""What the benchmarks make of what they measured."""

import json

import pytest

from benchmarks.load import Connection, request
from benchmarks.measure import differences, in_turns, ratios, row
from benchmarks.report import as_json, got_worse, table


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


@pytest.mark.parametrize(
    ("target", "reached"),
    [(("<=", 1.5), True), (("<=", 1.4), False), ((">=", 1.5), True), ((">=", 1.6), False)],
)
def test_target(target, reached):
    """A target is reached by the median."""
    assert row("x", "times", [1.0, 1.5, 9.0], 2, target).reached is reached


def test_missed_targets_are_seen():
    """The table marks a target that was missed, and leaves figures without one alone."""
    rows = [row("x", "times", [2.0], 1, ("<=", 1)), row("y", "times", [2.0], 1)]
    shown = table("speed", rows, {})
    assert "MISSED" in shown.splitlines()[2]
    assert "MISSED" not in shown.splitlines()[3]


def test_ratios():
    """A ratio is that of one round: a slow phase of the machine meets both sides of it."""
    assert ratios([2.0, 20.0], [1.0, 10.0]) == [2.0, 2.0]
    assert differences([2.0, 20.0], [1.0, 10.0]) == [1.0, 10.0]


def rows_of(values, unit="ms", better="less"):
    """One figure, as it is measured and as it was written to a file."""
    rows = [row("x", unit, values, 2, better=better)]
    return rows, json.loads(as_json({}, {}, {"b": rows}))["benchmarks"]["b"]


@pytest.mark.parametrize(
    ("values", "better", "worse"),
    [
        ([20.0, 21.0, 22.0], "less", {("x", "ms"): 11.0}),
        ([20.0, 21.0, 22.0], "more", {}),
        ([5.0, 6.0, 7.0], "more", {("x", "ms"): 11.0}),
        ([5.0, 6.0, 7.0], "less", {}),
        ([11.0, 11.9, 13.0], "less", {}),  # the spreads overlap
        ([20.0, 21.0, 22.0], None, {}),  # no figure of ours
    ],
)
def test_what_got_worse(values, better, worse):
    """A figure of ours is worse if its spread lies beyond the former one, on the wrong side."""
    _, before = rows_of([10.0, 11.0, 12.0])
    rows, _ = rows_of(values, better=better)
    assert got_worse(rows, before, same_machine=True) == worse


def test_a_little_is_no_worse():
    """Where nothing spreads, as of one value, a few per cent are still noise."""
    _, before = rows_of([100.0])
    assert got_worse(rows_of([104.0])[0], before, same_machine=True) == {}
    assert got_worse(rows_of([106.0])[0], before, same_machine=True) != {}


@pytest.mark.parametrize(("unit", "worse"), [("ms", {}), ("times", {("x", "times"): 11.0})])
def test_between_machines(unit, worse):
    """Another machine makes absolute figures worse, through no fault of ours; ratios count."""
    _, before = rows_of([10.0, 11.0, 12.0], unit)
    assert got_worse(rows_of([20.0, 21.0], unit)[0], before, same_machine=False) == worse


def test_what_got_worse_is_marked():
    """The table says so, and what it was."""
    rows, _ = rows_of([2.0])
    shown = table("speed", rows, {("x", "ms"): 1.0}).splitlines()[2]
    assert shown.endswith("WORSE, was 1.00")


def test_new_figures_are_no_worse():
    """A figure that the old file has not is compared with nothing."""
    assert got_worse(rows_of([2.0])[0], [], same_machine=True) == {}


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
