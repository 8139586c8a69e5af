"""Points of Retrain Data Upload: the upload URL, the file, and the job that begins with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mock_p1.verify import published
from mock_p1.verify.answer import describe, error_of, is_reply, json_object, one_line
from mock_p1.verify.contract_check import (
    Verdict,
    assumed,
    assuming,
    documented,
    judge_fields,
    judge_without,
    judged,
    refused,
)
from mock_p1.verify.exceptions import NotChecked
from mock_p1.verify.sequence import is_taken, upload
from mock_p1.verify.url import is_fetchable

if TYPE_CHECKING:
    from mock_p1.verify.session import VerifySession

_WAITING: Final = published.OTHER_STATUSES[0]


@documented(
    "upload-url-reply",
    "An upload URL is answered with retrain_job_id and upload_url, strings, in this order.",
    published.UPLOAD_PAGE,
    "upload",
)
def upload_url_reply(session: VerifySession) -> Verdict:
    """Compare the fields."""
    return judge_fields(session.answer("an upload URL"), published.UPLOAD_URL_FIELDS)


@documented(
    "upload-url-is-http",
    "upload_url is an http(s) URL.",
    f"{published.UPLOAD_PAGE}, examples",
    "upload",
)
def upload_url_is_http(session: VerifySession) -> Verdict:
    """See that it could be sent to."""
    url = session.field("an upload URL", "upload_url")
    return Verdict(is_fetchable(url), "an http(s) URL", one_line(url.partition("?")[0]))


@documented(
    "upload-needs-no-key",
    "A PUT of the raw file, with neither x-api-key nor Content-Type, is taken.",
    f"{published.UPLOAD_PAGE}, examples",
    "upload",
)
def upload_needs_no_key(session: VerifySession) -> Verdict:
    """Send the file as requests and curl do."""
    answer = upload(session)
    return Verdict(
        is_taken(answer),
        "HTTP 2xx",
        f"HTTP {answer.status}" if is_taken(answer) else describe(answer),
    )


@documented(
    "upload-begins-job",
    "When the upload is complete, the job can be polled by the id that came with the URL.",
    published.UPLOAD_PAGE,
    "upload",
)
def upload_begins_job(session: VerifySession) -> Verdict:
    """Poll it once."""
    if not is_taken(upload(session)):
        raise NotChecked("the upload was not taken")
    answer = session.answer("the new job")
    metadata = (json_object(answer) or {}).get("metadata")
    echoed = isinstance(metadata, dict) and metadata.get("retrain_job_id") == session.value(
        "new_job"
    )
    return judged(
        agrees=is_reply(answer) and echoed,
        expected="a reply with a status, and with the id",
        actual=describe(answer),
    )


@assumed("upload-reply", "The PUT is answered with HTTP 200, empty, with an ETag.",
         "a presigned storage URL would fit", "upload")  # fmt: skip
def upload_reply(session: VerifySession) -> Verdict:
    """Look at the answer to the PUT."""
    answer = upload(session)
    if not is_taken(answer):
        raise NotChecked(f"the upload was not taken: {describe(answer)}")
    with_etag, status = "etag" in answer.headers, answer.status
    as_usual = with_etag and not answer.body
    agrees = as_usual and status == published.UPLOAD_HTTP_STATUS
    return Verdict(
        agrees,
        f"HTTP {published.UPLOAD_HTTP_STATUS}, empty, with ETag",
        f"HTTP {status}, {'not empty' if answer.body else 'empty'}, "
        f"{'with' if with_etag else 'without'} ETag",
        {"upload_reply": status} if as_usual and not agrees else {},
    )


@assumed("before-upload", "Before its file has come a job answers with its first status.",
         "a job that was issued is a job", "upload")  # fmt: skip
def before_upload(session: VerifySession) -> Verdict:
    """Look at what was answered before the file was sent."""
    upload(session)
    answer = session.answer("the new job before its file")
    assumption = assuming("before_upload", error_of(answer).name, published.STATUS_ERRORS)
    return Verdict(
        is_reply(answer), "a reply", "a reply" if is_reply(answer) else describe(answer), assumption
    )


@assumed(
    "second-upload",
    "A second file replaces the first while the job waits, and is refused once it runs.",
    "nothing of the kind is stated",
    "upload",
)
def second_upload(session: VerifySession) -> Verdict:
    """Send the file once more, and look how far the job was just before."""
    if not is_taken(upload(session)):
        raise NotChecked("the upload was not taken")
    status = (json_object(session.poll("the new job")) or {}).get("status")
    answer = session.answer("the file, again")
    taken = is_taken(answer)
    waits = status == _WAITING
    words = {True: "taken", False: "refused"}
    return Verdict(
        taken == waits,
        f"{words[waits]} in {one_line(str(status))}",
        f"{words[taken]} (HTTP {answer.status})",
        {} if taken == waits else {"second_upload": "replace" if taken else "refuse"},
    )


@assumed(
    "missing-filename",
    "An upload URL is given without a filename too.",
    "what becomes of an odd one is not stated",
    "upload",
)
def missing_filename(session: VerifySession) -> Verdict:
    """Ask without."""
    answer = session.answer("an upload URL without filename")
    return judge_without(
        answer, "upload_url", "an upload URL", "odd_filename", published.UPLOAD_ERRORS
    )


@assumed(
    "each-upload-url-is-a-job",
    "Each upload URL comes with an id of its own.",
    "the call issues the id; whether two may be asked for at once is not stated",
    "upload",
)
def each_upload_url_is_a_job(session: VerifySession) -> Verdict:
    """Compare two."""
    first = session.field("an upload URL", "retrain_job_id")
    second = session.field("an upload URL without filename", "retrain_job_id")
    return Verdict(first != second, "another id", "the same id" if first == second else "another")


CHECKS: Final = (
    upload_url_reply,
    upload_url_is_http,
    upload_needs_no_key,
    upload_begins_job,
    refused(
        "upload-url-needs-key",
        "Without x-api-key an upload URL is refused with one of the three credential errors.",
        published.UPLOAD_PAGE,
        "an upload URL without key",
        "upload",
    ),
    refused(
        "upload-url-needs-known-key",
        "To an unknown key an upload URL is refused with one of the three credential errors.",
        published.UPLOAD_PAGE,
        "an upload URL by an unknown key",
        "upload",
    ),
    upload_reply,
    before_upload,
    second_upload,
    missing_filename,
    each_upload_url_is_a_job,
)
