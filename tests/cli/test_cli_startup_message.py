"""What `serve` says when it is up."""

import json
from pathlib import PureWindowsPath

import pytest

from mock_p1.cli.startup_message import FORMATS, Address
from mock_p1.engine.engine import Engine
from mock_p1.scenario.parser import parse

URL = "http://127.0.0.1:8191"


def announced(text: str, form: str = "text", notes: tuple[str, ...] = (), **place) -> str:
    """Return the message of a scenario."""
    return FORMATS[form](Engine(parse(text, "mine.yaml")), Address(URL, **place), list(notes))


def line(text: str, name: str) -> str:
    """Return the line of the message that begins with this name."""
    return next(
        line.split(maxsplit=1)[1]
        for line in announced(text).splitlines()
        if line.startswith(f"  {name} ")
    )


def curl(text: str) -> str:
    """Return the line to try."""
    return line(text, "try")


def test_where():
    """The first line says which scenario is served, and where."""
    assert announced("{}").splitlines()[0].endswith(f" serves mine.yaml at {URL}")


def test_description():
    """The description follows, on one line."""
    assert announced('description: "two\\nlines"').splitlines()[1] == "two lines"


def test_notes():
    """What is out of the ordinary stands below."""
    assert "the clock runs at 60 times real time" in announced(
        "{}", notes=("the clock runs at 60 times real time",)
    )


def test_keys():
    """Keys are named; those that are answered with an error, with its name."""
    keys = "api_keys: {good: active, old: inactive_credential, 'ci-*': active}"
    assert line(keys, "keys") == "good, old (inactive_credential), ci-*"


def test_no_keys():
    """Where every key is active, one is offered all the same."""
    assert line("{}", "keys") == "any; for example any-key"


def test_secret_keys():
    """Secret keys likewise: named, or one that works where every one does."""
    keys = "secret_keys: {mine: active, old: inactive_credential}"
    assert line(keys, "secrets") == "mine, old (inactive_credential)"
    assert line("{}", "secrets") == "any; for example any-secret"


def test_first_call():
    """The first call of the sequence can be made as it stands: with a secret key that works."""
    url = f"{URL}/v1/external/api-key?credential_type=retrain&model_id=4821"
    text = "secret_keys: {old: inactive_credential, mine-*: active}"
    assert line(text, "start") == f'curl -H "x-api-key: mine-1" "{url}"'


def test_jobs():
    """Jobs are named in the order of the file, patterns last."""
    jobs = "x-: &job {error: job_may_be_deleted}\njobs: {'*': *job, b: *job, a: *job}"
    assert line(jobs, "jobs") == "b, a, *"


def test_many_jobs():
    """Of many jobs the first few, and how many there are."""
    many = "generated_jobs: [{count: 100000, prefix: load-, timeline: [{status: x}]}]"
    assert (
        line(many, "jobs") == "load-1, load-2, load-3, load-4, load-5, load-6, … (100,000 in all)"
    )


def test_many_keys():
    """Likewise of many keys."""
    keys = "api_keys: {" + ", ".join(f"k{number}: active" for number in range(1, 10)) + "}"
    assert line(keys, "keys") == "k1, k2, k3, k4, k5, k6, … (9 in all)"


def test_no_jobs():
    """A scenario without jobs says so; the line to try shows what then is answered."""
    assert line("{}", "jobs") == "none"
    assert curl("{}").endswith('/no-such-job"')


def test_how_to_stop():
    """The last line says how to stop."""
    assert line("{}", "stop") == "Ctrl-C"


def test_curl():
    """The line to try is in double quotes where needed: bash and Windows' cmd take them."""
    text = "{api_keys: {demo-key: active}, jobs: {retrain-001: {error: job_may_be_deleted}}}"
    assert (
        curl(text) == f'curl -H "x-api-key: demo-key" "{URL}/v1/external/retrain_jobs/retrain-001"'
    )


def test_curl_with_a_key_that_sees_the_job():
    """Where the first job belongs to a key, the line has that key."""
    jobs = "{j: {api_key: b-*, error: job_may_be_deleted}}"
    text = f"{{api_keys: {{a: active, 'b-*': active}}, jobs: {jobs}}}"
    assert '"x-api-key: b-1"' in curl(text)


def test_curl_with_an_authority():
    """Where a client has to trust an authority, the line says so.

    With slashes, which Windows' curl takes too.
    """
    text = "{api_keys: {k: active}, jobs: {j: {error: job_may_be_deleted}}}"
    said = announced(text, authority=PureWindowsPath(r"C:\Users\a b\authority.pem"))
    assert '  try      curl --cacert "C:/Users/a b/authority.pem" -H "x-api-key: k" ' in said


@pytest.mark.parametrize("form", FORMATS)
def test_no_authority_for_a_proxy(form):
    """Its certificate is another's: no line for the public URL trusts ours alone."""
    place = {"authority": PureWindowsPath("a.pem"), "public": "https://mock.test"}
    said = announced("{}", form, **place)
    assert "https://mock.test/v1/" in said
    assert "--cacert" not in said


def test_dashboard():
    """Where to see it all; nothing where there is no dashboard."""
    assert f"\n  see      {URL}/__admin/\n" in announced("{}", dashboard=f"{URL}/__admin/")
    assert "  see " not in announced("{}")


def test_curl_of_a_pattern():
    """Where there are only patterns, the line has an id that fits."""
    assert curl("jobs: {'run-*': {error: job_may_be_deleted}}").endswith('/run-1"')


def test_curl_encodes_the_id():
    """An id is percent-encoded."""
    assert curl("jobs: {'再 学$习': {error: job_may_be_deleted}}").endswith(
        '/%E5%86%8D%20%E5%AD%A6%24%E4%B9%A0"'
    )


@pytest.mark.parametrize("key", ["$HOME", "a`id`b", 'say"hi', "back\\slash", "wow!"])
def test_curl_quotes_what_bash_would_expand(key):
    """A key that bash would change inside double quotes stands in single ones."""
    assert f"'x-api-key: {key}'" in curl(json.dumps({"api_keys": {key: "active"}, "jobs": {}}))


def test_hostile_text():
    """Names from the file cannot move the cursor or begin a line."""
    text = json.dumps(
        {"description": "\x1b[2Jx", "jobs": {"a\x1b[31mb": {"error": "job_may_be_deleted"}}}
    )
    assert "\x1b" not in announced(text)


def test_json():
    """For a program: one line of JSON, with the same facts."""
    jobs = "{a: {error: job_may_be_deleted}}"
    text = f"{{api_keys: {{good: active, old: inactive_credential}}, jobs: {jobs}}}"
    printed = announced(text, "json", ("a note",), dashboard="d")
    assert "\n" not in printed
    facts = json.loads(printed)
    assert {**facts, "version": None, "curl": None, "first_call": None} == {
        "event": "serving",
        "version": None,
        "url": URL,
        "dashboard": "d",
        "authority": None,
        "scenario": "mine.yaml",
        "api_keys": {"good": "active", "old": "inactive_credential"},
        "jobs": ["a"],
        "jobs_in_all": 1,
        "curl": None,
        "first_call": None,
        "secret_keys": {"any-secret": "active"},
        "notes": ["a note"],
    }
    assert facts["curl"] == curl(text)
