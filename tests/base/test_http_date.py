"""The date that headers have: that of the standard library, without loading it."""

from datetime import UTC, datetime
from email.utils import format_datetime

from hypothesis import given
from hypothesis import strategies as st

from mock_p1.base.messages import http_date


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_date_is_written_as_the_standard_library_does(moment):
    """Whatever the year, and in English."""
    assert http_date(moment) == format_datetime(moment, usegmt=True)


def test_the_example_of_the_standard():
    """RFC 9110 has this one."""
    moment = datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)
    assert http_date(moment) == "Sun, 06 Nov 1994 08:49:37 GMT"
