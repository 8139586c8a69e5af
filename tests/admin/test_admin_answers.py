"""What polls were answered, polls by hand, and the text of the scenario with its keys."""

import pytest

from mock_p1.engine.journal import LONGEST_ANSWER, MAX_ANSWERS
from mock_p1.scenario.redaction import masked_text, unmasked_text

TEXT = "api_keys:\n  demo-key: active\n  other-key: active\njobs: {a: {timeline: [{status: s}]}}\n"


def test_the_answer_to_a_poll_is_shown(controls):
    """As the client got it."""
    controls.poll("slow")
    answer = controls.get("/requests/1/answer")
    assert (answer["http_status"], answer["content_type"]) == (200, "application/json")
    assert '"job_waiting"' in answer["body"]


@pytest.mark.parametrize("number", ["2", "0", "x", "-1", "9" * 30])
def test_an_answer_that_is_not_kept(controls, number):
    """There is none, or not any more."""
    controls.poll("slow")
    controls.refused(404, "GET", f"/requests/{number}/answer")


def test_answers_are_bounded(controls):
    """In number and in size; they go with the journal."""
    for _ in range(MAX_ANSWERS + 1):
        controls.poll("slow")
    controls.refused(404, "GET", "/requests/1/answer")
    assert controls.get(f"/requests/{MAX_ANSWERS + 1}/answer")["http_status"] == 200
    steps = [{"status": "s" * LONGEST_ANSWER}]
    controls.do("PUT", "/scenario", {"jobs": {"a": {"timeline": steps}}})
    controls.poll("a")
    controls.refused(404, "GET", f"/requests/{MAX_ANSWERS + 2}/answer")
    controls.do("DELETE", "/requests")
    controls.refused(404, "GET", f"/requests/{MAX_ANSWERS + 1}/answer")


def test_a_poll_by_hand_is_noted_as_such(controls):
    """It moves the job as any other poll."""
    answer = controls.do("POST", "/jobs/slow/poll", {})
    assert '"job_waiting"' in answer["body"]
    (entry,) = controls.get("/requests")["requests"]
    assert entry["number"] == answer["number"]
    assert entry["notes"] == ["asked by the dashboard or the control API, not by a client"]


@pytest.mark.parametrize(
    ("edit", "wanted"),
    [
        (("status: s", "status: t"), TEXT.replace("status: s", "status: t")),
        (("de…: active", "de…: inactive_credential"),
         TEXT.replace("demo-key: active", "demo-key: inactive_credential")),
        (("  de…: active\n", ""), TEXT.replace("  demo-key: active\n", "")),
        (("jobs:", "x-1: de…\njobs:"), TEXT.replace("jobs:", "x-1: demo-key\njobs:")),
    ],
)  # fmt: skip
def test_masked_keys_become_themselves_again(edit, wanted):
    """Whatever else is changed."""
    assert unmasked_text(masked_text(TEXT).replace(*edit), TEXT) == wanted


def test_keys_that_look_alike():
    """An unchanged line has its own; of another nobody knows which is meant."""
    text = TEXT.replace("other-key", "demo-two")
    masked = masked_text(text)
    assert unmasked_text(masked, text) == text
    with pytest.raises(ValueError, match="several keys"):
        unmasked_text(masked.replace("de…: active", "de…: inactive_credential", 1), text)


def test_lines_that_look_alike():
    """Of two, nobody knows which one is left, or meant twice; both may go."""
    text = TEXT.replace("other-key", "demo-two")
    masked, line = masked_text(text), "  de…: active\n"
    assert masked.count(line) == 2
    for changed in (masked.replace(line, "", 1), masked.replace(line, line * 2, 1)):
        with pytest.raises(ValueError, match="several lines"):
            unmasked_text(changed, text)
    assert "demo" not in unmasked_text(masked.replace(line, ""), text)
