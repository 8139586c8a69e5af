"""One test's mocks: starts what the fixtures hand out, and verifies it when the test is over."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from mock_p1.analysis.fault_matrix import InjectedFault, ruled_out, with_fault
from mock_p1.contract.operations import OPERATIONS
from mock_p1.oneclock.shared import CannotShare, SleptTooLong
from mock_p1.testing.mocks import mocked, serving
from mock_p1.testing.plugin_fault_matrix import TROUBLE
from mock_p1.testing.plugin_marker import wanted
from mock_p1.testing.polls import describe_unexpected

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mock_p1.testing.handle import Handle
    from mock_p1.testing.plugin_marker import Wanted
    from mock_p1.testing.run_state import Run


def run(request: pytest.FixtureRequest, this: Run, *, served: bool) -> Iterator[Handle]:
    """Yield the handle of a running mock.

    Then fail the test over unexpected requests, unless it has failed already.

    Where the marker, the configuration or the scenario is wrong, fail without a traceback and start
    nothing.
    """
    injected = _injected_fault(request)
    with _ending(this), ExitStack() as stack:
        want, handle, problem, reason = None, None, "", ""
        try:
            want = wanted(request)
            if injected is not None:
                reason = ruled_out(want.scenario, injected)
                want = replace(want, scenario=with_fault(want.scenario, injected))
            if not reason:
                handle = stack.enter_context(_serving(want) if served else _mocked(want))
        except (
            ValueError,
            OSError,
            CannotShare,
        ) as error:  # MarkerError and ScenarioError, CannotListen
            problem = str(error)
        if reason:
            pytest.skip(f"the scenario rules out {injected}: {reason}")
        if want is None or handle is None:
            gap = "\n" if "\n" in problem else " "
            pytest.fail(f"Mock P1 did not start:{gap}{problem}", pytrace=False)
        this.handles.append(handle)
        yield handle
    if this.raised:
        return
    if want.check and (unexpected := handle.unexpected()):
        pytest.fail(describe_unexpected(unexpected), pytrace=False)
    if injected is not None:
        _judge_calls(injected, this)
    if not any(each.was_asked for each in this.handles):
        _judge_silence(request)


def _judge_calls(injected: InjectedFault, this: Run) -> None:
    """Fail a case whose operation the test never called: it has shown nothing."""
    called = {each.operation for handle in this.handles for each in handle.requests()}
    if injected.on not in called:
        known = ", ".join(name for name in OPERATIONS if name in called) or "none"
        pytest.fail(
            f"{injected} did not strike: the test never called {injected.on}. Name by on= of the "
            f"marker {TROUBLE} what it calls; it called: {known}",
            pytrace=False,
        )


def _judge_silence(request: pytest.FixtureRequest) -> None:
    """Warn of a test that the mock had no part in, or as the ini setting says."""
    verdict = request.config.getini("mock_p1_no_request")
    what = f"no request of {request.node.name} reached {request.fixturename}"
    if verdict == "fail":
        pytest.fail(f"{what} (ini setting mock_p1_no_request)", pytrace=False)
    if verdict != "ignore":
        request.node.warn(pytest.PytestWarning(f"{what}; is it needed? (ini: mock_p1_no_request)"))


@contextmanager
def _ending(this: Run) -> Iterator[None]:
    """Fail the test where the end of its mock says that a client was stopped in a thread."""
    stopped = ""
    try:
        yield
    except SleptTooLong as error:
        stopped = str(error)
    if stopped and not this.raised:
        pytest.fail(stopped, pytrace=False)


def _injected_fault(request: pytest.FixtureRequest) -> InjectedFault | None:
    """Return the injected fault of this run of the test; the test itself need not ask for it."""
    callspec = getattr(request.node, "callspec", None)
    found = callspec.params.get(TROUBLE) if callspec else None
    return found if isinstance(found, InjectedFault) else None


def _mocked(want: Wanted) -> mocked:
    return mocked(
        want.scenario,
        base_url=want.base_url,
        seed=want.seed,
        check=False,
        instant_sleep=want.instant_sleep,
    )


def _serving(want: Wanted) -> serving:
    return serving(
        want.scenario,
        speed=want.speed,
        seed=want.seed,
        check=False,
        instant_sleep=want.instant_sleep,
    )
