"""``python -m benchmarks [NAME …]``.

Runs the benchmarks, those of ``NAMES`` if none is named, and shows their figures.
"""

from __future__ import annotations

import argparse
import json
import os
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.clients import Client
from benchmarks.measure import FULL, QUICK
from benchmarks.report import as_json, got_worse, machine, say, table, versions
from benchmarks.started import LEFT_OUT

NAMES = (
    "serve", "start", "sequence", "profile", "waits",
    "mocked", "fixtures", "plugin", "many", "created", "memory",
)  # fmt: skip
MORE = ("uploads", "scale", "shared")


def main() -> None:
    """Run what the command line asks for."""
    options = _options()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # containers set it; users' starts are compiled
    client = Client(options.load)
    scale = QUICK if options.quick else FULL._replace(rounds=options.rounds)
    about = {**machine(client.tool), "rounds": scale.rounds}
    if options.quick:
        about["quick"] = "these figures mean nothing"
    say("\n".join(f"{name:12} {value}" for name, value in about.items()) + "\n")
    results, worse = {}, 0
    for name in options.names or NAMES:
        module = import_module(f"benchmarks.{name}")
        results[name] = module.run(scale, client)
        marked = _marked(options.against, about, name, results[name])
        say(table(module.TITLE, results[name], marked))
        worse += len(marked)
        if options.json:  # so far: a run that is broken off keeps its figures
            document = as_json(about | {"left_out": LEFT_OUT}, versions(), results)
            options.json.write_text(document, encoding="utf-8")
    if options.against:
        say(f"worse than before: {worse or 'nothing'}")


def _marked(
    against: dict[str, Any] | None, about: dict[str, Any], name: str, rows: list[Any]
) -> dict[tuple[str, str], float]:
    """Return which of these figures got worse since those of ``against``, see ``got_worse``."""
    if against is None:
        return {}
    keys = "processor", "cores", "load"
    is_same = all(against["machine"].get(key) == about[key] for key in keys)
    return got_worse(rows, against["benchmarks"].get(name, []), same_machine=is_same)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="How fast Mock P1 is, as ratios."
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME",
        help=f"what to measure: {', '.join(NAMES)} (all of these), or {', '.join(MORE)}",
    )  # fmt: skip
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="write all figures, the machine and all versions"
    )
    parser.add_argument(
        "--against", type=_results, metavar="OLD.json",
        help="mark what got worse since another run's --json",
    )  # fmt: skip
    parser.add_argument(
        "--rounds",
        type=_rounds,
        default=FULL.rounds,
        help="how often the sides take turns (%(default)s)",
    )
    parser.add_argument(
        "--load", choices=("wrk", "python"), help="what makes the load (wrk where it is installed)"
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="only show that everything runs; the figures mean nothing",
    )
    options = parser.parse_args()
    if unknown := [name for name in options.names if name not in NAMES + MORE]:
        parser.error(
            f"no such benchmark: {', '.join(unknown)}; there are {', '.join(NAMES + MORE)}"
        )
    if options.quick and options.against:
        parser.error("the figures of --quick mean nothing, so --against has nothing to compare")
    if options.json:
        try:
            options.json.open("ab").close()
        except OSError as error:
            parser.error(f"cannot write {options.json}: {error.strerror}")
    return options


def _rounds(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of rounds, from 1 up")
    return int(text)


def _results(text: str) -> dict[str, Any]:
    """Return what --json wrote into a file."""
    try:
        document: dict[str, Any] = json.loads(Path(text).read_text(encoding="utf-8"))
        _ = document["machine"].keys()
        _ = [(row["what"], row["unit"]) for rows in document["benchmarks"].values() for row in rows]
    except OSError as error:
        raise argparse.ArgumentTypeError(f"cannot read {text}: {error.strerror}") from None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise argparse.ArgumentTypeError(f"{text} is no file that --json wrote") from None
    return document


if __name__ == "__main__":
    main()
