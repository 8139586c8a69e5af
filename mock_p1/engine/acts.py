"""All that is done to a mock from outside, as acts: plain data, to be done in one order anywhere.

The same acts at the same moments lead every mock of one scenario to the same state. So processes
that share a state share nothing but the acts and their order.
"""

from __future__ import annotations

from functools import lru_cache
from json import dumps
from typing import TYPE_CHECKING, Any, Final

from mock_p1.base.messages import Reply, Request
from mock_p1.engine.call import plain_request, request_of
from mock_p1.engine.driver import Driver
from mock_p1.engine.engine import Engine
from mock_p1.engine.file_store import (
    Inspection,
    KeptFile,
    RememberedFile,
    found_for_others,
)
from mock_p1.engine.not_imitated import Unexpected
from mock_p1.engine.receiver import End, Receiver
from mock_p1.engine.saved_state import restore
from mock_p1.scenario.kept import as_data, from_data
from mock_p1.scenario.model import Scenario
from mock_p1.scenario.steps import Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence


Act = list[Any]
"""The kind of an act, and what it is about: what JSON knows, but for ``asked``, which stays."""

MAX_UNDER_WAY: Final = 10_000
"""So many uploads can be under way; of more, the ones that began the longest ago are forgotten."""

KNOWN_BYTES: Final = 2048
"""Acts of requests that are longer are made anew each time: a client decides how long they are."""


class StoreDown(RuntimeError):  # noqa: N818 -- says what happened
    """The store of the shared state has not done what it was asked, or nobody knows.

    ``why`` is what the store, or whoever asks it, says about that.

    Examples:
        >>> from mock_p1 import StoreDown
        >>> raise StoreDown("Timeout reading from socket")
        Traceback (most recent call last):
        mock_p1.engine.acts.StoreDown: the mock's store does not answer as it should: Timeout ...
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why

    def __str__(self) -> str:
        """Return a sentence that says whose store it is."""
        return f"the mock's store does not answer as it should: {self.why}"


def to_nobody(*_: object) -> None:
    """Tell nobody."""


def _now(asked: list[tuple[Act, Callable[[Any], None]]]) -> None:
    raise NotImplementedError(asked)


class SharedEngine(Engine):
    """An engine to which everything is done by acts, in their order.

    ``perform`` does an act, whoever it is from. What is done by others' hands, as ``handle``, is
    handed to ``hand_over`` instead, which returns what came of it.
    """

    waits = True

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 -- those of an engine
        super().__init__(*args, **options)
        self.hand_over: Callable[[Act], Any] = self.perform
        self.performing: Callable[[], bool] = lambda: True
        """Tells whether it is ``perform`` that asks."""
        self.later: Callable[[list[tuple[Act, Callable[[Any], None]]]], None] = _now
        """Does what ``hand_over`` does, and hands what came of each act to a function."""
        self.cut_off: Callable[[], None] = to_nobody
        self.let_go: Callable[[], None] = to_nobody
        """Lets this process leave the others: nobody has the mock any more."""
        self.store_state: Callable[[], str] = lambda: "ok"
        """Says how the store is."""
        self.receivers: dict[str, Receiver] = {}
        """The uploads that are under way, by the id that their begin has."""
        self.kept: dict[str, KeptFile] = {}
        """The files that came to this process, until all know that they have."""
        self._next_upload = 0
        self.name = ""
        """Tells this process from all others."""

    def play_at_first(self, scenario: Scenario) -> None:
        """Play another scenario before anything has happened."""
        self.state.play(self._prepared(scenario))

    def perform(self, act: Act) -> Any:  # noqa: ANN401 -- what the method returns
        """Do an act; return or raise what comes of it."""
        kind, *about = act
        if kind == "asked":
            return super().handle(about[0])
        if kind == "ask":
            return super().handle(request_of(about))
        if kind == "drive":
            return self._drive(*about)
        return self._perform_seldom(kind, about)

    def _perform_seldom(self, kind: str, about: list[Any]) -> Any:  # noqa: ANN401 -- likewise
        if kind == "begin":
            upload, length, *asked = about
            taken = super().receive(request_of(asked), length)
            if isinstance(taken, Receiver):
                self.receivers[upload] = taken
                if len(self.receivers) > MAX_UNDER_WAY:  # of processes that have died
                    del self.receivers[next(iter(self.receivers))]
            return taken
        seldom: dict[str, Callable[..., Any]] = {
            "end": self._conclude,
            "load": self._load,
            "note": super().add_note,
            "taken": super().note_taken,
        }
        if kind in seldom:
            return seldom[kind](*about)
        if kind == "unexpected":
            status, headers, body, why, *asked = about
            reply = Reply(status, tuple(map(tuple, headers)), body.encode("latin-1"))
            return super().answer_unexpected(request_of(asked), Unexpected(reply, why))
        return None  # it was only asked what others have done

    def go_on_from(self, state: dict[str, Any]) -> bool:
        """Let all processes go on with a state that was saved; False where anything happened.

        CannotLoad says why it cannot be.
        """
        restore(Engine(self.scenario, seed=self.seed), state)  # what fails there has hurt nobody
        return bool(self.hand_over(["load", state]))

    def _load(self, state: dict[str, Any]) -> bool:
        if self.journal.last or self.changes.last:
            return False
        restore(self, state)
        return True

    def _drive(self, name: str, arguments: list[Any], named: dict[str, Any]) -> Any:  # noqa: ANN401 -- likewise
        method = getattr(Driver, name).__wrapped__
        values = {key: _value(value) for key, value in named.items()}
        return method(Driver(self), *map(_value, arguments), **values)

    def saved_receivers(self) -> list[Any]:
        """Return the uploads that are under way as plain data."""
        return [[upload, each.saved()] for upload, each in self.receivers.items()]

    def restore_receivers(self, saved: list[Any]) -> None:
        """Take over uploads that are under way elsewhere."""
        for upload, about in saved:
            self.receivers[upload] = Receiver.restored(self, about)

    def _conclude(self, upload: str, end: list[Any], facts: list[Any] | None) -> Any:  # noqa: ANN401 -- an answer
        receiver = self.receivers.pop(upload, None)
        if receiver is None:
            raise LookupError(upload)
        kept = self.kept.pop(upload, None)
        if kept is None and facts is not None:
            size, digest, (rows, columns, notes) = facts
            kept = RememberedFile(size, digest, Inspection(rows, columns, tuple(notes)))
        return receiver.conclude(End(*end), kept)

    def handle(self, request: Request) -> Any:  # noqa: ANN401 -- a Reply or a Fault
        """Answer one request."""
        return super().handle(request) if self.performing() else self.hand_over(ask(request))

    def handle_later(self, asked: Iterable[tuple[Request, Callable[[Any], None]]]) -> None:
        """Answer requests; in this thread where the store does not take long."""
        self.later([(asked_of(request), tell) for request, tell in asked])

    def refresh(self) -> None:
        """Wait until all is known here that was done anywhere; StoreDown where that cannot be."""
        self.hand_over(["refresh"])

    def receive(self, request: Request, length: int | None) -> Any:  # noqa: ANN401 -- likewise, or a Receiver
        """Begin to take a file."""
        if self.performing():
            return super().receive(request, length)
        self._next_upload += 1
        upload = f"{self.name}/{self._next_upload}"
        taken = self.hand_over(["begin", upload, length, *plain_request(request)])
        if isinstance(taken, Receiver):
            taken.ended = lambda end, kept: self._ended(upload, end, kept)
        return taken

    def _ended(self, upload: str, end: End, kept: KeptFile | None) -> Any:  # noqa: ANN401 -- likewise
        facts = None
        if kept is not None:
            self.kept[upload] = kept
            facts = [kept.size, kept.sha256, list(found_for_others(kept))]
        answer = self.hand_over(["end", upload, list(end), facts])
        if upload in self.receivers:  # the store did not say so in time
            if (left := self.kept.pop(upload, None)) is not None:
                left.discard()
            self.later([(["end", upload, ["broken_off", end.size, ""], None], to_nobody)])
        return answer

    def add_note(self, number: int, note: str) -> None:
        """Note something on an entry of the journal."""
        if self.performing():
            super().add_note(number, note)
        else:
            self.later([(["note", number, note], to_nobody)])

    def note_taken(self, number: int, taken: bool) -> None:  # noqa: FBT001 -- as an act has it
        """Note whether the client has taken a download to its end."""
        if self.performing():
            super().note_taken(number, taken)
        else:
            self.later([(["taken", number, taken], to_nobody)])

    def answer_unexpected(self, request: Request, answer: Unexpected) -> Any:  # noqa: ANN401 -- a Reply
        """Note a request that nothing imitated takes; return its answer."""
        if self.performing():
            return super().answer_unexpected(request, answer)
        status, headers, body, *_ = answer.reply
        about = [status, headers, body.decode("latin-1"), answer.why]
        return self.hand_over(["unexpected", *about, *plain_request(request)])

    def drive(
        self,
        method: Callable[..., Any],
        driver: object,
        args: Sequence[Any],
        named: Mapping[str, Any],
    ) -> Any:  # noqa: ANN401 -- what the method returns
        """Do what a test or a person does to the mock."""
        if self.performing():
            return method(driver, *args, **named)
        plain = {key: _plain_value(value) for key, value in named.items()}
        return self.hand_over(["drive", method.__name__, [*map(_plain_value, args)], plain])


def asked_of(request: Request) -> Act:
    """Return the act of a request: as all see it, and as JSON."""
    size = len(request.path) + len(request.query)
    size += sum([len(name) + len(value) for name, value in request.headers])
    return (_known if size <= KNOWN_BYTES else _asked_of)(request)


def _asked_of(request: Request) -> Act:
    act = ask(request)
    return ["asked", request_of(act[1:]), dumps(act)]


_known = lru_cache(maxsize=1024)(_asked_of)


def ask(request: Request) -> Act:
    """Return the act of a request."""
    return ["ask", *plain_request(request)]


def _plain_value(value: object) -> object:
    if isinstance(value, Literal):
        return {"reply": as_data(value)}
    if isinstance(value, Scenario):
        return {"scenario": plain_scenario(value)}
    return value


def _value(value: Any) -> object:  # noqa: ANN401 -- any value of JSON
    if not isinstance(value, dict):
        return value
    if "reply" in value:
        return from_data(value["reply"])
    return scenario_of(value["scenario"])


def plain_scenario(scenario: Scenario) -> dict[str, Any]:
    """Return a scenario as plain data; ValueError where it has no text of its own."""
    if scenario.text is None or scenario.variables:
        raise ValueError(
            f"{scenario.name} was made in Python, of several files or with variables; processes "
            "that share a state can play another scenario only from one text"
        )
    files = {name: content.decode("latin-1") for name, content in scenario.files.items()}
    return {"name": scenario.name, "text": scenario.text, "files": files}


def scenario_of(plain: dict[str, Any]) -> Scenario:
    """Return the scenario again."""
    files = plain["files"]
    from mock_p1.scenario.parser import parse  # noqa: PLC0415 -- loads YAML and pydantic

    return parse(plain["text"], plain["name"], attach=lambda name: files[name].encode("latin-1"))
