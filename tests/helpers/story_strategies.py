"""Invents what befalls a mock.

Requests, usual and odd, time that passes, and a test that drives it. What only an earlier answer
tells stands in braces: ``{job:0}``, ``{upload:0}``, ``{download:0}`` and ``{key:0}`` are the newest
job id, link or API key that this client was given, ``{job:1}`` is the one before.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from hypothesis import strategies as st

from helpers.scenario_strategies import (
    FILES,
    SPANS,
    STATUSES,
    all_errors,
    documents,
    either,
    operations,
    read,
    written,
)
from helpers.transport_clients import HOST, JOBS
from mock_p1.base.durations import format_duration, parse_duration
from mock_p1.base.record_reader import read_record
from mock_p1.contract.errors import FAULTS
from mock_p1.contract.operations import OPERATIONS
from mock_p1.engine.directory import Directory
from mock_p1.scenario.calls import call_names
from mock_p1.scenario.model import ACTIVE
from mock_p1.scenario.steps import Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

API_KEY = "/v1/external/api-key"
UPLOAD_URL = JOBS + "upload_url"
CREDENTIALS = "?credential_type=retrain&model_id=48"

ODD_PATHS = [
    JOBS, JOBS.rstrip("/"), JOBS + "a/", JOBS + "/a", "//v1/external/retrain_jobs/a",
    JOBS + "%2e%2e", JOBS + "..", JOBS + "../a", JOBS + "{retrain_job_id}", JOBS + "%FF%FE",
    JOBS + "%", JOBS + "%zz", JOBS + "%00", JOBS + "a%2Fb", JOBS + "upload_url",
    JOBS + "a/update_model", JOBS + "再学習", JOBS + "A", JOBS + "x" * 201, JOBS + "a b",
    JOBS + "%61", JOBS + "a%20", JOBS + "a;b=c", JOBS + "%C3%A9", JOBS + "a%00b", JOBS + "a|b^`\\",
    JOBS + "a%252Fb", "/v1/external/retrain%5Fjobs/a", "/%76%31/external/retrain_jobs/a",
    "/v1%2Fexternal/retrain_jobs/a", "/v1/./external/retrain_jobs/a",
    "/v1/external/retrain_jobs/./a", "/results//a/1/result.zip", "/results/a/1/",
    "/V1/external/retrain_jobs/a", "/v1", "//x", "/x%2Fy", "/robots.txt", "/results/a", API_KEY,
    API_KEY + "/", "/" + API_KEY, API_KEY + "/..", UPLOAD_URL, UPLOAD_URL + "/",
    JOBS + "/upload_url", JOBS + "a%2Fb/update_model", JOBS + "a/update_model/",
    JOBS + "a//update_model", JOBS + "../update_model", JOBS + "{job:0}",
    JOBS + "{job:0}/update_model", "{upload:0}", "{upload:0}/", "{upload:0}x", "/{upload:0}",
    "{upload:0}/..", "{upload:0}%2Fx", "{download:0}", "{download:0}/", "{download:0}x",
    "/{download:0}", "/uploads/", "/uploads/0/a/b.csv", "/uploads/0/a%2Fb/c", "/uploads//a/b",
    "/uploads/../a/b",
]  # fmt: skip
ELSEWHERE = "http://else.where" + JOBS + "a"
"""A target in absolute form; `requests` would go there."""

METHODS = [
    *("HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"),
    *("PURGE", "FOO", "M-SEARCH", "QUERY", "X_Y.Z!"),
]
UNTIDY_METHODS = ["get", "Get", "pOST"]
"""What `requests` writes in capitals."""

FOREIGN_HEADERS = [
    ("X-Forwarded-Proto", "https"), ("X-Forwarded-Proto", "https, http"),
    ("X-Forwarded-Host", "evil.example"), ("X-Forwarded-Port", "444"),
    ("X-Forwarded-Prefix", "/p1"), ("X-Forwarded-For", "10.0.0.1"),
    ("Forwarded", "for=10.0.0.1;proto=https;host=evil.example"), ("X-Forwarded-Ssl", "on"),
    ("Front-End-Https", "on"), ("X-Original-URL", "/elsewhere"), ("X-Rewrite-URL", "/elsewhere"),
    ("X-HTTP-Method-Override", "DELETE"), ("X-Script-Name", "/p1"), ("X-Real-IP", "10.0.0.1"),
    ("Via", "1.1 proxy"), ("Max-Forwards", "0"), ("Upgrade", "h2c"), ("Upgrade", "websocket"),
    ("HTTP2-Settings", "AAMAAABkAAQAAP__"), ("TE", "trailers"), ("Range", "bytes=0-3"),
    ("If-None-Match", "*"), ("If-Modified-Since", "Mon, 01 Jan 2035 00:00:00 GMT"),
    ("If-Match", "x"), ("Accept", "text/html"), ("Accept-Encoding", "gzip"), ("Origin", "null"),
    ("Cookie", "a=b"), ("Authorization", "Bearer x"), ("Content-Type", "application/json"),
    ("Content-Encoding", "gzip"), ("X-Empty", ""), ("X-Utf", "日本"), ("X-Api-Key2", "demo-key"),
    ("Proxy-Connection", "close"),
]  # fmt: skip
"""Headers that mean something to some server, and nothing to the API."""

TRAILERS = [
    *(("x-api-key", "demo-key"), ("x-api-key", "nobody"), ("Host", "evil.example")),
    *(("Content-Length", "5"), ("Connection", "close"), ("X-Forwarded-Proto", "https")),
]
"""What may follow a body in chunks, and means nothing there."""
CREDENTIAL_QUERIES = [
    *(
        "",
        "?",
        "?credential_type=retrain",
        "?credential_type=deploy",
        "?credential_type=x&model_id=1",
    ),
    *("?credential_type=retrain&model_id=", CREDENTIALS + "&model_id=2", CREDENTIALS + "&more=%20"),
    *("?credential_type=retrain&model_id=1.5", "?Credential_Type=retrain&model_id=1"),
    *("?credential_type=%FF&model_id=%E6%97%A5", "?model_id=日本&credential_type=train"),
]
FILE_NAMES = [
    *(
        "",
        "a%0A",
        "%EF%BB%BFa.csv",
        "..",
        ".",
        "%2e%2e",
        "a%2Fb.csv",
        "C:%5Ca.csv",
        "x" * 300,
        "%00",
        "%FF",
        "a%25b",
    ),
    *(
        "%E6%97%A5%E6%9C%AC.csv",
        "日本.csv",
        "a b+c.csv",
        "a%20b%2Bc.csv",
        "a;b=c",
        "a&filename=b",
        "a&x=1",
        "{x}",
    ),
]
FILES_SENT = [b"a,b\n1,2\n", b"", b"x", b"PK\x03\x04" + bytes(99), b"1,2\n" * 80_000]
ODD_KEYS = [
    (),
    ("",),
    ("nobody",),
    (" demo-key ",),
    ("demo-key", "other-key"),
    ("demo-key,other-key",),
    ("é" * 600,),
]


class Ask(NamedTuple):
    """A request, sent so many ``times``; ``target`` is as it would be written onto the wire.

    ``headers`` are foreign ones. ``close``: the connection ends with it. ``chunked``: so its body
    goes out, with ``trailers`` where there is a wire.
    """

    method: str
    target: str
    keys: tuple[str, ...] = ()
    body: bytes = b""
    host: str = HOST
    close: bool = False
    times: int = 1
    headers: tuple[tuple[str, str], ...] = ()
    chunked: bool = False
    trailers: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        keys = "".join(f"  x-api-key: {key}" for key in self.keys)
        more = f"  Host: {self.host}" * (self.host != HOST)
        more += f"  with {len(self.body)} bytes" * bool(self.body)
        more += "".join(f"  {name}: {value}" for name, value in self.headers)
        more += f"  in chunks, trailers: {self.trailers}" if self.chunked else ""
        more += "  Connection: close" * self.close + f"  ({self.times} times)" * (self.times > 1)
        return f"{self.method} {self.target}{keys}{more}"


class Wait(NamedTuple):
    """Time that passes, in nanoseconds."""

    span: int

    def __str__(self) -> str:
        return f"{format_duration(self.span)} pass ({self.span} ns)"


class Drive(NamedTuple):
    """What a test does to the mock: a call of its driver, ``named`` arguments included."""

    name: str
    arguments: tuple[Any, ...] = ()
    named: tuple[tuple[str, Any], ...] = ()

    def __str__(self) -> str:
        named = [f"{name}={value!r}" for name, value in self.named]
        return f"{self.name}({', '.join([*map(repr, self.arguments), *named])})"


Act = Ask | Wait | Drive


class Story(NamedTuple):
    """A scenario, and what befalls it.

    ``tidy``: requests go out as `requests` writes them, so that all ways in can tell.

    What `requests` would tidy first, only some can be sent.
    """

    text: str
    acts: tuple[Act, ...]
    tidy: bool = True

    def __str__(self) -> str:
        return "\n".join([self.text.rstrip(), "# then:", *(f"#   {act}" for act in self.acts)])


GUESSES = {"job": "nobody", "upload": "/uploads/0/a/b", "download": "/results/0/a/1/b", "key": "k"}
"""What a client sends that was given nothing yet."""

_PLACE = re.compile(r"\{(\w+):(\d)\}")


def _fill(text: Any, known: Mapping[str, list[str]], *, in_path: bool = False) -> Any:
    """Put what is known in its place, of each kind the newest as number 0."""

    def put(found: re.Match[str]) -> str:
        kind, number = found[1], int(found[2])
        if kind not in known:
            return found[0]
        values = known[kind] or [GUESSES[kind]]
        value = values[-1 - number % len(values)]
        return quote(value, safe="") if in_path and kind in {"job", "id"} else value

    return _PLACE.sub(put, text) if isinstance(text, str) else text


def filled(act: Act, known: Mapping[str, list[str]]) -> Act:
    """Return an act with what is known in its places."""
    match act:
        case Ask():
            keys = tuple(_fill(key, known) for key in act.keys)
            return act._replace(target=_fill(act.target, known, in_path=True), keys=keys)
        case Drive():
            named = tuple((name, _fill(value, known)) for name, value in act.named)
            return Drive(act.name, tuple(_fill(each, known) for each in act.arguments), named)
        case _:
            return act


def place(kind: str) -> st.SearchStrategy[str]:
    """Draw the place of something that is known later; the first one most often."""
    return st.sampled_from([f"{{{kind}:{number}}}" for number in (0, 0, 0, 0, 1, 2)])


def _keys_of(one: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return one.map(lambda key: (key,))


# all of these are made once: Hypothesis takes long to make a strategy
job_ids = either((20, place("id")), (20, place("job")), (1, st.just("no-such-job")))
api_keys = either((4, place("known")), (1, place("key")))
odd_keys = st.sampled_from(ODD_KEYS)
keys = either((20, _keys_of(api_keys)), (1, odd_keys), (1, _keys_of(place("secret"))))
secrets = either((20, _keys_of(place("secret"))), (1, odd_keys), (1, _keys_of(api_keys)))
leaked = either((4, st.just(())), (1, keys))
closing = st.sampled_from([False, False, True])
often = st.sampled_from([1, 1, 2])
foreign = st.just(()) | st.lists(
    st.sampled_from(FOREIGN_HEADERS), max_size=3, unique_by=lambda header: header[0]
).map(tuple)
trailers = st.lists(st.sampled_from(TRAILERS), max_size=2).map(tuple)
bodies = st.sampled_from(
    [b"", b"a=1", b"{}", b"\x00\xff\r\n\r\nGET / HTTP/1.1\r\n\r\n", b"x" * 70_000]
)
hosts = st.sampled_from([HOST, "other.example", "[::1]:9", "MOCK.example:8080", "a_b"])
queries = st.sampled_from(["", "?", "?a=1&b=%20", "?x=日本", "?filename=a&filename=b", CREDENTIALS])
credentials = either((4, st.just(CREDENTIALS)), (1, st.sampled_from(CREDENTIAL_QUERIES)))
names = either((3, st.just("train.csv")), (2, st.sampled_from(FILE_NAMES)))
guessed_links = st.builds(
    "/results/0/{}/{}/{}".format,
    st.just("{id:0}"), st.integers(1, 4), st.sampled_from(["result.zip", *map(quote, FILES)]),
)  # fmt: skip
none = st.just(())
no_body = st.just(b"")


def _asks(method: str, target: st.SearchStrategy[str], **parts: Any) -> st.SearchStrategy[Ask]:
    """Draw a request; a part that is left out is as usual, though builds() would draw it."""
    usual = {
        "keys": keys, "body": no_body, "host": st.just(HOST), "close": closing, "times": often,
        "headers": none, "chunked": st.just(value=False), "trailers": none,
    }  # fmt: skip
    return st.builds(Ask, st.just(method), target, **usual | parts)


polls = _asks(
    "GET", job_ids.map((JOBS + "{}").format), times=st.sampled_from([1, 1, 2, 5]), headers=foreign
)
issues = _asks("GET", credentials.map((API_KEY + "{}").format), keys=secrets)
uploads = _asks("GET", names.map((UPLOAD_URL + "?filename={}").format))
sent_files = _asks(
    "PUT", place("upload"), keys=leaked, body=st.sampled_from(FILES_SENT), headers=foreign,
    chunked=st.booleans(), trailers=trailers,
)  # fmt: skip
switches = _asks(
    "PUT",
    job_ids.map((JOBS + "{}/update_model").format),
    body=either((3, no_body), (1, bodies)),
)
downloads = _asks("GET", either((4, place("download")), (1, guessed_links)), keys=leaked)
odd_asks = st.builds(
    Ask, st.sampled_from(["GET", "PUT", *METHODS]),
    st.builds(str.__add__, st.sampled_from(ODD_PATHS), queries),
    keys, bodies, hosts, closing, st.just(1), foreign, st.booleans(), trailers,
)  # fmt: skip
untidy_asks = st.builds(
    Ask._replace,
    odd_asks,
    method=st.sampled_from(["GET", *UNTIDY_METHODS]),
    target=st.sampled_from([ELSEWHERE, JOBS + "{id:0}", "{upload:0}"]),
)
waits = st.builds(
    lambda span, off: Wait(max(0, parse_duration(span) + off)),
    st.sampled_from(SPANS),
    st.integers(-1, 1),
)

some_job = st.none() | job_ids
for_key = either((2, none), (1, (api_keys | place("secret")).map(lambda key: (("key", key),))))
literal = st.just(read_record(Literal, {"status_code": 503, "retry_after": "5s"}))
failures = either((2, all_errors), (2, st.sampled_from(list(FAULTS))), (1, literal))


def _fail_next(what: Any, times: int, on: str, job: str | None, named: Any) -> Drive:
    fitting = isinstance(what, Literal) or what in FAULTS or what in OPERATIONS[on].errors
    what = what if fitting else next(iter(OPERATIONS[on].errors), "timeout")
    job = job if OPERATIONS[on].has_job else None
    return Drive("fail_next", (what, times), (("on", on), ("job_id", job), *named))


def _drives(name: str, *arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[Drive]:
    return st.builds(Drive, st.just(name), st.tuples(*arguments), for_key)


drives = either(
    (4, st.builds(_fail_next, failures, st.integers(1, 2), operations, some_job, for_key)),
    (2, _drives("step", job_ids)),
    (1, _drives("set_status", job_ids, st.sampled_from(STATUSES))),
    (1, _drives("step_calls", st.sampled_from(call_names()), some_job)),
    (1, _drives("reset", some_job)),
    (1, _drives("forgive")),
)


@st.composite
def sequences(draw: st.DrawFn) -> tuple[Act, ...]:
    """Draw what a client does from key to switched model; sometimes it leaves a part out."""
    key = (draw(api_keys),)
    job = draw(st.sampled_from(["{job:0}", "{job:0}", "{id:0}"]))
    body, chunked = draw(st.sampled_from(FILES_SENT)), draw(st.booleans())
    parts: list[Act] = [
        Ask("GET", API_KEY + CREDENTIALS, ("{secret:0}",)),
        Ask("GET", UPLOAD_URL + "?filename=train.csv", key),
        Ask("PUT", "{upload:0}", body=body, chunked=chunked),
        draw(waits),
        Ask("GET", JOBS + job, key, times=draw(st.integers(1, 4))),
        draw(drives),
        Ask("GET", "{download:0}", times=2),
        Ask("PUT", JOBS + job + "/update_model", key, times=2),
    ]
    left_out = draw(st.sets(st.integers(0, len(parts) - 1), max_size=4))
    return tuple(part for number, part in enumerate(parts) if number not in left_out)


single = either(
    *((6, polls), (1, issues), (2, uploads), (3, sent_files), (2, switches), (2, downloads)),
    *((2, odd_asks), (2, waits), (2, drives)),
).map(lambda act: (act,))
runs = either((4, single), (1, sequences()))
untidy_runs = runs | untidy_asks.map(lambda act: (act,))


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """Draw a scenario, and what befalls it: up to ten acts or sequences of a client."""
    text = written(draw(documents()))
    scenario = read(text)
    patterns = [job_id.replace("*", "7") for job_id in scenario.jobs if "*" in job_id]
    known = {
        "id": [*patterns, *Directory(scenario, scenario.seed).ids()],
        "known": _filled(scenario.api_keys or {"demo-key": ACTIVE}),
        "secret": _filled(scenario.secret_keys or {"demo-secret": ACTIVE}),
    }
    tidy = draw(st.sampled_from([True, True, False]))
    fewest = draw(st.sampled_from([1, 4, 8]))  # left to itself, a list is short more often than not
    drawn = draw(st.lists(runs if tidy else untidy_runs, min_size=fewest, max_size=10))
    return Story(text, tuple(filled(act, known) for run in drawn for act in run), tidy)


def _filled(states: Mapping[str, str]) -> list[str]:
    """Return keys that a scenario knows, those that work last; patterns are filled in."""
    ordered = sorted(states, key=lambda key: states[key] == ACTIVE)
    return [key.replace("*", "7") for key in ordered]
