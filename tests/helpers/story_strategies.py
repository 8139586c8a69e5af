"""Invents what befalls a mock.

Requests, usual and odd, time that passes, and a test that drives it.
"""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import quote

from hypothesis import strategies as st

from helpers.scenario_strategies import (
    FILES,
    SPANS,
    STATUSES,
    documents,
    either,
    errors,
    read,
    written,
)
from helpers.transport_clients import HOST, JOBS
from mock_p1.base.durations import format_duration, parse_duration
from mock_p1.contract.errors import FAULTS
from mock_p1.engine.directory import Directory
from mock_p1.scenario.model import ACTIVE

ODD_PATHS = [
    JOBS, JOBS.rstrip("/"), JOBS + "a/", JOBS + "/a", "//v1/external/retrain_jobs/a", JOBS + "%2e%2e", JOBS + "..",
    JOBS + "../a", JOBS + "{retrain_job_id}", JOBS + "%FF%FE", JOBS + "%", JOBS + "%zz", JOBS + "%00", JOBS + "a%2Fb",
    JOBS + "upload_url", JOBS + "a/update_model", JOBS + "再学習", JOBS + "A", JOBS + "x" * 201, JOBS + "a b",
    JOBS + "%61", JOBS + "a%20", JOBS + "a;b=c", JOBS + "%C3%A9", JOBS + "a%00b", JOBS + "a|b^`\\", JOBS + "a%252Fb",
    "/v1/external/retrain%5Fjobs/a", "/%76%31/external/retrain_jobs/a", "/v1%2Fexternal/retrain_jobs/a",
    "/v1/./external/retrain_jobs/a", "/v1/external/retrain_jobs/./a", "/results//a/1/result.zip", "/results/a/1/",
    "/V1/external/retrain_jobs/a", "/v1", "//x", "/x%2Fy", "/robots.txt", "/results/a",
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
        more = f"  Host: {self.host}" * (self.host != HOST) + "  with a body" * bool(self.body)
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
    """What a test does to the mock: a call of its driver."""

    name: str
    arguments: tuple[Any, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(repr, self.arguments))})"


class Story(NamedTuple):
    """A scenario, and what befalls it.

    ``tidy``: requests go out as `requests` writes them, so that all doors can tell.

    What `requests` would tidy first, only the other doors can be sent.
    """

    text: str
    acts: tuple[Ask | Wait | Drive, ...]
    tidy: bool = True

    def __str__(self) -> str:
        return "\n".join([self.text.rstrip(), "# then:", *(f"#   {act}" for act in self.acts)])


def _acts(
    ids: list[str], keys: list[str], odd_paths: list[str], odd_methods: list[str]
) -> st.SearchStrategy[Ask | Wait | Drive]:
    """Draw one act on a mock that has jobs of these ids and takes these keys.

    Some requests go to odd paths, by odd methods, with headers and bodies that mean nothing.
    """
    job = st.sampled_from(ids)
    key = st.sampled_from([(key,) for key in keys] * 40 + ODD_KEYS)
    path = job.map(lambda job_id: JOBS + quote(job_id, safe=""))
    query = st.sampled_from(["", "?", "?a=1&b=%20", "?x=日本"])
    closing = st.sampled_from([False, False, True])
    foreign = st.just(()) | st.lists(
        st.sampled_from(FOREIGN_HEADERS), max_size=3, unique_by=lambda header: header[0]
    ).map(tuple)
    trailers = st.lists(st.sampled_from(TRAILERS), max_size=2).map(tuple)
    bodies = st.sampled_from(
        [b"", b"a=1", b"{}", b"\x00\xff\r\n\r\nGET / HTTP/1.1\r\n\r\n", b"x" * 70_000]
    )
    polls = st.builds(
        lambda path, keys, close, times, headers: Ask(
            "GET", path, keys, close=close, times=times, headers=headers
        ),
        path, key, closing, st.sampled_from([1, 1, 2, 5]), foreign,
    )  # fmt: skip
    odd = st.builds(
        Ask,
        st.sampled_from(["GET", *odd_methods]),
        st.builds(str.__add__, st.sampled_from(odd_paths) | path, query),
        key,
        bodies,
        st.sampled_from([HOST, "other.example", "[::1]:9", "MOCK.example:8080", "a_b", "x:1:2"]),
        closing,
        st.just(1),  # builds() would draw a field that is left out
        foreign,
        st.booleans(),
        trailers,
    )  # fmt: skip
    file_names = st.sampled_from(["result.zip", *map(quote, FILES)])
    fetches = st.builds(
        lambda job_id, step, name: Ask("GET", f"/results/{quote(job_id, safe='')}/{step}/{name}"),
        job, st.integers(1, 4), file_names,
    )  # fmt: skip
    waits = st.builds(
        lambda span, off: Wait(max(0, parse_duration(span) + off)),
        st.sampled_from(SPANS),
        st.integers(-1, 1),
    )
    drives = (
        st.builds(lambda *arguments: Drive("step", arguments), job)
        | st.builds(lambda *arguments: Drive("set_status", arguments), job, st.sampled_from(STATUSES))
        | st.builds(
            lambda *arguments: Drive("fail_next", arguments),
            errors | st.sampled_from(list(FAULTS)), st.integers(1, 2), st.none() | job,
        )
        | st.builds(lambda *arguments: Drive("reset", arguments), st.none() | job)
        | st.just(Drive("forgive"))
    )  # fmt: skip
    return either((8, polls), (2, waits), (1, odd), (1, fetches), (1, drives))


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """Draw a scenario, and up to fifteen acts."""
    text = written(draw(documents()))
    scenario = read(text)
    patterns = [job_id.replace("*", "7") for job_id in scenario.jobs if "*" in job_id]
    ids = [*Directory(scenario, scenario.seed).ids(), *patterns] * 5 + ["no-such-job"]
    known = scenario.api_keys or {"demo-key": ACTIVE}
    keys = [
        key.replace("*", "7")
        for key, state in known.items()
        for _ in range(5 if state == ACTIVE else 1)
    ]
    tidy = draw(st.sampled_from([True, True, False]))
    odd_paths = ODD_PATHS if tidy else [*ODD_PATHS, ELSEWHERE]
    odd_methods = METHODS if tidy else [*METHODS, *UNTIDY_METHODS]
    fewest = draw(
        st.sampled_from([1, 4, 12])
    )  # left to itself, a list is short more often than not
    acts = draw(st.lists(_acts(ids, keys, odd_paths, odd_methods), min_size=fewest, max_size=15))
    return Story(text, tuple(acts), tidy)
