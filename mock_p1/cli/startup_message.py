"""What `serve` says when it is up.

Where it is, which keys and jobs there are, and a line to try.
"""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote, urlencode

from mock_p1._version import __version__
from mock_p1.admin import curl_line as shell
from mock_p1.base.text import printable
from mock_p1.contract.operations import GET_API_KEY, RETRAIN_STATUS_CHECK
from mock_p1.scenario.model import ACTIVE

if TYPE_CHECKING:
    from pathlib import Path

    from mock_p1.engine.engine import Engine

MAX_SHOWN: Final = 2000
MAX_NAMED: Final = 6
"""Keys and jobs that are named; of the others, only how many there are."""


class Address(NamedTuple):
    """Where the mock is: its base URL, the dashboard's, and the authority's file under TLS."""

    url: str
    dashboard: str | None = None
    authority: Path | None = None
    public: str | None = None
    """What URLs begin with for clients, if that is another one."""

    @property
    def shown(self) -> str:
        """The URL for lines that are copied."""
        return self.public or self.url

    @property
    def trusted(self) -> Path | None:
        """The authority for such lines; none vouches for a proxy, which has its own certificate."""
        return None if self.public else self.authority


def as_text(engine: Engine, address: Address, notes: list[str]) -> str:
    """Return the message for a person."""
    scenario = engine.scenario
    lines = [
        f"Mock P1 {__version__} serves {printable(scenario.name)} at {address.url}",
        *(
            [printable(" ".join(scenario.description.split()), MAX_SHOWN)]
            if scenario.description
            else []
        ),
        *notes,
        "",
        f"  keys     {_listed_keys(_keys(engine), any_works=scenario.api_keys is None)}",
        f"  secrets  {_listed_keys(_secrets(engine), any_works=scenario.secret_keys is None)}",
        f"  jobs     {_listed(first_jobs(engine), count_jobs(engine)) or 'none'}",
        f"  start    {printable(first_call(engine, address.shown, address.trusted), MAX_SHOWN)}",
        f"  try      {printable(curl(engine, address.shown, address.trusted), MAX_SHOWN)}",
        *([f"  see      {address.dashboard}"] if address.dashboard else []),
        "  stop     Ctrl-C",
        "",
    ]
    return "\n".join(lines)


def as_json(engine: Engine, address: Address, notes: list[str]) -> str:
    """Return the message for a program: a JSON object on one line."""
    return json.dumps(
        {
            "event": "serving",
            "version": __version__,
            "url": address.url,
            "dashboard": address.dashboard,
            "authority": None if address.authority is None else str(address.authority),
            "scenario": engine.scenario.name,
            "api_keys": dict(islice(_keys(engine).items(), MAX_NAMED)),
            "secret_keys": dict(islice(_secrets(engine).items(), MAX_NAMED)),
            "jobs": first_jobs(engine),
            "jobs_in_all": count_jobs(engine),
            "first_call": first_call(engine, address.shown, address.trusted),
            "curl": curl(engine, address.shown, address.trusted),
            "notes": notes,
        }
    )


FORMATS: Final = {"text": as_text, "json": as_json}
"""The message in each format of the log."""


def curl(engine: Engine, url: str, authority: Path | None = None) -> str:
    """Return a command that polls the first job with a key that sees it.

    For bash and for Windows' cmd.
    """
    job_id = next(iter(first_jobs(engine)), "no-such-job").replace("*", "1")
    path = RETRAIN_STATUS_CHECK.url_path(retrain_job_id=quote(job_id, safe=""))
    hit = engine.state.directory.find(job_id)
    key = (
        engine.state.keyring.key_that_sees(hit.value)
        if hit
        else engine.state.keyring.first_active()
    )
    return shell.curl(key, url + path, authority)


def first_call(engine: Engine, url: str, authority: Path | None = None) -> str:
    """Return a command that makes the first call of the sequence, with a secret key that works."""
    query = urlencode({each.name: each.example for each in GET_API_KEY.query})
    return shell.curl(
        engine.state.keyring.first_active_secret(),
        f"{url}{GET_API_KEY.template}?{query}",
        authority,
    )


def first_jobs(engine: Engine) -> list[str]:
    """Return the ids of the first jobs, patterns after the ids that are named."""
    patterns = [job_id for job_id in engine.scenario.jobs if "*" in job_id]
    return [*islice(engine.state.directory.ids(), MAX_NAMED), *patterns][:MAX_NAMED]


def count_jobs(engine: Engine) -> int:
    """Return how many jobs and patterns there are, without making the generated ones."""
    return len(engine.scenario.jobs) + sum(group.count for group in engine.scenario.generated_jobs)


def _keys(engine: Engine) -> dict[str, str]:
    return engine.scenario.api_keys or {engine.state.keyring.first_active(): ACTIVE}


def _secrets(engine: Engine) -> dict[str, str]:
    return engine.scenario.secret_keys or {engine.state.keyring.first_active_secret(): ACTIVE}


def _listed_keys(keys: dict[str, str], *, any_works: bool) -> str:
    names = [
        key if state == ACTIVE else f"{key} ({state})"
        for key, state in islice(keys.items(), MAX_NAMED)
    ]
    return f"{'any; for example ' * any_works}{_listed(names, len(keys))}"


def _listed(names: list[str], in_all: int) -> str:
    shown = ", ".join(printable(name) for name in names)
    return f"{shown}, … ({in_all:,} in all)" if in_all > len(names) else shown
