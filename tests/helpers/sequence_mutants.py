"""Servers that are each wrong in one call that changes something, as their docstrings say."""

# ruff: noqa: D102 -- what is wrong is said once, at the class

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from helpers.right_server import FINISHED, GONE, Right, Sent

# Get API Key: what the manual says


class NoEndDate(Right):
    """A key is issued without the date of its end."""

    differs = {"issued-key-reply"}

    def issued(self, key):
        return {"api_key": key}


class EndDateAsNumber(Right):
    """The end of a key is a number."""

    differs = {"issued-key-reply"}

    def issued(self, key):
        return {"api_key": key, "end_date": 1798761600}


class KeyFieldTooMany(Right):
    """A key comes with a field that is not documented."""

    differs = {"issued-key-reply"}

    def issued(self, key):
        return {**super().issued(key), "model_id": 4821}


class IssuedKeyUnknown(Right):
    """An issued key is not known to the other calls."""

    differs = {"issued-key-works"}

    def new_key(self):
        key = super().new_key()
        self.keys.discard(key)
        return key


class KeyForAnySecret(Right):
    """Any secret key gets an API key."""

    differs = {"issue-needs-known-secret-key"}
    refuted = {"api-key-issues-none"}

    def issue_refusal(self, call):
        return super().issue_refusal(call._replace(key="e2b75d90-secret-key" if call.key else None))


class KeyForNobody(Right):
    """A key is issued to whoever asks without one."""

    differs = {"issue-needs-secret-key"}

    def issue_refusal(self, call):
        return super().issue_refusal(call) if call.key else None


class ModelIdNotNeeded(Right):
    """A retrain key is issued for no model."""

    differs = {"issue-needs-model-id"}

    def issue_refusal(self, call):
        name = super().issue_refusal(call)
        return None if name == "model_id_is_required" else name


class ModelIdMessageMisspelt(Right):
    """The message on a missing model has capitals that the manual does not have."""

    differs = {"issue-needs-model-id"}

    def error_body(self, name):
        body = super().error_body(name)
        return {**body, "message": body["message"].replace("Model id", "Model ID")}


# Get API Key: what is assumed


class KeyForADay(Right):
    """A key lives for a day."""

    refuted = {"key-lifetime"}
    assumes = {"key_lifetime": "1d"}

    def end_date(self):
        return datetime.now(UTC) + timedelta(days=1)


class EndDateWithBlank(Right):
    """The end of a key is written with a blank and no zone."""

    refuted = {"end-date-format"}
    assumes = {"end_date_format": "%Y-%m-%d %H:%M:%S"}

    def issued(self, key):
        return {"api_key": key, "end_date": f"{self.end_date():%Y-%m-%d %H:%M:%S}"}


class CredentialTypeNeeded(Right):
    """Without credential_type there is no key."""

    refuted = {"missing-credential-type"}
    assumes = {"odd_credential_type": "model_id_is_required"}

    def issue_refusal(self, call):
        odd = "credential_type" not in call.query
        return super().issue_refusal(call) or ("model_id_is_required" if odd else None)


class ApiKeyIsInactive(Right):
    """An API key in place of the secret key is called inactive."""

    refuted = {"api-key-issues-none"}

    def issue_refusal(self, call):
        return "inactive_credential" if call.key in self.keys else super().issue_refusal(call)


class SameKeyAgain(Right):
    """The same call again hands out the same key."""

    refuted = {"same-key-again"}
    assumes = {"same_key_again": "same"}

    def new_key(self):
        self.issued_key = getattr(self, "issued_key", None) or super().new_key()
        return self.issued_key


class NewKeyEndsOld(Right):
    """A new key ends the one that was issued before."""

    refuted = {"same-key-again"}

    def new_key(self):
        self.keys.discard(getattr(self, "issued_key", None))
        self.issued_key = super().new_key()
        return self.issued_key


# Retrain Data Upload: what the manual says


class UploadFieldsSwapped(Right):
    """The URL comes before the id."""

    differs = {"upload-url-reply"}

    def upload_link(self, job):
        return dict(reversed(super().upload_link(job).items()))


class UploadFieldTooMany(Right):
    """An upload URL comes with a field that is not documented."""

    differs = {"upload-url-reply"}

    def upload_link(self, job):
        return {**super().upload_link(job), "expires": 3600}


class UploadUrlForNobody(Right):
    """An upload URL is given without a key."""

    differs = {"upload-url-needs-key"}

    def upload_refusal(self, call):
        return super().upload_refusal(call) if call.key else None


class UploadUrlForAnyKey(Right):
    """An upload URL is given for any key."""

    differs = {"upload-url-needs-known-key"}

    def upload_refusal(self, call):
        name = super().upload_refusal(call)
        return None if name == "not_found_credential" else name


class UploadNeedsKey(Right):
    """The file is not taken without the key."""

    differs = {"upload-needs-no-key"}

    def file_refusal(self, job, call):
        return call.key is None or super().file_refusal(job, call)


class UploadNeedsContentType(Right):
    """The file is not taken without a media type."""

    differs = {"upload-needs-no-key"}

    def file_refusal(self, job, call):
        return call.content_type is None or super().file_refusal(job, call)


class UploadedJobUnknown(Right):
    """The job that was issued is never known."""

    differs = {"upload-begins-job"}
    refuted = {"before-upload"}
    assumes = {"before_upload": "not_found_retrain_job"}

    def job_refusal(self, key, job):
        return "not_found_retrain_job" if job in self.files else super().job_refusal(key, job)


class UploadedJobEchoesAnother(Right):
    """The job that was issued is shown under another id once its file has come."""

    differs = {"upload-begins-job"}

    def reply(self, job):
        reply = super().reply(job)
        return {**reply, "metadata": {"retrain_job_id": "job"}} if self.files.get(job) else reply


# Retrain Data Upload: what is assumed


class UploadAnsweredWith204(Right):
    """The PUT is answered with 204."""

    refuted = {"upload-reply"}
    assumes = {"upload_reply": 204}

    def taken(self):
        return super().taken()._replace(status=204)


class UploadWithoutEtag(Right):
    """The PUT is answered without an ETag."""

    refuted = {"upload-reply"}

    def taken(self):
        return Sent(200, b"", "")


class UploadAnsweredWithJson(Right):
    """The PUT is answered with a JSON body."""

    refuted = {"upload-reply"}

    def taken(self):
        return super().taken()._replace(body=b'{"ok": true}', kind="application/json")


class NoJobBeforeItsFile(Right):
    """A job is not known before its file has come."""

    refuted = {"before-upload"}
    assumes = {"before_upload": "not_found_retrain_job"}

    def job_refusal(self, key, job):
        early = job in self.files and self.files[job] is None
        return "not_found_retrain_job" if early else super().job_refusal(key, job)


class FileReplacedAtAnyTime(Right):
    """A second file is taken while the job runs too."""

    refuted = {"second-upload"}
    assumes = {"second_upload": "replace"}

    def file_refusal(self, job, call):  # noqa: ARG002 -- none is refused
        return False


class FilenameNeeded(Right):
    """Without a filename there is no upload URL."""

    refuted = {"missing-filename"}
    assumes = {"odd_filename": "job_may_be_deleted"}

    def upload_refusal(self, call):
        odd = "filename" not in call.query
        return super().upload_refusal(call) or ("job_may_be_deleted" if odd else None)


class OneJobForAll(Right):
    """Every upload URL is of the same job."""

    refuted = {"each-upload-url-is-a-job"}

    def new_job(self):
        return next(iter(self.files), None) or super().new_job()


# Retrain Model Switch: what the manual says


class SwitchRepliesNothing(Right):
    """A switch is answered with an empty object."""

    differs = {"switch-reply"}

    def switch_reply(self, job):  # noqa: ARG002 -- it says nothing of it
        return {}


class SwitchNamesAnother(Right):
    """A switch is answered with another id."""

    differs = {"switch-reply"}

    def switch_reply(self, job):  # noqa: ARG002 -- it is another's
        return {"metadata": {"retrain_job_id": FINISHED}}


class SwitchFieldTooMany(Right):
    """A switch is answered with the model too."""

    differs = {"switch-reply"}

    def switch_reply(self, job):
        return {"model_id": 4821, **super().switch_reply(job)}


class SwitchNeedsBody(Right):
    """A switch without a body is refused."""

    differs = {"switch-reply"}

    def switch(self, job, call):
        answer = super().switch(job, call)
        return answer if call.body or answer.status != 200 else Sent(411, b"{}")


class SwitchTooEarly(Right):
    """A job that is not finished, or has failed, can be switched to."""

    differs = {"early-switch-is-refused"}
    refuted = {"switch-of-failed-job"}
    assumes = {"switch_of_failed_job": "accept"}

    def switch_refusal(self, job):
        name = super().switch_refusal(job)
        return None if name == "retrain_job_is_not_finished" else name


class SwitchOfUnknownJobDeleted(Right):
    """The switch of an unknown job says an error that this call does not have."""

    differs = {"switch-of-unknown-job"}

    def switch_refusal(self, job):
        name = super().switch_refusal(job)
        return "job_may_be_deleted" if name == "not_found_retrain_job" else name


class SwitchForNobody(Right):
    """A switch needs no key."""

    differs = {"switch-needs-key"}

    def switch(self, job, call):
        return super().switch(job, call._replace(key=call.key or next(iter(self.keys))))


class SwitchForAnyKey(Right):
    """A switch takes any key."""

    differs = {"switch-needs-known-key"}

    def switch(self, job, call):
        known = next(iter(self.keys))
        return super().switch(job, call._replace(key=known if call.key else None))


# Retrain Model Switch: what is assumed


class SecondSwitchRefused(Right):
    """A job can be switched to once."""

    refuted = {"second-switch"}
    assumes = {"second_switch": "retrain_job_is_not_finished"}

    def switch_refusal(self, job):
        again = job in self.switched
        return "retrain_job_is_not_finished" if again else super().switch_refusal(job)


SEQUENCE_MUTANTS = {
    name: mutant
    for name, mutant in list(globals().items())
    if isinstance(mutant, type) and issubclass(mutant, Right) and mutant is not Right
}


class FailedJob(Right):
    """Right in every way; the job of an upload fails."""

    def end(self):
        return "job_failed"


class FailedJobIsGone(FailedJob):
    """A failed job is not known to the switch."""

    refuted = {"switch-of-failed-job"}
    assumes = {"switch_of_failed_job": "not_found_retrain_job"}

    def switch_refusal(self, job):
        failed = job in self.files and self.created_status(job) == "job_failed"
        return "not_found_retrain_job" if failed or job == GONE else super().switch_refusal(job)
