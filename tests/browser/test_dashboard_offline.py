"""The page needs nothing but its own mock, and nothing that is shown can do anything in it."""

import pytest

HOSTILE = """</script><img src=x onerror="window.hacked=1"><b>'&amp;"""


def test_the_page_asks_for_nothing_but_its_own_files_and_calls(dashboard):
    """Every other request would have been recorded and cut off; there is none."""
    dashboard.poll("retrain-001")
    dashboard.shows(".poll")
    dashboard.page.click(f"{dashboard.job('retrain-001')} .id")
    dashboard.page.click("#source summary")
    dashboard.shows("#text span")
    assert dashboard.foreign == []
    paths = {url.removeprefix(dashboard.server.url).partition("?")[0] for url in dashboard.asked}
    files = {
        "index.html",
        "dashboard.css",
        "dashboard.js",
        "api.js",
        "jobs.js",
        "messages.js",
        "model.js",
        "polls.js",
        "words.js",
        "icon.svg",
    }
    assert {path for path in paths if "/static/" in path} == {
        f"/__admin/static/{name}" for name in files - {"index.html"}
    }
    assert all(path.startswith("/__admin/") for path in paths)


def test_what_another_host_would_be_asked_for_is_cut_off(dashboard):
    """The check above can fail: the policy of the page stops it even before the network does."""
    script = "fetch('https://example.com/').then(() => 'reached', () => 'cut off')"
    assert dashboard.page.evaluate(script) == "cut off"
    assert any("Content Security Policy" in error for error in dashboard.errors)
    dashboard.errors.clear()
    dashboard.foreign.clear()


@pytest.mark.parametrize(
    "script", ["eval('1')", "document.body.innerHTML = '<b>x</b>'", "new Function('return 1')()"]
)
def test_the_policy_of_the_page_forbids_markup_and_code_from_text(dashboard, script):
    """Even if the page's own script were wrong one day."""
    tried = f"try {{ {script}; done('ran') }} catch (error) {{ done(error.name) }}"
    late = f"setTimeout(() => {{ {tried} }}, 0)"
    assert dashboard.page.evaluate(f"new Promise((done) => {late})") in ("EvalError", "TypeError")
    dashboard.errors.clear()


def test_hostile_ids_statuses_and_messages_are_only_text(opened):
    """Wherever they are shown: rows, bars, steps, polls, notices, dialogs, the scenario's text."""
    quoted = HOSTILE.replace("'", "''")
    name = quoted.replace("/", "")
    dashboard = opened(
        f"description: '{quoted}'\njobs:\n  '{name}':\n    timeline:\n"
        f"      - {{status: '{quoted}', for: manual, message: '{quoted}'}}\n"
        f"      - {{status: '{quoted}2'}}\n"
    )
    shown = HOSTILE.replace("/", "")
    dashboard.page.locator(".id").filter(has_text="onerror").wait_for()
    assert dashboard.page.locator(".id").inner_text() == shown
    dashboard.page.click(".id")
    dashboard.page.locator(".step").first.click()
    dashboard.shows("#notice", "onerror")
    dashboard.page.click("#source summary")
    dashboard.page.fill("#find", HOSTILE)
    dashboard.page.fill("#find", "")
    dashboard.page.click("#own")
    dashboard.page.fill("#draft", f"'{quoted}': 1")
    dashboard.page.click("#send")
    dashboard.shows("#problems li", "onerror")
    dashboard.poll("%3Cimg src=x onerror='window.hacked=1'%3E")
    dashboard.shows(".poll", "onerror")
    assert dashboard.page.evaluate("window.hacked") is None
    assert dashboard.page.locator("img[onerror]").count() == 0
    assert dashboard.page.locator("img").count() == 1


def test_no_page_of_another_origin_can_use_the_mock(opened, chromium):
    """Not read it, not steer it, not show it in a frame.

    Though the person's browser can reach both.
    """
    victim, attacker = opened(), opened()
    victim.shows(".job")
    page = attacker.page
    attacker.context.unroute("**/*")
    admin = f"{victim.server.url}/__admin"
    tries = """async (admin) => {
      const tell = (reply) => (reply.type === "opaque" ? "opaque" : reply.text());
      const post = { method: "POST", body: '{"advance": "1h"}' };
      const calls = [["/jobs", {}], ["/events", {}], ["/clock", post]];
      calls.push(["/clock", { ...post, mode: "no-cors" }]);
      const ask = ([path, options]) => fetch(admin + path, options).then(tell, () => "refused");
      return Promise.all(calls.map(ask));
    }"""
    page.goto("about:blank")
    assert set(page.evaluate(tries, admin)) <= {"refused", "opaque"}
    assert victim.api("GET", "clock")["seconds"] == 0
    assert victim.api("GET", "health")["status"] == "ok"
    page.set_content(f'<iframe src="{admin}/"></iframe>')
    page.frame_locator("iframe").locator("body").wait_for(state="attached")
    assert page.frame_locator("iframe").locator(".desk").count() == 0
    attacker.errors.clear()
