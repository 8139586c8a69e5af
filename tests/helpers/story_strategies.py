"""Invents what befalls a mock.

Requests, usual and odd, time that passes, and a test that drives it. What only an earlier answer
tells stands in braces: ``{job:0}``, ``{upload:0}``, ``{download:0}`` and ``{key:0}`` are the first
job id, link or API key that this client was given.
"""

from __future__ import annotations

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
    JOBS, JOBS.rstrip("/"), JOBS + "a/", JOBS + "/a", "//v1/external/retrain_jobs/a", JOBS + "%2e%2e", JOBS + "..",
    JOBS + "../a", JOBS + "{retrain_job_id}", JOBS + "%FF%FE", JOBS + "%", JOBS + "%zz", JOBS + "%00", JOBS + "a%2Fb",
    JOBS + "upload_url", JOBS + "a/update_model", JOBS + "再学習", JOBS + "A", JOBS + "x" * 201, JOBS + "a b",
    JOBS + "%61", JOBS + "a%20", JOBS + "a;b=c", JOBS + "%C3%A9", JOBS + "a%00b", JOBS + "a|b^`\\", JOBS + "a%252Fb",
    "/v1/external/retrain%5Fjobs/a", "/%76%31/external/retrain_jobs/a", "/v1%2Fexternal/retrain_jobs/a",
    "/v1/./external/retrain_jobs/a", "/v1/external/retrain_jobs/./a", "/results//a/1/result.zip", "/results/a/1/",
    "/V1/external/retrain_jobs/a", "/v1", "//x", "/x%2Fy", "/robots.txt", "/results/a",
    API_KEY, API_KEY + "/", "/" + API_KEY, API_KEY + "/..", UPLOAD_URL, UPLOAD_URL + "/", JOBS + "/upload_url",
    JOBS + "a%2Fb/update_model", JOBS + "a/update_model/", JOBS + "a//update_model", JOBS + "../update_model",
    JOBS + "{job:0}", JOBS + "{job:0}/update_model", "{upload:0}", "{upload:0}/", "{upload:0}x", "/{upload:0}",
    "{upload:0}/..", "{upload:0}%2Fx", "{download:0}", "{download:0}/", "{download:0}x", "/{download:0}",
    "/uploads/", "/uploads/0/a/b.csv", "/uploads/0/a%2Fb/c", "/uploads//a/b", "/uploads/../a/b",
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
    ("X-Forwarded-Proto", "https"), ("X-Forwarded-Proto", "https, http"), ("X-Forwarded-Host", "evil.example"),
    ("X-Forwarded-Port", "444"), ("X-Forwarded-Prefix", "/p1"), ("X-Forwarded-For", "10.0.0.1"),
    ("Forwarded", "for=10.0.0.1;proto=https;host=evil.example"), ("X-Forwarded-Ssl", "on"), ("Front-End-Https", "on"),
    ("X-Original-URL", "/elsewhere"), ("X-Rewrite-URL", "/elsewhere"), ("X-HTTP-Method-Override", "DELETE"),
    ("X-Script-Name", "/p1"), ("X-Real-IP", "10.0.0.1"), ("Via", "1.1 proxy"), ("Max-Forwards", "0"),
    ("Upgrade", "h2c"), ("Upgrade", "websocket"), ("HTTP2-Settings", "AAMAAABkAAQAAP__"), ("TE", "trailers"),
    ("Range", "bytes=0-3"), ("If-None-Match", "*"), ("If-Modified-Since", "Mon, 01 Jan 2035 00:00:00 GMT"),
    ("If-Match", "x"), ("Accept", "text/html"), ("Accept-Encoding", "gzip"), ("Origin", "null"), ("Cookie", "a=b"),
    ("Authorization", "Bearer x"), ("Content-Type", "application/json"), ("Content-Encoding", "gzip"),
    ("X-Empty", ""), ("X-Utf", "日本"), ("X-Api-Key2", "demo-key"), ("Proxy-Connection", "close"),
]  # fmt: skip
"""Headers that mean something to some server, and nothing to the API."""

TRAILERS = [
    *(("x-api-key", "demo-key"), ("x-api-key", "nobody"), ("Host", "evil.example")),
    *(("Content-Length", "5"), ("Connection", "close"), ("X-Forwarded-Proto", "https")),
]
"""What may follow a body in chunks, and means nothing there."""
CREDENTIAL_QUERIES = [
    *("", "?", "?credential_type=retrain", "?credential_type=deploy", "?credential_type=x&model_id=1"),
    *("?credential_type=retrain&model_id=", CREDENTIALS + "&model_id=2", CREDENTIALS + "&more=%20"),
    *("?credential_type=retrain&model_id=1.5", "?Credential_Type=retrain&model_id=1"),
    *("?credential_type=%FF&model_id=%E6%97%A5", "?model_id=日本&credential_type=train"),
]
FILE_NAMES = [
    *("", "a%0A", "%EF%BB%BFa.csv", "..", ".", "%2e%2e", "a%2Fb.csv", "C:%5Ca.csv", "x" * 300, "%00", "%FF", "a%25b"),
    *("%E6%97%A5%E6%9C%AC.csv", "日本.csv", "a b+c.csv", "a%20b%2Bc.csv", "a;b=c", "a&filename=b", "a&x=1", "{x}"),
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


class Story(NamedTuple):
    """A scenario, and what befalls it.

    ``tidy``: requests go out as `requests` writes them, so that all ways in can tell.

    What `requests` would tidy first, only some can be sent.
    """

    text: str
    acts: tuple[Ask | Wait | Drive, ...]
    tidy: bool = True

    def __str__(self) -> str:
        return "\n".join([self.text.rstrip(), "# then:", *(f"#   {act}" for act in self.acts)])


def given(kind: str) -> st.SearchStrategy[str]:
    """Draw the place of something that an earlier answer told; the first one most often."""
    return st.sampled_from([0, 0, 0, 1, 2]).map(lambda number: f"{{{kind}:{number}}}")


closing = st.sampled_from([False, False, True])
foreign = st.just(()) | st.lists(
    st.sampled_from(FOREIGN_HEADERS), max_size=3, unique_by=lambda header: header[0]
).map(tuple)
trailers = st.lists(st.sampled_from(TRAILERS), max_size=2).map(tuple)
bodies = st.sampled_from(
    [b"", b"a=1", b"{}", b"\x00\xff\r\n\r\nGET / HTTP/1.1\r\n\r\n", b"x" * 70_000]
)
hosts = st.sampled_from([HOST, "other.example", "[::1]:9", "MOCK.example:8080", "a_b"])
queries = st.sampled_from(["", "?", "?a=1&b=%20", "?x=日本", "?filename=a&filename=b", CREDENTIALS])


def _asks(
    jobs: st.SearchStrategy[str],
    keys: st.SearchStrategy[tuple[str, ...]],
    secrets: st.SearchStrategy[tuple[str, ...]],
) -> st.SearchStrategy[Ask]:
    """Draw a request of one of the operations, as a client would send it or nearly so."""
    paths = jobs.map(lambda job: JOBS + (job if job.startswith("{") else quote(job, safe="")))
    polls = st.builds(
        lambda path, keys, close, times, headers: Ask(
            "GET", path, keys, close=close, times=times, headers=headers
        ),
        paths, keys, closing, st.sampled_from([1, 1, 2, 5]), foreign,
    )  # fmt: skip
    credentials = either((4, st.just(CREDENTIALS)), (1, st.sampled_from(CREDENTIAL_QUERIES)))
    issues = st.builds(
        lambda query, keys, close: Ask("GET", API_KEY + query, keys, close=close),
        credentials, secrets, closing,
    )  # fmt: skip
    names = either((3, st.just("train.csv")), (2, st.sampled_from(FILE_NAMES)))
    uploads = st.builds(
        lambda name, keys, times: Ask("GET", f"{UPLOAD_URL}?filename={name}", keys, times=times),
        names, keys, st.sampled_from([1, 1, 2]),
    )  # fmt: skip
    leaked = either((4, st.just(())), (1, keys))
    files = st.builds(
        lambda link, keys, body, close, times, headers, chunked, trailers: Ask(
            "PUT", link, keys, body, HOST, close, times, headers, chunked, trailers
        ),
        given("upload"), leaked, st.sampled_from(FILES_SENT), closing,
        st.sampled_from([1, 1, 2]), foreign, st.booleans(), trailers,
    )  # fmt: skip
    switches = st.builds(
        lambda path, keys, body, times: Ask("PUT", f"{path}/update_model", keys, body, times=times),
        paths, keys, either((3, st.just(b"")), (1, bodies)), st.sampled_from([1, 1, 2]),
    )  # fmt: skip
    file_names = st.sampled_from(["result.zip", *map(quote, FILES)])
    guesses = st.builds(
        lambda job, step, name: f"/results/0/{quote(job, safe='')}/{step}/{name}",
        jobs, st.integers(1, 4), file_names,
    )  # fmt: skip
    downloads = st.builds(
        lambda link, keys, close, times: Ask("GET", link, keys, close=close, times=times),
        either((4, given("download")), (1, guesses)), leaked, closing, st.sampled_from([1, 1, 2]),
    )  # fmt: skip
    return either(
        (8, polls), (2, issues), (3, uploads), (4, files), (2, switches), (2, downloads)
    )


def _drives(
    jobs: st.SearchStrategy[str], one_key: st.SearchStrategy[str]
) -> st.SearchStrategy[Drive]:
    """Draw what a test does to a mock."""
    some_job = st.none() | jobs
    key = either((2, st.just(())), (1, one_key.map(lambda key: (("key", key),))))
    literal = st.just(Literal.model_validate({"status_code": 503, "retry_after": "5s"}))
    failures = either((2, all_errors), (2, st.sampled_from(list(FAULTS))), (1, literal))

    def fail_next(what: Any, times: int, on: str, job: str | None, named: Any) -> Drive:
        fitting = isinstance(what, Literal) or what in FAULTS or what in OPERATIONS[on].errors
        what = what if fitting else next(iter(OPERATIONS[on].errors), "timeout")
        named = (("on", on), ("job_id", job if OPERATIONS[on].has_job else None), *named)
        return Drive("fail_next", (what, times), named)

    return either(
        (2, st.builds(lambda job, named: Drive("step", (job,), named), jobs, key)),
        (1, st.builds(
            lambda job, status, named: Drive("set_status", (job, status), named),
            jobs, st.sampled_from(STATUSES), key,
        )),
        (3, st.builds(fail_next, failures, st.integers(1, 2), operations, some_job, key)),
        (1, st.builds(
            lambda on, job, named: Drive("step_calls", (on, job), named),
            st.sampled_from(call_names()), some_job, key,
        )),
        (1, st.builds(lambda job, named: Drive("reset", (job,), named), some_job, key)),
        (1, key.map(lambda named: Drive("forgive", (), named))),
    )  # fmt: skip


def _acts(  # noqa: PLR0913, PLR0917 -- what a client may know of a mock
    ids: list[str], keys: list[str], secrets: list[str], odd_paths: list[str],
    odd_methods: list[str],
) -> st.SearchStrategy[Ask | Wait | Drive]:  # fmt: skip
    """Draw one act on a mock that has jobs of these ids and takes these keys.

    Some requests go to odd paths, by odd methods, with headers and bodies that mean nothing.
    """
    job = either((3, st.sampled_from(ids)), (2, given("job")))
    one_key = either((4, st.sampled_from(keys)), (1, given("key")))
    secret = st.sampled_from(secrets)
    odd_key = st.sampled_from(ODD_KEYS)
    key = either((20, one_key.map(lambda key: (key,))), (1, odd_key | secret.map(lambda s: (s,))))
    secret_key = either((9, secret.map(lambda s: (s,))), (1, odd_key | key))
    odd = st.builds(
        Ask,
        st.sampled_from(["GET", "PUT", *odd_methods]),
        st.builds(str.__add__, st.sampled_from(odd_paths), queries),
        key,
        bodies,
        hosts,
        closing,
        st.just(1),  # builds() would draw a field that is left out
        foreign,
        st.booleans(),
        trailers,
    )
    waits = st.builds(
        lambda span, off: Wait(max(0, parse_duration(span) + off)),
        st.sampled_from(SPANS),
        st.integers(-1, 1),
    )
    return either(
        (14, _asks(job, key, secret_key)), (2, waits), (2, odd), (2, _drives(job, one_key | secret))
    )


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """Draw a scenario, and up to fifteen acts."""
    text = written(draw(documents()))
    scenario = read(text)
    patterns = [job_id.replace("*", "7") for job_id in scenario.jobs if "*" in job_id]
    ids = [*Directory(scenario, scenario.seed).ids(), *patterns] * 5 + ["no-such-job"]
    keys = _filled(scenario.api_keys or {"demo-key": ACTIVE})
    secrets = _filled(scenario.secret_keys or {"demo-secret": ACTIVE})
    tidy = draw(st.sampled_from([True, True, False]))
    odd_paths = ODD_PATHS if tidy else [*ODD_PATHS, ELSEWHERE]
    odd_methods = METHODS if tidy else [*METHODS, *UNTIDY_METHODS]
    fewest = draw(
        st.sampled_from([1, 4, 12])
    )  # left to itself, a list is short more often than not
    one_act = _acts(ids, keys, secrets, odd_paths, odd_methods)
    acts = draw(st.lists(one_act, min_size=fewest, max_size=15))
    return Story(text, tuple(acts), tidy)


def _filled(states: Mapping[str, str]) -> list[str]:
    """Return keys that a scenario knows, those that work more often; patterns are filled in."""
    return [
        key.replace("*", "7")
        for key, state in states.items()
        for _ in range(5 if state == ACTIVE else 1)
    ]
