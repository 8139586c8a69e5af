"""``/__admin/clock`` and ``/__admin/reset``."""

import pytest
from helpers.admin_client import Controls

from mock_p1.base.clock import VirtualClock


def test_the_clock_shows_its_time_and_how_it_runs(controls):
    """Seconds since the mock began, the date, the speed."""
    controls.pass_time(1.5)
    shown = controls.get("/clock")
    assert (shown["seconds"], shown["speed"], shown["frozen"], shown["kind"]) == (
        1.5,
        1.0,
        False,
        "real",
    )
    assert shown["time"].endswith("+00:00")


@pytest.mark.parametrize(
    ("span", "seconds"), [("90s", 90), ("1h30m", 5400), (90, 90), (0.25, 0.25), (0, 0), ("0s", 0)]
)
def test_the_clock_is_moved_forward(controls, span, seconds):
    """By a duration as people write it, or by seconds."""
    assert controls.do("POST", "/clock", {"advance": span})["seconds"] == seconds


def test_moving_the_clock_moves_the_jobs(controls):
    """A job that waits for time goes on."""
    controls.do("PUT", "/jobs/slow", {"step": 2})
    controls.poll("slow")
    controls.do("POST", "/clock", {"advance": "90s"})
    assert controls.poll("slow").json["status"] == "job_finished"


@pytest.mark.parametrize(
    "span",
    [
        "-5s",
        -5,
        "11y",
        "4000d",
        10**12,
        10**400,
        "",
        "soon",
        None,
        True,
        [90],
        "\uff19\uff10s",
        "1e3s",
    ],
)
def test_a_span_that_is_none_is_refused(controls, span):
    """Negative, endless, or no span at all: the clock stays."""
    controls.refused(400, "POST", "/clock", {"advance": span})
    assert controls.get("/clock")["seconds"] == 0


def test_the_clock_runs_faster(controls):
    """From now on: what has passed has passed."""
    controls.pass_time(10)
    assert controls.do("POST", "/clock", {"speed": 60})["speed"] == 60
    controls.pass_time(1)
    assert controls.get("/clock")["seconds"] == 70


@pytest.mark.parametrize("speed", [0, -1, 1_000_001, 10**400, "60", None, True, [1]])
def test_a_speed_that_cannot_be_run_at_is_refused(controls, speed):
    """The clock runs on as before."""
    controls.refused(400, "POST", "/clock", {"speed": speed})
    assert controls.get("/clock")["speed"] == 1


@pytest.mark.parametrize("speed", ["Infinity", "-Infinity", "NaN", "1e999"])
def test_a_speed_that_is_no_number_is_refused(controls, speed):
    """JSON has no infinity; what comes near it is one all the same."""
    controls.refused(
        400, "POST", "/clock", data=f'{{"speed": {speed}}}', content_type="application/json"
    )
    assert controls.get("/clock")["speed"] == 1


def test_the_clock_is_stopped_and_runs_on(controls):
    """Its speed is kept meanwhile, and it can still be moved by hand."""
    controls.do("POST", "/clock", {"freeze": True, "speed": 2})
    controls.pass_time(5)
    assert controls.do("POST", "/clock", {"advance": 7})["seconds"] == 7
    controls.do("POST", "/clock", {"freeze": False})
    controls.pass_time(1)
    assert controls.get("/clock")["seconds"] == 9


@pytest.mark.parametrize("frozen", [1, "true", None])
def test_freeze_is_true_or_false(controls, frozen):
    """Nothing that only looks like it."""
    controls.refused(400, "POST", "/clock", {"freeze": frozen})


def test_a_call_with_one_wrong_part_changes_nothing(controls):
    """Everything is checked before anything is done."""
    controls.refused(400, "POST", "/clock", {"advance": "90s", "speed": 0})
    assert controls.get("/clock")["seconds"] == 0


def test_a_call_that_says_nothing_is_refused(controls):
    """An empty body is a slip."""
    controls.refused(400, "POST", "/clock", {})
    controls.refused(400, "POST", "/clock")


def test_a_virtual_clock_is_moved_but_has_no_speed(scenario):
    """In-process mocks have one; it stands still by nature."""
    virtual = Controls(scenario, clock=VirtualClock())
    assert virtual.do("POST", "/clock", {"advance": "90s"})["seconds"] == 90
    assert virtual.refused(409, "POST", "/clock", {"speed": 2})["error"] == "MOCK_P1_VIRTUAL_CLOCK"
    assert (
        virtual.refused(409, "POST", "/clock", {"freeze": False})["error"]
        == "MOCK_P1_VIRTUAL_CLOCK"
    )


def test_a_clock_moved_beyond_the_calendar_still_answers(controls):
    """Eight hundred times ten years."""
    for _ in range(810):
        controls.engine.clock.advance(10 * 365 * 86_400 * 10**9)
    assert controls.do("POST", "/clock", {"advance": 1})["time"].startswith("9999-12-31")


def test_reset_begins_everything_anew(controls):
    """Jobs, requests, waiting failures and the clock."""
    controls.do("POST", "/jobs/slow/step")
    controls.poll("slow")
    controls.do("POST", "/next", {"fault": "timeout"})
    controls.do("POST", "/clock", {"advance": 5})
    assert controls.do("POST", "/reset")["reset"] is True
    assert controls.get("/jobs/slow")["step"] == 1
    assert controls.get("/requests/count") == {"count": 0}
    assert controls.get("/next")["waiting"] == 0
    assert controls.get("/clock")["seconds"] == 0


def test_health_survives_a_reset(controls):
    """It is what containers ask for."""
    controls.do("POST", "/reset")
    assert controls.get("/health")["status"] == "ok"
