"""How the page looks and reads.

Nothing serious by axe, usable by keyboard, on a phone, in Japanese; and fluid.
"""

import os
import re
from pathlib import Path

import pytest
import requests

KINDS = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
    "japanese": {"locale": "ja-JP"},
}
MANY = """
generated_jobs:
  - count: 1000
    prefix: load-
    timeline:
      [{status: job_waiting, for: 3 polls}, {status: job_running, for: 5m}, {status: job_finished}]
"""


@pytest.fixture(scope="session")
def axe():
    """The text of axe-core, which judges pages by the rules of accessibility."""
    given = os.environ.get("MOCK_P1_AXE")
    here = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
    path = Path(given) if given else here
    if not path.is_file():
        pytest.skip(
            "needs axe-core: npm install axe-core here, or MOCK_P1_AXE to say where axe.min.js is"
        )
    return path.read_text(encoding="utf-8")


@pytest.fixture
def busy(opened):
    """A function that opens a page on a mock that has seen some polls."""

    def open_busy(**context):
        made = opened(**context)
        made.shows(".job")
        for job, times, pause in (
            ("retrain-001", 3, 20),
            ("slow-42", 4, 3),
            ("flaky-7", 3, 1),
            ("goes-round", 2, 4),
        ):
            for _ in range(times):
                made.poll(job)
                made.source.pass_(pause)
        made.poll("nobody-knows")
        made.poll("retrain-001", key="expired-key")
        made.api("POST", "next", {"fault": "timeout", "job": "slow-42"})
        made.api("POST", "clock", {"advance": 1})
        made.page.click(f"{made.job('retrain-001')} .id")
        made.page.click("#source summary")
        made.shows(".poll >> nth=12")
        made.shows("#queue")
        return made

    return open_busy


def faults(page, axe):
    """Return what axe finds seriously wrong, with where."""
    page.evaluate(f"{axe}; void 0")
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")["violations"]
    serious = [fault for fault in found if fault["impact"] in ("serious", "critical")]
    return [
        (fault["id"], node["target"], node["failureSummary"])
        for fault in serious
        for node in fault["nodes"]
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_axe_finds_no_serious_fault(busy, axe, kind):
    """In light and dark, on a phone, in Japanese; with details, text and failures shown."""
    assert faults(busy(**KINDS[kind]).page, axe) == []


@pytest.mark.parametrize("dialog", ["#own", "#gate"])
def test_axe_finds_no_serious_fault_in_a_dialog(busy, axe, dialog):
    """That of a scenario of one's own, and that which asks for the token."""
    page = busy().page
    page.click("#own") if dialog == "#own" else page.evaluate(
        "document.getElementById('gate').showModal()"
    )
    assert faults(page, axe) == []


def test_axe_would_find_a_fault(busy, axe):
    """The check above can fail."""
    page = busy().page
    page.evaluate(
        "for (const name of ['aria-label', 'placeholder'])"
        " document.getElementById('find').removeAttribute(name)"
    )
    assert faults(page, axe)


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_is_pictured_for_people_to_look_at(busy, kind, tmp_path):
    """In the folder that MOCK_P1_SCREENSHOTS names, or a temporary one."""
    folder = Path(os.environ.get("MOCK_P1_SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    made = busy(**KINDS[kind])
    made.page.evaluate("scrollTo(0, 0)")
    made.page.screenshot(path=folder / f"dashboard-{kind}.png")
    assert (folder / f"dashboard-{kind}.png").stat().st_size > 10_000


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_wider_than_the_page(busy, kind):
    """No sideways scrolling."""
    page = busy(**KINDS[kind]).page
    assert page.evaluate(
        "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    )


@pytest.mark.parametrize("locale", ["en-US", "ja-JP"])
@pytest.mark.parametrize("width", [320, 375])
def test_on_a_small_phone_no_button_is_cut(busy, width, locale):
    """Neither its word, nor its edge by the page's."""
    made = busy(
        locale=locale, viewport={"width": width, "height": 700}, is_mobile=True, has_touch=True
    )
    cut = made.page.evaluate(
        """[...document.querySelectorAll('button')].filter((button) => button.offsetParent && (
             (getComputedStyle(button).textOverflow !== 'ellipsis'
              && button.scrollWidth > button.clientWidth) ||
             button.getBoundingClientRect().right > document.documentElement.clientWidth))
             .map((button) => button.textContent)"""
    )
    assert cut == []


def test_in_japanese_nothing_of_the_page_itself_is_left_in_english(busy):
    """What stays is the mock's own words: names of jobs, statuses, files, errors."""
    made = busy(locale="ja-JP")
    assert made.page.evaluate("document.documentElement.lang") == "ja"
    words = made.page.evaluate(
        "[...document.querySelectorAll('[data-t]')].map((part) => part.textContent)"
    )
    labels = made.page.evaluate(
        "[...document.querySelectorAll('[data-t-label]')].map((part) => part.ariaLabel)"
    )
    english = [word for word in words + labels if word.isascii() and "mock-p1" not in word]
    assert english == []
    made.shows(f"{made.job('slow-42')} .state", "あと 1 回")


def test_what_the_mock_says_is_in_japanese_too(opened):
    """What a bundled scenario is for, why something is not done, what is wrong with a scenario."""
    made = opened(path="/__admin/?lang=ja")
    made.api("PUT", "scenario", {"name": "stuck"})
    made.shows("#scenario-about", "ジョブは実行中のまま終わらない。")
    made.page.fill("#span", "soon")
    made.page.click("#advance")
    made.shows(
        "#notice-text",
        "advance: 'soon' は使えません。使えるもの: 時間 (500ms、90s、1h30m、2d など)",
    )
    made.page.click("#own")
    made.page.fill("#draft", "jobs: {a: {timelin: []}}")
    made.page.click("#send")
    made.shows("#problems li", "キーが不明です: 'timelin'。使えるもの: api_key")
    assert made.page.text_content("#problems li.count") == "誤り 2 件"


def test_the_language_is_chosen_by_the_address(opened):
    """Whatever the browser asks for; a link leads to the other one."""
    made = opened(path="/__admin/?lang=ja")
    made.shows("#freeze", "停止")
    made.page.click(".languages a[lang=en]")
    made.shows("#freeze", "Freeze")
    made.shows(".languages a[lang=en][aria-current=true]")


def test_labels_are_short_from_six_steps_on(opened):
    """And whole below."""
    steps = ", ".join(["{status: job_waiting, for: 1 poll}"] * 5)
    short, whole = f"[{steps}, {{status: job_finished}}]", "[{status: job_finished}]"
    made = opened(f"jobs: {{six: {{timeline: {short}}}, one: {{timeline: {whole}}}}}")
    made.shows(f"{made.job('six')} .segment >> nth=5 >> b", re.compile("^finished$"))
    made.shows(f"{made.job('one')} .segment >> b", re.compile("^job_finished$"))


def test_the_first_screen_of_a_phone_shows_jobs(opened):
    """Before the controls."""
    made = opened(**KINDS["phone"])
    made.shows(".job")
    top = made.page.locator(".job").first.bounding_box()["y"]
    assert top < KINDS["phone"]["viewport"]["height"] / 2


def test_on_a_phone_the_clock_stays_in_sight(opened):
    """With what moves it, wherever the page is scrolled to."""
    made = opened(**KINDS["phone"])
    made.shows(".job")
    for act in ("strip-freeze", None):
        selector = f"#{act}" if act else "#strip [data-advance='1h']"
        with made.page.expect_response("**/clock"):
            made.page.click(selector)
    shown = made.api("GET", "clock")
    assert (shown["frozen"], shown["seconds"] >= 3600) == (True, True)
    made.shows("#strip-now", "1:00:0")
    made.shows("#strip-freeze[aria-pressed=true]", "Resume")


@pytest.mark.parametrize("width", [768, 1080, 1280])
def test_neither_a_request_nor_a_button_runs_over_its_edge(busy, width):
    """Its job and its time are whole, at any width; so is every button's word."""
    made = busy(viewport={"width": width, "height": 900})
    made.poll("retrain-001", key="de-other")
    url = f"{made.server.url}/v1/external/retrain_jobs/upload_url"
    headers, query = {"x-api-key": "demo-key"}, {"filename": "train.csv"}
    requests.get(url, query, headers=headers, timeout=10)
    made.shows(".poll b", "job_issued")
    over = made.page.evaluate(
        """[...document.querySelectorAll('.poll .link, .poll time, .tools button')]
             .filter((it) => it.offsetParent && (it.scrollWidth > it.clientWidth + 1
               || it.getBoundingClientRect().right
                 > it.closest('.polls .list, .desk').getBoundingClientRect().right))
             .map((it) => it.textContent)"""
    )
    assert over == []


def test_another_language_is_answered_in_english(opened):
    """The one that most can read."""
    made = opened(locale="fr-FR")
    made.shows("#freeze", "Freeze")
    assert made.page.evaluate("document.documentElement.lang") == "en"


def test_the_page_is_used_by_keyboard_alone(dashboard):
    """From link to link and button to button, with the focus always to be seen."""
    page = dashboard.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "To the jobs"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "retrain-001"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    dashboard.shows(f"{dashboard.job('retrain-001')}.open")
    page.keyboard.press("Tab")
    with page.expect_response("**/step"):
        page.keyboard.press("Enter")
    assert dashboard.api("GET", "jobs/retrain-001")["step"] == 2


def test_a_bar_tells_a_screen_reader_what_it_shows(dashboard):
    """In one sentence; the polls are a list, and what was done is announced."""
    dashboard.poll("slow-42", times=2)
    said = "Step 1 of 3: job_waiting, 3 more polls"
    dashboard.until(
        "text => [...document.querySelectorAll('.track')].some((it) => it.ariaLabel === text)",
        said,
    )
    name = "Move retrain-001 to its next step"
    assert dashboard.page.get_by_role("button", name=name).count() == 1
    assert dashboard.page.locator("#notice-text").get_attribute("role") == "status"


def test_for_those_who_want_little_to_move_nothing_slides(opened):
    """By the system's own setting."""
    made = opened(reduced_motion="reduce")
    made.shows(".job .segment")
    assert (
        made.page.evaluate("getComputedStyle(document.querySelector('.fill')).transitionDuration")
        == "0s"
    )


def test_a_thousand_jobs_stay_fluid(opened):
    """While they are polled and the page is scrolled, a frame costs little of its 16 ms.

    What is measured is the page's own work, in time of its thread: how busy the machine is makes no
    difference.
    """
    made = opened(MANY)
    made.shows(".job .segment")
    made.api("POST", "clock", {"speed": 10})
    meter = made.context.new_cdp_session(made.page)
    meter.send("Performance.enable", {"timeDomain": "threadTicks"})

    def worked():
        figures = {
            row["name"]: row["value"] for row in meter.send("Performance.getMetrics")["metrics"]
        }
        return sum(
            figures[name] for name in ("ScriptDuration", "LayoutDuration", "RecalcStyleDuration")
        )

    before = worked()
    for number in range(1, 6):
        made.poll(f"load-{number}", times=4)
    made.page.evaluate(
        """() => new Promise((done) => {
            let frames = 0;
            const next = () => {
              scrollBy(0, 120);
              (frames += 1) < 60 ? requestAnimationFrame(next) : done();
            };
            requestAnimationFrame(next);
        })"""
    )
    spent = (worked() - before) * 1000 / 60
    assert 0 < spent < 16


def test_of_a_thousand_jobs_only_those_near_the_view_are_drawn(opened):
    """The others wait until somebody scrolls to them."""
    made = opened(MANY)
    made.shows(".job .segment")
    drawn = "document.querySelectorAll('.job:has(.segment)').length"
    assert made.page.locator(".job").count() == 1000
    assert made.page.evaluate(drawn) < 50
    made.page.evaluate("scrollTo(0, document.body.scrollHeight / 2)")
    made.until(f"() => {drawn} > 20 && {drawn} < 100")


def test_more_than_a_thousand_jobs_are_found_by_their_id(opened):
    """The first thousand are shown, and the page says so."""
    made = opened(MANY.replace("1000", "250000"))
    made.shows("#jobs-more", "1,000 of 250,000")
    made.page.fill("#find", "load-249999")
    made.until(
        "() => [...document.querySelectorAll('.id')].map((id) => id.textContent).join()"
        " === 'load-249999'"
    )
