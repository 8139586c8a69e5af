"""Judging a client's pace: backing off, Retry-After, and waiting for a client in a thread."""

import random
import threading
import time
from contextlib import nullcontext
from types import SimpleNamespace

import pytest
import requests

import mock_p1
from mock_p1.analysis import polls
from mock_p1.analysis.polls import listed
from mock_p1.base.clock import RealClock
from mock_p1.base.messages import Request
from mock_p1.engine.engine import Engine
from mock_p1.scenario.files import load_scenario
from mock_p1.testing.handle import Handle

POLLED = "jobs: {a: {timeline: [{status: job_running}]}}"
POLL = Request(
    "GET", "/v1/external/retrain_jobs/a", api_keys=("k",), base_url="http://mock.example"
)
BUSY = """
jobs:
  a:
    timeline:
      - {reply: {status_code: 503, retry_after: 30s}, for: 2 polls}
      - {status: job_finished}
"""


def polled(mock, timeout=5):
    """Poll job a."""
    return requests.get(f"{mock.url}{POLL.path}", headers={"x-api-key": "k"}, timeout=timeout)


@pytest.fixture
def start(tmp_path):
    """Start a mock of a scenario text, with a client that polls job a."""
    mocks = []

    def start(text):
        path = tmp_path / "scenario.yaml"
        path.write_text(text, encoding="utf-8")
        mocks.append(mock_p1.mocked(path))
        mock = mocks[-1].__enter__()
        return mock, lambda **options: polled(mock, **options)

    yield start
    for mock in mocks:
        mock.__exit__(None, None, None)


def poll_after(mock, poll, *waits):
    """Poll, and again after each of these waits in seconds."""
    poll()
    for wait in waits:
        mock.advance(wait)
        poll()


def test_a_client_that_doubles_its_interval_backs_off(start):
    """Each interval twice the one before, up to the cap, is what assert_backoff asks for."""
    mock, poll = start(POLLED)
    poll_after(mock, poll, 1, 2, 4, 8, 10, 10)
    mock.assert_backoff(factor=2, cap="10s")


@pytest.mark.parametrize(
    ("judge", "says"),
    [
        ({"min": 0.0009}, "0.0008s apart; at least 0.0009s was asked for"),
        ({"max": 0.0007}, "0.0008s apart; at most 0.0007s was asked for"),
    ],
)
def test_an_interval_and_its_bound_are_never_rounded_to_the_same(start, judge, says):
    """Nor to nothing: below a millisecond all digits are shown."""
    mock, poll = start(POLLED)
    poll_after(mock, poll, 0.0008)
    with pytest.raises(AssertionError, match=says):
        mock.assert_interval(**judge)


def test_a_cap_is_not_rounded_either(start):
    """It would else seem to be kept."""
    mock, poll = start(POLLED)
    poll_after(mock, poll, 0.0001, 0.0008)
    with pytest.raises(AssertionError, match=r"are 0\.0008s apart; the cap is 0\.0007s"):
        mock.assert_backoff(cap=0.0007)


def test_a_client_that_keeps_its_interval_does_not_back_off(start):
    """The poll that came too soon is marked, with the interval asked for."""
    mock, poll = start(POLLED)
    poll_after(mock, poll, 1, 2, 2)
    with pytest.raises(
        AssertionError, match="polls 3 and 4 are 2s apart; backing off by 2 asks for at least 4s"
    ) as e:
        mock.assert_backoff(factor=2)
    assert [line[0] for line in str(e.value).splitlines() if " 4  5s " in line] == [">"]


def test_a_client_that_waits_longer_than_the_cap_is_found(start):
    """An interval above the cap is as wrong as one that is too short."""
    mock, poll = start(POLLED)
    poll_after(mock, poll, 4, 8, 16)
    with pytest.raises(AssertionError, match="are 16s apart; the cap is 10s"):
        mock.assert_backoff(cap="10s")


def test_the_first_interval_is_held_to_the_cap_too(start):
    """There is none before it, but it can be too long as well."""
    mock, poll = start(POLLED)
    poll_after(mock, poll, 30, 10, 10)
    with pytest.raises(AssertionError, match="polls 1 and 2 are 30s apart; the cap is 10s"):
        mock.assert_backoff(cap="10s")


def test_every_poll_off_the_pace_is_marked(start):
    """The first one is told of, the others are counted, and all are marked."""
    mock, poll = start(POLLED)
    poll_after(mock, poll, 1, 1, 2, 2, 30)
    with pytest.raises(
        AssertionError, match=r"polls 2 and 3 are 1s apart.* at least 2s \(and 2 more\)"
    ) as e:
        mock.assert_backoff(cap="10s")
    assert [int(line.split()[1]) for line in str(e.value).splitlines() if line.startswith(">")] == [
        3,
        5,
        6,
    ]


def test_what_floats_lose_is_no_hurry(start):
    """A client that multiplies its wait is not caught by what rounding took."""
    mock, poll = start(POLLED)
    poll_after(mock, poll, *(0.1 * 1.5**n for n in range(20)))
    mock.assert_backoff(factor=1.5)


def test_jitter_is_tolerated_as_far_as_asked(start):
    """A tenth less than the doubled interval passes with tolerance=0.1, and not without."""
    mock, poll = start(POLLED)
    poll_after(mock, poll, 10, 18)
    mock.assert_backoff(tolerance=0.1)
    with pytest.raises(AssertionError):
        mock.assert_backoff(tolerance=0.05)


def test_the_interval_before_may_have_been_lengthened_by_jitter(start):
    """Of a plan of 40, 80 and 160 s each wait is within a tenth of it."""
    mock, poll = start(POLLED)
    poll_after(mock, poll, 40, 84, 150)
    mock.assert_backoff(tolerance=0.1)


@pytest.fixture
def jittered():
    """Return the handle of a mock that is polled after each of these waits, without a transport."""

    def jittered(waits):
        engine = Engine(load_scenario(POLLED))
        engine.handle(POLL)
        for wait in waits:
            engine.clock.advance(round(wait * 1e9))
            engine.handle(POLL)
        return Handle(engine, "http://mock.example")

    return jittered


@pytest.mark.parametrize("grows_from", ["the plan", "the wait before"])
@pytest.mark.parametrize("tolerance", [0.1, 0.3])
def test_jitter_within_its_bounds_is_never_blamed(jittered, grows_from, tolerance):
    """Whatever chance brings, and whether the next wait grows from the plan or from the last."""
    chance = random.Random(1)  # noqa: S311 -- nothing secret
    for _ in range(100):
        wait, waits = 10.0, []
        for _ in range(8):
            waits.append(wait * chance.choice([1 - tolerance, 1 + tolerance, 1]))
            wait = min(2 * (wait if grows_from == "the plan" else waits[-1]), 600)
        jittered(waits).assert_backoff(cap="10m", tolerance=tolerance)


@pytest.mark.parametrize(
    ("waits", "judge"),
    [
        ([10] * 3, {"tolerance": 0.1}),
        ([10] * 5, {"factor": 1.2, "tolerance": 0.1}),
        ([10] * 5, {"tolerance": 0.4}),
        ([10, 20, 30], {"tolerance": 0.1}),
        ([10, 20, 30], {}),
        ([10] * 3, {"cap": "20s", "tolerance": 0.1}),
    ],
)
def test_who_does_not_grow_is_found_whatever_the_tolerance(jittered, waits, judge):
    """An interval is held to all before it, so that tolerances do not add up to no growth."""
    with pytest.raises(AssertionError, match="asks for at least"):
        jittered(waits).assert_backoff(**judge)


def test_the_bound_that_is_applied_is_said_with_its_tolerance(start):
    """It is not the one that was asked for without."""
    mock, poll = start(POLLED)
    poll_after(mock, poll, 84, 130)
    asked = "at least 2m17s455ms with a tolerance of 0.1"
    with pytest.raises(AssertionError, match=f"2m10s apart; backing off by 2 asks for {asked}"):
        mock.assert_backoff(tolerance=0.1)
    with pytest.raises(AssertionError, match=r"at least 2m48s\n"):
        mock.assert_backoff()


def test_the_cap_that_is_applied_is_said_with_its_tolerance(start):
    """Beside the one that was asked for."""
    mock, poll = start(POLLED)
    poll_after(mock, poll, 10, 12)
    cap = "the cap is 10s, 11s with a tolerance of 0.1"
    with pytest.raises(AssertionError, match=f"12s apart; {cap}"):
        mock.assert_backoff(cap="10s", tolerance=0.1)


def test_two_polls_are_too_few_to_judge_backing_off(start):
    """An assertion that has nothing to judge fails instead of passing."""
    mock, poll = start(POLLED)
    poll_after(mock, poll, 1)
    with pytest.raises(AssertionError, match="not polled three times"):
        mock.assert_backoff()


BUSY_MIDWAY = """
jobs:
  a:
    timeline:
      - {status: job_running, for: 2 polls}
      - {reply: {status_code: 429, retry_after: 2m}, for: 1 poll}
      - {status: job_running}
"""


@pytest.mark.parametrize("way", [mock_p1.mocked, mock_p1.serving])
def test_a_wait_that_was_asked_for_is_no_backing_off(way):
    """Neither is it judged, nor is the interval behind it compared with it."""
    with way(BUSY_MIDWAY) as mock:
        poll_after(mock, lambda: polled(mock), 10, 20, 120, 80, 160, 300)
        mock.assert_backoff(factor=2, cap="5m", tolerance=0.1)


def test_an_interval_behind_such_a_wait_is_compared_with_the_one_before(start):
    """The client goes on where it was."""
    mock, poll = start(BUSY_MIDWAY)
    poll_after(mock, poll, 10, 20, 120, 30)
    with pytest.raises(AssertionError, match=r"polls 4 and 5 are 30s apart; .* at least 40s"):
        mock.assert_backoff()


def test_waits_that_were_asked_for_are_too_few_to_judge_backing_off(start):
    """An assertion that has nothing to judge fails."""
    mock, poll = start(BUSY)
    poll_after(mock, poll, 30, 30, 60)
    with pytest.raises(AssertionError, match="at less than two intervals of the client's own"):
        mock.assert_backoff()


def test_what_an_answer_was_held_back_is_no_wait_of_the_clients(start):
    """It doubles its sleeps, to the cap: the first answer came 9 s late, the last one too."""
    slow = "{status: job_running, delay: 9s, for: 1 poll}"
    mock, poll = start(
        f"jobs: {{a: {{timeline: [{slow}, {{status: s, for: 2 polls}}, {slow}, {{status: x}}]}}}}"
    )
    poll_after(mock, lambda: poll(timeout=30), 1, 2, 4, 4)
    mock.assert_backoff(cap="4s")


WRONG_FACTORS = [0.5, 1001, "2", None, True, float("nan"), float("inf"), 10**400]
WRONG_TOLERANCES = [1, -0.1, "0.1", None, False, float("nan")]


@pytest.mark.parametrize(
    "arguments",
    [
        *({"factor": factor} for factor in WRONG_FACTORS),
        *({"tolerance": tolerance} for tolerance in WRONG_TOLERANCES),
    ],
    ids=lambda arguments: str(arguments)[:30],
)
def test_a_backoff_that_cannot_be_meant_is_refused(start, arguments):
    """A factor below one, a tolerance of everything, or no number, is a slip of the test."""
    mock, _ = start(POLLED)
    with pytest.raises(ValueError, match="factor must be a number from 1 to 1,000, and tolerance"):
        mock.assert_backoff(**arguments)


def test_a_client_that_waits_as_told_respects_retry_after(start):
    """Coming back exactly after Retry-After, or later, is right."""
    mock, poll = start(BUSY)
    poll_after(mock, poll, 30, 31, 1)
    mock.assert_respects_retry_after()
    assert [poll.retry_after for poll in mock.polls()] == [30, 30, None, None]


@pytest.mark.parametrize("way", [mock_p1.mocked, mock_p1.serving])
def test_a_job_at_a_literal_reply_is_said_to_be_at_its_http_status(way):
    """In the table, and in the lines below it."""
    text = BUSY.replace("- {reply", "- {status: job_waiting, for: 1 poll}\n      - {reply")
    with way(text) as mock:
        polled(mock)
        report = mock.report()
    assert "HTTP 503 for 2 more polls\n" in report
    assert "a has been at HTTP 503 (" in report


def test_a_client_that_comes_back_too_soon_does_not_respect_retry_after(start):
    """The failure says what was asked for and what came."""
    mock, poll = start(BUSY)
    poll_after(mock, poll, 30, 29)
    message = "poll 2 was answered with Retry-After 30s; poll 3 came after 29s"
    with pytest.raises(AssertionError, match=message):
        mock.assert_respects_retry_after()


@pytest.mark.parametrize(
    ("text", "waits"),
    [
        (BUSY.replace("30s", "1500ms"), [1.6]),
        ("rate_limit: {polls: 1, per: 1500ms}\n" + POLLED, [0, 1.6]),
    ],
)
def test_retry_after_is_respected_as_the_header_says_it(start, text, waits):
    """The header has whole seconds.

    What is less is rounded up, and that is what the client was told.
    """
    mock, poll = start(text)
    poll_after(mock, poll, *waits)
    with pytest.raises(
        AssertionError, match=r"was answered with Retry-After 2s; poll \d came after 1s600ms"
    ):
        mock.assert_respects_retry_after()


LATE = "reply: {status_code: 503, retry_after: 30s}, for: 1 poll"


def test_a_wait_as_told_begins_with_the_answer(start):
    """Which was held back for 9 seconds."""
    steps = f"[{{{LATE}, delay: 9s}}, {{status: job_finished}}]"
    mock, poll = start(f"jobs: {{a: {{timeline: {steps}}}}}")
    poll_after(mock, lambda: poll(timeout=30), 29)
    with pytest.raises(AssertionError, match="Retry-After 30s; poll 2 came after 29s"):
        mock.assert_respects_retry_after()


def test_an_answer_that_nobody_waited_for_asks_for_nothing(start):
    """The client had given up before it came."""
    steps = f"[{{{LATE}, delay: 9s}}, {{status: job_finished}}]"
    mock, poll = start(f"jobs: {{a: {{timeline: {steps}}}}}")
    with pytest.raises(requests.Timeout):
        poll(timeout=1)
    poll()
    with pytest.raises(AssertionError, match="the client was never answered with Retry-After"):
        mock.assert_respects_retry_after()


def test_without_retry_after_there_is_nothing_to_respect(start):
    """A scenario that never asks the client to wait does not pass by accident."""
    mock, poll = start(POLLED)
    poll()
    with pytest.raises(AssertionError, match="never answered with Retry-After"):
        mock.assert_respects_retry_after("a")


def test_a_test_waits_for_a_client_in_a_thread(start):
    """wait_for returns as soon as the client has polled so often."""
    mock, poll = start(POLLED)
    clients = [threading.Thread(target=poll) for _ in range(3)]
    for client in clients:
        client.start()
    mock.wait_for("a", polls=3)
    assert len(mock.polls("a")) == 3
    for client in clients:
        client.join()


def test_waiting_for_polls_that_came_already_returns_at_once(start):
    """What has happened needs no further poll."""
    mock, poll = start(POLLED)
    poll()
    mock.wait_for(polls=1, timeout=0)


def test_waiting_for_polls_takes_no_lock_that_a_poll_holds(start):
    """Whoever polls tells the one who waits while it holds it: both would wait for ever."""
    mock, poll = start(POLLED)
    poll()
    test = threading.Thread(target=mock.wait_for, daemon=True)
    with mock._engine.lock:  # noqa: SLF001 -- as a poll does
        test.start()
        test.join(10)
        assert not test.is_alive()


def test_a_wait_that_is_over_says_how_far_the_client_came(start):
    """The failure shows the polls so far."""
    mock, poll = start(POLLED)
    poll()
    with pytest.raises(AssertionError, match=r"polled once within 0\.01 s; twice was waited for"):
        mock.wait_for("a", polls=2, timeout=0.01)


def test_a_live_server_can_be_waited_for(tmp_path):
    """The client's thread and the server's are both others than the test's."""
    path = tmp_path / "scenario.yaml"
    path.write_text(POLLED, encoding="utf-8")
    with mock_p1.serving(path) as mock:
        url = f"{mock.url}/v1/external/retrain_jobs/a"
        client = threading.Thread(
            target=requests.get, args=(url,), kwargs={"headers": {"x-api-key": "k"}}
        )
        client.start()
        mock.wait_for("a")
        client.join()
        mock.assert_polled("a", times=1)


@pytest.mark.parametrize(("resolution", "holds"), [(0.015625, True), (1e-9, False)])
def test_a_wait_may_be_too_short_by_a_step_of_the_systems_clock(resolution, holds, monkeypatch):
    """On Windows a client that waits a third of a second is early by up to 15.6 ms: here 0.9 s."""
    ticking = SimpleNamespace(resolution=resolution)
    monkeypatch.setattr(time, "get_clock_info", lambda _: ticking)
    real_ns = 0
    monkeypatch.setattr(polls, "BLUR_NS", 0)
    clock = RealClock(speed=60, source=lambda: real_ns)
    mock = Handle(Engine(load_scenario(POLLED), clock), "http://mock.example")
    for real_ns in (0, 333_333_333 - 15_000_000):  # noqa: B007 -- the clock reads it
        mock._engine.handle(POLL)  # noqa: SLF001 -- nothing is served here
    with nullcontext() if holds else pytest.raises(AssertionError, match="at least 20s"):
        mock.assert_interval(min="20s")


def test_a_step_of_the_systems_clock_excuses_no_more_than_half(monkeypatch):
    """At a high speed it is longer than what was asked for: a client that does not wait fails."""
    monkeypatch.setattr(time, "get_clock_info", lambda _: SimpleNamespace(resolution=0.015625))
    clock = RealClock(speed=3600, source=lambda: 0)
    mock = Handle(Engine(load_scenario(POLLED), clock), "http://mock.example")
    for _ in range(2):
        mock._engine.handle(POLL)  # noqa: SLF001 -- nothing is served here
    with pytest.raises(AssertionError, match="0s apart; at least 30s was asked for"):
        mock.assert_interval(min="30s")


@pytest.fixture
def paced():
    """Return the handle of a server that is polled after each of these waits, in real seconds."""

    def paced(*waits, on_its_way=0.002, speed=1.0, text=POLLED):
        now = [0.0]
        clock = RealClock(speed=speed, source=lambda: int(now[0] * 1e9))
        mock = Handle(Engine(load_scenario(text), clock), "http://mock.example")
        for wait in (0, *waits):
            now[0] += wait + on_its_way
            mock._engine.handle(POLL)  # noqa: SLF001 -- nothing is served here
        return mock

    return paced


@pytest.mark.parametrize("speed", [1, 60])
@pytest.mark.parametrize("first", [0.1, 1, 60])
def test_an_exact_doubler_backs_off_though_requests_take_time(paced, first, speed):
    """At a live server each interval is the client's wait, and what a request takes."""
    waits = (first, 2 * first, 4 * first, 4 * first)
    mock = paced(*waits, on_its_way=0.02, speed=speed)
    mock.assert_backoff(factor=2, cap=4 * first * speed)


def test_a_request_that_was_slow_makes_the_next_interval_no_shorter(paced):
    """What it took is in the interval that the next one is compared with."""
    mock = paced(1, 2, 4)
    entries = [*mock._engine.journal]  # noqa: SLF001 -- the one that was on its way for longest
    late = entries[1]._replace(moment_ns=entries[1].moment_ns + 80_000_000)
    listed(mock._engine, [entries[0], late, *entries[2:]]).assert_backoff(factor=2)  # noqa: SLF001 -- likewise


@pytest.mark.parametrize("first", [0.004, 0.1, 1, 60])
def test_who_does_not_back_off_is_found_at_a_live_server(paced, first):
    """However short the intervals are."""
    with pytest.raises(AssertionError, match="backing off by 2 asks for at least"):
        paced(first, first).assert_backoff(factor=2)


def test_who_backs_off_too_little_is_found_at_a_live_server(paced):
    """A growth by half is no doubling; the slack is a tenth of a second for each request."""
    mock = paced(10, 19.6)
    with pytest.raises(AssertionError, match="at least 20"):
        mock.assert_backoff(factor=2)


def test_an_interval_that_stays_passes_at_a_live_server(paced):
    """Asked for no growth; one that is halved does not pass."""
    paced(1, 0.99).assert_backoff(factor=1)
    with pytest.raises(AssertionError, match="backing off by 1"):
        paced(1, 0.5).assert_backoff(factor=1)


@pytest.mark.parametrize(("wait", "off"), [(30, 0.05), (0.1, 0.04)])
def test_an_interval_at_a_live_server_has_a_margin(paced, wait, off):
    """A client that waits for just as long as allowed is not blamed for what requests take."""
    mock = paced(wait + off, wait - off, on_its_way=0)
    mock.assert_interval(min=wait, max=wait)


@pytest.mark.parametrize(("wait", "bounds", "said"),
    [(29.8, {"min": "30s"}, "at least 30s"), (30.2, {"max": "30s"}, "at most 30s"),
     (0.04, {"min": "100ms"}, "at least 100ms"), (0.2, {"max": "100ms"}, "at most 100ms")],
)  # fmt: skip
def test_the_margin_of_an_interval_is_small(paced, wait, bounds, said):
    """A tenth of a second, and no more than half of what is asked for."""
    with pytest.raises(AssertionError, match=said):
        paced(wait).assert_interval(**bounds)


def test_retry_after_has_no_margin_at_a_live_server(paced):
    """Requests that take time make a client later, never earlier."""
    paced(30, text=BUSY).assert_respects_retry_after()
    with pytest.raises(AssertionError, match="Retry-After 30s"):
        paced(29.95, text=BUSY).assert_respects_retry_after()


def test_an_exact_doubler_passes_over_the_wire():
    """The mock's clock, moved by the client's waits, runs on while requests are on their way."""
    with mock_p1.serving(POLLED) as mock:
        poll_after(mock, lambda: polled(mock), 1, 2, 4, 8)
        mock.assert_backoff(factor=2)


STOOD_STILL = "the mock's clock stood still meanwhile: instant_sleep=True "
PACE = [
    pytest.param("assert_interval", {"min": "30s"}, id="interval"),
    pytest.param("assert_backoff", {}, id="backoff"),
    pytest.param("assert_respects_retry_after", {}, id="retry-after"),
]


@pytest.mark.parametrize(("assertion", "options"), PACE)
def test_a_clock_that_stood_still_is_said(start, assertion, options):
    """A client that waited for real cannot be judged by it; its test is told what moves it."""
    mock, poll = start(BUSY if "retry" in assertion else POLLED)
    for _ in range(3):
        poll()
    with pytest.raises(AssertionError, match=STOOD_STILL):
        getattr(mock, assertion)(**options)


@pytest.mark.parametrize(("assertion", "options"), [PACE[0], PACE[2]])
def test_a_clock_that_moved_did_not_stand_still(start, assertion, options):
    """A client that came too early then is to blame itself."""
    mock, poll = start(BUSY if "retry" in assertion else POLLED)
    poll_after(mock, poll, 0, "1s")
    with pytest.raises(AssertionError) as caught:
        getattr(mock, assertion)(**options)
    assert STOOD_STILL not in str(caught.value)


def test_who_asks_again_at_once_and_then_backs_off(start):
    """It has waited, and ever longer."""
    mock, poll = start(POLLED)
    poll_after(mock, poll, 0, 0, 2, 4)
    mock.assert_backoff(factor=2)


def test_a_clock_that_the_client_moves_never_stands_still():
    """A client that does not wait is to blame itself."""
    with mock_p1.mocked("slow-training", instant_sleep=True) as mock:
        for _ in range(2):
            requests.get(
                f"{mock.url}/v1/external/retrain_jobs/{mock.job_id}",
                headers={"x-api-key": mock.api_key},
                timeout=5,
            )
        with pytest.raises(AssertionError) as caught:
            mock.assert_interval(min="30s")
    assert STOOD_STILL not in str(caught.value)


BREAKS = "jobs: {a: {timeline: [{fault: connection_reset, for: 1 poll}, {status: job_running}]}}"


def test_what_a_library_repeats_at_once_is_no_wait_of_the_clients(paced):
    """As Java's does: its client waits from the answer on, and backs off by its own waits."""
    mock = paced(0.003, 30, 60, text=BREAKS)
    assert "asked again" in mock.polls()[1].notes[0]
    mock.assert_interval(min="30s")
    mock.assert_backoff(factor=2)


def test_who_asks_again_later_after_a_break_has_to_wait(paced):
    """Nobody's library is so slow."""
    with pytest.raises(AssertionError, match="200ms apart; at least 30s"):
        paced(0.2, 30, on_its_way=0, text=BREAKS).assert_interval(min="30s")


def test_who_asks_again_and_again_after_breaks_does_not_wait(paced):
    """A library repeats a call once; the second time it is the client."""
    text = BREAKS.replace("1 poll", "50 polls")
    with pytest.raises(AssertionError, match="2ms apart; at least 900ms"):
        paced(*[0.002] * 50, on_its_way=0, text=text).assert_interval(min="0.9s")


def test_a_wait_by_a_fast_clock_is_one(paced):
    """Though it is short in real time: by the mock's clock the client has waited."""
    mock = paced(0.04, 0.08, 0.16, on_its_way=0, speed=100, text=BREAKS)
    assert "asked again" in mock.polls()[1].notes[0]
    mock.assert_backoff(factor=2)


def test_a_frozen_clock_is_told_where_it_makes_waits_nothing(paced):
    """Whoever has frozen it in the midst of a run learns why."""
    mock = paced(30, on_its_way=0)
    mock._engine.clock.freeze()  # noqa: SLF001 -- as a person does at the dashboard
    mock._engine.handle(POLL)  # noqa: SLF001 -- nothing is served here
    with pytest.raises(AssertionError, match="clock is frozen, and intervals are by it"):
        mock.assert_interval(min="30s")
