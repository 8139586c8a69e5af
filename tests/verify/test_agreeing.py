"""What `verify` says of refuted points.

The lines by which the mock agrees, and what no line can say.
"""

from __future__ import annotations

import json

import pytest
from helpers.broken_servers import FinalDotLost, UnknownKeyServed
from helpers.refuting_servers import EmptyKeyUnknown, ErrorNumbered, ErrorsWithStatus200
from helpers.right_server import served


class NumberedWithStatus200(ErrorNumbered, ErrorsWithStatus200):
    """Two assumptions are refuted; a scenario has a line for one of them."""


def test_lines_that_say_all_of_it_say_so(verify):
    """Every refuted point has its line."""
    with served(ErrorsWithStatus200()) as url:
        result = verify(url)

    assert (
        "With these lines in a scenario file the mock agrees with this server in what was refuted:"
        in result.output
    )
    assert "No line says" not in result.output


def test_what_no_line_can_say_is_named(verify):
    """Beside lines for the rest, a point that `assumptions:` has no words for is named."""
    with served(NumberedWithStatus200()) as url:
        result = verify(url, given_all=True)

    _, lines = result.output.split(
        "the mock agrees with this server in what was refuted, but for the last:\n"
    )
    assert "error_body" not in lines
    assert lines.endswith(
        "\nNo line of `assumptions:` says this; "
        "what a scenario can say of it, its steps and api_keys say:\n\n"
        "  The body of an error has the fields code, error, message and no others.\n"
    )


def test_without_any_line_the_points_are_named_all_the_same(verify):
    """Nothing is promised of lines that there are not."""
    with served(EmptyKeyUnknown()) as url:
        result = verify(url)

    assert "With these lines" not in result.output
    assert result.output.endswith("\n\n  An empty x-api-key is answered like a missing one.\n")


def test_programs_are_told_too(verify):
    """The JSON report has the ids of the points that no line can say."""
    with served(EmptyKeyUnknown()) as url:
        told = json.loads(verify(url, "--json").output)

    assert (told["assumptions"], told["beyond_assumptions"]) == (None, ["empty-key"])


@pytest.mark.parametrize(
    ("service", "said"),
    [
        (
            UnknownKeyServed,
            "1 point that the manual documents differs: the published contract is broken.",
        ),
        (
            FinalDotLost,
            "2 points that the manual documents differ: the published contract is broken.",
        ),
        (UnknownKeyServed, "1 point that this mock assumes is refuted, which breaks no contract."),
        (
            NumberedWithStatus200,
            "2 points that this mock assumes are refuted, which breaks no contract.",
        ),
    ],
)
def test_one_point_is_spoken_of_as_one(service, said, verify):
    """The summary is written in sentences."""
    with served(service()) as url:
        assert said in verify(url).output
