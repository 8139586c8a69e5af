"""Scenarios that were checked before, kept in the user's cache folder, so that a start is quick.

A kept one is found by a digest of all that it came from: the files' names and contents, and the
code that checked them. What else it could depend on is looked at anew (result files), or is not
kept (environment variables). The folder can be deleted at any time; whatever is wrong with it, the
scenario is read in the ordinary way.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mock_p1._version import __version__
from mock_p1.engine.saved_state import no_garbage
from mock_p1.scenario.files import Found, find_scenarios, is_text, load_scenarios
from mock_p1.scenario.kept import as_kept, from_kept
from mock_p1.scenario.result_files import read_file
from mock_p1.server.user_folders import is_private, write_whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mock_p1.scenario.model import Scenario

LARGEST_BYTES: Final = 20_000_000
MOST_KEPT: Final = 50
"""So many are kept; the oldest go first."""

READERS: Final = {"faker": "__init__.py", "pydantic": "version.py", "yaml": "__init__.py"}
"""Libraries that judge what stands in a file, and the file of each that says its version."""

_HERE: Final = Path(__file__).parents[1]


def load_kept(names: Sequence[str], folder: Path | None) -> Scenario:
    """Do what ``load_scenarios`` does, and faster where the folder keeps the scenario.

    Raises ScenarioError.
    """
    if folder is None or any(map(is_text, names)):
        return load_scenarios(names)
    return read_kept(find_scenarios(names), folder)


@no_garbage()
def read_kept(found: Found, folder: Path) -> Scenario:
    """Return the scenario that was found, and keep it; faster where it is kept.

    Raises ScenarioError.
    """
    digest = _digest(found)
    file = folder / f"{digest}.json"
    with suppress(OSError, ValueError):  # there is none, or what is there is not ours
        if _is_safe(folder):
            return from_kept(_content(file, digest), found.attach)
    scenario = found.read()
    with suppress(OSError):
        _keep(scenario, file, digest)
    return scenario


def _is_safe(folder: Path) -> bool:
    """Tell whether nobody else can put something into a folder, or another in its place."""
    return is_private(folder) and is_private(folder.parent, may_be_read=True)


def _content(file: Path, digest: str) -> str:
    """Return what a file keeps; ValueError where it is not whole."""
    seal, _, content = (read_file(file, LARGEST_BYTES) or b"").partition(b"\n")
    if seal != _seal(digest, content):
        raise ValueError("not whole")
    return content.decode()


def _keep(scenario: Scenario, file: Path, digest: str) -> None:
    kept = as_kept(scenario)
    if kept is None or len(kept) >= LARGEST_BYTES - 100:
        return
    folder, content = file.parent, kept.encode()
    folder.parent.parent.mkdir(parents=True, exist_ok=True)
    for own in (folder.parent, folder):
        own.mkdir(mode=0o700, exist_ok=True)
    if not _is_safe(folder):
        return
    write_whole(file, b"%s\n%s" % (_seal(digest, content), content), 0o600)
    ours = folder.glob("[0-9a-f]" * len(digest) + ".json*")
    by_age = sorted(ours, key=lambda path: (path == file, path.stat().st_mtime_ns))
    for old in by_age[:-MOST_KEPT]:
        with suppress(OSError):
            old.unlink()


def _seal(digest: str, content: bytes) -> bytes:
    return sha256(digest.encode() + content).hexdigest().encode()


def _digest(found: Found) -> str:
    """Return what tells a scenario from others, and from what other code would read."""
    made = sha256(repr((__version__, sys.version_info, found.name)).encode())
    for content, name in found.files:
        made.update(repr((name, len(content))).encode() + content)
    code = (
        file for room in ("base", "contract", "scenario") for file in _HERE.glob(f"{room}/*.py")
    )
    for file in sorted(code):  # in a checkout it changes, and the version does not
        made.update(b"%d " % file.stat().st_mtime_ns)
    for library, says_version in READERS.items():
        with suppress(OSError, ValueError):
            package = find_spec(library)
            if package and package.origin:
                made.update(Path(package.origin).with_name(says_version).read_bytes())
    return made.hexdigest()
