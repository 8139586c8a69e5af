"""One test's mocks: starts what the fixtures hand out, and judges what they were asked."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from mock_p1.analysis.polls import describe_unexpected
from mock_p1.base.arguments import names_arguments
from mock_p1.contract.operations import OPERATIONS
from mock_p1.oneclock.shared import CannotShare, SleptTooLong, stopped_elsewhere
from mock_p1.testing import run_state
from mock_p1.testing.mocks import mocked, serving
from mock_p1.testing.plugin_marker import Wanted, wanted, wanted_for
from mock_p1.testing.poll_report import unread
from mock_p1.testing.run_state import TROUBLE, Judged, Run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, timedelta
    from os import PathLike

    from mock_p1.analysis.fault_matrix import InjectedFault
    from mock_p1.scenario.files import ScenarioSource
    from mock_p1.testing.handle import Handle


def run(this: Run, *, served: bool) -> Iterator[Handle]:
    """Yield the handle of a running mock.

    Where the marker, the configuration or the scenario is wrong, fail without a traceback and start
    nothing.
    """
    request, trouble = run_state.setting_up[-1], _trouble(this.item)
    with _ending(this), ExitStack() as stack:
        try:
            want = wanted(request)
            if trouble is not None:
                from mock_p1.analysis.fault_matrix import ruled_out, with_fault  # noqa: PLC0415 -- only tests that use it pay for it

                if reason := ruled_out(want.scenario, trouble):
                    pytest.skip(f"the scenario rules out {trouble}: {reason}")
                want = want._replace(scenario=with_fault(want.scenario, trouble))
            handle = stack.enter_context(_serving(want) if served else _mocked(want))
        except (
            ValueError,
            OSError,
            CannotShare,
        ) as error:  # MarkerError and ScenarioError, CannotListen
            gap = "\n" if "\n" in str(error) else " "
            text = f"Mock P1 did not start:{gap}{error}"
            raise pytest.fail.Exception(text, pytrace=False) from None
        this.judged.append(Judged(handle, request.fixturename or "", check=want.check))
        yield handle


class MockFactory:
    """The fixture ``mock_p1_for``: starts mocks, several in one test or for any scope.

    Examples:
        >>> import pytest
        >>> @pytest.fixture(scope="module")
        ... def service(mock_p1_for):
        ...     return mock_p1_for("slow-training")
    """

    @names_arguments("mock_p1_for")
    def __call__(  # noqa: PLR0913 -- each is a choice of its own
        self,
        scenario: ScenarioSource | None = None,
        *,
        served: bool = False,
        base_url: str | None = None,
        seed: int | None = None,
        check: bool = True,
        instant_sleep: bool | str | float | timedelta | None = None,
        start_date: str | datetime | None = None,
        speed: float | None = None,
        load: str | PathLike[str] | None = None,
    ) -> Handle:
        """Start a mock. It ends with the test or the fixture that calls this.

        Args:
            scenario: A bundled name, a file, a text, a mapping or a Scenario; left out, the one of
                the configuration.
            served: Whether to start the real server, as ``mock_p1_server`` does.
            base_url: What to take over instead of the two documented hosts.
            seed: Other invented values.
            check: Whether a request that the mock does not imitate fails the test that made it.
            instant_sleep: True, or the longest that a client may sleep: text, seconds or a
                timedelta.
            start_date: The date that the mock's clock begins at.
            speed: How fast the clock of a server runs.
            load: A saved state to go on from, as in ``mocked``; looked for beside the test first.

        Returns:
            The handle.

        Raises:
            MarkerError: An argument is wrong, or has no effect.
            ScenarioError: The scenario cannot be used.
            CannotLoad: The saved state is broken, or of another scenario.
            RuntimeError: No test runs.

        Examples:
            >>> def test_two_services(mock_p1_for):
            ...     old = mock_p1_for("stuck")
            ...     new = mock_p1_for("happy-path", base_url="https://new.example.com")
        """
        __tracebackhide__ = True
        this = run_state.current
        if this is None:
            raise RuntimeError("mock_p1_for starts mocks in a test, or in a fixture")
        given: dict[str, object] = {
            "scenario": scenario,
            "base_url": base_url,
            "seed": seed,
            "speed": speed,
            "load": load,
            "instant_sleep": instant_sleep,
            "start_date": start_date,
        }
        want = wanted_for(this.item, given, served=served)
        stack = ExitStack()
        handle = stack.enter_context(_serving(want) if served else _mocked(want))
        owner = run_state.setting_up[-1] if run_state.setting_up else None
        judged = Judged(handle, (owner and owner.fixturename) or "mock_p1_for", check=check)
        this.judged.append(judged)
        run_state.living.append(judged)

        def end() -> None:
            run_state.living.remove(judged)
            with _ending(run_state.current or this):
                stack.close()

        (owner or this.item).addfinalizer(end)
        return handle


def judge(this: Run) -> None:
    """Fail a test over what its mocks were asked; warn where that was nothing."""
    judge_requests(this)
    ended = [each for each in this.judged if each not in run_state.living]
    silent = [each for each in ended if not each.handle.was_asked]
    if silent and not any(each.last > each.asked_before for each in this.judged):
        handle = silent[0].handle
        told = unread(handle._engine, handle.url)  # noqa: SLF001 -- a handle shows tests no engine
        what = f"no request of {this.item.name} reached {silent[0].fixture}"
        _say(this.item, f"{what}; {told}" if told else what)
    for each in ended:
        for failure in each.unmet:
            calls = failure.operation + (f" of {failure.job_id}" if failure.job_id else "")
            _say(this.item, f"no {calls} met what fail_next queued: {failure.in_words}")


def judge_early(this: Run) -> None:
    """Fail a test that is expected to fail over what is else said at its end."""
    if stopped := stopped_elsewhere():
        pytest.fail(stopped, pytrace=False)
    judge_requests(this)


def judge_requests(this: Run) -> None:
    """Fail a test over requests that are not imitated, or a trouble that it never met."""
    said = [
        describe_unexpected(new)
        for each in this.judged
        if (new := [x for x in each.handle.unexpected() if x.number > each.asked_before])
        and each.check
    ]
    if said:
        pytest.fail("\n".join(said), pytrace=False)
    if (trouble := _trouble(this.item)) is not None:
        _judge_calls(trouble, this)


def _judge_calls(trouble: InjectedFault, this: Run) -> None:
    """Fail a case whose operation the test never called: it has shown nothing.

    Only the mocks of the test itself have the trouble.
    """
    struck = [each.handle for each in this.judged if each.fixture in ("mock_p1", "mock_p1_server")]
    called = {asked.operation for handle in struck for asked in handle.requests()}
    if trouble.on not in called:
        known = ", ".join(name for name in OPERATIONS if name in called) or "none"
        pytest.fail(
            f"{trouble} did not strike: the test never called {trouble.on}. Name by on= of the "
            f"marker {TROUBLE} what it calls; it called: {known}",
            pytrace=False,
        )


def _say(item: pytest.Item, what: str) -> None:
    """Warn of what came to nothing, or as the ini setting says."""
    verdict = item.config.getini("mock_p1_no_request")
    if verdict == "fail":
        pytest.fail(f"{what} (ini setting mock_p1_no_request)", pytrace=False)
    if verdict != "ignore":
        item.warn(pytest.PytestWarning(f"{what} (ini: mock_p1_no_request)"))


@contextmanager
def _ending(this: Run) -> Iterator[None]:
    """Fail the test where the end of its mock says that a client was stopped in a thread."""
    stopped = ""
    try:
        yield
    except SleptTooLong as error:
        stopped = str(error)
    if stopped and not this.raised:
        raise pytest.fail.Exception(stopped, pytrace=False) from None  # said once


def _trouble(item: pytest.Item) -> InjectedFault | None:
    """Return the trouble this run of the test was made for; the test itself need not ask for it."""
    callspec: Any = getattr(item, "callspec", None)
    found = callspec.params.get(TROUBLE) if callspec else None
    return None if isinstance(found, str) else found


def _mocked(want: Wanted) -> mocked:
    return mocked(
        want.scenario,
        base_url=want.base_url,
        seed=want.seed,
        check=False,
        instant_sleep=want.instant_sleep,
        start_date=want.start_date,
        load=want.load,
    )


def _serving(want: Wanted) -> serving:
    return serving(
        want.scenario,
        speed=want.speed,
        seed=want.seed,
        check=False,
        instant_sleep=want.instant_sleep,
        start_date=want.start_date,
        load=want.load,
    )
