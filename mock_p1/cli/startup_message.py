"""What `serve` says when it is up.

Where it is, which keys and jobs there are, and a line to try.
"""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote

from mock_p1._version import __version__
from mock_p1.admin import curl_line as shell
from mock_p1.base.text import printable
from mock_p1.contract.operations import RETRAIN_STATUS_CHECK
from mock_p1.scenario.model import ACTIVE

if TYPE_CHECKING:
    from pathlib import Path

    from mock_p1.engine.engine import Engine

LONG: Final = 2000
FEW: Final = 6
"""Keys and jobs that are named; of the others, only how many there are."""


class Place(NamedTuple):
    """Where the mock is: its base URL, the dashboard's, and the file of the authority that a client has to trust."""

    url: str
    dashboard: str | None = None
    authority: Path | None = None


def as_text(engine: Engine, place: Place, notes: list[str]) -> str:
    """Return the announcement for a person."""
    keys = [
        key if state == ACTIVE else f"{key} ({state})"
        for key, state in islice(_keys(engine).items(), FEW)
    ]
    any_key = engine.scenario.api_keys is None
    lines = [
        f"Mock P1 {__version__} serves {printable(engine.scenario.name)} at {place.url}",
        *(
            [printable(" ".join(engine.scenario.description.split()), LONG)]
            if engine.scenario.description
            else []
        ),
        *notes,
        "",
        f"  keys  {'any; for example ' if any_key else ''}{_listed(keys, len(_keys(engine)))}",
        f"  jobs  {_listed(first_jobs(engine), count_jobs(engine)) or 'none'}",
        f"  try   {printable(curl(engine, place.url, place.authority), LONG)}",
        *([f"  see   {place.dashboard}"] if place.dashboard else []),
        "  stop  Ctrl-C",
        "",
    ]
    return "\n".join(lines)


def as_json(engine: Engine, place: Place, notes: list[str]) -> str:
    """Return the announcement for a program: a JSON object on one line."""
    return json.dumps(
        {
            "event": "serving",
            "version": __version__,
            "url": place.url,
            "dashboard": place.dashboard,
            "authority": None if place.authority is None else str(place.authority),
            "scenario": engine.scenario.name,
            "api_keys": dict(islice(_keys(engine).items(), FEW)),
            "jobs": first_jobs(engine),
            "jobs_in_all": count_jobs(engine),
            "curl": curl(engine, place.url, place.authority),
            "notes": notes,
        }
    )


FORMATS: Final = {"text": as_text, "json": as_json}
"""The announcement in each format of the log."""


def curl(engine: Engine, url: str, authority: Path | None = None) -> str:
    """Return a command that polls the first job with a key that sees it.

    For bash and for Windows' cmd.
    """
    job_id = next(iter(first_jobs(engine)), "no-such-job").replace("*", "1")
    path = RETRAIN_STATUS_CHECK.url_path(retrain_job_id=quote(job_id, safe=""))
    return shell.curl(_key_for(engine, job_id), url + path, authority)


def first_jobs(engine: Engine) -> list[str]:
    """Return the ids of the first jobs, patterns after the ids that are named."""
    patterns = [job_id for job_id in engine.scenario.jobs if "*" in job_id]
    return [*islice(engine.jobs.ids(), FEW), *patterns][:FEW]


def count_jobs(engine: Engine) -> int:
    """Return how many jobs and patterns there are, without making the generated ones."""
    return len(engine.scenario.jobs) + sum(group.count for group in engine.scenario.generated_jobs)


def _keys(engine: Engine) -> dict[str, str]:
    return engine.scenario.api_keys or {engine.keyring.first_active(): ACTIVE}


def _key_for(engine: Engine, job_id: str) -> str:
    hit = engine.jobs.find(job_id)
    own = hit.value.api_key if hit else None
    return engine.keyring.first_active() if own is None else own.replace("*", "1")


def _listed(names: list[str], in_all: int) -> str:
    shown = ", ".join(printable(name) for name in names)
    return f"{shown}, … ({in_all:,} in all)" if in_all > len(names) else shown
