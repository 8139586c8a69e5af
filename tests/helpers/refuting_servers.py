"""Servers that keep to what is documented and refute one assumption, as their docstrings say."""

# ruff: noqa: D102 -- what is otherwise is said once, at the class

from __future__ import annotations

from helpers.right_server import FINISHED, GONE, INACTIVE, MESSAGES, OTHER, RUNNING, Right, Sent


class ErrorsWithStatus200(Right):
    """Errors come with HTTP 200."""

    refuted = {"error-http-status"}
    assumes = {"error_http_status": 200}

    def error(self, name):
        return self.send(200, self.error_body(name))


class StatusByError(Right):
    """Each error has an HTTP status that suits it."""

    refuted = {"error-http-status"}
    assumes = {
        "error_http_status": {
            "invalid_api_key": 401,
            "not_found_credential": 401,
            "inactive_credential": 403,
            "not_found_retrain_job": 404,
            "job_may_be_deleted": 410,
        }
    }

    def error(self, name):
        return self.send(self.assumes["error_http_status"][name], self.error_body(name))


class CodeAsText(Right):
    """The code is a string."""

    refuted = {"error-code-type"}
    assumes = {"error_code_type": "string"}

    def error_body(self, name):
        return {**super().error_body(name), "code": "4001000204"}


class ErrorWrapped(Right):
    """The error stands in an envelope, with fields of other names."""

    refuted = {"error-body"}
    assumes = {
        "error_body": {
            "ok": False,
            "errors": [{"id": "{code}", "name": "{error}", "text": "{message}"}],
        }
    }

    def error_body(self, name):
        code, error, message = super().error_body(name).values()
        return {"ok": False, "errors": [{"id": code, "name": error, "text": message}]}


class ErrorInASentence(Right):
    """What an error says stands once more in a sentence."""

    refuted = {"error-body"}
    assumes = {
        "error_body": {
            "code": "{code}",
            "error": "{error}",
            "message": "{message}",
            "detail": "{error} ({code}): {message}",
        }
    }

    def error_body(self, name):
        body = super().error_body(name)
        return {**body, "detail": f"{body['error']} ({body['code']}): {body['message']}"}


class ErrorNumbered(Right):
    """The body of each error holds another number: no template can say that."""

    refuted = {"error-body"}

    def error_body(self, name):
        return {**super().error_body(name), "number": list(MESSAGES).index(name)}


class ErrorShowsBraces(Right):
    """The body of an error holds what a template would fill in."""

    refuted = {"error-body"}

    def error_body(self, name):
        return {**super().error_body(name), "help": "https://help.example/{code}"}


class MissingAndUnknownSwapped(Right):
    """A missing key gets the error of an unknown one, and the other way round."""

    refuted = {"missing-key", "unknown-key"}
    assumes = {"missing_api_key": "not_found_credential", "unknown_api_key": "invalid_api_key"}

    def key_refusal(self, key):
        swap = {
            "invalid_api_key": "not_found_credential",
            "not_found_credential": "invalid_api_key",
        }
        name = super().key_refusal(key)
        return swap.get(name, name)


class EmptyKeyUnknown(Right):
    """An empty key is taken for an unknown one."""

    refuted = {"empty-key"}

    def key_refusal(self, key):
        return "not_found_credential" if key == "" else super().key_refusal(key)


class InactiveKeyNotFound(Right):
    """An inactive key is not told from an unknown one."""

    refuted = {"inactive-key"}

    def key_refusal(self, key):
        return super().key_refusal("unknown" if key == INACTIVE else key)


class JobOfAnotherKeyDeleted(Right):
    """To another model's key the job is as good as deleted."""

    refuted = {"job-of-another-key"}
    assumes = {"job_of_another_key": "job_may_be_deleted"}

    def job_refusal(self, key, job):
        return (
            "job_may_be_deleted"
            if (key, job) == (OTHER, RUNNING)
            else super().job_refusal(key, job)
        )


class JobCheckedFirst(Right):
    """The job is checked before the key."""

    refuted = {"key-is-checked-first"}
    assumes = {"checked_first": "job"}

    def refusal(self, key, job):
        known = job in (RUNNING, FINISHED, GONE)
        return super().refusal(key, job) if known else "not_found_retrain_job"


class Created(Right):
    """Replies have HTTP status 201."""

    refuted = {"reply-http-status"}

    def send(self, status, payload):
        return super().send(201 if status == 200 else status, payload)


class PlainText(Right):
    """Answers are JSON, but say that they are plain text."""

    refuted = {"content-type"}

    def send(self, status, payload):
        return super().send(status, payload)._replace(kind="text/plain")


class UnheardOfStatus(Right):
    """A job that is not finished has a status nobody thought of."""

    refuted = {"other-statuses"}

    def reply(self, job):
        reply = super().reply(job)
        return reply if job == FINISHED else {**reply, "status": "TRAINING"}


class ResultIsCsv(Right):
    """The result is no ZIP."""

    refuted = {"result-is-zip"}

    def download(self, key):  # noqa: ARG002 -- none is needed
        return Sent(200, b"id,label\n", "text/csv")
