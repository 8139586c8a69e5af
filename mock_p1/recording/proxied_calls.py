"""From the calls that passed through a proxy to a scenario: several jobs, keys and operations."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from mock_p1.base.durations import UNITS, format_duration
from mock_p1.base.text import plural
from mock_p1.contract.operations import (
    FILE_UPLOAD,
    FINISHED,
    GET_API_KEY,
    OPERATIONS,
    RESULT_DOWNLOAD,
    RETRAIN_DATA_UPLOAD,
    RETRAIN_MODEL_SWITCH,
    RETRAIN_STATUS_CHECK,
)
from mock_p1.recording.scenario_text import (
    REPLACED,
    TIMES,
    RecordedJob,
    RecordedScenario,
    first_note,
    result_of,
)
from mock_p1.recording.seen import Seen, failure, may_be_recorded, seen_at_call, seen_at_poll
from mock_p1.recording.seen_result import SeenResult, look_into
from mock_p1.recording.seen_steps import SeenPoll, SeenStep, steps_of
from mock_p1.verify.answer import Answer, error_of, json_object
from mock_p1.verify.published import CREDENTIAL_ERRORS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mock_p1.recording.pseudonyms import Pseudonyms
    from mock_p1.recording.recording_proxy import Exchange

DATE_FORMATS: Final = (
    *("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y/%m/%d %H:%M:%S"),
    *("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d"),
)
"""How end_date may be written; the first is what is assumed."""

LIFETIME: Final = timedelta(days=30)
NOT_FOUND: Final = "not_found_retrain_job"


@dataclass(slots=True)
class _Job:
    """What passed through of one job. ``uploaded_at`` is when its file had come, in seconds."""

    job_id: str
    polls: list[Exchange] = field(default_factory=list)
    is_created: bool = False
    uploaded_at: float | None = None
    calls: dict[str, list[Seen]] = field(default_factory=lambda: defaultdict(list))
    result: SeenResult | None = None


class ProxiedCalls:
    """All that passed through, sorted by what it is about."""

    def __init__(self, exchanges: Sequence[Exchange], names: Pseudonyms) -> None:
        self._names = names
        self._jobs: dict[str, _Job] = {}
        self._calls: dict[str, list[Seen]] = defaultdict(list)
        self._assumed: dict[str, Any] = {}
        self._issued: dict[tuple[str, str], str] = {}
        self._refused = _refused_keys(exchanges)
        self._takers: dict[str, Callable[[Exchange], None]] = {
            GET_API_KEY.name: self._take_key,
            RETRAIN_DATA_UPLOAD.name: self._take_new_job,
            FILE_UPLOAD.name: self._take_upload,
            RETRAIN_STATUS_CHECK.name: lambda poll: self._of(poll.job_id).polls.append(poll),
            RESULT_DOWNLOAD.name: self._take_download,
            RETRAIN_MODEL_SWITCH.name: self._take_switch,
        }
        for exchange in exchanges:
            self._names.learn_value(_json(exchange))
            if exchange.key:
                is_secret = exchange.operation == GET_API_KEY.name
                self._names.key(exchange.key, "secret" if is_secret else "key")
        self._others = sum(not each.operation for each in exchanges)
        self._odd = 0
        for exchange in exchanges:
            if exchange.key not in self._refused or exchange.operation not in OPERATIONS:
                self._take(exchange)

    @property
    def results(self) -> dict[str, SeenResult]:
        """The results that were fetched whole, by the job's id."""
        return {job.job_id: job.result for job in self._jobs.values() if job.result}

    def scenario(
        self, exchanges: Sequence[Exchange], base: str, files: dict[str, str]
    ) -> RecordedScenario:
        """Return it as a scenario; ``files`` are the names of kept results by the job's id."""
        began = exchanges[0].moment
        what = f"{plural(len(exchanges), 'call')} of a client, through a proxy."
        notes = [first_note(began, base, what), TIMES, REPLACED]
        if self._others:
            notes.append(f"{plural(self._others, 'call')} of no imitated operation not recorded.")
        if self._odd:
            what = plural(self._odd, "call")
            notes.append(f"{what} about a job whose id no scenario can have not recorded.")
        jobs = [self._job(job, files.get(job.job_id, "")) for job in self._jobs.values()]
        is_secret = {x.key for x in exchanges if x.operation == GET_API_KEY.name}
        keys = {self._names.key(k): v for k, v in self._refused.items() if k not in is_secret}
        secrets = {self._names.key(k): v for k, v in self._refused.items() if k in is_secret}
        return RecordedScenario(
            began,
            [job for job in jobs if job.steps],
            notes=notes,
            api_keys={**keys, "*": "active"} if keys else {},
            secret_keys={**secrets, "*": "active"} if secrets else {},
            new_ids=[job.job_id for job in self._jobs.values() if job.is_created],
            calls=self._calls,
            assumptions=self._assumed,
        )

    def _of(self, job_id: str) -> _Job:
        return self._jobs.setdefault(job_id, _Job(job_id))

    def _take(self, exchange: Exchange) -> None:
        if exchange.job_id and not may_be_recorded(exchange.job_id):
            self._odd += 1
        elif exchange.operation in self._takers:
            self._takers[exchange.operation](exchange)

    def _take_key(self, exchange: Exchange) -> None:
        key, found = _field(exchange, "api_key"), _json(exchange)
        seen = _seen(exchange, is_success=bool(key))
        if seen.kind == "error" and seen.says["error"] == "model_id_is_required":
            return  # by itself
        self._calls[GET_API_KEY.name].append(seen)
        if not key:
            return
        self._names.key(key)
        whose = exchange.key, exchange.query.get("model_id", "")
        if self._issued.get(whose) == key:
            self._assumed["same_key_again"] = "same"
        self._issued[whose] = key
        self._assumed.update(_end_date(str(found.get("end_date", "")), exchange.moment))

    def _take_new_job(self, exchange: Exchange) -> None:
        job_id = _field(exchange, "retrain_job_id")
        self._calls[RETRAIN_DATA_UPLOAD.name].append(_seen(exchange, is_success=bool(job_id)))
        if job_id and may_be_recorded(job_id):
            self._of(job_id).is_created = True

    def _take_upload(self, exchange: Exchange) -> None:
        job, answer = self._of(exchange.job_id), exchange.answer
        is_taken = isinstance(answer, Answer) and answer.status in range(200, 300)
        job.calls[FILE_UPLOAD.name].append(_seen(exchange, is_success=is_taken))
        if isinstance(answer, Answer) and is_taken:
            job.uploaded_at = exchange.seconds + exchange.took_seconds
            if answer.status != 200:  # noqa: PLR2004 -- what is assumed
                self._assumed["upload_reply"] = answer.status

    def _take_download(self, exchange: Exchange) -> None:
        job, answer = self._of(exchange.job_id), exchange.answer
        is_sent = isinstance(answer, Answer) and answer.status in (200, 206, 304)
        job.calls[RESULT_DOWNLOAD.name].append(_seen(exchange, is_success=is_sent))
        if isinstance(answer, Answer) and answer.status == 200 and answer.body:  # noqa: PLR2004 -- the whole
            job.result = look_into(answer.body)

    def _take_switch(self, exchange: Exchange) -> None:
        job = self._of(exchange.job_id)
        seen = _seen(exchange, is_success="metadata" in _json(exchange))
        error = seen.says.get("error")
        last = _json(job.polls[-1]).get("status") if job.polls else None
        if error == "retrain_job_is_not_finished" and last != FINISHED:
            return  # by itself
        if error != NOT_FOUND or job.polls:
            job.calls[RETRAIN_MODEL_SWITCH.name].append(seen)

    def _job(self, job: _Job, file: str) -> RecordedJob:
        says, notes = result_of(job.result, (), file)
        polls, api_key = self._visible(job)
        origin = job.uploaded_at if job.is_created else None
        before = [each for each in polls if origin is not None and each.seconds < origin]
        after = [each for each in polls if origin is None or each.seconds >= origin]
        steps = _steps(after, job.job_id, origin)
        waits = seen_at_poll_or_fault(before[-1], job.job_id) if before and steps else None
        return RecordedJob(
            job.job_id,
            steps or _steps(before, job.job_id, None),
            {name: job.calls[name] for name in OPERATIONS if name in job.calls},
            says,
            api_key,
            waits if waits and waits.kind == "status" else None,
            notes,
        )

    def _visible(self, job: _Job) -> tuple[list[Exchange], str]:
        """Return the polls by keys that see the job; and its only key, where another did not."""
        by_key: dict[str, list[bool]] = defaultdict(list)
        for poll in job.polls:
            by_key[poll.key].append(_error(poll) != NOT_FOUND)
        blind = {key for key, sees in by_key.items() if not any(sees)}
        seeing = by_key.keys() - blind
        if not blind or not seeing:
            return job.polls, ""
        polls = [poll for poll in job.polls if poll.key in seeing]
        (*_, key) = seeing
        is_only = len(seeing) == 1 and key not in self._issued.values() and not job.is_created
        return polls, self._names.key(key) if is_only else ""


def _steps(polls: Sequence[Exchange], job_id: str, origin: float | None) -> list[SeenStep]:
    if not polls:
        return []
    start = polls[0].seconds if origin is None else origin
    return steps_of(
        [
            SeenPoll(
                each.seconds - start,
                each.took_seconds,
                each.moment,
                seen_at_poll_or_fault(each, job_id),
            )
            for each in polls
        ]
    )


def seen_at_poll_or_fault(exchange: Exchange, job_id: str) -> Seen:
    """Return what a poll that passed through was answered."""
    answer = exchange.answer
    return seen_at_poll(answer, job_id) if isinstance(answer, Answer) else failure(answer)


def _seen(exchange: Exchange, *, is_success: bool) -> Seen:
    answer = exchange.answer
    if not isinstance(answer, Answer):
        return failure(answer)
    return seen_at_call(answer, OPERATIONS[exchange.operation].errors, is_success=is_success)


def _refused_keys(exchanges: Sequence[Exchange]) -> dict[str, str]:
    """Return the keys that were refused whenever they were sent, and by which error."""
    errors: dict[str, set[str | None]] = defaultdict(set)
    for exchange in exchanges:
        if exchange.key and exchange.operation in OPERATIONS:
            errors[exchange.key].add(_error(exchange))
    return {
        key: str(next(iter(found)))
        for key, found in errors.items()
        if len(found) == 1 and found <= {*CREDENTIAL_ERRORS}
    }


def _end_date(text: str, moment: datetime) -> dict[str, Any]:
    """Return what is to be assumed of an end_date: how it is written, how long a key lives."""
    for shape in DATE_FORMATS:
        try:
            end = datetime.strptime(text, shape).replace(tzinfo=UTC)
        except ValueError:
            continue
        assumed = {} if shape == DATE_FORMATS[0] else {"end_date_format": shape}
        lives = end - moment
        if lives.total_seconds() > 0 and abs(lives - LIFETIME) > timedelta(days=1):
            unit = 3600 if lives > timedelta(hours=10) else 1
            seconds = max(1, round(lives.total_seconds() / unit) * unit)
            assumed["key_lifetime"] = format_duration(seconds * UNITS["s"])
        return assumed
    return {}


def _json(exchange: Exchange) -> dict[str, Any]:
    return (json_object(exchange.answer) or {}) if isinstance(exchange.answer, Answer) else {}


def _field(exchange: Exchange, name: str) -> str:
    value = _json(exchange).get(name)
    is_ok = isinstance(exchange.answer, Answer) and exchange.answer.status in range(200, 300)
    return value if isinstance(value, str) and is_ok else ""


def _error(exchange: Exchange) -> str | None:
    return error_of(exchange.answer).name if isinstance(exchange.answer, Answer) else None
