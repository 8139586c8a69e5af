"""A little server that is right in every way, written from the manual's page.

And how to serve it or a mutant of it.
"""

# ruff: noqa: D102 -- what a method is for is said by the mutants that override it

from __future__ import annotations

import json
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import NamedTuple

from mock_p1.verify.means import Credentials

ACTIVE, INACTIVE, OTHER = (
    "7d1e20f4-active-key",
    "c95b3a68-inactive-key",
    "04ae86d3-other-models-key",
)
RUNNING, FINISHED, GONE = "job-running", "job-done", "job-gone"
CREDENTIALS = Credentials(
    api_key=ACTIVE, inactive_key=INACTIVE, other_key=OTHER,
    job_id=RUNNING, finished_job_id=FINISHED, deleted_job_id=GONE,
)  # fmt: skip
SCENARIO = f"""
api_keys: {{{ACTIVE}: active, {INACTIVE}: inactive_credential, {OTHER}: active}}
jobs:
  {RUNNING}: {{api_key: {ACTIVE}, timeline: [{{status: job_running, message: 学習中}}]}}
  {FINISHED}: {{timeline: [{{status: job_finished, model_id: 4821, result: generated}}]}}
  {GONE}: {{error: job_may_be_deleted}}
"""
"""A scenario that agrees with the right server."""

PATH = "/v1/external/retrain_jobs/"
MESSAGES = {
    "invalid_api_key": "invalid_api_key.",
    "inactive_credential": "Inactive_credential.",
    "not_found_credential": "Not_found_credential.",
    "not_found_retrain_job": "Not found retrain job.",
    "job_may_be_deleted": "This job may be deleted.",
}


class Sent(NamedTuple):
    """An answer on its way out."""

    status: int
    body: bytes
    kind: str = "application/json"


class Right:
    """Right in every way. A mutant overrides one thing, and says what of it a check must say.

    ``differs`` are the documented points that it breaks, ``refuted`` the assumed ones; ``assumes``
    is what a scenario would have to assume to agree with it.
    """

    differs: frozenset[str] | set[str] = frozenset()
    refuted: frozenset[str] | set[str] = frozenset()
    assumes: dict[str, object] = {}

    def __init__(self):
        self.url, self.polls = "", Counter()

    def answer(self, path, key):
        """Answer a GET of ``path``; ``key`` is None where the header is missing."""
        if path == "/result.zip":
            return self.download(key)
        job = path.removeprefix(PATH)
        self.polls[job] += 1
        name = self.refusal(key, job)
        return self.error(name) if name else self.send(200, self.reply(job))

    def refusal(self, key, job):
        return self.key_refusal(key) or self.job_refusal(key, job)

    def key_refusal(self, key):
        if not key:
            return "invalid_api_key"
        return {ACTIVE: None, OTHER: None, INACTIVE: "inactive_credential"}.get(
            key, "not_found_credential"
        )

    def job_refusal(self, key, job):
        if job == GONE:
            return "job_may_be_deleted"
        known = job == FINISHED or (job == RUNNING and key != OTHER)
        return None if known else "not_found_retrain_job"

    def reply(self, job):
        if job == FINISHED:
            told = {
                "status": "job_finished",
                "model_id": 4821,
                "download_url": f"{self.url}/result.zip",
            }
        else:
            told = {"status": "job_running", "message": "学習中"}
        return {**told, "metadata": {"retrain_job_id": job}}

    def error(self, name):
        return self.send(400, self.error_body(name))

    def error_body(self, name):
        return {
            "code": 4001000204,
            "error": "PREDA_EXTERNAL_BAD_REQUEST",
            "message": MESSAGES[name],
        }

    def send(self, status, payload):
        return Sent(status, json.dumps(payload, ensure_ascii=False).encode())

    def download(self, key):  # noqa: ARG002 -- a mutant's business
        return Sent(200, b"PK\x03\x04 and so on", "application/zip")


@contextmanager
def served(service):
    """Serve on a free port of loopback; give the base URL."""

    class Handler(BaseHTTPRequestHandler):
        disable_nagle_algorithm = True

        def do_GET(self):
            sent = service.answer(self.path, self.headers.get("x-api-key"))
            self.send_response(sent.status)
            self.send_header("Content-Type", sent.kind)
            self.send_header("Content-Length", str(len(sent.body)))
            self.end_headers()
            self.wfile.write(sent.body)

        def log_message(self, *_):
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        service.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield service.url
        finally:
            server.shutdown()
            thread.join()
