"""The command line.

``main`` is the entry point of ``mock-p1``; each command lives in a file of its own.

Here stand only the commands' names and what ``mock-p1 --help`` says of them: a command is imported
when it is called.
"""

from __future__ import annotations

import os
import signal
import sys

STOPPED_BY_SIGTERM = 143
if os.getpid() == 1:  # a container's first process, which the system ends by no signal of its own
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(STOPPED_BY_SIGTERM))

import click  # noqa: E402 -- takes a moment, in which a container may be stopped

from mock_p1._version import __version__  # noqa: E402 -- likewise
from mock_p1.cli.group import LazyCommand, LazyGroup  # noqa: E402 -- likewise

COMMANDS = {
    "demo": LazyCommand(
        "mock_p1.cli.demo:demo", "Start here: play the whole sequence, and meet the errors."
    ),
    "serve": LazyCommand(
        "mock_p1.cli.serve:serve", "Serve a scenario on this machine until stopped."
    ),
    "scenarios": LazyCommand(
        "mock_p1.cli.scenarios:scenarios", "List the bundled scenarios, or show one."
    ),
    "init": LazyCommand(
        "mock_p1.cli.init:init", "Write a scenario to start from, and a first test."
    ),
    "check": LazyCommand(
        "mock_p1.cli.check:check", "Check scenario files; name every problem in them."
    ),
    "explain": LazyCommand(
        "mock_p1.cli.explain:explain", "Tell what each call would see, without running anything."
    ),
    "schema": LazyCommand(
        "mock_p1.cli.schema:schema", "Print the JSON Schema of scenario files, for editors."
    ),
    "openapi": LazyCommand(
        "mock_p1.cli.openapi:openapi", "Print the OpenAPI document of the imitated API."
    ),
    "poll": LazyCommand(
        "mock_p1.cli.poll:poll", "Poll a job to its end, here or at the real service."
    ),
    "verify": LazyCommand(
        "mock_p1.cli.verify:verify", "Hold any server, the real one too, against the contract."
    ),
    "record": LazyCommand(
        "mock_p1.cli.record_command:record",
        "Record what a service does, as a scenario that does the same.",
    ),
    "healthcheck": LazyCommand(
        "mock_p1.cli.healthcheck:healthcheck", "Ask a running server whether it is well."
    ),
    "clean": LazyCommand(
        "mock_p1.cli.clean:clean", "List what is kept in your own folders, and remove it."
    ),
    "completion": LazyCommand(
        "mock_p1.cli.completion:completion", "Print what makes your shell complete all this."
    ),
}
"""The commands in the order of the help page, each with its place and its line there."""

main: LazyGroup = click.version_option(
    __version__, prog_name="mock-p1", message="%(prog)s %(version)s"
)(
    LazyGroup(
        "mock-p1",
        lazy_subcommands=COMMANDS,
        context_settings={"help_option_names": ["-h", "--help"]},
        help="""An offline double of the Prediction One retrain API.

    It imitates the six calls from the API key to the switched model; nothing else of the service,
    and it trains nothing. New here? Run: mock-p1 demo""",
    )
)
