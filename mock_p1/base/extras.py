"""What only some need, and so is not installed with the rest: said with the line to type."""

from __future__ import annotations

from importlib.util import find_spec


def missing(what: str, library: str, extra: str) -> str | None:
    """Return why ``what`` cannot be had, and what to type, if its library is not installed."""
    if find_spec(library) is not None:
        return None
    name = library.replace("_", "-")
    return f'{what} needs {name}, which is not installed; type: pip install "mock-p1[{extra}]"'
