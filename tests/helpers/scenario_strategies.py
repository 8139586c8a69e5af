"""Invents scenario files: as plain data, part by part, and as YAML that a person would write."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import yaml
from hypothesis import strategies as st

from mock_p1.contract.errors import CREDENTIAL_ERRORS, DOCUMENTED_ERRORS, FAULTS
from mock_p1.contract.operations import (
    GET_API_KEY,
    OPERATIONS,
    RETRAIN_DATA_UPLOAD,
    RETRAIN_MODEL_SWITCH,
    RETRAIN_STATUS_CHECK,
)
from mock_p1.scenario.calls import call_names
from mock_p1.scenario.parser import parse

if TYPE_CHECKING:
    from mock_p1.contract.operations import Operation
    from mock_p1.scenario.model import Scenario

Document = dict[str, Any]

FILES = {"own.zip": b"PK\x05\x06" + bytes(18), "モデル 1.bin": bytes(range(256))}
"""What stands beside every invented scenario."""

SPANS = ["1s", "1ms", "1500ms", "10s", "90s", "1h30m", "1d"]
STATUSES = ["job_waiting", "job_running", "job_finished", "job_failed"]
KEYS = ["demo-key", "other-key", "鍵-1", "key with blanks", "ci-*", "*-x", "*"]
SECRETS = ["demo-secret", "秘密", "s-*", "*"]
NEW_IDS = ["retrain-101", "new 1", "新規", "n%2F1", "retrain-001", "a"]
IDS = ["retrain-001", "a", "007", "job 1", "再学習", "a+b&c=d", "50%", "x;y=1", "ci-*", "*-x", "*"]
HEADERS = [
    "X-Note", "x-note", "Content-Type", "Retry-After", "Location", "Set-Cookie", "ETag", "Vary",
    "Server", "Date", "Allow", "Cache-Control", "Content-Encoding", "Content-Language",
    "Last-Modified", "WWW-Authenticate",
]  # fmt: skip
VALUES = [
    "5",
    "text/csv",
    "/elsewhere?a=b c",
    "http://mock.example:8080/x|y",
    "a=1; Path=/",
    "gzip",
    "",
    '"quoted"',
]
CODES = [200, 503, 204, 201, 206, 299, 302, 304, 400, 404, 418, 429, 500, 599]
BODILESS = (204, 304)
ERROR_CODES = [400, 200, 401, 404, 500]

spans = st.sampled_from(SPANS)
errors = st.sampled_from(RETRAIN_STATUS_CHECK.errors)
all_errors = st.sampled_from(list(DOCUMENTED_ERRORS))
operations = st.sampled_from(list(OPERATIONS))
credential_errors = st.sampled_from(CREDENTIAL_ERRORS)
texts = st.sampled_from(["", "Training.", '学習中 "50%" \\ 🎉', "true", "12:30"]) | st.text(
    st.characters(codec="utf-8", exclude_characters="\ufeff\ufffe\uffff"), max_size=8
)
names = st.text(
    st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1, max_size=4
).filter(lambda name: "/" not in name and name not in (".", "..", "<<"))
header_values = st.sampled_from(VALUES) | st.text(
    st.characters(min_codepoint=33, max_codepoint=126), max_size=8
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(names, inner, max_size=2),
    max_leaves=4,
)
whole_numbers = st.integers() | st.sampled_from(
    [{"fake": "random_int", "min": 1, "max": 9999}, {"fake": "pyint"}]
)
words = texts | st.sampled_from(
    [{"fake": "sentence", "nb_words": 3}, {"fake": "name", "locale": "ja_JP"}, {"fake": "url"}]
)
results = st.sampled_from(
    [
        "generated",
        {"rows": 5},
        {"rows": 20, "fails": 1},
        {"file": "own.zip"},
        {"file": "モデル 1.bin", "fails": 2},
    ]
)


def either(*weighed: tuple[int, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    """Draw from one of several, each as often as its weight says; the first is the simplest."""
    return st.sampled_from([part for weight, part in weighed for _ in range(weight)]).flatmap(
        lambda part: part
    )


def together(*parts: st.SearchStrategy[Document]) -> st.SearchStrategy[Document]:
    """Draw mappings, and make them one."""
    return st.tuples(*parts).map(
        lambda drawn: {key: value for part in drawn for key, value in part.items()}
    )


def perhaps(**parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Document]:
    """Draw a mapping in which each key may be left out."""
    return st.fixed_dictionaries({}, optional=parts)


@st.composite
def literals(draw: st.DrawFn) -> Document:
    """Draw a literal reply."""
    code = draw(st.sampled_from(CODES))
    headers = draw(st.dictionaries(st.sampled_from(HEADERS), header_values, max_size=3))
    reply: Document = {"status_code": code}
    if headers:
        reply["headers"] = headers
    if code not in BODILESS:
        reply |= draw(
            perhaps(
                body=texts | st.dictionaries(names, json_values, max_size=2) | st.lists(json_values)
            )
        )
    if "Retry-After" not in headers:
        reply |= draw(perhaps(retry_after=spans | st.builds(lambda span: {"date": span}, spans)))
    return reply


statuses = together(
    st.fixed_dictionaries({"status": st.sampled_from(STATUSES) | texts}),
    perhaps(model_id=whole_numbers, message=words),
    perhaps(result=results) | perhaps(download_url=words),
)
kinds = either(
    (3, statuses),
    (2, st.fixed_dictionaries({"reply": literals()})),
    (1, st.fixed_dictionaries({"error": errors})),
    (2, st.fixed_dictionaries({"fault": st.sampled_from(list(FAULTS))})),
)
delays = st.sampled_from([*SPANS, "1ms..2s"])
limits = st.sampled_from(["1 poll"] * 6 + ["2 polls"] * 3 + ["3 polls", "manual", *SPANS])
lasting = together(kinds, st.fixed_dictionaries({"for": limits}), perhaps(delay=delays))
last = together(kinds, perhaps(delay=delays))


def _elements(name: str, length: st.SearchStrategy[Document]) -> st.SearchStrategy[Any]:
    """Draw one element of an operation's own timeline; ``length`` says how long it lasts."""
    failing = st.fixed_dictionaries({"fault": st.sampled_from(list(FAULTS))}) | (
        st.fixed_dictionaries({"reply": literals()})
    )
    if OPERATIONS[name].errors:
        error = st.fixed_dictionaries({"error": st.sampled_from(OPERATIONS[name].errors)})
        failing = either((1, error), (1, failing))
    after = either((3, st.just({})), (1, st.just({"done": True})))
    return together(
        either((2, st.just({"ok": True})), (3, together(failing, after))),
        length,
        either((4, st.just({})), (1, st.fixed_dictionaries({"delay": delays}))),
    ).map(lambda element: "ok" if element == {"ok": True} else element)


def call_lengths(name: str) -> st.SearchStrategy[str]:
    """Draw how long an element of an operation lasts."""
    until_polled = ["1 poll"] * (2 if name in ("result_download", "retrain_model_switch") else 0)
    return st.sampled_from(["1 call"] * 6 + ["2 calls"] * 3 + ["manual", *SPANS, *until_polled])


def _lasting(name: str) -> st.SearchStrategy[Document]:
    return st.fixed_dictionaries({"for": call_lengths(name)})


@st.composite
def calls(draw: st.DrawFn, *, of_job: bool = False) -> Document:
    """Draw how operations beside the status check answer, of a job or of all."""
    names = st.sampled_from(call_names(of_job=of_job))
    return {
        name: [
            *draw(st.lists(_elements(name, _lasting(name)), max_size=2)),
            draw(_elements(name, st.just({}))),
        ]
        for name in draw(st.lists(names, min_size=1, max_size=2, unique=True))
    }


own_calls = either((4, st.just({})), (1, st.fixed_dictionaries({"calls": calls(of_job=True)})))


@st.composite
def timelines(draw: st.DrawFn) -> Document:
    """Draw what polling a job shows."""
    fewest = draw(st.sampled_from([0, 1, 2]))
    match draw(st.sampled_from(["stay", "stay", "stay", "loop", "loop", "error"])):
        case "error":
            return {"error": draw(errors)}
        case "loop":
            steps = draw(st.lists(lasting, min_size=fewest + 1, max_size=3))
            return {"at_end": "loop", "timeline": steps}
        case _:
            steps = draw(st.lists(lasting, min_size=fewest, max_size=3))
            return {"timeline": [*steps, draw(last)]}


@st.composite
def jobs(draw: st.DrawFn, keys: list[str] | None) -> Document:
    """Draw a job; where it is one key's alone, it is one of ``keys``."""
    owned = st.builds(lambda key: {"api_key": key}, st.sampled_from(keys or KEYS))
    owner = draw(either((4, st.just({})), (1, owned)))
    return owner | draw(timelines()) | draw(own_calls)


@st.composite
def new_jobs(draw: st.DrawFn) -> Document:
    """Draw what a job does that a client creates; most wait for their file, and then finish."""
    finished = {"status": "job_finished", "result": draw(results)}
    waiting = {**draw(statuses), "for": "upload"}
    waits = [waiting, *draw(st.lists(lasting, max_size=1)), draw(st.just(finished) | last)]
    shown = st.just({"timeline": waits})
    ids = st.lists(st.sampled_from(NEW_IDS), min_size=1, max_size=2, unique=True)
    return (
        draw(perhaps(ids=ids))
        | draw(either((3, shown), (1, timelines()), (1, st.just({}))))
        | draw(own_calls)
    )


@st.composite
def generated(draw: st.DrawFn, keys: list[str] | None) -> Document:
    """Draw generated jobs."""
    several = st.fixed_dictionaries(
        {"count": st.integers(1, 3)}, optional={"prefix": st.just("load-")}
    )
    return draw(several) | draw(jobs(keys))


def _accepted_or(operation: Operation) -> st.SearchStrategy[str]:
    return st.sampled_from(["accept", *operation.errors])


assumptions = perhaps(
    error_http_status=st.sampled_from(ERROR_CODES)
    | st.dictionaries(all_errors, st.sampled_from(ERROR_CODES), max_size=2),
    error_body=st.dictionaries(
        names, st.sampled_from(["{code}", "{message}", "no {error}!", 1, None]), max_size=2
    ),
    error_code_type=st.sampled_from(["integer", "string"]),
    missing_api_key=credential_errors,
    unknown_api_key=credential_errors,
    job_of_another_key=errors,
    checked_first=st.sampled_from(["api_key", "job"]),
    key_lifetime=spans,
    end_date_format=st.sampled_from(["%Y-%m-%d", "%d/%m/%y %H:%M", "%s", "いつか"]),
    same_key_again=st.sampled_from(["new", "same"]),
    odd_credential_type=_accepted_or(GET_API_KEY),
    odd_filename=_accepted_or(RETRAIN_DATA_UPLOAD),
    before_upload=st.just("first_step") | errors,
    upload_reply=st.sampled_from([200, 201, 204, 299]),
    second_upload=st.sampled_from(["replace_while_waiting", "replace", "refuse"]),
    second_switch=_accepted_or(RETRAIN_MODEL_SWITCH),
    switch_of_failed_job=_accepted_or(RETRAIN_MODEL_SWITCH),
)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """Draw a whole scenario file, as plain data."""
    states = st.sampled_from(["active"] * 4 + list(CREDENTIAL_ERRORS))
    given = draw(
        perhaps(api_keys=st.dictionaries(st.sampled_from(KEYS), states, min_size=1, max_size=3))
    )
    keys = list(given["api_keys"]) if "api_keys" in given else None
    ids = st.sampled_from(IDS) | names
    return (
        draw(perhaps(description=texts, seed=st.integers(0, 9)))
        | given
        | draw(
            perhaps(
                secret_keys=st.dictionaries(
                    st.sampled_from(SECRETS), states, min_size=1, max_size=3
                )
            )
        )
        | {"jobs": draw(st.dictionaries(ids, jobs(keys), min_size=1, max_size=2))}
        | draw(
            perhaps(
                generated_jobs=st.lists(generated(keys), min_size=1, max_size=1),
                new_jobs=new_jobs(),
                calls=calls(),
                rate_limit=st.fixed_dictionaries(
                    {"polls": st.integers(1, 3), "per": spans},
                    optional={"on": st.lists(operations, min_size=1, max_size=3, unique=True)},
                ),
                assumptions=assumptions,
            )
        )
    )


class _Writer(yaml.SafeDumper):
    """Writes text plainly where it can be nothing but text, and in double quotes where it might."""

    def ignore_aliases(self, _: object) -> bool:
        return True


_PLAIN = re.compile(
    r"[a-z][a-z0-9_-]*( [a-z]+)?|[1-9][0-9]*(ms|s|m|h|d| polls?| calls?)|1h30m|1ms\.\.2s"
)
_WORDS = ("true", "false", "null", "yes", "no", "on", "off", "y", "n")


def _text(writer: yaml.SafeDumper, text: str) -> yaml.Node:
    plain = _PLAIN.fullmatch(text) and text not in _WORDS
    return writer.represent_scalar("tag:yaml.org,2002:str", text, None if plain else '"')


_Writer.add_representer(str, _text)


def written(document: Document) -> str:
    """Write a scenario as a person would: each step on a line."""
    return yaml.dump(
        document,
        Dumper=_Writer,
        allow_unicode=True,
        sort_keys=False,
        width=10_000,
        default_flow_style=None,
    )


@lru_cache(maxsize=16)
def read(text: str) -> Scenario:
    """Return the scenario of a text that may name the files beside it. Raises ScenarioError."""
    return parse(text, "invented.yaml", FILES.__getitem__)
