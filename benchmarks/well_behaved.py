"""The client that must not notice a flood.

Polls a job to its end, fetches the result, and says how long it waited.

Run in a process of its own. Arguments: base URL, job id, and after how many seconds to give up a
job that does not end. Standard output is a JSON object: ``polls``, ``statuses`` (each once, in
order), ``errors``, ``worst`` and ``median`` (seconds).
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from typing import Any

import requests

from benchmarks.clients import HEADERS
from benchmarks.scenarios import path_of

PAUSE = 0.05
TIMEOUT = 10.0
MOST_ERRORS = 20
"""Having met so many, the client gives up."""


def main() -> None:
    """Do it, and say what came of it."""
    url, job, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
    statuses: list[str] = []
    waits: list[float] = []
    errors: list[str] = []
    until = time.monotonic() + seconds + TIMEOUT
    with requests.Session() as session:
        session.trust_env = False
        while time.monotonic() < until and len(errors) < MOST_ERRORS:
            try:
                status, download_url = _poll(session, url + path_of(job), waits)
            except (requests.RequestException, KeyError, ValueError) as error:
                errors.append(repr(error)[:200])
                time.sleep(PAUSE)
                continue
            if statuses[-1:] != [status]:
                statuses.append(status)
            if download_url:
                if not _timed(session, download_url, waits).content.startswith(b"PK"):
                    errors.append(f"{download_url} is no ZIP file")
                break
            time.sleep(PAUSE)
    found: dict[str, Any] = {"polls": len(waits), "statuses": statuses, "errors": errors}
    found.update(worst=max(waits, default=0.0), median=statistics.median(waits or [0.0]))
    sys.stdout.write(json.dumps(found))


def _poll(session: requests.Session, url: str, waits: list[float]) -> tuple[str, str | None]:
    """Poll once, every other time by a new connection, as clients without a session do."""
    if len(waits) % 2:
        session.close()
    reply = _timed(session, url, waits)
    body = reply.json()
    if reply.status_code != requests.codes.ok:
        raise ValueError(f"{reply.status_code}: {body}")
    return body["status"], body.get("download_url")


def _timed(session: requests.Session, url: str, waits: list[float]) -> requests.Response:
    began = time.perf_counter()
    reply = session.get(url, headers=HEADERS, timeout=TIMEOUT)
    waits.append(time.perf_counter() - began)
    return reply


if __name__ == "__main__":
    main()
