"""A server under check: every answer is asked for once, at a polite pace, and remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode, urlsplit

from mock_p1.verify.answer import (
    MOST_BYTES,
    Answer,
    Call,
    Client,
    asked_wait_seconds,
    describe,
    error_of,
    json_object,
)
from mock_p1.verify.credentials import Credentials, hide_keys, option_name
from mock_p1.verify.exceptions import NotChecked, Unreachable
from mock_p1.verify.pace import Pace
from mock_p1.verify.published import API_KEY_HEADER, FINISHED
from mock_p1.verify.questions import QUESTIONS, STATUS_QUESTIONS, Exactly, Permission, Question

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


ENOUGH_FAILURES: Final = 3
"""After so many failures in a row no more is asked.

The server is gone, and each would cost a time-out.
"""

GATEWAY: Final = (429, 502, 503, 504)
"""HTTP statuses by which something between, or a limit, answers in place of the API."""

ANSWERED: Final[dict[str, tuple[Permission, str, str]]] = {
    "api_key": ("issue-key", "a new key", "api_key"),
    "issued_key": ("issue-key", "a new key", "api_key"),
    "job_id": ("upload", "an upload URL", "retrain_job_id"),
    "new_job": ("upload", "an upload URL", "retrain_job_id"),
    "upload_url": ("upload", "an upload URL", "upload_url"),
}
"""The values that an answer gives where the caller gave none.

What must be allowed for it, the question, and the field of its answer.
"""


class VerifySession:
    """A server under check. Every answer is remembered, and so is that there was none."""

    def __init__(  # noqa: PLR0913 -- what a check needs, in one place
        self,
        base: str,
        credentials: Credentials,
        client: Client,
        pace: Pace | None = None,
        *,
        allowed: Iterable[Permission] = (),
        announce: Callable[[str], None] = lambda _: None,
    ) -> None:
        """``base`` is a base URL as ``url.base_url`` returns it.

        ``announce`` is told of each call that needs a permission, before it is made.
        """
        self.base: str = base
        self.credentials: Credentials = credentials
        self.pace: Pace = pace or Pace()
        self.allowed: frozenset[Permission] = frozenset(allowed)
        self.every_seconds: float = 30.0
        self.calls_made: list[str] = []
        self._announce = announce
        self._client = client
        self._known: dict[str, Answer | Unreachable] = {}
        self._watched: dict[object, Answer] = {}
        self._values: dict[str, str] = {}
        self._keys = credentials.keys
        self._failures = 0

    def require(self, permission: Permission) -> None:
        """Raise NotChecked unless the caller allowed it."""
        if permission not in self.allowed:
            raise NotChecked(f"--allow {permission} was not given")

    def answer(self, name: str) -> Answer:
        """Return the answer to one of QUESTIONS, and ask for it if it was not asked yet.

        NotChecked without a permission or a value that it needs; Unreachable without an answer.
        """
        question = QUESTIONS[name]
        if name not in self._known:
            if question.allow is not None:
                self.require(question.allow)
            headers = {} if question.key is None else {API_KEY_HEADER: self.value(question.key)}
            url = self._url(question)
            if question.allow:
                call = f"{question.method} {url.partition('?')[0]}"
                self.calls_made.append(call)
                self._announce(f"{name}: {call}")
            self._known[name] = self._send(question, url, headers)
        return self._remembered(name)

    def answers(self, *names: str) -> Iterator[tuple[str, Answer]]:
        """Yield those of the answers that can be asked for."""
        for name in names:
            try:
                yield name, self.answer(name)
            except NotChecked:
                continue

    def asked(self, *names: str) -> Iterator[tuple[str, Answer]]:
        """Yield those of the answers that are there already."""
        for name in names or QUESTIONS:
            if isinstance(answer := self._known.get(name), Answer):
                yield name, answer

    def poll(self, name: str = "the job") -> Answer:
        """Ask anew, whatever failed before; from now on this is what is known. Or Unreachable."""
        self._known.pop(name, None)
        self._failures = 0
        answer = self.answer(name)
        if name == "the job":
            self._watched[str((json_object(answer) or {}).get("status"))] = answer
        return answer

    def replies(self, *names: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the answers to status questions (or to ``names``) that are replies in JSON."""
        answers = [*self.answers(*(names or STATUS_QUESTIONS))]
        if not names:
            watched = (("the job, watched", answer) for answer in self._watched.values())
            created = self.asked("the new job before its file", "the new job")
            answers = [*watched, *answers, *created]
        for name, answer in answers:
            found = json_object(answer)
            if found is not None and error_of(answer).name is None:
                yield name, found

    def finished(self) -> dict[str, Any]:
        """Return the reply of a finished job, or raise NotChecked."""
        created = [name for name, _ in self.asked("the new job")]
        for _, reply in self.replies("the finished job", "the job", *created):
            if reply.get("status") == FINISHED:
                return reply
        raise NotChecked("no finished job was seen; give one by --finished-job-id")

    def download(self, url: str, most: int) -> Answer:
        """GET a result as the manual does, with no key; at most its first ``most`` bytes."""
        if "the result" not in self._known:
            self._known["the result"] = self._send(Question(), url, {}, most)
        return self._remembered("the result")

    def asked_id(self, name: str) -> str:
        """Return the job id that a question names. NotChecked without one."""
        return self.value(QUESTIONS["the job" if name == "the job, watched" else name].job)

    def value(self, name: str) -> str:
        """Return a value that a question names: given, or from an answer. NotChecked without it."""
        if isinstance(name, Exactly):
            return str(name)
        if name in self._values:
            return self._values[name]
        if name == "filename" and self.credentials.file is not None:
            return self.credentials.file.name
        if (given := getattr(self.credentials, name, None)) is not None:
            return str(given)
        if name in ANSWERED and ANSWERED[name][0] in self.allowed:
            _, question, field = ANSWERED[name]
            return self.field(question, field)
        raise NotChecked(f"no {option_name(name)} was given")

    def field(self, name: str, field: str) -> str:
        """Return a text in the answer to a question. NotChecked if it is not there."""
        answer = self.answer(name)
        found = (json_object(answer) or {}).get(field)
        if not isinstance(found, str) or not found:
            raise NotChecked(f"{name} was answered without {field}: {describe(answer)}")
        return found

    def in_use(self, name: str) -> str:
        """Return the key or the id that was given or answered; empty while there is none."""
        _, question, field = ANSWERED[name]
        found = getattr(self.credentials, name)
        for _, answer in self.asked(question):
            found = found or (json_object(answer) or {}).get(field)
        return str(found or "")

    def remember(self, name: str, value: str) -> None:
        """Keep a value that questions name."""
        self._values[name] = value

    def hide(self, text: str) -> str:
        """Return a text that a server had a hand in, with every key in it masked."""
        return hide_keys(text, self._keys)

    def _url(self, question: Question) -> str:
        if question.link is not None:
            return self.value(question.link)
        path = question.path
        if "{" in path:
            path = path.format(retrain_job_id=quote(self.value(question.job), safe=""))
        query = {name: self.value(value) for name, value in question.query.items()}
        return self.base + path + ("?" if query else "") + urlencode(query, quote_via=quote)

    def _remembered(self, name: str) -> Answer:
        known = self._known[name]
        if isinstance(known, Unreachable):
            raise known
        return known

    def _send(
        self, question: Question, url: str, headers: dict[str, str], most: int = MOST_BYTES
    ) -> Answer | Unreachable:
        if self._failures >= ENOUGH_FAILURES:
            return Unreachable(f"not asked: the {ENOUGH_FAILURES} calls before had failed")
        file = self.credentials.file if question.sends_file else None
        try:
            answer = self._client.send(
                Call(question.method, url, headers, file),
                seconds=self.pace.next_timeout(upload=question.sends_file),
                most=most,
            )
        except Unreachable as error:
            self._failures += 1
            return error if self.pace.remaining else Unreachable(self.pace.limit_reached)
        if answer.status in GATEWAY and error_of(answer).name is None:
            self._failures += 1
            return Unreachable(
                f"{urlsplit(url).netloc} does not answer for now: {describe(answer)}",
                asked_wait_seconds(answer),
            )
        self._failures = 0
        issued = (json_object(answer) or {}).get("api_key")
        if isinstance(issued, str):
            self._keys.append(issued)
        return answer
