"""Every transport answers every story alike, byte by byte: stories that nobody thought of.

HYPOTHESIS_PROFILE=thorough plays thirty times as many.
"""

import pytest
from helpers.scenario_strategies import read
from helpers.story_player import difference
from helpers.story_strategies import Ask, Drive, Story, stories
from helpers.transport_clients import JOBS
from hypothesis import Phase, given, note, settings

from mock_p1.contract.operations import OPERATIONS
from mock_p1.transports import wsgi as flask_app

ONCE_DIFFERED = {
    "a Location that Werkzeug would encode": (
        '{status_code: 302, headers: {Location: "/else where|x"}}'
    ),
    "a 304 whose headers Werkzeug would drop": (
        "{status_code: 304, headers: {Content-Language: en, Allow: GET}}"
    ),
    "a Date beside the server's own": "{status_code: 200, headers: {Date: yesterday}}",
}
"""Replies that the transports once answered differently."""


FEWER = settings(max_examples=max(20, settings().max_examples // 3))
"""A story takes a while in five ways."""

SHORT = [Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink]
"""All that Hypothesis does, but for explaining which of our lines a failure ran.

That takes minutes.
"""


def tell(transports, story):
    """Play a story through every transport.

    The first difference fails the test, and shows the scenario.
    """
    note(str(story))
    found = difference(story, transports.play(story))
    assert found is None, found


@settings(FEWER, phases=SHORT)
@given(story=stories())
def test_every_transport_tells_the_same_story(transports, story):
    """The same status, headers and body, the same faults, the same time, the same journal."""
    tell(transports, story)


@pytest.mark.parametrize("reply", ONCE_DIFFERED.values(), ids=ONCE_DIFFERED)
@pytest.mark.parametrize("close", [False, True], ids=["kept", "closed"])
def test_a_reply_that_once_differed(transports, reply, close):
    """What was found once stays mended, on connections that are kept and on such as are not."""
    text = f"jobs: {{a: {{timeline: [{{reply: {reply}}}]}}}}"
    story = Story(text, (Ask("GET", JOBS + "a", ("k",), close=close),))
    assert difference(story, transports.play(story)) is None


SEQUENCE = "jobs: {a: {timeline: [{status: job_finished, result: generated}]}}"
UPLOAD = Ask("GET", JOBS + "upload_url?filename=a.csv", ("k",))
ACTS_THAT_ONCE_DIFFERED = {
    "a slow answer of a call that finds no job": [
        Drive("fail_next", ("slow_body",), (("on", "retrain_model_switch"),)),
        Ask("PUT", JOBS + "nothing/update_model", ("k",)),
    ],
    "blanks around a key where nothing is imitated": [Ask("GET", "/nothing", (" k ",))],
    "an empty body in chunks": [Ask("GET", JOBS + "a", ("k",), chunked=True)],
    "an answer cut short that has no body": [
        UPLOAD,
        Drive("fail_next", ("truncated_body",), (("on", "file_upload"),)),
        Ask("PUT", "{upload:0}", body=b"a,b\n1,2\n"),
    ],
    "a fault in the midst of a file": [
        UPLOAD,
        Drive("fail_next", ("empty_response",), (("on", "file_upload"),)),
        Ask("PUT", "{upload:0}", body=b"a,b\n1,2\n"),
    ],
    "a fault behind a file in chunks": [
        UPLOAD,
        Drive("fail_next", ("empty_response",), (("on", "file_upload"),)),
        Ask("PUT", "{upload:0}", body=b"a,b\n1,2\n", chunked=True),
        Drive("fail_next", ("connection_reset",), (("on", "file_upload"),)),
        Ask("PUT", "{upload:0}", body=b"a,b\n1,2\n", chunked=True),
    ],
}
"""What came before an answer or an entry that once differed."""


@pytest.mark.parametrize("acts", ACTS_THAT_ONCE_DIFFERED.values(), ids=ACTS_THAT_ONCE_DIFFERED)
def test_acts_that_once_differed(transports, acts):
    """What invented stories found stays mended; nothing is answered 500."""
    story = Story(SEQUENCE, tuple(acts))
    played = transports.play(story)
    assert difference(story, played) is None
    assert "answer 500" not in str(played)


def test_a_method_in_small_letters_is_another_method(transports):
    """Also for Flask, which would make it GET."""
    story = Story(SEQUENCE, (Ask("get", JOBS + "a", ("k",)),), tidy=False)
    played = transports.play(story)
    assert difference(story, played) is None
    assert played["flask"][0].outcome[0].status == 405


def test_a_query_that_was_not_encoded_is_read_alike(transports):
    """As a WSGI server hands it on, and as the server of ours reads it: the same model's key."""
    ask = Ask("GET", "/v1/external/api-key?model_id=日本&credential_type=train", ("k",))
    story = Story(SEQUENCE, (ask,), tidy=False)
    assert difference(story, transports.play(story)) is None


def test_a_missing_key_is_noted_alike(transports):
    """Whatever way in the other headers took."""
    headers = (("X-ApiKey", "k"), ("Api-Key", "k"), ("Authorization", "Bearer k"))
    story = Story(SEQUENCE, (Ask("GET", JOBS + "a", headers=headers),))
    played = transports.play(story)
    assert difference(story, played) is None
    assert "no x-api-key; the request has api-key, authorization, x-apikey" in str(played)


MEGABYTE = "x" * 1_000_000


@pytest.mark.slow
@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
@pytest.mark.parametrize("part", ["query", "key", "header", "body"])
def test_a_megabyte_where_little_belongs(transports, operation, part):
    """A documented error, an answer, or one that explains, and the same through every way in."""
    link = {"upload_url": "{upload:0}", "download_url": "{download:0}"}.get(operation.link)
    target = link or operation.template.replace("{retrain_job_id}", "a")
    asked = Ask(
        operation.method,
        target + (f"?x={MEGABYTE}" if part == "query" else ""),
        (MEGABYTE if part == "key" else "k",),
        MEGABYTE.encode() if part == "body" else b"",
        headers=(("X-Note", MEGABYTE),) if part == "header" else (),
    )
    acts = (UPLOAD, Ask("GET", JOBS + "a", ("k",)), asked)
    story = Story(SEQUENCE, acts, tidy=part != "query")  # httpx sends no such URL
    played = transports.play(story)
    assert difference(story, played) is None
    assert played["flask"][2].outcome[0].status in {200, 400, 404, 413, 414, 431}


@pytest.fixture
def broken_flask(monkeypatch):
    """A transport that is broken on purpose: it loses Retry-After."""
    whole = flask_app._response  # noqa: SLF001 -- broken on purpose

    def without_retry_after(reply, body):
        kept = tuple(header for header in reply.headers if header[0] != "Retry-After")
        return whole(reply._replace(headers=kept), body)

    monkeypatch.setattr(flask_app, "_response", without_retry_after)


def test_a_difference_is_told(transports, broken_flask):
    """Where a transport is broken on purpose, a story that meets it fails, and says where."""
    reply = "{status_code: 503, retry_after: 5s}"
    text = f"jobs: {{a: {{timeline: [{{reply: {reply}}}]}}}}"
    story = Story(text, (Ask("GET", JOBS + "a", ("k",)),))
    with pytest.raises(AssertionError, match="retry-after"):
        assert difference(story, transports.play(story)) is None


@pytest.mark.slow
def test_a_difference_is_told_in_few_lines(transports, broken_flask):
    """The failure shows the smallest scenario that tells, as readable YAML."""

    @settings(FEWER, phases=SHORT, database=None, derandomize=True, report_multiple_bugs=False)
    @given(story=stories())
    def broken(story):
        tell(transports, story)

    with pytest.raises(AssertionError, match="retry-after") as caught:
        broken()
    [told] = [note for note in caught.value.__notes__ if "# then:\n" in note]
    scenario, then = told.split("# then:\n")
    assert read(scenario).jobs
    assert len(scenario.splitlines()) <= 12  # older releases of Hypothesis stop a little earlier
    assert len(then.splitlines()) <= 4
