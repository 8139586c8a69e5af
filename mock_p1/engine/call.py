"""One request on its way through the engine, what comes of it, and it as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mock_p1.base.messages import Fault, Reply, Request
from mock_p1.contract.operations import RETRAIN_STATUS_CHECK, Operation, query_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mock_p1.engine.callers import Caller
    from mock_p1.engine.job_states import JobState
    from mock_p1.engine.not_imitated import Unexpected
    from mock_p1.engine.timeline import Plan, State


@dataclass(slots=True, eq=False, repr=False)
class Call:
    """A request whose operation is known.

    ``api_key`` is what ``x-api-key`` carried, an API key or a secret key; ``key_ends_ns`` is when
    it ends. ``job`` is set by the handler, where the operation is about one, and ``part`` where it
    sends one of a file: which file, from which byte to before which, of how many.
    """

    request: Request
    operation: Operation
    parameters: Mapping[str, str]
    now_ns: int
    api_key: str
    caller: Caller
    key_ends_ns: int = 0
    job: JobState | None = None
    part: tuple[str, int, int, int] | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def subject(self) -> JobState:
        """The job that the call is about; LookupError where it was not found, or there is none."""
        if self.job is None:
            raise LookupError(self.job_id)
        return self.job

    @property
    def job_id(self) -> str | None:
        """The job that the path names."""
        return self.parameters.get("retrain_job_id")

    def refused(self, answer: Unexpected, source: str) -> Outcome:
        """Return what the call comes to where the mock itself refuses it; the journal says why."""
        self.notes.append(answer.why)
        return Outcome(answer.reply, source)

    def query(self, name: str) -> str | None:
        """Return the first value of a parameter of the query; None where it is not there."""
        return next((value for key, value in query_of(self.request.query) if key == name), None)


class Outcome(NamedTuple):
    """What a call comes to: the answer, and what the journal says of it.

    Of ``status``, ``error`` and ``fault`` at most one is there. ``place`` is where the job was
    afterwards, ``step`` what of its timeline was shown. ``done`` says what a call other than the
    status check has done, also where its answer was lost.
    """

    reply: Reply | Fault
    source: str
    status: str | None = None
    error: str | None = None
    fault: str | None = None
    place: tuple[Plan, State] | None = None
    retry_after_ns: int | None = None
    done: str | None = None


_POLLS: Final = RETRAIN_STATUS_CHECK.template.partition("{")[0]


def plain_request(request: Request) -> list[Any]:
    """Return a request as plain data; of a poll's headers nothing is needed but its key."""
    method, path, query, keys, base_url, has_body, headers, note = request
    if len(keys) == 1 and keys[0] and path.startswith(_POLLS) and method == "GET":
        headers = ()
    text = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in headers]
    return [method, path, query, keys, base_url, has_body, text, note]


def request_of(about: list[Any]) -> Request:
    """Return the request again."""
    method, path, query, keys, base_url, has_body, text, note = about
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in text]
    return Request(method, path, query, tuple(keys), base_url, has_body, headers, note)
