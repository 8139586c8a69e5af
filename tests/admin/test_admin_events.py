"""The stream of events: what it tells, and from where it goes on."""

import pytest
from helpers.admin_client import Controls, events

from mock_p1.admin.event_text import MAX_BATCH, Stream
from mock_p1.admin.events import HEARTBEAT, MAX_THREADS
from mock_p1.scenario.parser import parse


@pytest.fixture
def stream(controls):
    """The stream of the mock in hand."""
    return Stream(controls.context)


def told(stream, place):
    """Return the kinds of event after a place, and the place after them."""
    text, place = stream.after(place)
    return [kind for kind, _, _ in events(text)], place


def test_the_greeting_says_what_is_played_and_how_late_it_is(controls, stream):
    """A listener needs nothing else to begin."""
    text, place = stream.begin(None)
    ((kind, data, _),) = events(text)
    assert (kind, data["resumed"], data["run"]) == ("hello", False, controls.context.run)
    assert data["scenario"]["name"] == "jobs.yaml"
    assert data["clock"]["seconds"] == 0
    assert place == stream.end


def test_polls_and_other_requests_are_told(controls, stream):
    """As rows of the journal."""
    place = stream.end
    controls.poll("slow")
    controls.client.get("/v2/nothing")
    text, _ = stream.after(place)
    assert [(kind, data["number"]) for kind, data, _ in events(text)] == [
        ("poll", 1),
        ("request", 2),
    ]
    assert events(text)[0][1] == controls.get("/requests")["requests"][0]


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        (("POST", "/jobs/slow/step", None), "job"),
        (("PUT", "/jobs/slow", {"step": 3}), "job"),
        (("POST", "/jobs/slow/reset", None), "job"),
        (("POST", "/clock", {"advance": 1}), "clock"),
        (("POST", "/clock", {"speed": 2}), "clock"),
        (("POST", "/clock", {"freeze": True}), "clock"),
        (("POST", "/next", {"fault": "timeout"}), "next"),
        (("DELETE", "/next", None), "next"),
        (("PUT", "/scenario", {"name": "demo"}), "scenario"),
        (("DELETE", "/requests", None), "requests"),
        (("POST", "/reset", {"api_key": "demo-key"}), "reset"),
    ],
)
def test_every_change_is_told(controls, stream, call, kind):
    """Whoever made it."""
    place = stream.end
    controls.do(*call)
    assert told(stream, place)[0] == [kind]


def test_a_reset_is_told_with_the_clock(controls, stream):
    """Which begins anew too."""
    place = stream.end
    controls.do("POST", "/reset")
    assert told(stream, place)[0] == ["clock", "reset"]


def test_failures_that_go_with_a_job_are_told(controls, stream):
    """Their job was reset."""
    controls.do("POST", "/next", {"fault": "timeout", "job": "slow"})
    place = stream.end
    controls.do("POST", "/jobs/slow/reset")
    assert told(stream, place)[0] == ["job", "next"]


def test_a_change_that_was_refused_is_not_told(controls, stream):
    """Nothing happened."""
    place = stream.end
    controls.refused(400, "POST", "/clock", {"speed": 0})
    controls.refused(400, "PUT", "/scenario", {"name": "nothing"})
    assert told(stream, place)[0] == []


def test_events_come_in_the_order_they_happened(controls, stream):
    """Polls and changes together, by the mock's clock."""
    place = stream.end
    for _ in range(2):
        controls.pass_time(1)
        controls.poll("slow")
        controls.pass_time(1)
        controls.do("POST", "/jobs/slow/step")
    assert told(stream, place)[0] == ["poll", "job", "poll", "job"]


def test_a_job_is_told_as_it_is_now(controls, stream):
    """With where each key finds it."""
    controls.poll("slow")
    place = stream.end
    controls.do("POST", "/jobs/slow/step")
    ((_, data, _),) = events(stream.after(place)[0])
    shown = controls.get("/jobs/slow")
    assert data == {key: shown[key] for key in data}


def test_a_listener_goes_on_after_the_event_it_names(controls, stream):
    """Nothing is lost and nothing told twice, whichever event it was."""
    for _ in range(3):
        controls.poll("slow")
        controls.pass_time(1)
        controls.do("POST", "/jobs/slow/step") if controls.get("/jobs/slow")["step"] < 3 else None
    _, start = stream.begin(f"{controls.context.run}.0.0")
    everything = events(stream.after(start)[0])
    for index, (_, _, last) in enumerate(everything):
        greeting, place = stream.begin(last)
        assert events(greeting)[0][1]["resumed"] is True
        assert events(stream.after(place)[0]) == everything[index + 1 :]


@pytest.mark.parametrize(
    "last",
    [
        "",
        "x",
        "00000000.0.0",
        "{run}.5.0",
        "{run}.0.9",
        "{run}.-1.0",
        "{run}.1",
        "{run}." + "9" * 400 + ".0",
    ],
)
def test_a_listener_that_names_no_event_of_this_run_begins_now(controls, stream, last):
    """It is told so, and can ask for the rest."""
    controls.poll("slow")
    greeting, place = stream.begin(last.format(run=controls.context.run))
    assert events(greeting)[0][1]["resumed"] is False
    assert place == stream.end


def test_what_was_dropped_is_told_as_missed(scenario):
    """The journal is bounded; a listener that comes too late learns how much it lost."""
    small = Controls(scenario, journal_max=3)
    stream = Stream(small.context)
    place = stream.end
    for _ in range(10):
        small.poll("load-1")
    text, _ = stream.after(place)
    (kind, data, last), *rest = events(text)
    assert (kind, data) == ("missed", {"requests": 7, "changes": 0})
    assert [data["number"] for _, data, _ in rest] == [8, 9, 10]
    assert events(stream.after(stream.begin(last)[1])[0]) == rest


def test_changes_that_were_dropped_are_told_as_missed(controls, stream):
    """They are bounded as well."""
    place = stream.end
    for _ in range(1005):
        controls.context.driver.advance(1)
    kind, data, _ = events(stream.after(place)[0])[0]
    assert (kind, data) == ("missed", {"requests": 0, "changes": 5})


def test_requests_that_somebody_deleted_are_not_missed(controls, stream):
    """They were not lost."""
    place = stream.end
    controls.poll("slow")
    controls.do("DELETE", "/requests")
    controls.poll("slow")
    kinds, _ = told(stream, place)
    assert sorted(kinds) == ["poll", "requests"]


def test_much_news_comes_in_batches(controls, stream):
    """So that no listener is written more than it can take at a time; nothing is left out."""
    place = stream.end
    for _ in range(MAX_BATCH * 2 + 1):
        controls.poll("load-1")
    sizes = []
    while place != stream.end:
        kinds, place = told(stream, place)
        sizes.append(len(kinds))
    assert sizes == [MAX_BATCH, MAX_BATCH, 1]


def test_markup_and_line_breaks_in_a_job_id_stay_inside_their_line(stream, controls):
    """An id cannot forge an event."""
    controls.engine.load(parse('jobs: {"*": {timeline: [{status: "a\\nevent: forged"}]}}'))
    place = stream.end
    controls.client.get(
        "/v1/external/retrain_jobs/x%0A%0Aevent:%20forged%0Adata:%201", headers={"x-api-key": "k"}
    )
    ((kind, data, _),) = events(stream.after(place)[0])
    assert kind == "poll"
    assert data["job_id"] == "x\n\nevent: forged\ndata: 1"


def listen(controls, **headers):
    """Listen through the WSGI transport; return the reply."""
    return controls.client.get("/__admin/events", headers=headers, buffered=False)


def test_under_wsgi_the_stream_is_told_too(controls):
    """The greeting, then what happens."""
    reply = listen(controls)
    assert reply.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    parts = iter(reply.response)
    assert events(next(parts))[0][0] == "hello"
    controls.poll("slow")
    assert events(next(parts))[0][0] == "poll"
    reply.close()


def test_under_wsgi_a_listener_goes_on_where_it_was(controls):
    """By header, or by query for clients that cannot send one."""
    controls.poll("slow")
    last = f"{controls.context.run}.0.0"
    for reply in (
        listen(controls, **{"Last-Event-ID": last}),
        controls.client.get(f"/__admin/events?last_event_id={last}", buffered=False),
    ):
        parts = iter(reply.response)
        assert events(next(parts))[0][1]["resumed"] is True
        assert events(next(parts))[0][0] == "poll"
        reply.close()


def test_under_wsgi_only_a_few_may_listen(controls):
    """Each holds a thread; one that goes makes room."""
    replies = [listen(controls) for _ in range(MAX_THREADS)]
    refusal = controls.refused(503, "GET", "/events")
    assert refusal["error"] == "MOCK_P1_TOO_MANY_LISTENERS"
    assert controls.get("/health")["limits_reached"] == {"listeners": 1}
    replies.pop().close()
    replies.append(listen(controls))
    assert replies[-1].status_code == 200
    for reply in replies:
        reply.close()


def test_under_wsgi_a_quiet_stream_shows_signs_of_life(controls, monkeypatch):
    """So that both sides notice when the line is dead."""
    monkeypatch.setattr("mock_p1.admin.events.time.sleep", lambda _: None)
    reply = listen(controls)
    parts = iter(reply.response)
    next(parts)
    assert next(parts) == HEARTBEAT
    reply.close()
