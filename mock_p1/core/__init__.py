"""The imitation itself: pure, with no I/O, no sleeping, no real clock and no web framework."""
