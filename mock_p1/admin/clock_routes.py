"""``/__admin/clock`` and ``/__admin/reset``: move time, stop it, let it run faster; begin anew."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response

from mock_p1.admin import views
from mock_p1.admin.admin_error import AdminError, bad_body, bad_value
from mock_p1.admin.bodies import json_object, query
from mock_p1.admin.context import answer, panel
from mock_p1.base.clock import MAX_SPEED, RealClock
from mock_p1.base.durations import HOW_TO_WRITE, nanoseconds
from mock_p1.base.strict_model import kind_of

_EXAMPLE: Final = '{"advance": "90s"}, {"speed": 60} or {"freeze": true}'

routes = Blueprint("timekeeping", __name__)


@routes.get("/clock")
def show_clock() -> Response:
    """Answer what the clock shows."""
    query(())
    return answer(views.clock(panel().engine))


@routes.post("/clock")
def set_clock() -> Response:
    """Turn the clock."""
    body = json_object(("advance", "speed", "freeze"), example=_EXAMPLE)
    if not body:
        raise bad_body("the body says nothing to do", f"send {_EXAMPLE}")
    _turn(body)
    return answer(views.clock(panel().engine))


@routes.post("/reset")
def reset() -> Response:
    """Begin anew."""
    json_object((), example="{}")
    panel().driver.reset()
    return answer({"reset": True, "scenario": panel().engine.scenario.name})


def _turn(body: dict[str, Any]) -> None:
    """Check everything first, so that a call with one wrong part changes nothing."""
    driver, clock = panel().driver, panel().engine.clock
    by = _span(body["advance"]) if "advance" in body else None
    speed = _speed(body["speed"]) if "speed" in body else None
    frozen = body.get("freeze")
    if "freeze" in body and not isinstance(frozen, bool):
        raise bad_value(
            f"freeze must be true or false; it is {kind_of(frozen)}", 'write "freeze": true'
        )
    if (speed or frozen is not None) and not isinstance(clock, RealClock):
        raise AdminError(
            409,
            "MOCK_P1_VIRTUAL_CLOCK",
            "this mock's clock is virtual: it stands still until it is advanced",
            'move it with {"advance": "90s"}',
        )
    if frozen is not None:
        driver.freeze(frozen=frozen)
    if speed is not None:
        driver.set_speed(speed)
    if by is not None:
        driver.advance(by)


def _span(value: object) -> int:
    remedy = f"write {HOW_TO_WRITE}, or seconds as a number; up to ten years"
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise bad_value(f"advance must be a span of time; it is {kind_of(value)}", remedy)
    if isinstance(value, str) and value.lstrip().startswith("-"):
        raise bad_value(f"advance is {kind_of(value)}; time only moves forward", remedy)
    try:
        return nanoseconds(value)
    except (ValueError, OverflowError) as error:
        text = str(error) if isinstance(error, ValueError) else "advance is far more than ten years"
        raise bad_value(text, remedy) from None


def _speed(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= MAX_SPEED:
        return float(value)
    raise bad_value(
        f"speed must be above 0 and at most {MAX_SPEED:,.0f}; it is {kind_of(value)}",
        'write "speed": 60 for a minute a second; stop the clock with {"freeze": true}',
    )
