"""Where other threads are, as is asked for all the time while clients sleep."""

import gc
import subprocess
import sys
from textwrap import dedent

import pytest

from mock_p1.base.frames import current_frames


@pytest.fixture
def collecting():
    """Whether garbage is collected, which is as before at the end."""
    before = gc.isenabled()
    yield
    (gc.enable if before else gc.disable)()


@pytest.mark.parametrize("switch", [gc.enable, gc.disable])
def test_no_garbage_is_collected_meanwhile(monkeypatch, collecting, switch):
    """And afterwards it is as before, whatever happens."""
    seen = []
    monkeypatch.setattr(sys, "_current_frames", lambda: seen.append(gc.isenabled()))
    switch()
    before = gc.isenabled()
    current_frames()
    monkeypatch.setattr(sys, "_current_frames", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        current_frames()
    assert (seen, gc.isenabled()) == ([False], before)


@pytest.mark.slow
def test_garbage_with_a_local_of_threads_is_no_end():
    """In a process that is about to collect some, as CPython 3.11.7 waited for ever."""
    program = """
        import gc, threading
        from mock_p1.base.frames import current_frames

        class Client:
            def __init__(self):
                self.local, self.me = threading.local(), self
                self.local.any = 1

        def deep(calls):
            return deep(calls - 1) if calls else wait.acquire()

        wait = threading.Semaphore(0)
        for _ in range(50):
            threading.Thread(target=deep, args=(20,), daemon=True).start()
        gc.collect()
        gc.disable()
        for _ in range(100):
            Client()
        gc.set_threshold(gc.get_count()[0] + 12, 1000, 1000)
        gc.enable()
        print(len(current_frames()))
    """
    command = [sys.executable, "-c", dedent(program)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "51\n"
