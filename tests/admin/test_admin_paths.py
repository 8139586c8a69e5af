"""What is below ``/__admin`` and what is not.

Verbs, unknown paths, headers, the way to the page.
"""

import re

import pytest
from helpers.admin_client import Controls

from mock_p1.admin.dashboard import FOLDER

PATHS = [
    "health",
    "jobs",
    "jobs/slow",
    "jobs/slow/step",
    "jobs/slow/reset",
    "jobs/slow/curl",
    "clock",
    "next",
    "reset",
    "scenario",
    "requests",
    "requests/count",
    "events",
    "metrics",
    "openapi.json",
    "openapi-admin.json",
]


@pytest.mark.parametrize("path", PATHS)
def test_a_wrong_verb_is_405_with_allow(controls, path):
    """Never silence, and never a page."""
    reply = controls.call("PATCH", f"/{path}")
    assert controls.refused(405, "PATCH", f"/{path}")["error"] == "MOCK_P1_METHOD_NOT_ALLOWED"
    assert set(reply.headers["Allow"].split(", ")) <= {"GET", "HEAD", "PUT", "POST", "DELETE"}


@pytest.mark.parametrize("method", ["OPTIONS", "PURGE", "TRACE", "CONNECT"])
def test_odd_verbs_are_405_too(controls, method):
    """OPTIONS as well: no page of another origin is promised anything."""
    controls.refused(405, method, "/jobs")


@pytest.mark.parametrize(
    "path",
    [
        "nothing",
        "jobs/",
        "jobs/slow/",
        "jobs/slow/nothing",
        "static/",
        "static/x.js",
        "%2e%2e",
        "jobs/a%2Fb",
    ],
)
def test_an_unknown_path_is_a_json_404(controls, path):
    """By any verb."""
    for method in ("GET", "POST", "DELETE"):
        controls.refused(
            404 if method == "GET" or "static/x" not in path else 405, method, f"/{path}"
        )


def test_a_slip_in_a_path_is_met_with_the_nearest(controls):
    """So that the next try is right."""
    assert "did you mean /__admin/scenario?" in controls.refused(404, "GET", "/scenaro")["message"]


def test_a_very_long_path_is_cut_in_the_answer(controls):
    """It comes back as far as it takes to recognise it."""
    assert len(controls.refused(404, "GET", "/" + "x" * 100_000)["message"]) < 500


def test_a_path_that_only_begins_alike_is_the_imitated_apis(controls):
    """It says what this mock imitates."""
    assert controls.client.get("/__administrator").json["error"] == "MOCK_P1_NOT_IMITATED"


def test_head_is_get_without_the_body(controls):
    """With the length it would have."""
    head = controls.call("HEAD", "/jobs")
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["Content-Length"] == controls.call("GET", "/jobs").headers["Content-Length"]


@pytest.mark.parametrize("path", ["/", "/__admin"])
def test_the_way_leads_to_the_page(controls, path):
    """Relative to where the mock was asked."""
    reply = controls.client.get(path)
    assert (reply.status_code, reply.headers["Location"], reply.data) == (302, "/__admin/", b"")


def test_the_way_to_the_page_is_only_for_those_who_get_it(controls):
    """A client that posts to the root has the wrong base URL."""
    assert controls.client.post("/").json["error"] == "MOCK_P1_NOT_IMITATED"


@pytest.mark.parametrize(
    "path",
    ["/jobs", "/nothing", "/jobs/slow/nothing", "/", "/static/dashboard.js", "/events", "/health"],
)
def test_every_answer_carries_the_security_headers(controls, path):
    """Refusals too; none of them lets another origin read it."""
    reply = controls.call("GET", path, buffered=False)
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["X-Frame-Options"] == "DENY"
    assert reply.headers["Referrer-Policy"] == "no-referrer"
    assert reply.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "default-src 'none'" in reply.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in reply.headers["Content-Security-Policy"]
    assert not [name for name in dict(reply.headers) if name.lower().startswith("access-control-")]
    reply.close()


def test_answers_of_the_api_are_kept_by_no_cache(controls):
    """They are true for a moment."""
    assert controls.call("GET", "/jobs").headers["Cache-Control"] == "no-store"


def test_the_page_may_use_its_own_files_and_nothing_else(controls):
    """No inline script or style, no other host."""
    policy = controls.call("GET", "/").headers["Content-Security-Policy"]
    assert "script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("path", sorted(path.name for path in FOLDER.iterdir()))
def test_every_file_of_the_page_is_served_with_its_type(controls, path):
    """Whatever the machine's own table of types says; a browser that has it is told so."""
    reply = controls.call("GET", f"/static/{path}")
    kinds = {
        "html": "text/html; charset=utf-8",
        "css": "text/css; charset=utf-8",
        "js": "text/javascript; charset=utf-8",
        "json": "application/json; charset=utf-8",
    }
    assert reply.content_type == kinds.get(path.rpartition(".")[2], "image/svg+xml")
    again = controls.call(
        "GET", f"/static/{path}", headers={"If-None-Match": reply.headers["ETag"]}
    )
    assert (again.status_code, again.data) == (304, b"")


def test_the_page_weighs_less_than_80_kb():
    """All its files together, uncompressed; the catalogue of another language weighs as much."""
    sizes = {path: path.stat().st_size for path in FOLDER.iterdir()}
    catalogues = {path: size for path, size in sizes.items() if path.suffix == ".json"}
    assert sum(sizes.values()) - sum(catalogues.values()) < 80_000
    assert max(catalogues.values()) < 80_000


def test_no_file_of_the_page_names_another_host():
    """It works offline; the one URL is the name of SVG, and one that a message shows."""
    for path in FOLDER.iterdir():
        urls = set(re.findall(r"(?:https?:)?//[\w.]+", path.read_text(encoding="utf-8")))
        shown = {"http://127.0.0.1"} if path.suffix == ".json" else {"http://www.w3.org"}
        assert urls <= shown, path.name


def test_lines_of_the_page_have_a_hundred_columns():
    """As those of the package."""
    long = [
        f"{path.name}:{number}"
        for path in FOLDER.iterdir()
        if path.suffix in {".js", ".css", ".html"}
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if len(line) > 100
    ]
    assert long == []


def test_without_admin_there_is_nothing_below_it(scenario):
    """Not even health, and no way to a page; the imitated API is all there is."""
    bare = Controls(scenario, admin=False)
    for path in (
        "/__admin",
        "/__admin/",
        "/__admin/health",
        "/__admin/ready",
        "/__admin/jobs",
        "/__admin/static/dashboard.js",
        "/",
    ):
        assert bare.client.get(path).json["error"] == "MOCK_P1_NOT_IMITATED"
    assert bare.poll("slow").status_code == 200


def test_below_a_prefix_the_way_leads_below_it(controls):
    """Where the app is mounted inside another."""
    reply = controls.client.get("/", environ_overrides={"SCRIPT_NAME": "/mock"})
    assert reply.headers["Location"] == "/mock/__admin/"
