"""Every button does what it says: it is clicked, and then the API is asked."""

import re

import pytest


def click(dashboard, selector):
    """Click a button, and wait until the mock has answered."""
    with dashboard.page.expect_response(lambda reply: reply.request.method != "GET"):
        dashboard.page.click(selector)


def test_freeze_stops_the_clock_and_lets_it_run_on(dashboard):
    """The button shows which."""
    click(dashboard, "#freeze")
    assert dashboard.api("GET", "clock")["frozen"] is True
    dashboard.shows("#freeze[aria-pressed=true]")
    dashboard.shows("#pace", "frozen")
    dashboard.shows("#freeze", "Resume")
    click(dashboard, "#freeze")
    assert dashboard.api("GET", "clock")["frozen"] is False
    dashboard.shows("#freeze[aria-pressed=false]")


@pytest.mark.parametrize(
    ("button", "seconds"), [("1s", 1), ("10s", 10), ("1m", 60), ("10m", 600), ("1h", 3600)]
)
def test_the_clock_is_moved_forward(dashboard, button, seconds):
    """By as much as the button says."""
    click(dashboard, f"[data-advance='{button}']")
    assert dashboard.api("GET", "clock")["seconds"] == seconds


def test_the_clock_is_moved_by_what_is_written(dashboard):
    """By the button, or by Enter."""
    dashboard.page.fill("#span", "1h30m")
    click(dashboard, "#advance")
    assert dashboard.api("GET", "clock")["seconds"] == 5400
    with dashboard.page.expect_response("**/clock"):
        dashboard.page.press("#span", "Enter")
    assert dashboard.api("GET", "clock")["seconds"] == 10800


def test_what_the_mock_refuses_is_said_in_its_words(dashboard):
    """And can be put away."""
    dashboard.page.fill("#span", "-5s")
    click(dashboard, "#advance")
    dashboard.shows("#notice.bad", "time only moves forward")
    assert dashboard.api("GET", "clock")["seconds"] == 0
    dashboard.page.click("#notice-close")
    dashboard.hides("#notice")


@pytest.mark.parametrize("speed", [1, 10, 60, 600, 3600])
def test_the_clock_runs_at_the_speed_that_is_chosen(dashboard, speed):
    """Once it runs: one that is frozen stays so until somebody lets it run on."""
    dashboard.api("POST", "clock", {"freeze": True, "speed": 5})
    click(dashboard, f"[data-speed='{speed}']")
    shown = dashboard.api("GET", "clock")
    assert (shown["speed"], shown["frozen"]) == (speed, True)
    dashboard.shows(f"[data-speed='{speed}'][aria-pressed=true]")


def test_the_next_polls_fail_as_chosen_until_it_is_taken_back(dashboard):
    """Errors and faults alike; the page shows what waits."""
    for name, kind, times in (("job_may_be_deleted", "error", 2), ("timeout", "fault", 1)):
        dashboard.page.select_option("#failure", name)
        dashboard.page.fill("#times", str(times))
        click(dashboard, "#fail")
        waiting = dashboard.api("GET", "next")["queue"][-1]
        assert (waiting[kind], waiting["job"], waiting["times"]) == (name, None, times)
    dashboard.shows("#queue", "job_may_be_deleted \u00d7 2, any job; timeout \u00d7 1, any job")
    click(dashboard, "#forgive")
    assert dashboard.api("GET", "next")["waiting"] == 0
    dashboard.hides("#queue")


def options(dashboard, selector):
    """Return what a menu offers."""
    return dashboard.page.locator(f"{selector} option").all_text_contents()


def test_the_errors_offered_are_those_of_the_call_that_is_chosen(dashboard):
    """As the mock's contract has them; a call without errors has its faults."""
    dashboard.until("() => document.querySelectorAll('#operation option').length > 0")
    for operation in dashboard.api("GET", "contract")["operations"]:
        dashboard.page.select_option("#operation", operation["name"])
        errors = operation["errors"]
        assert options(dashboard, "#failure")[: len(errors)] == errors
        assert "timeout" in options(dashboard, "#failure")


def test_calls_of_another_operation_fail_as_chosen(dashboard):
    """The page says which."""
    dashboard.until("() => document.querySelectorAll('#operation option').length > 0")
    dashboard.page.select_option("#operation", "get_api_key")
    dashboard.page.select_option("#failure", "model_id_is_required")
    click(dashboard, "#fail")
    waiting = dashboard.api("GET", "next")["queue"][-1]
    assert (waiting["error"], waiting["on"]) == ("model_id_is_required", "get_api_key")
    dashboard.shows("#queue", "model_id_is_required \u00d7 1, get_api_key")


def test_another_scenario_is_switched_to(dashboard):
    """The page shows its jobs and its text."""
    dashboard.page.select_option("#scenarios", "training-failed")
    click(dashboard, "#play")
    assert dashboard.api("GET", "scenario")["name"] == "training-failed.yaml"
    dashboard.shows("#scenario-name", "training-failed.yaml")
    names = [job["job_id"] for job in dashboard.api("GET", "jobs")["jobs"]]
    dashboard.until(
        "names => [...document.querySelectorAll('.id')].map(b => b.textContent).join() === names",
        ",".join(names),
    )


def test_a_scenario_of_ones_own_is_sent(dashboard):
    """Written into the page."""
    dashboard.page.click("#own")
    dashboard.page.fill("#draft", "jobs: {mine: {timeline: [{status: job_running}]}}")
    click(dashboard, "#send")
    dashboard.hides("#sender")
    assert [job["job_id"] for job in dashboard.api("GET", "jobs")["jobs"]] == ["mine"]
    dashboard.shows(".id", "mine")


def test_a_scenario_of_ones_own_is_read_from_a_file(dashboard, tmp_path):
    """And called by its name."""
    (tmp_path / "evening.yaml").write_text(
        "jobs: {late: {error: job_may_be_deleted}}", encoding="utf-8"
    )
    dashboard.page.click("#own")
    dashboard.page.set_input_files("#file", tmp_path / "evening.yaml")
    dashboard.until("() => document.getElementById('draft').value.includes('late')")
    click(dashboard, "#send")
    dashboard.shows("#scenario-name", "evening.yaml")
    assert dashboard.api("GET", "scenario")["name"] == "evening.yaml"


def test_what_is_wrong_with_a_scenario_of_ones_own_is_listed(dashboard):
    """Every problem with its line.

    The scenario before is played on, and the dialog stays until it is closed.
    """
    dashboard.page.click("#own")
    dashboard.page.fill("#draft", "jobs:\n  a: {timelin: []}\nsed: 7")
    click(dashboard, "#send")
    dashboard.shows(
        "#problems li", re.compile("scenario:2:7: unknown key 'timelin'.*did you mean timeline")
    )
    dashboard.shows("#problems li", re.compile("scenario:3:1: unknown key 'sed'"))
    assert dashboard.api("GET", "scenario")["name"] == "morning.yaml"
    dashboard.page.click("#sender-close")
    dashboard.hides("#sender")


def test_everything_is_reset(dashboard):
    """Jobs, polls, failures; and what was searched for. Only after a second word."""
    dashboard.poll("retrain-001", times=3)
    dashboard.api("POST", "next", {"fault": "timeout"})
    dashboard.page.fill("#find", "retrain")
    dashboard.shows(".poll")
    dashboard.page.click("#reset")
    dashboard.shows("#sure", "The scenario is again the one that the mock was started with")
    dashboard.page.click("#sure-close")
    dashboard.hides("#sure")
    assert dashboard.api("GET", "requests/count") == {"count": 3}
    dashboard.page.click("#reset")
    click(dashboard, "#sure-reset")
    assert dashboard.api("GET", "requests/count") == {"count": 0}
    assert dashboard.page.input_value("#find") == ""
    dashboard.shows(dashboard.job("slow-42"))
    assert dashboard.api("GET", "jobs/retrain-001")["tracks"] == []
    dashboard.hides(".poll")
    dashboard.shows(f"{dashboard.job('retrain-001')} .state", "not polled yet")


def test_the_polls_are_forgotten(dashboard):
    """The jobs stay where they are."""
    dashboard.poll("retrain-001")
    dashboard.shows(".poll")
    click(dashboard, "#forget")
    assert dashboard.api("GET", "requests/count") == {"count": 0}
    dashboard.hides(".poll")
    assert dashboard.api("GET", "jobs/retrain-001")["polls"] == 1


def test_a_job_is_stepped_on(dashboard):
    """By the button of its row."""
    click(dashboard, f"{dashboard.job('held-by-hand')} .step")
    assert dashboard.api("GET", "jobs/held-by-hand")["step"] == 2
    dashboard.shows(f"{dashboard.job('held-by-hand')} .state", "job_running")


def test_a_job_at_its_end_is_not_stepped_on(dashboard):
    """The button says so, and why; it sends nothing."""
    dashboard.api("PUT", "jobs/retrain-001", {"step": 3})
    row = dashboard.job("retrain-001")
    dashboard.shows(f"{row} .step[aria-disabled=true][title*='at its end']")
    dashboard.page.locator(f"{row} .step").press("Space")
    click(dashboard, "#freeze")
    assert not [url for url in dashboard.asked if url.endswith("/step")]
    dashboard.hides("#notice")


def test_a_job_is_jumped_to_a_step(dashboard):
    """By the button of the step, or by a click on the bar."""
    row = dashboard.job("retrain-001")
    dashboard.page.click(f"{row} .id")
    click(dashboard, f"{row} .jump >> nth=2")
    assert dashboard.api("GET", "jobs/retrain-001")["status"] == "job_finished"
    dashboard.shows(f"{row} .steps li[aria-current=step]", "job_finished")
    click(dashboard, f"{row} .segment >> nth=1")
    assert dashboard.api("GET", "jobs/retrain-001")["status"] == "job_running"


def test_a_jobs_next_poll_fails(dashboard):
    """Only that job's."""
    row = dashboard.job("slow-42")
    dashboard.page.click(f"{row} .id")
    dashboard.page.select_option(f"{row} .what", "malformed_json")
    click(dashboard, f"{row} .fail")
    dashboard.page.select_option(f"{row} .call", "retrain_model_switch")
    dashboard.page.select_option(f"{row} .what", "not_found_classifier")
    click(dashboard, f"{row} .fail")
    polls, switches = dashboard.api("GET", "next")["queue"]
    assert (polls["fault"], polls["on"], polls["job"]) == (
        "malformed_json",
        "retrain_status_check",
        "slow-42",
    )
    assert (switches["error"], switches["job"]) == ("not_found_classifier", "slow-42")
    assert "get_api_key" not in options(dashboard, f"{row} .call")


def test_one_job_is_reset(dashboard):
    """The others stay."""
    dashboard.poll("retrain-001")
    dashboard.poll("slow-42")
    row = dashboard.job("retrain-001")
    dashboard.page.click(f"{row} .id")
    click(dashboard, f"{row} .reset")
    assert dashboard.api("GET", "jobs/retrain-001")["polls"] == 0
    assert dashboard.api("GET", "jobs/slow-42")["polls"] == 1


def test_a_jobs_curl_line_is_copied_whole_and_shown_masked(opened):
    """What is pasted works; what is shown may be seen by anybody."""
    dashboard = opened(permissions=["clipboard-read", "clipboard-write"])
    row = dashboard.job("retrain-001")
    dashboard.page.click(f"{row} .id")
    dashboard.shows(f"{row} .curl code", "x-api-key: de…")
    dashboard.page.click(f"{row} .copy")
    dashboard.shows("#notice", "Copied.")
    line = dashboard.api("GET", "jobs/retrain-001/curl")["curl"]
    assert dashboard.page.evaluate("navigator.clipboard.readText()") == line
    assert "demo-key" in line
    assert "demo-key" not in dashboard.page.content()


def test_before_the_first_poll_the_page_shows_how_to_make_one(opened):
    """Ready to be copied; afterwards it makes room for the polls."""
    dashboard = opened(permissions=["clipboard-read", "clipboard-write"])
    dashboard.shows("#first-curl", "retrain_jobs/retrain-001")
    dashboard.page.click("#first-copy")
    dashboard.shows("#notice", "Copied.")
    assert "demo-key" in dashboard.page.evaluate("navigator.clipboard.readText()")
    dashboard.poll("retrain-001")
    dashboard.hides("#polls-none")


def test_a_step_leads_to_its_line_in_the_scenario(dashboard):
    """The text opens, and the line is marked."""
    row = dashboard.job("retrain-001")
    dashboard.page.click(f"{row} .id")
    dashboard.page.click(f"{row} .where >> nth=1")
    dashboard.shows("#text .marked", "job_running, for: 90s")


def test_a_poll_leads_to_its_job(dashboard):
    """The job opens."""
    dashboard.poll("goes-round")
    dashboard.page.click(".poll .link")
    dashboard.shows(f"{dashboard.job('goes-round')}.open .steps")


def test_the_token_is_asked_for_where_one_is_needed(opened):
    """Once; a wrong one is asked for again."""
    dashboard = opened(token="open-sesame")
    dashboard.shows("#gate")
    dashboard.page.fill("#token", "wrong")
    dashboard.page.click("#enter")
    dashboard.shows("#gate")
    dashboard.page.fill("#token", "open-sesame")
    dashboard.page.click("#enter")
    dashboard.shows(".job")
    dashboard.hides("#gate")
    dashboard.page.reload()
    dashboard.shows(".job")


def test_the_token_is_typed(opened):
    """By the keyboard alone: the field has the focus, also after a wrong one."""
    dashboard = opened(token="open-sesame")
    dashboard.shows("#token:focus")
    dashboard.hides("#wrong")
    dashboard.page.keyboard.type("wrong")
    dashboard.page.keyboard.press("Enter")
    dashboard.shows("#wrong", "The token is wrong.")
    dashboard.shows("#token:focus")
    dashboard.page.keyboard.type("open-sesame")
    dashboard.page.keyboard.press("Enter")
    dashboard.shows(".job")
    dashboard.hides("#gate")


def test_the_token_is_taken_from_the_address_and_out_of_it(opened):
    """So that it is not seen over a shoulder, nor kept among the pages that were visited."""
    dashboard = opened(token="open-sesame", path="/__admin/#token=open-sesame")
    dashboard.shows(".job")
    assert "open-sesame" not in dashboard.page.url


def test_what_a_poll_was_answered_is_shown(dashboard):
    """As JSON, with the result by its name and a link; closed, it is gone."""
    dashboard.api("PUT", "jobs/retrain-001", {"status": "job_finished"})
    dashboard.poll("retrain-001")
    dashboard.page.click(".poll .answer")
    dashboard.shows("#answer-about", "HTTP 200")
    dashboard.shows("#answer-body", '"model_id": 4821')
    link = dashboard.page.locator("#answer-result")
    assert link.inner_text() == "Download result.zip"
    assert link.get_attribute("href").endswith("/result.zip")
    dashboard.page.click("#answer-close")
    dashboard.hides("#answer")


def test_the_page_polls_once_and_now_and_then(dashboard):
    """For a demonstration; the polls say that no client made them."""
    dashboard.page.click(f"{dashboard.job('slow-42')} .id")
    click(dashboard, ".poll-once")
    dashboard.shows(".poll .note", "asked by the dashboard")
    assert dashboard.api("GET", "jobs/slow-42")["polls"] == 1
    dashboard.page.fill(".every", "1")
    dashboard.page.click(".poll-on")
    dashboard.shows(".poll >> nth=2")
    dashboard.shows(".poll-on", "Stop")
    dashboard.page.click(".poll-on")
    dashboard.shows(".poll-on[aria-pressed=false]", "Poll every so many seconds")


def test_the_page_stops_to_poll_a_job_that_is_finished(dashboard):
    """As a client does."""
    dashboard.api("PUT", "jobs/retrain-001", {"step": 3})
    dashboard.page.click(f"{dashboard.job('retrain-001')} .id")
    dashboard.page.click(".poll-on")
    dashboard.shows(".poll b", "job_finished")
    dashboard.shows(".poll-on[aria-pressed=false]", "Poll every so many seconds")


def test_the_scenario_it_was_started_with_is_switched_back_to(dashboard):
    """It stays in the list, though another one is played."""
    dashboard.page.select_option("#scenarios", "demo")
    click(dashboard, "#play")
    dashboard.shows("#scenario-name", "demo.yaml")
    assert "morning.yaml (as started)" in options(dashboard, "#scenarios")
    dashboard.page.select_option("#scenarios", label="morning.yaml (as started)")
    click(dashboard, "#play")
    dashboard.shows("#scenario-name", "morning.yaml")
    dashboard.shows(dashboard.job("slow-42"))
    assert "morning.yaml (as started)" not in options(dashboard, "#scenarios")


def test_a_switch_says_what_became_of_the_jobs(dashboard):
    """Those that go on, start again, or are gone; nothing of none."""
    for job in ("retrain-001", "slow-42", "goes-round"):
        dashboard.poll(job)
    text = dashboard.api("GET", "scenario")["text"].replace("for: 2h", "for: 3h")
    begin, end = text.index("  goes-round:"), text.index("  deleted-mid-run:")
    dashboard.page.click("#edit")
    dashboard.page.fill("#draft", text[:begin] + text[end:])
    click(dashboard, "#send")
    said = "morning.yaml is played. 1 job goes on. 1 job starts again. No longer there: goes-round."
    dashboard.until("said => document.getElementById('notice-text').textContent === said", said)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("connection_reset", "No answer: the connection was reset."),
        ("empty_response", "No answer: the connection was closed before its first byte."),
    ],
)
def test_of_a_fault_without_an_answer_it_is_said_what_happened(dashboard, fault, said):
    """Where the answer would stand."""
    dashboard.api("POST", "next", {"fault": fault})
    dashboard.poll("retrain-001")
    dashboard.page.click(".poll .answer")
    dashboard.shows("#answer-about", fault)
    assert dashboard.page.text_content("#answer-body") == said


def test_what_a_refusal_says_to_programs_is_left_out(dashboard):
    """How to call the API helps nobody who looks at a page; nor does a refusal that is past."""
    dashboard.page.fill("#span", "soon")
    click(dashboard, "#advance")
    dashboard.shows("#notice.bad", "advance cannot be used: 'soon' is not a duration")
    assert "JSON" not in dashboard.page.text_content("#notice-text")
    click(dashboard, "#freeze")
    dashboard.hides("#notice")


def test_a_search_without_a_hit_leaves_the_line_to_copy(opened):
    """Before the first poll it is the same job's."""
    dashboard = opened(permissions=["clipboard-read", "clipboard-write"])
    dashboard.shows("#first-curl", "retrain_jobs/retrain-001")
    dashboard.page.fill("#find", "nothing like it")
    dashboard.shows("#jobs-more", "No job has that in its id.")
    dashboard.shows("#first-curl", "retrain_jobs/retrain-001")
    dashboard.page.click("#first-copy")
    dashboard.shows("#notice", "Copied.")


def test_the_scenario_is_edited_with_its_keys_kept(dashboard):
    """They are shown masked; what was not touched stays as it was."""
    dashboard.page.click("#source summary")
    dashboard.page.click("#edit")
    text = dashboard.page.input_value("#draft")
    assert "demo-key" not in text
    dashboard.page.fill("#draft", text.replace("A morning", "An evening"))
    click(dashboard, "#send")
    dashboard.shows("#scenario-about", "An evening")
    dashboard.poll("retrain-001")
    dashboard.shows(".poll b", "job_waiting")


def test_the_scenario_is_downloaded_with_its_keys(dashboard):
    """To be played again."""
    dashboard.page.click("#source summary")
    with dashboard.page.expect_download() as saved:
        dashboard.page.click("#download")
    assert saved.value.suggested_filename == "morning.yaml"
    assert "demo-key" in saved.value.path().read_text(encoding="utf-8")


def test_no_button_is_left_untried(dashboard):
    """Every one on the page is clicked in one of the tests above."""
    dashboard.poll("retrain-001")
    dashboard.shows(".poll")
    dashboard.page.click(f"{dashboard.job('retrain-001')} .id")
    name = (
        "b => b.id || Object.keys(b.dataset).find((key) => key !== 't')"
        " || '.' + b.className.split(' ').pop()"
    )
    buttons = set(dashboard.page.evaluate(f"[...document.querySelectorAll('button')].map({name})"))
    of_the_page = (
        "freeze advance speed fail forgive play own reset forget first-copy notice-close "
        "strip-freeze sure-close sure-reset sender-close send enter edit download answer-close"
    )
    of_a_job = ".id .step .jump .where .fail .reset .copy .poll-once .poll-on"
    assert buttons == {*of_the_page.split(), *of_a_job.split(), ".link", ".answer"}
