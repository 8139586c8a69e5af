"""What clients did beside polling: files that came, results that went, models that were switched.

Also ``/__admin/calls``, which moves the timelines of those operations.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from mock_p1.admin import PREFIX, models, views
from mock_p1.admin.admin_error import AdminError, bad
from mock_p1.admin.bodies import either
from mock_p1.admin.in_hand import admin_context
from mock_p1.admin.routes import Routes
from mock_p1.base.text import shorten, unknown
from mock_p1.contract.operations import (
    OPERATIONS,
    RESULT_DOWNLOAD,
    RETRAIN_MODEL_SWITCH,
    RETRAIN_STATUS_CHECK,
    Operation,
)
from mock_p1.engine.callers import caller_name
from mock_p1.engine.driver import NoSuchStep
from mock_p1.engine.file_store import Inspection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mock_p1.engine.journal import Entry
    from mock_p1.engine.uploads import Upload

LONGEST_NUMBER: Final = 18

NOTES_SECONDS: Final = 10.0
"""How long a call waits, in all, for what is found in files."""

routes: Routes = Routes()


@routes.call("GET", "/uploads")
def list_uploads(query: models.FilesQuery) -> models.Uploads:
    """The files that came, and what was found in them."""
    engine = admin_context().engine
    with engine.lock:
        theirs = (
            (lambda _: True) if query.api_key is None else engine.state.issued.whose(query.api_key)
        )
        found = [
            upload
            for upload in engine.state.uploads
            if theirs(upload.caller.name)
            and query.job in (None, upload.job_id)
            and query.caller in (None, caller_name(upload.caller.number))
        ]
    until = time.monotonic() + NOTES_SECONDS
    return models.Uploads(uploads=[_upload(upload, until) for upload in found])


@routes.call(
    "GET", "/uploads/{number}/content", errors=(404,), content_type="application/octet-stream"
)
def upload_content(number: str) -> bytes:
    """A file that came, byte by byte. ``number`` is that of its request."""
    found = None
    if number.isascii() and number.isdigit() and len(number) <= LONGEST_NUMBER:
        found = admin_context().engine.state.uploads.get(int(number))
    content = found.kept.content() if found is not None and found.kept is not None else None
    if content is None:
        raise AdminError(
            404,
            "MOCK_P1_NO_CONTENT",
            f"the content of a file of request {shorten(number)!r} is not kept",
            f"see content_kept at GET {PREFIX}/uploads",
        )
    return content


@routes.call("GET", "/downloads")
def list_downloads(query: models.FilesQuery) -> models.Downloads:
    """The calls of download links."""
    return models.Downloads(
        downloads=[
            models.Download(
                **_answered(entry),
                filename=unquote(entry.path.rpartition("/")[2]),
                complete=entry.done is not None,
                notes=list(entry.notes),
            )
            for entry in _entries(RESULT_DOWNLOAD, query)
        ]
    )


@routes.call("GET", "/switches")
def list_switches(query: models.FilesQuery) -> models.Switches:
    """The calls of Retrain Model Switch."""
    return models.Switches(
        switches=[
            models.Switch(**_answered(entry), switched=entry.done is not None)
            for entry in _entries(RETRAIN_MODEL_SWITCH, query)
        ]
    )


@routes.call("POST", "/calls/{operation}/step", errors=(404, 409))
def step_calls(
    operation: str, query: models.KeyQuery, body: models.CallsStep
) -> models.CallsStepped:
    """Move an operation's own timeline (``calls:``) on to its next element."""
    if operation not in OPERATIONS:
        text, remedy = unknown("operation", operation, OPERATIONS), f"see GET {PREFIX}/contract"
        raise AdminError(404, "MOCK_P1_NO_SUCH_OPERATION", text, remedy)
    move_on(OPERATIONS[operation], body.job, either("api_key", query, body))
    return models.CallsStepped(operation=operation, job=body.job)


def move_on(operation: Operation, job_id: str | None, key: str | None) -> None:
    """Move the timeline of an operation on; that of the status check is the job's own."""
    driver = admin_context().driver
    if operation == RETRAIN_STATUS_CHECK and job_id is None:
        remedy = f"use POST {PREFIX}/jobs/{{job_id}}/step"
        raise bad("VALUE", f"{operation.name} moves with a job, and none is named", remedy)
    if job_id is not None and not operation.has_job:
        raise bad("VALUE", f"{operation.name} is about no job", "leave the job out")
    is_job = operation == RETRAIN_STATUS_CHECK
    try:
        if is_job:
            driver.step(job_id or "", key=key)
        else:
            driver.step_calls(operation.name, job_id, key=key)
    except NoSuchStep as error:
        text, remedy = str(error), "let a client call it first, or put it back with POST reset"
        if is_job:
            text, remedy = f"{error}: it is at its end", "put it back with POST reset, or with PUT"
        raise AdminError(409, "MOCK_P1_NO_SUCH_STEP", text, remedy) from None


def _entries(operation: Operation, query: models.FilesQuery) -> Iterator[Entry]:
    """Yield the calls of an operation that the journal keeps."""
    for entry in views.of_key(admin_context().engine, query.api_key):
        if (
            entry.operation == operation.name
            and query.job in (None, entry.job_id)
            and query.caller in (None, entry.caller_name)
        ):
            yield entry


def _answered(entry: Entry) -> dict[str, Any]:
    return {
        **_request(entry),
        "api_key": entry.api_key,
        "caller": entry.caller_name,
        "outcome": entry.outcome,
        "http_status": entry.http_status,
    }


def _request(happened: Entry | Upload) -> dict[str, Any]:
    return {
        "number": happened.number,
        "time": views.date(admin_context().engine, happened.moment_ns),
        "seconds": views.seconds(happened.moment_ns),
        "job_id": happened.job_id,
    }


def _upload(upload: Upload, until: float) -> models.Upload:
    """Return what is known of a file, waiting until then for what is found in it."""
    kept = upload.kept
    found = kept.inspection(max(0.0, until - time.monotonic())) if kept else Inspection()
    return models.Upload(
        **_request(upload),
        api_key=upload.caller.masked,
        caller=caller_name(upload.caller.number),
        filename=upload.file_name,
        size=upload.size,
        complete=upload.complete,
        sha256=kept.sha256 if kept else None,
        rows=found.rows,
        columns=found.columns,
        content_kept=kept is not None and kept.is_kept,
        notes=list(found.notes),
    )
