"""The store of a shared state: Redis or Valkey. One script a round trip; each is done whole or not.

Keys, below one name in braces, so that a cluster keeps them together: ``meta`` (a hash: form, run,
the number and moment of the last batch, what every process must know), ``log`` (a stream: batches
of acts in their order), ``snapshot`` (a hash: a saved state, in parts, and up to which batch it
goes) and, for seconds, ``claim`` (who has the most of a state that the store has lost).

``epoch`` in ``meta`` counts how often a lost state was given back, and ``revived`` says up to which
batch: who knows more than that, of the time before, has another history than the others now.
"""

from __future__ import annotations

import re
from hashlib import sha1
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mock_p1.base.extras import missing
from mock_p1.engine.acts import StoreDown
from mock_p1.server.store_url import CannotShareState, understood

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

TIMEOUT_SECONDS: Final = 1.0
"""How long the store may take; an act that it has not done by then it does not do any more."""

MOST_BATCHES: Final = 1000
"""So many batches are read at a time."""

LEAST_VERSION: Final = (6, 2)
CLAIM_SECONDS: Final = 0.3
"""So long after a loss those who share a state say how much they have of it; who has the most gives
it back, or anybody after ten times as long."""

KEPT_BATCHES: Final = 10_000
"""So many stay behind a snapshot, for processes that are a little behind."""

KEPT_BYTES: Final = 256_000_000
"""Fewer do, where they are longer than this together."""

_NAME: Final = re.compile(r"[\w./ -]+")
"""So a name leaves the braces and the patterns of the store's keys alone."""

_HUNG_UP: Final = re.compile("reset by peer|closed by")

_MOMENT: Final = """
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
"""

BEGIN: Final = f"""{_MOMENT}
redis.call('XLEN', KEYS[2])
redis.call('HLEN', KEYS[3])
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('HSET', KEYS[1], 'form', ARGV[1], 'run', ARGV[2], 'seq', 0, 'epoch', 0, 'revived', 0,
    'moment', string.format('%.0f', now), 'begun', string.format('%.0f', now), 'facts', ARGV[3])
end
return redis.call('HMGET', KEYS[1], 'form', 'run', 'epoch', 'begun', 'facts')
"""
"""Begins a shared state where there is none; returns what is known of it."""

APPEND: Final = f"""{_MOMENT}
local meta = redis.call('HMGET', KEYS[1], 'run', 'seq', 'moment', 'epoch', 'revived', 'ahead')
local since, last, epoch = tonumber(ARGV[2]), tonumber(meta[2] or -1), tonumber(meta[4] or 0)
if meta[1] ~= ARGV[1] then return {{'lost'}} end
if epoch ~= tonumber(ARGV[3]) and since > tonumber(meta[5]) then return {{'forked'}} end
if last < since then return {{'lost'}} end
if #ARGV == 4 then redis.call('HSET', KEYS[1], 'epoch', epoch) end
now = now + tonumber(meta[6] or 0)
local back = tonumber(meta[3]) - now
if back > 0 then
  redis.call('HINCRBY', KEYS[1], 'ahead', string.format('%.0f', back))
  now = now + back
end
local others = {{}}
if last > since then
  local from = string.format('%d-0', since + 1)
  others = redis.call('XRANGE', KEYS[2], from, string.format('%d-0', last), 'COUNT', {MOST_BATCHES})
  if #others == 0 or others[1][1] ~= from then return {{'behind'}} end
end
local done = 0
if #ARGV > 4 and #others < {MOST_BATCHES} then
  done = -1
  if now <= tonumber(ARGV[5]) then
    done = last + 1
    redis.call('XADD', KEYS[2], string.format('%d-0', done),
      'w', ARGV[4], 't', string.format('%.0f', now), 'a', ARGV[6])
    redis.call('HSET', KEYS[1], 'seq', string.format('%d', done),
      'moment', string.format('%.0f', now))
  end
end
return {{string.format('%.0f', now), done, others, epoch}}
"""
"""Reads the batches since ``ARGV[2]``, and adds one; 0 where there was none to add, or too much was
to be read first, -1 where it is too late. With a writer alone it writes what stands there already:
a store that takes nothing fails then too. Where the store's clock was set back, or another one's is
behind it, time goes on from the last batch: ``ahead`` says by how much more it is here."""

SNAPSHOT: Final = """
if redis.call('HGET', KEYS[1], 'run') ~= ARGV[1] then return 0 end
local before = tonumber(redis.call('HGET', KEYS[3], 'seq') or 0)
if before >= tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[3], 'seq', ARGV[2], unpack(ARGV, 4))
local kept = math.max(0, tonumber(ARGV[2]) - tonumber(ARGV[3]))
redis.call('XTRIM', KEYS[2], 'MINID', string.format('%d-0', kept))
return 1
"""
"""Keeps a saved state that goes up to a batch; batches far before it go."""


CLAIM: Final = f"""{_MOMENT}
local run = redis.call('HGET', KEYS[1], 'run')
if run and run ~= ARGV[1] then return 'other' end
local claim = redis.call('HMGET', KEYS[4], 'seq', 'since')
local ours, waited = tonumber(ARGV[2]), math.max(0, now - tonumber(claim[2] or now))
local most = math.max(ours, tonumber(claim[1] or 0))
redis.call('HSET', KEYS[4], 'seq', most, 'since', string.format('%.0f', now - waited))
redis.call('PEXPIRE', KEYS[4], 10000)
if waited < {CLAIM_SECONDS * 1_000_000:.0f} then return 'wait' end
return (most == ours or waited > {CLAIM_SECONDS * 10_000_000:.0f}) and 'give' or 'wait'
"""
"""Says how much of a lost state there is here; whether it is to be given back now."""

REVIVE: Final = f"""{_MOMENT}
local meta = redis.call('HMGET', KEYS[1], 'run', 'seq', 'epoch')
local ours, epoch = tonumber(ARGV[3]), tonumber(ARGV[4])
if meta[1] and meta[1] ~= ARGV[2] then return 0 end
if meta[1] and (tonumber(meta[2]) >= ours or tonumber(meta[3]) > epoch) then return 0 end
redis.call('HSET', KEYS[1], 'form', ARGV[1], 'run', ARGV[2], 'seq', ARGV[3], 'revived', ARGV[3],
  'epoch', epoch + 1, 'moment', string.format('%.0f', math.max(now, tonumber(ARGV[5]))),
  'begun', ARGV[6], 'facts', ARGV[7])
redis.call('DEL', KEYS[2], KEYS[3], KEYS[4])
local recent = tonumber(ARGV[8])
for n = 9, 8 + recent * 4, 4 do
  redis.call('XADD', KEYS[2], ARGV[n] .. '-0', 'w', ARGV[n + 1], 't', ARGV[n + 2], 'a', ARGV[n + 3])
end
redis.call('HSET', KEYS[3], 'seq', ARGV[3], unpack(ARGV, 9 + recent * 4))
return 1
"""
"""Puts a state back that the store has lost, whole or its end, with the newest batches for who is a
little behind; unless another process has done so, or begun a new one, just now."""


class Batch(NamedTuple):
    """Acts that were done together, by one process, at one moment of the store's clock."""

    number: int
    writer: str
    moment_ns: int
    acts: str


class Appended(NamedTuple):
    """What an append has led to.

    ``number`` is that of the batch: 0 where it was not added yet, -1 where it never will be.
    ``others`` came before it.
    """

    moment_ns: int
    number: int
    others: list[Batch]
    epoch: int


class Begun(NamedTuple):
    """A shared state: its run, when it was begun, and the facts that all processes must know."""

    form: str
    run: str
    epoch: int
    begun_ns: int
    facts: str


class RedisStore:
    """A store, for one thread at a time."""

    def __init__(self, url: str, name: str, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        """``url`` as redis-py takes them, or with valkey for redis; CannotShareState for others."""
        self._where = understood(url)
        self.shown: str = self._where.shown
        if not _NAME.fullmatch(name):
            raise CannotShareState(
                f"{self.shown}: --state-name must be of letters, digits, blanks and . _ - /, one "
                "at least"
            )
        if why := missing("a shared state", "redis", "redis"):
            raise CannotShareState(why)
        import redis  # noqa: PLC0415 -- only a shared state needs it
        from redis.backoff import NoBackoff  # noqa: PLC0415 -- likewise
        from redis.retry import Retry  # noqa: PLC0415 -- likewise

        self.timeout_seconds: float = timeout_seconds
        # the last: of a host's name, and of options of TLS that do not go together
        self._errors: Any = (redis.RedisError, OSError, ValueError)
        self._no_script = redis.exceptions.NoScriptError
        self._not_allowed = redis.exceptions.NoPermissionError
        self._keys = [f"{{{name}}}:{part}" for part in ("meta", "log", "snapshot", "claim")]
        self._sent: tuple[Any, ...] = ()
        self.calls: int = 0
        """How many round trips there were."""
        try:
            self._client: Any = redis.Redis.from_url(
                self._where.url,
                socket_timeout=timeout_seconds,
                socket_connect_timeout=timeout_seconds,
                retry=Retry(NoBackoff(), 0),  # whether an act is done must be known
                single_connection_client=False,
            )
            # opens nothing; what a client does around it costs more than it
            self._connection: Any = self._client.connection_pool.make_connection()
        except self._errors as error:
            raise CannotShareState(f"{self.shown}: {error}") from None

    def begin(self, form: str, run: str, facts: str) -> Begun:
        """Begin a shared state, or find the one there is; CannotShareState where that fails."""
        try:
            self._must_be_new_enough()
            found = self._run(BEGIN, form, run, facts)
            known_form, known_run, epoch, begun, known_facts = found
        except StoreDown as error:
            why = error.why
            if hint := self._perhaps(why):
                why = f"{why.rstrip('.')}{hint}"
            raise CannotShareState(f"{self.shown}: {why}") from None
        if known_form is None or known_facts is None:
            raise CannotShareState(f"{self.shown}: {self._keys[0]} is another program's")
        form, run, facts = (each.decode() for each in (known_form, known_run, known_facts))
        return Begun(form, run, int(epoch or 0), int(begun) * 1000, facts)

    def _perhaps(self, why: str) -> str:
        """Return what may be wrong with the URL where a store could not be had."""
        if self._where.speaks_tls and why == "Timeout connecting to server":
            return "; perhaps it speaks no TLS, and it is redis://"
        if not self._where.speaks_tls and _HUNG_UP.search(why):
            return "; perhaps it speaks TLS alone, and it is rediss://"
        if self._where.lacks_password and "password" in why.lower():
            return "; a password stands behind a colon: redis://:PASSWORD@HOST"
        return ""

    def _must_be_new_enough(self) -> None:
        try:
            version = str(self._client.info("server").get("redis_version", ""))
        except self._errors as error:
            if isinstance(error, self._not_allowed):  # who may not ask will see
                return
            raise StoreDown(_why(error)) from None
        numbers = tuple(int(number) for number in re.findall(r"\d+", version)[:2])
        if numbers and numbers < LEAST_VERSION:
            raise StoreDown(f"is Redis {version}; it must be 6.2 or newer, or any Valkey")

    def append(  # noqa: PLR0913, PLR0917 -- what is known, and what is added
        self,
        run: str,
        since: int,
        epoch: int,
        writer: str,
        deadline_ns: int = 0,
        acts: str = "",
        *,
        must_take: bool = False,
    ) -> None:
        """Have the batches after ``since`` read, and one added, if there is any.

        Without one, the store fails if it could not be, where it ``must_take`` one. StoreDown where
        nobody knows whether it was added. What came of it says ``appended``.
        """
        asked: Sequence[Any] = (writer,) if must_take else ()
        if acts:
            asked = (writer, deadline_ns // 1000, acts)
        self._send(APPEND, run, since, epoch, *asked)

    def has_answered(self, seconds: float) -> bool:
        """Tell whether it has within so many seconds; StoreDown where it never will."""
        return bool(self._try(lambda: self._connection.can_read(seconds)))

    def appended(self) -> Appended:
        """Return what came of ``append``.

        StoreDown as there; LostState, BehindState where the store has not what it should have.
        """
        found = self._answer()
        if found[0] == b"lost":
            raise LostState("the store has not kept the state, or it was deleted")
        if found[0] == b"behind":
            raise BehindState("this process was left behind: what it has missed is gone")
        if found[0] == b"forked":
            raise BehindState(
                "the store has lost what this process knows, and others have gone on without it"
            )
        others = [_batch(each) for each in found[2]]
        return Appended(int(found[0]) * 1000, found[1], others, found[3])

    def snapshot(self) -> tuple[int, dict[str, bytes]] | None:
        """Return the saved state, in its parts, and up to which batch it goes."""
        try:
            found = self._client.hgetall(self._keys[2])
        except self._errors as error:
            raise StoreDown(_why(error)) from None
        parts = {name.decode(): part for name, part in found.items()}
        return (int(parts.pop("seq")), parts) if parts else None

    def keep_snapshot(
        self, run: str, number: int, state: Mapping[str, bytes], kept: int = KEPT_BATCHES
    ) -> None:
        """Keep a saved state that goes up to a batch, and so many batches before it."""
        self._run(SNAPSHOT, run, number, kept, *chain.from_iterable(state.items()))

    def claim(self, run: str, number: int) -> str:
        """Say up to which batch a lost state is known here.

        Return what to do: ``give`` it back, ``wait`` for who has more, or none where an ``other``
        has begun there.
        """
        return str(self._run(CLAIM, run, number), "ascii")

    def revive(  # noqa: PLR0913, PLR0917 -- a whole state
        self,
        begun: Begun,
        epoch: int,
        number: int,
        state: Mapping[str, bytes],
        recent: Sequence[Batch],
        moment_ns: int,
    ) -> None:
        """Put a state back that the store has lost, after a ``claim``."""
        about = (number, epoch, moment_ns // 1000, begun.begun_ns // 1000, begun.facts)
        batches = ((each.number, each.writer, each.moment_ns // 1000, each.acts) for each in recent)
        parts = chain(chain.from_iterable(batches), chain.from_iterable(state.items()))
        self._run(REVIVE, begun.form, begun.run, *about, len(recent), *parts)

    def hang_up(self) -> None:
        """Hear no answer to what was asked; what is asked next is asked anew."""
        self._connection.disconnect()

    def close(self) -> None:
        """Hang up, for good."""
        self._connection.disconnect()
        self._client.close()

    def _run(self, script: str, *arguments: Any) -> Any:  # noqa: ANN401 -- what the script returns
        self._send(script, *arguments)
        return self._answer()

    def _send(self, script: str, *arguments: str | float | bytes) -> None:
        self.calls += 1
        self._sent = (script, 4, *self._keys, *arguments)
        known = "EVALSHA", sha1(script.encode(), usedforsecurity=False).hexdigest()
        self._try(self._connection.connect)  # nothing, where it is connected
        self._try(lambda: self._connection.send_command(*known, *self._sent[1:]))

    def _answer(self) -> Any:  # noqa: ANN401 -- what the script returns
        try:
            return self._try(self._connection.read_response)
        except self._no_script:  # it is new, or was restarted: nothing was done
            return self._try(lambda: self._client.eval(*self._sent))

    def _try(self, ask: Callable[[], Any]) -> Any:  # noqa: ANN401 -- likewise
        try:
            return ask()
        except self._no_script:
            raise
        except self._errors as error:
            self._connection.disconnect()
            raise StoreDown(_why(error)) from None


class LostState(StoreDown):
    """The store has not kept the state."""


class BehindState(StoreDown):
    """Batches that this process has not read are gone, or others have another history now."""


def _batch(entry: tuple[bytes, list[bytes]]) -> Batch:
    number, fields = entry
    named: Mapping[bytes, bytes] = dict(zip(fields[::2], fields[1::2], strict=True))
    acts = named[b"a"].decode()
    return Batch(
        int(number.partition(b"-")[0]), named[b"w"].decode(), int(named[b"t"]) * 1000, acts
    )


def _why(error: Exception) -> str:
    if "WRONGTYPE" in str(error):
        return "its keys are another program's; give another name"
    unnamed = ("HELLO must be called", "NOAUTH", "Authentication required")  # the last: redis 5
    if any(words in str(error) for words in unnamed):
        return "it wants a password: redis://:PASSWORD@HOST"
    # behind it an older store, which knows no HELLO, repeats the password
    text = str(error).partition(", with args beginning with")[0].strip()
    return text.splitlines()[0] if text else type(error).__name__
