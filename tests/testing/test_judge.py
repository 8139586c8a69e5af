"""Judging a client: each assertion passes where it should, fails where it should, and shows why."""

from contextlib import contextmanager

import pytest

from mock_p1 import mocked
from mock_p1.base.messages import Request
from mock_p1.engine.journal import NOT_AWAITED


@pytest.fixture
def mock(slow):
    """slow.yaml: two polls waiting, 90 s running, finished."""
    with mocked(slow) as mock:
        yield mock


@pytest.fixture
def at(mock, poll):
    """Poll at these seconds of the mock's clock."""

    def at(*seconds, job="retrain-001", key=None):
        for moment in seconds:
            mock.advance(moment - mock._engine.clock.now_ns() / 1e9)  # noqa: SLF001 -- a test moves time by spans
            poll(mock, job, key)

    return at


def fails(assertion, *arguments, **named):
    """Return the lines of the message that an assertion fails with."""
    with pytest.raises(AssertionError) as caught:
        assertion(*arguments, **named)
    return str(caught.value).splitlines()


def marked(lines):
    """Return the numbers of the polls that a timeline marks."""
    return [int(line.split()[1]) for line in lines if line.startswith(">")]


def busy(retry_after):
    """Return an answer that asks for time."""
    return {"status_code": 503, "retry_after": retry_after, "body": {"status": "busy"}}


GOES_ON = [{"status": "job_running", "for": "1 poll"}, {"status": "job_finished"}]
ENDS = {
    "stuck": {"status": "job_stuck"},
    "failed": {"status": "job_failed"},
    "error": {"error": "job_may_be_deleted"},
    "reply": {"reply": {"status_code": 503}},
    "fault": {"fault": "connection_reset"},
}


@contextmanager
def dropping(timelines, **more):
    """Yield a client that polls these jobs one after another, as ``mock`` of it says."""
    jobs = {job: {"timeline": timeline, **more} for job, timeline in timelines.items()}
    with mocked({"jobs": jobs}) as mock:

        def poll(*names, key="any-key"):
            for name in names:
                path = f"/v1/external/retrain_jobs/{name}"
                mock._engine.handle(Request("GET", path, "", (key,), mock.url))  # noqa: SLF001 -- quick, and no failure to catch

        poll.mock = mock
        yield poll


class TestAssertPolled:
    def test_at_least_once(self, mock, at):
        """Without a number one poll is enough, and none is too few."""
        assert fails(mock.assert_polled) == [
            "a job should have been polled at least once; it was never polled",
            "",
            "there was no poll at all",
        ]
        at(0, 1)
        mock.assert_polled()
        mock.assert_polled("retrain-001")

    def test_exactly_so_many_times(self, mock, at):
        """With a number it must be that number, and the message has the timeline."""
        at(0, 1, 2)
        mock.assert_polled("retrain-001", times=3)
        mock.assert_polled(times=3)
        lines = fails(mock.assert_polled, "retrain-001", times=1)
        assert lines[0] == "job 'retrain-001' should have been polled once; it was polled 3 times"
        assert "job_running" in lines[-1]
        assert (
            fails(mock.assert_polled, times=4)[0]
            == "a job should have been polled 4 times; it was polled 3 times"
        )

    def test_not_at_all(self, mock, at):
        """times=0 asks that nobody polled."""
        mock.assert_polled(times=0)
        at(0)
        assert "0 times; it was polled once" in fails(mock.assert_polled, times=0)[0]

    def test_other_jobs_are_shown(self, mock, at):
        """Where the job was never polled, the message shows which ones were."""
        at(0, job="nothing")
        lines = fails(mock.assert_polled, "retrain-001")
        assert (
            lines[0]
            == "job 'retrain-001' should have been polled at least once; it was never polled"
        )
        assert lines[2] == "other jobs were polled:"
        assert "nothing" in lines[-1]

    def test_downloads_are_no_polls(self, ask):
        """Fetching a result does not count."""
        with mocked("happy-path") as mock:
            mock.set_status("job_finished")
            link = ask(mock).json()["download_url"]
            assert ask(mock, path=link.removeprefix(mock.url)).ok
            mock.assert_polled(times=1)


class TestAssertInterval:
    def test_within_bounds(self, mock, at):
        """Both bounds belong to what is allowed; times are exact."""
        at(0, 30, 60)
        mock.assert_interval(min="30s", max="30s")
        mock.assert_interval(min=30)
        mock.assert_interval(max="1m", job="retrain-001")

    def test_behind_retry_after(self, mock, at):
        """The client may come when it was told to, sooner or later than else."""
        at(0)
        for moment, told in ((30, "5s"), (35, "10m")):
            mock.fail_next(busy(told))
            at(moment)
        at(635, 665)
        mock.assert_interval(min="30s", max="1m")
        mock.assert_respects_retry_after()

    def test_too_early_and_too_late_behind_retry_after(self, mock, at):
        """It is still blamed where it came sooner than told, or so late that this is no reason."""
        for told, moments in (("10m", (1, 11)), ("5s", (100, 166))):
            mock.fail_next(busy(told))
            at(*moments)
        lines = fails(mock.assert_interval, min="30s", max="1m")
        assert lines[0].endswith("10s apart; at least 30s was asked for (and 2 more)")

    def test_what_retry_after_asked_for_is_said(self, mock, at):
        """Where that was less than else."""
        mock.fail_next(busy("10s"))
        at(0, 5)
        lines = fails(mock.assert_interval, min="30s")
        assert lines[0].endswith("5s apart; at least 10s was asked for")

    def test_exact_after_months(self, mock, at):
        """A month of virtual time costs no precision."""
        mock.advance("300d")
        start = 300 * 86_400
        at(start, start + 30)
        mock.assert_interval(min="30s", max="30s")

    def test_too_close(self, mock, at):
        """The polls that came too early are marked, and the message says what was asked for."""
        at(0, 30, 40, 70, 75)
        lines = fails(mock.assert_interval, min="30s")
        assert lines[0] == "polls 2 and 3 are 10s apart; at least 30s was asked for (and 1 more)"
        assert marked(lines) == [3, 5]

    def test_too_far_apart(self, mock, at):
        """So are those that came too late."""
        at(0, 30, 100)
        lines = fails(mock.assert_interval, min="10s", max="60s")
        assert lines[0] == "polls 2 and 3 are 1m10s apart; at most 1m was asked for"
        assert marked(lines) == [3]

    def test_a_microsecond_too_early(self, mock, at):
        """A difference that rounding would hide is written out."""
        at(0, 29.999999)
        assert (
            fails(mock.assert_interval, min="30s")[0]
            == "polls 1 and 2 are 29.999999s apart; at least 30s was asked for"
        )

    def test_max_of_zero(self, mock, at):
        """max=0 asks for polls without any pause."""
        at(0, 0)
        mock.assert_interval(max=0)
        at(1)
        assert (
            fails(mock.assert_interval, max=0)[0]
            == "polls 2 and 3 are 1s apart; at most 0s was asked for"
        )

    def test_jobs_and_keys_are_measured_apart(self, mock, at):
        """Two jobs, or two keys, polled in turn are not too close to each other."""
        at(0)
        at(1, key="other-key")
        at(2, job="nothing")
        at(30)
        at(31, key="other-key")
        at(32, job="nothing")
        mock.assert_interval(min="30s", max="30s")

    def test_nothing_to_judge(self, mock, at):
        """One poll has no interval: an assertion about it would mean nothing."""
        at(0)
        at(1, key="other-key")
        assert (
            fails(mock.assert_interval, min="1s")[0]
            == "a job was not polled twice, so there is no interval to judge"
        )

    def test_needs_a_bound(self, mock):
        """Without a bound there is nothing to assert."""
        with pytest.raises(TypeError, match="needs min=, max= or both"):
            mock.assert_interval()


class TestAssertStoppedAfter:
    def test_stopped(self, mock, at):
        """The client saw the status last."""
        at(0, 1, 2, 92)
        mock.assert_stopped_after("job_finished")
        mock.assert_stopped_after("job_finished", "retrain-001")

    def test_polled_on(self, mock, at):
        """Every poll that came too late is marked."""
        at(0, 1, 2, 92, 93, 94)
        lines = fails(mock.assert_stopped_after, "job_finished")
        assert lines[0] == "poll 5 came after job 'retrain-001' had shown job_finished, and 1 more"
        assert marked(lines) == [5, 6]

    def test_polled_on_behind_a_download_that_failed(self, ask):
        """The client asks for a fresh link; once it has the file it has to stop."""
        with mocked("link-expires") as mock:
            mock.set_status("job_finished")
            for _ in range(2):
                link = ask(mock).json()["download_url"]
                ask(mock, path=link.removeprefix(mock.url))
            mock.assert_stopped_after("job_finished")
            ask(mock)
            assert marked(fails(mock.assert_stopped_after, "job_finished")) == [5]

    def test_never_there(self, mock, at):
        """A client that never saw the status had no reason to stop."""
        at(0, 1, 2)
        lines = fails(mock.assert_stopped_after, "job_finished")
        assert (
            lines[0] == "a job never showed job_finished, so the client had no reason to stop yet"
        )

    def test_misspelt(self, mock, at):
        """A status that comes near to one that was seen, or could be, is guessed at."""
        at(0)
        assert fails(mock.assert_stopped_after, "job_fin")[0].endswith(
            "; did you mean job_finished?"
        )
        assert fails(mock.assert_stopped_after, "job_wating")[0].endswith(
            "; did you mean job_waiting?"
        )

    def test_error_of_another_call(self, mock, at):
        """No poll can show it."""
        at(0)
        assert fails(mock.assert_stopped_after, "not_found_classifier")[0].endswith(
            "; it is an error of retrain_model_switch, and polls are judged here"
        )

    def test_error(self, mock, at):
        """It may be an error's name as well."""
        at(0)
        mock.fail_next("job_may_be_deleted")
        at(1)
        mock.assert_stopped_after("job_may_be_deleted")
        at(2)
        assert marked(fails(mock.assert_stopped_after, "job_may_be_deleted")) == [3]

    def test_jobs_that_were_dropped(self):
        """Each job that the client polled has to show it; those that did not are counted."""
        with dropping({f"j{n}": GOES_ON for n in range(5)}) as poll:
            poll("j0", "j1", "j2", "j0")
            lines = fails(poll.mock.assert_stopped_after, "job_finished")
            assert lines[0] == (
                "the client had not seen job_finished when it dropped job 'j1' after poll 2 "
                "(job_running), and 1 more job; job= judges one job alone"
            )
            assert marked(lines) == [2, 3]
            poll.mock.assert_stopped_after("job_finished", job="j0")
            poll("j1", "j2")
            poll.mock.assert_stopped_after("job_finished")

    @pytest.mark.parametrize("order", ["ab", "ba"])
    def test_a_client_that_gives_up_after_its_round(self, order):
        """Whichever job came last in it."""
        failing = [GOES_ON[0], {"status": "job_failed"}]
        with dropping({"a": failing, "b": [GOES_ON[0] | {"for": "9 polls"}, GOES_ON[1]]}) as poll:
            poll(*order, *order)
            poll.mock.assert_stopped_after("job_failed")

    def test_a_job_that_another_key_saw_to_its_end(self):
        """It was not dropped: a client may go on by another key."""
        with dropping({"j0": GOES_ON}) as poll:
            poll("j0", "j0")
            poll("j0", key="other-key")
            for job in (None, "j0"):
                poll.mock.assert_stopped_after("job_finished", job)

    @pytest.mark.parametrize("end", ["stuck", "failed", "error", "reply", "fault"])
    def test_jobs_that_come_to_another_end(self, end):
        """Their client is right to stop, or to give up: there is nothing more to see."""
        with dropping({"a": [*GOES_ON], "b": [GOES_ON[0], ENDS[end]]}) as poll:
            poll("b", "b", "b", "a", "a")
            poll.mock.assert_stopped_after("job_finished")

    def test_a_job_that_ends_otherwise_and_was_dropped_before(self):
        """Its client has not seen that it failed."""
        with dropping({"a": GOES_ON, "b": [GOES_ON[0], ENDS["failed"]]}) as poll:
            poll("a", "a", "b")
            assert marked(fails(poll.mock.assert_stopped_after, "job_finished")) == [3]

    def test_a_job_that_finished_midway(self):
        """That is an end too, where another one is asked for."""
        finished = {"status": "job_finished", "for": "1 poll"}
        with dropping({"a": [finished, ENDS["stuck"]], "b": [ENDS["failed"]]}) as poll:
            poll("b", "a")
            poll.mock.assert_stopped_after("job_failed")

    def test_a_job_that_was_moved_past_it(self):
        """It does not come back to it."""
        finished = {"status": "job_finished", "for": "1 poll"}
        with dropping({"a": [finished, ENDS["stuck"]], "b": GOES_ON}) as poll:
            poll.mock.set_status("job_stuck", job="a")
            poll("a", "b", "b")
            poll.mock.assert_stopped_after("job_finished")

    def test_a_job_that_loops_without_it(self):
        """It never comes to any end."""
        loop = [{**GOES_ON[0], "status": status} for status in ("job_waiting", "job_running")]
        finished = [{"status": "job_finished", "for": "1 poll"}]
        with dropping({"a": finished, "b": loop}, at_end="loop") as poll:
            poll("a", "b")
            poll.mock.assert_stopped_after("job_finished")

    @pytest.mark.parametrize("trouble", ["failed", "error"])
    def test_a_job_that_is_given_up_over_trouble_that_would_pass(self, trouble):
        """A client cannot know that; of a network failure, or of HTTP 503, it can."""
        midway = [{**ENDS[trouble], "for": "1 poll"}, *GOES_ON]
        with dropping({"a": midway, "b": GOES_ON}) as poll:
            poll("a", "b", "b")
            poll.mock.assert_stopped_after("job_finished")

    @pytest.mark.parametrize("trouble", ["fault", "reply"])
    def test_a_job_that_is_dropped_over_what_is_to_be_borne(self, trouble):
        """The client has to ask again."""
        midway = [{**ENDS[trouble], "for": "1 poll"}, *GOES_ON]
        with dropping({"a": midway, "b": GOES_ON}) as poll:
            poll("a", "b", "b")
            assert marked(fails(poll.mock.assert_stopped_after, "job_finished")) == [1]

    def test_stuck_jobs_that_are_given_up_at_a_network_failure(self):
        """Their timeline has come to its end all the same."""
        with dropping({"a": [ENDS["stuck"]], "b": GOES_ON}) as poll:
            poll("a", "b", "b")
            poll.mock.fail_next("connection_reset")
            poll("a")
            poll.mock.assert_stopped_after("job_finished")

    @pytest.mark.parametrize(
        ("trouble", "status"),
        [("failed", "job_failed"), ("error", "job_may_be_deleted")],
    )
    def test_all_jobs_given_up_as_soon_as_one_fails(self, trouble, status):
        """A client that breaks off then has stopped."""
        with dropping({"a": GOES_ON, "b": [ENDS[trouble]]}) as poll:
            poll("a", "b")
            poll.mock.assert_stopped_after(status)
            poll("a")
            poll.mock.assert_stopped_after(status)

    def test_all_jobs_given_up_since_the_key_has_ended(self):
        """It works for none of them."""
        with dropping({"a": GOES_ON, "b": GOES_ON, "c": GOES_ON}) as poll:
            poll("a", "b", "c", "a")
            poll.mock.fail_next("inactive_credential")
            poll("b")
            poll.mock.assert_stopped_after("job_finished")
            poll("b")
            assert marked(fails(poll.mock.assert_stopped_after, "job_finished")) == [3]

    def test_an_end_that_the_client_did_not_wait_for(self):
        """It has not seen it, and has to ask again."""
        with dropping({"a": GOES_ON, "b": [GOES_ON[0], {"status": "job_finished"}]}) as poll:
            poll("a", "a", "b", "b")
            poll.mock._engine.add_note(4, NOT_AWAITED)  # noqa: SLF001 -- as a transport does
            lines = fails(poll.mock.assert_stopped_after, "job_finished")
            assert "dropped job 'b' after poll 4 (job_finished)" in lines[0]

    def test_jobs_that_were_never_polled(self):
        """Nobody knows that the client has to do with them."""
        with dropping({"a": GOES_ON, "b": GOES_ON}) as poll:
            poll("a", "a")
            poll.mock.assert_stopped_after("job_finished")

    def test_other_jobs_and_keys_may_go_on(self, mock, at):
        """Only the same job by the same key counts."""
        mock.set_status("retrain-001", "job_finished")
        at(0)
        at(1, key="other-key")
        at(2, job="nothing")
        mock.assert_stopped_after("job_finished")


def test_keys_that_look_alike_are_told_apart(poll):
    """Two keys with the same masked form are two clients all the same."""
    with mocked("stuck") as mock:
        for key in ("key-of-client-1", "key-of-client-2"):
            poll(mock, key=key)
            mock.advance("1s")
        assert len({row.api_key for row in mock.polls()}) == 1
        assert fails(mock.assert_interval, min="1s")[0].startswith("a job was not polled twice")
        mock.assert_stopped_after(mock.polls()[0].outcome)


class TestAssertNoUnexpected:
    def test_nothing_unexpected(self, mock, at):
        """Polls, documented errors and downloads are expected."""
        at(0)
        at(0, job="nothing")
        mock.assert_no_unexpected()

    def test_what_came_nearest(self, mock, ask):
        """The message has method, path, status, and what was perhaps meant."""
        ask(mock, path="/v1/external/retrain_job/retrain-001")
        lines = fails(mock.assert_no_unexpected)
        assert lines[1] == "  GET /v1/external/retrain_job/retrain-001 -> 404"
        assert "did you mean GET /v1/external/retrain_jobs/{retrain_job_id}?" in lines[2]
        mock.reset()


def test_a_long_timeline_keeps_the_poll_that_broke_the_rule(mock, at):
    """Of hundreds of polls the first, the last, and those around the marked one are shown."""
    at(*range(0, 6000, 30))
    at(5975)
    at(*range(6000, 9000, 30))
    lines = fails(mock.assert_interval, min="30s")
    assert marked(lines) == [201, 202]
    assert len(lines) < 60
    assert sum("…" in line for line in lines) == 2
