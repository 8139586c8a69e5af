"""``/__admin``: the control API, its stream of events, and the dashboard."""

from typing import Final

PREFIX: Final = "/__admin"
"""What every path of the control API begins with."""
