"""``mock-p1 init``: a scenario to start from, and what plays it."""

from __future__ import annotations

import json
import os
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

import click

from mock_p1._version import __version__
from mock_p1.base.extras import missing
from mock_p1.base.text import printable, unknown
from mock_p1.cli.command_error import Failure
from mock_p1.cli.language import ENGLISH, chosen, said
from mock_p1.cli.options import command, complete_scenario
from mock_p1.scenario.bundled import SUFFIXES, bundled

if TYPE_CHECKING:
    from mock_p1.scenario.model import Scenario
    from mock_p1.testing.handle import Handle

STARTER: Final = Path(__file__).with_name("starter")
WORKFLOW: Final = Path(".github", "workflows", "mock-p1.yml")

Verdict: TypeAlias = tuple[str, dict[str, str]]
VERDICTS: Final[tuple[Verdict, ...]] = (
    ("assert_interval", {"min": "30s"}),
    ("assert_respects_retry_after", {}),
    ("assert_stopped_after", {"status": "job_finished"}),
    ("assert_downloaded", {}),
    ("assert_switched", {}),
    ("assert_sequence", {}),
)
"""What a test asks of the client, where its scenario gives it cause."""

_ODD: Final = re.compile(r"[^\w ./\\:~+@,()-]")
"""What a name of a file may not have that is written into Python, YAML and lines for a shell."""

IS_WINDOWS: Final = os.name == "nt"


@command()
@click.argument("file", type=click.Path(path_type=Path), default="scenario.yaml")
@click.option(
    "--from",
    "source",
    envvar="MOCK_P1_FROM",
    metavar="NAME",
    shell_complete=complete_scenario,
    help="Copy this bundled scenario, instead of a commented one.",
)
@click.option("--pytest", is_flag=True, help="Also a first test and its conftest.py, beside FILE.")
@click.option("--compose", is_flag=True, help="Also a compose.yaml, here.")
@click.option("--github", is_flag=True, help=f"Also {WORKFLOW.as_posix()}, here.")
def init(*, file: Path, source: str | None, pytest: bool, compose: bool, github: bool) -> None:
    """Write a scenario to start from into FILE (scenario.yaml), and what plays it.

    Nothing that is there is overwritten: if one of the files is, none is written.
    """
    if file.suffix not in SUFFIXES[:2]:
        raise click.UsageError(f"FILE {str(file)!r} is to be YAML; call it {file.stem}.yaml")
    if (pytest or compose or github) and _ODD.search(str(file)):
        raise click.UsageError(
            f"FILE {str(file)!r}: quotes, $ and such do not fit into other files"
        )
    if pytest and (why := missing("--pytest", "time_machine", "clock")):
        raise Failure(why)
    files = {file: _scenario_text(source, file)}
    if pytest:
        from mock_p1.scenario.files import load_scenario  # noqa: PLC0415 -- loads YAML and pydantic
        from mock_p1.scenario.parser import parse  # noqa: PLC0415 -- likewise

        scenario = load_scenario(source) if source else parse(files[file])
        test = re.sub(r"\W", "_", file.stem)
        files[file.with_name(f"test_{test}.py")] = _test_text(scenario, file)
        conftest = file.with_name("conftest.py")
        if not _has_fixture(conftest):
            files[conftest] = _read("conftest.txt")
    shown = _from_here(file)
    if compose:
        files[Path("compose.yaml")] = _read("compose.yaml").replace("SCENARIO", shown)
    if github:
        files[WORKFLOW] = (
            _read("workflow.yml").replace("VERSION", __version__).replace("SCENARIO", shown)
        )
    _write_all(files)
    for path in files:
        click.echo(said(f"wrote {printable(str(path))}"))
    click.echo(f"\n{said('Next:')}")
    for line in _next(shown, is_test=pytest, is_compose=compose):
        click.echo(f"  {line}")


def _scenario_text(source: str | None, file: Path) -> str:
    if source is None:
        name = "scenario.yaml" if chosen() == ENGLISH else f"scenario.{chosen()}.yaml"
        return _read(name).replace("FILE", printable(file.name))
    if source not in bundled():
        raise click.UsageError(unknown("bundled scenario", source, bundled()))
    lines = bundled()[source].read_text(encoding="utf-8").splitlines(keepends=True)
    head = f"# Begun as the bundled scenario {source}; `mock-p1 explain {file.name}` tells of it.\n"
    return head + "".join(line for line in lines if not line.startswith("# yaml-language-server:"))


def _test_text(scenario: Scenario, file: Path) -> str:
    """Return a first test, which expects what the client of conftest.py meets in the scenario."""
    from runpy import run_path  # noqa: PLC0415 -- only --pytest needs it

    from mock_p1.testing.mocks import mocked  # noqa: PLC0415 -- imports much

    # run as a file of the user's: what modules of ours wait for is not taken for a client's wait
    client_class = run_path(str(STARTER / "conftest.txt"))["RetrainClient"]
    with mocked(scenario, instant_sleep=True) as mock:
        client = client_class(mock.url, mock.secret_key, mock.model_id)
        ended = client.retrain("train.csv", b"age,left\n31,no\n")
        lines = [_line(verdict) for verdict in VERDICTS if _has_cause(mock, verdict)]
    text = _read("test_client.txt").replace("SCENARIO", file.name)
    return text.replace("OUTCOME", json.dumps(ended, ensure_ascii=False)) + "".join(lines)


def _has_cause(mock: Handle, verdict: Verdict) -> bool:
    """Tell whether a scenario has anything to judge: some verdicts ask for a retry, or an end."""
    name, arguments = verdict
    try:
        getattr(mock, name)(**arguments)
    except AssertionError:
        return False
    return True


def _line(verdict: Verdict) -> str:
    name, arguments = verdict
    given = ", ".join(f"{key}={json.dumps(value)}" for key, value in arguments.items())
    return f"    mock_p1.{name}({given})\n"


def _from_here(file: Path) -> str:
    """Return a file's path as other files have it."""
    try:
        return Path(os.path.relpath(file)).as_posix()
    except ValueError:  # on another drive of Windows
        return file.absolute().as_posix()


def _has_fixture(conftest: Path) -> bool:
    try:
        # one that has this fixture needs no other
        return "def client(" in conftest.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False


def _read(name: str) -> str:
    return (STARTER / name).read_text(encoding="utf-8")


def _write_all(files: dict[Path, str]) -> None:
    """Write all files, or say which one is there already, and write none."""
    there = [str(path) for path in files if os.path.lexists(path)]
    if there:
        what = "are there" if len(there) > 1 else "is there"
        names = ", ".join(map(printable, there))
        raise Failure(
            f"{names} {what} already, and nothing was written; give another FILE or folder"
        )
    for path, text in files.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8", newline="\n") as new:
                new.write(text)
        except OSError as error:
            raise Failure(
                f"{printable(str(path))} cannot be written: {error.strerror or error}"
            ) from None


def _next(shown: str, *, is_test: bool, is_compose: bool) -> list[str]:
    file, folder = _as_word(shown), _as_word(Path(shown).parent.as_posix())
    lines = [f"mock-p1 explain {file}", f"mock-p1 serve {file}"]
    lines += [f"pytest {folder}"] * is_test
    return lines + ["docker compose up"] * is_compose


def _as_word(name: str) -> str:
    """Return a name of a file as one types it in a shell; on Windows as in cmd and PowerShell."""
    name = printable(name)
    if not IS_WINDOWS:
        return shlex.quote(name)
    return name if re.fullmatch(r"[\w./\\:~+-]+", name) else f'"{name}"'
