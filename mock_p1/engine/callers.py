"""Who calls: API keys, secret keys, and the keys that were issued for them.

All keys that one secret key was given for one ``model_id`` are one caller: they see the same jobs
in the same state. A key of ``api_keys:`` is a caller of its own.
"""

from __future__ import annotations

import sys
from collections import Counter
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mock_p1.base.patterns import ANY, Hit, PatternTable
from mock_p1.base.text import mask
from mock_p1.contract.operations import API_KEY_HEADER, API_KEY_LIMIT
from mock_p1.engine.program import Program, Refusal, odd_notes
from mock_p1.scenario.model import ACTIVE, Scenario
from mock_p1.scenario.redaction import masked_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


FOR_EVER: Final = sys.maxsize
FILLERS: Final = ("1", "2", "3", "any")
ANY_KEY: Final = "any-key"
ANY_SECRET: Final = "any-secret"  # noqa: S105 -- made up
"""Keys to show where a scenario takes every key."""

MAX_WORDS: Final = 10_000
"""How many words are remembered that were used as API keys where every word works."""

LONGEST_MODEL: Final = 100
"""Characters of a model_id that are kept as they came."""

MAX_ISSUED: Final = 100_000
"""How many issued keys are known at a time; a call for one more is answered 507."""


class Caller(NamedTuple):
    """Whose calls these are.

    ``name`` is what job states are kept by; ``number`` tells callers apart whose masked keys look
    alike, and says nothing about the key. Its upper half is the same for all callers of one secret
    key.
    """

    name: str
    masked: str
    number: int


_HALF: Final = 32
"""Bits of one half of a caller's number."""


def _digest(text: str) -> int:
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_HALF // 8).digest()
    return int.from_bytes(digest)


def stand_ins(number: int) -> tuple[int, int]:
    """Return what stands for a caller: its number, and what all callers of its secret key have."""
    return number, number >> _HALF


def caller_name(number: int) -> str:
    """Return how a caller's number is shown."""
    return f"{number & (1 << _HALF) - 1:08x}"


@lru_cache(maxsize=1000)
def caller_named(name: str) -> Caller:
    """Return the caller of this name: an API key, or a secret key and what it was used for.

    Many jobs, few callers: each is kept once. Not by ``sys.intern``, which Python 3.12 never
    undoes: random keys would add up for ever.
    """
    key = name.partition("\n")[0]
    return Caller(name, mask(key), _digest(key) << _HALF | _digest(name))


def caller_of_key(api_key: str) -> Caller:
    """Return the caller that an API key is by itself; one that can be no key is not kept whole."""
    if len(api_key) > API_KEY_LIMIT:
        api_key = f"{api_key[:LONGEST_MODEL]}{_digest(api_key):x}"
    return caller_named(api_key)


def caller_of_secret(secret_key: str, model_id: str) -> Caller:
    """Return the caller that a secret key and a model are; no key has a line end in it.

    ``7``, ``07`` and `` 7`` are one model.
    """
    model = model_id.strip()
    if model.isascii() and model.isdigit():
        model = model.lstrip("0") or "0"
    if len(model) > LONGEST_MODEL:
        model = f"{_digest(model):x}"
    return caller_named(f"{secret_key}\n{model}")


class IssuedKey(NamedTuple):
    """A key that Get API Key has handed out, for whom, and when it ends on the mock's clock."""

    api_key: str
    caller: Caller
    secret_key: str
    ends_ns: int


class IssuedKeys:
    """The keys that were handed out. Not locked: its owner is."""

    def __init__(self, reached: Counter[str] | None = None) -> None:
        """``reached`` counts the words that are forgotten for others."""
        self._reached = Counter() if reached is None else reached
        self._by_key: dict[str, IssuedKey] = {}
        self._secrets: dict[str, list[IssuedKey]] = {}
        self._counts: dict[str, int] = {}
        self._api_words: dict[str, None] = {}

    def add(self, issued: IssuedKey) -> None:
        """Keep a key."""
        self._by_key[issued.api_key] = issued
        self._secrets.setdefault(issued.secret_key, []).append(issued)
        self._counts[issued.caller.name] = self._counts.get(issued.caller.name, 0) + 1

    def get(self, api_key: str) -> IssuedKey | None:
        """Return what is known of a key; None if it was not issued here."""
        return self._by_key.get(api_key)

    def of(self, caller: Caller) -> Iterator[IssuedKey]:
        """Yield the keys of one caller, oldest first."""
        secret = caller.name.partition("\n")[0]
        return (key for key in self._secrets.get(secret, ()) if key.caller.name == caller.name)

    def __iter__(self) -> Iterator[IssuedKey]:
        """Iterate over all keys, oldest first."""
        return iter(self._by_key.values())

    def count(self, caller: Caller) -> int:
        """Return how many keys this caller was ever given."""
        return self._counts.get(caller.name, 0)

    def knows(self, key: str) -> bool:
        """Tell whether a key was issued, or has been used."""
        return key in self._by_key or key in self._secrets or key in self._api_words

    def has_used(self, secret_key: str) -> bool:
        """Tell whether a key was issued for this secret key."""
        return secret_key in self._secrets

    def caller(self, api_key: str) -> Caller:
        """Return whose key this is: of those it was issued for, else of its own."""
        issued = self._by_key.get(api_key)
        return caller_of_key(api_key) if issued is None else issued.caller

    def stand_in(self, key: str) -> int:
        """Return what stands for a key's callers, as ``whose`` tells their names."""
        own, shared = stand_ins(self.caller(key).number)
        return own if key in self._by_key else shared

    def whose(self, key: str) -> Callable[[str], bool]:
        """Return what tells the names of a key's callers.

        An API key has one; a secret key has one for each model.
        """
        issued = self._by_key.get(key)
        if issued is not None:
            own = issued.caller.name
            return lambda name: name == own
        return lambda name: name.partition("\n")[0] == key

    def clear(self, theirs: Callable[[str], bool] | None = None) -> None:
        """Forget all keys, or those of some callers."""
        self._keep(lambda key: theirs is not None and not theirs(key.caller.name))
        words = () if theirs is None else [word for word in self._api_words if not theirs(word)]
        self._api_words = dict.fromkeys(words)

    def saved(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "keys": [{**key._asdict(), "caller": key.caller.name} for key in self._by_key.values()],
            "given": dict(self._counts),
            "used_words": list(self._api_words),
        }

    def restore(self, saved: dict[str, Any]) -> None:
        """Take over what was saved, where nothing is kept yet."""
        for key in saved["keys"]:
            self.add(IssuedKey(**{**key, "caller": caller_named(key["caller"])}))
        self._counts = dict(saved["given"])
        self._api_words = dict.fromkeys(saved["used_words"])

    def forget_ended(self, now_ns: int) -> None:
        """Forget the keys that have ended: they are unknown from now on."""
        counts = self._counts
        self._keep(lambda key: key.ends_ns > now_ns)
        self._counts = counts  # sequences go on

    def _keep(self, wanted: Callable[[IssuedKey], bool]) -> None:
        kept = [key for key in self._by_key.values() if wanted(key)]
        self._by_key, self._secrets, self._counts = {}, {}, {}
        for key in kept:
            self.add(key)

    def note_api_word(self, word: str) -> None:
        """Remember a word that was used as an API key where every word works."""
        self._api_words[word] = None
        if len(self._api_words) > MAX_WORDS:
            del self._api_words[next(iter(self._api_words))]
            self._reached["used_keys"] += 1

    def is_api_word(self, word: str) -> bool:
        """Tell whether a word was used as an API key."""
        return word in self._api_words

    def __len__(self) -> int:
        return len(self._by_key)


class Keyring:
    """Says who a key is, or with which documented error it is answered."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._keys = _table(scenario.api_keys)
        self._secrets = _table(scenario.secret_keys)

    def caller(self, key: str, issued: IssuedKeys, now_ns: int) -> tuple[Caller, int] | Refusal:
        """Return whose API key this is and until when it works; or why it is refused.

        A missing key is the empty one.
        """
        if (known := issued.get(key)) is not None:
            if now_ns < known.ends_ns:
                return known.caller, known.ends_ns
            return Refusal("inactive_credential", "Get API Key", ("this API key has ended",))
        if key and self.is_secret(key, issued):
            return Refusal(
                "not_found_credential",
                self._scenario.name,
                ("a secret key was sent where an API key belongs",),
            )
        if refusal := self.refusal(key, issued):
            return refusal
        return caller_of_key(key), FOR_EVER

    def refusal(self, key: str, issued: IssuedKeys | None = None) -> Refusal | None:
        """Return why an API key of the scenario is refused, or None if it is active."""
        return self._refusal(key, self._keys, "api_keys", issued or IssuedKeys())

    def secret_refusal(self, key: str, issued: IssuedKeys) -> Refusal | None:
        """Return why a secret key is refused, or None if it is active."""
        if key and self._is_api_key(key, issued):
            return Refusal(
                "not_found_credential",
                self._scenario.name,
                ("an API key was sent where a secret key belongs",),
            )
        return self._refusal(key, self._secrets, "secret_keys", issued)

    def is_secret(self, key: str, issued: IssuedKeys) -> bool:
        """Tell whether this key is a secret key, and so no API key.

        What the scenario names goes before what a pattern says; where both tables take a key, it
        is what a client has first used it as.
        """
        api, secret = _closeness(key, self._keys), _closeness(key, self._secrets)
        return secret > api or (secret == api and issued.has_used(key))

    def _is_api_key(self, key: str, issued: IssuedKeys) -> bool:
        api, secret = _closeness(key, self._keys), _closeness(key, self._secrets)
        used = issued.get(key) is not None or issued.is_api_word(key)
        return api > secret or (api == secret and used)

    def names(self, key: str) -> bool:
        """Tell whether the scenario names this very key, an API key or a secret key."""
        return any(table and table.exact(key) is not None for table in (self._keys, self._secrets))

    def declares(self, key: str) -> bool:
        """Tell whether the scenario names this very API key."""
        return self._keys is not None and self._keys.exact(key) is not None

    def may_be(self, key: str, issued: IssuedKeys) -> bool:
        """Tell whether a client may call by this key, whether or not it is answered an error."""
        return issued.knows(key) or any(
            _find(key, table) is not None for table in (self._keys, self._secrets)
        )

    def first_active(self) -> str:
        """Return an API key that works: the first active one; where none is, the first there is.

        A pattern's ``*`` is filled in.
        """
        return _first(self._scenario.api_keys, lambda key: self.refusal(key) is None, ANY_KEY)

    def key_that_sees(self, program: Program) -> str:
        """Return an API key that sees the job, if there is one.

        Its own, or the first that is active and fits; a pattern's ``*`` is filled in.
        """
        own = [] if program.api_key is None else [program.api_key]
        active = [
            name for name, state in (self._scenario.api_keys or {}).items() if state == ACTIVE
        ]
        keys = [name.replace("*", "1") for name in (*own, *active, self.first_active())]
        fitting = (key for key in keys if self.refusal(key) is None and program.open_to(key))
        return next(fitting, keys[-1])

    def first_active_secret(self) -> str:
        """Return a secret key that works, likewise."""
        states, none = self._scenario.secret_keys, IssuedKeys()
        return _first(states, lambda key: self.secret_refusal(key, none) is None, ANY_SECRET)

    def _knows_in_other_case(self, key: str, issued: IssuedKeys) -> bool:
        tables = [table for table in (self._keys, self._secrets) if table is not None]
        known = any(table.knows_in_other_case(key) for table in tables)
        return known or issued.get(key.lower()) is not None

    def _refusal(
        self, key: str, table: PatternTable[str] | None, part: str, issued: IssuedKeys
    ) -> Refusal | None:
        assumed = self._scenario.assumptions
        if not key:
            return Refusal(assumed.missing_api_key, self._scenario.name)
        hit = _find(key, table)
        if hit is None:
            sent = key.strip(" ")  # two empty ones are joined by a comma and a blank
            notes = odd_notes(API_KEY_HEADER, sent, lambda: self._knows_in_other_case(key, issued))
            return Refusal(assumed.unknown_api_key, self._scenario.name, notes)
        if hit.value == ACTIVE:
            return None
        in_python = not self._scenario.sources  # a place there is no line, but names the key
        name = masked_key(hit.name) if in_python else hit.name
        return Refusal(hit.value, self._scenario.where(part, name))


def _table(states: Mapping[str, str] | None) -> PatternTable[str] | None:
    return None if states is None else PatternTable(states)


def _closeness(key: str, table: PatternTable[str] | None) -> int:
    """Say how surely a key is of this table: named, or by a pattern that says something of it."""
    if table is None:
        return 0
    if table.exact(key) is not None:
        return 2
    hit = table.by_pattern(key)
    return int(hit is not None and hit.name.strip(ANY) != "")


def _find(key: str, table: PatternTable[str] | None) -> Hit[str] | None:
    if table is not None and (hit := table.exact(key)):
        return hit
    if "," in key or len(key) > API_KEY_LIMIT:
        return None  # two headers arrive as one, joined by a comma; no pattern was meant for that
    return Hit("*", ACTIVE, exact=False) if table is None else table.by_pattern(key)


def _first(states: Mapping[str, str] | None, works: Callable[[str], bool], otherwise: str) -> str:
    states = states or {otherwise: ACTIVE}
    active = [name for name, state in states.items() if state == ACTIVE]
    filled = (name.replace("*", filler) for name in active for filler in FILLERS)
    first = next(iter(states)).replace("*", "1")
    return next((key for key in filled if works(key)), first)
