"""Writes the replies: a step's status, a documented error, a result file."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from mock_p1.base.messages import JSON_HEADERS, Fault, Reply, json_bytes, json_reply
from mock_p1.contract import operations as contract
from mock_p1.contract.assumptions import error_body
from mock_p1.engine.faults import script
from mock_p1.engine.result_archive import FILE_NAME, archive
from mock_p1.scenario.faker_fields import Fake
from mock_p1.scenario.faker_values import draw, seed_for
from mock_p1.scenario.steps import ErrorStep, FaultStep, ReplyStep, StatusStep

if TYPE_CHECKING:
    from mock_p1.engine.program import ProgramStep
    from mock_p1.scenario.model import Scenario
    from mock_p1.scenario.steps import Result, Step

UNDERLYING_STATUS: Final = "job_running"
"""What a fault cuts short or garbles: an ordinary answer."""


class ReplyWriter:
    """Writes every reply of one scenario. The same seed writes the same bytes."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self._scenario, self._seed = scenario, seed
        self.error = cache(self._error)

    def to_poll(self, job_id: str, at: ProgramStep, base_url: str) -> Reply | Fault:
        """Answer a poll that sees this step."""
        match at.step:
            case StatusStep() as step:
                if at.frame is not None:
                    return Reply(200, JSON_HEADERS, at.frame[0] + json_bytes(job_id) + at.frame[1])
                return self._status(job_id, at.position, step, base_url)
            case ErrorStep() as step:
                return self.error(step.error)
            case FaultStep() as step:
                return self.fault(step.fault, job_id)
            case ReplyStep() as step:
                return _literal(step)
            case step:
                raise TypeError(f"no such step: {step!r}")

    def fault(self, kind: str, job_id: str) -> Reply | Fault:
        """Answer with trouble on the wire."""
        body = {"status": UNDERLYING_STATUS, "metadata": {"retrain_job_id": job_id}}
        return script(kind, json_reply(200, body))

    def result(self, job_id: str, index: int, name: str, step: Step) -> Reply | None:
        """Answer a download of the step's result; None if it has none of this name."""
        if (
            not isinstance(step, StatusStep)
            or step.result is None
            or name != _file_name(step.result)
        ):
            return None
        if step.result.file is not None:
            body = self._scenario.files[step.result.file]
        else:
            body = archive(seed_for(self._seed, job_id, index, "result"), step.result.rows or 0)
        kind = "application/zip" if name.endswith(".zip") else "application/octet-stream"
        return Reply(
            200,
            (
                ("Content-Type", kind),
                ("Content-Disposition", f"attachment; filename*=UTF-8''{quote(name)}"),
            ),
            body,
        )

    def _status(self, job_id: str, index: int, step: StatusStep, base_url: str) -> Reply:
        values = _own_values(step)
        for field, value in values.items():
            if isinstance(value, Fake):
                seed = seed_for(self._seed, job_id, index, field)
                values[field] = draw(value.fake, value.locale, value.arguments, seed)
        if step.result is not None:
            name = quote(_file_name(step.result), safe="")
            path = contract.RESULT_DOWNLOAD.path(
                retrain_job_id=quote(job_id, safe="", errors="replace"),
                step=str(index + 1),
                file_name=name,
            )
            values["download_url"] = base_url + path
        return json_reply(200, _in_order(values, job_id))

    def _error(self, name: str) -> Reply:
        assumed = self._scenario.assumptions
        return json_reply(assumed.http_status(name), error_body(name, assumed))


def frame_of(step: StatusStep) -> tuple[bytes, bytes] | None:
    """Return what a step's reply has before and after the job's id.

    None if the id is not all that jobs differ in.
    """
    values = _own_values(step)
    if step.result is not None or any(isinstance(value, Fake) for value in values.values()):
        return None
    before, _, after = json_bytes(_in_order(values, "")).rpartition(b'""')
    return before, after


def _own_values(step: StatusStep) -> dict[str, Any]:
    return {name: getattr(step, name) for name in contract.REPLY_FIELDS if name != "metadata"}


def _in_order(values: dict[str, Any], job_id: str) -> dict[str, Any]:
    values["metadata"] = {"retrain_job_id": job_id}
    return {name: values[name] for name in contract.REPLY_FIELDS if values[name] is not None}


def _file_name(result: Result) -> str:
    return FILE_NAME if result.file is None else re.split(r"[/\\]", result.file)[-1]


def _literal(step: ReplyStep) -> Reply:
    reply = step.reply
    text = isinstance(reply.body, str)
    body = (
        reply.body.encode("utf-8", "replace")
        if isinstance(reply.body, str)
        else json_bytes(reply.body)
    )
    headers = tuple(reply.headers.items())
    if body and "content-type" not in {name.lower() for name in reply.headers}:
        headers = (
            ("Content-Type", "text/plain; charset=utf-8" if text else "application/json"),
            *headers,
        )
    return Reply(reply.status_code, headers, body)
