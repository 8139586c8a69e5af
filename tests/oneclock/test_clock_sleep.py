"""instant_sleep: the client's sleeps move the mock's time, and the client sees that time."""

import datetime as dt
import time
import timeit
from datetime import UTC, date, datetime, timedelta
from time import monotonic, sleep

import pytest
import time_machine
from helpers.shared_clock import now

from mock_p1 import mocked
from mock_p1.oneclock.shared import SleptTooLong


def test_two_hours_in_under_a_second(mock, poll):
    """An ordinary client polls two hours through with less than a second of work."""
    began = time.process_time()  # other programs may keep the machine busy meanwhile
    while poll(mock) != "job_finished":
        time.sleep(30)
    assert time.process_time() - began < 1
    assert mock.polls()[-1].seconds == 7200
    mock.assert_polled(times=241)
    mock.assert_interval(min="30s", max="30s")


def test_sleep_that_was_imported_by_name(mock):
    """It does not matter how the client came by time.sleep."""
    sleep(90)
    assert now(mock) == 90


def test_every_clock_moves_along(mock):
    """Both monotonic clocks, the time of day and all dates have moved by as much as was slept."""
    readings = [
        time.monotonic,
        lambda: time.monotonic_ns() / 1e9,
        monotonic,
        time.time,
        lambda: time.time_ns() / 1e9,
        lambda: datetime.now().timestamp(),  # noqa: DTZ005 -- what clients write
        lambda: datetime.now(UTC).timestamp(),
        lambda: dt.datetime.now(UTC).timestamp(),
        lambda: time.mktime(time.localtime()),
        lambda: float(time.strftime("%s") if hasattr(time, "tzset") else time.time()),
    ]
    before = [read() for read in readings]
    time.sleep(86_400)
    assert [round(read() - then, 3) for read, then in zip(readings, before, strict=True)] == [
        86_400
    ] * len(readings)


def test_today_becomes_tomorrow(mock):
    """A day slept is a day on the calendar."""
    today = date.today()  # noqa: DTZ011 -- what clients write
    time.sleep(86_400)
    assert date.today() == today + timedelta(days=1)  # noqa: DTZ011 -- as clients write it


def test_time_stands_still_between_sleeps(mock):
    """Nothing moves unless the client sleeps, or the test moves it."""
    readings = [(time.monotonic(), time.time(), datetime.now(UTC)) for _ in range(1000)]
    assert len(set(readings)) == 1


@pytest.mark.parametrize("tick", [True, False])
def test_a_client_that_travels(mock, tick):
    """Inside time-machine sleeps move the date it has travelled to, and the mock's clock."""
    there = datetime(2030, 1, 1, tzinfo=UTC)
    with time_machine.travel(there, tick=tick) as travel:
        time.sleep(3600)
        assert datetime.now(UTC) == there + timedelta(hours=1)
        travel.shift(timedelta(hours=2))
        assert round((datetime.now(UTC) - there).total_seconds()) == 3 * 3600
        travel.move_to(there)
        time.sleep(60)
        assert datetime.now(UTC) == there + timedelta(minutes=1)
    assert now(mock) == 3660
    assert datetime.now(UTC) == mock.now


@time_machine.travel("2030-01-01T00:00:00+00:00")
def test_a_travel_by_decorator(mock):
    """Likewise, where the travel is a decorator."""
    began = date.today()  # noqa: DTZ011 -- what clients write
    time.sleep(86_400)
    assert date.today() - began == timedelta(days=1)  # noqa: DTZ011 -- likewise


def test_the_test_may_move_it_too(mock):
    """advance() moves what the client sees."""
    before = time.monotonic()
    mock.advance("90s")
    assert time.monotonic() - before == 90


def test_deadlines_of_the_client_work(mock, poll):
    """A client that gives up after an hour does so after an hour of the mock's time."""
    deadline = time.monotonic() + 3600
    while time.monotonic() < deadline and poll(mock) != "job_finished":
        time.sleep(30)
    assert poll(mock) == "job_running"
    assert mock.polls()[-1].seconds == 3600


@pytest.mark.parametrize("step", [0.1, 1 / 3, 30, 0.001])
def test_sums_come_out_exactly(mock, poll, step):
    """What the client slept is what the mock measures, to the nanosecond."""
    for _ in range(10):
        poll(mock)
        time.sleep(step)
    mock.assert_interval(min=step, max=step)


def test_sleeping_until_a_time_of_day(mock, poll):
    """A client that reckons with time.time() comes out exactly as well."""
    begin = time.time()
    for turn in range(1, 4):
        poll(mock)
        time.sleep(begin + 30 * turn - time.time())
    mock.assert_interval(min="30s", max="30s")


def test_the_date_is_the_mocks(mock, poll):
    """The client's date is that of the mock's journal."""
    time.sleep(12_345)
    poll(mock)
    assert mock.polls()[-1].time == datetime.now(UTC)


def test_time_begins_at_a_whole_second(mock, poll):
    """So sums of floats come out exactly, also with dates of HTTP headers."""
    poll(mock)
    assert mock.polls()[0].time.microsecond == 0
    assert time.time() % 1 == time.monotonic() % 1 == 0


def test_clocks_for_durations_move_along(mock):
    """perf_counter, default_timer and clock_gettime of a client too; those of processors do not."""
    clocks = [time.perf_counter, timeit.default_timer, lambda: time.perf_counter_ns() / 1e9]
    if hasattr(time, "clock_gettime"):
        clocks += [
            lambda: time.clock_gettime(time.CLOCK_MONOTONIC),
            lambda: time.clock_gettime(time.CLOCK_REALTIME),
            lambda: time.clock_gettime_ns(time.CLOCK_MONOTONIC) / 1e9,
        ]
    before, worked = [read() for read in clocks], time.process_time()
    time.sleep(7200)
    assert [read() - then for read, then in zip(clocks, before, strict=True)] == [7200] * len(
        clocks
    )
    assert time.process_time() - worked < 60


@pytest.mark.parametrize(
    ("span", "error"), [(-1, ValueError), (float("nan"), ValueError), ("1", TypeError)]
)
def test_what_sleep_refuses(mock, span, error):
    """What time.sleep does not take, it does not take here."""
    with pytest.raises(error):
        time.sleep(span)
    assert now(mock) == 0


def test_a_client_that_never_gives_up_is_stopped(poll):
    """Who sleeps longer than it may is told so, even if it catches every Exception."""

    def client(mock):
        while True:
            try:
                if poll(mock) == "job_finished":
                    return
                time.sleep(30)
            except Exception:  # noqa: BLE001, S112 -- a client that never gives up
                continue

    with mocked("stuck", instant_sleep="2h") as mock:
        with pytest.raises(SleptTooLong, match=r"slept for more than 2h of the mock's time"):
            client(mock)
        mock.assert_polled(times=241)


def test_mocks_at_the_same_time_share_the_clock(poll):
    """Two mocks, two base URLs, one client that waits: one clock."""
    with (
        mocked("slow-training", instant_sleep=True, base_url="https://one.example") as one,
        mocked("slow-training", instant_sleep=True, base_url="https://two.example") as two,
    ):
        assert poll(one) == poll(two) == "job_waiting"
        time.sleep(600)
        assert poll(one) == poll(two) == "job_running"
        two.advance("2h")
        assert poll(one) == poll(two) == "job_finished"


def test_without_instant_sleep_nothing_is_touched(poll):
    """A mock that was not told to leaves sleep and clocks alone."""
    real = time.sleep, time.monotonic
    with mocked("slow-training") as mock:
        assert (time.sleep, time.monotonic) == real
        assert abs(time.time() - mock._engine.clock.date_at(0).timestamp()) < 60  # noqa: SLF001 -- its first moment


def test_decorator():
    """The decorator takes instant_sleep as well."""

    @mocked("slow-training", instant_sleep=True)
    def run():
        before = time.time()
        time.sleep(3600)
        return time.time() - before

    assert run() == 3600
