"""Writes the replies: a step's status, a documented error, a literal answer, a result file."""

from __future__ import annotations

import re
from functools import cache, partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from mock_p1.base.messages import JSON_HEADERS, Fault, Reply, json_bytes, json_reply
from mock_p1.contract.assumptions import Assumptions, error_body
from mock_p1.contract.operations import RESULT_DOWNLOAD, RETRAIN_STATUS_CHECK, Operation
from mock_p1.engine.result_archive import FILE_NAME, archive
from mock_p1.scenario.faker_fields import Fake
from mock_p1.scenario.faker_values import draw, seed_for
from mock_p1.scenario.steps import Literal, Result, StatusStep

if TYPE_CHECKING:
    from collections.abc import Callable

    from mock_p1.engine.program import Program, ProgramStep
    from mock_p1.scenario.model import Scenario

_OWN_FIELDS = tuple(field.name for field in RETRAIN_STATUS_CHECK.reply if field.name != "metadata")


class ReplyWriter:
    """Writes every reply of one scenario. The same seed writes the same bytes."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self._scenario, self._seed = scenario, seed
        # without this object, which would hold itself and its scenario for good
        self.error: Callable[[str], Reply] = cache(partial(_error, scenario.assumptions))

    def status(self, job_id: str, step: ProgramStep, base_url: str, token: str) -> Reply:
        """Answer a poll that sees this step, which shows a status.

        ``token`` is the part of a download_url that cannot be guessed.
        """
        if step.frame is not None:
            return Reply(200, JSON_HEADERS, step.frame[0] + json_bytes(job_id) + step.frame[1])
        shown = step.step
        if not isinstance(shown, StatusStep):
            raise TypeError(f"no status: {shown!r}")
        values = _own_values(shown)
        for field, value in values.items():
            if isinstance(value, Fake):
                seed = seed_for(self._seed, job_id, step.position, field)
                values[field] = draw(value.fake, value.locale, value.arguments, seed)
        if shown.result is not None:
            values["download_url"] = base_url + RESULT_DOWNLOAD.url_path(
                token=token,
                retrain_job_id=quote(job_id, safe="", errors="replace"),
                step=str(step.position + 1),
                file_name=quote(file_name(shown.result), safe=""),
            )
        return json_reply(200, _in_order(values, job_id))

    def underlying_status(
        self,
        program: Program,
        position: int,
        job_id: str,
        base_url: str,
        token: Callable[[int], str],
    ) -> Reply:
        """Return what a fault cuts short or garbles: the status that the job shows at this step.

        Where the step shows none, that of the nearest one before it, else behind it. ``token``
        returns that of a step's link.
        """
        around = (*reversed(program.steps[: position + 1]), *program.steps[position:])
        for step in around:
            if isinstance(step.step, StatusStep):
                has_link = step.step.result is not None
                return self.status(job_id, step, base_url, token(step.position) if has_link else "")
        return json_reply(200, {"status": "job_running", "metadata": {"retrain_job_id": job_id}})

    def result(self, job_id: str, step: ProgramStep, name: str) -> Reply | None:
        """Answer a download of the step's result; None if it has none of this name."""
        shown = step.step
        if (
            not isinstance(shown, StatusStep)
            or shown.result is None
            or name != file_name(shown.result)
        ):
            return None
        if shown.result.file is not None:
            body = self._scenario.files[shown.result.file]
        else:
            seed = seed_for(self._seed, job_id, step.position, "result")
            body = archive(seed, shown.result.rows or 0)
        kind = "application/zip" if name.endswith(".zip") else "application/octet-stream"
        disposition = f"attachment; filename=\"{_ascii(name)}\"; filename*=UTF-8''{quote(name)}"
        return Reply(200, (("Content-Type", kind), ("Content-Disposition", disposition)), body)


def _error(assumed: Assumptions, name: str) -> Reply:
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


def example_of(operation: Operation) -> Reply:
    """Return an example of an operation's reply: what is cut short where nothing was done."""
    return json_reply(200, {field.name: field.example for field in operation.reply})


def held_for(
    answer: Reply | Fault, delay: tuple[int, int], now_ns: int, seed: int, *place: str | int
) -> Reply | Fault:
    """Return an answer that is held back too, for nanoseconds drawn from a range for its place."""
    low_ns, high_ns = delay
    drawn_ns = seed_for(seed, *place) % (high_ns - low_ns + 1)
    delay_ns = answer.delay_ns + low_ns + drawn_ns
    return answer._replace(delay_ns=delay_ns, due_ns=now_ns + delay_ns)


def literal(reply: Literal) -> Reply:
    """Answer to the letter what a scenario says."""
    text = isinstance(reply.body, str)
    body = (
        reply.body.encode("utf-8", "replace")
        if isinstance(reply.body, str)
        else json_bytes(reply.body)
    )
    headers = tuple(reply.headers.items())
    if body and "content-type" not in {name.lower() for name in reply.headers}:
        kind = "text/plain; charset=utf-8" if text else "application/json"
        headers = (("Content-Type", kind), *headers)
    return Reply(reply.status_code, headers, body)


def file_name(result: Result) -> str:
    """Return the name under which a result is downloaded."""
    return FILE_NAME if result.file is None else re.split(r"[/\\]", result.file)[-1]


def _ascii(name: str) -> str:
    """Return a name for clients that read no ``filename*``: what is not plain becomes ``_``."""
    return re.sub(r"[^A-Za-z0-9 !#$&'()+,.;=@\[\]^_`{}~-]", "_", name)


def _own_values(step: StatusStep) -> dict[str, Any]:
    return {name: getattr(step, name) for name in _OWN_FIELDS}


def _in_order(values: dict[str, Any], job_id: str) -> dict[str, Any]:
    values["metadata"] = {"retrain_job_id": job_id}
    return {
        field.name: values[field.name]
        for field in RETRAIN_STATUS_CHECK.reply
        if values[field.name] is not None
    }
