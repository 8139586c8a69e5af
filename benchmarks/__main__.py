"""``python -m benchmarks [NAME …]``.

Runs the benchmarks, those of ``NAMES`` if none is named, and shows their figures.
"""

from __future__ import annotations

import argparse
from importlib import import_module

from benchmarks.clients import Client
from benchmarks.measure import FULL, QUICK
from benchmarks.report import as_json, machine, say, table

NAMES = ("serve", "mocked", "fixtures", "plugin", "start", "many", "created", "memory")
MORE = ("peers", "uploads", "scale")


def main() -> None:
    """Run what the command line asks for."""
    options = _options()
    client = Client(options.load, dict(options.against))
    about = machine(client.tool)
    scale = QUICK if options.quick else FULL._replace(rounds=options.rounds)
    if options.quick:
        about["quick"] = "these figures mean nothing"
    if not options.json:
        say("\n".join(f"{name:12} {value}" for name, value in about.items()) + "\n")
    results = {}
    for name in options.names or NAMES:
        module = import_module(f"benchmarks.{name}")
        results[name] = module.run(scale, client)
        if not options.json:
            say(table(module.TITLE, results[name]))
    if options.json:
        say(as_json(about, results))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="How fast Mock P1 is, as ratios."
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME",
        help=f"what to measure: {', '.join(NAMES)} (all of these), or {', '.join(MORE)}",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print one JSON document, at the end")
    parser.add_argument(
        "--rounds",
        type=int,
        default=FULL.rounds,
        help="how often the sides take turns (%(default)s)",
    )
    parser.add_argument(
        "--load", choices=("wrk", "python"), help="what makes the load (wrk where it is installed)"
    )
    parser.add_argument(
        "--against", action="append", default=[], type=_named_url, metavar="NAME=URL",
        help="for peers: a server that runs already, answering the same poll with the same body",
    )  # fmt: skip
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
    return options


def _named_url(text: str) -> tuple[str, str]:
    name, _, url = text.partition("=")
    if not url.startswith("http://"):
        raise argparse.ArgumentTypeError(f"{text!r} is not like NAME=http://127.0.0.1:8080")
    return name, url.rstrip("/")


if __name__ == "__main__":
    main()
