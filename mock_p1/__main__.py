"""``python -m mock_p1``, the same as the command ``mock-p1``."""

from __future__ import annotations

from mock_p1.cli import main

if __name__ == "__main__":
    main()
