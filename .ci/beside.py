"""What pip would install: beside other projects' versions, nothing compiled, and not too much.

Resolves only; asks the package registry, installs nothing. Needs uv.
"""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
MOST = 31
"""Distributions that a plain installation brings along."""

PLATFORMS = (
    "x86_64-manylinux_2_28",
    "aarch64-unknown-linux-musl",
    "aarch64-apple-darwin",
    "x86_64-pc-windows-msvc",
)


def resolved(*options: str) -> tuple[list[str], str]:
    """Return what would be installed, and what the resolver says where it finds nothing."""
    quiet = ("-q", "--no-header", "--no-annotate", "--only-binary", ":all:")
    done = subprocess.run(
        [sys.executable, "-m", "uv", "pip", "compile", *quiet, *options, "pyproject.toml"],
        cwd=HERE.parent, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    lines = [line.strip() for line in done.stdout.splitlines() if "==" in line]
    return (lines if done.returncode == 0 else []), done.stderr.strip()


def main(oldest: str, newest: str) -> int:
    """Resolve for each project and system; return how many things do not hold."""
    wrong = 0
    for constraints in sorted(HERE.glob("beside/*.txt")):
        where = ("-c", str(constraints), "--python-version", "3.11")
        found, error = resolved("--extra", "all", *where)
        wrong += not found
        print(f"beside {constraints.stem}: {f'{len(found)} fit' if found else error}")
    for platform in PLATFORMS:
        for python in (oldest, newest):
            where = ("--python-platform", platform, "--python-version", python)
            for extra in ((), ("--extra", "all")):
                found, error = resolved(*where, *extra)
                is_wrong = not found or (not extra and len(found) > MOST)
                wrong += is_wrong
                limit = ", with all extras" if extra else f" of {MOST} at most"
                what = f"{len(found)} distributions{limit}" if found else error
                print(f"{platform}, Python {python}: {what}")
    return wrong


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) and 1)
