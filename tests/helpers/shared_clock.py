"""What a clock that a mock and its client share has come to."""


def now(mock):
    """The seconds that have passed on the mock's side."""
    return mock._engine.clock.now_ns() / 1e9  # noqa: SLF001 -- no request is made
