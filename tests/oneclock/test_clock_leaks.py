"""After the mock, sleep, clocks and event loops are as before, whoever got hold of what."""

import asyncio
import datetime as dt
import importlib
import queue
import selectors
import socket
import subprocess
import sys
import textwrap
import threading
import time
from asyncio.base_events import BaseEventLoop
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from time import monotonic, sleep
from types import ModuleType
from unittest.mock import patch

import pytest
from helpers.real_time import moves_monotonic, real_seconds

from mock_p1 import mocked, serving
from mock_p1.oneclock import lock_patch, patches
from mock_p1.oneclock.shared import CannotShare


def shared():
    """A mock under one clock."""
    return mocked("slow-training", instant_sleep=True)


def passed(mock):
    """The seconds that have passed on the mock's side."""
    return mock._engine.clock.now_ns() / 1e9  # noqa: SLF001 -- no request is made


def everything():
    """What is replaced while a clock is shared."""
    loop = (vars(BaseEventLoop)[name] for name in ("_run_once", "shutdown_default_executor"))
    threads = (threading.Thread.start, threading.Thread.join, threading.Condition.wait)
    others = (socket.socket.recv, selectors.DefaultSelector.select, ThreadPoolExecutor.submit)
    clocks = (time.sleep, time.monotonic, time.monotonic_ns, sleep, monotonic)
    return (*clocks, *loop, *threads, *others)


def test_everything_is_put_back():
    """Every function is the very one it was, and was another in the meantime."""
    before = everything()
    with shared():
        within = everything()
        time.sleep(7200)
    assert everything() == before
    assert not set(within) & set(before)


@pytest.mark.slow
@pytest.mark.parametrize("first_is_shared", [True, False])
def test_everything_is_put_back_after_mocks_that_do_not_end_in_turn(first_is_shared):
    """Both exchange how threads start; whichever ends first, the other's work goes on."""
    before = everything()
    for _ in range(2):
        with ExitStack() as first:
            first.enter_context(mocked("slow-training", instant_sleep=first_is_shared))
            second = mocked("slow-training", instant_sleep=not first_is_shared)
            second.__enter__()
        within = everything()
        second.__exit__(None, None, None)
        assert everything() == before
        assert within != before


def test_time_is_real_again():
    """What was slept is forgotten."""
    clocks = (time.time, time.perf_counter) if moves_monotonic() else (time.time, time.monotonic)
    real = [clock() for clock in clocks]
    with shared():
        time.sleep(86_400)
    for clock, before in zip(clocks, real, strict=True):
        assert 0 <= clock() - before < 60
    assert abs(datetime.now(UTC).timestamp() - time.time()) < 60


def test_put_back_after_an_error():
    """Also where the test went wrong."""
    real = time.sleep
    with pytest.raises(ZeroDivisionError), shared():
        1 / 0  # noqa: B018 -- it raises
    assert time.sleep is real


@pytest.fixture
def frozen(monkeypatch):
    """What time-machine takes for freezegun at work, which it refuses to start beside."""
    monkeypatch.setitem(sys.modules, "freezegun", ModuleType("freezegun"))
    monkeypatch.setattr(dt, "datetime", type("FakeDatetime", (datetime,), {}))


def test_a_clock_that_could_not_start_is_not_shared(frozen, monkeypatch):
    """The mock that cannot start says what to do, and leaves nothing to the next one."""
    before = everything()
    with (
        pytest.raises(CannotShare, match="while freezegun is active: start the mock first"),
        shared(),
    ):
        pass
    assert everything() == before
    monkeypatch.undo()
    with shared() as mock:
        time.sleep(1)
        assert mock._engine.clock.now_ns() == 1_000_000_000  # noqa: SLF001 -- no request is made
    assert everything() == before


def test_no_module_of_ours_has_a_clock_among_its_names():
    """Where freezegun would exchange it, and put a stand-in of ours in its place for good."""
    names = ("monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "time", "time_ns")
    clocks = {id(getattr(time, name)) for name in names}
    modules = {name: vars(module) for name, module in sys.modules.items() if "mock_p1" in name}
    found = [
        (name, key) for name in modules for key in modules[name] if id(modules[name][key]) in clocks
    ]
    assert found == []


def test_a_module_imported_in_the_meantime(tmp_path, monkeypatch):
    """A module that came by sleep while it was replaced has the real one afterwards."""
    tmp_path.joinpath("came_late.py").write_text(
        "import time\nfrom time import sleep\ndef pause(span, wait=time.sleep): wait(span)\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(tmp_path)
    with shared() as mock:
        late = importlib.import_module("came_late")
        late.sleep(30)
        late.pause(30)
        assert mock._engine.clock.now_ns() == 60_000_000_000  # noqa: SLF001 -- no request is made
    del sys.modules["came_late"]  # monkeypatch would put it back, and every later mock find it
    assert late.sleep is time.sleep
    before = real_seconds()
    late.pause(0.02)
    assert real_seconds() - before >= 0.015


def test_what_a_user_has_replaced_is_left_alone(monkeypatch):
    """A sleep of the test's own, put in place before, stays in place during and after."""
    slept = []
    monkeypatch.setattr(time, "sleep", slept.append)
    with shared() as mock:
        time.sleep(30)
        assert mock._engine.clock.now_ns() == 0  # noqa: SLF001 -- no request is made
    time.sleep(40)
    assert slept == [30, 40]


@pytest.mark.slow
def test_a_sleep_that_was_replaced_before_the_first_mock_of_all():
    """Where sleep was replaced when our code came in, the real one is found, and replaced."""
    code = """
        import time
        from time import sleep, monotonic
        real, time.sleep = time.sleep, print
        from mock_p1 import mocked
        with mocked("demo", instant_sleep=True):
            before = monotonic()
            sleep(7200)
            assert monotonic() - before == 7200
            assert time.sleep is print
        assert sleep is real
        time.sleep = real
        with mocked("demo", instant_sleep=True):
            time.sleep(7200)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], timeout=60, check=True)


def test_a_socket_that_somebody_has_patched_stays_so(monkeypatch):
    """What was in the place of ``recv`` is there again."""

    def own(_, size):
        return bytes(size)

    monkeypatch.setattr(socket.socket, "recv", own, raising=False)
    with mocked("stuck", instant_sleep=True):
        assert socket.socket.recv is not own
    assert socket.socket.recv is own
    assert "recv_into" not in vars(socket.socket)


def test_a_selector_that_somebody_has_patched_stays_so(monkeypatch):
    """What was in the place of ``select`` is there again; what a class inherits it inherits."""

    def own(_, timeout=None):
        return [timeout]

    monkeypatch.setattr(selectors.SelectSelector, "select", own)
    kinds = selectors.SelectSelector, selectors.DefaultSelector
    before = [vars(kind).get("select") for kind in kinds]
    with mocked("stuck", instant_sleep=True):
        assert selectors.SelectSelector.select is not own
    assert [vars(kind).get("select") for kind in kinds] == before


def test_a_socket_takes_every_argument_by_its_name():
    """As the builtin does."""
    here, there = socket.socketpair()
    with here, there, mocked("stuck", instant_sleep=True):
        there.send(b"abc")
        assert here.recv_into(bytearray(3), nbytes=2) == 2


def test_nested_mocks_end_with_the_last():
    """The clock is shared until the last mock has ended, whichever that is."""
    real = time.sleep
    outer, inner = shared(), shared()
    outer.__enter__()
    inner.__enter__()
    outer.__exit__(None, None, None)
    assert time.sleep is not real
    time.sleep(7200)
    inner.__exit__(None, None, None)
    assert time.sleep is real


@pytest.mark.parametrize("kind", [mocked, serving])
def test_a_mock_that_has_not_asked_for_it_does_not_keep_the_clients_time(kind):
    """Its end may be that of the session; the next one that asks is on one clock with it again."""
    real, late = time.sleep, kind("slow-training")
    with shared():
        other = late.start()
        time.sleep(60)
    assert time.sleep is real
    with shared() as again:
        time.sleep(60)
        assert again.now == other.now
    late.stop()
    assert time.sleep is real
    with shared() as mock:
        assert passed(mock) == 0


def test_pythons_own_waits_keep_their_limits():
    """Limits of queues, subprocesses and joins end in real time."""
    never = threading.Event()
    thread = threading.Thread(target=never.wait, daemon=True)
    thread.start()
    with shared():
        with pytest.raises(queue.Empty):
            queue.Queue().get(timeout=0.01)
        with pytest.raises(subprocess.TimeoutExpired):
            subprocess.run(
                [sys.executable, "-c", "import time; time.sleep(30)"], timeout=0.05, check=False
            )
        thread.join(0.01)
        assert thread.is_alive()
    never.set()


def test_a_loop_lives_on():
    """An event loop from before the mock works in it and after it."""
    loop = asyncio.new_event_loop()
    with shared() as mock:
        loop.run_until_complete(asyncio.sleep(30))
        assert mock._engine.clock.now_ns() == 30_000_000_000  # noqa: SLF001 -- no request is made
    before = real_seconds()
    loop.run_until_complete(asyncio.sleep(0.02))
    assert real_seconds() - before >= 0.015
    loop.close()


def test_what_only_says_that_it_is_a_module_is_left_alone(monkeypatch):
    """Libraries such as cffi put such things among the modules.

    Nobody's tests fail because cryptography was loaded.
    """

    class Library:
        __class__ = type(sys)

    monkeypatch.setitem(sys.modules, "lib_of_cffi", Library())
    with shared() as mock:
        time.sleep(30)
        assert mock._engine.clock.now_ns() == 30_000_000_000  # noqa: SLF001 -- no request is made


class Waiter:
    """A client's class that keeps sleep, from before the mock."""

    pause = time.sleep

    def wait(self, span, pause=time.sleep, *, clock=time.monotonic):
        """Wait by default arguments from before the mock; return how long it took by the clock."""
        began = clock()
        pause(span)
        return clock() - began


@pytest.mark.slow
def test_what_kept_sleep_before_the_mock(every_object):
    """Class attributes, default arguments, objects, lists and closures move the clock too."""
    waiter, kept = Waiter(), [time.sleep]
    waiter.nap = time.sleep
    pause = time.sleep
    with shared() as mock:
        Waiter().pause(10)
        assert waiter.wait(10) == 10
        waiter.nap(10)
        kept[0](10)
        for wait in (lambda: pause(10),):
            wait()
        assert passed(mock) == 50
    assert Waiter.pause is waiter.nap is kept[0] is pause is time.sleep
    assert Waiter.wait.__defaults__ == (time.sleep,)
    assert Waiter.wait.__kwdefaults__ == {"clock": time.monotonic}


def test_what_kept_sleep_during_the_mock():
    """A class that is made meanwhile works, also after the test, and keeps nothing of ours."""
    with shared() as mock:

        class Meanwhile:
            pause = time.sleep

            def wait(self, span, pause=time.sleep):
                pause(span)

        pair, later = (time.sleep, 1), partial(time.sleep, 10)
        Meanwhile().pause(10)
        Meanwhile().wait(10)
        later()
        assert passed(mock) == 30
    assert Meanwhile.pause is time.sleep
    assert Meanwhile.wait.__defaults__ == (time.sleep,)
    before = real_seconds()
    pair[0](0.01)  # what cannot be changed behaves as the builtin
    partial(later.func, 0.01)()
    assert real_seconds() - before >= 0.015


@pytest.mark.slow
def test_what_went_meanwhile_hides_nothing_that_came():
    """What keeps sleep where it cannot be exchanged may go in the next mock, as another comes."""
    kept = []
    with shared():
        kept.append(partial(time.sleep, 10))
    with shared():
        kept.clear()
        came = Waiter()
        came.nap = time.sleep
    assert came.nap is time.sleep


def test_what_went_between_two_mocks_hides_nothing_that_came():
    """What kept sleep where it cannot be exchanged is gone when the next mock starts."""
    kept = []
    with shared():
        kept.append(partial(time.sleep, 10))
    kept.clear()
    with shared():
        came = Waiter()
        came.nap = time.sleep
    assert came.nap is time.sleep


def test_what_was_there_at_the_first_mock_hides_nothing_later(monkeypatch):
    """As many as were counted then are too many once what kept a stand-in is gone."""
    kept = []
    with shared():
        kept.append(partial(time.sleep, 10))
    monkeypatch.setattr(patches, "_lowest", {})
    with shared():
        pass
    kept.clear()
    with shared():
        kept.append(partial(time.sleep, 10))
    with shared():
        came = Waiter()
        came.nap = time.sleep
        kept.clear()
    assert came.nap is time.sleep


def test_monkeypatch_before_the_mock_leaves_nothing_of_ours():
    """What it puts back at the end is the builtin, though it found ours."""
    real = time.sleep
    monkeypatch = pytest.MonkeyPatch()
    with shared():
        monkeypatch.setattr(time, "sleep", print)
    monkeypatch.undo()
    assert time.sleep is real


def test_a_spy_on_sleep_moves_the_clock():
    """A spy of unittest.mock or pytest-mock hands on to the client's sleep."""
    with shared() as mock, patch("time.sleep", wraps=time.sleep) as spied:
        time.sleep(30)
        assert passed(mock) == 30
    spied.assert_called_once_with(30)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "moves"),
    [
        ("pytest_of_a_client", True),
        ("client.pytest_plugin", True),
        ("pytest_randomly", False),
        ("allure_commons.utils", False),
        ("teamcity.messages", False),
        ("_pytest.timing", False),
    ],
)
def test_reporters_keep_real_time(module, moves):
    """A plugin does not see the mock's time; a client's module does, whatever its name."""
    with shared() as mock:
        mock.advance("1d")
        code = {"__name__": module, "monotonic": time.monotonic}
        exec("shown = monotonic()", code)  # noqa: S102 -- a module of this name
        assert (code["shown"] == time.monotonic()) == moves


@pytest.mark.slow
def test_a_patch_that_cannot_be_made_leaves_none_of_the_others(monkeypatch):
    """Such as of a name that a new release no longer has; the next mock begins as ever."""
    before = time.sleep, threading.Condition.wait, ThreadPoolExecutor.submit
    with monkeypatch.context() as without:
        without.setattr(lock_patch, "install", lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError), shared():
            pass
    assert (time.sleep, threading.Condition.wait, ThreadPoolExecutor.submit) == before
    with shared() as mock:
        time.sleep(30)
        assert mock._engine.clock.now_ns() == 30_000_000_000  # noqa: SLF001 -- no request is made
