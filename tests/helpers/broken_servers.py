"""Servers that break a documented point, each in the one way that its docstring says."""

# ruff: noqa: D102 -- what is wrong is said once, at the class

from __future__ import annotations

from helpers.right_server import ACTIVE, FINISHED, GONE, INACTIVE, MESSAGES, RUNNING, Right, Sent

ALL_ERRORS = {
    "no-key-is-refused",
    "unknown-key-is-refused",
    "inactive-key-is-refused",
    "unknown-job-is-not-found",
    "unfilled-id-is-not-found",
    "deleted-job-says-so",
}


class FinalDotLost(Right):
    """One message has lost its final dot."""

    differs = {"unknown-job-is-not-found", "unfilled-id-is-not-found"}

    def error_body(self, name):
        body = super().error_body(name)
        return {**body, "message": body["message"].replace("job.", "job")}


class CapitalInMessage(Right):
    """One message begins with a capital that the manual does not have."""

    differs = {"no-key-is-refused"}

    def error_body(self, name):
        body = super().error_body(name)
        return {**body, "message": body["message"].replace("invalid", "Invalid")}


class OtherErrorName(Right):
    """The errors go by another name."""

    differs = ALL_ERRORS | {"only-message-differs"}

    def error_body(self, name):
        return {**super().error_body(name), "error": "PREDA_BAD_REQUEST"}


class CodeOfItsOwn(Right):
    """One error has a code of its own, by which a client could tell it."""

    differs = {"deleted-job-says-so", "only-message-differs"}

    def error_body(self, name):
        body = super().error_body(name)
        return {**body, "code": 4001000205} if name == "job_may_be_deleted" else body


class WrongCode(Right):
    """Every error has the same code, a wrong one."""

    differs = ALL_ERRORS | {"only-message-differs"}

    def error_body(self, name):
        return {**super().error_body(name), "code": 400}


class WrongCodeBesideStatus(Right):
    """Every error has the same wrong code, and a status beside it as a reply has."""

    differs = ALL_ERRORS | {"only-message-differs"}

    def error_body(self, name):
        return {"status": "error", **super().error_body(name), "code": 400}


class ErrorAsHtml(Right):
    """Errors are pages."""

    differs = ALL_ERRORS | {"answers-are-json"}

    def error(self, name):
        return Sent(400, f"<html><h1>Bad Request</h1>{MESSAGES[name]}</html>".encode(), "text/html")


class ErrorWithoutCode(Right):
    """Errors have a message only."""

    differs = ALL_ERRORS | {"only-message-differs"}

    def error_body(self, name):
        return {"message": MESSAGES[name]}


class UnknownKeyServed(Right):
    """Any key will do."""

    differs = {"unknown-key-is-refused"}
    refuted = {"unknown-key"}

    def key_refusal(self, key):
        if not key:
            return "invalid_api_key"
        return "inactive_credential" if key == INACTIVE else None


class DeletedJobNotFound(Right):
    """A deleted job is not told from one that never was."""

    differs = {"deleted-job-says-so"}

    def job_refusal(self, key, job):
        return super().job_refusal(key, "never" if job == GONE else job)


class MetadataMissing(Right):
    """Replies have no metadata."""

    differs = {"metadata-is-there"}

    def reply(self, job):
        return {name: value for name, value in super().reply(job).items() if name != "metadata"}


class IdNotEchoed(Right):
    """Replies name another job."""

    differs = {"id-is-echoed"}

    def reply(self, job):
        return {**super().reply(job), "metadata": {"retrain_job_id": "job"}}


class IdAsNumber(Right):
    """The id in metadata is a number."""

    differs = {"metadata-is-there"}

    def reply(self, job):
        return {**super().reply(job), "metadata": {"retrain_job_id": 17}}


class FieldsOutOfOrder(Right):
    """Metadata comes first."""

    differs = {"fields-in-order"}

    def reply(self, job):
        return dict(reversed(super().reply(job).items()))


class FieldTooMany(Right):
    """Replies have a field that is not documented."""

    differs = {"no-other-fields"}

    def reply(self, job):
        return {**super().reply(job), "progress": 0.4}


class StatusAsNumber(Right):
    """A running job's status is a number."""

    differs = {"status-is-text"}

    def reply(self, job):
        reply = super().reply(job)
        return reply if job == FINISHED else {**reply, "status": 2}


class ModelIdAsText(Right):
    """model_id is a string."""

    differs = {"model-id-type"}

    def reply(self, job):
        return {k: str(v) if k == "model_id" else v for k, v in super().reply(job).items()}


class NullForAbsent(Right):
    """An absent message is written as null."""

    differs = {"message-type"}

    def reply(self, job):
        return {k: None if k == "message" else v for k, v in super().reply(job).items()}


class ReplyInList(Right):
    """Replies are a list of one."""

    differs = {"answers-are-json", "finished-says-so"}

    def send(self, status, payload):
        return super().send(status, [payload] if status == 200 else payload)


class FinishedOtherwise(Right):
    """A finished job's status is another than the documented one."""

    differs = {"finished-says-so"}
    refuted = {"other-statuses"}

    def reply(self, job):
        reply = super().reply(job)
        return {**reply, "status": "finished"} if job == FINISHED else reply


class FinishedWithoutUrl(Right):
    """A finished job has no download_url."""

    differs = {"finished-brings-url"}

    def reply(self, job):
        return {name: value for name, value in super().reply(job).items() if name != "download_url"}


class RelativeUrl(Right):
    """download_url is a path."""

    differs = {"finished-brings-url"}

    def reply(self, job):
        return {
            k: "/result.zip" if k == "download_url" else v for k, v in super().reply(job).items()
        }


class DownloadNeedsKey(Right):
    """The result is not given without the key."""

    differs = {"download-needs-no-key"}

    def download(self, key):
        return super().download(key) if key == ACTIVE else Sent(403, b"<Error/>", "application/xml")


class PollingMoves(Right):
    """Each poll pushes the job to and fro."""

    differs = {"polling-is-safe"}

    def reply(self, job):
        reply = super().reply(job)
        odd = job == RUNNING and self.polls[job] % 2
        return {**reply, "status": "job_waiting"} if odd else reply


class FinishedOnce(Right):
    """A finished job is gone once it has been seen."""

    differs = {"polling-is-safe"}

    def job_refusal(self, key, job):
        gone = job == FINISHED and self.polls[job] > 1
        return "job_may_be_deleted" if gone else super().job_refusal(key, job)


class ModelChanges(Right):
    """Each poll invents another model_id."""

    differs = {"polling-is-safe"}

    def reply(self, job):
        return {k: self.polls[job] if k == "model_id" else v for k, v in super().reply(job).items()}
