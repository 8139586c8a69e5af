"""What was asked, what was answered, and why."""

import json
from urllib.parse import quote

import pytest

from mock_p1.base.text import mask
from mock_p1.engine.failures import BEFORE
from mock_p1.engine.journal import DEFAULT_MAX, Journal
from mock_p1.engine.key_leak import KEY_LEAK
from mock_p1.scenario.steps import Literal

TEXT = """\
api_keys: {demo-key-0001: active, demo-key-0002: active}
jobs:
  a:
    timeline:
      - {status: job_waiting, for: 2 polls}
      - {status: job_running, for: 90s}
      - {error: job_may_be_deleted, for: 1 poll}
      - {fault: connection_reset, for: 1 poll}
      - {reply: {status_code: 503}, for: manual}
      - {status: job_finished, result: generated}
"""
KEY = "demo-key-0001"


def test_a_poll_leaves_a_row(mock):
    """When, what, with which key, what it saw and where the scenario says so."""
    asked = mock(TEXT)
    asked.wait(1.5)
    asked.sees(key=KEY)
    (entry,) = asked.entries
    assert (entry.number, entry.moment_ns, entry.method, entry.path) == (
        1,
        1_500_000_000,
        "GET",
        "/v1/external/retrain_jobs/a",
    )
    assert (entry.operation, entry.job_id, entry.http_status, entry.status) == (
        "retrain_status_check",
        "a",
        200,
        "job_waiting",
    )
    assert (entry.error, entry.fault, entry.source, entry.notes) == (None, None, "f.yaml:5", ())
    assert (entry.outcome, entry.waits_for, entry.unexpected) == (
        "job_waiting",
        "1 more poll",
        False,
    )


@pytest.mark.parametrize(
    ("sent", "noted"),
    [
        ([], "no x-api-key"),
        ([(b"accept", b"*/*"), (b"x-apikey", b"hush")], "no x-api-key; the request has x-apikey"),
        (
            [(b"authorization", b"Bearer hush"), (b"api-key", b"hush"), (b"api-key", b"hush")],
            "no x-api-key; the request has api-key, authorization",
        ),
        ([(b"secret-key-1234", b"x-api-key")], "no x-api-key"),
    ],
)
@pytest.mark.parametrize("path", ["retrain_jobs/a", "retrain_jobs/upload_url", "api-key"])
def test_a_key_that_is_not_there_is_noted(mock, path, sent, noted):
    """With what may have been meant as one: names of headers, never what stands in them."""
    asked = mock(TEXT)
    asked.ask(f"/v1/external/{path}", headers=sent)
    (entry,) = asked.entries
    assert entry.notes == (noted,)
    assert entry.http_status == 400


def test_an_empty_key_is_noted(mock):
    """It is there, so no other header was meant."""
    asked = mock(TEXT)
    asked.poll(key=" ")
    assert asked.entries[0].notes == ("its x-api-key is empty",)


def test_a_request_to_a_link_needs_no_key(mock):
    """Nothing is noted of the key that is not there, nor where nothing is imitated."""
    asked = mock(TEXT)
    asked.ask("/uploads/0/a/b", method="PUT")
    asked.ask("/elsewhere")
    assert not any("x-api-key" in note for entry in asked.entries for note in entry.notes)


def test_rows_tell_the_story_of_a_job(mock):
    """What each poll saw, on which line that stands, and what the job waits for then."""
    asked = mock(TEXT)
    for span in (0, 0, 30, 90, 0, 0):
        asked.wait(span)
        asked.poll(key=KEY)
    asked.driver.step("a")
    asked.poll(key=KEY)
    assert [
        (entry.outcome, entry.http_status, entry.source, entry.waits_for) for entry in asked.entries
    ] == [
        ("job_waiting", 200, "f.yaml:5", "1 more poll"),
        ("job_waiting", 200, "f.yaml:5", "1m30s"),
        ("job_running", 200, "f.yaml:6", "1m"),
        ("job_may_be_deleted", 400, "f.yaml:7", "1 more poll"),
        ("connection_reset", None, "f.yaml:8", "a manual step"),
        ("HTTP 503", 503, "f.yaml:9", "a manual step"),
        ("job_finished", 200, "f.yaml:10", None),
    ]


@pytest.mark.parametrize(
    ("job", "key", "error", "source"),
    [
        ("a", "", "invalid_api_key", "f.yaml"),
        ("a", "other", "not_found_credential", "f.yaml"),
        ("b", KEY, "not_found_retrain_job", "f.yaml"),
    ],
)
def test_a_refused_poll_leaves_a_row(mock, job, key, error, source):
    """With the error, and where the scenario says so, if it does."""
    asked = mock(TEXT)
    asked.poll(job, key)
    (entry,) = asked.entries
    assert (entry.error, entry.job_id, entry.http_status, entry.source) == (error, job, 400, source)
    assert entry.waits_for is None


def test_a_refused_key_is_found_in_the_file(mock):
    """The line where its state stands."""
    asked = mock("jobs: {}\napi_keys:\n  a: active\n  old-*: inactive_credential\n")
    asked.poll("a", "old-7")
    assert asked.entries[0].source == "f.yaml:4"


def test_a_job_of_another_key_is_found_in_the_file(mock):
    """The line of the job, for the one who wonders why it is not seen."""
    asked = mock(
        "api_keys: {k: active, l: active}\njobs:\n  a:\n    {api_key: l, timeline: [{status: s}]}\n"
    )
    asked.poll("a", "k")
    assert asked.entries[0].source == "f.yaml:4"


def test_a_download_leaves_a_row(mock):
    """Whose link it was, though no key was sent."""
    asked = mock(TEXT)
    asked.driver.set_status("a", "job_finished")
    path = asked.result_path("a", KEY)
    asked.ask(path)
    asked.ask(path.replace("/6/", "/1/"))
    _, found, missing = asked.entries
    assert (found.operation, found.job_id, found.http_status, found.source) == (
        "result_download",
        "a",
        200,
        "f.yaml:10",
    )
    assert (missing.http_status, missing.api_key, found.api_key) == (404, "", "demo…")


@pytest.mark.parametrize(
    ("more", "job", "note"),
    [
        ({"query": "x=1"}, "a", "has a query string; the API documents none"),
        ({"has_body": True}, "a", "has a body; the API documents none"),
        (
            {},
            "{retrain_job_id}",
            "its retrain_job_id looks like a placeholder that was not filled in",
        ),
        ({}, "%7B%7D", "its retrain_job_id looks like a placeholder that was not filled in"),
        (
            {},
            "YOUR_RETRAIN_JOB_ID",
            "its retrain_job_id looks like a placeholder that was not filled in",
        ),
    ],
)
def test_what_the_client_did_against_the_documented_request_is_noted(mock, more, job, note):
    """It is answered all the same."""
    asked = mock(TEXT)
    assert asked.poll(job, KEY, **more).status in (200, 400)
    assert asked.entries[0].notes == (note,)


UNFILLED = "its {} looks like a placeholder that was not filled in"
WRAPPED = "its {} has more than the value in it: quotes, or a word such as Bearer"
MARKED = "its {} begins with a byte-order mark, as editors write into a file"
ENDED = "its {} ends with a line end, as text read from a file does"
UNSEEN = "its {} has characters that cannot be seen"
WIDE = "its {} has full-width characters"
OTHER_CASE = "its {} differs in upper and lower case alone from one that is known"
ODD = {
    **dict.fromkeys(["None", "null", "undefined", "[object Object]", "<job>"], UNFILLED),
    **dict.fromkeys(["YOUR_API_KEY", "your-api-key", "$API_KEY", "%API_KEY%"], UNFILLED),
    **dict.fromkeys(["${API_KEY}", "{{ key }}", "Bearer {key}"], UNFILLED),
    **dict.fromkeys(["Bearer k", "x-api-key: k", "'k'", '"k"', "b'k'"], WRAPPED),
    **dict.fromkeys(["\ufeffk", "%EF%BB%BFk"], MARKED),
    **dict.fromkeys(["k\r\n", "k\n", "k\r", "k%0d%0a", "k%0A"], ENDED),
    **dict.fromkeys(["k\u3000", "\u00a0k", "k\u0085", "k\u200bk"], UNSEEN),
    "\uff4b": WIDE,
}
"""What nobody means as a key or an id, and the note on it."""
JOB = "jobs: {a: {timeline: [{status: x}]}}"


@pytest.mark.parametrize(("word", "note"), ODD.items())
def test_a_key_that_looks_odd_is_noted_where_it_is_unknown(mock, word, note):
    """An API key and a secret key."""
    asked = mock(f"api_keys: {{k: active}}\nsecret_keys: {{s: active}}\n{JOB}")
    asked.poll("a", word), asked.get_key(word), asked.switch("a", word)
    assert [entry.error for entry in asked.entries] == ["not_found_credential"] * 3
    assert {entry.notes for entry in asked.entries} == {(note.format("x-api-key"),)}


@pytest.mark.parametrize("checked_first", ["api_key", "job"])
@pytest.mark.parametrize(("word", "note"), ODD.items())
def test_an_id_that_looks_odd_is_noted_where_it_is_unknown(mock, word, note, checked_first):
    """Once, whether the key or the job is checked first, and of whichever call."""
    assumed = f"assumptions: {{checked_first: {checked_first}}}"
    asked = mock(f"{assumed}\napi_keys: {{k: active}}\n{JOB}")
    job, key = quote(word, safe=""), "k" if checked_first == "api_key" else "l"
    asked.poll(job, key), asked.switch(job, key)
    assert [entry.error for entry in asked.entries] == ["not_found_retrain_job"] * 2
    assert {entry.notes for entry in asked.entries} == {(note.format("retrain_job_id"),)}


def test_all_that_is_odd_of_one_key_is_noted(mock):
    """A file of Windows has a mark before, and a line end behind."""
    asked = mock(f"api_keys: {{k: active}}\n{JOB}")
    asked.poll("a", "\ufeffk\r\n")
    assert asked.entries[0].notes == (MARKED.format("x-api-key"), ENDED.format("x-api-key"))


def test_a_blank_at_an_id_is_noted(mock):
    """It is a part of the id, as it is none of a header."""
    asked = mock(JOB)
    asked.poll("a%20")
    assert asked.entries[0].notes == ("its retrain_job_id begins or ends with a blank",)


@pytest.mark.parametrize("key", ["DEMO", "Secret", "ci-1"])
def test_a_key_in_other_case_is_noted(mock, key):
    """One that the scenario names, in whichever list, or that fits a pattern of it."""
    asked = mock(
        f"api_keys: {{demo: active, CI-*: active}}\nsecret_keys: {{secret: active}}\n{JOB}"
    )
    asked.poll("a", key), asked.get_key(key)
    assert {entry.notes for entry in asked.entries} == {(OTHER_CASE.format("x-api-key"),)}


def test_an_issued_key_in_upper_case_is_noted(mock):
    """As some libraries write UUIDs."""
    asked = mock(f"api_keys: {{other: active}}\nsecret_keys: {{secret: active}}\n{JOB}")
    key = json.loads(asked.get_key("secret").body)["api_key"]
    asked.poll("a", key.upper())
    assert asked.entries[-1].notes == (OTHER_CASE.format("x-api-key"),)


@pytest.mark.parametrize("job", ["A", "LOAD-1", "b-1"])
def test_an_id_in_other_case_is_noted(mock, job):
    """Named, generated, or of a pattern."""
    timeline = "timeline: [{status: x}]"
    asked = mock(
        f"jobs: {{a: {{{timeline}}}, 'B-*': {{{timeline}}}}}\n"
        f"generated_jobs: [{{count: 2, prefix: load-, {timeline}}}]"
    )
    asked.poll(job)
    assert asked.entries[0].notes == (OTHER_CASE.format("retrain_job_id"),)


def test_a_created_job_in_other_case_is_noted(mock):
    """Its id is one of new_jobs."""
    asked = mock("new_jobs: {ids: [b], timeline: [{status: x}]}")
    asked.get_upload()
    asked.poll("B")
    assert asked.entries[-1].notes == (OTHER_CASE.format("retrain_job_id"),)


def test_two_keys_in_one_header_are_not_one_in_other_case(mock):
    """Though a pattern would fit them."""
    asked = mock(f"api_keys: {{demo-*: active}}\n{JOB}")
    asked.poll("a", "demo-1,demo-2")
    assert asked.entries[0].notes == ("has more than one x-api-key",)


@pytest.mark.parametrize("word", ["k", "nonesuch", "null-1", "token-1", "yourself", "$", "<", "'"])
def test_a_key_and_an_id_that_may_be_meant_are_not_noted(mock, word):
    """They are only unknown."""
    asked = mock(f"api_keys: {{other: active}}\n{JOB}")
    asked.poll("a", word), asked.poll(quote(word, safe=""), "other")
    assert [entry.notes for entry in asked.entries] == [(), ()]
    assert all(entry.error for entry in asked.entries)


@pytest.mark.parametrize("word", [word for word in ODD if "{" not in word and word.isprintable()])
@pytest.mark.parametrize(
    "text",
    [
        "api_keys: {%s: active}\njobs: {%s: {timeline: [{status: x}]}}",
        "jobs: {'*': {timeline: [{status: x}]}} # %s %s",
        "api_keys: {%s: inactive_credential, o: active}\njobs: {%s: {timeline: [{status: x}]}}",
        "api_keys: {%s: active, o: active}\njobs: {%s: {api_key: o, timeline: [{status: x}]}}",
    ],
    ids=["named", "by a pattern", "a key that works no more", "a job of another key"],
)
def test_what_looks_odd_is_not_noted_where_the_scenario_knows_it(mock, word, text):
    """Whatever the answer is."""
    asked = mock(text % (json.dumps(word), json.dumps(word)))
    for _ in range(2):
        asked.poll(quote(word, safe=""), word)
    assert [entry.notes for entry in asked.entries] == [(), ()]


@pytest.mark.parametrize(
    ("job", "key", "notes"),
    [
        ("a" * 200, "k" * 1000, ()),
        ("a" * 201, "k", ("its retrain_job_id has more than 200 characters: never a job",)),
        ("a%2Fa", "k", ("its retrain_job_id has a slash: never a job",)),
        ("a", "k" * 1001, ("its x-api-key has more than 1,000 characters: never a key",)),
    ],
    ids=["just short enough", "long id", "slash", "long key"],
)
def test_what_no_pattern_fits_is_noted(mock, job, key, notes):
    """Where all ids and keys work, nobody would know why these do not."""
    asked = mock("jobs: {'*': {timeline: [{status: job_running}]}}")
    assert asked.poll(job, key).status == (400 if notes else 200)
    assert asked.entries[0].notes == notes


def test_several_notes_of_one_request(mock):
    """Each on its own."""
    asked = mock(TEXT)
    asked.ask("/v1/external/retrain_jobs/{id}", KEY, KEY, query="x", has_body=True)
    assert len(asked.entries[0].notes) == 4


def test_keys_are_masked(mock):
    """Never all of one, whether it is known, refused or unknown."""
    asked = mock(TEXT)
    for key in (KEY, "a-key-nobody-knows", "short", "sixsix"):
        asked.poll("a", key)
    asked.driver.fail_next("invalid_api_key")
    asked.poll("a", KEY)
    assert [entry.api_key for entry in asked.entries] == ["demo…", "a-ke…", "…", "si…", "demo…"]


@pytest.mark.parametrize("key", ["", "a", "ab", "abcdef", "abcdefghijkl", "x" * 1000])
def test_a_mask_shows_a_third_at_most(key):
    """And nothing of a short key."""
    assert mask(key) == (f"{key[: len(mask(key)) - 1]}…" if key else "")
    assert len(mask(key).rstrip("…")) * 3 <= len(key)


def test_keys_that_look_alike_are_told_apart(mock):
    """The caller is the same for the same key, refused or not, and another for another."""
    asked = mock(TEXT)
    for job, key in (("a", KEY), ("b", KEY), ("a", "demo-key-0002"), ("a", "demo-key-0003")):
        asked.poll(job, key)
    callers = [entry.caller for entry in asked.entries]
    assert callers[0] == callers[1]
    assert len(set(callers)) == 3
    assert len({entry.api_key for entry in asked.entries}) == 1


def test_the_journal_is_bounded(mock):
    """The oldest rows go first; numbers go on."""
    asked = mock(TEXT, journal_max=3)
    for _ in range(5):
        asked.poll("a", KEY)
    assert [entry.number for entry in asked.entries] == [3, 4, 5]
    assert Journal()._entries.maxlen == DEFAULT_MAX == 1000  # noqa: SLF001 -- the bound itself


def test_the_journal_is_bounded_in_bytes_too(mock):
    """A client may send a megabyte in any part of a request; little of it is kept."""
    asked = mock("jobs: {'*': {timeline: [{status: s}]}}")
    big = "x" * 1_000_000
    asked.ask(f"/v1/external/retrain_jobs/{big}", big)
    asked.ask(f"/{big}", big)
    asked.ask("/v1/external/retrain_jobs/a", big, method=big)
    asked.ask(f"/results/{big}/{big}/{big}", big)
    asked.ask(f"http://{big}/v1/external/retrain_jobs/a", "k", query=big)
    assert len(asked.entries) == 5
    assert max(len(repr(entry)) for entry in asked.entries) < 1500


def test_clearing_forgets_rows_but_goes_on_counting(mock):
    """Numbers are never used twice."""
    asked = mock(TEXT)
    asked.poll("a", KEY)
    asked.engine.journal.clear()
    assert (len(asked.engine.journal), asked.engine.journal.last) == (0, 1)
    asked.poll("a", KEY)
    assert [entry.number for entry in asked.engine.journal] == [2]


def test_reading_on_from_a_number(mock):
    """What came since, and how many of it are gone already.

    What was cleared does not count as gone.
    """
    asked = mock(TEXT, journal_max=3)
    journal = asked.engine.journal
    assert journal.after(0) == ([], 0)
    for _ in range(5):
        asked.poll("a", KEY)
    assert [
        ([entry.number for entry in newer], gone) for newer, gone in map(journal.after, (0, 3, 5))
    ] == [
        ([3, 4, 5], 2),
        ([4, 5], 0),
        ([], 0),
    ]
    journal.clear()
    asked.poll("a", KEY)
    newer, gone = journal.after(0)
    assert ([entry.number for entry in newer], gone) == ([6], 0)


def test_listeners_hear_every_row(mock):
    """In order, beside the journal, as many as listen."""
    asked = mock(TEXT)
    heard, heard_too = [], []
    asked.engine.journal.listen(heard.append)
    asked.engine.journal.listen(heard_too.append)
    asked.poll("a", KEY)
    asked.ask("/nothing")
    assert heard == heard_too == asked.entries


DONE = "jobs: {a: {timeline: [{status: job_finished, result: {rows: 3}}]}}\n"


@pytest.mark.parametrize(
    ("what", "shown"),
    [
        (None, "job_finished"),
        ("slow_body", "job_finished"),
        ("truncated_body", None),
        ("malformed_json", None),
        ("timeout", None),
        ("job_may_be_deleted", None),
        (Literal(status_code=200, body={"status": "job_finished"}), "job_finished"),
        (Literal(status_code=200, body={"status": 3}), None),
        (Literal(status_code=200, body="[1"), None),
        (Literal(status_code=200, body="[" * 100_000), None),
        (Literal(status_code=503, body={"status": "job_finished"}), None),
    ],
)
def test_what_a_poll_has_shown(mock, what, shown):
    """The status that a client can read in the answer, whatever the answer stands for."""
    asked = mock(DONE)
    if what is not None:
        asked.driver.fail_next(what)
    asked.poll()
    assert asked.entries[-1].shown_status == shown


def test_what_a_poll_has_shown_in_a_literal_step(mock):
    """Also where the job's path is known already."""
    asked = mock("jobs: {a: {timeline: [{reply: {status_code: 200, body: {status: x}}}]}}")
    asked.poll(), asked.poll()
    assert [entry.shown_status for entry in asked.entries] == ["x", "x"]


def test_a_key_that_is_given_away(mock):
    """Noted of every verb that is sent to a link, where there is a key at all."""
    asked = mock(DONE)
    path = asked.result_path()
    asked.ask(path, "key"), asked.ask(path, " "), asked.ask(path, "key", method="POST")
    asked.ask("/elsewhere", "key")
    assert [KEY_LEAK in entry.notes for entry in asked.entries[1:]] == [True, False, True, False]


def test_an_ended_key_is_its_callers(mock):
    """The call that it is refused at is told of the caller that it was issued to."""
    asked = mock(DONE)
    key = asked.key()
    asked.wait(40 * 86_400)
    asked.poll("a", key)
    issued, refused = asked.entries
    assert (refused.error, refused.caller) == ("inactive_credential", issued.caller)


def test_an_act_that_was_refused_was_not_done(mock):
    """Though its answer was lost, and done: true was asked for."""
    asked = mock(
        "jobs: {a: {timeline: [{status: job_running}]}}\n"
        "calls: {retrain_model_switch: [{fault: timeout, done: true}]}"
    )
    asked.switch()
    assert BEFORE in asked.entries[-1].notes


@pytest.mark.parametrize("what", ["not_found_classifier", Literal(status_code=200), "timeout"])
def test_an_injected_failure_strikes_before_the_act(mock, what):
    """The journal says so, whatever it is."""
    asked = mock(DONE)
    asked.driver.fail_next(what, on="retrain_model_switch")
    asked.switch()
    assert BEFORE in asked.entries[-1].notes


def test_how_long_an_answer_was_held_back(mock):
    """So that a repeated call can be told from one too many."""
    asked = mock(DONE + "calls: {retrain_model_switch: [{ok: true, delay: 5s}]}")
    asked.switch()
    assert asked.entries[-1].delay_ns == 5_000_000_000


def test_of_many_unknown_query_parameters_five_are_named(mock):
    """And the others counted; one that comes twice is one."""
    asked = mock(DONE)
    asked.get_upload(query="filename=a.csv&n0=1&" + "&".join(f"n{each}=1" for each in range(1000)))
    named = "'n0', 'n1', 'n2', 'n3', 'n4' and 995 more"
    assert asked.entries[-1].notes == (
        f"has the query parameters {named}; the API documents filename",
    )


def test_two_unknown_query_parameters_are_both_named(mock):
    """In their order, and nothing is counted."""
    asked = mock(DONE)
    asked.get_upload(query="filename=a.csv&b=1&a=1")
    assert asked.entries[-1].notes == (
        "has the query parameters 'b', 'a'; the API documents filename",
    )


def test_a_query_is_read_to_a_hundred_thousand_characters(mock):
    """What comes behind is as if it were not there, and costs nothing."""
    asked = mock(DONE)
    for length in (99_000, 100_000):
        asked.get_upload(query="a=" + "x" * length + "&filename=a.csv")
    assert ["filename is missing" in entry.notes for entry in asked.entries] == [False, True]


def test_the_body_of_a_literal_reply_is_read_once(mock, monkeypatch):
    """However often it is polled; a status of another body is its own."""
    asked = mock("""
        jobs:
          a: {timeline: [{reply: {status_code: 200, body: '{"status": "read_once"}'}}]}
          b: {timeline: [{reply: {status_code: 200, body: '{"status": "job_running"}'}}]}
    """)
    read = []
    loads = json.loads

    def count(body):
        read.append(body)
        return loads(body)

    monkeypatch.setattr("mock_p1.engine.journal.json.loads", count)
    for job in ("a", "a", "a", "b"):
        asked.poll(job)
    assert [entry.shown_status for entry in asked.entries] == [*["read_once"] * 3, "job_running"]
    assert sum(b"read_once" in body for body in read) <= 1


def test_a_key_in_the_query_of_a_link_is_given_away_too(mock):
    """Not where the key belongs."""
    asked = mock(DONE)
    path = asked.result_path()
    asked.ask(path, query="X-Api-Key=key"), asked.ask(path, query="signature=x-api-key")
    asked.poll(query="x-api-key=key")
    assert [KEY_LEAK in entry.notes for entry in asked.entries[1:]] == [True, False, False]
