"""A little server that is right in every way, written from the manual's pages alone.

It knows nothing of our package: the whole sequence, from the secret key to the switched model.
"""

# ruff: noqa: D102 -- what a method is for is said by the mutants that override it

from __future__ import annotations

import json
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

ACTIVE, INACTIVE, OTHER = (
    "7d1e20f4-active-key",
    "c95b3a68-inactive-key",
    "04ae86d3-other-models-key",
)
SECRET, MODEL = "e2b75d90-secret-key", 4821
RUNNING, FINISHED, GONE, FAILED = "job-running", "job-done", "job-gone", "job-failed"
GIVEN = {
    "api_key": ACTIVE,
    "job_id": RUNNING,
    "inactive_key": INACTIVE,
    "other_key": OTHER,
    "deleted_job_id": GONE,
    "finished_job_id": FINISHED,
    "failed_job_id": FAILED,
}
"""What a caller of it can have."""

SCENARIO = f"""
api_keys: {{{ACTIVE}: active, {INACTIVE}: inactive_credential, {OTHER}: active}}
jobs:
  {RUNNING}: {{api_key: {ACTIVE}, timeline: [{{status: job_running, message: 学習中}}]}}
  {FINISHED}: {{timeline: [{{status: job_finished, model_id: 4821, result: generated}}]}}
  {FAILED}: {{timeline: [{{status: job_failed}}]}}
  {GONE}: {{error: job_may_be_deleted}}
"""
"""A scenario that agrees with the right server's jobs and keys."""

JOBS, SWITCH = "/v1/external/retrain_jobs/", "/update_model"
MESSAGES = {
    "invalid_api_key": "invalid_api_key.",
    "inactive_credential": "Inactive_credential.",
    "not_found_credential": "Not_found_credential.",
    "not_found_retrain_job": "Not found retrain job.",
    "job_may_be_deleted": "This job may be deleted.",
    "model_id_is_required": "Model id is required.",
    "retrain_job_is_not_finished": "Retrain job is not finished.",
}


class Call(NamedTuple):
    """A request; ``key`` is None where the header is missing."""

    method: str
    path: str
    query: dict[str, str]
    key: str | None
    content_type: str | None
    body: bytes


class Sent(NamedTuple):
    """An answer on its way out."""

    status: int
    body: bytes
    kind: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


class Right:
    """Right in every way. A mutant overrides one thing, and says what of it a check must say.

    ``differs`` are the documented points that it breaks, ``refuted`` the assumed ones; ``assumes``
    is what a scenario would have to assume to agree with it.
    """

    differs: frozenset[str] | set[str] = frozenset()
    refuted: frozenset[str] | set[str] = frozenset()
    assumes: dict[str, object] = {}

    def __init__(self):
        self.url, self.polls, self.calls = "", Counter(), []
        self.keys, self.files, self.polls_since_file, self.switched = {ACTIVE}, {}, Counter(), []

    def answer(self, call):
        """Answer a request."""
        self.calls.append(call)
        if call.path == "/result.zip":
            return self.download(call.key)
        if call.path.startswith("/files/"):
            return self.put_file(call.path.removeprefix("/files/"), call)
        if call.path == "/v1/external/api-key":
            return self.issue(call)
        if call.path == f"{JOBS}upload_url":
            return self.upload_url(call)
        job = call.path.removeprefix(JOBS).removesuffix(SWITCH)
        return self.switch(job, call) if call.method == "PUT" else self.status(job, call.key)

    # Get API Key

    def issue(self, call):
        if name := self.issue_refusal(call):
            return self.error(name)
        return self.send(200, self.issued(self.new_key()))

    def issue_refusal(self, call):
        if call.key != SECRET:
            return "not_found_credential" if call.key else "invalid_api_key"
        needed = call.query.get("credential_type") == "retrain"
        return "model_id_is_required" if needed and "model_id" not in call.query else None

    def new_key(self):
        key = str(uuid4())
        self.keys.add(key)
        return key

    def issued(self, key):
        return {"api_key": key, "end_date": f"{self.end_date():%Y-%m-%dT%H:%M:%SZ}"}

    def end_date(self):
        return datetime.now(UTC) + timedelta(days=30)

    # Retrain Data Upload

    def upload_url(self, call):
        if name := self.upload_refusal(call):
            return self.error(name)
        return self.send(200, self.upload_link(self.new_job()))

    def upload_refusal(self, call):
        return self.key_refusal(call.key)

    def new_job(self):
        job = str(uuid4())
        self.files[job] = None
        return job

    def upload_link(self, job):
        return {"retrain_job_id": job, "upload_url": f"{self.url}/files/{job}"}

    def put_file(self, job, call):
        if self.file_refusal(job, call):
            return Sent(403, b"<Error/>", "application/xml")
        self.files[job] = call.body
        return self.taken()

    def file_refusal(self, job, call):  # noqa: ARG002 -- a mutant's business
        return self.created_status(job) != "job_waiting"

    def taken(self):
        return Sent(200, b"", "", (("ETag", '"0"'),))

    # Retrain Status Check

    def status(self, job, key):
        self.polls[job] += 1
        name = self.refusal(key, job)
        return self.error(name) if name else self.send(200, self.reply(job))

    def refusal(self, key, job):
        return self.key_refusal(key) or self.job_refusal(key, job)

    def key_refusal(self, key):
        if not key:
            return "invalid_api_key"
        if key in self.keys or key == OTHER:
            return None
        return "inactive_credential" if key == INACTIVE else "not_found_credential"

    def job_refusal(self, key, job):
        if job == GONE:
            return "job_may_be_deleted"
        known = job in {FINISHED, FAILED, *self.files} or (job == RUNNING and key != OTHER)
        return None if known else "not_found_retrain_job"

    def created_status(self, job):
        if self.files[job] is None:
            return "job_waiting"
        return "job_running" if self.polls_since_file[job] < 2 else self.end()

    def end(self):
        return "job_finished"

    def reply(self, job):
        status = {FINISHED: "job_finished", FAILED: "job_failed"}.get(job, "job_running")
        if job in self.files:
            self.polls_since_file[job] += self.files[job] is not None
            status = self.created_status(job)
        reply = {"status": status}
        if status == "job_running":
            reply["message"] = "学習中"
        if status == "job_finished":
            reply |= {"model_id": 4821, "download_url": f"{self.url}/result.zip"}
        return {**reply, "metadata": {"retrain_job_id": job}}

    def download(self, key):  # noqa: ARG002 -- none is needed
        return Sent(200, b"PK\x03\x04 and so on", "application/zip")

    # Retrain Model Switch

    def switch(self, job, call):
        if name := self.key_refusal(call.key) or self.switch_refusal(job):
            return self.error(name)
        self.switched.append(job)
        return self.send(200, self.switch_reply(job))

    def switch_refusal(self, job):
        if job not in {RUNNING, FINISHED, FAILED, *self.files}:
            return "not_found_retrain_job"
        finished = job == FINISHED or (
            job in self.files and self.created_status(job) == "job_finished"
        )
        return None if finished else "retrain_job_is_not_finished"

    def switch_reply(self, job):
        return {"metadata": {"retrain_job_id": job}}

    # What all have in common

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


@contextmanager
def served(service):
    """Serve on a free port of loopback; give the base URL."""

    class Handler(BaseHTTPRequestHandler):
        disable_nagle_algorithm = True

        def do_GET(self):
            url = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            key, kind = self.headers.get("x-api-key"), self.headers.get("Content-Type")
            sent = service.answer(Call(self.command, url.path, query, key, kind, body))
            self.send_response(sent.status)
            for name, value in sent.headers:
                self.send_header(name, value)
            self.send_header("Content-Type", sent.kind)
            self.send_header("Content-Length", str(len(sent.body)))
            self.end_headers()
            self.wfile.write(sent.body)

        do_PUT = do_GET  # noqa: N815 -- the standard library's name

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
