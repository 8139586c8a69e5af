"""``python -m benchmarks.install_peers``: the peers of benchmarks/peers/, into the folder .peers.

Nothing outside of that folder changes; delete it to be rid of them. What cannot be installed is
named, and the rest goes on.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from pathlib import Path

from benchmarks.contenders import PEERS, PEERS_PYTHON

PINNED = Path(__file__).parent / "peers"


def main() -> None:
    """Install with pip, then with npm."""
    PEERS.mkdir(exist_ok=True)
    if not PEERS_PYTHON.exists():
        venv.create(PEERS / "venv", with_pip=True)
    requirements = str(PINNED / "requirements.txt")
    failed = _failed([str(PEERS_PYTHON), "-m", "pip", "install", "-q", "-r", requirements])
    shutil.copy2(PINNED / "package.json", PEERS)
    npm = shutil.which("npm")
    if npm is None:
        failed.append("npm is not installed: apt install nodejs npm")
    else:
        failed += _failed(
            [npm, "install", "--prefix", str(PEERS), "--no-audit", "--no-fund", "--loglevel=error"]
        )
    sys.exit("\n".join(failed) or 0)


def _failed(command: list[str]) -> list[str]:
    """Run a command; return a list with what went wrong, or an empty one."""
    done = subprocess.run(command, check=False)
    return [f"failed: {' '.join(command)}"] if done.returncode else []


if __name__ == "__main__":
    main()
